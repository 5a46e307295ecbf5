//! PIN state: both sides say at once which PIN they demand, and those that are demanded are given
//! (SHIP 1.1.0 §13.4.4.3).
//!
//! Most demand none, so that this takes a message each. A PIN that is demanded has to be entered
//! by somebody, and the connection waits for that; one that is optional holds nothing up and can
//! be given during the data exchange.

use core::time::Duration;

use eebus_json::Instant;

use super::{Context, Happening, Phase};
use crate::connection::{Close, End, Stage, WAIT};
use crate::data::Exchange;
use crate::message::{Message, Version};
use crate::pin::{Ask, Check};

/// So long somebody has to enter a PIN.
const AT_MOST: Duration = Duration::from_secs(30 * 60);

/// The protocol handshake is over.
pub(super) fn enter(version: Version, cx: &mut Context<'_>) -> Phase {
    let check = Check::enter(cx);
    Phase::Pin(Pin { until: cx.now + WAIT, version, check, ask: None })
}

/// Waits for the peer's PIN state, and for the PINs that are demanded.
#[derive(Debug)]
pub(crate) struct Pin {
    until: Instant,
    version: Version,
    check: Check,
    /// None before the peer has said what it demands.
    ask: Option<Ask>,
}

impl Pin {
    pub(super) fn deadline(&self) -> Instant {
        self.check.deadline().map_or(self.until, |check| check.min(self.until))
    }

    pub(super) fn next(mut self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match what {
            Happening::Message(Message::ConnectionPinState(state)) => match &mut self.ask {
                Some(ask) => ask.state(&state, cx),
                None => {
                    let Some(ask) = Ask::enter(&state, cx) else {
                        return cx.end(End::Unexpected(Stage::Pin));
                    };
                    self.ask = Some(ask);
                    self.until = cx.now + AT_MOST;
                }
            },
            Happening::Message(Message::ConnectionPinInput(input)) => self.check.input(input, cx),
            Happening::Message(Message::ConnectionPinError(_)) => match &mut self.ask {
                Some(ask) => ask.refused(cx),
                None => return cx.end(End::Unexpected(Stage::Pin)),
            },
            Happening::Judged(answer) => self.check.judged(answer, cx),
            Happening::Pin => {
                if let Some(ask) = &mut self.ask {
                    ask.give(cx);
                }
            }
            Happening::Message(Message::MessageProtocolHandshakeError(failure)) => {
                return cx.end(End::Failed(failure.error.unwrap_or(0)));
            }
            Happening::Message(Message::BareHandshakeError(error)) => {
                return cx.end(End::Failed(error));
            }
            // A PIN is outstanding, and a peer for which none is may have begun with the exchange.
            Happening::Message(_) | Happening::Init if self.ask.is_some() => {}
            // The standard has no error message for this phase.
            Happening::Init | Happening::Message(_) | Happening::Fault(_) => {
                return cx.end(End::Unexpected(Stage::Pin));
            }
            Happening::Trust(false) => return cx.close(Close::refused()),
            Happening::Tick if cx.is_past(self.until) => {
                return cx.end(match &self.ask {
                    Some(ask) if !ask.is_open() => End::PinRequired,
                    _ => End::TimedOut(Stage::Pin),
                });
            }
            Happening::Tick => self.check.tick(cx),
            Happening::Trust(true)
            | Happening::Leave(_)
            | Happening::Send(_)
            | Happening::Keys(_)
            | Happening::Lost => {}
        }
        match self.ask {
            Some(ask) if ask.is_open() && self.check.is_open() => {
                Phase::Exchange(Exchange::enter(self.version, self.check, ask, cx))
            }
            ask => Phase::Pin(Self { ask, ..self }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;
    use std::vec;

    use super::*;
    use crate::bench::{ASK, Bench, PIN_NONE, READY, secs};
    use crate::connection::{Event, Input, Role, Settings};
    use crate::pin::{Answer, Pin as Digits, PinDemand};
    use crate::trust::Standing;

    const PIN_OK: &str = r#"{"connectionPinState":[{"pinState":"pinOk"}]}"#;
    const PIN_ERROR: &str = r#"{"connectionPinError":[{"error":1}]}"#;

    fn state(state: &str, permission: &str) -> String {
        format!(
            r#"{{"connectionPinState":[{{"pinState":"{state}"}},{{"inputPermission":"{permission}"}}]}}"#
        )
    }

    fn input(pin: &str) -> String {
        format!(r#"{{"connectionPinInput":[{{"pin":"{pin}"}}]}}"#)
    }

    fn digits(text: &str) -> Digits {
        text.parse().expect("a PIN")
    }

    /// After the protocol handshake; what we said of our PIN.
    fn demanding(pin: PinDemand) -> (Bench, String) {
        let settings = Settings { pin, asks_access_methods: false, ..Settings::new("x") };
        let mut bench = Bench::with(Role::Client, Standing::Trusted, settings);
        bench.frame(&[0, 0]);
        bench.hears(READY);
        bench.hears(crate::bench::SELECT);
        let said = bench.said().pop().expect("a PIN state");
        (bench, said)
    }

    fn enters(bench: &mut Bench, pin: &str) {
        bench.connection.handle(Input::Pin(digits(pin)), bench.now);
    }

    fn judges(bench: &mut Bench, answer: Answer) {
        bench.connection.handle(Input::PinJudged(answer), bench.now);
    }

    fn given(bench: &mut Bench) -> Option<Option<Digits>> {
        bench.said();
        let at = bench.events.iter().position(|event| matches!(event, Event::PinGiven(_)))?;
        match bench.events.remove(at) {
            Event::PinGiven(pin) => Some(pin),
            _ => None,
        }
    }

    fn tells(bench: &mut Bench, what: fn(&Event) -> bool) -> bool {
        bench.said();
        let before = bench.events.len();
        bench.events.retain(|event| !what(event));
        bench.events.len() < before
    }

    #[test]
    fn a_peer_without_pin_opens_the_data_exchange() {
        for state in [
            PIN_NONE,
            PIN_OK,
            r#"{"connectionPinState":[{"pinState":"none"},{"inputPermissionSpecified":false}]}"#,
        ] {
            let mut bench = Bench::pin(Role::Client);
            bench.hears(state);
            assert_eq!(bench.said(), [ASK], "{state}");
            assert!(matches!(bench.events[..], [Event::Open { version: Version::V1_0 }]));
        }
    }

    #[test]
    fn silence_and_nonsense_close_without_a_message() {
        let mut bench = Bench::pin(Role::Client);
        bench.passes(secs(10));
        assert_eq!(bench.ended(), (vec![], 1000, End::TimedOut(Stage::Pin)));
        for wrong in [READY, ASK, "{", r#"{"connectionPinState":[]}"#, PIN_ERROR] {
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

    // Asking: the peer demands its PIN of us.

    #[test]
    fn a_required_pin_is_awaited_given_and_opens_the_exchange() {
        let mut bench = Bench::pin(Role::Server);
        bench.hears(&state("required", "ok"));
        assert!(tells(&mut bench, |event| matches!(event, Event::PinWanted { is_required: true })));
        // The peer waits, and so do we.
        bench.passes(secs(600));
        assert_eq!(bench.stage(), Stage::Pin);
        enters(&mut bench, "5f3a01ce");
        assert_eq!(bench.said(), [input("5F3A01CE")]);
        bench.hears(PIN_OK);
        assert_eq!(bench.said(), [ASK]);
        assert!(matches!(bench.events[..], [Event::PinAccepted, Event::Open { .. }]));
    }

    #[test]
    fn a_pin_that_was_entered_before_goes_out_when_it_is_wanted() {
        let mut bench = Bench::hello(Role::Server, Standing::Trusted);
        enters(&mut bench, "5F3A01CE");
        for text in [READY, crate::bench::ANNOUNCE, crate::bench::SELECT] {
            bench.hears(text);
        }
        assert!(bench.said().iter().all(|text| !text.contains("Input")));
        bench.hears(&state("required", "busy"));
        assert_eq!(bench.said(), [""; 0]);
        bench.hears(&state("required", "ok"));
        assert_eq!(bench.said(), [input("5F3A01CE")]);
        // It is forgotten: a peer that asks again hears nothing.
        bench.hears(&state("required", "ok"));
        assert_eq!(bench.said(), [""; 0]);
    }

    #[test]
    fn a_peer_that_wants_none_never_gets_one() {
        let mut bench = Bench::pin(Role::Client);
        enters(&mut bench, "5F3A01CE");
        bench.hears(PIN_NONE);
        bench.hears(PIN_OK);
        assert_eq!(bench.said(), [ASK]);
    }

    #[test]
    fn a_pin_that_was_refused_is_told_and_not_tried_again() {
        let mut bench = Bench::pin(Role::Server);
        bench.hears(&state("required", "ok"));
        enters(&mut bench, "11111111");
        assert_eq!(bench.said().len(), 1);
        bench.hears(PIN_ERROR);
        bench.hears(PIN_ERROR);
        bench.said();
        let refused = bench.events.iter().filter(|event| matches!(event, Event::PinRefused));
        assert_eq!(refused.count(), 1);
        bench.hears(&state("required", "busy"));
        enters(&mut bench, "22222222");
        assert_eq!(bench.said(), [""; 0]);
        bench.hears(&state("required", "ok"));
        assert_eq!(bench.said(), [input("22222222")]);
    }

    #[test]
    fn a_pin_that_a_busy_peer_has_not_looked_at_is_wanted_again() {
        let mut bench = Bench::pin(Role::Server);
        bench.hears(&state("required", "ok"));
        enters(&mut bench, "5F3A01CE");
        assert_eq!(bench.said().len(), 1);
        assert!(tells(&mut bench, |event| matches!(event, Event::PinWanted { .. })));
        bench.hears(&state("required", "busy"));
        assert!(!tells(&mut bench, |event| matches!(event, Event::PinWanted { .. })));
        bench.hears(&state("required", "ok"));
        assert!(tells(&mut bench, |event| matches!(event, Event::PinWanted { is_required: true })));
        enters(&mut bench, "5F3A01CE");
        assert_eq!(bench.said(), [input("5F3A01CE")]);
        bench.hears(PIN_OK);
        assert!(tells(&mut bench, |event| matches!(event, Event::PinAccepted)));
    }

    #[test]
    fn an_optional_pin_holds_nothing_up_and_may_be_given_later() {
        let mut bench = Bench::pin(Role::Client);
        // Who does not say whether it takes one now takes one.
        bench.hears(r#"{"connectionPinState":[{"pinState":"optional"}]}"#);
        assert_eq!(bench.said(), [ASK]);
        assert!(matches!(
            bench.events[..],
            [Event::PinWanted { is_required: false }, Event::Open { .. }]
        ));
        bench.passes(secs(3600));
        enters(&mut bench, "5F3A01CE");
        assert_eq!(bench.said(), [input("5F3A01CE")]);
        bench.hears(PIN_OK);
        assert!(tells(&mut bench, |event| matches!(event, Event::PinAccepted)));
        assert_eq!(bench.stage(), Stage::Exchange);
    }

    #[test]
    fn a_pin_that_nobody_gives_is_awaited_for_half_an_hour() {
        let mut bench = Bench::pin(Role::Server);
        bench.hears(&state("required", "ok"));
        bench.passes(secs(1799));
        bench.said();
        assert!(!bench.connection.is_closed());
        bench.passes(secs(1));
        assert_eq!(bench.ended(), (vec![], 1000, End::PinRequired));
    }

    // Checking: we demand our PIN of the peer.

    #[test]
    fn what_we_demand_is_said_at_once() {
        let later = Instant::from_origin(secs(2000));
        for (pin, said) in [
            (PinDemand::None, PIN_NONE.into()),
            (PinDemand::Given, PIN_OK.into()),
            (PinDemand::Required(None), state("required", "ok")),
            (PinDemand::Optional(None), state("optional", "ok")),
            (PinDemand::Required(Some(later)), state("required", "busy")),
            // The penalty is over.
            (PinDemand::Required(Some(Instant::ORIGIN)), state("required", "ok")),
        ] {
            assert_eq!(demanding(pin).1, said);
        }
    }

    #[test]
    fn the_right_pin_opens_the_exchange() {
        let (mut bench, _) = demanding(PinDemand::Required(None));
        bench.hears(PIN_NONE);
        bench.passes(secs(600));
        assert_eq!(bench.stage(), Stage::Pin);
        bench.hears(&input("5f3a01ce"));
        assert_eq!(given(&mut bench), Some(Some(digits("5F3A01CE"))));
        judges(&mut bench, Answer::Right);
        assert_eq!(bench.said(), [PIN_OK]);
        assert_eq!(bench.stage(), Stage::Exchange);
        // Who gives it again hears the same again.
        bench.hears(&input("5f3a01ce"));
        assert_eq!(bench.said(), [PIN_OK]);
        assert_eq!(given(&mut bench), None);
    }

    #[test]
    fn nothing_of_the_exchange_comes_in_before_the_pin() {
        let (mut bench, _) = demanding(PinDemand::Required(None));
        bench.hears(PIN_NONE);
        bench.hears(r#"{"data":[{"header":[{"protocolId":"ee1.0"}]},{"payload":{}}]}"#);
        bench.hears(ASK);
        assert_eq!(bench.said(), [""; 0]);
        assert!(bench.events.is_empty());
        assert_eq!(bench.stage(), Stage::Pin);
    }

    #[test]
    fn a_wrong_pin_is_an_error_and_then_a_penalty() {
        let (mut bench, _) = demanding(PinDemand::Required(None));
        bench.hears(PIN_NONE);
        bench.hears(&input("00000000"));
        // One at a time.
        bench.hears(&input("5f3a01ce"));
        assert_eq!(given(&mut bench), Some(Some(digits("00000000"))));
        assert_eq!(given(&mut bench), None);
        judges(&mut bench, Answer::Wrong(None));
        assert_eq!(bench.said(), [PIN_ERROR]);
        bench.hears(&input("5f3"));
        assert_eq!(given(&mut bench), Some(None));
        let until = bench.now + secs(15);
        judges(&mut bench, Answer::Wrong(Some(until)));
        assert_eq!(bench.said(), [PIN_ERROR.into(), state("required", "busy")]);
        // Not even the right one counts, and nobody is told more than once a second.
        for _ in 0..50 {
            bench.passes(Duration::from_millis(100));
            bench.hears(&input("5f3a01ce"));
        }
        let said = bench.said();
        assert_eq!(said, vec![state("required", "busy"); 5]);
        assert_eq!(given(&mut bench), None);
        bench.passes(secs(10));
        assert_eq!(bench.said(), [state("required", "ok")]);
        bench.hears(&input("5f3a01ce"));
        assert!(given(&mut bench).is_some());
    }

    #[test]
    fn a_penalty_of_another_connection_counts_here() {
        let (mut bench, _) = demanding(PinDemand::Optional(None));
        bench.hears(PIN_NONE);
        assert_eq!(bench.stage(), Stage::Exchange);
        bench.hears(&input("5f3a01ce"));
        assert!(given(&mut bench).is_some());
        let until = bench.now + secs(90);
        judges(&mut bench, Answer::Busy(until));
        assert_eq!(bench.said(), [state("optional", "busy")]);
        bench.passes(secs(90));
        assert_eq!(bench.said(), [state("optional", "ok")]);
    }

    #[test]
    fn a_pin_that_nobody_demands_is_not_answered() {
        let mut bench = Bench::exchange(Role::Client);
        bench.said();
        bench.hears(&input("5f3a01ce"));
        assert_eq!(bench.said(), [""; 0]);
        assert_eq!(given(&mut bench), None);
    }

    #[test]
    fn who_does_not_give_our_pin_is_left_after_half_an_hour() {
        let (mut bench, _) = demanding(PinDemand::Required(None));
        bench.hears(PIN_NONE);
        bench.passes(secs(1800));
        assert_eq!(bench.ended().2, End::TimedOut(Stage::Pin));
    }
}
