//! LoadControl: limits on power or current that one device sets on another (RS, LoadControl).
//!
//! A description says what a limit caps and in which direction; the limit itself carries the
//! value. `limit_id` joins the two. Events are the older way: orders such as *pause* without a
//! value.

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Id, Record, Word};

use super::{
    AbsoluteOrRelativeTime, EnergyDirection, MeasurementId, ScaledNumber, ScopeType, TimePeriod,
    UnitOfMeasurement,
};

/// Names an event.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct LoadControlEventId(pub u32);

/// Names a limit, for as long as the server keeps it in this session.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct LoadControlLimitId(pub u32);

/// What an event asks for.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum LoadControlEventAction {
    Pause,
    Resume,
    Reduce,
    Increase,
    Emergency,
    Normal,
    Other(Box<str>),
}

/// What became of an event.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum LoadControlEventState {
    EventAccepted,
    EventStarted,
    EventStopped,
    EventRejected,
    EventCancelled,
    EventError,
    Other(Box<str>),
}

/// From which side a limit caps.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum LoadControlLimitType {
    /// The value must not fall below it.
    MinValueLimit,
    /// The value must not exceed it.
    MaxValueLimit,
    /// The magnitude of a value of this sign must not exceed it; the type of the power limits
    /// (LPC, LPP), which have one limit per direction.
    SignDependentAbsValueLimit,
    Other(Box<str>),
}

/// How binding a limit is for the device that receives it.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum LoadControlCategory {
    /// Must be followed: a grid order, a fuse.
    Obligation,
    /// May be followed: surplus from the roof.
    Recommendation,
    Optimization,
    Other(Box<str>),
}

/// Whether the device lets itself be controlled at all.
#[derive(Clone, Default, PartialEq, Record)]
pub struct LoadControlNodeData {
    pub is_node_remote_controllable: Option<bool>,
}

/// An order without a value.
#[derive(Clone, Default, PartialEq, Record)]
pub struct LoadControlEventData {
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    #[key]
    pub event_id: Option<LoadControlEventId>,
    /// What it asks of the consumption.
    pub event_action_consume: Option<LoadControlEventAction>,
    /// What it asks of the production.
    pub event_action_produce: Option<LoadControlEventAction>,
    pub time_period: Option<TimePeriod>,
}

/// What became of an event.
#[derive(Clone, Default, PartialEq, Record)]
pub struct LoadControlStateData {
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    #[key]
    pub event_id: Option<LoadControlEventId>,
    pub event_state_consume: Option<LoadControlEventState>,
    /// What the device does, which may differ from what was asked.
    pub applied_event_action_consume: Option<LoadControlEventAction>,
    pub event_state_produce: Option<LoadControlEventState>,
    pub applied_event_action_produce: Option<LoadControlEventAction>,
}

/// One limit: its value, and whether it applies now.
#[derive(Clone, Default, PartialEq, Record)]
pub struct LoadControlLimitData {
    #[key]
    pub limit_id: Option<LoadControlLimitId>,
    /// While this is not `true`, a peer's write to the entry is refused.
    #[guard]
    pub is_limit_changeable: Option<bool>,
    /// Absent: unknown; treat as not active.
    pub is_limit_active: Option<bool>,
    /// When it applies. Absent: from now until withdrawn.
    pub time_period: Option<TimePeriod>,
    /// In the unit of the description.
    pub value: Option<ScaledNumber>,
}

/// The values that a limit may take.
#[derive(Clone, Default, PartialEq, Record)]
pub struct LoadControlLimitConstraintsData {
    #[key]
    pub limit_id: Option<LoadControlLimitId>,
    pub value_range_min: Option<ScaledNumber>,
    pub value_range_max: Option<ScaledNumber>,
    pub value_step_size: Option<ScaledNumber>,
}

/// What a limit caps.
#[derive(Clone, Default, PartialEq, Record)]
pub struct LoadControlLimitDescriptionData {
    #[key]
    pub limit_id: Option<LoadControlLimitId>,
    pub limit_type: Option<LoadControlLimitType>,
    pub limit_category: Option<LoadControlCategory>,
    /// The direction of energy that it caps. Absent: both, or as `limit_type` says.
    pub limit_direction: Option<EnergyDirection>,
    /// The measurement of what is capped; joins the limit to a phase.
    pub measurement_id: Option<MeasurementId>,
    /// Some managers only read limits that state it.
    pub unit: Option<UnitOfMeasurement>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}
