//! Setpoint: values that a device shall reach, such as a temperature (RS, Setpoint).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Id, Record, Word};

use super::{MeasurementId, ScaledNumber, ScopeType, TimePeriod, TimeTableId, UnitOfMeasurement};

/// Names a set point.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct SetpointId(pub u32);

/// How a set point is meant.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum SetpointType {
    ValueAbsolute,
    /// A change to what the device would do by itself.
    ValueRelative,
    Other(Box<str>),
}

/// One set point.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SetpointData {
    #[key]
    pub setpoint_id: Option<SetpointId>,
    pub value: Option<ScaledNumber>,
    pub value_min: Option<ScaledNumber>,
    pub value_max: Option<ScaledNumber>,
    /// How far the value may be missed.
    pub value_tolerance_absolute: Option<ScaledNumber>,
    /// How far the value may be missed, 0 to 100.
    pub value_tolerance_percentage: Option<ScaledNumber>,
    /// While this is not `true`, a peer's write to the entry is refused.
    #[guard]
    pub is_setpoint_changeable: Option<bool>,
    pub is_setpoint_active: Option<bool>,
    pub time_period: Option<TimePeriod>,
}

/// The values that a set point may take.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SetpointConstraintsData {
    #[key]
    pub setpoint_id: Option<SetpointId>,
    pub setpoint_range_min: Option<ScaledNumber>,
    pub setpoint_range_max: Option<ScaledNumber>,
    pub setpoint_step_size: Option<ScaledNumber>,
}

/// What a set point is for. Send the function in full: a widely deployed peer spreads a partial one
/// over all entries.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SetpointDescriptionData {
    #[key]
    pub setpoint_id: Option<SetpointId>,
    /// The measurement of what is set.
    pub measurement_id: Option<MeasurementId>,
    /// When it applies.
    pub time_table_id: Option<TimeTableId>,
    pub setpoint_type: Option<SetpointType>,
    pub unit: Option<UnitOfMeasurement>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}
