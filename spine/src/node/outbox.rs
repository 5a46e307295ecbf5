//! Datagrams that wait for a connection that does not take them at the moment.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use std::vec::Vec;

use eebus_json::Raw;
use ship::net::SendError;

use crate::engine::PeerId;
use crate::{Instant, Now};

/// The most datagrams that wait for one peer.
const WAITING: usize = 1024;

/// When a connection that was full is tried again.
const RETRY: Duration = Duration::from_millis(20);

/// What waits to be sent, in order for each peer.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: BTreeMap<PeerId, VecDeque<Raw>>,
}

impl Outbox {
    pub(super) fn push(&mut self, peer: PeerId, datagram: Raw) {
        self.waiting.entry(peer).or_default().push_back(datagram);
    }

    pub(super) fn forget(&mut self, peer: PeerId) {
        self.waiting.remove(&peer);
    }

    /// When there is something to try again.
    pub(super) fn retry(&self, now: Now) -> Option<Instant> {
        (!self.waiting.is_empty()).then(|| now.instant + RETRY)
    }

    /// Hands over what the connections take; returns the peers for whom too much waits.
    pub(super) fn send(
        &mut self,
        mut hand_over: impl FnMut(PeerId, &Raw) -> Option<Result<(), SendError>>,
    ) -> Vec<PeerId> {
        let mut overflown = Vec::new();
        self.waiting.retain(|peer, queue| {
            while let Some(datagram) = queue.front() {
                match hand_over(*peer, datagram) {
                    Some(Err(SendError::Full)) => {
                        if queue.len() > WAITING {
                            overflown.push(*peer);
                            return false;
                        }
                        return true;
                    }
                    // Sent; or the connection has ended, and its end is on its way to us.
                    _ => queue.pop_front(),
                };
            }
            false
        });
        overflown
    }
}
