//! What goes into the engine's outputs.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use eebus_json::{Error, Raw};

use crate::Refusal;
use crate::model::{AddressDevice, FeatureAddress, Function, MsgCounter, Payload};

/// A connection to a peer, under the number that the driver gave it.
///
/// A peer that comes back gets a new number or its old one, as the driver likes; nothing but
/// [`crate::device::LocalDevice`] outlives a connection.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerId(pub u64);

/// A request of ours that waits for its answer.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(pub(crate) u64);

/// A peer's write that waits for our decision.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WriteId(pub(crate) u64);

/// What the driver has to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Output {
    /// Send a datagram to a peer.
    Datagram {
        /// To whom.
        peer: PeerId,
        /// The JSON text.
        datagram: Raw,
    },
    /// End the connection: the peer floods us, and goes on although it is refused. The engine has
    /// given it up already.
    Close {
        /// Whose.
        peer: PeerId,
    },
    /// Tell the application.
    Event(Event),
}

/// What the application hears.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A peer's discovery has been read for the first time.
    Discovered {
        /// Whose.
        peer: PeerId,
        /// The address of its device.
        device: AddressDevice,
    },
    /// A newer connection of the same peer has taken the place of this one, which is told to be
    /// gone next: the peer is not lost, and begins anew under another number.
    Replaced {
        /// The old number.
        peer: PeerId,
        /// The new one.
        by: PeerId,
    },
    /// A peer's connection has ended; all that was known of it is gone.
    Gone {
        /// Whose.
        peer: PeerId,
    },
    /// A peer has an entity more.
    EntityAdded {
        /// Whose.
        peer: PeerId,
        /// The path of the entity.
        entity: Vec<u32>,
    },
    /// The description or the features of a peer's entity have changed.
    EntityChanged {
        /// Whose.
        peer: PeerId,
        /// The path of the entity.
        entity: Vec<u32>,
    },
    /// A peer has an entity less.
    EntityRemoved {
        /// Whose.
        peer: PeerId,
        /// The path of the entity.
        entity: Vec<u32>,
    },
    /// A peer's use cases have been read, or have changed.
    UseCases {
        /// Whose.
        peer: PeerId,
    },
    /// A peer sent data; the cache holds them already.
    Data {
        /// Who.
        peer: PeerId,
        /// The feature that owns the data.
        feature: FeatureAddress,
        /// The function.
        function: Function,
        /// How the data came.
        how: Arrival,
    },
    /// A peer wrote to a function whose writes the application decides about.
    ///
    /// Answer with [`super::Engine::accept`] or [`super::Engine::refuse`].
    Write(Box<Write>),
    /// A peer's write has been taken; the local device holds the new data.
    Written {
        /// Who wrote.
        peer: PeerId,
        /// Our feature.
        feature: FeatureAddress,
        /// The function.
        function: Function,
    },
    /// A peer's write has been refused, by the engine or by the application; good for one line in
    /// a log.
    WriteRefused {
        /// Who wrote.
        peer: PeerId,
        /// The function.
        function: Function,
        /// The number of the peer's message.
        counter: MsgCounter,
        /// What the peer sent.
        sent: Box<Payload>,
        /// What it was told.
        refusal: Refusal,
    },
    /// Our request has been answered, or has been given up.
    Answered {
        /// By whom.
        peer: PeerId,
        /// Which request.
        request: RequestId,
        /// How it went.
        result: Result<(), Failure>,
    },
    /// A peer's feature is bound to one of ours: it may write now.
    Bound(Relation),
    /// A binding to one of our features has ended.
    Unbound(Relation),
    /// A peer's feature has subscribed one of ours: it hears of changes now.
    Subscribed(Relation),
    /// A subscription of one of our features has ended.
    Unsubscribed(Relation),
    /// A peer broke a rule; good for one line in a log.
    Fault {
        /// Who.
        peer: PeerId,
        /// What.
        fault: Fault,
    },
}

/// How data of a peer came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Arrival {
    /// As the answer to a read.
    Reply,
    /// By itself.
    Notify,
}

/// A client feature of a peer and the server feature of ours that it is related to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Relation {
    /// Whose.
    pub peer: PeerId,
    /// The peer's feature.
    pub client: FeatureAddress,
    /// Our feature.
    pub server: FeatureAddress,
}

/// A peer's write, on its way into our data.
#[derive(Clone, Debug)]
pub struct Write {
    /// Its number, for the decision.
    pub id: WriteId,
    /// Who writes.
    pub peer: PeerId,
    /// The number of its message.
    pub counter: MsgCounter,
    /// From which feature.
    pub client: FeatureAddress,
    /// To which feature of ours.
    pub feature: FeatureAddress,
    /// Which function.
    pub function: Function,
    /// What the peer sent, unmerged: never use a partial value by itself.
    pub sent: Payload,
    /// What the function will hold if the write is accepted.
    pub merged: Payload,
}

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// The peer said no.
    Refused(Refusal),
    /// The peer did not answer, however often it was asked.
    TimedOut,
    /// The connection ended first, or the addressed entity vanished.
    Gone,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::TimedOut => f.write_str("no answer"),
            Self::Gone => f.write_str("the peer is gone"),
        }
    }
}

impl core::error::Error for Failure {}

/// A rule that a peer broke.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The text was no datagram.
    Malformed(Error),
    /// The header lacks an element that an answer needs.
    Header(&'static str),
    /// The source is another device than the one that speaks on this connection.
    ForeignSource,
    /// The source is our own address: two devices have the same one.
    AddressConflict,
    /// The destination is unknown, or another device.
    Destination(FeatureAddress),
    /// The payload could not be read.
    Payload(Error),
    /// A request was answered with a refusal; refused writes are told as
    /// [`Event::WriteRefused`].
    Refused {
        /// What it was about, if that could be read.
        function: Option<Function>,
        /// The answer.
        refusal: Refusal,
    },
    /// Data that do not fit the exchange, and were dropped.
    Data {
        /// Of which function.
        function: Option<Function>,
        /// Why.
        refusal: Refusal,
    },
    /// More messages than anybody needs; they are refused until it calms down.
    Flood,
    /// The discovery was not answered, however often it was asked for.
    Silent,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "unreadable datagram: {error}"),
            Self::Header(what) => write!(f, "incomplete header: {what}"),
            Self::ForeignSource => f.write_str("message in the name of another device"),
            Self::AddressConflict => f.write_str("the peer uses our device address"),
            Self::Destination(address) => {
                // A peer's text: it may be long, and must not write lines of its own.
                let shown = alloc::format!("{address:?}");
                let shown: String = shown.chars().take(200).flat_map(char::escape_debug).collect();
                write!(f, "unknown destination {shown}")
            }
            Self::Payload(error) => write!(f, "unreadable payload: {error}"),
            Self::Refused { function, refusal } => match function {
                Some(function) => write!(f, "refused {function}: {refusal}"),
                None => write!(f, "refused: {refusal}"),
            },
            Self::Data { function, refusal } => match function {
                Some(function) => write!(f, "dropped {function}: {refusal}"),
                None => write!(f, "dropped: {refusal}"),
            },
            Self::Flood => f.write_str("too many messages"),
            Self::Silent => f.write_str("no answer to the discovery"),
        }
    }
}
