//! The monotonic clock of the sans-IO layers.

use core::ops::{Add, AddAssign, Sub};
use core::time::Duration;

/// A moment on a monotonic clock, as the time since an arbitrary origin.
///
/// The protocol cores never read a clock: whoever drives them passes `now` in. SHIP, SPINE and
/// the charger share this one type; it lives here because this crate is the one that they all
/// depend on.
///
/// Arithmetic saturates: a deadline that lies beyond the end of time never passes.
///
/// ```
/// use core::time::Duration;
/// use eebus_json::Instant;
///
/// let start = Instant::ORIGIN;
/// let deadline = start + Duration::from_secs(4);
/// assert_eq!(deadline - start, Duration::from_secs(4));
/// assert_eq!(start - deadline, Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(Duration);

impl Instant {
    /// The origin of the clock.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The moment that lies `elapsed` after the origin.
    pub const fn from_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How long after the origin this moment lies.
    pub const fn since_origin(self) -> Duration {
        self.0
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(rhs))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

/// The time from `rhs` to `self`, zero if `rhs` is the later one.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, rhs: Self) -> Duration {
        self.0.saturating_sub(rhs.0)
    }
}
