//! The runtime's clock, as the cores want it.

use eebus_json::Instant;

/// Reads tokio's clock, which a test can pause, and never another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: tokio::time::Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }

    pub(crate) fn now(self) -> Instant {
        Instant::from_origin(self.origin.elapsed())
    }

    /// Waits until the deadline has passed; for ever without one.
    pub(crate) async fn until(self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else {
            return core::future::pending().await;
        };
        // Beyond the end of the runtime's clock is for ever, too.
        match self.origin.checked_add(deadline.since_origin()) {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => core::future::pending().await,
        }
    }
}
