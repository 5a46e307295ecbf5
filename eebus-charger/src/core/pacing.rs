//! How the offer to the car follows the limits over time (charger.md 8.2).
//!
//! Down at once, up slowly: a car needs up to 5 s to follow the pilot, a contactor wears with
//! every switching, and an energy manager may change its mind twice a second.

use core::time::Duration;

use eebus_json::Instant;

use super::limits::{Kind, LimitView};
use super::pilot::LEAST;
use super::units::MilliAmps;

/// Between a change and the next increase while the car draws current (CH-570, T8).
pub const PACE: Duration = Duration::from_secs(5);
/// How much one increase may add: the ramp of 1 A/s over [`PACE`] (CH-570).
pub const RAMP: MilliAmps = MilliAmps::amps(5);
/// How long a mere setting must stay below 6 A before it pauses the car (CH-574).
pub const PAUSE_DWELL: Duration = Duration::from_secs(2);
/// How long the limits must allow 6 A again before a paused car is called back (CH-574).
pub const RESUME_DWELL: Duration = Duration::from_secs(10);
/// A car has this long to stop after the pilot said so; until then the contactor has not moved
/// and the stop can be taken back (T5).
pub const STOP_TIME: Duration = Duration::from_secs(3);

/// What the car does, as far as the pace matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Car {
    /// It is not there, or not allowed anything: nothing is offered.
    Away,
    /// It is connected and does not draw current: the offer may change freely.
    Waiting,
    /// It wants current (state C): every change of the offer has to be followed.
    Drawing,
}

/// The offer to the car and the dwell times that hold it.
#[derive(Clone, Debug, Default)]
pub struct Pacing {
    phase: Phase,
    offered: MilliAmps,
    changed: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Phase {
    /// Nothing has been offered in this session yet.
    #[default]
    Fresh,
    Offering {
        /// Since when the limits ask for a pause that may wait.
        low: Option<Instant>,
    },
    Paused {
        since: Instant,
        /// Nothing but the user's order has held the pause.
        ordered: bool,
        /// Since when the limits allow charging again.
        good: Option<Instant>,
    },
}

impl Pacing {
    /// What is offered: nothing, or at least 6 A.
    pub const fn offered(&self) -> MilliAmps {
        self.offered
    }

    /// Whether the offer was withdrawn in this session.
    pub const fn is_paused(&self) -> bool {
        matches!(self.phase, Phase::Paused { .. })
    }

    /// Moves the offer towards the limits.
    ///
    /// `safe` caps the first offer to a car that draws already, which happens when the program
    /// is restarted while a car charges (CH-422).
    pub fn follow(&mut self, limits: &LimitView, car: Car, safe: MilliAmps, now: Instant) {
        if car == Car::Away {
            *self = Self::default();
            return;
        }
        let allowed = limits.current >= LEAST;
        let (phase, offered) = match self.phase {
            Phase::Fresh if !allowed => (Phase::Fresh, MilliAmps::ZERO),
            Phase::Fresh => match car {
                // A safe current of nothing does not stop a car that charges within its limits.
                Car::Drawing => (Phase::OFFERING, limits.current.min(safe.max(LEAST))),
                _ => (Phase::OFFERING, limits.current),
            },
            Phase::Offering { .. } if allowed => (Phase::OFFERING, self.towards(limits, car, now)),
            Phase::Offering { low } => {
                let low = low.unwrap_or(now);
                if now >= low + pause_dwell(limits) {
                    let ordered = only(Kind::Order, limits);
                    (Phase::Paused { since: now, ordered, good: None }, MilliAmps::ZERO)
                } else {
                    (Phase::Offering { low: Some(low) }, LEAST)
                }
            }
            Phase::Paused { since, ordered, .. } if !allowed => {
                let ordered = ordered && only(Kind::Order, limits);
                (Phase::Paused { since, ordered, good: None }, MilliAmps::ZERO)
            }
            Phase::Paused { since, ordered, good } => {
                let good = good.unwrap_or(now);
                let stopping = car == Car::Drawing && now < since + STOP_TIME;
                if stopping {
                    (Phase::OFFERING, LEAST)
                } else if ordered || now >= good + RESUME_DWELL {
                    (Phase::OFFERING, if car == Car::Drawing { LEAST } else { limits.current })
                } else {
                    (Phase::Paused { since, ordered, good: Some(good) }, MilliAmps::ZERO)
                }
            }
        };
        self.phase = phase;
        if self.offered != offered {
            self.offered = offered;
            self.changed = Some(now);
        }
    }

    /// When the offer changes without anything else happening; `limits` are those of the last
    /// [`Pacing::follow`].
    pub fn deadline(&self, limits: &LimitView) -> Option<Instant> {
        match self.phase {
            Phase::Offering { low: Some(low) } => Some(low + pause_dwell(limits)),
            Phase::Paused { good: Some(good), .. } => Some(good + RESUME_DWELL),
            Phase::Offering { low: None } if self.offered < limits.current => {
                self.changed.map(|changed| changed + PACE)
            }
            _ => None,
        }
    }

    /// Down at once; up at once while nothing flows, else one step per pace.
    fn towards(&self, limits: &LimitView, car: Car, now: Instant) -> MilliAmps {
        let target = limits.current;
        if target <= self.offered || car != Car::Drawing {
            return target;
        }
        match self.changed {
            Some(changed) if now < changed + PACE => self.offered,
            _ => target.min(self.offered + RAMP),
        }
    }
}

impl Phase {
    const OFFERING: Self = Self::Offering { low: None };
}

fn pause_dwell(limits: &LimitView) -> Duration {
    if only(Kind::Setting, limits) { PAUSE_DWELL } else { Duration::ZERO }
}

/// Whether nothing else binds. A cap that no source has stated is as strict as an obligation.
fn only(kind: Kind, limits: &LimitView) -> bool {
    !limits.binding.is_empty() && limits.binding.iter().all(|source| source.kind() == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::limits::Source;

    const SAFE: MilliAmps = LEAST;

    /// A pacing with its clock and the limits that apply.
    struct Bench {
        pacing: Pacing,
        now: Instant,
        limits: LimitView,
        car: Car,
    }

    impl Bench {
        fn new(amps: u32, car: Car) -> Self {
            let mut bench = Self {
                pacing: Pacing::default(),
                now: Instant::ORIGIN,
                limits: LimitView::default(),
                car,
            };
            bench.limit(amps, Source::Opev);
            bench
        }

        fn limit(&mut self, amps: u32, binding: Source) -> u32 {
            self.limits.current = MilliAmps::amps(amps);
            self.limits.binding = vec![binding];
            self.offered()
        }

        fn offered(&mut self) -> u32 {
            self.pacing.follow(&self.limits, self.car, SAFE, self.now);
            self.pacing.offered().0 / 1000
        }

        fn after(&mut self, ms: u64) -> u32 {
            self.now += Duration::from_millis(ms);
            self.offered()
        }
    }

    #[test]
    fn a_waiting_car_is_offered_everything_at_once() {
        let mut bench = Bench::new(10, Car::Waiting);
        assert_eq!(bench.offered(), 10);
        assert_eq!(bench.limit(16, Source::Supply), 16);
    }

    #[test]
    fn decreases_reach_a_drawing_car_at_once_and_as_often_as_they_come() {
        let mut bench = Bench::new(16, Car::Waiting);
        bench.car = Car::Drawing;
        assert_eq!(bench.limit(12, Source::Opev), 12);
        assert_eq!(bench.limit(6, Source::UserMax), 6);
    }

    #[test]
    fn increases_to_a_drawing_car_come_every_five_seconds_and_ramp() {
        let mut bench = Bench::new(6, Car::Waiting);
        bench.car = Car::Drawing;
        assert_eq!(bench.after(60_000), 6);
        assert_eq!(bench.limit(16, Source::Supply), 11);
        assert_eq!(bench.pacing.deadline(&bench.limits), Some(bench.now + PACE));
        assert_eq!(bench.after(4_999), 11);
        assert_eq!(bench.after(1), 16);
        assert_eq!(bench.pacing.deadline(&bench.limits), None);
    }

    #[test]
    fn an_obligation_pauses_at_once_and_returns_after_ten_good_seconds() {
        let mut bench = Bench::new(16, Car::Waiting);
        assert_eq!(bench.limit(5, Source::Opev), 0);
        bench.after(60_000);
        assert_eq!(bench.limit(16, Source::Supply), 0);
        assert_eq!(bench.after(9_999), 0);
        assert_eq!(bench.limit(0, Source::Opev), 0);
        assert_eq!(bench.limit(16, Source::Supply), 0);
        assert_eq!(bench.after(9_999), 0, "a new pause starts the wait anew");
        assert_eq!(bench.after(1), 16);
    }

    #[test]
    fn a_setting_pauses_after_two_seconds_at_six_amperes() {
        let mut bench = Bench::new(16, Car::Waiting);
        assert_eq!(bench.limit(5, Source::UserMax), 6);
        assert_eq!(bench.after(1_999), 6);
        assert_eq!(bench.after(1), 0);
    }

    #[test]
    fn the_users_orders_take_effect_at_once_in_both_directions() {
        let mut bench = Bench::new(16, Car::Waiting);
        assert_eq!(bench.limit(0, Source::Enable), 0);
        bench.after(1_000);
        assert_eq!(bench.limit(16, Source::Supply), 16);
    }

    #[test]
    fn an_order_does_not_shorten_the_pause_of_an_obligation() {
        let mut bench = Bench::new(16, Car::Waiting);
        bench.limit(0, Source::Enable);
        bench.limit(0, Source::Opev);
        bench.limit(0, Source::Enable);
        assert_eq!(bench.limit(16, Source::Supply), 0);
    }

    #[test]
    fn a_stop_that_the_car_has_not_followed_yet_can_be_taken_back() {
        let mut bench = Bench::new(16, Car::Waiting);
        bench.car = Car::Drawing;
        assert_eq!(bench.limit(0, Source::Opev), 0);
        bench.after(900);
        assert_eq!(bench.limit(16, Source::Supply), 6);

        assert_eq!(bench.limit(0, Source::Opev), 0);
        bench.after(3_000);
        assert_eq!(bench.limit(16, Source::Supply), 0, "the car had its time to stop");
    }

    #[test]
    fn the_next_session_starts_fresh() {
        let mut bench = Bench::new(16, Car::Waiting);
        bench.limit(0, Source::Opev);
        bench.car = Car::Away;
        bench.after(10);
        bench.car = Car::Waiting;
        assert_eq!(bench.limit(16, Source::Supply), 16);
    }

    #[test]
    fn ch_422_a_car_that_charges_when_the_program_starts_gets_the_safe_current_first() {
        let mut bench = Bench::new(16, Car::Drawing);
        assert_eq!(bench.offered(), 6);
        assert_eq!(bench.after(5_000), 11);
    }
}
