//! TaskManagement: the jobs of a device and what they come from (RS, TaskManagement).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Id, Record, Word};

use super::{AbsoluteOrRelativeTime, Duration, HvacOverrunId, LoadControlEventId, PowerSequenceId};

/// Names a job.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct TaskManagementJobId(pub u32);

/// How a job stands: the words of the class that it comes from.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum TaskManagementJobState {
    Running,
    Paused,
    Inactive,
    Active,
    Finished,
    EventAccepted,
    EventStarted,
    EventStopped,
    EventRejected,
    EventCancelled,
    EventError,
    Scheduled,
    ScheduledPaused,
    Pending,
    Completed,
    Invalid,
    Other(Box<str>),
}

/// Who started a job.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum TaskManagementJobSource {
    InternalMechanism,
    UserInteraction,
    ExternalConfiguration,
    Other(Box<str>),
}

/// The job comes from DirectControl.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementDirectControlRelated {}

/// The job comes from an overrun.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementHvacRelated {
    pub overrun_id: Option<HvacOverrunId>,
}

/// The job comes from an event. Spelt so in the standard.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementLoadControlReleated {
    pub event_id: Option<LoadControlEventId>,
}

/// The job comes from a power sequence.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementPowerSequencesRelated {
    pub sequence_id: Option<PowerSequenceId>,
}

/// The job comes from a sequence of SmartEnergyManagementPs.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementSmartEnergyManagementPsRelated {
    pub sequence_id: Option<PowerSequenceId>,
}

/// How a job stands.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementJobData {
    #[key]
    pub job_id: Option<TaskManagementJobId>,
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub job_state: Option<TaskManagementJobState>,
    pub elapsed_time: Option<Duration>,
    pub remaining_time: Option<Duration>,
}

/// What a job comes from.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementJobRelationData {
    #[key]
    pub job_id: Option<TaskManagementJobId>,
    pub direct_control_related: Option<TaskManagementDirectControlRelated>,
    pub hvac_related: Option<TaskManagementHvacRelated>,
    /// Spelt so in the standard.
    pub load_control_releated: Option<TaskManagementLoadControlReleated>,
    pub power_sequences_related: Option<TaskManagementPowerSequencesRelated>,
    pub smart_energy_management_ps_related: Option<TaskManagementSmartEnergyManagementPsRelated>,
}

/// What a job is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementJobDescriptionData {
    #[key]
    pub job_id: Option<TaskManagementJobId>,
    pub job_source: Option<TaskManagementJobSource>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// What the device does as a whole.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TaskManagementOverviewData {
    pub remote_controllable: Option<bool>,
    pub jobs_active: Option<bool>,
}
