//! Calls: subscriptions and bindings, asked for and ended by peers (PS 7.3, 7.4).

use alloc::vec::Vec;

use super::peer::{Deferred, Pair};
use super::receive::Incoming;
use super::{Engine, Event, Now, PeerId, Relation};
use crate::Refusal;
use crate::device::is_node_management;
use crate::model::{Cmd, FeatureAddress, FeatureType, Payload, Role};

/// The most subscriptions and the most bindings of one peer.
const RELATIONS: usize = 32;

/// Which of the two kinds of relation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Subscription,
    Binding,
}

/// What a call to relate two features says.
struct Request<'a> {
    client: Option<&'a FeatureAddress>,
    server: Option<&'a FeatureAddress>,
    server_type: Option<&'a FeatureType>,
}

/// What a call to end relations says.
struct Delete<'a> {
    id: Option<u32>,
    client: Option<&'a FeatureAddress>,
    server: Option<&'a FeatureAddress>,
}

impl Engine {
    pub(super) fn on_call(
        &mut self,
        incoming: &Incoming,
        cmd: &Cmd,
        now: Now,
    ) -> Result<(), Refusal> {
        if !is_node_management(&incoming.destination) {
            return Err(Refusal::not_supported("calls go to the NodeManagement"));
        }
        let missing = || Refusal::rejected("the call says nothing");
        match cmd.data.as_ref().ok_or_else(missing)? {
            Payload::NodeManagementSubscriptionRequestCall(call) => {
                let call = call.subscription_request.as_ref().ok_or_else(missing)?;
                let request = Request {
                    client: call.client_address.as_ref(),
                    server: call.server_address.as_ref(),
                    server_type: call.server_feature_type.as_ref(),
                };
                self.relate(incoming.peer, Kind::Subscription, &request, now)
            }
            Payload::NodeManagementBindingRequestCall(call) => {
                let call = call.binding_request.as_ref().ok_or_else(missing)?;
                let request = Request {
                    client: call.client_address.as_ref(),
                    server: call.server_address.as_ref(),
                    server_type: call.server_feature_type.as_ref(),
                };
                self.relate(incoming.peer, Kind::Binding, &request, now)
            }
            Payload::NodeManagementSubscriptionDeleteCall(call) => {
                let call = call.subscription_delete.as_ref().ok_or_else(missing)?;
                let delete = Delete {
                    id: call.subscription_id.map(|id| id.0),
                    client: call.client_address.as_ref(),
                    server: call.server_address.as_ref(),
                };
                self.unrelate(incoming.peer, Kind::Subscription, &delete)
            }
            Payload::NodeManagementBindingDeleteCall(call) => {
                let call = call.binding_delete.as_ref().ok_or_else(missing)?;
                let delete = Delete {
                    id: call.binding_id.map(|id| id.0),
                    client: call.client_address.as_ref(),
                    server: call.server_address.as_ref(),
                };
                self.unrelate(incoming.peer, Kind::Binding, &delete)
            }
            _ => Err(Refusal::not_supported("not a call that we know")),
        }
    }

    fn relate(
        &mut self,
        peer: PeerId,
        kind: Kind,
        request: &Request<'_>,
        now: Now,
    ) -> Result<(), Refusal> {
        let own = self.local.address().clone();
        let state = self.peers.get(&peer).ok_or_else(|| Refusal::general("no peer"))?;
        let theirs = state.address.clone();

        // An absent device is the sender's for the client and ours for the server (PS 7.4.4).
        let mut client = request.client.ok_or_else(|| Refusal::rejected("no client"))?.clone();
        let mut server = request.server.ok_or_else(|| Refusal::rejected("no server"))?.clone();
        let client_device = client.device.take().or_else(|| theirs.clone());
        let server_device = server.device.take().unwrap_or_else(|| own.clone());
        if client_device != theirs || server_device != own {
            return Err(Refusal::rejected(
                "a device relates only its own clients to the servers here",
            ));
        }
        client.device = client_device;
        server.device = Some(server_device);
        if client.feature.is_none() || client.entity.is_empty() {
            return Err(Refusal::rejected("no client feature"));
        }

        let feature = self
            .local
            .feature(&server)
            .ok_or_else(|| Refusal::rejected("no such server feature"))?;
        let may_serve = match kind {
            Kind::Subscription => feature.role != Role::Client,
            Kind::Binding => feature.role == Role::Server,
        };
        if !may_serve {
            return Err(Refusal::rejected("not a server"));
        }
        // `Generic` is how some say that they do not care.
        let states_other = |t: &&FeatureType| **t != feature.kind && **t != FeatureType::Generic;
        if request.server_type.as_ref().is_some_and(states_other) {
            return Err(Refusal::rejected("the server is of another type"));
        }
        let pairs = state.relations.of(kind);
        if pairs.iter().any(|pair| pair.client == client && pair.server == server) {
            return Ok(());
        }
        // Those that we have asked for are not the peer's.
        if pairs.iter().filter(|pair| pair.server.device == server.device).count() >= RELATIONS {
            return Err(Refusal::overload("too many relations"));
        }
        if kind == Kind::Binding && self.is_bound_by_another(peer, &server) {
            return Err(Refusal::rejected("bound by another device"));
        }

        let id = u32::try_from(self.number()).unwrap_or(u32::MAX);
        let relation = Relation { peer, client: client.clone(), server: server.clone() };
        if let Some(state) = self.peers.get_mut(&peer) {
            state.relations.of_mut(kind).push(Pair { id, client, server });
        }
        match kind {
            Kind::Subscription => {
                // A heartbeat starts with a beat at once.
                self.beat_for(&relation, now);
                if is_node_management(&relation.server) {
                    self.retry_refused_relations(peer, now);
                }
                self.tell(Event::Subscribed(relation));
            }
            Kind::Binding => self.tell(Event::Bound(relation)),
        }
        Ok(())
    }

    /// Features of one device may share a server; a second device would fight the first.
    fn is_bound_by_another(&self, peer: PeerId, server: &FeatureAddress) -> bool {
        let mut others = self.peers.iter().filter(|(id, _)| **id != peer);
        others.any(|(_, other)| other.relations.bindings.iter().any(|pair| pair.server == *server))
    }

    /// Ends what a peer asks to end; what is not there is ended already.
    ///
    /// Either side may delete, and an absent device part is read in two ways: the sender's for
    /// the client, and if that names nothing, the other way round.
    fn unrelate(&mut self, peer: PeerId, kind: Kind, delete: &Delete<'_>) -> Result<(), Refusal> {
        let own = self.local.address().clone();
        let state = self.peers.get_mut(&peer).ok_or_else(|| Refusal::general("no peer"))?;
        let theirs = state.address.clone();
        let ours = Some(own);
        for address in [delete.client, delete.server].into_iter().flatten() {
            let device = &address.device;
            if device.is_some() && *device != theirs && *device != ours {
                return Err(Refusal::rejected("not a relation of this device"));
            }
        }
        if delete.id.is_none() && (delete.client.is_none() || delete.server.is_none()) {
            return Err(Refusal::rejected("no relation named"));
        }
        let pairs = state.relations.of_mut(kind);
        let mut gone = Vec::new();
        for (client, server) in [(&theirs, &ours), (&ours, &theirs)] {
            let mut i = 0;
            while i < pairs.len() {
                let pair = &pairs[i];
                let named = match (delete.id, delete.client, delete.server) {
                    (Some(id), None, _) | (Some(id), _, None) => pair.id == id,
                    (_, Some(c), Some(s)) => {
                        names(c, client, &pair.client) && names(s, server, &pair.server)
                    }
                    _ => false,
                };
                if named {
                    gone.push(pairs.remove(i));
                } else {
                    i += 1;
                }
            }
            if !gone.is_empty() {
                break;
            }
        }
        for pair in gone {
            self.tell_unrelated(peer, pair, kind == Kind::Binding);
        }
        Ok(())
    }

    /// A relation has ended; the application hears of those in which we are the server.
    pub(super) fn tell_unrelated(&mut self, peer: PeerId, pair: Pair, is_binding: bool) {
        if pair.server.device.as_ref() != Some(self.local.address()) {
            return;
        }
        let relation = Relation { peer, client: pair.client, server: pair.server };
        self.tell(if is_binding {
            Event::Unbound(relation)
        } else {
            Event::Unsubscribed(relation)
        });
    }

    /// An entity of ours is gone, and its relations with it. The peers know without being told.
    pub(super) fn drop_relations_of(&mut self, path: &[u32]) {
        let own = self.local.address().clone();
        let of_entity = |a: &FeatureAddress| a.device.as_ref() == Some(&own) && a.entity == path;
        self.drop_relations(None, &of_entity);
        let mut abandoned = Vec::new();
        for state in self.peers.values_mut() {
            let is_gone = |d: &Deferred| d.incoming.destination.entity == path;
            let (gone, kept) = core::mem::take(&mut state.deferred).into_iter().partition(is_gone);
            state.deferred = kept;
            abandoned.extend::<Vec<_>>(gone);
        }
        // A write that is never answered would keep its writer waiting.
        for deferred in abandoned {
            let refusal = Refusal::destination_unknown("the entity is gone");
            self.refuse_message(&deferred.incoming, Some(deferred.function), refusal);
        }
    }

    /// Ends the relations, of one peer or all, in which an address takes part.
    pub(super) fn drop_relations(
        &mut self,
        only: Option<PeerId>,
        takes_part: &dyn Fn(&FeatureAddress) -> bool,
    ) {
        let mut gone = Vec::new();
        for (peer, state) in &mut self.peers {
            if only.is_some_and(|only| only != *peer) {
                continue;
            }
            for kind in [Kind::Subscription, Kind::Binding] {
                state.relations.of_mut(kind).retain(|pair| {
                    let ends = takes_part(&pair.client) || takes_part(&pair.server);
                    if ends {
                        gone.push((*peer, kind, pair.clone()));
                    }
                    !ends
                });
            }
        }
        for (peer, kind, pair) in gone {
            self.tell_unrelated(peer, pair, kind == Kind::Binding);
        }
    }
}

/// Whether a stated address names that of a relation. Without a feature it names all of the
/// entity, without an entity all of the device.
fn names(
    stated: &FeatureAddress,
    default_device: &Option<crate::model::AddressDevice>,
    address: &FeatureAddress,
) -> bool {
    let device = if stated.device.is_some() { &stated.device } else { default_device };
    *device == address.device
        && (stated.entity.is_empty() || stated.entity == address.entity)
        && (stated.feature.is_none() || stated.feature == address.feature)
}

impl super::peer::Relations {
    pub(super) const fn of(&self, kind: Kind) -> &Vec<Pair> {
        match kind {
            Kind::Subscription => &self.subscriptions,
            Kind::Binding => &self.bindings,
        }
    }

    pub(super) const fn of_mut(&mut self, kind: Kind) -> &mut Vec<Pair> {
        match kind {
            Kind::Subscription => &mut self.subscriptions,
            Kind::Binding => &mut self.bindings,
        }
    }
}
