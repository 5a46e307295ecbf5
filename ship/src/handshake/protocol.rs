//! Protocol handshake: the client offers, the server chooses, the client agrees
//! (SHIP 1.1.0 §13.4.4.2).

use eebus_json::Instant;

use super::{Context, Happening, Phase, pin};
use crate::connection::{Close, End, Role, Stage, WAIT};
use crate::message::{
    HandshakeType, HelloPhase, JSON_UTF8, Message, MessageProtocolHandshake, Version,
};

/// Numbers of `messageProtocolHandshakeError`.
const TIMEOUT: u8 = 1;
const UNEXPECTED: u8 = 2;
const MISMATCH: u8 = 3;

/// Hello is over: both sides are ready.
pub(super) fn enter(is_hello_due: bool, cx: &mut Context<'_>) -> Phase {
    let until = cx.now + WAIT;
    match cx.role {
        Role::Client => {
            let offer =
                MessageProtocolHandshake::of(HandshakeType::AnnounceMax, cx.settings.max_version);
            cx.send(&Message::MessageProtocolHandshake(offer));
            Phase::Choice(Choice { until, is_hello_due })
        }
        Role::Server => Phase::Proposal(Proposal { until, is_hello_due }),
    }
}

/// LISTEN_CHOICE: the client waits for the server's choice.
#[derive(Debug)]
pub(crate) struct Choice {
    until: Instant,
    /// One `ready` may still come: our prolongation request crossed our user's decision.
    is_hello_due: bool,
}

impl Choice {
    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn next(mut self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match common(what, self.until, &mut self.is_hello_due, cx) {
            Ok(Some(handshake)) if handshake.handshake_type == Some(HandshakeType::Select) => {
                let Some(version) = handshake.version else {
                    return mismatch(cx);
                };
                let fits = (Version::V1_0..=cx.settings.max_version).contains(&version);
                if !fits || handshake.formats() != [JSON_UTF8] {
                    return mismatch(cx);
                }
                let same = MessageProtocolHandshake::of(HandshakeType::Select, version);
                cx.send(&Message::MessageProtocolHandshake(same));
                pin::enter(version, cx)
            }
            Ok(Some(_)) => unexpected(cx),
            Ok(None) => Phase::Choice(self),
            Err(closed) => closed,
        }
    }
}

/// LISTEN_PROPOSAL: the server waits for the client's offer.
#[derive(Debug)]
pub(crate) struct Proposal {
    until: Instant,
    is_hello_due: bool,
}

impl Proposal {
    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn next(mut self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match common(what, self.until, &mut self.is_hello_due, cx) {
            Ok(Some(offer)) if offer.handshake_type == Some(HandshakeType::AnnounceMax) => {
                let Some(max) = offer.version.filter(|max| *max >= Version::V1_0) else {
                    return mismatch(cx);
                };
                if !offer.formats().iter().any(|format| format == JSON_UTF8) {
                    return mismatch(cx);
                }
                let version = max.min(cx.settings.max_version);
                let choice = MessageProtocolHandshake::of(HandshakeType::Select, version);
                cx.send(&Message::MessageProtocolHandshake(choice));
                Phase::Confirm(Confirm {
                    until: cx.now + WAIT,
                    version,
                    is_hello_due: self.is_hello_due,
                })
            }
            Ok(Some(_)) => unexpected(cx),
            Ok(None) => Phase::Proposal(self),
            Err(closed) => closed,
        }
    }
}

/// LISTEN_CONFIRM: the server waits until the client repeats its choice.
#[derive(Debug)]
pub(crate) struct Confirm {
    until: Instant,
    version: Version,
    is_hello_due: bool,
}

impl Confirm {
    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn next(mut self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match common(what, self.until, &mut self.is_hello_due, cx) {
            Ok(Some(choice)) if choice.handshake_type == Some(HandshakeType::Select) => {
                if choice != MessageProtocolHandshake::of(HandshakeType::Select, self.version) {
                    return mismatch(cx);
                }
                pin::enter(self.version, cx)
            }
            Ok(Some(_)) => unexpected(cx),
            Ok(None) => Phase::Confirm(self),
            Err(closed) => closed,
        }
    }
}

/// What the three states have in common; a handshake message is left to the state.
fn common(
    what: Happening,
    until: Instant,
    is_hello_due: &mut bool,
    cx: &mut Context<'_>,
) -> Result<Option<MessageProtocolHandshake>, Phase> {
    match what {
        Happening::Message(Message::MessageProtocolHandshake(handshake)) => Ok(Some(handshake)),
        Happening::Message(Message::MessageProtocolHandshakeError(failure)) => {
            Err(cx.end(End::Failed(failure.error.unwrap_or(0))))
        }
        Happening::Message(Message::BareHandshakeError(error)) => Err(cx.end(End::Failed(error))),
        Happening::Message(Message::ConnectionHello(hello))
            if *is_hello_due && hello.phase == Some(HelloPhase::Ready) =>
        {
            *is_hello_due = false;
            Ok(None)
        }
        Happening::Init | Happening::Message(_) | Happening::Fault(_) => Err(unexpected(cx)),
        Happening::Trust(false) => Err(cx.close(Close::refused())),
        Happening::Tick if cx.is_past(until) => {
            Err(cx.fail(TIMEOUT, End::TimedOut(Stage::Protocol)))
        }
        Happening::Tick
        | Happening::Trust(true)
        | Happening::Leave(_)
        | Happening::Send(_)
        | Happening::Pin
        | Happening::Judged(_)
        | Happening::Keys(_)
        | Happening::Lost => Ok(None),
    }
}

fn unexpected(cx: &mut Context<'_>) -> Phase {
    cx.fail(UNEXPECTED, End::Unexpected(Stage::Protocol))
}

fn mismatch(cx: &mut Context<'_>) -> Phase {
    cx.fail(MISMATCH, End::Mismatch)
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::bench::{ANNOUNCE, Bench, PIN_NONE, READY, SELECT, secs};
    use crate::connection::Settings;
    use crate::trust::Standing;

    fn client() -> Bench {
        let mut bench = Bench::protocol(Role::Client);
        assert_eq!(bench.said(), [ANNOUNCE]);
        bench
    }

    fn server() -> Bench {
        let mut bench = Bench::protocol(Role::Server);
        assert_eq!(bench.said(), [""; 0]);
        bench
    }

    fn confirm() -> Bench {
        let mut bench = server();
        bench.hears(ANNOUNCE);
        assert_eq!(bench.said(), [SELECT]);
        bench
    }

    fn failed(error: u8, end: End) -> (Vec<String>, u16, End) {
        let text = format!(r#"{{"messageProtocolHandshakeError":[{{"error":{error}}}]}}"#);
        (vec![text], 1000, end)
    }

    fn handshake(kind: &str, version: (u16, u16), formats: &str) -> String {
        let (major, minor) = version;
        format!(
            r#"{{"messageProtocolHandshake":[{{"handshakeType":"{kind}"}},{{"version":[{{"major":{major}}},{{"minor":{minor}}}]}},{{"formats":[{{"format":[{formats}]}}]}}]}}"#
        )
    }

    #[test]
    fn offer_choice_and_agreement_lead_to_the_pin_state() {
        let mut client = client();
        client.hears(SELECT);
        assert_eq!(client.said(), [SELECT, PIN_NONE]);
        let mut server = confirm();
        server.hears(SELECT);
        assert_eq!(server.said(), [PIN_NONE]);
    }

    #[test]
    fn a_server_chooses_the_lower_of_both_versions() {
        for (theirs, ours, chosen) in [
            ((1, 0), Version::V1_1, (1, 0)),
            ((1, 1), Version::V1_1, (1, 1)),
            ((1, 1), Version::V1_0, (1, 0)),
            ((2, 7), Version::V1_1, (1, 1)),
        ] {
            let settings = Settings { max_version: ours, ..Settings::new("x") };
            let mut server = Bench::with(Role::Server, Standing::Trusted, settings);
            server.frame(&[0, 0]);
            server.hears(READY);
            server.said();
            server.hears(&handshake("announceMax", theirs, r#""JSON-UTF16","JSON-UTF8""#));
            assert_eq!(server.said(), [handshake("select", chosen, r#""JSON-UTF8""#)]);
        }
    }

    #[test]
    fn a_client_takes_no_version_above_its_own_and_no_other_format() {
        for select in [
            handshake("select", (1, 1), r#""JSON-UTF8""#),
            handshake("select", (0, 9), r#""JSON-UTF8""#),
            handshake("select", (1, 0), r#""JSON-UTF16""#),
            handshake("select", (1, 0), r#""JSON-UTF8","JSON-UTF16""#),
            r#"{"messageProtocolHandshake":[{"handshakeType":"select"}]}"#.into(),
        ] {
            let mut bench = client();
            bench.hears(&select);
            assert_eq!(bench.ended(), failed(MISMATCH, End::Mismatch), "{select}");
        }
    }

    #[test]
    fn a_client_that_offers_1_1_is_content_with_1_0() {
        let settings = Settings { max_version: Version::V1_1, ..Settings::new("x") };
        let mut client = Bench::with(Role::Client, Standing::Trusted, settings);
        client.frame(&[0, 0]);
        client.hears(READY);
        assert_eq!(client.said().pop(), Some(handshake("announceMax", (1, 1), r#""JSON-UTF8""#)));
        client.hears(SELECT);
        assert_eq!(client.said(), [SELECT, PIN_NONE]);
    }

    #[test]
    fn a_server_without_common_ground_says_so() {
        for offer in [
            handshake("announceMax", (1, 0), r#""JSON-UTF16""#),
            handshake("announceMax", (0, 9), r#""JSON-UTF8""#),
            r#"{"messageProtocolHandshake":[{"handshakeType":"announceMax"}]}"#.into(),
        ] {
            let mut bench = server();
            bench.hears(&offer);
            assert_eq!(bench.ended(), failed(MISMATCH, End::Mismatch), "{offer}");
        }
        let mut bench = confirm();
        bench.hears(&handshake("select", (1, 1), r#""JSON-UTF8""#));
        assert_eq!(bench.ended(), failed(MISMATCH, End::Mismatch));
    }

    #[test]
    fn the_form_of_the_agreement_is_no_matter() {
        let mut bench = confirm();
        bench.hears(r#"{"messageProtocolHandshake":{"formats":{"format":"JSON-UTF8"},"version":{"minor":0,"major":1},"handshakeType":"select"}}"#);
        assert_eq!(bench.said(), [PIN_NONE]);
    }

    #[test]
    fn silence_for_10_seconds_is_error_1() {
        for mut bench in [client(), server(), confirm()] {
            bench.passes(secs(9));
            assert!(!bench.connection.is_closed());
            bench.passes(secs(1));
            assert_eq!(bench.ended(), failed(TIMEOUT, End::TimedOut(Stage::Protocol)));
        }
    }

    #[test]
    fn what_does_not_belong_here_is_error_2() {
        let common = [READY, PIN_NONE, "{", r#"{"accessMethodsRequest":[]}"#];
        let cases = [(client as fn() -> Bench, ANNOUNCE), (server, SELECT), (confirm, ANNOUNCE)];
        for (bench, own) in cases {
            for wrong in common.iter().chain([&own]) {
                let mut bench = bench();
                bench.hears(wrong);
                assert_eq!(
                    bench.ended(),
                    failed(UNEXPECTED, End::Unexpected(Stage::Protocol)),
                    "{wrong}"
                );
            }
        }
    }

    #[test]
    fn an_error_of_the_peer_is_not_answered_with_or_without_envelope() {
        for text in [
            r#"{"messageProtocolHandshakeError":[{"error":3}]}"#,
            r#"{"messageProtocolHandshakeError":{"error":3}}"#,
            r#"{"error":3}"#,
            r#"[{"error":3}]"#,
        ] {
            for mut bench in [client(), server(), confirm()] {
                bench.hears(text);
                assert_eq!(bench.ended(), (vec![], 1000, End::Failed(3)), "{text}");
            }
        }
    }

    #[test]
    fn a_peer_refused_now_is_sent_away() {
        let mut bench = server();
        bench.trusts(false);
        assert_eq!(bench.ended(), (vec![], 4452, End::Refused));
    }
}
