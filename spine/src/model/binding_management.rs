//! BindingManagement: the right of a client feature to write to a server feature (PS 7.3).

use alloc::string::String;

use eebus_json::{Id, Record};

use super::{FeatureAddress, FeatureType};

/// Names a binding; assigned by the server, optional in every message.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct BindingId(pub u32);

/// One binding.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BindingManagementEntryData {
    #[key]
    pub binding_id: Option<BindingId>,
    pub client_address: Option<FeatureAddress>,
    pub server_address: Option<FeatureAddress>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// Asks for a binding.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BindingManagementRequestCall {
    pub client_address: Option<FeatureAddress>,
    pub server_address: Option<FeatureAddress>,
    /// Optional, but send it always: some peers refuse or crash without it.
    pub server_feature_type: Option<FeatureType>,
}

/// Asks to end a binding.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BindingManagementDeleteCall {
    /// Never on its own: some peers need the addresses.
    pub binding_id: Option<BindingId>,
    pub client_address: Option<FeatureAddress>,
    pub server_address: Option<FeatureAddress>,
}
