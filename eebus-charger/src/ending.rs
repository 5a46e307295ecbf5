//! When the program ends, as its tasks hear it.

use tokio::sync::watch;

/// Says when it is time for a task to end.
#[derive(Clone, Debug)]
pub struct Ending(watch::Receiver<bool>);

impl Ending {
    /// An end that begins when `begins` turns true, or is gone.
    pub const fn new(begins: watch::Receiver<bool>) -> Self {
        Self(begins)
    }

    /// Resolves when the program wants to end.
    pub async fn begun(mut self) {
        // A supervisor that is gone wants the same.
        let _ = self.0.wait_for(|ending| *ending).await;
    }
}
