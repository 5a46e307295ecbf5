//! Our requests, until they are answered or given up (PS 5.2.3, 5.2.5, IG 2.6).

use alloc::vec::Vec;
use core::time::Duration;

use super::call::Kind;
use super::peer::Pair;
use super::receive::Incoming;
use super::{Engine, Event, Failure, Fault, Misuse, Outgoing, PeerId, RequestId};
use crate::Refusal;
use crate::device::is_node_management;
use crate::model::{
    BindingManagementRequestCall, Cmd, CmdClassifier, FeatureAddress, Function,
    NodeManagementBindingRequestCall, NodeManagementSubscriptionRequestCall, Payload, Role,
    SubscriptionManagementRequestCall,
};
use crate::{Instant, Now};

/// The most requests that one peer may owe an answer to.
const PENDING: usize = 64;

/// How long an answer may take (`defaultMaxResponseDelay`), and the way there and back.
const RESPONSE_DELAY: Duration = Duration::from_secs(10);
const TRANSPORT: Duration = Duration::from_secs(2);

/// When a question is asked again that found no answer (IG 2.6), counted from the last time.
const LADDER: [Duration; 3] =
    [Duration::from_secs(30), Duration::from_secs(5 * 60), Duration::from_secs(15 * 60)];

/// The opening question is asked again sooner: 30 s decide whether a peer counts as silent.
const DISCOVERY_RETRY: Duration = Duration::from_secs(25);

/// When a relation is asked for again that was refused because the peer did not know us yet.
const RELATION_RETRY: Duration = Duration::from_secs(1);
const RELATION_RETRIES: u8 = 2;

/// A request of ours.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) request: RequestId,
    classifier: CmdClassifier,
    client: FeatureAddress,
    server: FeatureAddress,
    cmd: Cmd,
    purpose: Purpose,
    /// The numbers under which it was sent: a late answer to an early attempt counts.
    counters: Vec<u64>,
    state: State,
    refusals: u8,
}

/// What a request is for; most are the application's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    Discovery,
    UseCases,
    Relation(Kind),
    Application,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Not sent: the peer does not know us yet.
    Held,
    /// Sent; given up or asked again when the time has come.
    Sent { until: Instant },
    /// Refused, to be asked again.
    Refused { again: Instant },
}

impl Pending {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Held => None,
            State::Sent { until } | State::Refused { again: until } => Some(until),
        }
    }

    fn is_answered_by(&self, counter: u64) -> bool {
        self.counters.contains(&counter)
    }
}

impl Engine {
    /// Asks a peer's feature for the data of a function; they arrive as [`Event::Data`].
    ///
    /// # Errors
    /// If there is no such peer or feature, or it does not offer the function.
    pub fn read(
        &mut self,
        peer: PeerId,
        client: &FeatureAddress,
        server: &FeatureAddress,
        function: Function,
        now: Now,
    ) -> Result<RequestId, Misuse> {
        self.check_remote(peer, server, |role| role != Role::Client)?;
        let client = self.own(client)?;
        let server = self.theirs(peer, server);
        let cmd = Cmd::read(function);
        self.request(peer, CmdClassifier::Read, client, server, cmd, Purpose::Application, now)
            .ok_or(Misuse::TooManyRequests)
    }

    /// Writes to a peer's feature; the answer arrives as [`Event::Answered`].
    ///
    /// A write that finds no answer is not repeated: by then the value may be another.
    ///
    /// # Errors
    /// If there is no such peer or feature.
    pub fn write(
        &mut self,
        peer: PeerId,
        client: &FeatureAddress,
        server: &FeatureAddress,
        cmd: Cmd,
        now: Now,
    ) -> Result<RequestId, Misuse> {
        self.check_remote(peer, server, |role| role != Role::Client)?;
        let client = self.own(client)?;
        let server = self.theirs(peer, server);
        self.request(peer, CmdClassifier::Write, client, server, cmd, Purpose::Application, now)
            .ok_or(Misuse::TooManyRequests)
    }

    /// Subscribes a peer's feature: it tells us of every change from now on.
    ///
    /// # Errors
    /// If there is no such peer or feature.
    pub fn subscribe(
        &mut self,
        peer: PeerId,
        client: &FeatureAddress,
        server: &FeatureAddress,
        now: Now,
    ) -> Result<RequestId, Misuse> {
        self.relate_to(peer, Kind::Subscription, client, server, now)
    }

    /// Binds a peer's feature: we may write to it from now on.
    ///
    /// # Errors
    /// If there is no such peer or feature.
    pub fn bind(
        &mut self,
        peer: PeerId,
        client: &FeatureAddress,
        server: &FeatureAddress,
        now: Now,
    ) -> Result<RequestId, Misuse> {
        self.relate_to(peer, Kind::Binding, client, server, now)
    }

    fn relate_to(
        &mut self,
        peer: PeerId,
        kind: Kind,
        client: &FeatureAddress,
        server: &FeatureAddress,
        now: Now,
    ) -> Result<RequestId, Misuse> {
        self.check_remote(peer, server, |role| role != Role::Client)?;
        let client = self.own(client)?;
        let server = self.theirs(peer, server);
        self.ask_relation(peer, kind, client, server, now).ok_or(Misuse::TooManyRequests)
    }

    /// Whether this has been asked and not been answered yet.
    pub(super) fn is_reading(
        &self,
        peer: PeerId,
        server: &FeatureAddress,
        function: Function,
    ) -> bool {
        self.peers.get(&peer).is_some_and(|state| {
            state.pending.iter().any(|p| {
                p.classifier == CmdClassifier::Read
                    && p.server.entity == server.entity
                    && p.server.feature == server.feature
                    && p.cmd.data.as_ref().and_then(Payload::which) == Some(function)
            })
        })
    }

    fn check_remote(
        &self,
        peer: PeerId,
        server: &FeatureAddress,
        fits: impl Fn(Role) -> bool,
    ) -> Result<(), Misuse> {
        let state = self.peers.get(&peer).ok_or(Misuse::UnknownPeer)?;
        let feature = state.device.feature(server).ok_or(Misuse::UnknownRemote)?;
        if fits(feature.role) { Ok(()) } else { Err(Misuse::UnknownRemote) }
    }

    fn theirs(&self, peer: PeerId, address: &FeatureAddress) -> FeatureAddress {
        let device = self.peers.get(&peer).and_then(|state| state.address.clone());
        FeatureAddress { device, ..address.clone() }
    }

    pub(super) fn ask_relation(
        &mut self,
        peer: PeerId,
        kind: Kind,
        client: FeatureAddress,
        server: FeatureAddress,
        now: Now,
    ) -> Option<RequestId> {
        let state = self.peers.get(&peer)?;
        // Always stated, because some peers crash without it.
        let server_feature_type = state.device.feature(&server).and_then(|f| f.kind.clone());
        let client_address = Some(client);
        let server_address = Some(server);
        let cmd = match kind {
            Kind::Subscription => Cmd::full(NodeManagementSubscriptionRequestCall {
                subscription_request: Some(SubscriptionManagementRequestCall {
                    client_address,
                    server_address,
                    server_feature_type,
                }),
            }),
            Kind::Binding => Cmd::full(NodeManagementBindingRequestCall {
                binding_request: Some(BindingManagementRequestCall {
                    client_address,
                    server_address,
                    server_feature_type,
                }),
            }),
        };
        let (own, theirs) = (self.node_management(), self.node_management_of(peer));
        let purpose = Purpose::Relation(kind);
        self.request(peer, CmdClassifier::Call, own, theirs, cmd, purpose, now)
    }

    /// Takes a request and sends it as soon as the peer can understand it; `None` if the peer
    /// owes us too many answers.
    pub(super) fn request(
        &mut self,
        peer: PeerId,
        classifier: CmdClassifier,
        client: FeatureAddress,
        server: FeatureAddress,
        cmd: Cmd,
        purpose: Purpose,
        now: Now,
    ) -> Option<RequestId> {
        let request = RequestId(self.number());
        let state = self.peers.get_mut(&peer)?;
        if state.pending.len() >= PENDING {
            return None;
        }
        // Reads between the NodeManagements may go out at once; all else waits until the peer
        // has asked who we are.
        let goes_at_once = classifier == CmdClassifier::Read && is_node_management(&client);
        let is_held = state.hold_back.is_some() && !goes_at_once;
        state.pending.push(Pending {
            request,
            classifier,
            client,
            server,
            cmd,
            purpose,
            counters: Vec::new(),
            state: State::Held,
            refusals: 0,
        });
        if !is_held {
            self.transmit(peer, request, now);
        }
        Some(request)
    }

    fn transmit(&mut self, peer: PeerId, request: RequestId, now: Now) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        let Some(pending) = state.pending.iter().find(|p| p.request == request) else {
            return;
        };
        let ack = pending.classifier != CmdClassifier::Read;
        let announced = state.device.feature(&pending.server).and_then(|f| f.max_response_delay);
        let mut patience = announced.unwrap_or(RESPONSE_DELAY).max(RESPONSE_DELAY) + TRANSPORT;
        if pending.purpose == Purpose::Discovery && pending.counters.is_empty() {
            patience = DISCOVERY_RETRY;
        }
        let outgoing = Outgoing {
            classifier: pending.classifier,
            source: pending.client.clone(),
            destination: pending.server.clone(),
            reference: None,
            ack,
            cmd: pending.cmd.clone(),
        };
        let counter = self.send(peer, outgoing);
        if let Some(pending) = self.pending_mut(peer, request) {
            pending.counters.extend(counter);
            pending.state = State::Sent { until: now.instant + patience };
        }
    }

    fn pending_mut(&mut self, peer: PeerId, request: RequestId) -> Option<&mut Pending> {
        self.peers.get_mut(&peer)?.pending.iter_mut().find(|p| p.request == request)
    }

    fn take_pending(&mut self, peer: PeerId, request: RequestId) -> Option<Pending> {
        let pending = &mut self.peers.get_mut(&peer)?.pending;
        let i = pending.iter().position(|p| p.request == request)?;
        Some(pending.remove(i))
    }

    /// Sends what was held back: the peer has asked for our discovery, or waited long enough.
    pub(super) fn release_held(&mut self, peer: PeerId, now: Now, is_known: bool) {
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        let is_due = state.hold_back.is_some_and(|until| is_known || until <= now.instant);
        if !is_due {
            return;
        }
        state.hold_back = None;
        let held: Vec<_> =
            state.pending.iter().filter(|p| p.state == State::Held).map(|p| p.request).collect();
        for request in held {
            self.transmit(peer, request, now);
        }
    }

    /// Asks again, gives up, repeats what was refused too early.
    pub(super) fn expire_requests(&mut self, peer: PeerId, now: Now) {
        let Some(state) = self.peers.get(&peer) else {
            return;
        };
        let due: Vec<_> = state
            .pending
            .iter()
            .filter(|p| p.deadline().is_some_and(|deadline| deadline <= now.instant))
            .map(|p| p.request)
            .collect();
        for request in due {
            self.expire(peer, request, now);
        }
    }

    fn expire(&mut self, peer: PeerId, request: RequestId, now: Now) {
        let Some(pending) = self.pending_mut(peer, request) else {
            return;
        };
        if matches!(pending.state, State::Refused { .. }) {
            return self.transmit(peer, request, now);
        }
        let attempt = pending.counters.len();
        let may_repeat = pending.classifier != CmdClassifier::Write;
        match LADDER.get(attempt.saturating_sub(1)) {
            Some(_) if may_repeat && pending.purpose == Purpose::Discovery && attempt == 1 => {
                self.transmit(peer, request, now);
            }
            Some(pause) if may_repeat => {
                // The wait for an answer has passed already; the rest of the pause follows.
                let rest = pause.saturating_sub(RESPONSE_DELAY + TRANSPORT);
                pending.state = State::Refused { again: now.instant + rest };
            }
            _ => self.finish(peer, request, Err(Failure::TimedOut)),
        }
    }

    /// A request is over.
    fn finish(&mut self, peer: PeerId, request: RequestId, result: Result<(), Failure>) {
        let Some(pending) = self.take_pending(peer, request) else {
            return;
        };
        if result.is_ok()
            && let Purpose::Relation(kind) = pending.purpose
            && let Some((client, server)) = relation_of(&pending.cmd)
        {
            let id = u32::try_from(request.0).unwrap_or(u32::MAX);
            if let Some(state) = self.peers.get_mut(&peer) {
                let pairs = state.relations.of_mut(kind);
                // Who asks twice is related once.
                if !pairs.iter().any(|pair| pair.client == client && pair.server == server) {
                    pairs.push(Pair { id, client, server });
                }
            }
        }
        match (&pending.purpose, &result) {
            (Purpose::Discovery, Err(Failure::TimedOut)) => self.fault(peer, Fault::Silent),
            (Purpose::UseCases, Err(Failure::Refused(_))) => {
                // Old devices have no such table: what they can do follows from their features.
                self.on_use_cases(peer, Default::default(), true);
            }
            _ => {}
        }
        self.tell(Event::Answered { peer, request, result });
    }

    pub(super) fn on_result(&mut self, incoming: &Incoming, cmd: Cmd, now: Now) {
        let Some(reference) = incoming.reference else {
            return;
        };
        let peer = incoming.peer;
        let Some(Payload::ResultData(data)) = cmd.data else {
            return;
        };
        let Some(state) = self.peers.get_mut(&peer) else {
            return;
        };
        let found = state.pending.iter_mut().find(|p| p.is_answered_by(reference.0));
        let Some(pending) = found else {
            // An answer to a notify of ours, or to a request long given up: noise.
            return;
        };
        let request = pending.request;
        match Refusal::of(&data) {
            // That is no answer to a question for data.
            Ok(()) if pending.classifier == CmdClassifier::Read => {}
            Ok(()) => self.finish(peer, request, Ok(())),
            Err(refusal) => {
                let may_be_too_early = refusal.number.0 == 1
                    && matches!(pending.purpose, Purpose::Relation(_))
                    && pending.refusals < RELATION_RETRIES;
                if may_be_too_early {
                    pending.refusals += 1;
                    pending.state = State::Refused { again: now.instant + RELATION_RETRY };
                } else {
                    self.finish(peer, request, Err(Failure::Refused(refusal)));
                }
            }
        }
    }

    /// The peer has subscribed our NodeManagement, so it knows us now.
    pub(super) fn retry_refused_relations(&mut self, peer: PeerId, now: Now) {
        let Some(state) = self.peers.get(&peer) else {
            return;
        };
        let is_refused = |p: &&Pending| {
            matches!(p.state, State::Refused { .. }) && matches!(p.purpose, Purpose::Relation(_))
        };
        let refused: Vec<_> = state.pending.iter().filter(is_refused).map(|p| p.request).collect();
        for request in refused {
            self.transmit(peer, request, now);
        }
    }

    /// A reply ends the question that it answers; one without a question is data all the same.
    pub(super) fn finish_read(
        &mut self,
        incoming: &Incoming,
        function: Function,
        was_discovered: bool,
        now: Now,
    ) {
        let Some(state) = self.peers.get(&incoming.peer) else {
            return;
        };
        let Some(reference) = incoming.reference else {
            return;
        };
        let found = state.pending.iter().find(|p| {
            p.classifier == CmdClassifier::Read
                && p.is_answered_by(reference.0)
                && p.cmd.data.as_ref().and_then(Payload::which) == Some(function)
        });
        let Some(request) = found.map(|p| p.request) else {
            return;
        };
        self.finish(incoming.peer, request, Ok(()));
        let is_empty_discovery = function == Function::NodeManagementDetailedDiscoveryData
            && !was_discovered
            && !self.is_discovered(incoming.peer);
        if is_empty_discovery {
            self.ask_discovery(incoming.peer, now);
        }
    }

    /// Requests to what a peer no longer has come to nothing.
    pub(super) fn abandon_requests(
        &mut self,
        peer: PeerId,
        is_gone: &dyn Fn(&FeatureAddress) -> bool,
    ) {
        let Some(state) = self.peers.get(&peer) else {
            return;
        };
        let gone: Vec<_> = state
            .pending
            .iter()
            .filter(|p| {
                let target = relation_of(&p.cmd).map(|(_, server)| server);
                is_gone(&p.server) || target.as_ref().is_some_and(is_gone)
            })
            .map(|p| p.request)
            .collect();
        for request in gone {
            self.finish(peer, request, Err(Failure::Gone));
        }
    }
}

/// The client and the server that a relation call names.
fn relation_of(cmd: &Cmd) -> Option<(FeatureAddress, FeatureAddress)> {
    match cmd.data.as_ref()? {
        Payload::NodeManagementSubscriptionRequestCall(call) => {
            let call = call.subscription_request.as_ref()?;
            Some((call.client_address.clone()?, call.server_address.clone()?))
        }
        Payload::NodeManagementBindingRequestCall(call) => {
            let call = call.binding_request.as_ref()?;
            Some((call.client_address.clone()?, call.server_address.clone()?))
        }
        _ => None,
    }
}
