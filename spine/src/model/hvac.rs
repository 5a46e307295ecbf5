//! HVAC: heating, cooling, ventilation and hot water (RS, HVAC).
//!
//! A system function (heating, hot water) runs in an operation mode (auto, on, off, eco) that
//! chooses the set points; an overrun (party, one time hot water) interrupts it for a while.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{PowerSequenceId, SetpointId, TimeTableId};

/// Names a system function.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct HvacSystemFunctionId(pub u32);

/// Names an operation mode.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct HvacOperationModeId(pub u32);

/// Names an overrun.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct HvacOverrunId(pub u32);

/// What a system function does.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum HvacSystemFunctionType {
    Heating,
    Cooling,
    Ventilation,
    /// Domestic hot water.
    Dhw,
    Other(Box<str>),
}

/// How a system function is run.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum HvacOperationModeType {
    Auto,
    On,
    Off,
    Eco,
    Other(Box<str>),
}

/// What an overrun does.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum HvacOverrunType {
    OneTimeDhw,
    Party,
    /// Smart grid ready: off, at most two hours.
    SgReadyCondition1,
    /// Smart grid ready: more consumption is recommended.
    SgReadyCondition3,
    /// Smart grid ready: more consumption is ordered.
    SgReadyCondition4,
    OneDayAway,
    OneDayAtHome,
    OneTimeVentilation,
    HvacSystemOff,
    ValveKick,
    Other(Box<str>),
}

/// How an overrun stands.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum HvacOverrunStatus {
    /// Requested, and not yet carried out.
    Active,
    Running,
    Finished,
    Inactive,
    Other(Box<str>),
}

/// How a system function is run now.
#[derive(Clone, Default, PartialEq, Record)]
pub struct HvacSystemFunctionData {
    #[key]
    pub system_function_id: Option<HvacSystemFunctionId>,
    pub current_operation_mode_id: Option<HvacOperationModeId>,
    /// Whether a peer may change the operation mode; often absent in the field, and then worth a
    /// try.
    pub is_operation_mode_id_changeable: Option<bool>,
    pub current_setpoint_id: Option<SetpointId>,
    /// Whether a peer may change the set point; as above.
    pub is_setpoint_id_changeable: Option<bool>,
    pub is_overrun_active: Option<bool>,
}

/// The operation modes that a system function has.
#[derive(Clone, Default, PartialEq, Record)]
pub struct HvacSystemFunctionOperationModeRelationData {
    #[key]
    pub system_function_id: Option<HvacSystemFunctionId>,
    pub operation_mode_id: Vec<HvacOperationModeId>,
}

/// The set points that a system function uses in an operation mode.
#[derive(Clone, Default, PartialEq, Record)]
pub struct HvacSystemFunctionSetpointRelationData {
    #[key]
    pub system_function_id: Option<HvacSystemFunctionId>,
    #[key]
    pub operation_mode_id: Option<HvacOperationModeId>,
    pub setpoint_id: Vec<SetpointId>,
}

/// The power sequences of a system function.
#[derive(Clone, Default, PartialEq, Record)]
pub struct HvacSystemFunctionPowerSequenceRelationData {
    #[key]
    pub system_function_id: Option<HvacSystemFunctionId>,
    pub sequence_id: Vec<PowerSequenceId>,
}

/// What a system function is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct HvacSystemFunctionDescriptionData {
    #[key]
    pub system_function_id: Option<HvacSystemFunctionId>,
    pub system_function_type: Option<HvacSystemFunctionType>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// What an operation mode is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct HvacOperationModeDescriptionData {
    #[key]
    pub operation_mode_id: Option<HvacOperationModeId>,
    pub operation_mode_type: Option<HvacOperationModeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// How an overrun stands.
#[derive(Clone, Default, PartialEq, Record)]
pub struct HvacOverrunData {
    #[key]
    pub overrun_id: Option<HvacOverrunId>,
    pub overrun_status: Option<HvacOverrunStatus>,
    /// When it applies.
    pub time_table_id: Option<TimeTableId>,
    /// Whether a peer may change the status.
    pub is_overrun_status_changeable: Option<bool>,
}

/// What an overrun is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct HvacOverrunDescriptionData {
    #[key]
    pub overrun_id: Option<HvacOverrunId>,
    pub overrun_type: Option<HvacOverrunType>,
    pub affected_system_function_id: Vec<HvacSystemFunctionId>,
    pub label: Option<String>,
    pub description: Option<String>,
}
