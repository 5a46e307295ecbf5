//! The engine: our device, and what it says to its peers.
//!
//! It touches no socket, clock or task. A driver feeds it and empties it:
//!
//! ```text
//! connected, datagram, disconnected, commands, tick      poll() -> Output      deadline()
//! ```
//!
//! Outputs queue inside, so that any number of inputs may come before they are taken. The order
//! of outputs is the order in which they must leave: a datagram's number is drawn when it is
//! queued.
//!
//! Datagrams that come in go through one pipeline (`receive`) and are then split by what they
//! want: `read`, `write`, `notify` (and replies), `call`, and results in `pending`.

mod call;
mod discovery;
mod event;
mod heartbeat;
mod notify;
mod peer;
mod pending;
mod read;
mod receive;
mod write;

#[cfg(test)]
mod tests;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;

pub use event::{
    Arrival, Event, Failure, Fault, Output, PeerId, Relation, RequestId, Write, WriteId,
};
pub use peer::Peer;

use crate::device::{EntityPlan, LocalDevice, UseCaseClaim};
use crate::model::{
    Cmd, CmdClassifier, FeatureAddress, Function, Header, MsgCounter, Payload, Role,
};
use crate::{Instant, Now, datagram};
use eebus_json::{Member, Reader};
use heartbeat::Heartbeats;
use receive::Incoming;

/// The most peers at a time, unless [`Engine::with_max_peers`] says otherwise (resource rules).
const PEERS: usize = 32;

/// How strictly peers are held to the standard.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// What devices in the field send is taken wherever its meaning is clear.
    #[default]
    Tolerant,
    /// What the standard forbids is refused; for test laboratories.
    Strict,
}

/// Our device and its peers.
#[derive(Debug)]
pub struct Engine {
    local: LocalDevice,
    mode: Mode,
    max_peers: usize,
    peers: BTreeMap<PeerId, Peer>,
    heartbeats: Heartbeats,
    outputs: VecDeque<Output>,
    /// The last number given to a request, a write, a relation.
    numbers: u64,
}

/// A command that cannot be carried out; the caller's mistake or the peer's state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Misuse {
    /// There is no such connection.
    UnknownPeer,
    /// Our device has no such entity, feature or function.
    UnknownLocal,
    /// The peer has no such feature, or not the operation.
    UnknownRemote,
    /// The peer has not answered enough requests yet to take another.
    TooManyRequests,
    /// There is no room for another peer.
    TooManyPeers,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownPeer => "no such peer",
            Self::UnknownLocal => "no such entity, feature or function of our device",
            Self::UnknownRemote => "no such feature or operation of the peer",
            Self::TooManyRequests => "too many unanswered requests",
            Self::TooManyPeers => "too many peers",
        })
    }
}

impl core::error::Error for Misuse {}

/// A datagram before it has a number.
struct Outgoing {
    classifier: CmdClassifier,
    source: FeatureAddress,
    destination: FeatureAddress,
    reference: Option<MsgCounter>,
    ack: bool,
    cmd: Cmd,
}

impl Engine {
    /// An engine for this device, without peers.
    pub const fn new(local: LocalDevice, mode: Mode) -> Self {
        Self {
            local,
            mode,
            max_peers: PEERS,
            peers: BTreeMap::new(),
            heartbeats: Heartbeats::new(),
            outputs: VecDeque::new(),
            numbers: 0,
        }
    }

    /// With room for another number of peers than 32: a fleet manager raises it.
    #[must_use]
    pub const fn with_max_peers(mut self, peers: usize) -> Self {
        self.max_peers = peers;
        self
    }

    /// A connection to a peer has come up: both sides ask each other who they are.
    ///
    /// A number that is connected already starts anew.
    ///
    /// # Errors
    /// [`Misuse::TooManyPeers`]: the connection is better ended.
    pub fn connected(&mut self, peer: PeerId, now: Now) -> Result<(), Misuse> {
        if self.peers.contains_key(&peer) {
            self.disconnected(peer);
        }
        if self.peers.len() >= self.max_peers {
            return Err(Misuse::TooManyPeers);
        }
        self.peers.insert(peer, Peer::new(now));
        self.ask_discovery(peer, now);
        Ok(())
    }

    /// A newer connection of a peer replaces its old one: everything that belonged to that is void,
    /// and the peer begins anew, under another number.
    ///
    /// # Errors
    /// As [`Self::connected`].
    pub fn replaced(&mut self, before: PeerId, peer: PeerId, now: Now) -> Result<(), Misuse> {
        if self.peers.contains_key(&before) {
            self.tell(Event::Replaced { peer: before, by: peer });
        }
        self.disconnected(before);
        self.connected(peer, now)
    }

    /// A connection has ended: relations, requests and caches of the peer are void (PS 7).
    pub fn disconnected(&mut self, peer: PeerId) {
        let Some(gone) = self.peers.remove(&peer) else {
            return;
        };
        for pending in gone.pending {
            let request = pending.request;
            self.tell(Event::Answered { peer, request, result: Err(Failure::Gone) });
        }
        for pair in gone.relations.bindings {
            self.tell_unrelated(peer, pair, true);
        }
        for pair in gone.relations.subscriptions {
            self.tell_unrelated(peer, pair, false);
        }
        self.tell(Event::Gone { peer });
    }

    /// The time has come that [`Self::deadline`] named.
    pub fn tick(&mut self, now: Now) {
        self.beat(now);
        let peers: Vec<_> = self.peers.keys().copied().collect();
        for peer in peers {
            self.release_held(peer, now, false);
            self.expire_requests(peer, now);
            self.expire_writes(peer, now);
        }
    }

    /// When [`Self::tick`] is due, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let peers = self.peers.values().filter_map(Peer::deadline);
        peers.chain(self.heartbeats.deadline()).min()
    }

    /// The next output, in the order in which they must leave.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Our device.
    pub const fn local(&self) -> &LocalDevice {
        &self.local
    }

    /// A peer that is connected.
    pub fn peer(&self, peer: PeerId) -> Option<&Peer> {
        self.peers.get(&peer)
    }

    /// The peers that are connected.
    pub fn peers(&self) -> impl Iterator<Item = (PeerId, &Peer)> {
        self.peers.iter().map(|(id, peer)| (*id, peer))
    }

    /// Whether a peer's feature is bound to this feature of ours.
    pub fn is_bound(&self, peer: PeerId, server: &FeatureAddress) -> bool {
        self.peers
            .get(&peer)
            .is_some_and(|p| p.relations.bindings.iter().any(|pair| pair.server == *server))
    }

    /// What our feature holds.
    pub fn data<T: Member<Payload>>(&self, feature: &FeatureAddress) -> Option<&T>
    where
        Payload: eebus_json::Named<Name = Function>,
    {
        T::peel(self.local.feature(feature)?.function(T::NAME)?.data.as_ref()?)
    }

    /// What a peer's feature held when we last heard of it.
    pub fn cached<T: Member<Payload>>(&self, peer: PeerId, feature: &FeatureAddress) -> Option<&T>
    where
        Payload: eebus_json::Named<Name = Function>,
    {
        T::peel(self.peers.get(&peer)?.cached(feature, T::NAME)?)
    }

    /// Sets what our feature holds, and tells the subscribers if that is something new.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the feature does not serve the function.
    pub fn set(
        &mut self,
        feature: &FeatureAddress,
        data: impl Into<Payload>,
    ) -> Result<(), Misuse> {
        let data = data.into();
        let function = data.which().ok_or(Misuse::UnknownLocal)?;
        if self.store(feature, data)? {
            self.notify_subscribers(feature, function);
        }
        Ok(())
    }

    /// As [`Self::set`], but the subscribers are told even if nothing is new: some peers take
    /// data for stale that are not repeated.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the feature does not serve the function.
    pub fn renew(
        &mut self,
        feature: &FeatureAddress,
        data: impl Into<Payload>,
    ) -> Result<(), Misuse> {
        let data = data.into();
        let function = data.which().ok_or(Misuse::UnknownLocal)?;
        self.store(feature, data)?;
        self.notify_subscribers(feature, function);
        Ok(())
    }

    /// Sets what our feature holds and tells nobody: for data that change by the mere passing of
    /// time, as the rest of a period does.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the feature does not serve the function.
    pub fn amend(
        &mut self,
        feature: &FeatureAddress,
        data: impl Into<Payload>,
    ) -> Result<(), Misuse> {
        self.store(feature, data.into()).map(drop)
    }

    /// Adds an entity with all its features, and tells the peers (PS 7.1.5); returns its path.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the parent does not exist.
    pub fn add_entity(&mut self, plan: EntityPlan) -> Result<Vec<u32>, Misuse> {
        let has_use_cases = !plan.use_cases.is_empty();
        let path = self.local.add(plan).ok_or(Misuse::UnknownLocal)?;
        self.notify_discovery(&self.local.discovery_added(&path));
        if has_use_cases {
            self.notify_use_cases();
        }
        Ok(path)
    }

    /// Removes an entity and those below it: their heartbeats stop, their relations end, and the
    /// peers are told, of children before their parents.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if there is none with this path, or it is the device itself.
    pub fn remove_entity(&mut self, path: &[u32]) -> Result<(), Misuse> {
        let before = self.local.use_cases();
        let gone = self.local.remove(path);
        if gone.is_empty() {
            return Err(Misuse::UnknownLocal);
        }
        for path in &gone {
            self.heartbeats.forget(path);
            self.drop_relations_of(path);
            self.notify_discovery(&self.local.discovery_removed(path));
        }
        if before != self.local.use_cases() {
            self.notify_use_cases();
        }
        Ok(())
    }

    /// Sets the use cases that an entity plays a part in, and tells the peers.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if there is no such entity.
    pub fn claim(&mut self, path: &[u32], use_cases: Vec<UseCaseClaim>) -> Result<(), Misuse> {
        let entity = self.local.entity_mut(path).ok_or(Misuse::UnknownLocal)?;
        if entity.use_cases != use_cases {
            entity.use_cases = use_cases;
            self.notify_use_cases();
        }
        Ok(())
    }

    /// Stores data of a served function; says whether they are new.
    fn store(&mut self, feature: &FeatureAddress, data: Payload) -> Result<bool, Misuse> {
        let function = data.which().ok_or(Misuse::UnknownLocal)?;
        let served = self
            .local
            .feature_mut(feature)
            .filter(|f| f.role != Role::Client)
            .and_then(|f| f.functions.get_mut(&function))
            .ok_or(Misuse::UnknownLocal)?;
        let is_new = served.data.as_ref() != Some(&data);
        if is_new {
            served.data = Some(data);
        }
        Ok(is_new)
    }

    /// The address of our feature, completed, if there is such a feature.
    fn own(&self, address: &FeatureAddress) -> Result<FeatureAddress, Misuse> {
        self.local.feature(address).ok_or(Misuse::UnknownLocal)?;
        Ok(FeatureAddress { device: Some(self.local.address().clone()), ..address.clone() })
    }

    fn node_management(&self) -> FeatureAddress {
        self.local.feature_address(crate::device::DEVICE_ENTITY, 0)
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Gives a datagram its number and queues it. The two are one step, so that the order on the
    /// wire is the order of the numbers.
    fn send(&mut self, peer: PeerId, outgoing: Outgoing) -> Option<u64> {
        let state = self.peers.get_mut(&peer)?;
        state.counter += 1;
        let counter = state.counter;
        let header = Header {
            specification_version: Some(crate::SPECIFICATION_VERSION.into()),
            address_source: Some(outgoing.source),
            address_destination: Some(outgoing.destination),
            msg_counter: Some(MsgCounter(counter)),
            msg_counter_reference: outgoing.reference,
            cmd_classifier: Some(outgoing.classifier),
            ack_request: outgoing.ack.then_some(true),
            ..Header::default()
        };
        let datagram = datagram::to_raw(header, outgoing.cmd);
        self.outputs.push_back(Output::Datagram { peer, datagram });
        Some(counter)
    }

    /// Answers a message with a classifier that carries data or a result.
    fn answer(&mut self, to: &Incoming, classifier: CmdClassifier, cmd: Cmd) {
        let source =
            FeatureAddress { device: Some(self.local.address().clone()), ..to.destination.clone() };
        let outgoing = Outgoing {
            classifier,
            source,
            destination: to.source.clone(),
            reference: Some(to.counter),
            ack: false,
            cmd,
        };
        self.send(to.peer, outgoing);
    }

    const fn reader(&self) -> Reader {
        match self.mode {
            Mode::Tolerant => Reader::tolerant(),
            Mode::Strict => Reader::strict(),
        }
        .max_size(datagram::MAX_SIZE)
    }
}
