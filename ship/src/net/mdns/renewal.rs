//! When to withdraw the mDNS record and to register it again.
//!
//! Some stacks look again at a node that they have seen before only if its record was withdrawn:
//! so it is once at the start, and while a trusted peer is missing. A cache forgets a withdrawn
//! record after a second, and would not notice one that comes back earlier (RFC 6762 §10.1).

use core::time::Duration;

use eebus_json::Instant;

use super::RETRY;

/// A trusted peer is missed for so long before, and for as long again before the next time.
const MISSED: Duration = Duration::from_secs(60);
/// So long the record is gone: the second, and some more because goodbyes are repeated.
const GONE: Duration = Duration::from_secs(2);

/// What to do with the record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Withdraw,
    Register,
}

/// When to do it next.
#[derive(Debug)]
pub(super) struct Renewal {
    register_at: Option<Instant>,
    withdraw_at: Option<Instant>,
}

impl Renewal {
    /// The record has just been withdrawn.
    pub(super) fn new(now: Instant) -> Self {
        Self { register_at: Some(now + GONE), withdraw_at: None }
    }

    /// Whether a trusted peer is missing, from now on.
    pub(super) fn missing(&mut self, is_missing: bool, now: Instant) {
        self.withdraw_at = is_missing.then(|| self.withdraw_at.unwrap_or(now + MISSED));
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.register_at.into_iter().chain(self.withdraw_at).min()
    }

    /// The record could not be registered.
    pub(super) fn failed(&mut self, now: Instant) {
        self.register_at = Some(now + RETRY);
    }

    /// What it is time for.
    pub(super) fn tick(&mut self, now: Instant) -> Option<Step> {
        if self.register_at.is_some_and(|at| now >= at) {
            self.register_at = None;
            return Some(Step::Register);
        }
        if self.withdraw_at.is_some_and(|at| now >= at) {
            self.withdraw_at = Some(now + MISSED);
            self.register_at = Some(now + GONE);
            return Some(Step::Withdraw);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    /// Registered since a while.
    fn registered() -> Renewal {
        let mut renewal = Renewal::new(at(0));
        assert_eq!(renewal.tick(at(1)), None);
        assert_eq!(renewal.tick(at(2)), Some(Step::Register));
        assert_eq!(renewal.deadline(), None);
        renewal
    }

    #[test]
    fn the_record_is_renewed_once_a_minute_while_a_peer_is_missing() {
        let mut renewal = registered();
        renewal.missing(true, at(10));
        // Another one is missing, too.
        renewal.missing(true, at(50));
        for start in [70, 130, 190] {
            assert_eq!(renewal.deadline(), Some(at(start)));
            assert_eq!(renewal.tick(at(start - 1)), None);
            assert_eq!(renewal.tick(at(start)), Some(Step::Withdraw));
            assert_eq!(renewal.tick(at(start + 1)), None);
            assert_eq!(renewal.tick(at(start + 2)), Some(Step::Register));
        }
    }

    #[test]
    fn what_could_not_be_registered_is_tried_again_after_five_seconds() {
        let mut renewal = Renewal::new(at(0));
        for start in [2, 7] {
            assert_eq!(renewal.tick(at(start)), Some(Step::Register));
            renewal.failed(at(start));
            assert_eq!(renewal.deadline(), Some(at(start + 5)));
        }
        assert_eq!(renewal.tick(at(12)), Some(Step::Register));
        assert_eq!(renewal.deadline(), None);
    }

    #[test]
    fn a_peer_that_comes_back_in_time_was_not_missed() {
        let mut renewal = registered();
        renewal.missing(true, at(10));
        renewal.missing(false, at(69));
        assert_eq!(renewal.tick(at(70)), None);
        renewal.missing(true, at(71));
        assert_eq!(renewal.deadline(), Some(at(131)));
    }

    #[test]
    fn a_peer_that_comes_back_while_the_record_is_gone_does_not_keep_it_away() {
        let mut renewal = registered();
        renewal.missing(true, at(10));
        assert_eq!(renewal.tick(at(70)), Some(Step::Withdraw));
        renewal.missing(false, at(71));
        assert_eq!(renewal.tick(at(72)), Some(Step::Register));
        assert_eq!(renewal.deadline(), None);
    }
}
