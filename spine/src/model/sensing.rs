//! Sensing: switches, buttons, contacts and detectors (RS, Sensing).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Record, Word};

use super::{AbsoluteOrRelativeTime, ScaledNumber, ScopeType, UnitOfMeasurement};

/// What a sensor sees.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum SensingState {
    On,
    Off,
    Toggle,
    Level,
    LevelUp,
    LevelDown,
    LevelStart,
    LevelStop,
    LevelAbsolute,
    LevelRelative,
    LevelPercentageAbsolute,
    LevelPercentageRelative,
    Pressed,
    LongPressed,
    Released,
    Changed,
    Started,
    Stopped,
    Paused,
    Middle,
    Up,
    Down,
    Forward,
    Backwards,
    Open,
    Closed,
    Opening,
    Closing,
    High,
    Low,
    Day,
    Night,
    Detected,
    NotDetected,
    Alarmed,
    NotAlarmed,
    Other(Box<str>),
}

/// What sort of sensor it is.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum SensingType {
    Switch,
    Button,
    Level,
    LevelSwitch,
    WindowHandle,
    ContactSensor,
    OccupancySensor,
    MotionDetector,
    FireDetector,
    SmokeDetector,
    HeatDetector,
    WaterDetector,
    GasDetector,
    AlarmSensor,
    PowerAlarmSensor,
    DayNightIndicator,
    Other(Box<str>),
}

/// One observation. The entries have no identifiers: they are told apart by time stamp.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SensingData {
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub state: Option<SensingState>,
    pub value: Option<ScaledNumber>,
}

/// What the sensor is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SensingDescriptionData {
    pub sensing_type: Option<SensingType>,
    pub unit: Option<UnitOfMeasurement>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}
