//! Measurement: what a device measures (RS, Measurement).
//!
//! A description says what is measured and in which unit, the data carry the values.
//! `measurement_id` joins them, and joins them to the electrical parameters that name the phase.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{
    AbsoluteOrRelativeTime, CommodityType, ScaledNumber, ScopeType, ThresholdId, TimePeriod,
    UnitOfMeasurement,
};

/// Names a measurand.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct MeasurementId(pub u32);

/// The physical quantity.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum MeasurementType {
    Acceleration,
    Angle,
    AngularVelocity,
    Area,
    AtmosphericPressure,
    Capacity,
    Concentration,
    Count,
    Current,
    Density,
    Distance,
    ElectricField,
    Energy,
    Force,
    Frequency,
    HarmonicDistortion,
    Heat,
    HeatFlux,
    Illuminance,
    Impulse,
    Level,
    MagneticField,
    Mass,
    MassFlow,
    Particles,
    Percentage,
    Power,
    PowerFactor,
    Pressure,
    RadonActivity,
    RelativeHumidity,
    Resistance,
    SolarRadiation,
    Speed,
    Temperature,
    Time,
    Torque,
    Unknown,
    Velocity,
    Voltage,
    Volume,
    VolumetricFlow,
    Other(Box<str>),
}

/// What the value says about its evaluation period.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum MeasurementValueType {
    /// The value itself, the usual case.
    Value,
    AverageValue,
    MinValue,
    MaxValue,
    StandardDeviation,
    Other(Box<str>),
}

/// Where a value comes from.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum MeasurementValueSource {
    MeasuredValue,
    CalculatedValue,
    EmpiricalValue,
    Other(Box<str>),
}

/// Where a value is heading.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum MeasurementValueTendency {
    Rising,
    Stable,
    Falling,
    Other(Box<str>),
}

/// Whether a value can be relied on.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum MeasurementValueState {
    Normal,
    /// The sensor is at its end; do not use the number.
    OutOfRange,
    /// There is no valid measurement; do not use the number.
    Error,
    Other(Box<str>),
}

/// One value.
#[derive(Clone, Default, PartialEq, Record)]
pub struct MeasurementData {
    #[key]
    pub measurement_id: Option<MeasurementId>,
    /// Send it always: peers that key by it treat entries without it as others.
    #[key]
    pub value_type: Option<MeasurementValueType>,
    /// When it was measured; a duration is its age.
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    /// In the unit of the description.
    pub value: Option<ScaledNumber>,
    pub evaluation_period: Option<TimePeriod>,
    pub value_source: Option<MeasurementValueSource>,
    pub value_tendency: Option<MeasurementValueTendency>,
    /// Absent: normal.
    pub value_state: Option<MeasurementValueState>,
}

/// One value of a series: entries differ by time stamp.
#[derive(Clone, Default, PartialEq, Record)]
pub struct MeasurementSeriesData {
    #[key]
    pub measurement_id: Option<MeasurementId>,
    #[key]
    pub value_type: Option<MeasurementValueType>,
    #[key]
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub value: Option<ScaledNumber>,
    pub evaluation_period: Option<TimePeriod>,
    pub value_source: Option<MeasurementValueSource>,
    pub value_tendency: Option<MeasurementValueTendency>,
    pub value_state: Option<MeasurementValueState>,
}

/// The values that a measurement can take.
#[derive(Clone, Default, PartialEq, Record)]
pub struct MeasurementConstraintsData {
    #[key]
    pub measurement_id: Option<MeasurementId>,
    pub value_range_min: Option<ScaledNumber>,
    pub value_range_max: Option<ScaledNumber>,
    pub value_step_size: Option<ScaledNumber>,
}

/// What is measured.
#[derive(Clone, Default, PartialEq, Record)]
pub struct MeasurementDescriptionData {
    #[key]
    pub measurement_id: Option<MeasurementId>,
    pub measurement_type: Option<MeasurementType>,
    pub commodity_type: Option<CommodityType>,
    pub unit: Option<UnitOfMeasurement>,
    pub calibration_value: Option<ScaledNumber>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// The thresholds that apply to a measurement.
#[derive(Clone, Default, PartialEq, Record)]
pub struct MeasurementThresholdRelationData {
    #[key]
    pub measurement_id: Option<MeasurementId>,
    pub threshold_id: Vec<ThresholdId>,
}
