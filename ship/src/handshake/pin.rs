//! PIN state (SHIP 1.1.0 §13.4.4.3). This node demands no PIN, and gives none.

use eebus_json::Instant;

use super::{Context, Happening, Phase};
use crate::connection::{Close, End, Stage, WAIT};
use crate::data::Exchange;
use crate::message::{ConnectionPinState, Message, PinState, Version};

/// The protocol handshake is over: both sides say at once which PIN they demand.
pub(super) fn enter(version: Version, cx: &mut Context<'_>) -> Phase {
    cx.send(&Message::ConnectionPinState(ConnectionPinState {
        pin_state: Some(PinState::None),
        input_permission: None,
    }));
    Phase::Pin(Pin { until: cx.now + WAIT, version })
}

/// Waits for the peer's PIN state.
#[derive(Debug)]
pub(crate) struct Pin {
    until: Instant,
    version: Version,
}

impl Pin {
    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn next(self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match what {
            Happening::Message(Message::ConnectionPinState(state)) => match state.pin_state {
                // `optional`: the peer restricts what it does for us, that is all.
                Some(PinState::None | PinState::PinOk | PinState::Optional) => {
                    Phase::Exchange(Exchange::enter(self.version, cx))
                }
                Some(PinState::Required) => cx.end(End::PinRequired),
                None => cx.end(End::Unexpected(Stage::Pin)),
            },
            Happening::Message(Message::MessageProtocolHandshakeError(failure)) => {
                cx.end(End::Failed(failure.error.unwrap_or(0)))
            }
            Happening::Message(Message::BareHandshakeError(error)) => cx.end(End::Failed(error)),
            // The standard has no error message for this phase.
            Happening::Init | Happening::Message(_) | Happening::Fault(_) => {
                cx.end(End::Unexpected(Stage::Pin))
            }
            Happening::Trust(false) => cx.close(Close::refused()),
            Happening::Tick if cx.is_past(self.until) => cx.end(End::TimedOut(Stage::Pin)),
            Happening::Tick
            | Happening::Trust(true)
            | Happening::Leave(_)
            | Happening::Send(_)
            | Happening::Lost => Phase::Pin(self),
        }
    }
}
