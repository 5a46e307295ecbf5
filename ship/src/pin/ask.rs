//! The peer's PIN, given by us (SHIP 1.1.0 §13.4.4.3).

use super::Pin;
use crate::connection::Event;
use crate::handshake::Context;
use crate::message::{ConnectionPinInput, ConnectionPinState, InputPermission, Message, PinState};

/// What we still have to prove.
#[derive(Debug)]
pub(crate) struct Ask {
    /// What the peer demands: `required` or `optional`; None: nothing, or no more.
    demand: Option<PinState>,
    /// The peer takes none now.
    is_busy: bool,
    /// One is on its way, and has not been answered.
    is_sent: bool,
    /// The application has been asked for it.
    is_told: bool,
}

impl Ask {
    /// The first thing that the peer demands. `None`: it is not said what.
    pub(crate) fn enter(state: &ConnectionPinState, cx: &mut Context<'_>) -> Option<Self> {
        state.pin_state?;
        let mut ask = Self { demand: None, is_busy: false, is_sent: false, is_told: false };
        ask.state(state, cx);
        Some(ask)
    }

    /// Whether data may be exchanged as far as the peer's PIN goes.
    pub(crate) fn is_open(&self) -> bool {
        self.demand != Some(PinState::Required)
    }

    /// The peer says what it demands, or whether it may be given.
    pub(crate) fn state(&mut self, state: &ConnectionPinState, cx: &mut Context<'_>) {
        match state.pin_state {
            Some(PinState::None | PinState::PinOk) => {
                if core::mem::take(&mut self.is_sent) {
                    cx.tell(Event::PinAccepted);
                }
                self.demand = None;
            }
            Some(demand @ (PinState::Required | PinState::Optional)) => {
                self.demand = Some(demand);
                // Who does not say whether it takes one now takes one.
                let is_busy = state.input_permission == Some(InputPermission::Busy);
                let was_busy = core::mem::replace(&mut self.is_busy, is_busy);
                if was_busy && !is_busy && core::mem::take(&mut self.is_sent) {
                    // The peer was busy and has not looked at it.
                    self.is_told = false;
                }
                if !core::mem::replace(&mut self.is_told, true) {
                    let is_required = demand == PinState::Required;
                    cx.tell(Event::PinWanted { is_required });
                }
                self.give(cx);
            }
            None => {}
        }
    }

    /// The peer says that it was wrong. Each further one counts against us, so it is the
    /// application's turn.
    pub(crate) fn refused(&mut self, cx: &mut Context<'_>) {
        if core::mem::take(&mut self.is_sent) {
            cx.tell(Event::PinRefused);
        }
    }

    /// Sends what the application has entered, when it is wanted. It is forgotten then.
    pub(crate) fn give(&mut self, cx: &mut Context<'_>) {
        if self.demand.is_none() || self.is_busy || self.is_sent {
            return;
        }
        if let Some(pin) = cx.pin.take() {
            self.is_sent = true;
            cx.send_pin(ConnectionPinInput { pin: Some(Pin::reveal(&pin)) });
        }
    }
}

impl Context<'_> {
    fn send_pin(&mut self, input: ConnectionPinInput) {
        let mut message = Message::ConnectionPinInput(input);
        self.send(&message);
        if let Message::ConnectionPinInput(ConnectionPinInput { pin: Some(pin) }) = &mut message {
            zeroize::Zeroize::zeroize(pin);
        }
    }
}
