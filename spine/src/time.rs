//! The time that a driver passes in.

use crate::Instant;
use crate::model::UtcTime;

/// The time, as whoever drives the engine reads it.
///
/// Deadlines live on the monotonic clock. The wall clock only fills the timestamps that SPINE
/// asks for; nothing depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The monotonic clock.
    pub instant: Instant,
    /// The wall clock.
    pub utc: UtcTime,
}

impl Now {
    /// The same moment some time later; for tests and simulations on a virtual clock.
    pub fn plus(self, elapsed: core::time::Duration) -> Self {
        Self { instant: self.instant + elapsed, utc: self.utc.plus(elapsed) }
    }
}
