//! SubscriptionManagement: a client feature is told of every change of a
//! server feature (PS 7.4).

use alloc::string::String;

use eebus_json::{Id, Record};

use super::{FeatureAddress, FeatureType};

/// Names a subscription; assigned by the server, optional in every message.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct SubscriptionId(pub u32);

/// One subscription.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SubscriptionManagementEntryData {
    #[key]
    pub subscription_id: Option<SubscriptionId>,
    pub client_address: Option<FeatureAddress>,
    pub server_address: Option<FeatureAddress>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// Asks for a subscription.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SubscriptionManagementRequestCall {
    pub client_address: Option<FeatureAddress>,
    pub server_address: Option<FeatureAddress>,
    /// Optional, but send it always: some peers refuse or crash without it.
    pub server_feature_type: Option<FeatureType>,
}

/// Asks to end a subscription.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SubscriptionManagementDeleteCall {
    /// Never on its own: some peers need the addresses.
    pub subscription_id: Option<SubscriptionId>,
    pub client_address: Option<FeatureAddress>,
    pub server_address: Option<FeatureAddress>,
}
