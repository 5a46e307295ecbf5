//! Our own device.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{DEVICE_ENTITY, EntityPlan, FeaturePlan, FunctionPlan, Operations, UseCaseClaim};
use crate::model::{
    AddressDevice, DeviceAddress, DeviceType, EntityAddress, EntityType, FeatureAddress,
    FeatureType, Function, FunctionProperty, NetworkManagementDeviceDescriptionData,
    NetworkManagementEntityDescriptionData, NetworkManagementFeatureDescriptionData,
    NetworkManagementFeatureSet, NetworkManagementStateChange, NodeManagementDetailedDiscoveryData,
    NodeManagementDetailedDiscoveryDeviceInformation,
    NodeManagementDetailedDiscoveryEntityInformation,
    NodeManagementDetailedDiscoveryFeatureInformation, NodeManagementSpecificationVersionList,
    NodeManagementUseCaseData, Payload, Role, UseCaseInformationData, UseCaseSupport,
};

/// Who decides about a peer's write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Acceptance {
    /// The engine: what the rules of the exchange allow is taken.
    Engine,
    /// The application: it hears of the write and accepts or refuses it.
    Application,
}

/// Our device: its entities, features and data.
#[derive(Debug)]
pub struct LocalDevice {
    address: AddressDevice,
    kind: DeviceType,
    label: Option<String>,
    entities: BTreeMap<Vec<u32>, LocalEntity>,
}

/// An entity of our device.
#[derive(Debug)]
pub struct LocalEntity {
    /// What it stands for.
    pub kind: EntityType,
    /// A name for humans.
    pub label: Option<String>,
    /// The use cases that it plays a part in.
    pub use_cases: Vec<UseCaseClaim>,
    features: BTreeMap<u32, LocalFeature>,
}

/// A feature of our device.
#[derive(Debug)]
pub struct LocalFeature {
    /// The standard's type.
    pub kind: FeatureType,
    /// Whether it owns data or uses that of others.
    pub role: Role,
    /// How long an answer may take, if longer than 10 s.
    pub max_response_delay: Option<Duration>,
    pub(crate) functions: BTreeMap<Function, LocalFunction>,
}

/// A function that a feature of our device serves.
#[derive(Debug)]
pub struct LocalFunction {
    /// What a peer may do with it.
    pub operations: Operations,
    /// Who decides about writes.
    pub acceptance: Acceptance,
    /// What it holds.
    pub data: Option<Payload>,
}

impl LocalDevice {
    /// A device with nothing but its NodeManagement.
    pub fn new(address: AddressDevice, kind: DeviceType) -> Self {
        let mut plan = EntityPlan::new(EntityType::DeviceInformation);
        let management = plan.feature(&FeatureType::NodeManagement, Role::Special);
        for (function, operations) in [
            (Function::NodeManagementDetailedDiscoveryData, Operations::READ),
            (Function::NodeManagementUseCaseData, Operations::READ),
            (Function::NodeManagementSubscriptionData, Operations::READ),
            (Function::NodeManagementSubscriptionRequestCall, Operations::NONE),
            (Function::NodeManagementSubscriptionDeleteCall, Operations::NONE),
            (Function::NodeManagementBindingData, Operations::READ),
            (Function::NodeManagementBindingRequestCall, Operations::NONE),
            (Function::NodeManagementBindingDeleteCall, Operations::NONE),
            (Function::NodeManagementDestinationListData, Operations::READ),
        ] {
            management.serve(function, operations);
        }
        let mut entity = LocalEntity::from(plan);
        if let Some(management) = entity.features.remove(&1) {
            entity.features.insert(0, management);
        }
        let entities = BTreeMap::from([(DEVICE_ENTITY.to_vec(), entity)]);
        Self { address, kind, label: None, entities }
    }

    /// With a name for humans, at most 256 characters.
    pub fn with_label(mut self, label: &str) -> Self {
        self.label = Some(label.chars().take(256).collect());
        self
    }

    /// Adds a feature to entity `[0]`, before the device is shown to anybody; returns its address.
    pub fn add_device_feature(&mut self, plan: FeaturePlan) -> FeatureAddress {
        let entity = self.entities.get_mut(DEVICE_ENTITY).expect("entity [0] is always there");
        let number = entity.features.keys().last().map_or(1, |last| last + 1);
        entity.features.insert(number, plan.into());
        self.feature_address(DEVICE_ENTITY, number)
    }

    /// The address of the device.
    pub const fn address(&self) -> &AddressDevice {
        &self.address
    }

    /// The entities and their paths, parents before children.
    pub fn entities(&self) -> impl Iterator<Item = (&[u32], &LocalEntity)> {
        self.entities.iter().map(|(path, entity)| (path.as_slice(), entity))
    }

    /// The entity with this path.
    pub fn entity(&self, path: &[u32]) -> Option<&LocalEntity> {
        self.entities.get(path)
    }

    /// The feature with this address; the device part is not looked at.
    pub fn feature(&self, address: &FeatureAddress) -> Option<&LocalFeature> {
        self.entities.get(&address.entity)?.features.get(&address.feature?)
    }

    pub(crate) fn feature_mut(&mut self, address: &FeatureAddress) -> Option<&mut LocalFeature> {
        self.entities.get_mut(&address.entity)?.features.get_mut(&address.feature?)
    }

    pub(crate) fn entity_mut(&mut self, path: &[u32]) -> Option<&mut LocalEntity> {
        self.entities.get_mut(path)
    }

    /// The address of the feature of this type and role on an entity.
    pub fn find(&self, path: &[u32], kind: &FeatureType, role: Role) -> Option<FeatureAddress> {
        let features = &self.entities.get(path)?.features;
        let (number, _) = features.iter().find(|(_, f)| f.kind == *kind && f.role == role)?;
        Some(self.feature_address(path, *number))
    }

    /// Adds an entity under the first free number of its parent; `None` if that does not exist.
    pub(crate) fn add(&mut self, plan: EntityPlan) -> Option<Vec<u32>> {
        if !plan.parent.is_empty() && !self.entities.contains_key(&plan.parent) {
            return None;
        }
        let mut path = plan.parent.clone();
        path.push(1);
        while self.entities.contains_key(&path) {
            *path.last_mut()? += 1;
        }
        self.entities.insert(path.clone(), plan.into());
        Some(path)
    }

    /// Removes an entity and what is below it; returns the paths, children before parents.
    pub(crate) fn remove(&mut self, path: &[u32]) -> Vec<Vec<u32>> {
        let mut gone: Vec<_> =
            self.entities.keys().filter(|key| key.starts_with(path)).cloned().collect();
        if path == DEVICE_ENTITY || path.is_empty() {
            gone.clear();
        }
        gone.reverse();
        for path in &gone {
            self.entities.remove(path);
        }
        gone
    }

    pub(crate) fn feature_address(&self, path: &[u32], number: u32) -> FeatureAddress {
        FeatureAddress {
            device: Some(self.address.clone()),
            entity: path.to_vec(),
            feature: Some(number),
        }
    }

    /// The whole discovery document (PS 7.1).
    pub(crate) fn discovery(&self) -> NodeManagementDetailedDiscoveryData {
        let (entities, features) = self
            .entities
            .iter()
            .map(|(path, entity)| (entity.information(path, None), entity.descriptions(path, None)))
            .unzip::<_, _, Vec<_>, Vec<_>>();
        NodeManagementDetailedDiscoveryData {
            specification_version_list: Some(NodeManagementSpecificationVersionList {
                specification_version: alloc::vec![crate::SPECIFICATION_VERSION.into()],
            }),
            device_information: Some(self.device_information()),
            entity_information: entities,
            feature_information: features.into_iter().flatten().collect(),
        }
    }

    /// The part of it that tells of a new entity (PS 7.1.5).
    pub(crate) fn discovery_added(&self, path: &[u32]) -> NodeManagementDetailedDiscoveryData {
        let added = Some(NetworkManagementStateChange::Added);
        let entity = self.entities.get(path);
        NodeManagementDetailedDiscoveryData {
            specification_version_list: None,
            device_information: Some(self.device_information()),
            entity_information: entity.iter().map(|e| e.information(path, added)).collect(),
            feature_information: entity.iter().flat_map(|e| e.descriptions(path, added)).collect(),
        }
    }

    /// The part of it that tells of a removed entity.
    pub(crate) fn discovery_removed(&self, path: &[u32]) -> NodeManagementDetailedDiscoveryData {
        let description = NetworkManagementEntityDescriptionData {
            entity_address: Some(EntityAddress { device: None, entity: path.to_vec() }),
            last_state_change: Some(NetworkManagementStateChange::Removed),
            ..Default::default()
        };
        NodeManagementDetailedDiscoveryData {
            specification_version_list: None,
            device_information: Some(self.device_information()),
            entity_information: alloc::vec![NodeManagementDetailedDiscoveryEntityInformation {
                description: Some(description),
            }],
            feature_information: Vec::new(),
        }
    }

    /// The device itself, as discovery and the list of destinations show it.
    pub(crate) fn description(&self) -> NetworkManagementDeviceDescriptionData {
        NetworkManagementDeviceDescriptionData {
            device_address: Some(DeviceAddress { device: Some(self.address.clone()) }),
            device_type: Some(self.kind.clone()),
            network_feature_set: Some(NetworkManagementFeatureSet::Smart),
            label: self.label.clone(),
            ..Default::default()
        }
    }

    fn device_information(&self) -> NodeManagementDetailedDiscoveryDeviceInformation {
        NodeManagementDetailedDiscoveryDeviceInformation { description: Some(self.description()) }
    }

    /// The use cases of all entities, one entry for each entity and actor (PS 7.5).
    pub(crate) fn use_cases(&self) -> NodeManagementUseCaseData {
        let mut information: Vec<UseCaseInformationData> = Vec::new();
        for (path, entity) in &self.entities {
            let first = information.len();
            for claim in &entity.use_cases {
                let same = |i: &UseCaseInformationData| i.actor.as_ref() == Some(&claim.actor);
                let entry = match information[first..].iter().position(same) {
                    Some(i) => &mut information[first + i],
                    None => {
                        information.push(UseCaseInformationData {
                            address: Some(FeatureAddress {
                                device: Some(self.address.clone()),
                                entity: path.clone(),
                                feature: None,
                            }),
                            actor: Some(claim.actor.clone()),
                            ..Default::default()
                        });
                        information.last_mut().expect("just pushed")
                    }
                };
                entry.use_case_support.push(claim.support());
            }
        }
        NodeManagementUseCaseData { use_case_information: information }
    }
}

impl UseCaseClaim {
    fn support(&self) -> UseCaseSupport {
        UseCaseSupport {
            use_case_name: Some(self.name.clone()),
            use_case_version: Some(self.version.into()),
            // True from both roles: some peers take an absent flag for unavailable (PS 7.5.2).
            use_case_available: Some(true),
            scenario_support: self.scenarios.clone(),
            use_case_document_sub_revision: Some(self.revision.into()),
        }
    }
}

impl LocalEntity {
    /// The features and their numbers.
    pub fn features(&self) -> impl Iterator<Item = (u32, &LocalFeature)> {
        self.features.iter().map(|(number, feature)| (*number, feature))
    }

    fn information(
        &self,
        path: &[u32],
        change: Option<NetworkManagementStateChange>,
    ) -> NodeManagementDetailedDiscoveryEntityInformation {
        let description = NetworkManagementEntityDescriptionData {
            entity_address: Some(EntityAddress { device: None, entity: path.to_vec() }),
            entity_type: Some(self.kind.clone()),
            last_state_change: change,
            label: self.label.clone(),
            ..Default::default()
        };
        NodeManagementDetailedDiscoveryEntityInformation { description: Some(description) }
    }

    fn descriptions(
        &self,
        path: &[u32],
        change: Option<NetworkManagementStateChange>,
    ) -> Vec<NodeManagementDetailedDiscoveryFeatureInformation> {
        let features = self.features.iter();
        features.map(|(number, feature)| feature.information(path, *number, change)).collect()
    }
}

impl LocalFeature {
    /// A function that it serves.
    pub fn function(&self, function: Function) -> Option<&LocalFunction> {
        self.functions.get(&function)
    }

    fn information(
        &self,
        path: &[u32],
        number: u32,
        change: Option<NetworkManagementStateChange>,
    ) -> NodeManagementDetailedDiscoveryFeatureInformation {
        let address = FeatureAddress { device: None, entity: path.to_vec(), feature: Some(number) };
        let functions = self.functions.iter().map(|(name, function)| FunctionProperty {
            function: Some((*name).into()),
            possible_operations: Some(function.operations.announced()),
        });
        let description = NetworkManagementFeatureDescriptionData {
            feature_address: Some(address),
            feature_type: Some(self.kind.clone()),
            role: Some(self.role),
            supported_function: functions.collect(),
            last_state_change: change,
            max_response_delay: self.max_response_delay.map(Into::into),
            ..Default::default()
        };
        NodeManagementDetailedDiscoveryFeatureInformation { description: Some(description) }
    }
}

impl From<EntityPlan> for LocalEntity {
    fn from(plan: EntityPlan) -> Self {
        let features = (1..).zip(plan.features.into_iter().map(LocalFeature::from)).collect();
        Self { kind: plan.kind, label: plan.label, use_cases: plan.use_cases, features }
    }
}

impl From<FeaturePlan> for LocalFeature {
    fn from(plan: FeaturePlan) -> Self {
        let functions = plan.functions.into_iter().map(|f| (f.function, f.into())).collect();
        Self {
            kind: plan.kind,
            role: plan.role,
            max_response_delay: plan.max_response_delay,
            functions,
        }
    }
}

impl From<FunctionPlan> for LocalFunction {
    fn from(plan: FunctionPlan) -> Self {
        Self { operations: plan.operations, acceptance: plan.acceptance, data: plan.data }
    }
}
