//! TimeTable: spans of time that come back (RS, TimeTable).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Id, Record, Word};

use super::{AbsoluteOrRecurringTime, Duration, RecurrenceInformation, Time};

/// Names a table.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct TimeTableId(pub u32);

/// Names a slot within its table.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct TimeSlotId(pub u32);

/// How the times of slots may be given.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum TimeSlotTimeMode {
    Absolute,
    Recurring,
    Both,
    Other(Box<str>),
}

/// One slot.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeTableData {
    #[key]
    pub time_table_id: Option<TimeTableId>,
    #[key]
    pub time_slot_id: Option<TimeSlotId>,
    pub recurrence_information: Option<RecurrenceInformation>,
    pub start_time: Option<AbsoluteOrRecurringTime>,
    pub end_time: Option<AbsoluteOrRecurringTime>,
}

/// How a table may look.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeTableConstraintsData {
    #[key]
    pub time_table_id: Option<u32>,
    pub slot_count_min: Option<u32>,
    pub slot_count_max: Option<u32>,
    pub slot_duration_min: Option<Duration>,
    pub slot_duration_max: Option<Duration>,
    pub slot_duration_step_size: Option<Duration>,
    pub slot_shift_step_size: Option<Duration>,
    pub first_slot_begins_at: Option<Time>,
}

/// What a table is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeTableDescriptionData {
    #[key]
    pub time_table_id: Option<u32>,
    /// Whether a peer may add and remove slots.
    pub time_slot_count_changeable: Option<bool>,
    /// Whether a peer may move slots.
    pub time_slot_times_changeable: Option<bool>,
    pub time_slot_time_mode: Option<TimeSlotTimeMode>,
    pub label: Option<String>,
    pub description: Option<String>,
}
