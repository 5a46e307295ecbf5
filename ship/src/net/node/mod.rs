//! A node: it listens, it dials, and it knows whom it trusts.
//!
//! One task, the hub, holds the state: connections, targets, trust. Every connection has a task
//! of its own. The application holds a [`Handle`] to ask for things and [`Events`] to hear of
//! them.
//!
//! ```no_run
//! use ship::identity::Identity;
//! use ship::net::{Config, Event, Node};
//! use ship::trust::TrustFile;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = Identity::load_or_create("identity.pem".as_ref(), "i:55555_u:EVSE-One-0001")?;
//! let (file, trust) = TrustFile::open("trust.json")?;
//! let mut config = Config::new(identity, "i:55555_u:EVSE-One-0001");
//! config.listen = Some("0.0.0.0:4712".parse()?);
//! config.trust = trust;
//! config.trust_file = Some(file);
//!
//! let (node, mut events) = Node::start(config).await?;
//! while let Some(event) = events.next().await {
//!     match event {
//!         // Only because this is an example: ask the user.
//!         Event::Waiting { ski, .. } => node.trust(ski).await?,
//!         Event::Data { ski, payload } => node.send(ski, payload)?,
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod attempt;
mod dial;
mod handle;
mod hub;
mod links;
mod peers;
mod rivals;
mod throttle;

use std::boxed::Box;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::string::String;
use std::vec::Vec;

use eebus_json::Raw;
use rustls::crypto::CryptoProvider;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::capture::Capture;
use super::clock::Clock;
use super::drive::Reason;
use super::mdns::{Announcement, AnnouncementError, Mdns, host};
use super::tls::{Tls, provider};
use crate::connection::{Role, Settings};
use crate::identity::{Fingerprint, Identity, Ski};
use crate::message::Version;
use crate::pairing::{Listener, Party, Secret};
use crate::pin::Pin;
use crate::trust::{Trust, TrustFile, is_ship_id};

pub use dial::{Target, TargetError};
pub use handle::{Events, Handle, PetitionError, PinError, SendError, TrustError};
pub use peers::{Peer, PeerState};
pub use throttle::Throttle;

use hub::Hub;

/// So many events may wait for the application; then connections stop reading.
const EVENTS: usize = 16;

/// What a node is made of.
#[derive(Debug)]
pub struct Config {
    /// Key and certificate.
    pub identity: Identity,
    /// SHIP ID, versions and waiting times. A peer that breaks off when it is offered more than
    /// SHIP 1.0 is offered 1.0 from then on.
    pub settings: Settings,
    /// Whom the user trusts, loaded before the port opens.
    pub trust: Trust,
    /// Where decisions are kept; nowhere without it.
    pub trust_file: Option<TrustFile>,
    /// The PIN that peers have to give; none without it. Few products can give one.
    pub pin: Option<OwnPin>,
    /// The secret of the Pairing Service: who signs a request with it is trusted. Needs an
    /// announcement to be heard of. Nobody is trusted in that way without it.
    pub secret: Option<Secret>,
    /// Where to listen; port 0 takes any. Every SHIP node listens: without an address the node
    /// serves only streams that [`Handle::attach`] gives it.
    pub listen: Option<SocketAddr>,
    /// Whom to dial, for ever.
    pub targets: Vec<Target>,
    /// How to be found by mDNS; not at all without it.
    pub announcement: Option<Announcement>,
    /// Whether to look for others by mDNS: trusted peers that are announced are dialled, and
    /// [`Handle::visible`] says who is there.
    pub browse: bool,
    /// Where to record what is said on all connections; nowhere without it.
    pub capture: Option<Capture>,
    /// Certificates that are accepted although the SKI that they state is not the hash of their
    /// key: of old installations that the user knows. Nobody should need it; none by default.
    pub pinned: Vec<Fingerprint>,
    /// How many of everything.
    pub limits: Limits,
    /// The cryptography.
    pub provider: CryptoProvider,
}

impl Config {
    /// A node that neither listens nor dials nor looks around, and trusts nobody yet.
    pub fn new(identity: Identity, ship_id: impl Into<Box<str>>) -> Self {
        let settings = Settings { is_announced: false, ..Settings::new(ship_id) };
        Self {
            identity,
            settings,
            trust: Trust::new(),
            trust_file: None,
            pin: None,
            secret: None,
            listen: None,
            targets: Vec::new(),
            announcement: None,
            browse: false,
            capture: None,
            pinned: Vec::new(),
            limits: Limits::default(),
            provider: provider(),
        }
    }
}

/// How many of everything (SHIP 1.1.0 §8.1 and its practice).
///
/// Strangers have slots of their own, so that they cannot lock a trusted peer out. Nor can those who
/// connect and say nothing: whoever comes when there are `half_open` of them takes the place of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Trusted peers that are connected: 2 or more. One slot stays free in each direction.
    pub trusted: usize,
    /// Unknown peers that wait for the user.
    pub waiting: usize,
    /// Connections that are being set up, until the WebSocket is open.
    pub half_open: usize,
    /// The same, from one IP address.
    pub half_open_per_ip: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { trusted: 8, waiting: 4, half_open: 8, half_open_per_ip: 4 }
    }
}

/// The node's own PIN, as it is printed on its label (SHIP 1.1.0 §12.5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnPin {
    /// Random, not derived from serial number or SKI.
    pub pin: Pin,
    /// Whether no data are exchanged without it. Else the application decides what it does for
    /// whom: [`Peer::levels`].
    pub is_required: bool,
}

/// What a peer thinks of the PIN that it was given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PinAnswer {
    /// It is the one.
    Right,
    /// It is not. The peer takes another one, after a while if there were many.
    Wrong,
}

/// What the application hears.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// An unknown peer waits for the user: [`Handle::trust`] or [`Handle::refuse`]. Told at most
    /// once a minute for a peer; [`Handle::waiting`] is who waits now.
    Waiting {
        /// Its proven SKI.
        ski: Ski,
        /// Where it is connected from, or was dialled at.
        address: String,
    },
    /// A trusted peer is connected, and payloads may be exchanged. If it was connected already,
    /// this connection has replaced the other one: a new session begins.
    Connected {
        /// Its SKI.
        ski: Ski,
        /// Who opened the connection.
        role: Role,
        /// The version of SHIP in use.
        version: Version,
    },
    /// A payload.
    Data {
        /// From whom.
        ski: Ski,
        /// JSON text.
        payload: Raw,
    },
    /// A peer told its SHIP ID for the first time, or another one than before.
    ShipId {
        /// Its SKI.
        ski: Ski,
        /// Its SHIP ID.
        ship_id: Box<str>,
        /// Whether it was another one before.
        is_changed: bool,
    },
    /// A trusted peer demands its PIN, which is printed on it: [`Handle::enter_pin`]. Told once for
    /// a connection, and again if the peer has not looked at the one that it was given.
    PinWanted {
        /// Its SKI.
        ski: Ski,
        /// Whether nothing goes without.
        is_required: bool,
    },
    /// A peer has looked at the PIN that was entered for it.
    PinJudged {
        /// Its SKI.
        ski: Ski,
        /// What it thinks of it.
        answer: PinAnswer,
    },
    /// A trusted peer has told which key it is going to use next, or that it uses another one now
    /// (§12.1.3). It is trusted like before.
    KeysChanged {
        /// Its present SKI, which it has just proven.
        ski: Ski,
        /// The next one.
        successor: Option<Ski>,
    },
    /// A control unit has signed a request with our secret, and is trusted by its certificate from
    /// now on; the one before it no longer.
    ControlUnit {
        /// Who it is. Its SKI is known when it is connected.
        party: Party,
    },
    /// A peer that was asked for its trust has been connected for 15 minutes: nobody has to ask it
    /// any more ([`Handle::petition`]).
    Settled {
        /// Its SKI.
        ski: Ski,
    },
    /// A peer that was connected is no longer.
    Disconnected {
        /// Its SKI.
        ski: Ski,
        /// Why.
        reason: Reason,
    },
}

/// A node, to be started.
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Opens the port, announces the node and starts its tasks on the current runtime.
    pub async fn start(config: Config) -> Result<(Handle, Events), StartError> {
        if !is_ship_id(&config.settings.ship_id) {
            return Err(StartError::ShipId);
        }
        let tls = Tls::new(&config.identity, config.provider).map_err(StartError::Tls)?;
        let tls = tls.pinning(&config.pinned);
        let listener = match config.listen {
            Some(address) => {
                Some(TcpListener::bind(address).await.map_err(|e| StartError::Listen(address, e))?)
            }
            None => None,
        };
        let local = listener.as_ref().map(TcpListener::local_addr).transpose();
        let local = local.map_err(StartError::Address)?;
        let mut settings = config.settings;
        let clock = Clock::start();
        let announced = config.announcement.as_ref().zip(local);
        let mut mdns = None;
        if announced.is_some() || config.browse {
            mdns = Some(Mdns::start().map_err(StartError::Announcement)?);
        }
        if let (Some(mdns), Some((announcement, local))) = (&mut mdns, announced) {
            settings.is_announced = true;
            mdns.announce(announcement, &settings.ship_id, tls.ski(), local, clock.now())
                .map_err(StartError::Announcement)?;
        }
        if let Some(mdns) = mdns.as_mut().filter(|_| config.browse) {
            mdns.browse(clock.now());
        }

        let own = Party {
            ship_id: settings.ship_id.clone(),
            fingerprint: Fingerprint::of_certificate(config.identity.certificate()),
        };
        let judge = config.secret.map(|secret| Listener::new(own.clone(), secret, clock.now()));
        let notices = mdns.as_ref().zip(config.announcement.as_ref()).zip(local).map(
            |((mdns, announcement), local)| {
                let own = hub::OwnService {
                    instance: announcement.instance.clone(),
                    host: host(tls.ski()),
                    port: local.port(),
                };
                (mdns.notices(), own)
            },
        );
        let pairing = hub::Pairing::new(own, judge, notices);

        // Without a bound: only the application asks, and every request is dealt with at once.
        let (requests, requested) = mpsc::unbounded_channel();
        let (decisions, decided) = mpsc::channel(16);
        let (told, events) = mpsc::channel(EVENTS);
        let (snapshot, view) = watch::channel(peers::Snapshot::default());
        let handle = Handle::new(requests, decisions, view, tls.ski(), local);
        let mut hub = Hub::new(hub::Parts {
            clock,
            tls,
            settings,
            limits: config.limits,
            trust: config.trust,
            trust_file: config.trust_file,
            pin: config.pin,
            pairing,
            targets: config.targets,
            listener,
            mdns,
            capture: config.capture,
            requests: requested,
            decisions: decided,
            events: told,
            snapshot,
        });
        // Whoever looks now sees whom the user trusts.
        hub.publish();
        tokio::spawn(hub.run());
        Ok((handle, Events::new(events)))
    }
}

/// A node that cannot start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A SHIP ID is 1 to 63 octets, none of them invisible.
    ShipId,
    /// The provider cannot sign with the node's key.
    Tls(rustls::Error),
    /// The port cannot be opened.
    Listen(SocketAddr, io::Error),
    /// The port is open, but nobody knows which.
    Address(io::Error),
    /// The announcement is invalid, or mDNS does not work here.
    Announcement(AnnouncementError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShipId => f.write_str("a SHIP ID has 1 to 63 octets, all of them visible"),
            Self::Tls(error) => write!(f, "key cannot be used: {error}"),
            Self::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Address(error) => write!(f, "cannot find out the port: {error}"),
            Self::Announcement(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {}
