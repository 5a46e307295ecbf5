//! One SHIP connection as a value: what happened goes in, what to do comes out.
//!
//! ```text
//! handle(what happened, now)      poll() -> Option<Output>      deadline() -> Option<Instant>
//! ```
//!
//! The connection touches no socket and no clock. It begins when the WebSocket is open and the
//! peer's SKI is proven; who drives it carries frames in both directions, calls
//! [`Connection::handle`] with [`Input::Tick`] when the deadline has passed, and closes the
//! WebSocket when it is told to. Outputs queue inside: any number of inputs may be handled
//! before polling.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;

use eebus_json::{Instant, Raw};

use crate::frame::{Fault, Frame};
use crate::handshake::{Context, Happening, Phase};
use crate::identity::Ski;
use crate::message::{CloseReason, KeyMaterialState, KeyState, Version};
use crate::pin::{Answer, Pin, PinDemand};
use crate::trust::Standing;

/// The Wait-Timer of the protocol handshake and the PIN state (§13.4.4.2, §13.4.4.3).
pub(crate) const WAIT: Duration = Duration::from_secs(10);

/// Who opened the TCP connection (§8.1). Says nothing about roles in SPINE.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Role {
    /// We did.
    Client,
    /// The peer did.
    Server,
}

/// Waiting times that the standard leaves a choice in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timers {
    /// CmiTimeout: how long to wait for the init message. 10 to 30 s, 20 s by default.
    pub init: Duration,
    /// T_hello_init and T_hello_inc: how long to wait for the peer to become ready, and by how
    /// much a granted prolongation adds to it. 60 to 240 s, 120 s by default.
    pub hello: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self { init: Duration::from_secs(20), hello: Duration::from_secs(120) }
    }
}

/// What all connections of a node have in common.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node's SHIP ID, the same as in its mDNS record: 1 to 63 octets.
    pub ship_id: Box<str>,
    /// The highest version to offer and to accept. 1.0 unless a peer is known to take more:
    /// stacks in the field refuse an offer of 1.1.
    pub max_version: Version,
    /// Whether the node is announced by mDNS.
    pub is_announced: bool,
    /// Whether to ask every peer for its access methods (`PAR_queryAccessMethods`).
    pub asks_access_methods: bool,
    /// The PIN that this peer has to give, `None` by default. Whoever demands one holds a
    /// [`Lock`](crate::pin::Lock) and answers [`Event::PinGiven`] with [`Input::PinJudged`].
    pub pin: PinDemand,
    /// The node's own keys, for peers that speak SHIP 1.1 (§12.1.3): nothing is said about them
    /// without.
    pub keys: Option<KeyMaterialState>,
    /// Which state of the peer's keys is known: `updateCounter` of the last
    /// [`Event::KeysChanged`].
    pub known_keys: Option<u16>,
    /// Waiting times.
    pub timers: Timers,
}

impl Settings {
    /// The defaults, for a node of this SHIP ID that is announced by mDNS.
    pub fn new(ship_id: impl Into<Box<str>>) -> Self {
        Self {
            ship_id: ship_id.into(),
            max_version: Version::V1_0,
            is_announced: true,
            asks_access_methods: true,
            pin: PinDemand::None,
            keys: None,
            known_keys: None,
            timers: Timers::default(),
        }
    }
}

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// A binary WebSocket message came in.
    Frame(&'a [u8]),
    /// A payload for the peer. Dropped outside the data exchange: the application hears of that
    /// in [`Event::Open`] and [`Close`].
    Send(Raw),
    /// The user has decided: `true` to trust the peer, `false` to refuse it.
    Trust(bool),
    /// The peer's PIN, as our user has entered it: sent as soon as the peer wants it, and forgotten
    /// then. Only for a peer that the user trusts with at least 32 (§12.5).
    Pin(Pin),
    /// What the PIN of [`Event::PinGiven`] is worth.
    PinJudged(Answer),
    /// Whether the keys of [`Event::KeysChanged`] are trusted and kept now.
    KeysTaken(bool),
    /// We want to end the connection.
    Leave(Leave),
    /// Time has passed.
    Tick,
    /// The WebSocket is gone.
    Lost,
}

/// Why we end a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leave {
    /// For a while: a restart, the end of the program.
    Unspecific,
    /// Another connection to the same peer takes over (§12.2.3).
    Superseded,
    /// The user no longer trusts the peer.
    Removed,
}

/// What to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Send a binary WebSocket message.
    Frame(Vec<u8>),
    /// Tell the application.
    Event(Event),
    /// Close the WebSocket, after what was to be sent before, unless it is gone already. Nothing
    /// follows.
    Close(Close),
}

/// What the application should know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer is unknown and waits until the user has decided: [`Input::Trust`].
    Waiting,
    /// Both sides trust each other, payloads may be exchanged.
    Open {
        /// The version of SHIP in use.
        version: Version,
    },
    /// A payload from the peer.
    Data(Raw),
    /// What the peer says of itself.
    AccessMethods {
        /// Its SHIP ID; some peers leave it out.
        id: Option<Box<str>>,
    },
    /// The peer demands its PIN: [`Input::Pin`]. Until then it exchanges no data, or only
    /// restricted data if it is not required.
    PinWanted {
        /// No data without.
        is_required: bool,
    },
    /// The PIN that we gave was right.
    PinAccepted,
    /// The PIN that we gave was wrong. Nothing is tried again: each wrong PIN makes the peer wait
    /// longer before it takes another one.
    PinRefused,
    /// The peer gives our PIN, or `None`: what cannot be one. [`Input::PinJudged`] answers it.
    PinGiven(Option<Pin>),
    /// The peer, which speaks SHIP 1.1, has changed its keys, or will (§12.1.3).
    /// [`Input::KeysTaken`] answers it, within 20 s.
    KeysChanged {
        /// `updateCounter`.
        counter: u16,
        /// Its keys on secp256r1, which this connection is secured with; those that are missing
        /// are no longer the peer's.
        keys: Vec<(KeyState, Ski)>,
    },
    /// The peer has not answered our question for its access methods within 60 s.
    NoAccessMethods,
    /// Something from the peer was dropped. For the log.
    Ignored(Fault),
}

/// How to close the WebSocket, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Close {
    /// The status code of the Close frame.
    pub code: u16,
    /// Its text.
    pub text: &'static str,
    /// Why the connection ended.
    pub end: End,
}

impl Close {
    pub(crate) fn normal(end: End) -> Self {
        Self { code: 1000, text: "", end }
    }

    pub(crate) fn protocol_error(end: End) -> Self {
        Self { code: 1002, text: "", end }
    }

    pub(crate) fn refused() -> Self {
        Self { code: 4452, text: "Node rejected by application.", end: End::Refused }
    }

    /// The end of a connection that cannot be ended in an orderly way yet.
    pub(crate) fn leaving(leave: Leave) -> Self {
        match leave {
            Leave::Unspecific => Self::normal(End::Left(leave)),
            Leave::Superseded => {
                Self { code: 1000, text: "double connection", end: End::Left(leave) }
            }
            Leave::Removed => Self::refused(),
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// We wanted it.
    Left(Leave),
    /// The peer announced it.
    ClosedByPeer(CloseReason),
    /// Our user refused the peer.
    Refused,
    /// The peer refused us, or gave up waiting for our user.
    Rejected,
    /// The peer was silent for too long.
    TimedOut(Stage),
    /// The peer sent what does not belong there.
    Unexpected(Stage),
    /// No common version or format.
    Mismatch,
    /// The peer reported this error in the protocol handshake: 1 time-out, 2 unexpected
    /// message, 3 mismatch.
    Failed(u8),
    /// The peer demands a PIN, and nobody has given it for half an hour.
    PinRequired,
    /// Ten messages in a row could not be read.
    Unreadable,
    /// The WebSocket was gone.
    Lost,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left(Leave::Unspecific) => f.write_str("closed by us"),
            Self::Left(Leave::Superseded) => f.write_str("another connection took over"),
            Self::Left(Leave::Removed) => f.write_str("peer removed by our user"),
            Self::ClosedByPeer(CloseReason::RemovedConnection) => {
                f.write_str("removed by the peer's user")
            }
            Self::ClosedByPeer(CloseReason::Unspecific) => f.write_str("closed by the peer"),
            // Escaped, and no longer than a log line bears.
            Self::ClosedByPeer(CloseReason::Other(text)) => {
                let text: String = text.chars().take(60).collect();
                write!(f, "closed by the peer: {text:?}")
            }
            Self::Refused => f.write_str("peer refused by our user"),
            Self::Rejected => f.write_str("rejected by the peer"),
            Self::TimedOut(stage) => write!(f, "peer silent for too long ({stage})"),
            Self::Unexpected(stage) => write!(f, "unexpected message ({stage})"),
            Self::Mismatch => f.write_str("no common version or format"),
            Self::Failed(error) => write!(f, "peer reports handshake error {error}"),
            Self::PinRequired => f.write_str("peer demands a PIN"),
            Self::Unreadable => f.write_str("too many unreadable messages"),
            Self::Lost => f.write_str("connection lost"),
        }
    }
}

impl core::error::Error for End {}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// Init messages (§13.4.3).
    Init,
    /// Hello, our user has not decided (§13.4.4.1).
    Pending,
    /// Hello, the peer has not decided (§13.4.4.1).
    Ready,
    /// Protocol handshake (§13.4.4.2).
    Protocol,
    /// PIN state (§13.4.4.3).
    Pin,
    /// Data exchange (§13.4.5).
    Exchange,
    /// The end has been announced (§13.4.8).
    Closing,
    /// It is over.
    Closed,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "init",
            Self::Pending => "hello, pending",
            Self::Ready => "hello, ready",
            Self::Protocol => "protocol handshake",
            Self::Pin => "pin",
            Self::Exchange => "data exchange",
            Self::Closing => "closing",
            Self::Closed => "closed",
        })
    }
}

/// One connection to one peer, from the open WebSocket to its end.
#[derive(Debug)]
pub struct Connection {
    settings: Settings,
    role: Role,
    standing: Standing,
    /// The peer's PIN, until it is wanted.
    pin: Option<Pin>,
    /// Which state of its keys the peer has.
    peer_keys: Option<u16>,
    phase: Phase,
    outputs: VecDeque<Output>,
}

impl Connection {
    /// The WebSocket to a peer is open; `standing` is what our user thinks of the peer.
    pub fn new(role: Role, standing: Standing, settings: Settings, now: Instant) -> Self {
        let mut outputs = VecDeque::new();
        let (mut pin, mut peer_keys) = (None, None);
        let phase = Phase::open(&mut Context {
            now,
            role,
            standing,
            settings: &settings,
            pin: &mut pin,
            peer_keys: &mut peer_keys,
            outputs: &mut outputs,
        });
        Self { settings, role, standing, pin, peer_keys, phase, outputs }
    }

    /// Takes in what happened. Nothing happens to a connection that has ended.
    pub fn handle(&mut self, input: Input<'_>, now: Instant) {
        if self.is_closed() {
            return;
        }
        let what = match input {
            Input::Frame(octets) => match Frame::read(octets, self.stage()) {
                Ok(Frame::Init) => Happening::Init,
                Ok(Frame::Message(message)) => Happening::Message(message),
                Err(fault) => Happening::Fault(fault),
            },
            Input::Send(payload) => Happening::Send(payload),
            Input::Trust(is_trusted) => {
                self.standing = if is_trusted { Standing::Trusted } else { Standing::Refused };
                Happening::Trust(is_trusted)
            }
            Input::Pin(pin) => {
                self.pin = Some(pin);
                Happening::Pin
            }
            Input::PinJudged(answer) => Happening::Judged(answer),
            Input::KeysTaken(is_taken) => Happening::Keys(is_taken),
            Input::Leave(leave) => Happening::Leave(leave),
            Input::Tick => Happening::Tick,
            Input::Lost => Happening::Lost,
        };
        let phase = mem::replace(&mut self.phase, Phase::Closed);
        self.phase = phase.next(
            what,
            &mut Context {
                now,
                role: self.role,
                standing: self.standing,
                settings: &self.settings,
                pin: &mut self.pin,
                peer_keys: &mut self.peer_keys,
                outputs: &mut self.outputs,
            },
        );
    }

    /// The next thing to do, in order.
    pub fn poll(&mut self) -> Option<Output> {
        let output = self.outputs.pop_front();
        if output.is_none() {
            // Most connections are idle most of the time.
            self.outputs.shrink_to_fit();
        }
        output
    }

    /// When to call [`Connection::handle`] with [`Input::Tick`], if nothing else happens.
    pub fn deadline(&self) -> Option<Instant> {
        self.phase.deadline()
    }

    /// How far the connection has come.
    pub fn stage(&self) -> Stage {
        self.phase.stage()
    }

    /// Whether the connection has ended. Outputs may still be waiting.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }
}
