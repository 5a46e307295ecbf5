//! Who plays the other actor: a peer's entities, found in its use cases and its discovery.
//!
//! Devices in the field announce other actors than the documents name, leave out addresses or
//! scenarios, or have no table of use cases at all. Only an entity that the discovery shows can
//! be a partner, whatever is announced (e-mobility 2.3, PS 7.5).

use alloc::vec::Vec;

use super::describe::feature_of;
use super::{Play, Support};
use crate::device::RemoteDevice;
use crate::engine::{Peer, PeerId};
use crate::model::{EntityType, FeatureAddress, Role, UseCaseInformationData, UseCaseSupport};

/// The most entities of one peer that can be partners of one use case.
pub(super) const PARTNERS: usize = 16;

/// An entity of a peer that plays the other actor of a use case.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Partner {
    /// The peer.
    pub peer: PeerId,
    /// The path of the entity.
    pub entity: Vec<u32>,
}

/// An entity that plays the other actor, and how far.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Match {
    /// The path of the entity.
    pub entity: Vec<u32>,
    /// The scenarios that both sides support.
    pub scenarios: Vec<u32>,
}

impl Play {
    /// The entities of a peer that play the other actor; none before its use cases have been
    /// read.
    pub fn partners(&self, peer: &Peer) -> Vec<Match> {
        let Some(table) = peer.use_cases() else {
            return Vec::new();
        };
        // Old devices have no table: what they can do follows from their features.
        if table.use_case_information.is_empty() {
            return self.by_features(peer.device());
        }
        let mut found: Vec<Match> = Vec::new();
        for information in &table.use_case_information {
            let actor = information.actor.as_ref();
            if !actor.is_some_and(|actor| self.counterpart().is_called(&actor.0)) {
                continue;
            }
            for support in information.use_case_support.iter().filter(|s| self.fits(s)) {
                let scenarios = self.common(&support.scenario_support);
                for entity in self.resolve(information, peer.device()) {
                    Self::note(&mut found, entity, &scenarios);
                }
            }
        }
        found
    }

    fn note(found: &mut Vec<Match>, entity: Vec<u32>, scenarios: &[u32]) {
        // Some announce the same in several entries: together they count.
        if let Some(known) = found.iter_mut().find(|known| known.entity == entity) {
            for scenario in scenarios {
                if !known.scenarios.contains(scenario) {
                    known.scenarios.push(*scenario);
                }
            }
        } else if found.len() < PARTNERS {
            found.push(Match { entity, scenarios: scenarios.to_vec() });
        }
    }

    /// Whether an announced line is this use case in a version that we understand.
    fn fits(&self, support: &UseCaseSupport) -> bool {
        let name = support.use_case_name.as_ref();
        // Only a client says in earnest that it has stopped (IG 2.2).
        let has_stopped = !self.serves_counterpart() && support.use_case_available == Some(false);
        name.is_some_and(|name| self.use_case.is_called(&name.0))
            && !has_stopped
            && support
                .use_case_version
                .as_deref()
                .and_then(major)
                .is_none_or(|theirs| major(self.use_case.version) == Some(theirs))
    }

    /// The scenarios that both sides support; a peer that lists none is taken to have all.
    fn common(&self, theirs: &[u32]) -> Vec<u32> {
        self.scenarios()
            .map(|scenario| scenario.number)
            .filter(|number| theirs.is_empty() || theirs.contains(number))
            .collect()
    }

    /// The entities that an entry of the table means.
    fn resolve(&self, entry: &UseCaseInformationData, device: &RemoteDevice) -> Vec<Vec<u32>> {
        let on = self.counterpart().on;
        let lives_on = |kind: &Option<EntityType>| kind.as_ref().is_some_and(|k| on.contains(k));
        let all = || device.entities().filter(|(_, entity)| lives_on(&entity.kind));
        let path = match entry.address.as_ref().map(|address| address.entity.as_slice()) {
            // Somewhere on this device.
            None | Some([]) => return all().map(|(path, _)| path.to_vec()).collect(),
            Some(path) => path,
        };
        let Some(entity) = device.entity(path) else {
            return Vec::new();
        };
        if lives_on(&entity.kind) {
            return alloc::vec![path.to_vec()];
        }
        // Some give the address of the charging station for what the vehicle plays, or the other
        // way round.
        let child = all()
            .map(|(below, _)| below)
            .find(|below| below.len() == path.len() + 1 && below.starts_with(path));
        let parent = path
            .split_last()
            .map(|(_, parent)| parent)
            .filter(|parent| device.entity(parent).is_some_and(|entity| lives_on(&entity.kind)));
        let is_of_no_known_type =
            matches!(entity.kind, None | Some(EntityType::Generic | EntityType::Other(_)));
        let trusted = is_of_no_known_type.then_some(path);
        child.or(parent).or(trusted).map(<[u32]>::to_vec).into_iter().collect()
    }

    /// The entities of the right type that serve what the mandatory scenarios need.
    fn by_features(&self, device: &RemoteDevice) -> Vec<Match> {
        let must = self
            .scenarios()
            .filter(|scenario| scenario.support[1 - self.actor] == Support::Must)
            .flat_map(|scenario| scenario.data)
            .filter(|row| row.owner != self.actor);
        let needed: Vec<_> = must.map(|row| row.function).collect();
        let on = self.counterpart().on;
        device
            .entities()
            .filter(|(_, entity)| entity.kind.as_ref().is_some_and(|kind| on.contains(kind)))
            .filter(|(path, _)| {
                needed.iter().all(|function| {
                    let address = server_of(device, path, *function);
                    let feature = address.as_ref().and_then(|address| device.feature(address));
                    feature.is_some_and(|feature| feature.operations(*function).is_some())
                })
            })
            .map(|(path, _)| Match { entity: path.to_vec(), scenarios: self.common(&[]) })
            .take(PARTNERS)
            .collect()
    }
}

/// The address of the feature of a peer's entity that serves a function, without the device part.
pub(super) fn server_of(
    device: &RemoteDevice,
    entity: &[u32],
    function: crate::model::Function,
) -> Option<FeatureAddress> {
    let feature = device.find(entity, &feature_of(function), Role::Server)?;
    Some(FeatureAddress { device: None, entity: entity.to_vec(), feature: Some(feature) })
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches(['v', 'V']).split('.').next()?.parse().ok()
}
