//! The Unix socket in the state directory: for the owner of the directory, without a password.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::store::StateDir;

/// Where a charger with this state directory listens.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("api.sock")
}

/// Listens in a state directory that belongs to this process.
///
/// A socket that a killed process left behind is replaced: the lock of the directory says that
/// nobody listens on it.
///
/// # Errors
///
/// What the system says, for example that the path is longer than the 107 bytes of a socket's.
pub fn listen(state_dir: &StateDir) -> io::Result<UnixListener> {
    let path = path(state_dir.path());
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}
