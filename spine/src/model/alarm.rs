//! Alarm: a threshold has been crossed (RS, Alarm).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Id, Record, Word};

use super::{AbsoluteOrRelativeTime, ScaledNumber, ScopeType, ThresholdId, TimePeriod};

/// Names an alarm.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct AlarmId(pub u32);

/// What happened.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum AlarmType {
    AlarmCancelled,
    UnderThreshold,
    OverThreshold,
    Other(Box<str>),
}

/// One alarm.
#[derive(Clone, Default, PartialEq, Record)]
pub struct AlarmData {
    #[key]
    pub alarm_id: Option<AlarmId>,
    /// The threshold that was crossed.
    pub threshold_id: Option<ThresholdId>,
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub alarm_type: Option<AlarmType>,
    /// The value that raised it.
    pub measured_value: Option<ScaledNumber>,
    pub evaluation_period: Option<TimePeriod>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}
