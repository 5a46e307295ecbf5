//! NodeManagement: what a device consists of, what it can do, who is related to whom (PS 7).
//!
//! The functions of feature 0 of entity `[0]`, by which two devices get to know each other. The
//! types within are those of NetworkManagement, BindingManagement, SubscriptionManagement and
//! UseCaseInformation.

use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::Record;

use super::{
    BindingManagementDeleteCall, BindingManagementEntryData, BindingManagementRequestCall,
    NetworkManagementDeviceDescriptionData, NetworkManagementEntityDescriptionData,
    NetworkManagementFeatureDescriptionData, SubscriptionManagementDeleteCall,
    SubscriptionManagementEntryData, SubscriptionManagementRequestCall, UseCaseInformationData,
};

/// The protocol versions that a device understands.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementSpecificationVersionList {
    /// As `1.3.0`.
    pub specification_version: Vec<String>,
}

/// The device.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementDetailedDiscoveryDeviceInformation {
    pub description: Option<NetworkManagementDeviceDescriptionData>,
}

/// One entity.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementDetailedDiscoveryEntityInformation {
    /// Its address is sent without `device`.
    pub description: Option<NetworkManagementEntityDescriptionData>,
}

/// One feature.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementDetailedDiscoveryFeatureInformation {
    /// Its address is sent without `device`.
    pub description: Option<NetworkManagementFeatureDescriptionData>,
}

/// What a device consists of: the device, its entities, their features.
///
/// The lists have no identifiers of the exchange: changes arrive as partial messages whose entries
/// are told apart by address and say with `last_state_change` what happened (PS 7.1.5).
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementDetailedDiscoveryData {
    pub specification_version_list: Option<NodeManagementSpecificationVersionList>,
    pub device_information: Option<NodeManagementDetailedDiscoveryDeviceInformation>,
    pub entity_information: Vec<NodeManagementDetailedDiscoveryEntityInformation>,
    pub feature_information: Vec<NodeManagementDetailedDiscoveryFeatureInformation>,
}

/// The bindings between the device that reads and the one that answers.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementBindingData {
    pub binding_entry: Vec<BindingManagementEntryData>,
}

/// Asks for a binding.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementBindingRequestCall {
    pub binding_request: Option<BindingManagementRequestCall>,
}

/// Asks to end a binding.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementBindingDeleteCall {
    pub binding_delete: Option<BindingManagementDeleteCall>,
}

/// The subscriptions between the device that reads and the one that answers.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementSubscriptionData {
    pub subscription_entry: Vec<SubscriptionManagementEntryData>,
}

/// Asks for a subscription.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementSubscriptionRequestCall {
    pub subscription_request: Option<SubscriptionManagementRequestCall>,
}

/// Asks to end a subscription.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementSubscriptionDeleteCall {
    pub subscription_delete: Option<SubscriptionManagementDeleteCall>,
}

/// A device that can be reached through the one that answers.
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementDestinationData {
    pub device_description: Option<NetworkManagementDeviceDescriptionData>,
}

/// The use cases that a device plays a part in (PS 7.5).
#[derive(Clone, Default, PartialEq, Record)]
pub struct NodeManagementUseCaseData {
    pub use_case_information: Vec<UseCaseInformationData>,
}
