//! A peer's device, as its discovery describes it.
//!
//! The lists of the discovery have no identifiers, so that the general merge does not fit: the
//! entries are told apart by address, and say themselves what happened to them (PS 7.1.5).

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::{DEVICE_ENTITY, Operations};
use crate::model::{
    DeviceType, EntityType, FeatureAddress, FeatureType, Function, FunctionName,
    NetworkManagementEntityDescriptionData, NetworkManagementFeatureDescriptionData,
    NetworkManagementStateChange, NodeManagementDetailedDiscoveryData, Role,
};

/// How much of a peer's device is kept; the surplus is ignored (spine digest of resource rules).
const ENTITIES: usize = 64;
const LEVELS: usize = 15;
const FEATURES: usize = 64;
const FUNCTIONS: usize = 64;
const UNKNOWN_FUNCTIONS: usize = 16;

/// How much of a label and of a name that we do not know is kept (RS, LabelType).
const LABEL: usize = 256;
const NAME: usize = 64;

/// The longest announced response delay that is believed.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// A peer's device.
#[derive(Clone, Debug)]
pub struct RemoteDevice {
    /// What it is, if it says so.
    pub kind: Option<DeviceType>,
    /// Its name for humans.
    pub label: Option<String>,
    entities: BTreeMap<Vec<u32>, RemoteEntity>,
}

/// An entity of a peer's device.
#[derive(Clone, Debug, Default)]
pub struct RemoteEntity {
    /// What it stands for, if it says so.
    pub kind: Option<EntityType>,
    /// Its name for humans.
    pub label: Option<String>,
    features: BTreeMap<u32, RemoteFeature>,
}

/// A feature of a peer's device.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteFeature {
    /// The type, if it says so.
    pub kind: Option<FeatureType>,
    /// Whether it owns data or uses that of others.
    pub role: Role,
    /// What it serves and what we may do with it; functions that we do not know included.
    pub functions: Vec<(FunctionName, Operations)>,
    /// How long an answer may take, if longer than 10 s.
    pub max_response_delay: Option<Duration>,
}

/// What an update of the discovery changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    Added(Vec<u32>),
    Modified(Vec<u32>),
    /// Children come before their parents.
    Removed(Vec<u32>),
    /// A feature that is gone although its entity stays.
    FeatureRemoved(Vec<u32>, u32),
}

impl Default for RemoteDevice {
    /// What is known of every device: its NodeManagement.
    fn default() -> Self {
        let management = RemoteFeature {
            kind: Some(FeatureType::NodeManagement),
            role: Role::Special,
            functions: Vec::new(),
            max_response_delay: None,
        };
        let mut entity =
            RemoteEntity { kind: Some(EntityType::DeviceInformation), ..RemoteEntity::default() };
        entity.features.insert(0, management);
        Self {
            kind: None,
            label: None,
            entities: BTreeMap::from([(DEVICE_ENTITY.to_vec(), entity)]),
        }
    }
}

impl RemoteDevice {
    /// The entities and their paths, parents before children.
    pub fn entities(&self) -> impl Iterator<Item = (&[u32], &RemoteEntity)> {
        self.entities.iter().map(|(path, entity)| (path.as_slice(), entity))
    }

    /// The entity with this path.
    pub fn entity(&self, path: &[u32]) -> Option<&RemoteEntity> {
        self.entities.get(path)
    }

    /// The feature with this address; the device part is not looked at.
    pub fn feature(&self, address: &FeatureAddress) -> Option<&RemoteFeature> {
        self.entities.get(&address.entity)?.features.get(&address.feature?)
    }

    /// The number of the feature of this type and role on an entity.
    pub fn find(&self, path: &[u32], kind: &FeatureType, role: Role) -> Option<u32> {
        self.entities.get(path)?.find(kind, role)
    }

    /// Takes a whole document: what it does not list is gone.
    pub(crate) fn replace(&mut self, data: &NodeManagementDetailedDiscoveryData) -> Vec<Change> {
        let listed = |path: &[u32]| {
            path == DEVICE_ENTITY || entities(data).any(|(listed, ..)| listed == path)
        };
        let gone: Vec<_> =
            self.entities.keys().rev().filter(|path| !listed(path)).cloned().collect();
        let mut changes = Vec::new();
        for path in gone {
            self.remove(&path, &mut changes);
        }
        let listed = |path: &[u32], number| {
            features(data).any(|(p, n, _)| p == path && n == number)
                || (path == DEVICE_ENTITY && number == 0)
        };
        for (path, entity) in &mut self.entities {
            let gone: Vec<_> =
                entity.features.keys().copied().filter(|n| !listed(path, *n)).collect();
            for number in gone {
                entity.features.remove(&number);
                changes.push(Change::FeatureRemoved(path.clone(), number));
            }
        }
        changes.extend(self.merge(data));
        changes
    }

    /// Takes the parts that a document lists.
    pub(crate) fn merge(&mut self, data: &NodeManagementDetailedDiscoveryData) -> Vec<Change> {
        let mut changes = Vec::new();
        if let Some(d) = data.device_information.as_ref().and_then(|i| i.description.as_ref()) {
            self.kind = d.device_type.clone().or(self.kind.take());
            self.label = d.label.as_deref().map(label).or(self.label.take());
        }
        for (path, description) in entities(data) {
            match description.last_state_change {
                Some(NetworkManagementStateChange::Removed) => self.remove(path, &mut changes),
                _ => self.take_entity(path, description, &mut changes),
            }
        }
        for (path, number, description) in features(data) {
            // Some list the features of what they remove.
            let is_gone = changes.iter().any(|c| matches!(c, Change::Removed(p) if p == path));
            if !is_gone || self.entities.contains_key(path) {
                self.take_feature(path, number, description, &mut changes);
            }
        }
        changes
    }

    fn remove(&mut self, path: &[u32], changes: &mut Vec<Change>) {
        if path == DEVICE_ENTITY {
            return;
        }
        let gone: Vec<_> =
            self.entities.keys().rev().filter(|key| key.starts_with(path)).cloned().collect();
        for path in gone {
            self.entities.remove(&path);
            changes.push(Change::Removed(path));
        }
    }

    fn take_entity(
        &mut self,
        path: &[u32],
        description: &NetworkManagementEntityDescriptionData,
        changes: &mut Vec<Change>,
    ) {
        let Some(entity) = self.entity_for(path, changes) else {
            return;
        };
        if description.entity_type.is_some() {
            entity.kind.clone_from(&description.entity_type);
        }
        if description.label.is_some() {
            entity.label = description.label.as_deref().map(label);
        }
        note(changes, Change::Modified(path.to_vec()));
    }

    fn take_feature(
        &mut self,
        path: &[u32],
        number: u32,
        description: &NetworkManagementFeatureDescriptionData,
        changes: &mut Vec<Change>,
    ) {
        let removed = description.last_state_change == Some(NetworkManagementStateChange::Removed);
        if removed {
            let is_node_management = path == DEVICE_ENTITY && number == 0;
            if !is_node_management
                && let Some(entity) = self.entities.get_mut(path)
                && entity.features.remove(&number).is_some()
            {
                changes.push(Change::FeatureRemoved(path.to_vec(), number));
            }
            return;
        }
        // A feature of an entity that nobody declared still tells that there is one.
        let Some(entity) = self.entity_for(path, changes) else {
            return;
        };
        if entity.features.len() >= FEATURES && !entity.features.contains_key(&number) {
            return;
        }
        let before = entity.features.get(&number);
        let feature = RemoteFeature::read(description, before);
        if before != Some(&feature) {
            entity.features.insert(number, feature);
            note(changes, Change::Modified(path.to_vec()));
        }
    }

    fn entity_for(&mut self, path: &[u32], changes: &mut Vec<Change>) -> Option<&mut RemoteEntity> {
        if !self.entities.contains_key(path) {
            if self.entities.len() >= ENTITIES || path.len() > LEVELS || path.is_empty() {
                return None;
            }
            self.entities.insert(path.to_vec(), RemoteEntity::default());
            changes.push(Change::Added(path.to_vec()));
        }
        self.entities.get_mut(path)
    }
}

/// Notes a change of an entity once, and not at all if it has just been added.
fn note(changes: &mut Vec<Change>, change: Change) {
    let Change::Modified(path) = &change else {
        return;
    };
    let noted = changes.iter().any(|c| match c {
        Change::Added(p) | Change::Modified(p) => p == path,
        _ => false,
    });
    if !noted {
        changes.push(change);
    }
}

fn entities(
    data: &NodeManagementDetailedDiscoveryData,
) -> impl Iterator<Item = (&[u32], &NetworkManagementEntityDescriptionData)> {
    data.entity_information.iter().filter_map(|information| {
        let description = information.description.as_ref()?;
        Some((description.entity_address.as_ref()?.entity.as_slice(), description))
    })
}

fn features(
    data: &NodeManagementDetailedDiscoveryData,
) -> impl Iterator<Item = (&[u32], u32, &NetworkManagementFeatureDescriptionData)> {
    data.feature_information.iter().filter_map(|information| {
        let description = information.description.as_ref()?;
        let address = description.feature_address.as_ref()?;
        Some((address.entity.as_slice(), address.feature?, description))
    })
}

fn label(text: &str) -> String {
    text.chars().take(LABEL).collect()
}

impl RemoteEntity {
    /// The features and their numbers.
    pub fn features(&self) -> impl Iterator<Item = (u32, &RemoteFeature)> {
        self.features.iter().map(|(number, feature)| (*number, feature))
    }

    /// The number of the feature of this type and role.
    pub fn find(&self, kind: &FeatureType, role: Role) -> Option<u32> {
        let mut features = self.features.iter();
        features.find(|(_, f)| f.kind.as_ref() == Some(kind) && f.role == role).map(|(n, _)| *n)
    }
}

impl RemoteFeature {
    fn read(description: &NetworkManagementFeatureDescriptionData, before: Option<&Self>) -> Self {
        let mut unknown = 0;
        let functions: Vec<_> = description
            .supported_function
            .iter()
            .filter_map(|property| Some((property.function.clone()?, Operations::of(property))))
            .filter(|(name, _)| {
                unknown += usize::from(name.known().is_none());
                name.known().is_some()
                    || (unknown <= UNKNOWN_FUNCTIONS && name.as_str().len() <= NAME)
            })
            .take(FUNCTIONS)
            .collect();
        let role = description.role.or(before.map(|b| b.role)).unwrap_or(
            // Some peers leave it out.
            if functions.is_empty() { Role::Client } else { Role::Server },
        );
        let delay = description.max_response_delay.as_ref();
        Self {
            kind: description.feature_type.clone().or_else(|| before?.kind.clone()),
            role,
            functions: match before {
                Some(before) if functions.is_empty() => before.functions.clone(),
                _ => functions,
            },
            max_response_delay: delay
                .and_then(|delay| delay.length().ok())
                .map(|delay| delay.min(LONGEST_DELAY)),
        }
    }

    /// What we may do with a function; `None` if it is not announced.
    pub fn operations(&self, function: Function) -> Option<Operations> {
        let mut functions = self.functions.iter();
        functions
            .find(|(name, _)| name.known() == Some(function))
            .map(|(_, operations)| *operations)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::model::{
        EntityAddress, FunctionProperty, NodeManagementDetailedDiscoveryEntityInformation,
        NodeManagementDetailedDiscoveryFeatureInformation,
    };

    fn entity(
        path: &[u32],
        kind: EntityType,
        change: Option<NetworkManagementStateChange>,
    ) -> NodeManagementDetailedDiscoveryEntityInformation {
        NodeManagementDetailedDiscoveryEntityInformation {
            description: Some(NetworkManagementEntityDescriptionData {
                entity_address: Some(EntityAddress { device: None, entity: path.to_vec() }),
                entity_type: Some(kind),
                last_state_change: change,
                ..Default::default()
            }),
        }
    }

    fn feature(path: &[u32], number: u32) -> NodeManagementDetailedDiscoveryFeatureInformation {
        NodeManagementDetailedDiscoveryFeatureInformation {
            description: Some(NetworkManagementFeatureDescriptionData {
                feature_address: Some(FeatureAddress {
                    device: None,
                    entity: path.to_vec(),
                    feature: Some(number),
                }),
                feature_type: Some(FeatureType::LoadControl),
                supported_function: vec![FunctionProperty {
                    function: Some(Function::LoadControlLimitListData.into()),
                    possible_operations: Some(Operations::READ_WRITE.announced()),
                }],
                ..Default::default()
            }),
        }
    }

    fn document() -> NodeManagementDetailedDiscoveryData {
        NodeManagementDetailedDiscoveryData {
            entity_information: vec![
                entity(&[0], EntityType::DeviceInformation, None),
                entity(&[1], EntityType::EVSE, None),
                entity(&[1, 1], EntityType::EV, None),
            ],
            feature_information: vec![feature(&[1, 1], 3)],
            ..Default::default()
        }
    }

    #[test]
    fn a_document_describes_a_device() {
        let mut device = RemoteDevice::default();
        let changes = device.replace(&document());
        assert!(changes.contains(&Change::Added(vec![1])));
        assert!(changes.contains(&Change::Added(vec![1, 1])));
        let number = device.find(&[1, 1], &FeatureType::LoadControl, Role::Server);
        assert_eq!(number, Some(3), "a feature with functions and without a role is a server");
        let feature = device.entity(&[1, 1]).and_then(|e| e.features.get(&3)).expect("there");
        let operations = feature.operations(Function::LoadControlLimitListData);
        assert_eq!(operations, Some(Operations::READ_WRITE));
    }

    #[test]
    fn the_same_document_again_changes_only_what_it_says() {
        let mut device = RemoteDevice::default();
        device.replace(&document());
        let changes = device.replace(&document());
        assert!(changes.iter().all(|c| matches!(c, Change::Modified(_))), "{changes:?}");
    }

    #[test]
    fn an_entity_takes_its_children_with_it() {
        let mut device = RemoteDevice::default();
        device.replace(&document());
        let removed = Some(NetworkManagementStateChange::Removed);
        let changes = device.merge(&NodeManagementDetailedDiscoveryData {
            entity_information: vec![entity(&[1], EntityType::EVSE, removed)],
            ..Default::default()
        });
        assert_eq!(changes, [Change::Removed(vec![1, 1]), Change::Removed(vec![1])]);
    }

    #[test]
    fn the_features_of_a_removed_entity_do_not_bring_it_back() {
        let mut device = RemoteDevice::default();
        device.replace(&document());
        let removed = Some(NetworkManagementStateChange::Removed);
        device.merge(&NodeManagementDetailedDiscoveryData {
            entity_information: vec![entity(&[1, 1], EntityType::EV, removed)],
            feature_information: vec![feature(&[1, 1], 3)],
            ..Default::default()
        });
        assert!(device.entity(&[1, 1]).is_none());
    }

    #[test]
    fn what_a_whole_document_leaves_out_is_gone_but_the_node_management_stays() {
        let mut device = RemoteDevice::default();
        device.replace(&document());
        let changes = device.replace(&NodeManagementDetailedDiscoveryData::default());
        assert_eq!(changes, [Change::Removed(vec![1, 1]), Change::Removed(vec![1])]);
        let management = device.find(DEVICE_ENTITY, &FeatureType::NodeManagement, Role::Special);
        assert_eq!(management, Some(0));
    }

    #[test]
    fn a_hint_without_content_is_no_change_of_features() {
        let mut device = RemoteDevice::default();
        device.replace(&document());
        let modified = Some(NetworkManagementStateChange::Modified);
        let changes = device.merge(&NodeManagementDetailedDiscoveryData {
            entity_information: vec![entity(&[0], EntityType::DeviceInformation, modified)],
            ..Default::default()
        });
        assert_eq!(changes, [Change::Modified(vec![0])]);
    }

    #[test]
    fn the_surplus_of_a_huge_document_is_ignored() {
        let mut device = RemoteDevice::default();
        device.replace(&NodeManagementDetailedDiscoveryData {
            entity_information: (0..1000).map(|i| entity(&[i], EntityType::EV, None)).collect(),
            feature_information: (0..1000).map(|i| feature(&[1], i)).collect(),
            ..Default::default()
        });
        assert_eq!(device.entities.len(), ENTITIES);
        assert_eq!(device.entities[&vec![1]].features.len(), FEATURES);
    }
}
