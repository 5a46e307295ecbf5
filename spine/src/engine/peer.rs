//! What is known of a peer while its connection lasts.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::pending::Pending;
use super::{Write, WriteId};
use crate::Refusal;
use crate::device::RemoteDevice;
use crate::model::{AddressDevice, FeatureAddress, Function, NodeManagementUseCaseData, Payload};
use crate::{Instant, Now};
use eebus_json::record_to_string;

/// The most functions of a peer whose data are kept, and the most octets of all of them together,
/// as JSON.
const CACHED: usize = 128;
const CACHED_OCTETS: usize = 1 << 20;

/// How long calls wait for the peer to know us (interop: some peers crash otherwise).
const HOLD_BACK: Duration = Duration::from_secs(5);

/// Messages that a peer may send at once, and in each second from then on.
const BURST: u32 = 1000;
const RATE: u32 = 50;

/// So many messages in a row beyond that end the connection.
const HOPELESS: u32 = 5000;

/// A peer, from the start of its connection to the end.
#[derive(Debug)]
pub struct Peer {
    pub(super) address: Option<AddressDevice>,
    pub(super) device: RemoteDevice,
    pub(super) is_discovered: bool,
    pub(super) use_cases: Option<NodeManagementUseCaseData>,
    cache: BTreeMap<(Vec<u32>, u32, Function), Cached>,
    /// The last number that we gave to a datagram.
    pub(super) counter: u64,
    /// The last number that the peer gave to one.
    pub(super) last_received: Option<u64>,
    pub(super) pending: Vec<Pending>,
    pub(super) relations: Relations,
    pub(super) deferred: Vec<Deferred>,
    /// Until when calls are held back; `None` once the peer has asked for our discovery.
    pub(super) hold_back: Option<Instant>,
    pub(super) flood: Bucket,
}

/// Data of a peer, and how much they may take.
#[derive(Debug)]
struct Cached {
    data: Payload,
    /// An upper bound of their length as JSON.
    octets: usize,
}

/// Who is related to whom on this connection.
#[derive(Debug, Default)]
pub(super) struct Relations {
    pub(super) subscriptions: Vec<Pair>,
    pub(super) bindings: Vec<Pair>,
}

/// A client feature and a server feature, full addresses; one of the two is ours.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) id: u32,
    pub(super) client: FeatureAddress,
    pub(super) server: FeatureAddress,
}

/// A write that the application has not decided about.
#[derive(Debug)]
pub(super) struct Deferred {
    pub(super) id: WriteId,
    pub(super) incoming: super::receive::Incoming,
    pub(super) cmd: crate::model::Cmd,
    pub(super) function: Function,
    pub(super) deadline: Instant,
}

impl Deferred {
    pub(super) fn is(&self, write: &Write) -> bool {
        self.id == write.id
    }
}

impl Peer {
    pub(super) fn new(now: Now) -> Self {
        Self {
            address: None,
            device: RemoteDevice::default(),
            is_discovered: false,
            use_cases: None,
            cache: BTreeMap::new(),
            counter: 0,
            last_received: None,
            pending: Vec::new(),
            relations: Relations::default(),
            deferred: Vec::new(),
            hold_back: Some(now.instant + HOLD_BACK),
            flood: Bucket::full(now.instant),
        }
    }

    /// The address of the peer's device, once it has said anything.
    pub const fn address(&self) -> Option<&AddressDevice> {
        self.address.as_ref()
    }

    /// The peer's device, as far as its discovery has been read.
    pub const fn device(&self) -> &RemoteDevice {
        &self.device
    }

    /// The peer's use cases, once they have been read.
    pub const fn use_cases(&self) -> Option<&NodeManagementUseCaseData> {
        self.use_cases.as_ref()
    }

    /// What a feature of the peer held when we last heard of it.
    pub fn cached(&self, feature: &FeatureAddress, function: Function) -> Option<&Payload> {
        let key = (feature.entity.clone(), feature.feature?, function);
        self.cache.get(&key).map(|cached| &cached.data)
    }

    /// Keeps what a feature of the peer holds now, after a message of so many octets; refuses what
    /// is too much for one peer.
    pub(super) fn keep(
        &mut self,
        feature: &FeatureAddress,
        function: Function,
        data: Payload,
        octets: usize,
    ) -> Result<(), Refusal> {
        let number = feature.feature.ok_or_else(|| Refusal::general("no feature"))?;
        let key = (feature.entity.clone(), number, function);
        let before = self.cache.get(&key).map(|cached| cached.octets);
        if before.is_none() && self.cache.len() >= CACHED {
            return Err(Refusal::overload("too many functions"));
        }
        let others: usize =
            self.cache.values().map(|c| c.octets).sum::<usize>() - before.unwrap_or(0);
        // What was there and what came is an upper bound; only near the limit it is measured.
        let mut octets = before.unwrap_or(0).saturating_add(octets);
        if others + octets > CACHED_OCTETS {
            octets = data.record().map_or(0, |record| record_to_string(record).len());
        }
        if others + octets > CACHED_OCTETS {
            return Err(Refusal::overload("too much data"));
        }
        self.cache.insert(key, Cached { data, octets });
        Ok(())
    }

    pub(super) fn forget_entity(&mut self, path: &[u32]) {
        // Its use cases stay as announced: some announce a vehicle's for ever, and not again when
        // the next one comes. Without the entity they mean nothing.
        self.cache.retain(|(entity, ..), _| entity != path);
    }

    pub(super) fn forget_feature(&mut self, path: &[u32], number: u32) {
        self.cache.retain(|(entity, feature, _), _| entity != path || *feature != number);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let pending = self.pending.iter().filter_map(|p| p.deadline());
        let deferred = self.deferred.iter().map(|d| d.deadline);
        pending.chain(deferred).chain(self.hold_back).min()
    }
}

/// A bucket of tokens: one for each message, refilled at a steady rate.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: u32,
    since: Instant,
    /// How many messages in a row found none.
    refused: u32,
}

impl Bucket {
    const fn full(now: Instant) -> Self {
        Self { tokens: BURST, since: now, refused: 0 }
    }

    /// Takes a token; `false` if there is none.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let elapsed = (now - self.since).as_millis();
        let new = u32::try_from(elapsed * u128::from(RATE) / 1000).unwrap_or(u32::MAX);
        if new >= BURST {
            *self = Self::full(now);
        } else {
            self.tokens = (self.tokens + new).min(BURST);
            // What is not a whole token yet is not lost.
            self.since += Duration::from_millis(u64::from(new) * 1000 / u64::from(RATE));
        }
        match self.tokens.checked_sub(1) {
            Some(rest) => {
                self.tokens = rest;
                self.refused = 0;
                true
            }
            None => {
                self.refused = self.refused.saturating_add(1);
                false
            }
        }
    }

    /// Whether the peer has gone on for so long without regard that it is better gone.
    pub(super) const fn is_hopeless(&self) -> bool {
        self.refused >= HOPELESS
    }
}
