//! DirectControl: what a device does now, and orders to change it (RS, DirectControl).

use alloc::boxed::Box;

use eebus_json::{Record, Word};

use super::{
    AbsoluteOrRelativeTime, EnergyDirection, EnergyMode, PowerSequenceId, ScaledNumber,
    UnitOfMeasurement,
};

/// Whether the device works.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum DirectControlActivityState {
    Running,
    Paused,
    Inactive,
    Other(Box<str>),
}

/// What a device does. The entries have no identifiers: they are told apart by time stamp.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DirectControlActivityData {
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub activity_state: Option<DirectControlActivityState>,
    /// Whether a peer may change `activity_state`.
    pub is_activity_state_changeable: Option<bool>,
    pub energy_mode: Option<EnergyMode>,
    /// Whether a peer may change `energy_mode`.
    pub is_energy_mode_changeable: Option<bool>,
    pub power: Option<ScaledNumber>,
    /// Whether a peer may change `power`.
    pub is_power_changeable: Option<bool>,
    pub energy: Option<ScaledNumber>,
    /// Whether a peer may change `energy`.
    pub is_energy_changeable: Option<bool>,
    /// The power sequence that runs.
    pub sequence_id: Option<PowerSequenceId>,
}

/// What the values mean.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DirectControlDescriptionData {
    /// What a positive value means.
    pub positive_energy_direction: Option<EnergyDirection>,
    pub power_unit: Option<UnitOfMeasurement>,
    pub energy_unit: Option<UnitOfMeasurement>,
}
