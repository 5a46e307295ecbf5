//! OperatingConstraints: what a device needs while a power sequence runs
//! (RS, OperatingConstraints).

use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::Record;

use super::{
    Currency, Duration, EnergyDirection, PowerSequenceId, ScaledNumber, UnitOfMeasurement,
};

/// Whether a sequence may be interrupted.
#[derive(Clone, Default, PartialEq, Record)]
pub struct OperatingConstraintsInterruptData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub is_pausable: Option<bool>,
    pub is_stoppable: Option<bool>,
    /// It may be interrupted only while the power is low.
    pub not_interruptible_at_high_power: Option<bool>,
    pub max_cycles_per_day: Option<u32>,
}

/// How long a sequence must and may run and pause.
#[derive(Clone, Default, PartialEq, Record)]
pub struct OperatingConstraintsDurationData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub active_duration_min: Option<Duration>,
    pub active_duration_max: Option<Duration>,
    pub pause_duration_min: Option<Duration>,
    pub pause_duration_max: Option<Duration>,
    /// All running times together.
    pub active_duration_sum_min: Option<Duration>,
    /// All running times together.
    pub active_duration_sum_max: Option<Duration>,
}

/// What the values of ranges and levels mean.
#[derive(Clone, Default, PartialEq, Record)]
pub struct OperatingConstraintsPowerDescriptionData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub positive_energy_direction: Option<EnergyDirection>,
    pub power_unit: Option<UnitOfMeasurement>,
    pub energy_unit: Option<UnitOfMeasurement>,
    pub description: Option<String>,
}

/// The powers that are possible, as a range.
#[derive(Clone, Default, PartialEq, Record)]
pub struct OperatingConstraintsPowerRangeData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub power_min: Option<ScaledNumber>,
    pub power_max: Option<ScaledNumber>,
    pub energy_min: Option<ScaledNumber>,
    pub energy_max: Option<ScaledNumber>,
}

/// The powers that are possible, one by one.
#[derive(Clone, Default, PartialEq, Record)]
pub struct OperatingConstraintsPowerLevelData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub power: Vec<ScaledNumber>,
}

/// What it costs to go on after a pause.
#[derive(Clone, Default, PartialEq, Record)]
pub struct OperatingConstraintsResumeImplicationData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub resume_energy_estimated: Option<ScaledNumber>,
    pub energy_unit: Option<UnitOfMeasurement>,
    pub resume_cost_estimated: Option<ScaledNumber>,
    pub currency: Option<Currency>,
}
