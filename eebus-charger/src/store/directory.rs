//! The state directory and the lock that keeps a second process out of it.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{env, io};

use etcetera::BaseStrategy;

use super::Error;

/// Where the state lives if nobody says: what systemd gives the service, else the place that the
/// platform's conventions name, on Linux `~/.local/state/eebus-charger`.
///
/// # Errors
///
/// [`Error::NoDefault`] without a home directory.
pub fn default_path() -> Result<PathBuf, Error> {
    if let Some(given) = env::var_os("STATE_DIRECTORY").filter(|path| !path.is_empty()) {
        return Ok(given.into());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| Error::NoDefault)?;
    let base = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(base.join("eebus-charger"))
}

/// Creates a state directory, for its owner only, if need be.
///
/// # Errors
///
/// [`Error::Io`] if the system refuses.
pub fn create_dir(path: &Path) -> Result<(), Error> {
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.map_err(Error::io("create", path))
}

/// A state directory that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    /// The lock goes with the file handle, also when the process is killed.
    _lock: File,
}

impl StateDir {
    /// Takes the directory for this process; creates it, for its owner only, if need be.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] if another process has it, [`Error::Io`] if the system refuses.
    pub fn open(path: &Path) -> Result<Self, Error> {
        create_dir(path)?;
        let file = path.join("lock");
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(Error::io("open", &file))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = (&lock).take(16).read_to_string(&mut text).ok();
                let pid = pid.and_then(|_| text.trim().parse().ok());
                return Err(Error::InUse { path: path.to_owned(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", &file)(source)),
        }
        sign(&mut lock).map_err(Error::io("write", &file))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes who holds the lock, for the message that the next process shows.
fn sign(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_belongs_to_one_process_at_a_time() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("new/state");
        let first = StateDir::open(&path).expect("it is free");
        let second = StateDir::open(&path).expect_err("it is taken");
        let expected = format!("in use by another charger (process {})", std::process::id());
        assert!(second.to_string().contains(&expected), "{second}");
        drop(first);
        StateDir::open(&path).expect("it is free again");
    }
}
