//! The loop that runs one connection on one socket. All waiting of a connection happens here.

use std::collections::VecDeque;
use std::fmt;
use std::string::String;

use eebus_json::Raw;
use tokio::select;
use tokio::sync::{mpsc, oneshot};

use super::capture::{self, Capture};
use super::clock::Clock;
use super::link::{LinkError, Stream};
use super::socket::{Incoming, KeepAlive, Socket};
use crate::connection::{Close, Connection, End, Event, Input, Leave, Output, Settings, Stage};
use crate::identity::{Fingerprint, Ski};
use crate::pin::{Answer, Pin};
use crate::trust::Standing;

/// So many reports may wait before reading stops. Timers go on.
const BACKLOG: usize = 16;

/// Which of the node's connections.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct LinkId(pub(super) u64);

/// What the node wants of a connection.
#[derive(Debug)]
pub(super) enum Command {
    /// Send a payload.
    Send(Raw),
    /// The user has decided.
    Trust(bool),
    /// Give the peer its PIN.
    Pin(Pin),
    /// A PIN of the peer has been judged.
    PinJudged(Answer),
    /// The peer's keys have been taken, or not.
    KeysTaken(bool),
    /// End the connection.
    Leave(Leave),
    /// Find out whether the peer is still there.
    Probe,
}

/// What a connection has to say.
#[derive(Debug)]
pub(super) enum Report {
    /// The peer has proven its key. Without an answer there is no room for it.
    Proven {
        /// The peer.
        ski: Ski,
        /// Its certificate.
        fingerprint: Option<Fingerprint>,
        /// For the answer.
        reply: oneshot::Sender<Admission>,
    },
    /// It has come further; the first time says that the WebSocket is open.
    Stage(Stage),
    /// From the core.
    Event(Event),
}

/// There is room for a peer.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) standing: Standing,
    pub(super) settings: Settings,
    pub(super) commands: mpsc::Receiver<Command>,
}

/// Why a connection ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// SHIP has ended it.
    Ended(End),
    /// The peer has closed the WebSocket.
    Closed {
        /// The status code; 1005 if there was none.
        code: u16,
        /// The text, shortened and escaped.
        text: String,
    },
    /// Something below SHIP has failed.
    Link(LinkError),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(end) => write!(f, "{end}"),
            Self::Closed { code: 1005, .. } => f.write_str("connection closed by the peer"),
            Self::Closed { code, text } => write!(f, "websocket closed by the peer: {code} {text}"),
            Self::Link(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Reason {}

impl From<LinkError> for Reason {
    fn from(error: LinkError) -> Self {
        Self::Link(error)
    }
}

/// One connection and its socket.
pub(super) struct Driver<S> {
    pub(super) id: LinkId,
    pub(super) connection: Connection,
    pub(super) socket: Socket<S>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) reports: mpsc::Sender<(LinkId, Report)>,
    pub(super) clock: Clock,
    pub(super) peer: Ski,
    pub(super) capture: Option<Capture>,
}

impl<S: Stream> Driver<S> {
    /// Runs the connection until it ends. Every report has been delivered by then.
    pub(super) async fn drive(mut self) -> Reason {
        let mut backlog = VecDeque::new();
        let ended = self.run(&mut backlog).await;
        // After an announced end it is no loss that the peer has hung up.
        self.connection.handle(Input::Lost, self.clock.now());
        let end = core::iter::from_fn(|| self.connection.poll()).find_map(|output| match output {
            Output::Close(Close { end, .. }) if end != End::Lost => Some(Reason::Ended(end)),
            _ => None,
        });
        let socket = self.socket;
        match &ended {
            Ok(close) => socket.close(close.code, close.text).await,
            Err(Reason::Closed { .. }) => socket.finish().await,
            Err(Reason::Link(LinkError::TextFrame)) => socket.close(1003, "").await,
            Err(Reason::Link(LinkError::TooBig)) => socket.close(1009, "").await,
            Err(Reason::Link(LinkError::WebSocket(_))) => socket.close(1002, "").await,
            // Nobody would read it.
            Err(_) => drop(socket),
        }
        for report in backlog {
            // The node is gone, and so is who would want to know.
            let _ = self.reports.send((self.id, report)).await;
        }
        match ended {
            Ok(close) => Reason::Ended(close.end),
            Err(reason) => end.unwrap_or(reason),
        }
    }

    async fn run(&mut self, backlog: &mut VecDeque<Report>) -> Result<Close, Reason> {
        let Self { id, connection, socket, commands, reports, clock, peer, capture } = self;
        let record = |from, message: &[u8]| {
            if let Some(capture) = &capture {
                capture.record(clock.now(), *id, *peer, from, message);
            }
        };
        let mut alive = KeepAlive::start(clock.now());
        let mut stage = None;
        let mut is_orphan = false;
        loop {
            while let Some(output) = connection.poll() {
                match output {
                    Output::Frame(octets) => {
                        record(capture::From::Own, &octets);
                        socket.send(octets)?;
                    }
                    Output::Event(event) => backlog.push_back(Report::Event(event)),
                    Output::Close(close) => return Ok(close),
                }
            }
            if stage != Some(connection.stage()) {
                stage = Some(connection.stage());
                tracing::debug!(phase = %connection.stage(), "phase begins");
                backlog.push_back(Report::Stage(connection.stage()));
            }
            if backlog.is_empty() {
                backlog.shrink_to_fit();
            }
            let reads = backlog.len() < BACKLOG && !socket.is_choked();
            alive.listen(reads, clock.now());
            alive.unsent(socket.is_unsent(), clock.now());
            let deadline = [connection.deadline(), alive.deadline()].into_iter().flatten().min();
            select! {
                incoming = socket.next(reads) => match incoming? {
                    Some(Incoming::Message(octets)) => {
                        record(capture::From::Peer, &octets);
                        alive.heard(clock.now());
                        connection.handle(Input::Frame(&octets), clock.now());
                    }
                    Some(Incoming::Alive) => alive.heard(clock.now()),
                    Some(Incoming::Closed { code, text }) => {
                        return Err(Reason::Closed { code, text });
                    }
                    None => {}
                },
                place = reports.reserve(), if !backlog.is_empty() => match place {
                    Ok(place) => place.send((*id, backlog.pop_front().expect("not empty"))),
                    Err(_) => backlog.clear(),
                },
                command = commands.recv(), if !is_orphan && !socket.is_unsent() => match command {
                    Some(Command::Send(payload)) => {
                        connection.handle(Input::Send(payload), clock.now());
                    }
                    Some(Command::Trust(is_trusted)) => {
                        connection.handle(Input::Trust(is_trusted), clock.now());
                    }
                    Some(Command::Pin(pin)) => connection.handle(Input::Pin(pin), clock.now()),
                    Some(Command::PinJudged(answer)) => {
                        connection.handle(Input::PinJudged(answer), clock.now());
                    }
                    Some(Command::KeysTaken(is_taken)) => {
                        connection.handle(Input::KeysTaken(is_taken), clock.now());
                    }
                    Some(Command::Leave(leave)) => {
                        connection.handle(Input::Leave(leave), clock.now());
                    }
                    Some(Command::Probe) => {
                        socket.ping()?;
                        alive.pinged(clock.now());
                    }
                    None => {
                        is_orphan = true;
                        connection.handle(Input::Leave(Leave::Unspecific), clock.now());
                    }
                },
                () = clock.until(deadline) => {
                    if alive.tick(clock.now())? {
                        socket.ping()?;
                        alive.pinged(clock.now());
                    }
                    connection.handle(Input::Tick, clock.now());
                }
            }
        }
    }
}
