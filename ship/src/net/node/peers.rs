//! What the node knows of its peers, as everybody may see it.

use std::boxed::Box;
use std::collections::BTreeMap;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use tokio::sync::mpsc;

use super::links::Links;
use crate::connection::Stage;
use crate::discovery::Neighbour;
use crate::identity::Ski;
use crate::net::drive::{Command, LinkId};
use crate::trust::{Levels, Standing, Trust};

/// How far a peer and this node have come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum PeerState {
    /// There is no connection.
    Disconnected,
    /// A connection is being set up.
    Connecting,
    /// The peer is connected, and waits for our user.
    Waiting,
    /// The peer is connected, and its user has not decided yet.
    WaitingForPeer,
    /// Payloads may be exchanged.
    Connected,
}

/// A peer that is trusted, refused, or connected in any way.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Peer {
    /// Its SKI: proven if it is connected.
    pub ski: Ski,
    /// What the user thinks of it.
    pub standing: Standing,
    /// How far the user trusts it, if at all.
    pub levels: Levels,
    /// How far it has come.
    pub state: PeerState,
    /// Its SHIP ID, once it has told.
    pub ship_id: Option<Box<str>>,
    /// Where it is connected from, or was dialled at.
    pub address: Option<String>,
}

/// The state of the node at one moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) peers: Vec<Peer>,
    /// Where payloads for a connected peer go.
    pub(super) routes: BTreeMap<Ski, mpsc::Sender<Command>>,
    /// Who announces itself.
    pub(super) visible: Arc<Vec<Neighbour>>,
}

/// What a connection without a session looks like from outside; most stages look the same.
pub(super) const fn seen_as(stage: Option<Stage>) -> Option<PeerState> {
    match stage {
        Some(Stage::Pending) => Some(PeerState::Waiting),
        Some(Stage::Ready) => Some(PeerState::WaitingForPeer),
        Some(Stage::Closing | Stage::Closed) => None,
        _ => Some(PeerState::Connecting),
    }
}

/// Puts together what is known. `dialled` are the peers expected where we dial just now.
pub(super) fn snapshot(
    trust: &Trust,
    links: &Links,
    sessions: &BTreeMap<Ski, LinkId>,
    dialled: impl Iterator<Item = Ski>,
) -> Snapshot {
    let mut peers = BTreeMap::new();
    let unconnected = |ski: Ski| Peer {
        ski,
        standing: trust.standing(ski),
        levels: trust.peer(ski).map(|peer| peer.levels).unwrap_or_default(),
        state: PeerState::Disconnected,
        ship_id: None,
        address: None,
    };
    for (ski, known) in trust.trusted() {
        peers.insert(ski, Peer { ship_id: known.ship_id.clone(), ..unconnected(ski) });
    }
    for ski in trust.refused() {
        peers.insert(ski, unconnected(ski));
    }
    let mut improve = |ski: Ski, state: PeerState, address: Option<&String>| {
        let peer = peers.entry(ski).or_insert_with(|| unconnected(ski));
        if state > peer.state {
            peer.state = state;
            peer.address = address.cloned();
        }
    };
    for ski in dialled {
        improve(ski, PeerState::Connecting, None);
    }
    for (id, link) in links.iter() {
        let Some(ski) = link.ski() else {
            continue;
        };
        let state = match seen_as(link.stage) {
            _ if sessions.get(&ski) == Some(&id) => Some(PeerState::Connected),
            _ if link.is_leaving => None,
            state => state,
        };
        if let Some(state) = state {
            improve(ski, state, Some(&link.address));
        }
    }
    let route = |(ski, id): (&Ski, &LinkId)| Some((*ski, links.get(*id)?.commands.clone()?));
    Snapshot {
        peers: peers.into_values().collect(),
        routes: sessions.iter().filter_map(route).collect(),
        visible: Arc::default(),
    }
}
