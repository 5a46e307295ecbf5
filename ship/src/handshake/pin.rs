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

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::bench::{ASK, Bench, PIN_NONE, READY, secs};
    use crate::connection::{Event, Role};

    #[test]
    fn a_peer_without_pin_opens_the_data_exchange() {
        for state in [
            PIN_NONE,
            r#"{"connectionPinState":[{"pinState":"pinOk"}]}"#,
            r#"{"connectionPinState":[{"pinState":"optional"},{"inputPermission":"ok"}]}"#,
            r#"{"connectionPinState":[{"pinState":"none"},{"inputPermissionSpecified":false}]}"#,
        ] {
            let mut bench = Bench::pin(Role::Client);
            bench.hears(state);
            assert_eq!(bench.said(), [ASK], "{state}");
            assert!(matches!(bench.events[..], [Event::Open { version: Version::V1_0 }]));
        }
    }

    #[test]
    fn a_peer_that_demands_a_pin_is_left() {
        let mut bench = Bench::pin(Role::Server);
        bench.hears(r#"{"connectionPinState":[{"pinState":"required"},{"inputPermission":"ok"}]}"#);
        assert_eq!(bench.ended(), (vec![], 1000, End::PinRequired));
    }

    #[test]
    fn silence_and_nonsense_close_without_a_message() {
        let mut bench = Bench::pin(Role::Client);
        bench.passes(secs(10));
        assert_eq!(bench.ended(), (vec![], 1000, End::TimedOut(Stage::Pin)));
        for wrong in [READY, ASK, "{", r#"{"connectionPinState":[]}"#] {
            let mut bench = Bench::pin(Role::Client);
            bench.hears(wrong);
            assert_eq!(bench.ended(), (vec![], 1000, End::Unexpected(Stage::Pin)), "{wrong}");
        }
    }

    #[test]
    fn an_error_of_the_handshake_may_come_late() {
        let mut bench = Bench::pin(Role::Client);
        bench.hears(r#"{"messageProtocolHandshakeError":[{"error":3}]}"#);
        assert_eq!(bench.ended().2, End::Failed(3));
    }
}
