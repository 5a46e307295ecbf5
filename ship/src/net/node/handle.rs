//! What the application holds.

use std::boxed::Box;
use std::fmt;
use std::net::SocketAddr;
use std::string::String;
use std::vec::Vec;

use eebus_json::Raw;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::Event;
use super::peers::{Peer, PeerState, Snapshot};
use crate::connection::Role;
use crate::discovery::Neighbour;
use crate::identity::Ski;
use crate::net::drive::Command;
use crate::net::link::Stream;
use crate::pairing::{self, Party, Refusal, Secret};
use crate::pin::Pin;
use crate::trust::{Mechanism, Trust, TrustFileError, TrustIsFull};

/// What the hub is asked for.
pub(super) enum Request {
    Attach {
        stream: Box<dyn Stream>,
        role: Role,
        expected: Option<Ski>,
        name: String,
    },
    Disconnect(Ski),
    /// The peer's PIN, and whether it is taken.
    Pin(Ski, Pin, oneshot::Sender<Result<(), PinError>>),
    Consider(Box<pairing::Request>, oneshot::Sender<Result<(), Refusal>>),
    Petition {
        ski: Ski,
        asked: Party,
        secret: Secret,
        done: oneshot::Sender<Result<(), PetitionError>>,
    },
    /// The sender is dropped when everything is over.
    Shutdown(oneshot::Sender<()>),
}

/// A decision of the user, and who waits until it is kept. Apart from the requests, because
/// keeping it may take its time.
pub(super) struct Asked {
    pub(super) decision: Decision,
    pub(super) done: oneshot::Sender<Result<(), TrustError>>,
}

/// A decision of the user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decision {
    Trust(Ski, Mechanism),
    Refuse(Ski),
    Forget(Ski),
    Reset,
}

impl Decision {
    /// Takes the decision. `Ok(false)`: it was taken already.
    pub(super) fn apply(self, trust: &mut Trust) -> Result<bool, TrustIsFull> {
        match self {
            Self::Trust(ski, mechanism) => trust.trust_by(ski, mechanism),
            Self::Refuse(ski) => Ok(trust.refuse(ski)),
            Self::Forget(ski) => Ok(trust.forget(ski)),
            Self::Reset => {
                trust.reset();
                Ok(true)
            }
        }
    }

    /// Whom it is about; `None`: everybody.
    fn peer(self) -> Option<Ski> {
        match self {
            Self::Trust(ski, _) | Self::Refuse(ski) | Self::Forget(ski) => Some(ski),
            Self::Reset => None,
        }
    }
}

/// Asks a node for things. Clones ask the same node; when the last one is gone, the node shuts
/// down.
#[derive(Clone, Debug)]
pub struct Handle {
    requests: mpsc::UnboundedSender<Request>,
    decisions: mpsc::Sender<Asked>,
    view: watch::Receiver<Snapshot>,
    ski: Ski,
    address: Option<SocketAddr>,
}

impl Handle {
    pub(super) fn new(
        requests: mpsc::UnboundedSender<Request>,
        decisions: mpsc::Sender<Asked>,
        view: watch::Receiver<Snapshot>,
        ski: Ski,
        address: Option<SocketAddr>,
    ) -> Self {
        Self { requests, decisions, view, ski, address }
    }

    /// The node's own SKI.
    pub fn ski(&self) -> Ski {
        self.ski
    }

    /// Where the node listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Takes a payload for a connected peer to be sent.
    ///
    /// Does not wait. A peer that stops reading is disconnected after 10 s; until then its queue
    /// may be [full](SendError::Full).
    pub fn send(&self, ski: Ski, payload: Raw) -> Result<(), SendError> {
        let view = self.view.borrow();
        let route = view.routes.get(&ski).ok_or(SendError::NotConnected)?;
        route.try_send(Command::Send(payload)).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Full,
            TrySendError::Closed(_) => SendError::NotConnected,
        })
    }

    /// Trusts a peer from now on, whose SKI the user has compared with its label; one that waits
    /// goes on at once. Returns when the decision is kept.
    pub async fn trust(&self, ski: Ski) -> Result<(), TrustError> {
        self.decide(Decision::Trust(ski, Mechanism::UserVerified)).await
    }

    /// The same, for a peer that the user knows in another way: that decides how far it is trusted
    /// (§12.3.2).
    pub async fn trust_by(&self, ski: Ski, mechanism: Mechanism) -> Result<(), TrustError> {
        self.decide(Decision::Trust(ski, mechanism)).await
    }

    /// Sends a peer away, now and whenever it comes again. Returns when the decision is kept.
    pub async fn refuse(&self, ski: Ski) -> Result<(), TrustError> {
        self.decide(Decision::Refuse(ski)).await
    }

    /// Takes back what was decided about a peer: a connected one is told that it was removed
    /// (§13.4.8) and may ask again. Returns when that is kept.
    pub async fn untrust(&self, ski: Ski) -> Result<(), TrustError> {
        self.decide(Decision::Forget(ski)).await
    }

    /// Forgets all peers, refusals and proofs: the part of a factory reset that is SHIP's
    /// (§12.2.2). Connected peers are told that they were removed. The node's own key stays, so
    /// that the label stays right. Returns when it is kept.
    pub async fn forget_all(&self) -> Result<(), TrustError> {
        self.decide(Decision::Reset).await
    }

    async fn decide(&self, decision: Decision) -> Result<(), TrustError> {
        if decision.peer() == Some(self.ski) {
            return Err(TrustError::Own);
        }
        let (done, decided) = oneshot::channel();
        let asked = Asked { decision, done };
        self.decisions.send(asked).await.map_err(|_| TrustError::Stopped)?;
        decided.await.map_err(|_| TrustError::Stopped)?
    }

    /// Enters the PIN of a peer that wants it ([`Event::PinWanted`](super::Event::PinWanted)), or
    /// that is going to: it is sent once, as soon as it is wanted, and forgotten then.
    /// [`Event::PinJudged`](super::Event::PinJudged) follows.
    ///
    /// Every wrong PIN counts against this node: never enter one that nobody has typed.
    pub async fn enter_pin(&self, ski: Ski, pin: Pin) -> Result<(), PinError> {
        let (done, taken) = oneshot::channel();
        let request = Request::Pin(ski, pin, done);
        self.requests.send(request).map_err(|_| PinError::Stopped)?;
        taken.await.map_err(|_| PinError::Stopped)?
    }

    /// Asks a trusted peer to trust us, with the secret from its label (Pairing Service 1.0.0): the
    /// request is announced until a connection has lasted for 15 minutes, and then
    /// [`Event::Settled`](super::Event::Settled) follows. It ends as well when the peer is no longer
    /// trusted. A node that was stopped before has to be told again.
    pub async fn petition(
        &self,
        ski: Ski,
        asked: Party,
        secret: Secret,
    ) -> Result<(), PetitionError> {
        let (done, taken) = oneshot::channel();
        let request = Request::Petition { ski, asked, secret, done };
        self.requests.send(request).map_err(|_| PetitionError::Stopped)?;
        taken.await.map_err(|_| PetitionError::Stopped)?
    }

    /// Has the node judge a pairing request that came to the application in another way than by
    /// mDNS, which it listens to by itself. `None`: the node has stopped.
    pub async fn consider(&self, request: pairing::Request) -> Option<Result<(), Refusal>> {
        let (done, judged) = oneshot::channel();
        self.requests.send(Request::Consider(Box::new(request), done)).ok()?;
        judged.await.ok()
    }

    /// All peers that are trusted, refused or connected in any way, in the order of their SKIs.
    pub fn peers(&self) -> Vec<Peer> {
        self.view.borrow().peers.clone()
    }

    /// The peers that wait for the user.
    pub fn waiting(&self) -> Vec<Peer> {
        let view = self.view.borrow();
        view.peers.iter().filter(|peer| peer.state == PeerState::Waiting).cloned().collect()
    }

    /// Who announces itself on the local network just now, with [`Config::browse`]: at most 256,
    /// in the order of their names, without the node itself. Claims, for a user to choose from:
    /// [`Handle::trust`] in one has it dialled, and only then is the key proven.
    ///
    /// [`Config::browse`]: super::Config::browse
    pub fn visible(&self) -> Vec<Neighbour> {
        self.view.borrow().visible.to_vec()
    }

    /// Waits until [`Handle::peers`] or [`Handle::visible`] has changed since this clone last looked; `false` when the
    /// node has stopped.
    pub async fn changed(&mut self) -> bool {
        self.view.changed().await.is_ok()
    }

    /// Has the node run a connection over any stream, as if a peer had opened it
    /// ([`Role::Server`]) or the node had ([`Role::Client`], then to the peer `expected` unless
    /// any will do). `name` stands for the address. Connections of this kind are not redialled.
    ///
    /// `false` when the node has stopped.
    pub async fn attach(
        &self,
        stream: impl Stream + 'static,
        role: Role,
        expected: Option<Ski>,
        name: impl Into<String>,
    ) -> bool {
        let name = name.into();
        let request = Request::Attach { stream: Box::new(stream), role, expected, name };
        self.requests.send(request).is_ok()
    }

    /// Ends the connection of a peer in an orderly way, if there is one. It stays as trusted as it
    /// was: it may come again, and one that is dialled is dialled again. Does not wait:
    /// [`Event::Disconnected`] follows within seconds, even if the peer does not read any more.
    pub fn disconnect(&self, ski: Ski) {
        // A node that has stopped has no connections.
        let _ = self.requests.send(Request::Disconnect(ski));
    }

    /// Ends all connections in an orderly way and stops the node. Takes three seconds at most if
    /// peers do not answer.
    pub async fn shutdown(&self) {
        let (done, over) = oneshot::channel();
        if self.requests.send(Request::Shutdown(done)).is_ok() {
            let _ = over.await;
        }
    }
}

/// What the application hears. When it is dropped, the node shuts down.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<Event>);

impl Events {
    pub(super) fn new(events: mpsc::Receiver<Event>) -> Self {
        Self(events)
    }

    /// The next event; `None` when the node has stopped. Nothing is lost if the future is
    /// dropped.
    ///
    /// Who does not ask slows its peers down: their payloads are no longer read.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.recv().await
    }
}

/// A payload that was not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The peer is not connected.
    NotConnected,
    /// The peer does not read what has been sent before.
    Full,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConnected => "peer is not connected",
            Self::Full => "peer does not read",
        })
    }
}

impl std::error::Error for SendError {}

/// A PIN that is not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PinError {
    /// The peer is not trusted, or not far enough to be told its PIN: user trust 32 (§12.5).
    Withheld,
    /// Too many PINs wait for peers that are not connected.
    Full,
    /// The node has stopped.
    Stopped,
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Withheld => "peer is not trusted far enough to be given a PIN",
            Self::Full => "too many PINs wait for peers",
            Self::Stopped => "node has stopped",
        })
    }
}

impl std::error::Error for PinError {}

/// A peer that is not asked for its trust.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PetitionError {
    /// We do not trust it ourselves.
    NotTrusted,
    /// The node is not announced by mDNS, and cannot announce requests.
    NotAnnounced,
    /// Too many peers are being asked already.
    Full,
    /// The node has stopped.
    Stopped,
}

impl fmt::Display for PetitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotTrusted => "peer is not trusted",
            Self::NotAnnounced => "node does not take part in mdns",
            Self::Full => "too many peers are being asked",
            Self::Stopped => "node has stopped",
        })
    }
}

impl std::error::Error for PetitionError {}

/// A decision that does not hold.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrustError {
    /// It is the node's own SKI.
    Own,
    /// There is no room for another peer.
    Full(TrustIsFull),
    /// The decision could not be kept, so it was not taken.
    File(TrustFileError),
    /// The node has stopped.
    Stopped,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("this is the node's own SKI"),
            Self::Full(error) => write!(f, "{error}"),
            Self::File(_) => f.write_str("decision cannot be kept"),
            Self::Stopped => f.write_str("node has stopped"),
        }
    }
}

impl std::error::Error for TrustError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}
