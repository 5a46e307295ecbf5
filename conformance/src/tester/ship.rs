//! The phases of SHIP, as a well-behaved peer goes through them (SHIP 1.1.0 §13.4).
//!
//! A case takes the short cut to the phase that it is about ([`Ship::up_to_hello`], ...) and from
//! there on sends and expects message by message.

use core::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::link::{Arrival, Link, Message, Role, spell};
use super::wire::View;
use super::{Step, fail};

/// The tool's SHIP identifier.
pub const SHIP_ID: &str = "EEBUS-Test-Tool";

/// `connectionHello` with phase ready and no `waiting`.
pub const HELLO_READY: &str = r#"{"connectionHello":[{"phase":"ready"}]}"#;
/// `announceMax` for version 1.0.
pub const ANNOUNCE_MAX: &str = r#"{"messageProtocolHandshake":[{"handshakeType":"announceMax"},{"version":[{"major":1},{"minor":0}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
/// `select` for version 1.0.
pub const SELECT: &str = r#"{"messageProtocolHandshake":[{"handshakeType":"select"},{"version":[{"major":1},{"minor":0}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
/// The PIN state of a node without PIN.
pub const PIN_NONE: &str = r#"{"connectionPinState":[{"pinState":"none"}]}"#;
/// Asks for the access methods.
pub const ACCESS_METHODS_REQUEST: &str = r#"{"accessMethodsRequest":[]}"#;

/// How long an answer of SHIP may take in most cases.
pub const ANSWER: Duration = Duration::from_secs(10);

/// The tool's answer to an `accessMethodsRequest`.
pub fn access_methods() -> String {
    format!(r#"{{"accessMethods":[{{"id":"{SHIP_ID}"}},{{"dnsSd_mDns":[]}}]}}"#)
}

/// A connection in one of the phases of SHIP.
pub struct Ship {
    /// The messages themselves.
    pub link: Link,
}

impl Ship {
    /// On a fresh connection.
    pub const fn new(link: Link) -> Self {
        Self { link }
    }

    /// Sends the text of a control message.
    pub async fn send(&mut self, text: &str) {
        self.link.control(text).await;
    }

    /// Waits for the next message, whatever it is.
    pub async fn expect_any(&mut self, within: Duration, what: &str) -> Step<Message> {
        match self.link.next(Instant::now() + within).await {
            Arrival::Message(message) => Ok(message),
            Arrival::Closed(how) => fail(format!("expected {what}, the device closed: {how}")),
            Arrival::Nothing => fail(format!("expected {what}, nothing came in {within:?}")),
        }
    }

    /// Waits for `00 00`, which has to be the next message.
    pub async fn expect_init(&mut self) -> Step {
        match self.expect_any(ANSWER, "the connection mode 00 00").await? {
            Message::Init => Ok(()),
            other => unexpected("the connection mode 00 00", &other),
        }
    }

    /// Waits for a control message of this name, which has to be the next message.
    pub async fn expect(&mut self, name: &str) -> Step<Value> {
        match self.expect_any(ANSWER, name).await? {
            Message::Control(root, content) if root == name => Ok(content),
            other => unexpected(name, &other),
        }
    }

    /// Waits for `connectionHello` in this phase; the remaining `waiting` in milliseconds.
    pub async fn expect_hello(&mut self, phase: &str) -> Step<Option<u64>> {
        let content = self.expect("connectionHello").await?;
        let hello = View(&content);
        if hello.text("phase") != Some(phase) {
            return fail(format!("expected connectionHello with phase {phase}, got {hello}"));
        }
        Ok(hello.number("waiting"))
    }

    /// Waits for `messageProtocolHandshake` of this type and for JSON-UTF8; the version.
    pub async fn expect_protocol(&mut self, kind: &str) -> Step<(u64, u64)> {
        let content = self.expect("messageProtocolHandshake").await?;
        let message = View(&content);
        let version = message.number("version.major").zip(message.number("version.minor"));
        let formats: Vec<_> = message.list("formats.format").map(|view| view.0.as_str()).collect();
        let formats_fit = match kind {
            "select" => formats == [Some("JSON-UTF8")],
            _ => formats.contains(&Some("JSON-UTF8")),
        };
        match version {
            Some(version) if message.text("handshakeType") == Some(kind) && formats_fit => {
                Ok(version)
            }
            _ => fail(format!("expected {kind} with JSON-UTF8, got {message}")),
        }
    }

    /// Waits for `messageProtocolHandshakeError` with this number.
    pub async fn expect_protocol_error(&mut self, number: u64, within: Duration) -> Step {
        let name = "messageProtocolHandshakeError";
        match self.expect_any(within, name).await? {
            Message::Control(root, content)
                if root == name && View(&content).number("error") == Some(number) =>
            {
                Ok(())
            }
            other => unexpected(&format!("{name} {number}"), &other),
        }
    }

    /// Waits until the device has closed the connection; no message may come before.
    pub async fn expect_close(&mut self, within: Duration) -> Step {
        match self.link.next(Instant::now() + within).await {
            Arrival::Closed(_) => Ok(()),
            Arrival::Message(message) => unexpected("the end of the connection", &message),
            Arrival::Nothing => fail(format!("the device did not close within {within:?}")),
        }
    }

    /// Nothing may come in this time, and the connection has to survive it.
    pub async fn expect_silence(&mut self, time: Duration) -> Step {
        match self.link.next(Instant::now() + time).await {
            Arrival::Nothing => Ok(()),
            Arrival::Message(message) => unexpected(&format!("silence for {time:?}"), &message),
            Arrival::Closed(how) => {
                fail(format!("the device closed within {time:?}, it should wait: {how}"))
            }
        }
    }

    /// The connection mode is agreed on.
    pub async fn up_to_hello(mut self) -> Step<Self> {
        match self.link.role() {
            Role::Client => {
                self.link.send(&[0, 0]).await;
                self.expect_init().await?;
            }
            Role::Server => {
                self.expect_init().await?;
                self.link.send(&[0, 0]).await;
            }
        }
        Ok(self)
    }

    /// Both sides are ready; the client has not announced its version yet.
    pub async fn up_to_protocol(self) -> Step<Self> {
        let mut ship = self.up_to_hello().await?;
        ship.expect_hello("ready").await?;
        ship.send(HELLO_READY).await;
        Ok(ship)
    }

    /// The version is selected and confirmed; the tool has not sent its PIN state yet.
    pub async fn up_to_pin(self) -> Step<Self> {
        let mut ship = self.up_to_protocol().await?;
        match ship.link.role() {
            Role::Client => {
                ship.send(ANNOUNCE_MAX).await;
                ship.expect_protocol("select").await?;
                ship.send(SELECT).await;
            }
            Role::Server => {
                ship.expect_protocol("announceMax").await?;
                ship.send(SELECT).await;
                ship.expect_protocol("select").await?;
            }
        }
        Ok(ship)
    }

    /// Both PIN states are exchanged: data may flow.
    pub async fn up_to_data(self) -> Step<Self> {
        let mut ship = self.up_to_pin().await?;
        ship.send(PIN_NONE).await;
        let state = ship.expect("connectionPinState").await?;
        if View(&state).text("pinState") != Some("none") {
            return fail(format!("expected PIN state none, got {}", View(&state)));
        }
        Ok(ship)
    }

    /// In the data phase: waits for a control message of this name. The device's own traffic may
    /// come before it; its `accessMethodsRequest` is answered if `is_answering`.
    pub async fn expect_between(
        &mut self,
        name: &str,
        within: Duration,
        is_answering: bool,
    ) -> Step<Value> {
        let until = Instant::now() + within;
        loop {
            match self.link.next(until).await {
                Arrival::Message(Message::Control(root, content)) if root == name => {
                    return Ok(content);
                }
                Arrival::Message(Message::Control(root, _))
                    if root == "accessMethodsRequest" && is_answering =>
                {
                    let answer = access_methods();
                    self.send(&answer).await;
                }
                Arrival::Message(_) => {}
                Arrival::Closed(how) => {
                    return fail(format!("expected {name}, the device closed: {how}"));
                }
                Arrival::Nothing => {
                    return fail(format!("expected {name}, it did not come in {within:?}"));
                }
            }
        }
    }
}

fn unexpected<T>(expected: &str, message: &Message) -> Step<T> {
    let got = match message {
        Message::Init => "00 00".to_owned(),
        Message::Control(root, content) => format!("{root} {content}"),
        Message::Data(content) => format!("data {content}"),
        Message::End(content) => format!("connectionClose {content}"),
        Message::Other(octets) => spell(octets),
    };
    fail(format!("expected {expected}, got {got}"))
}
