//! Writes: what a peer may change, and who decides (PS 5.3.4, 7.3.5).

use alloc::boxed::Box;
use core::time::Duration;

use super::peer::Deferred;
use super::receive::Incoming;
use super::{Engine, Event, Misuse, Now, PeerId, Write, WriteId};
use crate::Refusal;
use crate::device::{Acceptance, is_node_management};
use crate::exchange::{self, Options, Origin};
use crate::model::{Cmd, FeatureAddress, Function, Payload, Role};

/// The most writes of a peer that may wait for a decision.
const DEFERRED: usize = 16;

/// How long the application may take; a second less than the peer waits.
const DECISION: Duration = Duration::from_secs(9);

impl Engine {
    pub(super) fn on_write(&mut self, incoming: Incoming, function: Function, cmd: Cmd, now: Now) {
        let (merged, acceptance) = match self.check_write(&incoming, function, &cmd) {
            Ok(checked) => checked,
            Err(refusal) => return self.refuse_write(&incoming, function, cmd, refusal),
        };
        if acceptance == Acceptance::Engine {
            self.commit(&incoming, function, cmd, merged);
            return;
        }
        let id = WriteId(self.number());
        let Some(state) = self.peers.get_mut(&incoming.peer) else {
            return;
        };
        if state.deferred.len() >= DEFERRED {
            let refusal = Refusal::overload("too many undecided writes");
            return self.refuse_write(&incoming, function, cmd, refusal);
        }
        let write = Write {
            id,
            peer: incoming.peer,
            counter: incoming.counter,
            client: incoming.source.clone(),
            feature: own_address(self.local.address(), &incoming.destination),
            function,
            sent: sent(function, cmd.clone()),
            merged,
        };
        let longest = self
            .local
            .feature(&incoming.destination)
            .and_then(|feature| feature.max_response_delay)
            .map_or(DECISION, |delay| delay.saturating_sub(Duration::from_secs(1)).max(DECISION));
        let deadline = now.instant + longest;
        state.deferred.push(Deferred { id, incoming, cmd, function, deadline });
        self.tell(Event::Write(Box::new(write)));
    }

    /// The application takes a write: the data change, the subscribers hear of it, the writer is
    /// answered. Says whether that is so: with what has happened since the write came it may have
    /// to be refused after all.
    ///
    /// # Errors
    /// [`Misuse::UnknownPeer`] if the write has been answered already or its peer is gone.
    pub fn accept(&mut self, write: &Write) -> Result<bool, Misuse> {
        let Deferred { incoming, cmd, function, .. } = self.take_deferred(write)?;
        Ok(match self.check_write(&incoming, function, &cmd) {
            Ok((merged, _)) => self.commit(&incoming, function, cmd, merged),
            Err(refusal) => {
                self.refuse_write(&incoming, function, cmd, refusal);
                false
            }
        })
    }

    /// The application refuses a write: nothing changes, the writer is told.
    ///
    /// # Errors
    /// [`Misuse::UnknownPeer`] if the write has been answered already or its peer is gone.
    pub fn refuse(&mut self, write: &Write, refusal: Refusal) -> Result<(), Misuse> {
        let Deferred { incoming, cmd, function, .. } = self.take_deferred(write)?;
        self.refuse_write(&incoming, function, cmd, refusal);
        Ok(())
    }

    fn take_deferred(&mut self, write: &Write) -> Result<Deferred, Misuse> {
        let state = self.peers.get_mut(&write.peer).ok_or(Misuse::UnknownPeer)?;
        let found = state.deferred.iter().position(|d| d.is(write));
        found.map(|i| state.deferred.remove(i)).ok_or(Misuse::UnknownPeer)
    }

    pub(super) fn expire_writes(&mut self, peer: PeerId, now: Now) {
        loop {
            let Some(state) = self.peers.get_mut(&peer) else {
                return;
            };
            let due = |d: &Deferred| d.deadline <= now.instant;
            let Some(i) = state.deferred.iter().position(due) else {
                return;
            };
            let late = state.deferred.remove(i);
            let refusal = Refusal::timeout("no decision");
            self.refuse_write(&late.incoming, late.function, late.cmd, refusal);
        }
    }

    /// Everything that can be said without the application; the merged data if it is all right.
    fn check_write(
        &self,
        incoming: &Incoming,
        function: Function,
        cmd: &Cmd,
    ) -> Result<(Payload, Acceptance), Refusal> {
        let feature = self
            .local
            .feature(&incoming.destination)
            .ok_or_else(|| Refusal::destination_unknown("no such feature"))?;
        if feature.role != Role::Server {
            let why = if is_node_management(&incoming.destination) {
                "not writable"
            } else {
                "a client has no data"
            };
            return Err(Refusal::not_supported(why));
        }
        let served = feature
            .function(function)
            .ok_or_else(|| Refusal::not_supported("function not offered here"))?;
        if !served.operations.write {
            return Err(Refusal::rejected("not writable"));
        }
        if !cmd.filter.is_empty() && !served.operations.write_partial {
            return Err(Refusal::exchange_not_supported("only as a whole"));
        }
        let server = own_address(self.local.address(), &incoming.destination);
        let bound = self.peers.get(&incoming.peer).is_some_and(|state| {
            let bindings = &state.relations.bindings;
            bindings.iter().any(|pair| pair.server == server && pair.client == incoming.source)
        });
        if !bound {
            return Err(Refusal::binding_necessary("no binding for this client"));
        }
        let options = Options::default();
        let data = served.data.as_ref();
        let merged = exchange::apply(function, data, cmd, Origin::PeerWrite, &options)?;
        Ok((merged, served.acceptance))
    }

    /// Says whether the data are there.
    fn commit(
        &mut self,
        incoming: &Incoming,
        function: Function,
        cmd: Cmd,
        merged: Payload,
    ) -> bool {
        let feature = own_address(self.local.address(), &incoming.destination);
        match self.store(&feature, merged) {
            Ok(is_new) => {
                self.tell(Event::Written {
                    peer: incoming.peer,
                    feature: feature.clone(),
                    function,
                });
                self.acknowledge(incoming);
                if is_new {
                    self.notify_subscribers(&feature, function);
                }
                true
            }
            Err(_) => {
                let refusal = Refusal::destination_unknown("the feature is gone");
                self.refuse_write(incoming, function, cmd, refusal);
                false
            }
        }
    }

    /// Tells the writer, and then the application.
    fn refuse_write(
        &mut self,
        incoming: &Incoming,
        function: Function,
        cmd: Cmd,
        refusal: Refusal,
    ) {
        self.answer_with(incoming, &refusal);
        self.tell(Event::WriteRefused {
            peer: incoming.peer,
            function,
            counter: incoming.counter,
            sent: Box::new(sent(function, cmd)),
            refusal,
        });
    }
}

/// What a command carries.
fn sent(function: Function, cmd: Cmd) -> Payload {
    cmd.data.unwrap_or_else(|| Payload::empty(function))
}

fn own_address(device: &crate::model::AddressDevice, address: &FeatureAddress) -> FeatureAddress {
    FeatureAddress { device: Some(device.clone()), ..address.clone() }
}
