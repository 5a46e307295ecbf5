//! DeviceDiagnosis: how a device is, and that it is still there (RS, DeviceDiagnosis).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Record, Word};

use super::{AbsoluteOrRelativeTime, Duration};

/// How a device or entity is.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum DeviceDiagnosisOperatingState {
    NormalOperation,
    /// Waits: of a vehicle, that it sleeps.
    Standby,
    Failure,
    ServiceNeeded,
    OverrideDetected,
    InAlarm,
    NotReachable,
    /// Has done what it had to do: of a vehicle, that it is charged.
    Finished,
    TemporarilyNotReady,
    Off,
    Other(Box<str>),
}

/// How the device's own supply is.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum PowerSupplyCondition {
    Good,
    Low,
    Critical,
    Unknown,
    Error,
    Other(Box<str>),
}

/// The state. An absent operating state means normal operation.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceDiagnosisStateData {
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub operating_state: Option<DeviceDiagnosisOperatingState>,
    /// The vendor's name for the state.
    pub vendor_state_code: Option<String>,
    /// The vendor's name for the last error.
    pub last_error_code: Option<String>,
    /// Since the last start.
    pub up_time: Option<Duration>,
    /// Over the whole life.
    pub total_up_time: Option<Duration>,
    pub power_supply_condition: Option<PowerSupplyCondition>,
}

/// A sign of life.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceDiagnosisHeartbeatData {
    /// When it was sent. A peer need not check it, and some disconnect when it is old.
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    /// One more with each beat; starts anywhere, may wrap and start again.
    pub heartbeat_counter: Option<u64>,
    /// The sender promises the next beat within this time.
    pub heartbeat_timeout: Option<Duration>,
}

/// Installation and maintenance.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceDiagnosisServiceData {
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub installation_time: Option<AbsoluteOrRelativeTime>,
    pub boot_counter: Option<u64>,
    pub next_service: Option<AbsoluteOrRelativeTime>,
}
