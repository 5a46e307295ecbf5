//! Which phases the car uses, seen from the meter (CH-561).

use core::time::Duration;

use eebus_json::Instant;

use super::units::{MilliAmps, PhaseCurrents, Phases};

/// A phase with at least this current is in use.
const FLOW: MilliAmps = MilliAmps(500);
/// How long the picture must be stable before it counts.
const STABLE: Duration = Duration::from_secs(10);

/// The phases that count for the limits: all connected ones until the meter has shown for 10 s
/// that the car uses fewer.
#[derive(Clone, Debug, Default)]
pub struct UsedPhases {
    seen: Option<(Phases, Instant)>,
    known: Option<Phases>,
}

impl UsedPhases {
    /// Takes a reading of a car that draws current, or `None` while no current flows.
    ///
    /// What is known stays known while nothing flows: a paused car comes back on the phases it
    /// had. More phases than known count at once, since that can only lower the offer.
    pub fn observe(&mut self, currents: Option<PhaseCurrents>, now: Instant) {
        let flowing = currents.map_or(Phases::NONE, |currents| {
            let flows = |phase: &_| currents[*phase] >= FLOW;
            Phases::THREE.iter().filter(flows).fold(Phases::NONE, Phases::with)
        });
        if flowing.is_empty() {
            self.seen = None;
            return;
        }
        if self.known.is_some_and(|known| known.and(flowing) != flowing) {
            self.known = None;
        }
        match self.seen {
            Some((seen, since)) if seen == flowing => {
                if now >= since + STABLE {
                    self.known = Some(flowing);
                }
            }
            _ => self.seen = Some((flowing, now)),
        }
    }

    /// The car is gone; the next one may use other phases.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// The phases that the car uses, once that is known.
    pub fn known(&self) -> Option<Phases> {
        self.known
    }

    /// The phases that count, out of the connected ones.
    pub fn in_use(&self, connected: Phases) -> Phases {
        match self.known.map(|known| known.and(connected)) {
            Some(known) if !known.is_empty() => known,
            _ => connected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::units::Phase;

    #[test]
    fn fewer_phases_count_after_ten_stable_seconds_and_more_at_once() {
        let mut phases = UsedPhases::default();
        let one = PhaseCurrents::on(Phases::only(Phase::L2), MilliAmps::amps(10));
        let at = |s| Instant::ORIGIN + Duration::from_secs(s);
        phases.observe(Some(one), at(0));
        phases.observe(Some(one), at(9));
        assert_eq!(phases.known(), None);
        assert_eq!(phases.in_use(Phases::THREE), Phases::THREE);
        phases.observe(Some(one), at(10));
        assert_eq!(phases.in_use(Phases::THREE), Phases::only(Phase::L2));
        assert_eq!(phases.known(), Some(Phases::only(Phase::L2)));

        phases.observe(None, at(20));
        assert_eq!(phases.in_use(Phases::THREE), Phases::only(Phase::L2), "kept in a pause");

        phases.observe(Some(PhaseCurrents::uniform(MilliAmps::amps(6))), at(30));
        assert_eq!(phases.in_use(Phases::THREE), Phases::THREE);
    }
}
