//! What features tell: ours to subscribers, the peers' to us (PS 5.3.4, 7.4).

use alloc::vec::Vec;

use super::receive::Incoming;
use super::{Arrival, Engine, Event, Fault, Now, Outgoing, PeerId};
use crate::Refusal;
use crate::device::is_node_management;
use crate::exchange::{self, Options, Origin};
use crate::model::{
    Cmd, CmdClassifier, FeatureAddress, Function, NodeManagementDetailedDiscoveryData, Payload,
    ResultData, Role,
};

impl Engine {
    pub(super) fn on_notify(
        &mut self,
        incoming: &Incoming,
        function: Function,
        cmd: Cmd,
        now: Now,
    ) {
        // The positive answer says that the message arrived, whatever becomes of its content.
        self.acknowledge(incoming);
        self.take_data(incoming, function, cmd, Arrival::Notify, now);
    }

    pub(super) fn on_reply(&mut self, incoming: &Incoming, function: Function, cmd: Cmd, now: Now) {
        self.acknowledge(incoming);
        // Some answer calls with a reply that carries a result.
        if let Some(Payload::ResultData(result)) = &cmd.data {
            let result: ResultData = result.clone();
            return self.on_result(incoming, Cmd::full(result), now);
        }
        let was_discovered = self.is_discovered(incoming.peer);
        self.take_data(incoming, function, cmd, Arrival::Reply, now);
        self.finish_read(incoming, function, was_discovered, now);
    }

    fn take_data(
        &mut self,
        incoming: &Incoming,
        function: Function,
        cmd: Cmd,
        how: Arrival,
        now: Now,
    ) {
        if is_node_management(&incoming.source) {
            match cmd.data {
                Some(Payload::NodeManagementDetailedDiscoveryData(data)) => {
                    // The form of the message says whether it is the whole: a filter that
                    // deletes is not prescribed here, and must not clear the document.
                    // The first answer is all that there is to know.
                    let is_whole = cmd.filter.is_empty()
                        || (how == Arrival::Reply && !self.is_discovered(incoming.peer));
                    self.on_discovery(incoming.peer, &data, is_whole, now);
                }
                Some(Payload::NodeManagementUseCaseData(data)) => {
                    let is_whole = cmd.filter.is_empty();
                    self.on_use_cases(incoming.peer, data, is_whole);
                }
                // The relation tables and the list of destinations tell us nothing new.
                _ => {}
            }
            return;
        }
        if let Err(refusal) = self.cache(incoming, function, &cmd, how, now) {
            let function = Some(function);
            self.fault(incoming.peer, Fault::Data { function, refusal });
        }
    }

    /// Merges what came into what we know of the feature.
    fn cache(
        &mut self,
        incoming: &Incoming,
        function: Function,
        cmd: &Cmd,
        how: Arrival,
        now: Now,
    ) -> Result<(), Refusal> {
        let peer = incoming.peer;
        let state = self.peers.get_mut(&peer).ok_or_else(|| Refusal::general("no peer"))?;
        let feature = state
            .device
            .feature(&incoming.source)
            .ok_or_else(|| Refusal::destination_unknown("data of an unknown feature"))?;
        if feature.role == Role::Client {
            return Err(Refusal::not_supported("data of a client"));
        }
        // Some announce no functions at all; those that do mean it.
        let operations = feature.operations(function);
        if operations.is_none() && !feature.functions.is_empty() {
            return Err(Refusal::not_supported("data of a function that is not announced"));
        }
        let is_readable = operations.is_some_and(|o| o.read);
        let before = state.cached(&incoming.source, function);
        let is_blind = before.is_none() && !cmd.filter.is_empty();
        let options = Options { now: Some(now.utc), ..Options::default() };
        let merged = exchange::apply(function, before, cmd, Origin::PeerData, &options);
        let is_lost = merged.is_err();
        // A part of something that we do not have, or cannot make sense of: ask for the whole.
        if how == Arrival::Notify
            && is_readable
            && (is_blind || is_lost)
            && !self.is_reading(peer, &incoming.source, function)
        {
            let server = incoming.source.clone();
            let client = incoming.destination.clone();
            let _ = self.read(peer, &client, &server, function, now);
        }
        let merged = merged?;
        if let Some(state) = self.peers.get_mut(&peer) {
            state.keep(&incoming.source, function, merged, incoming.octets)?;
        }
        let feature = incoming.source.clone();
        self.tell(Event::Data { peer, feature, function, how });
        Ok(())
    }

    /// Tells those who have subscribed our feature what a function holds.
    pub(super) fn notify_subscribers(&mut self, feature: &FeatureAddress, function: Function) {
        for (peer, client) in self.subscribers(feature) {
            self.notify(peer, feature, &client, function);
        }
    }

    /// Tells one peer what a function of ours holds.
    pub(super) fn notify(
        &mut self,
        peer: PeerId,
        server: &FeatureAddress,
        client: &FeatureAddress,
        function: Function,
    ) {
        let data = self
            .local
            .feature(server)
            .and_then(|f| f.function(function))
            .and_then(|served| served.data.clone());
        if let Some(data) = data {
            self.notify_with(peer, server, client, Cmd::full(data));
        }
    }

    pub(super) fn notify_with(
        &mut self,
        peer: PeerId,
        server: &FeatureAddress,
        client: &FeatureAddress,
        cmd: Cmd,
    ) {
        let outgoing = Outgoing {
            classifier: CmdClassifier::Notify,
            source: server.clone(),
            destination: client.clone(),
            reference: None,
            ack: false,
            cmd,
        };
        self.send(peer, outgoing);
    }

    pub(super) fn subscribers(&self, server: &FeatureAddress) -> Vec<(PeerId, FeatureAddress)> {
        let mut subscribers = Vec::new();
        for (peer, state) in &self.peers {
            let pairs = state.relations.subscriptions.iter();
            let clients = pairs.filter(|pair| pair.server == *server).map(|p| p.client.clone());
            subscribers.extend(clients.map(|client| (*peer, client)));
        }
        subscribers
    }

    /// Tells the peers of a change of our entities: partial, one entity at a time (PS 7.1.5).
    pub(super) fn notify_discovery(&mut self, change: &NodeManagementDetailedDiscoveryData) {
        let server = self.node_management();
        for (peer, client) in self.subscribers(&server) {
            self.notify_with(peer, &server, &client, Cmd::partial(change.clone()));
        }
    }

    /// Tells the peers of a change of our use cases: always the whole table (PS 7.5.4).
    pub(super) fn notify_use_cases(&mut self) {
        let server = self.node_management();
        let table = self.local.use_cases();
        for (peer, client) in self.subscribers(&server) {
            self.notify_with(peer, &server, &client, Cmd::full(table.clone()));
        }
    }
}
