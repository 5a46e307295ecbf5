//! The phases of a connection.

use crate::model::ElectricalConnectionPhaseName;

/// A phase: the terminals L1, L2 and L3 of the charging station.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Phase {
    /// L1.
    A,
    /// L2.
    B,
    /// L3.
    C,
}

impl Phase {
    /// All three.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// Its place in arrays that hold something for each phase.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name on the wire.
    pub const fn name(self) -> ElectricalConnectionPhaseName {
        match self {
            Self::A => ElectricalConnectionPhaseName::A,
            Self::B => ElectricalConnectionPhaseName::B,
            Self::C => ElectricalConnectionPhaseName::C,
        }
    }

    /// The single phase of this name, if it names one.
    pub fn of(name: &ElectricalConnectionPhaseName) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == *name)
    }

    /// The name of these phases together; some devices have no more than the first.
    pub(crate) fn together(phases: &[Self]) -> ElectricalConnectionPhaseName {
        match phases {
            [one] => one.name(),
            [Self::A, Self::B] => ElectricalConnectionPhaseName::Ab,
            [Self::B, Self::C] => ElectricalConnectionPhaseName::Bc,
            [Self::A, Self::C] => ElectricalConnectionPhaseName::Ac,
            _ => ElectricalConnectionPhaseName::Abc,
        }
    }
}
