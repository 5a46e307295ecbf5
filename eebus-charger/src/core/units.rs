//! Currents, powers and energies as integers.
//!
//! No floating point lies on the way of a limit or in an energy account: what is stated in
//! 0.1 A arrives as exactly that.

use std::fmt;
use std::ops::{Add, Index, IndexMut, Sub};

/// A current in milliamperes.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MilliAmps(pub u32);

impl MilliAmps {
    /// No current.
    pub const ZERO: Self = Self(0);

    /// A whole number of amperes.
    pub const fn amps(amps: u32) -> Self {
        Self(amps.saturating_mul(1000))
    }

    /// The largest multiple of `step` that is not above this current: limits round down (CH-563).
    #[must_use]
    pub const fn floor_to(self, step: Self) -> Self {
        match self.0.checked_rem(step.0) {
            Some(rest) => Self(self.0 - rest),
            None => self,
        }
    }
}

/// Saturates: a sum of limits never wraps round to a small one.
impl Add for MilliAmps {
    type Output = Self;

    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

/// Zero if `rhs` is the larger one.
impl Sub for MilliAmps {
    type Output = Self;

    fn sub(self, rhs: Self) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

/// As people read it: `16 A`, `9.9 A`, to a tenth and rounded down.
impl fmt::Display for MilliAmps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1000, self.0 % 1000 / 100) {
            (amps, 0) => write!(f, "{amps} A"),
            (amps, tenths) => write!(f, "{amps}.{tenths} A"),
        }
    }
}

/// A voltage in millivolts.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MilliVolts(pub u32);

/// An active power in watts; positive flows into the car.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Watts(pub i32);

/// An energy in milliwatt-hours, as meters count it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MilliWattHours(pub u64);

impl MilliWattHours {
    /// Whole watt-hours, rounded down.
    pub const fn watt_hours(self) -> u64 {
        self.0 / 1000
    }
}

/// One conductor of the supply.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// L1, `a` in SPINE.
    L1,
    /// L2, `b` in SPINE.
    L2,
    /// L3, `c` in SPINE.
    L3,
}

impl Phase {
    /// All three, in order.
    pub const ALL: [Self; 3] = [Self::L1, Self::L2, Self::L3];
}

/// A set of phases.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Phases(u8);

impl Phases {
    /// All three phases.
    pub const THREE: Self = Self(0b111);
    /// No phase.
    pub const NONE: Self = Self(0);

    /// Just this phase.
    pub const fn only(phase: Phase) -> Self {
        Self(1 << phase as u8)
    }

    /// These phases and that one.
    #[must_use]
    pub const fn with(self, phase: Phase) -> Self {
        Self(self.0 | 1 << phase as u8)
    }

    /// The phases that are in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the phase is in the set.
    pub const fn contains(self, phase: Phase) -> bool {
        self.0 & 1 << phase as u8 != 0
    }

    /// Whether no phase is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many phases are in the set.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The phases of the set in order.
    pub fn iter(self) -> impl Iterator<Item = Phase> {
        Phase::ALL.into_iter().filter(move |phase| self.contains(*phase))
    }
}

/// A current for each phase.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PhaseCurrents(pub [MilliAmps; 3]);

impl PhaseCurrents {
    /// No current on any phase.
    pub const ZERO: Self = Self([MilliAmps::ZERO; 3]);

    /// The same current on each phase.
    pub const fn uniform(current: MilliAmps) -> Self {
        Self([current; 3])
    }

    /// The current on the phases of the set, none on the others.
    pub fn on(phases: Phases, current: MilliAmps) -> Self {
        Self(Phase::ALL.map(|p| if phases.contains(p) { current } else { MilliAmps::ZERO }))
    }

    /// The lower of the two on each phase.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self(Phase::ALL.map(|p| self[p].min(other[p])))
    }

    /// The lowest current among the phases of the set; none without a phase.
    pub fn lowest(self, phases: Phases) -> MilliAmps {
        phases.iter().map(|p| self[p]).min().unwrap_or_default()
    }
}

impl Index<Phase> for PhaseCurrents {
    type Output = MilliAmps;

    fn index(&self, phase: Phase) -> &MilliAmps {
        &self.0[phase as usize]
    }
}

impl IndexMut<Phase> for PhaseCurrents {
    fn index_mut(&mut self, phase: Phase) -> &mut MilliAmps {
        &mut self.0[phase as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currents_round_down_to_a_step() {
        assert_eq!(MilliAmps(10_199).floor_to(MilliAmps(100)), MilliAmps(10_100));
        assert_eq!(MilliAmps(99).floor_to(MilliAmps(100)), MilliAmps::ZERO);
        assert_eq!(MilliAmps(99).floor_to(MilliAmps::ZERO), MilliAmps(99));
    }

    #[test]
    fn currents_read_as_people_write_them() {
        assert_eq!(MilliAmps::amps(16).to_string(), "16 A");
        assert_eq!(MilliAmps(9_999).to_string(), "9.9 A");
    }

    #[test]
    fn phases_that_are_not_in_use_do_not_count() {
        let currents = PhaseCurrents([10_000, 16_000, 0].map(MilliAmps));
        assert_eq!(currents.lowest(Phases::only(Phase::L2)), MilliAmps(16_000));
        assert_eq!(currents.lowest(Phases::only(Phase::L2).with(Phase::L1)), MilliAmps(10_000));
        assert_eq!(currents.lowest(Phases::NONE), MilliAmps::ZERO);
    }
}
