//! StateInformation: states and failures of a device, such as those of an inverter
//! (RS, StateInformation).

use alloc::boxed::Box;

use eebus_json::{Id, Record, Word};

use super::AbsoluteOrRelativeTime;

/// Names a state.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct StateInformationId(pub u32);

/// A state or a failure.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum StateInformation {
    ExternalOverrideFromGrid,
    AutonomousGridSupport,
    IslandingMode,
    Balancing,
    TrickleCharging,
    Calibration,
    CommissioningMissing,
    Sleeping,
    Starting,
    /// Runs at the point of the highest power.
    Mppt,
    Throttled,
    ShuttingDown,
    ManualShutdown,
    InverterDefective,
    BatteryOvercurrentProtection,
    PvStringOvercurrentProtection,
    GridFault,
    GroundFault,
    AcDisconnected,
    DcDisconnected,
    CabinetOpen,
    OverTemperature,
    UnderTemperature,
    FrequencyAboveLimit,
    FrequencyBelowLimit,
    AcVoltageAboveLimit,
    AcVoltageBelowLimit,
    DcVoltageAboveLimit,
    DcVoltageBelowLimit,
    HardwareTestFailure,
    GenericInternalError,
    Other(Box<str>),
}

/// Whether it is a state or a failure.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum StateInformationCategory {
    Functionality,
    Failure,
    Other(Box<str>),
}

/// One state and whether it applies.
#[derive(Clone, Default, PartialEq, Record)]
pub struct StateInformationData {
    #[key]
    pub state_information_id: Option<StateInformationId>,
    pub state_information: Option<StateInformation>,
    pub is_active: Option<bool>,
    pub category: Option<StateInformationCategory>,
    pub time_of_last_change: Option<AbsoluteOrRelativeTime>,
}
