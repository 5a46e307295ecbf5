//! Small files that must not be half written and that nobody else may read.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::vec::Vec;

/// Reads a file of at most `max` octets.
pub(crate) fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(max + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "file is too large"));
    }
    Ok(octets)
}

/// Replaces a file, or creates it: whoever looks finds the old content or the new one.
pub(crate) fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    let directory = Directory::of(path)?;
    let temporary = write_beside(path, octets)?;
    fs::rename(&temporary, path).inspect_err(|_| remove(&temporary))?;
    directory.sync()
}

/// Creates a file. If there is one already, it stays and the error says so.
#[cfg(feature = "tokio")]
pub(crate) fn create(path: &Path, octets: &[u8]) -> io::Result<()> {
    let directory = Directory::of(path)?;
    let temporary = write_beside(path, octets)?;
    // A rename would replace what another process has just created; a link does not.
    let linked = fs::hard_link(&temporary, path);
    remove(&temporary);
    linked?;
    directory.sync()
}

/// A complete file beside `path`, on the same file system.
fn write_beside(path: &Path, octets: &[u8]) -> io::Result<PathBuf> {
    let mut name = OsString::from(path);
    name.push(std::format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    // Left over from a process of this number that was killed.
    remove(&temporary);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(octets).and_then(|()| file.sync_all()).inspect_err(|_| remove(&temporary))?;
    Ok(temporary)
}

/// Where a file is. A name is durable once its directory is, and whoever cannot open that should
/// know before anything has changed.
struct Directory(#[cfg(unix)] File);

impl Directory {
    #[cfg(unix)]
    fn of(path: &Path) -> io::Result<Self> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new("."))).map(Self)
    }

    #[cfg(unix)]
    fn sync(self) -> io::Result<()> {
        self.0.sync_all()
    }

    // Elsewhere directories are no files.
    #[cfg(not(unix))]
    fn of(_: &Path) -> io::Result<Self> {
        Ok(Self())
    }

    #[cfg(not(unix))]
    fn sync(self) -> io::Result<()> {
        Ok(())
    }
}

/// Best effort: a temporary file that stays does no harm.
fn remove(temporary: &Path) {
    let _ = fs::remove_file(temporary);
}
