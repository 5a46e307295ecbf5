//! Messages of SHIP 1.1.0 about keys: the update of certificates without a new pairing (§12.1.3),
//! and commissioning, which this node refuses.

use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Record, Word};

/// `commissioningRequest`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct CommissioningRequest {}

/// `commissioningResponse`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct CommissioningResponse {
    /// Whether the sender lets itself be commissioned.
    pub accept: Option<bool>,
}

/// `keyMaterialRequest`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialRequest {}

/// A key to be trusted.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialEntry {
    /// IANA number of the TLS group.
    pub curve: Option<u16>,
    /// 40 hexadecimal digits.
    pub ski: Option<String>,
    /// The public key.
    pub public_key: Option<String>,
    /// How far it is trusted (§12.3.2).
    pub user_trust: Option<u32>,
    /// Whether it belongs to a commissioning tool.
    pub commissioning_tool: Option<bool>,
    /// SHIP ID of its node.
    pub id: Option<String>,
    /// Free text.
    pub note: Option<String>,
}

/// `keyMaterial`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterial {
    /// How many keys the sender has room for.
    pub max_entries: Option<u64>,
    /// The keys.
    pub entry: Vec<KeyMaterialEntry>,
}

/// A key that is trusted.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialResponseEntry {
    /// IANA number of the TLS group.
    pub curve: Option<u16>,
    /// 40 hexadecimal digits.
    pub ski: Option<String>,
    /// The public key.
    pub public_key: Option<String>,
    /// How far it is trusted (§12.3.2).
    pub user_trust: Option<u32>,
    /// SHIP ID of its node.
    pub id: Option<String>,
    /// Free text.
    pub note: Option<String>,
}

/// `keyMaterialResponse`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialResponse {
    /// The keys.
    pub entry: Vec<KeyMaterialResponseEntry>,
}

/// A key to be forgotten.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialDeleteEntry {
    /// IANA number of the TLS group.
    pub curve: Option<u16>,
    /// 40 hexadecimal digits.
    pub ski: Option<String>,
    /// Free text.
    pub note: Option<String>,
}

/// `keyMaterialDelete`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialDelete {
    /// The keys.
    pub entry: Vec<KeyMaterialDeleteEntry>,
}

/// `keyMaterialDeleteResponse`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialDeleteResponse {
    /// The keys that are gone.
    pub entry: Vec<KeyMaterialResponseEntry>,
}

/// Which of a node's keys an entry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Word)]
pub enum KeyState {
    /// The one before.
    Predecessor,
    /// The one in use.
    Current,
    /// The one to come.
    Successor,
}

/// One of a node's own keys.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialStateEntry {
    /// Which one.
    pub current_state: Option<KeyState>,
    /// IANA number of the TLS group.
    pub curve: Option<u16>,
    /// 40 hexadecimal digits.
    pub ski: Option<String>,
    /// The public key.
    pub public_key: Option<String>,
}

/// `keyMaterialState`, as a message and, with the counter alone, in `connectionHello`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialState {
    /// Counts the changes of the sender's keys.
    pub update_counter: Option<u16>,
    /// The sender's keys.
    pub entry: Vec<KeyMaterialStateEntry>,
}

/// `keyMaterialStateResponse`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialStateResponse {
    /// Whether the sender takes the new keys over.
    pub accept: Option<bool>,
}

/// `keyMaterialStateRequest`.
#[derive(Clone, Default, PartialEq, Record)]
pub struct KeyMaterialStateRequest {
    /// The counter that the sender knows.
    pub known_update_counter: Option<u16>,
}
