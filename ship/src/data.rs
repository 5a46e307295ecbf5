//! Data exchange: payloads in both directions (SHIP 1.1.0 §13.4.5).
//!
//! Access methods go on beside it and hold nothing up: a payload is passed on and an answer given
//! whatever else is open.

use eebus_json::{Instant, Raw};

use crate::access::Access;
use crate::close::Closing;
use crate::connection::{Close, End, Event, Leave};
use crate::frame::Fault;
use crate::handshake::{Context, Happening, Phase};
use crate::keys::Keys;
use crate::message::{CommissioningResponse, Data, Header, Message, SPINE_PROTOCOL, Version};
use crate::pin::{Ask, Check};

/// So many messages in a row that cannot be read are enough.
const UNREADABLE: u8 = 10;

/// The connection is of use.
#[derive(Debug)]
pub(crate) struct Exchange {
    access: Access,
    /// PINs that are optional may be given at any time.
    check: Check,
    ask: Ask,
    keys: Keys,
    version: Version,
    unreadable: u8,
}

impl Exchange {
    pub(crate) fn enter(version: Version, check: Check, ask: Ask, cx: &mut Context<'_>) -> Self {
        cx.tell(Event::Open { version });
        let access = Access::enter(cx);
        let keys = Keys::enter(version, cx);
        Self { access, check, ask, keys, version, unreadable: 0 }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let deadlines = [self.access.deadline(), self.check.deadline(), self.keys.deadline()];
        deadlines.into_iter().flatten().min()
    }

    pub(crate) fn next(mut self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match what {
            Happening::Message(message) => {
                self.unreadable = 0;
                match message {
                    Message::Data(data) => receive(data, cx),
                    Message::AccessMethodsRequest(_) => self.access.answer(cx),
                    Message::AccessMethods(methods) => self.access.take(methods, cx),
                    Message::ConnectionClose(close) => return Closing::announced(&close, cx),
                    Message::ConnectionPinState(state) => self.ask.state(&state, cx),
                    Message::ConnectionPinInput(input) => self.check.input(input, cx),
                    Message::ConnectionPinError(_) => self.ask.refused(cx),
                    Message::KeyMaterialStateRequest(request) => self.keys.asked(&request, cx),
                    Message::KeyMaterialState(state) => self.keys.told(&state, cx),
                    Message::KeyMaterialStateResponse(_) => self.keys.answered(),
                    // Nobody commissions this node; a peer of 1.0 does not know the answer.
                    Message::CommissioningRequest(_) if self.version >= Version::V1_1 => {
                        let accept = Some(false);
                        cx.send(&Message::CommissioningResponse(CommissioningResponse { accept }));
                    }
                    // A late hello, what 1.1.0 has besides: skipped (§13.4.5.1).
                    _ => {}
                }
            }
            Happening::Fault(fault) => {
                let is_unreadable = matches!(fault, Fault::Unreadable(_));
                cx.tell(Event::Ignored(fault));
                if is_unreadable {
                    self.unreadable += 1;
                    if self.unreadable == UNREADABLE {
                        return cx.close(Close::protocol_error(End::Unreadable));
                    }
                }
            }
            Happening::Send(payload) => send(payload, cx),
            Happening::Leave(leave) => return Closing::announce(leave, cx),
            Happening::Trust(false) => return Closing::announce(Leave::Removed, cx),
            Happening::Pin => self.ask.give(cx),
            Happening::Judged(answer) => self.check.judged(answer, cx),
            Happening::Keys(is_taken) => self.keys.taken(is_taken, cx),
            Happening::Tick => {
                self.access.tick(cx);
                self.check.tick(cx);
                if let Err(leave) = self.keys.tick(cx) {
                    return Closing::announce(leave, cx);
                }
            }
            Happening::Trust(true) | Happening::Init | Happening::Lost => {}
        }
        Phase::Exchange(self)
    }
}

fn send(payload: Raw, cx: &mut Context<'_>) {
    cx.send(&Message::Data(Data {
        header: Some(Header::spine()),
        payload: Some(payload),
        extension: None,
    }));
}

/// Another protocol than SPINE is not ours to judge; a peer that names none means SPINE.
fn receive(data: Data, cx: &mut Context<'_>) {
    let protocol = data.header.and_then(|header| header.protocol_id);
    if let Some(payload) = data.payload
        && protocol.is_none_or(|protocol| protocol == SPINE_PROTOCOL)
    {
        cx.tell(Event::Data(payload));
    }
}

#[cfg(test)]
mod tests {
    use std::string::{String, ToString};
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::bench::{ABORTED, ANNOUNCE, Bench, PIN_NONE, READY, secs};
    use crate::connection::Role;

    fn exchange() -> Bench {
        let mut bench = Bench::exchange(Role::Client);
        bench.said();
        bench.events.clear();
        bench
    }

    fn payloads(bench: &mut Bench) -> Vec<String> {
        bench.said();
        let payload = |event: Event| match event {
            Event::Data(payload) => Some(payload.as_str().to_string()),
            _ => None,
        };
        bench.events.drain(..).filter_map(payload).collect()
    }

    #[test]
    fn a_payload_goes_out_in_its_envelope() {
        let mut bench = exchange();
        bench.sends(r#"{"datagram":[{"a":[]}]}"#);
        assert_eq!(
            bench.said(),
            [
                r#"{"data":[{"header":[{"protocolId":"ee1.0"}]},{"payload":{"datagram":[{"a":[]}]}}]}"#
            ]
        );
    }

    #[test]
    fn a_payload_comes_in_as_it_is() {
        let mut bench = exchange();
        for data in [
            r#"{"data":[{"header":[{"protocolId":"ee1.0"}]},{"payload":{"datagram":[]}}]}"#,
            r#"{"data":{"payload":{"datagram":[]},"header":{"protocolId":"ee1.0"}}}"#,
            r#"{"data":[{"payload":{"datagram":[]}},{"extension":[{"extensionId":"x"}]}]}"#,
        ] {
            bench.hears(data);
            assert_eq!(payloads(&mut bench), [r#"{"datagram":[]}"#], "{data}");
        }
    }

    #[test]
    fn other_protocols_and_empty_envelopes_are_skipped() {
        let mut bench = exchange();
        bench.hears(r#"{"data":[{"header":[{"protocolId":"ee2.0"}]},{"payload":{}}]}"#);
        bench.hears(r#"{"data":[]}"#);
        assert_eq!(payloads(&mut bench), [""; 0]);
        assert!(!bench.connection.is_closed());
    }

    #[test]
    fn what_belongs_to_other_phases_or_to_1_1_is_skipped() {
        let mut bench = exchange();
        for text in [
            READY,
            ABORTED,
            ANNOUNCE,
            PIN_NONE,
            r#"{"messageProtocolHandshakeError":[{"error":2}]}"#,
            r#"{"keyMaterialState":[{"updateCounter":2}]}"#,
            r#"{"vendorMessage":[{"x":1}]}"#,
        ] {
            bench.hears(text);
        }
        bench.frame(&[0, 0]);
        bench.frame(&[7, 7]);
        assert_eq!(bench.said(), [""; 0]);
        bench.passes(secs(3600));
        assert!(!bench.connection.is_closed());
    }

    #[test]
    fn ten_unreadable_messages_in_a_row_are_enough() {
        let mut bench = exchange();
        for _ in 0..9 {
            bench.hears("{");
        }
        bench.hears(PIN_NONE);
        for _ in 0..9 {
            bench.hears("{");
        }
        assert!(!bench.connection.is_closed());
        bench.hears("{");
        assert_eq!(bench.ended(), (vec![], 1002, End::Unreadable));
    }

    #[test]
    fn nothing_is_sent_before_the_exchange_is_open() {
        let mut bench = Bench::pin(Role::Client);
        bench.sends("{}");
        assert_eq!(bench.said(), [""; 0]);
    }

    #[test]
    fn a_peer_refused_now_is_told_that_it_was_removed() {
        let mut bench = exchange();
        bench.trusts(false);
        assert!(bench.said()[0].contains("removedConnection"));
    }
}
