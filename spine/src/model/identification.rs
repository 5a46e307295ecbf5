//! Identification: who or what is connected, and charging sessions (RS, Identification).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{MeasurementId, TimePeriod};

/// Names an identification.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct IdentificationId(pub u32);

/// Names a session.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct SessionId(pub u32);

/// What sort of identification it is.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum IdentificationType {
    /// A hardware address of 48 bits: of the vehicle's modem.
    Eui48,
    /// A hardware address of 64 bits.
    Eui64,
    UserRfidTag,
    Other(Box<str>),
}

/// One identification.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IdentificationData {
    #[key]
    pub identification_id: Option<IdentificationId>,
    pub identification_type: Option<IdentificationType>,
    /// The identifying text. Personal data: mind who may read it.
    pub identification_value: Option<String>,
    /// Whether it may use the device.
    pub authorized: Option<bool>,
}

/// One session: when, and who.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SessionIdentificationData {
    #[key]
    pub session_id: Option<SessionId>,
    pub identification_id: Option<IdentificationId>,
    pub is_latest_session: Option<bool>,
    pub time_period: Option<TimePeriod>,
}

/// The measurements that belong to a session.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SessionMeasurementRelationData {
    #[key]
    pub session_id: Option<SessionId>,
    pub measurement_id: Vec<MeasurementId>,
}
