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
        | Happening::Lost => Ok(None),
    }
}

fn unexpected(cx: &mut Context<'_>) -> Phase {
    cx.fail(UNEXPECTED, End::Unexpected(Stage::Protocol))
}

fn mismatch(cx: &mut Context<'_>) -> Phase {
    cx.fail(MISMATCH, End::Mismatch)
}
