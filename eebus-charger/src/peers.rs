//! Who may talk to the charger over EEBUS, as the web and the command line see it.
//!
//! The EEBUS side implements [`Peers`]; everybody else asks through it and knows no connection.

use core::time::Duration;
use std::fmt;
use std::pin::Pin;

use ship::Ski;

/// The peers of a node and the user's decisions about them (CH-172 to CH-178).
pub trait Peers: Send + Sync {
    /// The charger's own SKI.
    fn ski(&self) -> Ski;

    /// The peers that are trusted, connected or not.
    fn trusted(&self) -> Vec<Peer>;

    /// The peers that are not trusted, are connected, and wait for a decision.
    fn waiting(&self) -> Vec<Ski>;

    /// The user trusts a peer, whether it waits or has yet to come. Kept over restarts. Trusting
    /// twice is trusting once.
    fn trust(&self, ski: Ski) -> Decision<'_>;

    /// The user refuses a peer that waits; [`PeersError::Unknown`] if it does not.
    fn deny(&self, ski: Ski) -> Decision<'_>;

    /// The user takes the trust back: the connection ends and the peer's limits with it (CH-177);
    /// [`PeersError::Unknown`] if it was not trusted.
    fn untrust(&self, ski: Ski) -> Decision<'_>;
}

/// A decision on its way to the disk.
pub type Decision<'a> = Pin<Box<dyn Future<Output = Result<(), PeersError>> + Send + 'a>>;

/// A trusted peer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Who it is.
    pub ski: Ski,
    /// What it calls itself, once it has said so.
    pub name: Option<String>,
    /// How the connection stands.
    pub state: PeerState,
    /// It guards the house connection: it has bound the vehicle's limits.
    pub is_guard: bool,
    /// How long ago its last heartbeat came.
    pub heartbeat_age: Option<Duration>,
}

/// How the connection to a trusted peer stands (CH-178).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PeerState {
    /// There was no connection since the program started.
    NotConnected,
    /// A connection is being made.
    Connecting,
    /// The other side's user has to confirm.
    WaitingForPeer,
    /// Connected.
    Connected,
    /// There was a connection, and it will be tried again.
    Interrupted,
}

impl PeerState {
    /// The word in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotConnected => "not_connected",
            Self::Connecting => "connecting",
            Self::WaitingForPeer => "waiting_for_peer",
            Self::Connected => "connected",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Why a decision was not carried out.
#[derive(Debug)]
#[non_exhaustive]
pub enum PeersError {
    /// There is no such peer to decide about.
    Unknown,
    /// There is no room for another trusted peer.
    Full,
    /// It is the charger's own SKI.
    Own,
    /// The decision could not be stored, so that it does not hold.
    NotStored(Box<dyn std::error::Error + Send + Sync>),
}

impl fmt::Display for PeersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such peer"),
            Self::Full => f.write_str("there is no room for another peer"),
            Self::Own => f.write_str("this is the charger's own SKI"),
            Self::NotStored(error) => write!(f, "the decision could not be stored: {error}"),
        }
    }
}

impl std::error::Error for PeersError {}
