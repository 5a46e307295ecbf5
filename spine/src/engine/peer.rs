//! What is known of a peer while its connection lasts.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use super::pending::Pending;
use super::{Write, WriteId};
use crate::device::RemoteDevice;
use crate::model::{AddressDevice, FeatureAddress, Function, NodeManagementUseCaseData, Payload};
use crate::{Instant, Now};

/// The most functions of a peer whose data are kept.
const CACHED: usize = 128;

/// How long calls wait for the peer to know us (interop: some peers crash otherwise).
const HOLD_BACK: Duration = Duration::from_secs(5);

/// Messages that a peer may send at once, and in each second from then on.
const BURST: u32 = 1000;
const RATE: u32 = 50;

/// A peer, from the start of its connection to the end.
#[derive(Debug)]
pub struct Peer {
    pub(super) address: Option<AddressDevice>,
    pub(super) device: RemoteDevice,
    pub(super) is_discovered: bool,
    pub(super) use_cases: Option<NodeManagementUseCaseData>,
    pub(super) cache: BTreeMap<(Vec<u32>, u32, Function), Payload>,
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
        self.cache.get(&(feature.entity.clone(), feature.feature?, function))
    }

    pub(super) fn keep(&mut self, feature: &FeatureAddress, function: Function, data: Payload) {
        let Some(number) = feature.feature else {
            return;
        };
        let key = (feature.entity.clone(), number, function);
        if self.cache.len() < CACHED || self.cache.contains_key(&key) {
            self.cache.insert(key, data);
        }
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
}

impl Bucket {
    const fn full(now: Instant) -> Self {
        Self { tokens: BURST, since: now }
    }

    /// Takes a token; `false` if there is none.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let elapsed = (now - self.since).as_millis();
        let new = u32::try_from(elapsed * u128::from(RATE) / 1000).unwrap_or(u32::MAX);
        if new > 0 {
            self.tokens = self.tokens.saturating_add(new).min(BURST);
            self.since = now;
        }
        match self.tokens.checked_sub(1) {
            Some(rest) => {
                self.tokens = rest;
                true
            }
            None => false,
        }
    }
}
