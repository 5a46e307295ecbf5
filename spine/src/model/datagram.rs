//! Datagram: the header of every message (PS 5.2).

use alloc::string::String;

use eebus_json::Record;

use super::{AbsoluteOrRelativeTime, CmdClassifier, FeatureAddress, MsgCounter};

/// The header of a datagram.
///
/// Every element is optional in the schema; which ones a message needs is for the reception
/// pipeline to say.
#[derive(Clone, Default, PartialEq, Record)]
pub struct Header {
    /// The version that the sender speaks, as `1.3.0`.
    pub specification_version: Option<String>,
    /// The feature that sends.
    pub address_source: Option<FeatureAddress>,
    /// The feature that shall receive. Its device may be absent while the peer's is unknown.
    pub address_destination: Option<FeatureAddress>,
    /// The original sender of a forwarded message. Do not send; ignored.
    pub address_originator: Option<FeatureAddress>,
    pub msg_counter: Option<MsgCounter>,
    /// The message that is answered; only in replies and results.
    pub msg_counter_reference: Option<MsgCounter>,
    pub cmd_classifier: Option<CmdClassifier>,
    /// Whether success is to be reported as well. Absent: no.
    pub ack_request: Option<bool>,
    /// When the datagram was made. Do not send; ignored.
    pub timestamp: Option<AbsoluteOrRelativeTime>,
}
