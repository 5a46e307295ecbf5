//! TimeSeries: values over time, such as a charging plan (RS, TimeSeries).
//!
//! A description says what a series means, the data carry its slots. `time_series_id` joins them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{
    AbsoluteOrRecurringTime, AbsoluteOrRelativeTime, Currency, Duration, MeasurementId,
    ScaledNumber, ScopeType, TimePeriod, UnitOfMeasurement,
};

/// Names a series.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct TimeSeriesId(pub u32);

/// Names a slot within its series.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct TimeSeriesSlotId(pub u32);

/// What a series says.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum TimeSeriesType {
    Plan,
    /// How much energy is wanted, in one slot.
    SingleDemand,
    Constraints,
    EnergyRequest,
    DischargingEnergyRequest,
    ConsumptionLimitCurve,
    ProductionLimitCurve,
    Other(Box<str>),
}

/// One span of time and its values.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeSeriesSlot {
    #[key]
    pub time_series_slot_id: Option<TimeSeriesSlotId>,
    pub time_period: Option<TimePeriod>,
    /// Instead of the end of `time_period`.
    pub duration: Option<Duration>,
    pub recurrence_information: Option<AbsoluteOrRecurringTime>,
    pub value: Option<ScaledNumber>,
    pub min_value: Option<ScaledNumber>,
    pub max_value: Option<ScaledNumber>,
}

/// One series.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeSeriesData {
    #[key]
    pub time_series_id: Option<TimeSeriesId>,
    /// When the series as a whole applies; slots without start follow each other.
    pub time_period: Option<TimePeriod>,
    pub time_series_slot: Vec<TimeSeriesSlot>,
}

/// What a series is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeSeriesDescriptionData {
    #[key]
    pub time_series_id: Option<TimeSeriesId>,
    pub time_series_type: Option<TimeSeriesType>,
    /// Whether a peer may write the series.
    pub time_series_writeable: Option<bool>,
    /// The server waits for the peer to write the series; never taken from the peer.
    pub update_required: Option<bool>,
    pub measurement_id: Option<MeasurementId>,
    pub currency: Option<Currency>,
    pub unit: Option<UnitOfMeasurement>,
    pub label: Option<String>,
    pub description: Option<String>,
    pub scope_type: Option<ScopeType>,
}

/// How a series may look.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeSeriesConstraintsData {
    #[key]
    pub time_series_id: Option<TimeSeriesId>,
    pub slot_count_min: Option<u32>,
    pub slot_count_max: Option<u32>,
    pub slot_duration_min: Option<Duration>,
    pub slot_duration_max: Option<Duration>,
    pub slot_duration_step_size: Option<Duration>,
    pub earliest_time_series_start_time: Option<AbsoluteOrRelativeTime>,
    pub latest_time_series_end_time: Option<AbsoluteOrRelativeTime>,
    pub slot_value_min: Option<ScaledNumber>,
    pub slot_value_max: Option<ScaledNumber>,
    pub slot_value_step_size: Option<ScaledNumber>,
}
