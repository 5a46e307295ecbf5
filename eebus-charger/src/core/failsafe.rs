//! The internal failsafe: limits that nobody renews are not trusted (CH-602).
//!
//! Web, EEBUS and the rest of the program state their ceilings in one snapshot and renew it all
//! the time. When the renewals stop, that part of the program hangs, and what it would have
//! said by now is unknown.

use core::time::Duration;

use eebus_json::Instant;

use super::units::MilliAmps;

/// A snapshot older than this is stale.
pub const STALE: Duration = Duration::from_secs(1);
/// A snapshot older than this allows nothing.
pub const DEAD: Duration = Duration::from_secs(10);

/// How far a snapshot of the limits can be trusted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Trust {
    /// It is renewed.
    #[default]
    Fresh,
    /// It is older than [`STALE`].
    Stale,
    /// It is older than [`DEAD`].
    Dead,
}

impl Trust {
    /// How far a snapshot that was renewed at `renewed` can be trusted.
    pub fn at(renewed: Instant, now: Instant) -> Self {
        match now - renewed {
            age if age <= STALE => Self::Fresh,
            age if age <= DEAD => Self::Stale,
            _ => Self::Dead,
        }
    }

    /// When a snapshot that was renewed at `renewed` loses trust next.
    pub fn deadline(renewed: Instant, now: Instant) -> Option<Instant> {
        // Ages are allowed up to and including the bound.
        const AFTER: Duration = Duration::from_millis(1);
        [STALE, DEAD].into_iter().map(|age| renewed + age + AFTER).find(|at| *at > now)
    }

    /// The most that may be offered: as the limits say, the lower of the last offer and the
    /// safe current, or nothing.
    pub fn cap(self, last: MilliAmps, safe: MilliAmps) -> Option<MilliAmps> {
        match self {
            Self::Fresh => None,
            Self::Stale => Some(last.min(safe)),
            Self::Dead => Some(MilliAmps::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_are_not_renewed_lead_to_the_safe_current_and_then_to_nothing() {
        let renewed = Instant::ORIGIN + Duration::from_secs(100);
        let offered = |age, last| {
            let trust = Trust::at(renewed, renewed + Duration::from_millis(age));
            trust.cap(MilliAmps::amps(last), MilliAmps::amps(6))
        };
        assert_eq!(offered(1_000, 16), None);
        assert_eq!(offered(1_001, 16), Some(MilliAmps::amps(6)));
        assert_eq!(offered(1_001, 0), Some(MilliAmps::ZERO));
        assert_eq!(offered(10_001, 16), Some(MilliAmps::ZERO));
    }

    #[test]
    fn the_deadlines_are_the_moments_at_which_trust_changes() {
        let renewed = Instant::ORIGIN;
        let first = Trust::deadline(renewed, renewed).expect("it becomes stale");
        assert_eq!(Trust::at(renewed, first), Trust::Stale);
        let second = Trust::deadline(renewed, first).expect("it becomes dead");
        assert_eq!(Trust::at(renewed, second), Trust::Dead);
        assert_eq!(Trust::deadline(renewed, second), None);
    }
}
