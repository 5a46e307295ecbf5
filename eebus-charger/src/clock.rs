//! The one clock of the program, and how its moments read in UTC.

use eebus_json::Instant;
use jiff::Timestamp;

/// Counts from the start of the program.
///
/// It reads tokio's clock, which outside of tests is the system's monotonic one and can be read
/// from any thread; a test that pauses tokio's time pauses this clock too.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: tokio::time::Instant,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }

    /// This moment.
    pub fn now(&self) -> Instant {
        self.of(tokio::time::Instant::now())
    }

    /// A moment of tokio's clock on this one.
    pub fn of(&self, moment: tokio::time::Instant) -> Instant {
        Instant::from_origin(moment.saturating_duration_since(self.origin))
    }

    /// A moment of this clock on tokio's, to sleep until it.
    pub fn tokio(&self, moment: Instant) -> tokio::time::Instant {
        self.origin + moment.since_origin()
    }

    /// What a moment of this clock is called in UTC, by the system's clock as it stands now.
    pub fn utc(&self, moment: Instant) -> Timestamp {
        let (now, wall) = (self.now(), Timestamp::now());
        // One of the two differences is zero.
        let shifted = wall.checked_add(moment - now).and_then(|t| t.checked_sub(now - moment));
        shifted.unwrap_or(wall)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    #[test]
    fn moments_read_in_utc() {
        let clock = Clock::start();
        let now = clock.now();
        let apart = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64().round();
        let hour = Duration::from_secs(3600);
        assert_eq!(apart(clock.utc(now), clock.utc(now + hour)), 3600.0);
        let origin = clock.utc(Instant::ORIGIN);
        assert!(apart(origin, Timestamp::now()) < 60.0);
    }
}
