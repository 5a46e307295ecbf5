//! The peers of the SHIP node, as the API and the command line see them.

use ship::Ski;
use ship::net::{Handle, PeerState as ShipState, TrustError};
use ship::trust::Standing;
use tokio::sync::watch;

use super::View;
use crate::clock::Clock;
use crate::peers::{Decision, Peer, PeerState, Peers, PeersError};

/// The connections of the SHIP node.
pub(super) struct Connections {
    ship: Handle,
    view: watch::Receiver<View>,
    /// The peer that has bound the vehicle's limits last.
    guard: watch::Receiver<Option<Ski>>,
    clock: Clock,
}

impl Connections {
    pub(super) const fn new(
        ship: Handle,
        view: watch::Receiver<View>,
        guard: watch::Receiver<Option<Ski>>,
        clock: Clock,
    ) -> Self {
        Self { ship, view, guard, clock }
    }

    fn standing(&self, ski: Ski) -> Standing {
        let peers = self.ship.peers();
        peers.iter().find(|peer| peer.ski == ski).map_or(Standing::Unknown, |peer| peer.standing)
    }
}

impl Peers for Connections {
    fn ski(&self) -> Ski {
        self.ship.ski()
    }

    fn trusted(&self) -> Vec<Peer> {
        let view = self.view.borrow().clone();
        let guard = *self.guard.borrow();
        let now = self.clock.now();
        let age = view.heard.map(|heard| now - heard);
        let peers = self.ship.peers().into_iter();
        peers
            .filter(|peer| peer.standing == Standing::Trusted)
            .map(|peer| Peer {
                ski: peer.ski,
                name: peer.ship_id.map(String::from),
                state: match peer.state {
                    ShipState::Connected => PeerState::Connected,
                    ShipState::WaitingForPeer => PeerState::WaitingForPeer,
                    ShipState::Connecting => PeerState::Connecting,
                    _ if view.seen.contains(&peer.ski) => PeerState::Interrupted,
                    _ => PeerState::NotConnected,
                },
                is_guard: guard == Some(peer.ski),
                heartbeat_age: age.filter(|_| guard == Some(peer.ski)),
            })
            .collect()
    }

    fn waiting(&self) -> Vec<Ski> {
        self.ship.waiting().into_iter().map(|peer| peer.ski).collect()
    }

    fn trust(&self, ski: Ski) -> Decision<'_> {
        Box::pin(async move { self.ship.trust(ski).await.map_err(refused) })
    }

    fn deny(&self, ski: Ski) -> Decision<'_> {
        Box::pin(async move {
            if !self.waiting().contains(&ski) {
                return Err(PeersError::Unknown);
            }
            self.ship.refuse(ski).await.map_err(refused)
        })
    }

    fn untrust(&self, ski: Ski) -> Decision<'_> {
        Box::pin(async move {
            if self.standing(ski) != Standing::Trusted {
                return Err(PeersError::Unknown);
            }
            self.ship.untrust(ski).await.map_err(refused)
        })
    }
}

fn refused(error: TrustError) -> PeersError {
    match error {
        TrustError::Own => PeersError::Own,
        TrustError::Full(_) => PeersError::Full,
        other => PeersError::NotStored(Box::new(other)),
    }
}
