//! The minimum of all: which current may be offered, and why (charger.md 8.1).
//!
//! Every source owns one slot and states a ceiling in it. The lowest ceiling on a phase in use
//! wins and its name is shown; no source can raise another's value. There are no priorities.

use std::fmt;

use eebus_json::Instant;

use super::fault::Fault;
use super::units::{MilliAmps, PhaseCurrents, Phases};

/// Ceilings this close to the lowest one count as binding too (CH-566).
const BINDING: MilliAmps = MilliAmps(100);

/// Who states a ceiling. The order is the one in which binding sources are listed (CH-566).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Source {
    /// The board's maximum; nothing while the board is silent or a fault stops it.
    Hw,
    /// The installation: fuse, supply cable, phases.
    Supply,
    /// Overload protection: the EEBUS energy guard protects the house's fuse (OPEV).
    Opev,
    /// The user's own maximum.
    UserMax,
    /// Start and pause by the user.
    Enable,
}

impl Source {
    /// All sources, in the order of [`LimitView::binding`].
    pub const ALL: [Self; 5] = [Self::Hw, Self::Supply, Self::Opev, Self::UserMax, Self::Enable];

    /// The identifier in documents: `hw`, `user_max`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Hw => "hw",
            Self::Supply => "supply",
            Self::Opev => "opev",
            Self::UserMax => "user_max",
            Self::Enable => "enable",
        }
    }

    /// How a change of the ceiling reaches the car.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Hw | Self::Supply | Self::Opev => Kind::Obligation,
            Self::UserMax => Kind::Setting,
            Self::Enable => Kind::Order,
        }
    }
}

/// What stands behind a ceiling. It decides how long a pause may be put off (CH-574).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Safety or an obligation: followed at once, always.
    Obligation,
    /// A value that somebody set: may sway for a moment before it pauses a car.
    Setting,
    /// Somebody pressed a button and looks at the car: at once, in both directions.
    Order,
}

/// Why a ceiling is what it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// What the charger is built for.
    Hardware,
    /// A fault stops it.
    Fault(Fault),
    /// The installer's setting.
    Supply,
    /// The energy manager's overload protection.
    Opev(OpevReason),
    /// The user's setting.
    UserMax,
    /// The user paused the session.
    Paused,
}

/// What the energy guard's ceiling rests on (e-mobility 7.6).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpevReason {
    /// The guard's limits: FOLLOW.
    Limit,
    /// A guard is known and has not said anything in this session yet: WAIT.
    NotYetHeard,
    /// Its heartbeat, connection or binding is gone: LOST.
    Lost,
    /// It reports a failure: FAILED.
    Failed,
    /// Nobody has renewed what it said last.
    NotRenewed,
}

impl Reason {
    /// The identifier in documents, for which every language has a sentence: `opev_limit`. Which
    /// fault it is, is said beside it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Hardware => "hardware",
            Self::Fault(_) => "fault",
            Self::Supply => "supply",
            Self::Opev(OpevReason::Limit) => "opev_limit",
            Self::Opev(OpevReason::NotYetHeard) => "opev_not_yet_heard",
            Self::Opev(OpevReason::Lost) => "opev_lost",
            Self::Opev(OpevReason::Failed) => "opev_failed",
            Self::Opev(OpevReason::NotRenewed) => "opev_not_renewed",
            Self::UserMax => "user_max",
            Self::Paused => "paused",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hardware => "maximum of the charger",
            Self::Fault(fault) => return write!(f, "stopped, {}", fault.text()),
            Self::Supply => "maximum of the supply",
            Self::Opev(OpevReason::Limit) => "limited by the energy manager",
            Self::Opev(OpevReason::NotYetHeard) => "waiting for the energy manager",
            Self::Opev(OpevReason::Lost) => "connection to energy manager lost",
            Self::Opev(OpevReason::Failed) => "the energy manager reports a failure",
            Self::Opev(OpevReason::NotRenewed) => "the energy manager's limit was not renewed",
            Self::UserMax => "maximum set by the user",
            Self::Paused => "paused by the user",
        })
    }
}

/// One source's ceiling.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Slot {
    /// The ceiling on each phase; none if the source does not limit.
    pub limit: Option<PhaseCurrents>,
    /// Why.
    pub reason: Reason,
    /// What applies once the ceiling has lapsed; none if it stays until it is replaced.
    pub lapse: Option<Lapse>,
}

impl Slot {
    /// A ceiling that stays until it is replaced.
    pub const fn lasting(limit: PhaseCurrents, reason: Reason) -> Self {
        Self { limit: Some(limit), reason, lapse: None }
    }

    /// What the source states at this moment.
    fn at(&self, now: Instant) -> (Option<PhaseCurrents>, Reason, Option<Instant>) {
        match self.lapse {
            Some(lapse) if now >= lapse.at => (Some(lapse.limit), lapse.reason, None),
            Some(lapse) => (self.limit, self.reason, Some(lapse.at)),
            None => (self.limit, self.reason, None),
        }
    }
}

/// The end of a ceiling. A slot never just falls away, that would raise the current: what
/// applies afterwards is stated together with it (CH-564, CH-004).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lapse {
    /// When the ceiling ends.
    pub at: Instant,
    /// The ceiling that applies from then on.
    pub limit: PhaseCurrents,
    /// Why.
    pub reason: Reason,
}

/// All ceilings.
#[derive(Clone, Debug, Default)]
pub struct Limiter {
    slots: [Option<Slot>; Source::ALL.len()],
}

impl Limiter {
    /// Replaces what a source states; `None` if it states nothing.
    pub fn set(&mut self, source: Source, slot: Option<Slot>) {
        self.slots[source as usize] = slot;
    }

    /// The minimum of all at this moment. Without any ceiling nothing may be offered.
    ///
    /// `in_use` are the phases that count, because one pilot serves all of them (CH-561);
    /// `step` is the grid of the hardware, to which the result is rounded down (CH-563).
    pub fn view(&self, in_use: Phases, step: MilliAmps, now: Instant) -> LimitView {
        let slots: Vec<SlotView> = Source::ALL
            .into_iter()
            .filter_map(|source| {
                let (limit, reason, until) = self.slots[source as usize].as_ref()?.at(now);
                Some(SlotView { source, limit, reason, until })
            })
            .collect();
        let ceilings = || slots.iter().filter_map(|slot| Some((slot.source, slot.limit?)));
        let effective =
            ceilings().map(|(_, limit)| limit).reduce(PhaseCurrents::min).unwrap_or_default();
        let lowest = effective.lowest(in_use);
        let binding = ceilings()
            .filter(|(_, limit)| limit.lowest(in_use) <= lowest + BINDING)
            .map(|(source, _)| source)
            .collect();
        LimitView { effective, current: lowest.floor_to(step), binding, slots }
    }

    /// When the next ceiling lapses.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.slots.iter().flatten().filter_map(|slot| slot.at(now).2).min()
    }
}

/// The minimum of all, and how it came about (CH-566).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LimitView {
    /// The lowest ceiling on each phase.
    pub effective: PhaseCurrents,
    /// The lowest of these on the phases in use, rounded down to the hardware's step. Below 6 A
    /// it means a pause.
    pub current: MilliAmps,
    /// The sources within 0.1 A of the lowest ceiling, in the order of [`Source::ALL`].
    pub binding: Vec<Source>,
    /// What every source states.
    pub slots: Vec<SlotView>,
}

impl LimitView {
    /// Lowers the result by a cap that is no source's: nothing binds then but the cap.
    pub fn cap(&mut self, cap: MilliAmps) {
        if cap < self.current {
            self.current = cap;
            self.effective = self.effective.min(PhaseCurrents::uniform(cap));
            self.binding.clear();
        }
    }

    /// Why the current is what it is: the reason of the first binding source.
    pub fn reason(&self) -> Option<Reason> {
        let first = self.binding.first()?;
        self.slots.iter().find(|slot| slot.source == *first).map(|slot| slot.reason)
    }
}

/// `10 A: limited by the energy manager`.
impl fmt::Display for LimitView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.current),
            None => write!(f, "{}", self.current),
        }
    }
}

/// What one source states at a moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SlotView {
    /// The source.
    pub source: Source,
    /// Its ceiling on each phase; none if it does not limit.
    pub limit: Option<PhaseCurrents>,
    /// Why.
    pub reason: Reason,
    /// Until when, if it lapses.
    pub until: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::core::units::Phase;

    const STEP: MilliAmps = MilliAmps(100);
    const START: Instant = Instant::ORIGIN;

    fn amps(amps: u32) -> PhaseCurrents {
        PhaseCurrents::uniform(MilliAmps::amps(amps))
    }

    fn limiter(slots: &[(Source, PhaseCurrents)]) -> Limiter {
        let mut limiter = Limiter::default();
        for (source, limit) in slots {
            limiter.set(*source, Some(Slot::lasting(*limit, Reason::Hardware)));
        }
        limiter
    }

    #[test]
    fn without_any_ceiling_nothing_is_offered() {
        assert_eq!(Limiter::default().view(Phases::THREE, STEP, START), LimitView::default());
    }

    #[test]
    fn the_lowest_ceiling_on_a_phase_in_use_wins() {
        let opev = PhaseCurrents([10, 16, 16].map(MilliAmps::amps));
        let limiter = limiter(&[
            (Source::Hw, amps(32)),
            (Source::Supply, amps(16)),
            (Source::UserMax, amps(20)),
            (Source::Opev, opev),
        ]);
        let three = limiter.view(Phases::THREE, STEP, START);
        assert_eq!((three.current, three.binding), (MilliAmps::amps(10), vec![Source::Opev]));

        let second = limiter.view(Phases::only(Phase::L2), STEP, START);
        assert_eq!(second.current, MilliAmps::amps(16));
        assert_eq!(second.binding, [Source::Supply, Source::Opev]);
        assert_eq!(second.effective, opev, "the view still shows every phase");
    }

    #[test]
    fn a_lapsed_ceiling_is_followed_by_the_stated_one() {
        let mut limiter = limiter(&[(Source::Hw, amps(16))]);
        let at = START + Duration::from_secs(5);
        let lapse = Lapse { at, limit: amps(6), reason: Reason::Opev(OpevReason::NotRenewed) };
        let reason = Reason::Opev(OpevReason::Limit);
        limiter.set(Source::Opev, Some(Slot { limit: None, reason, lapse: Some(lapse) }));

        let before = limiter.view(Phases::THREE, STEP, START);
        assert_eq!((before.current, before.slots[1].until), (MilliAmps::amps(16), Some(at)));
        assert_eq!(limiter.deadline(START), Some(at));

        let after = limiter.view(Phases::THREE, STEP, at);
        assert_eq!(after.to_string(), "6 A: the energy manager's limit was not renewed");
        assert_eq!(limiter.deadline(at), None);
    }

    proptest! {
        #[test]
        fn no_source_raises_another(
            limits in prop::collection::vec(prop::array::uniform3(0u32..80_000), 1..=5),
            phases in 1u8..8,
        ) {
            let in_use = Phase::ALL
                .into_iter()
                .filter(|p| phases & (1 << *p as u8) != 0)
                .fold(Phases::NONE, Phases::with);
            let mut limiter = Limiter::default();
            for (source, limit) in Source::ALL.into_iter().zip(&limits) {
                let limit = PhaseCurrents(limit.map(MilliAmps));
                limiter.set(source, Some(Slot::lasting(limit, Reason::Hardware)));
            }
            let view = limiter.view(in_use, STEP, START);
            for limit in &limits {
                for phase in in_use.iter() {
                    prop_assert!(view.current.0 <= limit[phase as usize]);
                }
            }
            prop_assert_eq!(view.current.0 % 100, 0);
            prop_assert!(!view.binding.is_empty());
        }
    }
}
