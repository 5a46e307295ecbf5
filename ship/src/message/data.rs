//! Payloads (SHIP 1.1.0 §13.4.5) and the end of a connection (§13.4.8).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Raw, Record, Word};

/// The only message format in use.
pub const JSON_UTF8: &str = "JSON-UTF8";

/// The protocol identifier of SPINE.
pub const SPINE_PROTOCOL: &str = "ee1.0";

/// The header of a payload.
#[derive(Clone, Default, PartialEq, Record)]
pub struct Header {
    /// Which protocol the payload belongs to.
    pub protocol_id: Option<String>,
}

impl Header {
    /// The payload is SPINE's.
    pub fn spine() -> Self {
        Self { protocol_id: Some(SPINE_PROTOCOL.into()) }
    }
}

/// Anything a manufacturer adds.
#[derive(Clone, Default, PartialEq, Record)]
pub struct Extension {
    /// Whose extension it is.
    pub extension_id: Option<String>,
    /// Hexadecimal digits.
    pub binary: Option<String>,
    /// Text.
    pub string: Option<String>,
}

/// `data`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct Data {
    /// What the payload is.
    pub header: Option<Header>,
    /// The payload, unread.
    pub payload: Option<Raw>,
    /// An extension, ignored.
    pub extension: Option<Extension>,
}

/// Whether an end is announced or confirmed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Word)]
pub enum ClosePhase {
    /// The sender wants to end the connection.
    Announce,
    /// The sender agrees.
    Confirm,
}

/// Why a connection ends.
#[derive(Clone, Debug, Eq, PartialEq, Word)]
pub enum CloseReason {
    /// For a while: the peer is expected to come back.
    Unspecific,
    /// The sender no longer trusts the receiver.
    RemovedConnection,
    /// Free text, as the Go stack writes.
    Other(Box<str>),
}

/// `connectionClose`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ConnectionClose {
    /// Announced or confirmed; some peers leave it out and mean the former.
    pub phase: Option<ClosePhase>,
    /// How long the sender waits for the confirmation, in milliseconds.
    pub max_time: Option<u32>,
    /// Why.
    pub reason: Option<CloseReason>,
}
