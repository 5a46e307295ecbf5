//! Watching a heartbeat: how long a silence is borne.

use core::time::Duration;

use crate::Instant;
use crate::engine::Arrival;
use crate::model::DeviceDiagnosisHeartbeatData;

/// How much later than promised a beat may come, so that a sender that keeps its promise to the
/// second is not lost again and again (e-mobility 7.5).
const TOLERANCE: Duration = Duration::from_millis(500);

/// Nobody beats faster; a promise of less is taken for this much.
const SHORTEST: Duration = Duration::from_secs(1);

/// Hears the heartbeat of one partner.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The longest silence that the use case allows.
    longest: Duration,
    last: Option<Beat>,
}

#[derive(Debug)]
struct Beat {
    counter: Option<u64>,
    /// When it came.
    at: Instant,
    /// When the partner counts as silent.
    until: Instant,
}

impl Watch {
    /// Has not heard anything yet.
    pub(crate) const fn new(longest: Duration) -> Self {
        Self { longest, last: None }
    }

    /// Heartbeat data have come.
    ///
    /// A beat that we have read does not prove that the partner goes on sending, so that only the
    /// first one counts; neither does one that repeats the number of the last.
    pub(crate) fn beat(&mut self, data: &DeviceDiagnosisHeartbeatData, how: Arrival, now: Instant) {
        let counter = data.heartbeat_counter;
        if let Some(last) = &self.last {
            let repeats = counter.is_some() && counter == last.counter;
            if how == Arrival::Reply || repeats {
                return;
            }
        }
        let promised = data.heartbeat_timeout.as_ref().and_then(|timeout| timeout.length().ok());
        let allowed = promised.map_or(self.longest, |p| p.clamp(SHORTEST, self.longest));
        self.last = Some(Beat { counter, at: now, until: now + allowed + TOLERANCE });
    }

    /// When the last beat came that counts.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.last.as_ref().map(|last| last.at)
    }

    /// Whether the partner lives.
    pub(crate) fn is_alive(&self, now: Instant) -> bool {
        self.last.as_ref().is_some_and(|last| now < last.until)
    }

    /// When it counts as silent, unless it beats.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.last.as_ref().map(|last| last.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(4);

    fn beat(counter: u64, timeout: &str) -> DeviceDiagnosisHeartbeatData {
        DeviceDiagnosisHeartbeatData {
            timestamp: None,
            heartbeat_counter: Some(counter),
            heartbeat_timeout: Some(crate::model::Duration::new(timeout)),
        }
    }

    fn at(millis: u64) -> Instant {
        Instant::ORIGIN + Duration::from_millis(millis)
    }

    fn watch(timeout: &str) -> Watch {
        let mut watch = Watch::new(LONGEST);
        watch.beat(&beat(1, timeout), Arrival::Notify, at(0));
        watch
    }

    #[test]
    fn nobody_lives_before_the_first_beat() {
        assert!(!Watch::new(LONGEST).is_alive(at(0)));
    }

    #[test]
    fn silence_is_borne_for_four_seconds_and_a_little() {
        let watch = watch("PT4S");
        assert_eq!(watch.last(), Some(at(0)));
        assert!(watch.is_alive(at(4_499)));
        assert!(!watch.is_alive(at(4_500)));
        assert_eq!(watch.deadline(), Some(at(4_500)));
    }

    #[test]
    fn a_longer_promise_does_not_prolong_it_and_a_shorter_one_counts() {
        assert!(!watch("PT60S").is_alive(at(4_500)));
        assert!(!watch("PT2S").is_alive(at(2_500)));
        assert!(watch("PT0S").is_alive(at(1_000)));
        assert!(watch("nonsense").is_alive(at(4_000)));
    }

    #[test]
    fn a_beat_that_we_read_counts_only_as_the_first() {
        let mut watch = Watch::new(LONGEST);
        watch.beat(&beat(1, "PT4S"), Arrival::Reply, at(0));
        assert!(watch.is_alive(at(0)));
        watch.beat(&beat(2, "PT4S"), Arrival::Reply, at(3_000));
        assert!(!watch.is_alive(at(5_000)));
    }

    #[test]
    fn a_repeated_number_is_no_new_beat_and_a_smaller_one_is() {
        let mut watch = watch("PT4S");
        watch.beat(&beat(1, "PT4S"), Arrival::Notify, at(3_000));
        assert!(!watch.is_alive(at(5_000)));
        watch.beat(&beat(0, "PT4S"), Arrival::Notify, at(5_000));
        assert!(watch.is_alive(at(9_000)));
    }
}
