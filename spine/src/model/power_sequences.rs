//! PowerSequences: what a device will draw or feed in over time, and how it may be moved
//! (RS, PowerSequences).
//!
//! A sequence consists of time slots, each with its powers. Alternatives are sequences of which
//! one is run.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{
    AbsoluteOrRelativeTime, Currency, Duration, EnergyDirection, MeasurementValueSource,
    ScaledNumber, TimePeriod, UnitOfMeasurement,
};

/// Names a group of sequences of which one is run.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct AlternativesId(pub u32);

/// Names a sequence.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct PowerSequenceId(pub u32);

/// Names a slot within its sequence.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct PowerTimeSlotNumber(pub u32);

/// What a value of a slot says.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum PowerTimeSlotValueType {
    Power,
    PowerMin,
    PowerMax,
    PowerExpectedValue,
    PowerStandardDeviation,
    PowerSkewness,
    Energy,
    EnergyMin,
    EnergyMax,
    EnergyExpectedValue,
    EnergyStandardDeviation,
    EnergySkewness,
    Other(Box<str>),
}

/// What a sequence is.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum PowerSequenceScope {
    Forecast,
    Measurement,
    Recommendation,
    Other(Box<str>),
}

/// How a sequence stands.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum PowerSequenceState {
    Running,
    Paused,
    Scheduled,
    ScheduledPaused,
    Pending,
    Inactive,
    Completed,
    Invalid,
    Other(Box<str>),
}

/// When a slot runs.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerTimeSlotScheduleData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    #[key]
    pub slot_number: Option<PowerTimeSlotNumber>,
    pub time_period: Option<TimePeriod>,
    pub default_duration: Option<Duration>,
    pub duration_uncertainty: Option<Duration>,
    /// Whether an optional slot will run.
    pub slot_activated: Option<bool>,
    /// Within SmartEnergyManagementPs 1 to 60 characters.
    pub description: Option<String>,
}

/// A power or energy of a slot.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerTimeSlotValueData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    #[key]
    pub slot_number: Option<PowerTimeSlotNumber>,
    #[key]
    pub value_type: Option<PowerTimeSlotValueType>,
    pub value: Option<ScaledNumber>,
}

/// How a slot may be moved.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerTimeSlotScheduleConstraintsData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    #[key]
    pub slot_number: Option<PowerTimeSlotNumber>,
    pub earliest_start_time: Option<AbsoluteOrRelativeTime>,
    pub latest_end_time: Option<AbsoluteOrRelativeTime>,
    pub min_duration: Option<Duration>,
    pub max_duration: Option<Duration>,
    pub optional_slot: Option<bool>,
}

/// The sequences of a group.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequenceAlternativesRelationData {
    #[key]
    pub alternatives_id: Option<AlternativesId>,
    pub sequence_id: Vec<PowerSequenceId>,
}

/// What a sequence is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequenceDescriptionData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    /// Within SmartEnergyManagementPs 1 to 60 characters.
    pub description: Option<String>,
    /// What a positive value means.
    pub positive_energy_direction: Option<EnergyDirection>,
    pub power_unit: Option<UnitOfMeasurement>,
    pub energy_unit: Option<UnitOfMeasurement>,
    pub value_source: Option<MeasurementValueSource>,
    pub scope: Option<PowerSequenceScope>,
    /// The same for sequences that belong to the same task.
    pub task_identifier: Option<u32>,
    pub repetitions_total: Option<u32>,
}

/// How a sequence stands.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequenceStateData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub state: Option<PowerSequenceState>,
    pub active_slot_number: Option<PowerTimeSlotNumber>,
    pub elapsed_slot_time: Option<Duration>,
    pub remaining_slot_time: Option<Duration>,
    /// Whether a peer may change it.
    pub sequence_remote_controllable: Option<bool>,
    pub active_repetition_number: Option<u32>,
    pub remaining_pause_time: Option<Duration>,
}

/// When a sequence runs. Within SmartEnergyManagementPs both times are durations.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequenceScheduleData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub start_time: Option<AbsoluteOrRelativeTime>,
    pub end_time: Option<AbsoluteOrRelativeTime>,
}

/// How a sequence may be moved.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequenceScheduleConstraintsData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub earliest_start_time: Option<AbsoluteOrRelativeTime>,
    pub latest_start_time: Option<AbsoluteOrRelativeTime>,
    pub earliest_end_time: Option<AbsoluteOrRelativeTime>,
    pub latest_end_time: Option<AbsoluteOrRelativeTime>,
    /// It need not run at all.
    pub optional_sequence: Option<bool>,
}

/// What a sequence would cost.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequencePriceData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub potential_start_time: Option<AbsoluteOrRelativeTime>,
    pub price: Option<ScaledNumber>,
    pub currency: Option<Currency>,
}

/// What matters when a sequence is moved.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequenceSchedulePreferenceData {
    #[key]
    pub sequence_id: Option<PowerSequenceId>,
    pub greenest: Option<bool>,
    pub cheapest: Option<bool>,
}

/// What a device can do with its sequences.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequenceNodeScheduleInformationData {
    pub node_remote_controllable: Option<bool>,
    /// A write may change one slot at a time.
    pub supports_single_slot_scheduling_only: Option<bool>,
    pub alternatives_count: Option<u32>,
    pub total_sequences_count_max: Option<u32>,
    pub supports_reselection: Option<bool>,
}

/// Asks a device to offer a schedule.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequenceScheduleConfigurationRequestCall {
    pub sequence_id: Option<PowerSequenceId>,
}

/// Asks what a sequence would cost.
#[derive(Clone, Default, PartialEq, Record)]
pub struct PowerSequencePriceCalculationRequestCall {
    pub sequence_id: Option<PowerSequenceId>,
    pub potential_start_time: Option<AbsoluteOrRelativeTime>,
}
