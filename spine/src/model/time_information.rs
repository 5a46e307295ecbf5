//! TimeInformation: the clock of a device (RS, TimeInformation).

use eebus_json::Record;

use super::{DateTime, DayOfWeek, Duration};

/// What the clock says.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeInformationData {
    pub utc: Option<DateTime>,
    /// What local time is ahead of UTC.
    pub utc_offset: Option<Duration>,
    pub day_of_week: Option<DayOfWeek>,
    /// 1 to 53.
    pub calendar_week: Option<u8>,
}

/// Whether other devices may take their time from this one.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeDistributorData {
    pub is_time_distributor: Option<bool>,
    pub distributor_priority: Option<u32>,
}

/// How good the clock is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimePrecisionData {
    pub is_synchronised: Option<bool>,
    pub last_sync_at: Option<DateTime>,
    pub clock_drift: Option<i64>,
}

/// Asks who distributes the time.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TimeDistributorEnquiryCall {}
