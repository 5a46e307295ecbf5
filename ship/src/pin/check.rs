//! Our PIN, given by the peer (SHIP 1.1.0 §13.4.4.3): what goes over the wire. Whether a PIN is
//! right is for the node to say, which has one [`Lock`](super::Lock) for all peers.

use core::time::Duration;

use eebus_json::Instant;

use super::{Answer, PinDemand, read};
use crate::connection::Event;
use crate::handshake::Context;
use crate::message::{
    ConnectionPinError, ConnectionPinInput, ConnectionPinState, InputPermission, Message, PinState,
};

/// A peer that keeps trying hears so often that nobody may.
const REPEAT: Duration = Duration::from_secs(1);
/// `connectionPinError`: the PIN was wrong.
const WRONG: u8 = 1;

/// What the peer still has to prove.
#[derive(Debug)]
pub(crate) struct Check {
    /// None: there is nothing to be given, or no more.
    demand: Option<PinState>,
    /// `pinOk` is what we say, and not `none`.
    is_given: bool,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Listens,
    /// The node is thinking about a PIN; others are not looked at meanwhile.
    Judges,
    /// Nobody may try until then.
    Busy {
        until: Instant,
        said: Instant,
    },
}

impl Check {
    /// Says what we demand, without waiting for what the peer does.
    pub(crate) fn enter(cx: &mut Context<'_>) -> Self {
        let (demand, busy) = match cx.settings.pin {
            PinDemand::None | PinDemand::Given => (None, None),
            PinDemand::Optional(busy) => (Some(PinState::Optional), busy),
            PinDemand::Required(busy) => (Some(PinState::Required), busy),
        };
        let state = match busy.filter(|until| !cx.is_past(*until)) {
            Some(until) => State::Busy { until, said: cx.now },
            None => State::Listens,
        };
        let is_given = cx.settings.pin == PinDemand::Given;
        let check = Self { demand, is_given, state };
        check.say(cx);
        check
    }

    /// Whether data may be exchanged as far as our PIN goes.
    pub(crate) fn is_open(&self) -> bool {
        self.demand != Some(PinState::Required)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Busy { until, .. } => Some(until),
            State::Listens | State::Judges => None,
        }
    }

    /// The peer gives a PIN.
    pub(crate) fn input(&mut self, input: ConnectionPinInput, cx: &mut Context<'_>) {
        let given = read(input.pin);
        if self.demand.is_none() {
            if self.is_given {
                self.say(cx);
            }
            return;
        }
        match &mut self.state {
            State::Listens => {
                self.state = State::Judges;
                cx.tell(Event::PinGiven(given));
            }
            State::Judges => {}
            State::Busy { said, .. } => {
                if cx.now - *said >= REPEAT {
                    *said = cx.now;
                    self.say(cx);
                }
            }
        }
    }

    /// The node has judged.
    pub(crate) fn judged(&mut self, answer: Answer, cx: &mut Context<'_>) {
        if !matches!(self.state, State::Judges) {
            return;
        }
        self.state = State::Listens;
        if let Answer::Wrong(_) = answer {
            cx.send(&Message::ConnectionPinError(ConnectionPinError { error: Some(WRONG) }));
        }
        match answer {
            Answer::Right => {
                self.demand = None;
                self.is_given = true;
                self.say(cx);
            }
            Answer::Wrong(None) => {}
            Answer::Wrong(Some(until)) | Answer::Busy(until) => {
                self.state = State::Busy { until, said: cx.now };
                self.say(cx);
            }
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, cx: &mut Context<'_>) {
        if self.deadline().is_some_and(|until| cx.is_past(until)) {
            self.state = State::Listens;
            self.say(cx);
        }
    }

    fn say(&self, cx: &mut Context<'_>) {
        let permission = match self.state {
            State::Busy { .. } => InputPermission::Busy,
            State::Listens | State::Judges => InputPermission::Ok,
        };
        let settled = if self.is_given { PinState::PinOk } else { PinState::None };
        cx.send(&Message::ConnectionPinState(ConnectionPinState {
            pin_state: Some(self.demand.unwrap_or(settled)),
            input_permission: self.demand.map(|_| permission),
        }));
    }
}
