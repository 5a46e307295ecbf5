//! Getting to know a peer: its entities, features and use cases (PS 7.1, 7.5).

use super::call::Kind;
use super::pending::Purpose;
use super::{Engine, Event, PeerId};
use crate::Now;
use crate::device::{Change, DEVICE_ENTITY};
use crate::model::{
    Cmd, CmdClassifier, FeatureAddress, Function, NodeManagementDetailedDiscoveryData,
    NodeManagementUseCaseData,
};

impl Engine {
    /// The question that opens every conversation; the peer's address may be unknown.
    pub(super) fn ask_discovery(&mut self, peer: PeerId, now: Now) {
        self.ask_node_management(
            peer,
            Function::NodeManagementDetailedDiscoveryData,
            Purpose::Discovery,
            now,
        );
    }

    fn ask_node_management(
        &mut self,
        peer: PeerId,
        function: Function,
        purpose: Purpose,
        now: Now,
    ) {
        let cmd = Cmd::read(function);
        let client = self.node_management();
        let server = self.node_management_of(peer);
        self.request(peer, CmdClassifier::Read, client, server, cmd, purpose, now);
    }

    pub(super) fn node_management_of(&self, peer: PeerId) -> FeatureAddress {
        FeatureAddress {
            device: self.peers.get(&peer).and_then(|state| state.address.clone()),
            entity: DEVICE_ENTITY.to_vec(),
            feature: Some(0),
        }
    }

    pub(super) fn is_discovered(&self, peer: PeerId) -> bool {
        self.peers.get(&peer).is_some_and(|state| state.is_discovered)
    }

    pub(super) fn on_discovery(
        &mut self,
        peer: PeerId,
        data: &NodeManagementDetailedDiscoveryData,
        is_whole: bool,
        now: Now,
    ) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        let changes = if is_whole { state.device.replace(data) } else { state.device.merge(data) };
        let is_first = is_whole && !state.is_discovered && state.address.is_some();
        if is_first {
            state.is_discovered = true;
            if let Some(device) = state.address.clone() {
                self.tell(Event::Discovered { peer, device });
            }
        }
        for change in changes {
            self.on_change(peer, change);
        }
        if is_first {
            let purpose = Purpose::UseCases;
            self.ask_node_management(peer, Function::NodeManagementUseCaseData, purpose, now);
            let (client, server) = (self.node_management(), self.node_management_of(peer));
            self.ask_relation(peer, Kind::Subscription, client, server, now);
        }
    }

    fn on_change(&mut self, peer: PeerId, change: Change) {
        match change {
            Change::Added(entity) => self.tell(Event::EntityAdded { peer, entity }),
            Change::Modified(entity) => self.tell(Event::EntityChanged { peer, entity }),
            Change::Removed(entity) => {
                if let Some(state) = self.peers.get_mut(&peer) {
                    state.forget_entity(&entity);
                }
                self.drop_remote(peer, &entity, None);
                self.tell(Event::EntityRemoved { peer, entity });
            }
            Change::FeatureRemoved(entity, number) => {
                if let Some(state) = self.peers.get_mut(&peer) {
                    state.forget_feature(&entity, number);
                }
                self.drop_remote(peer, &entity, Some(number));
                self.tell(Event::EntityChanged { peer, entity });
            }
        }
    }

    /// Relations and requests with what a peer no longer has are void.
    fn drop_remote(&mut self, peer: PeerId, path: &[u32], number: Option<u32>) {
        let device = self.peers.get(&peer).and_then(|state| state.address.clone());
        let is_gone = |a: &FeatureAddress| {
            a.device == device
                && a.entity == path
                && number.is_none_or(|number| a.feature == Some(number))
        };
        self.drop_relations(Some(peer), &is_gone);
        self.abandon_requests(peer, &is_gone);
    }

    /// Takes a table of use cases; a partial one replaces the entries that it names.
    pub(super) fn on_use_cases(
        &mut self,
        peer: PeerId,
        data: NodeManagementUseCaseData,
        is_whole: bool,
    ) {
        /// More than any device has entities and actors, use cases of one, scenarios of one.
        const ENTRIES: usize = 64;
        const SUPPORTED: usize = 32;
        const SCENARIOS: usize = 32;
        /// A longer name is none of the standard's, and none that a user could read.
        const NAME: usize = 128;

        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        let before = state.use_cases.take();
        let mut table = match &before {
            Some(table) if !is_whole => table.clone(),
            _ => NodeManagementUseCaseData::default(),
        };
        for mut entry in data.use_case_information {
            entry.use_case_support.truncate(SUPPORTED);
            entry.use_case_support.retain(|support| {
                support.use_case_name.as_ref().is_none_or(|name| name.0.len() <= NAME)
                    && support.use_case_version.as_ref().is_none_or(|v| v.len() <= NAME)
                    && support
                        .use_case_document_sub_revision
                        .as_ref()
                        .is_none_or(|revision| revision.len() <= NAME)
            });
            for support in &mut entry.use_case_support {
                support.scenario_support.truncate(SCENARIOS);
            }
            if entry.actor.as_ref().is_some_and(|actor| actor.0.len() > NAME) {
                continue;
            }
            let same = table
                .use_case_information
                .iter()
                .position(|known| known.address == entry.address && known.actor == entry.actor);
            match same {
                // Some send an actor in two entries: together they are the table.
                Some(i) if is_whole => {
                    let known = &mut table.use_case_information[i].use_case_support;
                    known.extend(entry.use_case_support);
                    known.truncate(SUPPORTED);
                }
                Some(i) => table.use_case_information[i] = entry,
                None if table.use_case_information.len() < ENTRIES => {
                    table.use_case_information.push(entry);
                }
                None => {}
            }
        }
        let is_new = before.as_ref() != Some(&table);
        state.use_cases = Some(table);
        if is_new {
            self.tell(Event::UseCases { peer });
        }
    }
}
