//! The phases of a connection, one struct each (SHIP 1.1.0 §13.4).
//!
//! A phase owns its timers and whatever else it needs to remember, and a step consumes it: what
//! comes out is the same phase, the next one, or the end. So no timer outlives its phase, and no
//! phase forgets its timer.

mod hello;
mod init;
mod pin;
mod protocol;

use alloc::collections::VecDeque;
use core::time::Duration;

use eebus_json::{Instant, Raw};

use crate::close::Closing;
use crate::connection::{Close, End, Event, Leave, Output, Role, Settings, Stage};
use crate::data::Exchange;
use crate::frame::{self, Fault, INIT_FRAME};
use crate::message::{
    ClosePhase, ConnectionClose, ConnectionHello, HelloPhase, KeyMaterialState, Message,
    MessageProtocolHandshakeError, Version,
};
use crate::pin::{Answer, Pin};
use crate::trust::Standing;

/// What a phase has to deal with.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The peer's init message.
    Init,
    /// Another message of the peer.
    Message(Message),
    /// Something from the peer that is no message.
    Fault(Fault),
    /// Our user's decision about the peer.
    Trust(bool),
    /// Our side wants to end the connection.
    Leave(Leave),
    /// Our side has a payload for the peer.
    Send(Raw),
    /// The peer's PIN has been entered.
    Pin,
    /// The node has judged a PIN of the peer.
    Judged(Answer),
    /// The node has taken the peer's keys, or not.
    Keys(bool),
    /// The WebSocket is gone.
    Lost,
    /// The phase's deadline may have passed.
    Tick,
}

/// Where a connection stands. Only dispatches.
#[derive(Debug)]
pub(crate) enum Phase {
    Init(init::Init),
    Ready(hello::Ready),
    Pending(hello::Pending),
    Choice(protocol::Choice),
    Proposal(protocol::Proposal),
    Confirm(protocol::Confirm),
    Pin(pin::Pin),
    Exchange(Exchange),
    Closing(Closing),
    Closed,
}

impl Phase {
    /// The first phase: the WebSocket has just been opened.
    pub(crate) fn open(cx: &mut Context<'_>) -> Self {
        Self::Init(init::Init::enter(cx))
    }

    pub(crate) fn next(self, what: Happening, cx: &mut Context<'_>) -> Self {
        if let Happening::Lost = what {
            return match self {
                // Once the end has been announced it matters no more who hangs up.
                Self::Closing(phase) => phase.lost(cx),
                Self::Closed => Self::Closed,
                _ => cx.end(End::Lost),
            };
        }
        let what = match self.stage() {
            Stage::Ready | Stage::Pending | Stage::Protocol | Stage::Pin => {
                match cx.unless_leaving(what) {
                    Ok(what) => what,
                    Err(closed) => return closed,
                }
            }
            Stage::Init | Stage::Exchange | Stage::Closing | Stage::Closed => what,
        };
        match self {
            Self::Init(phase) => phase.next(what, cx),
            Self::Ready(phase) => phase.next(what, cx),
            Self::Pending(phase) => phase.next(what, cx),
            Self::Choice(phase) => phase.next(what, cx),
            Self::Proposal(phase) => phase.next(what, cx),
            Self::Confirm(phase) => phase.next(what, cx),
            Self::Pin(phase) => phase.next(what, cx),
            Self::Exchange(phase) => phase.next(what, cx),
            Self::Closing(phase) => phase.next(what, cx),
            Self::Closed => Self::Closed,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Init(phase) => Some(phase.deadline()),
            Self::Ready(phase) => Some(phase.deadline()),
            Self::Pending(phase) => Some(phase.deadline()),
            Self::Choice(phase) => Some(phase.deadline()),
            Self::Proposal(phase) => Some(phase.deadline()),
            Self::Confirm(phase) => Some(phase.deadline()),
            Self::Pin(phase) => Some(phase.deadline()),
            Self::Exchange(phase) => phase.deadline(),
            Self::Closing(phase) => Some(phase.deadline()),
            Self::Closed => None,
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Init(_) => Stage::Init,
            Self::Ready(_) => Stage::Ready,
            Self::Pending(_) => Stage::Pending,
            Self::Choice(_) | Self::Proposal(_) | Self::Confirm(_) => Stage::Protocol,
            Self::Pin(_) => Stage::Pin,
            Self::Exchange(_) => Stage::Exchange,
            Self::Closing(_) => Stage::Closing,
            Self::Closed => Stage::Closed,
        }
    }
}

/// What the phases share: the moment, the settings, and the way out.
pub(crate) struct Context<'a> {
    pub(crate) now: Instant,
    pub(crate) role: Role,
    pub(crate) standing: Standing,
    pub(crate) settings: &'a Settings,
    /// The peer's PIN, if it has been entered and was not wanted yet.
    pub(crate) pin: &'a mut Option<Pin>,
    /// Which state of its keys the peer says that it has.
    pub(crate) peer_keys: &'a mut Option<u16>,
    pub(crate) outputs: &'a mut VecDeque<Output>,
}

impl Context<'_> {
    pub(crate) fn send_init(&mut self) {
        self.outputs.push_back(Output::Frame(INIT_FRAME.to_vec()));
    }

    pub(crate) fn send(&mut self, message: &Message) {
        self.outputs.push_back(Output::Frame(frame::write(message)));
    }

    /// A node that may speak 1.1 says which state of its keys is current (§12.1.3).
    pub(crate) fn send_hello(&mut self, mut hello: ConnectionHello) {
        if let Some(keys) = &self.settings.keys
            && self.settings.max_version >= Version::V1_1
            && hello.phase != Some(HelloPhase::Aborted)
        {
            let update_counter = keys.update_counter;
            let counter = KeyMaterialState { update_counter, ..KeyMaterialState::default() };
            hello.key_material_state = Some(counter);
        }
        self.send(&Message::ConnectionHello(hello));
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Whether `deadline` has passed.
    pub(crate) fn is_past(&self, deadline: Instant) -> bool {
        self.now >= deadline
    }

    /// Closes the WebSocket.
    pub(crate) fn close(&mut self, close: Close) -> Phase {
        self.outputs.push_back(Output::Close(close));
        Phase::Closed
    }

    /// Closes the WebSocket as one does at an ordinary end.
    pub(crate) fn end(&mut self, end: End) -> Phase {
        self.close(Close::normal(end))
    }

    /// The abort procedure of the hello phase.
    pub(crate) fn abort(&mut self, end: End) -> Phase {
        self.send_hello(ConnectionHello::update(HelloPhase::Aborted, None));
        match end {
            End::Refused => self.close(Close::refused()),
            end => self.end(end),
        }
    }

    /// The end of the protocol handshake: the error goes out before the WebSocket closes.
    pub(crate) fn fail(&mut self, error: u8, end: End) -> Phase {
        self.send(&Message::MessageProtocolHandshakeError(MessageProtocolHandshakeError {
            error: Some(error),
        }));
        self.end(end)
    }

    /// Deals with what ends the phases between init and data exchange in the same way, and with
    /// what all of them discard; the rest is the phase's own.
    ///
    /// There is no orderly close before the data exchange (§13.4.8), but a peer that announces
    /// one all the same gets its confirmation.
    fn unless_leaving(&mut self, what: Happening) -> Result<Happening, Phase> {
        match what {
            Happening::Leave(leave) => Err(self.close(Close::leaving(leave))),
            Happening::Message(Message::ConnectionHello(hello)) => {
                if let Some(keys) = &hello.key_material_state {
                    *self.peer_keys = keys.update_counter.or(*self.peer_keys);
                }
                Ok(Happening::Message(Message::ConnectionHello(hello)))
            }
            Happening::Message(Message::ConnectionClose(close)) => {
                if close.phase != Some(ClosePhase::Confirm) {
                    self.send(&Message::ConnectionClose(ConnectionClose::confirm()));
                }
                Err(self.end(End::ClosedByPeer(close.reason())))
            }
            // §13.4.2: unknown types are discarded.
            Happening::Fault(fault @ (Fault::Empty | Fault::ReservedType(_))) => {
                self.tell(Event::Ignored(fault));
                Ok(Happening::Tick)
            }
            // The phase says only that it expected something else.
            Happening::Fault(fault) => {
                self.tell(Event::Ignored(fault.clone()));
                Ok(Happening::Fault(fault))
            }
            other => Ok(other),
        }
    }
}

/// Whole milliseconds, the unit of the wire.
pub(crate) fn millis(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}
