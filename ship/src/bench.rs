//! A connection on a virtual clock, and a peer that says what the test wants.

use core::time::Duration;
use std::format;
use std::string::String;
use std::vec::Vec;

use eebus_json::{Instant, Raw};

use crate::connection::{
    Close, Connection, End, Event, Input, Leave, Output, Role, Settings, Stage,
};
use crate::trust::Standing;

pub(crate) const READY: &str = r#"{"connectionHello":[{"phase":"ready"},{"waiting":120000}]}"#;
pub(crate) const PENDING: &str = r#"{"connectionHello":[{"phase":"pending"},{"waiting":120000}]}"#;
pub(crate) const PROLONG: &str =
    r#"{"connectionHello":[{"phase":"pending"},{"prolongationRequest":true}]}"#;
pub(crate) const ABORTED: &str = r#"{"connectionHello":[{"phase":"aborted"}]}"#;
pub(crate) const ANNOUNCE: &str = r#"{"messageProtocolHandshake":[{"handshakeType":"announceMax"},{"version":[{"major":1},{"minor":0}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
pub(crate) const SELECT: &str = r#"{"messageProtocolHandshake":[{"handshakeType":"select"},{"version":[{"major":1},{"minor":0}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
pub(crate) const PIN_NONE: &str = r#"{"connectionPinState":[{"pinState":"none"}]}"#;
pub(crate) const ASK: &str = r#"{"accessMethodsRequest":[]}"#;

/// A hello that says how long its sender waits.
pub(crate) fn hello(phase: &str, waiting: u64) -> String {
    format!(r#"{{"connectionHello":[{{"phase":"{phase}"}},{{"waiting":{waiting}}}]}}"#)
}

/// One connection.
pub(crate) struct Bench {
    pub(crate) connection: Connection,
    pub(crate) now: Instant,
    pub(crate) events: Vec<Event>,
    pub(crate) close: Option<Close>,
}

impl Bench {
    pub(crate) fn new(role: Role, standing: Standing) -> Self {
        Self::with(role, standing, Settings::new("i:1_u:bench"))
    }

    pub(crate) fn with(role: Role, standing: Standing, settings: Settings) -> Self {
        let now = Instant::from_origin(Duration::from_secs(1000));
        let connection = Connection::new(role, standing, settings, now);
        Self { connection, now, events: Vec::new(), close: None }
    }

    /// Past the init messages.
    pub(crate) fn hello(role: Role, standing: Standing) -> Self {
        let mut bench = Self::new(role, standing);
        bench.frame(&[0, 0]);
        bench
    }

    /// Past the hello as well.
    pub(crate) fn protocol(role: Role) -> Self {
        let mut bench = Self::hello(role, Standing::Trusted);
        bench.said();
        bench.hears(READY);
        bench
    }

    /// Before the peer's PIN state.
    pub(crate) fn pin(role: Role) -> Self {
        let mut bench = Self::protocol(role);
        if role == Role::Server {
            bench.hears(ANNOUNCE);
        }
        bench.hears(SELECT);
        bench.said();
        bench
    }

    /// In the data exchange.
    pub(crate) fn exchange(role: Role) -> Self {
        let mut bench = Self::pin(role);
        bench.hears(PIN_NONE);
        bench
    }

    pub(crate) fn frame(&mut self, octets: &[u8]) {
        self.connection.handle(Input::Frame(octets), self.now);
    }

    /// The peer says this; the right type octet is put in front.
    pub(crate) fn hears(&mut self, json: &str) {
        let octet = match json {
            data if data.contains("\"data\"") => "\u{2}",
            close if close.contains("connectionClose") => "\u{3}",
            _ => "\u{1}",
        };
        self.frame(format!("{octet}{json}").as_bytes());
    }

    pub(crate) fn trusts(&mut self, is_trusted: bool) {
        self.connection.handle(Input::Trust(is_trusted), self.now);
    }

    pub(crate) fn leaves(&mut self, leave: Leave) {
        self.connection.handle(Input::Leave(leave), self.now);
    }

    pub(crate) fn sends(&mut self, json: &str) {
        self.connection.handle(Input::Send(Raw::new(json).expect("JSON")), self.now);
    }

    /// Lets time pass; whatever becomes due happens at its moment.
    pub(crate) fn passes(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(deadline) = self.connection.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(deadline);
            self.connection.handle(Input::Tick, self.now);
        }
        self.now = until;
    }

    /// What was said since the last time, without type octets.
    pub(crate) fn said(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(output) = self.connection.poll() {
            match output {
                Output::Frame(octets) if octets == [0, 0] => said.push("init".into()),
                Output::Frame(octets) => {
                    said.push(String::from_utf8(octets[1..].to_vec()).expect("text"));
                }
                Output::Event(event) => self.events.push(event),
                Output::Close(close) => self.close = Some(close),
            }
        }
        said
    }

    /// It has ended: what was said last, the code of the Close frame, and why.
    pub(crate) fn ended(&mut self) -> (Vec<String>, u16, End) {
        let said = self.said();
        assert!(self.connection.is_closed());
        assert_eq!(self.connection.deadline(), None);
        let close = self.close.take().expect("closed");
        (said, close.code, close.end)
    }

    pub(crate) fn stage(&self) -> Stage {
        self.connection.stage()
    }
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
