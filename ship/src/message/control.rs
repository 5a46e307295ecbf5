//! Messages that set a connection up (SHIP 1.1.0 §13.4.4) and the access methods (§13.4.6).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use eebus_json::{Record, Tag, Word};

use super::{JSON_UTF8, KeyMaterialState};

/// Whether the sender trusts the receiver.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Word)]
pub enum HelloPhase {
    /// Not decided yet.
    Pending,
    /// Trusted.
    Ready,
    /// Refused, or given up.
    Aborted,
}

/// `connectionHello`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ConnectionHello {
    /// What the sender thinks.
    pub phase: Option<HelloPhase>,
    /// How long the sender goes on waiting, in milliseconds; absent while it does not count.
    pub waiting: Option<u32>,
    /// `true`: the sender, still pending, asks the receiver to wait longer.
    #[alias("prolongation_request")]
    pub prolongation_request: Option<bool>,
    /// 1.1.0: which state of the sender's keys is current.
    pub key_material_state: Option<KeyMaterialState>,
}

impl ConnectionHello {
    /// The sender's phase, and how long it goes on waiting.
    pub(crate) fn update(phase: HelloPhase, waiting: Option<Duration>) -> Self {
        let waiting = waiting.map(|left| u32::try_from(left.as_millis()).unwrap_or(u32::MAX));
        Self { phase: Some(phase), waiting, ..Self::default() }
    }

    /// Asks a peer that is ready to wait longer.
    pub(crate) fn prolongation() -> Self {
        Self {
            phase: Some(HelloPhase::Pending),
            prolongation_request: Some(true),
            ..Self::default()
        }
    }
}

/// Whether a handshake offers or chooses.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Word)]
pub enum HandshakeType {
    /// The highest version the client has, and all its formats.
    AnnounceMax,
    /// One version and one format.
    Select,
}

/// A version of SHIP.
#[derive(Clone, Copy, Default, Eq, Ord, PartialEq, PartialOrd, Record)]
pub struct Version {
    /// The number before the point.
    pub major: Option<u16>,
    /// The number after the point.
    pub minor: Option<u16>,
}

impl Version {
    /// SHIP 1.0, which every node speaks.
    pub const V1_0: Self = Self { major: Some(1), minor: Some(0) };
    /// SHIP 1.1.
    pub const V1_1: Self = Self { major: Some(1), minor: Some(1) };
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major.unwrap_or(0), self.minor.unwrap_or(0))
    }
}

/// `formats`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct Formats {
    /// `JSON-UTF8`, and in theory others.
    pub format: Vec<String>,
}

/// `messageProtocolHandshake`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct MessageProtocolHandshake {
    /// Offer or choice.
    pub handshake_type: Option<HandshakeType>,
    /// The version offered or chosen.
    pub version: Option<Version>,
    /// The formats offered, or the one chosen.
    pub formats: Option<Formats>,
}

impl MessageProtocolHandshake {
    /// An offer or a choice of `version` with the one format that is in use.
    pub(crate) fn of(handshake_type: HandshakeType, version: Version) -> Self {
        Self {
            handshake_type: Some(handshake_type),
            version: Some(version),
            formats: Some(Formats { format: vec![JSON_UTF8.into()] }),
        }
    }

    /// The formats, none if the element is missing.
    pub(crate) fn formats(&self) -> &[String] {
        self.formats.as_ref().map_or(&[], |formats| &formats.format)
    }
}

/// `messageProtocolHandshakeError`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct MessageProtocolHandshakeError {
    /// 1 time-out, 2 unexpected message, 3 selection mismatch.
    pub error: Option<u8>,
}

/// What the sender demands of the receiver.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Word)]
pub enum PinState {
    /// A PIN, before any data.
    Required,
    /// A PIN, for more than restricted data.
    Optional,
    /// A PIN that has been given.
    PinOk,
    /// Nothing.
    None,
}

/// Whether a PIN may be given now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Word)]
pub enum InputPermission {
    /// Not now: too many were wrong.
    Busy,
    /// Yes.
    Ok,
}

/// `connectionPinState`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ConnectionPinState {
    /// What is demanded.
    pub pin_state: Option<PinState>,
    /// Present exactly with `required` and `optional`.
    pub input_permission: Option<InputPermission>,
}

/// `connectionPinInput`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ConnectionPinInput {
    /// 8 to 16 hexadecimal digits.
    pub pin: Option<String>,
}

/// `connectionPinError`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ConnectionPinError {
    /// 1: wrong PIN.
    pub error: Option<u8>,
}

/// `accessMethodsRequest`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct AccessMethodsRequest {}

/// `dns`: an address in unicast DNS.
#[derive(Clone, Default, PartialEq, Record)]
pub struct Dns {
    /// `wss://...`. Some devices put it in the place of the whole element.
    #[text]
    pub uri: Option<String>,
}

/// `accessMethods`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct AccessMethods {
    /// The sender's SHIP ID.
    pub id: Option<Box<str>>,
    /// The sender is announced by mDNS.
    #[element("dnsSd_mDns")]
    #[alias("dns_sd_mdns")]
    pub dns_sd_m_dns: Option<Tag>,
    /// The sender is reachable by unicast DNS. We never send it: each version of the Go stack
    /// closes the connection on one of its two spellings.
    pub dns: Option<Dns>,
}
