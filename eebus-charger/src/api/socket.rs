//! The Unix socket in the state directory: for the owner of the directory, without a password.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use axum::Router;
use tokio::net::UnixListener;

use crate::ending::Ending;
use crate::store::StateDir;

/// Where a charger with this state directory listens.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("api.sock")
}

/// The socket of a charger that runs. Its file goes with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // One that somebody else has removed is gone as well.
        let _ = fs::remove_file(&self.0);
    }
}

impl Socket {
    /// Listens in a state directory that belongs to this process.
    ///
    /// A socket that a killed process left behind is replaced: the lock of the directory says
    /// that nobody listens on it.
    ///
    /// # Errors
    ///
    /// What the system says, for example that the path is longer than the 107 bytes of a
    /// socket's.
    pub fn listen(state_dir: &StateDir) -> io::Result<Self> {
        let path = path(state_dir.path());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let socket = Self { listener, file: SocketFile(path) };
        fs::set_permissions(&socket.file.0, Permissions::from_mode(0o600))?;
        Ok(socket)
    }

    /// Serves the API until the program ends.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn serve(self, router: Router, until: Ending) -> io::Result<()> {
        let Self { listener, file: _file } = self;
        axum::serve(listener, router).with_graceful_shutdown(until.begun()).await
    }
}
