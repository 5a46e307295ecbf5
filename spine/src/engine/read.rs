//! Reads: what our features hold, and the tables of the NodeManagement (PS 7).

use super::receive::Incoming;
use super::{Engine, Now, PeerId};
use crate::Refusal;
use crate::device::{LocalFeature, is_node_management};
use crate::exchange::{self, Options};
use crate::model::{
    BindingManagementEntryData, Cmd, CmdClassifier, Function, NodeManagementBindingData,
    NodeManagementDestinationData, NodeManagementSubscriptionData, Payload, Role,
    SubscriptionManagementEntryData,
};
use eebus_json::List;

impl Engine {
    pub(super) fn on_read(&mut self, incoming: &Incoming, function: Function, cmd: &Cmd, now: Now) {
        match self.read_answer(incoming, function, cmd, now) {
            Ok(reply) => {
                self.answer(incoming, CmdClassifier::Reply, reply);
                if function == Function::NodeManagementDetailedDiscoveryData {
                    // The peer can know us now.
                    self.release_held(incoming.peer, now, true);
                }
            }
            Err(refusal) => self.refuse_message(incoming, Some(function), refusal),
        }
    }

    fn read_answer(
        &self,
        incoming: &Incoming,
        function: Function,
        cmd: &Cmd,
        now: Now,
    ) -> Result<Cmd, Refusal> {
        let feature = self
            .local
            .feature(&incoming.destination)
            .ok_or_else(|| Refusal::destination_unknown("no such feature"))?;
        let (data, is_partial_served) = self.readable(incoming, feature, function)?;
        // A restriction that we do not announce may be ignored (PS 5.3.4.5).
        if cmd.filter.is_empty() || !is_partial_served {
            return Ok(Cmd::full(data));
        }
        let options = Options { now: Some(now.utc), ..Options::default() };
        exchange::read(&data, cmd, &options)
    }

    /// What a function holds; a function without data yet is empty, not an error.
    fn readable(
        &self,
        incoming: &Incoming,
        feature: &LocalFeature,
        function: Function,
    ) -> Result<(Payload, bool), Refusal> {
        if feature.role == Role::Client {
            return Err(Refusal::not_supported("a client has no data"));
        }
        let served = feature
            .function(function)
            .filter(|served| served.operations.read)
            .ok_or_else(|| Refusal::not_supported("function not offered here"))?;
        let data = if is_node_management(&incoming.destination) {
            self.table(incoming.peer, function)
        } else {
            served.data.clone()
        };
        Ok((data.unwrap_or_else(|| Payload::empty(function)), served.operations.read_partial))
    }

    /// The tables of the NodeManagement, as this peer may see them.
    fn table(&self, peer: PeerId, function: Function) -> Option<Payload> {
        let relations = &self.peers.get(&peer)?.relations;
        Some(match function {
            Function::NodeManagementDetailedDiscoveryData => self.local.discovery().into(),
            Function::NodeManagementUseCaseData => self.local.use_cases().into(),
            Function::NodeManagementDestinationListData => {
                List::from(alloc::vec![NodeManagementDestinationData {
                    device_description: Some(self.local.description()),
                }])
                .into()
            }
            Function::NodeManagementSubscriptionData => NodeManagementSubscriptionData {
                subscription_entry: relations
                    .subscriptions
                    .iter()
                    .map(|pair| SubscriptionManagementEntryData {
                        subscription_id: Some(pair.id.into()),
                        client_address: Some(pair.client.clone()),
                        server_address: Some(pair.server.clone()),
                        ..Default::default()
                    })
                    .collect(),
            }
            .into(),
            Function::NodeManagementBindingData => NodeManagementBindingData {
                binding_entry: relations
                    .bindings
                    .iter()
                    .map(|pair| BindingManagementEntryData {
                        binding_id: Some(pair.id.into()),
                        client_address: Some(pair.client.clone()),
                        server_address: Some(pair.server.clone()),
                        ..Default::default()
                    })
                    .collect(),
            }
            .into(),
            _ => return None,
        })
    }
}
