//! NetworkManagement: devices, entities and features of a network, and changes to it
//! (RS, NetworkManagement).
//!
//! The descriptions are also the content of the NodeManagement discovery. The rest is for
//! gateways, and no known device uses it.

use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Record, Word};

use super::{
    DeviceAddress, DeviceType, Duration, EntityAddress, EntityType, FeatureAddress,
    FeatureSpecificUsage, FeatureType, FunctionProperty, Role,
};

/// What a device does with messages for others. A closed list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Word)]
pub enum NetworkManagementFeatureSet {
    /// Forwards and translates.
    Gateway,
    /// Forwards.
    Router,
    /// Understands forwarded messages.
    Smart,
    /// Only direct communication.
    Simple,
}

/// How a call ended. A closed list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Word)]
pub enum NetworkManagementProcessStateState {
    Succeeded,
    Failed,
    Aborted,
}

/// What happened to a device, entity or feature. A closed list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Word)]
pub enum NetworkManagementStateChange {
    Added,
    Removed,
    Modified,
}

/// Asks to add a node to the network.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementAddNodeCall {
    pub node_address: Option<FeatureAddress>,
    pub native_setup: Option<String>,
    pub timeout: Option<Duration>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// Asks to remove a node from the network.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementRemoveNodeCall {
    pub node_address: Option<FeatureAddress>,
    pub timeout: Option<Duration>,
}

/// Asks to change a node of the network.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementModifyNodeCall {
    pub node_address: Option<FeatureAddress>,
    pub native_setup: Option<String>,
    pub timeout: Option<Duration>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// Asks to look for nodes.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementScanNetworkCall {
    pub scan_setup: Option<String>,
    pub timeout: Option<Duration>,
}

/// Asks to discover a node in detail.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementDiscoverCall {
    pub discover_address: Option<FeatureAddress>,
}

/// Asks to stop the running call.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementAbortCall {}

/// How the running call stands.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementProcessStateData {
    pub state: Option<NetworkManagementProcessStateState>,
    pub description: Option<String>,
}

/// Whether nodes may join.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementJoiningModeData {
    pub setup: Option<String>,
}

/// A node that might join.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementReportCandidateData {
    pub candidate_setup: Option<String>,
    pub setup_usable_for_add: Option<bool>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// A device.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementDeviceDescriptionData {
    #[key]
    pub device_address: Option<DeviceAddress>,
    pub device_type: Option<DeviceType>,
    /// Do not send; nobody uses it.
    pub network_management_responsible_address: Option<FeatureAddress>,
    pub native_setup: Option<String>,
    pub technology_address: Option<String>,
    pub communications_technology_information: Option<String>,
    pub network_feature_set: Option<NetworkManagementFeatureSet>,
    /// What happened to it; meaningful in notifications.
    pub last_state_change: Option<NetworkManagementStateChange>,
    pub minimum_trust_level: Option<String>,
    /// For humans, at most 256 characters.
    pub label: Option<String>,
    /// For humans, at most 4096 characters.
    pub description: Option<String>,
}

/// An entity.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementEntityDescriptionData {
    #[key]
    pub entity_address: Option<EntityAddress>,
    pub entity_type: Option<EntityType>,
    /// What happened to it; meaningful in notifications.
    pub last_state_change: Option<NetworkManagementStateChange>,
    pub minimum_trust_level: Option<String>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// A feature.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NetworkManagementFeatureDescriptionData {
    #[key]
    pub feature_address: Option<FeatureAddress>,
    pub feature_type: Option<FeatureType>,
    /// Narrows the feature type; out of use.
    pub specific_usage: Vec<FeatureSpecificUsage>,
    /// As `#1#3`; joins features of one entity. Nobody uses it.
    pub feature_group: Option<String>,
    pub role: Option<Role>,
    /// What a server offers; usually empty for a client.
    pub supported_function: Vec<FunctionProperty>,
    /// What happened to it; meaningful in notifications.
    pub last_state_change: Option<NetworkManagementStateChange>,
    pub minimum_trust_level: Option<String>,
    pub label: Option<String>,
    pub description: Option<String>,
    /// How long an answer may take. Absent: 10 s.
    pub max_response_delay: Option<Duration>,
}
