//! Times that come back: calendar rules and recurrences.

use alloc::boxed::Box;

use eebus_json::{Record, Tag, Word};

use super::{DateTime, Duration, Time};

/// A month of the year. A closed list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Word)]
pub enum Month {
    January,
    February,
    March,
    April,
    May,
    June,
    July,
    August,
    September,
    October,
    November,
    December,
}

/// A day of the week. A closed list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Word)]
pub enum DayOfWeek {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Which one of several days of a month: the *first* Monday, the *last* Sunday.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum Occurrence {
    First,
    Second,
    Third,
    Fourth,
    Last,
    Other(Box<str>),
}

/// How often something comes back.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum RecurringInterval {
    Yearly,
    Monthly,
    Weekly,
    Daily,
    Hourly,
    EveryMinute,
    EverySecond,
    Other(Box<str>),
}

/// The days of the week that a rule applies to: a present tag means yes.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct DaysOfWeek {
    pub monday: Option<Tag>,
    pub tuesday: Option<Tag>,
    pub wednesday: Option<Tag>,
    pub thursday: Option<Tag>,
    pub friday: Option<Tag>,
    pub saturday: Option<Tag>,
    pub sunday: Option<Tag>,
}

/// A point in time, a calendar rule, or a distance from now.
///
/// Either `date_time`, or `relative`, or any combination of the others, in the local time of the
/// device that owns the value.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct AbsoluteOrRecurringTime {
    pub date_time: Option<DateTime>,
    pub month: Option<Month>,
    /// 1 to 31.
    pub day_of_month: Option<u8>,
    /// 1 to 53.
    pub calendar_week: Option<u8>,
    pub day_of_week_occurrence: Option<Occurrence>,
    pub days_of_week: Option<DaysOfWeek>,
    pub time: Option<Time>,
    /// From the reception of the message on.
    pub relative: Option<Duration>,
}

/// How often and how long something is repeated.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct RecurrenceInformation {
    pub recurring_interval: Option<RecurringInterval>,
    /// Every so many intervals. Absent: each one.
    pub recurring_interval_step: Option<u32>,
    pub first_execution: Option<DateTime>,
    pub execution_count: Option<u32>,
    pub last_execution: Option<DateTime>,
}
