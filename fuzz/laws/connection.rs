// What holds for any octets that a SHIP peer may send, and for any sequence of events on a
// connection.

use core::time::Duration;

use eebus_json::Reader;
use ship::message::{KeyMaterialState, KeyState, Message, Version};
use ship::pin::{Answer, Lock, Pin, PinDemand};
use ship::{
    Connection, Event, Input, Instant, Leave, Output, Raw, Role, Settings, Ski, Stage, Standing,
};

/// A WebSocket message is a SHIP message or not, in any phase and any role; what was read is
/// written so that it is read again as the same.
pub(crate) fn frame(octets: &[u8]) {
    if let Some((_, json)) = octets.split_first()
        && let Ok(message) = Reader::tolerant().read::<Message>(json)
        && !matches!(message, Message::BareHandshakeError(_))
    {
        let text = eebus_json::to_string(&message);
        let again = Reader::strict().read::<Message>(text.as_bytes());
        assert_eq!(again.as_ref(), Ok(&message), "{text}");
    }
    for role in [Role::Client, Role::Server] {
        for far in 0..=HANDSHAKE.len() {
            let mut side = Side::new(role, Standing::Trusted, 0);
            for known in &HANDSHAKE[..far] {
                side.handle(Input::Frame(known));
            }
            side.handle(Input::Frame(octets));
            side.passes(Duration::from_secs(10));
            side.handle(Input::Frame(octets));
            side.passes(Duration::from_secs(3600));
        }
    }
}

/// What a peer says that wants to go all the way, whoever dialled.
const HANDSHAKE: [&[u8]; 5] = [
    b"\0\0",
    b"\x01{\"connectionHello\":[{\"phase\":\"ready\"},{\"waiting\":120000}]}",
    ANNOUNCE,
    SELECT,
    b"\x01{\"connectionPinState\":[{\"pinState\":\"none\"}]}",
];
const ANNOUNCE: &[u8] = b"\x01{\"messageProtocolHandshake\":[{\"handshakeType\":\"announceMax\"},{\"version\":[{\"major\":1},{\"minor\":1}]},{\"formats\":[{\"format\":[\"JSON-UTF8\"]}]}]}";
const SELECT: &[u8] = b"\x01{\"messageProtocolHandshake\":[{\"handshakeType\":\"select\"},{\"version\":[{\"major\":1},{\"minor\":0}]},{\"formats\":[{\"format\":[\"JSON-UTF8\"]}]}]}";

/// Whatever happens to a connection, and in whatever order: it does not panic, grow or stall, says
/// a bounded number of things each time, and nothing after its end.
///
/// The first octet says how it begins; each of the following ones is an event, with the octets
/// that it needs behind it.
pub(crate) fn handshake(octets: &[u8]) {
    let Some((&how, mut rest)) = octets.split_first() else { return };
    let role = if how & 1 == 0 { Role::Client } else { Role::Server };
    let standing =
        [Standing::Trusted, Standing::Unknown, Standing::Refused][usize::from(how >> 1 & 3) % 3];
    let mut side = Side::new(role, standing, how >> 3);
    for _ in 0..256 {
        let Some((&event, more)) = rest.split_first() else { break };
        rest = more;
        let mut next = || {
            let (&octet, more) = rest.split_first().unwrap_or((&0, &[]));
            rest = more;
            octet
        };
        match event % 16 {
            0..=7 => {
                let frame = FRAMES[usize::from(next()) % FRAMES.len()];
                side.handle(Input::Frame(frame));
            }
            8 => {
                let mut frame = FRAMES[usize::from(next()) % FRAMES.len()].to_vec();
                let at = usize::from(next()) % frame.len();
                frame[at] = next();
                side.handle(Input::Frame(&frame));
            }
            9 => {
                let length = usize::from(next()).min(rest.len());
                let (frame, more) = rest.split_at(length);
                rest = more;
                side.handle(Input::Frame(frame));
            }
            10 => side.passes(Duration::from_millis(u64::from(next()) * 10)),
            11 => side.passes(Duration::from_secs(u64::from(next()))),
            12 => side.handle(Input::Trust(next() % 4 != 0)),
            13 => match next() % 4 {
                0 => side.handle(Input::Pin("5F3A01CE".parse::<Pin>().expect("a PIN"))),
                1 => side.handle(Input::KeysTaken(true)),
                2 => side.handle(Input::PinJudged(Answer::Right)),
                _ => side.handle(Input::Send(Raw::new("{}").expect("JSON"))),
            },
            14 => side.passes(Duration::from_secs(u64::from(next()) * 60)),
            _ => match next() % 16 {
                0 => side.handle(Input::Leave(Leave::Unspecific)),
                1 => side.handle(Input::Leave(Leave::Superseded)),
                2 => side.handle(Input::Leave(Leave::Removed)),
                3 => side.handle(Input::Lost),
                _ => side.handle(Input::Tick),
            },
        }
    }
    // Nobody who does not say anything stays for ever before the data exchange.
    side.passes(Duration::from_secs(2 * 3600));
    assert!(matches!(side.connection.stage(), Stage::Exchange | Stage::Closed));
}

/// Frames that a peer may send, sensible or not.
const FRAMES: &[&[u8]] = &[
    b"\0\0",
    b"\0\x01",
    b"\x02",
    b"\xff\x00",
    b"\x01{\"connectionHello\":[{\"phase\":\"ready\"},{\"waiting\":120000}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"ready\"},{\"waiting\":60000},{\"keyMaterialState\":[{\"updateCounter\":9}]}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"ready\"}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"pending\"},{\"waiting\":30000}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"pending\"},{\"waiting\":4294967295}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"pending\"},{\"prolongationRequest\":true}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"aborted\"}]}",
    ANNOUNCE,
    SELECT,
    b"\x01{\"messageProtocolHandshake\":[{\"handshakeType\":\"select\"},{\"version\":[{\"major\":1},{\"minor\":1}]},{\"formats\":[{\"format\":[\"JSON-UTF8\"]}]}]}",
    b"\x01{\"messageProtocolHandshakeError\":[{\"error\":2}]}",
    b"\x01{\"connectionPinState\":[{\"pinState\":\"none\"}]}",
    b"\x01{\"connectionPinState\":[{\"pinState\":\"required\"},{\"inputPermission\":\"ok\"}]}",
    b"\x01{\"connectionPinState\":[{\"pinState\":\"optional\"},{\"inputPermission\":\"busy\"}]}",
    b"\x01{\"connectionPinState\":[{\"pinState\":\"pinOk\"}]}",
    b"\x01{\"connectionPinInput\":[{\"pin\":\"5F3A01CE\"}]}",
    b"\x01{\"connectionPinInput\":[{\"pin\":\"00000000\"}]}",
    b"\x01{\"connectionPinError\":[{\"error\":1}]}",
    b"\x01{\"accessMethodsRequest\":[]}",
    b"\x01{\"accessMethods\":[{\"id\":\"i:1_u:2\"}]}",
    b"\x01{\"keyMaterialStateRequest\":[]}",
    b"\x01{\"keyMaterialState\":[{\"updateCounter\":9},{\"entry\":[[{\"currentState\":\"current\"},{\"curve\":23},{\"ski\":\"0101010101010101010101010101010101010101\"}]]}]}",
    b"\x01{\"keyMaterialStateResponse\":[{\"accept\":true}]}",
    b"\x01{\"commissioningRequest\":[]}",
    b"\x02{\"data\":[{\"header\":[{\"protocolId\":\"ee1.0\"}]},{\"payload\":{\"datagram\":[]}}]}",
    b"\x03{\"connectionClose\":[{\"phase\":\"announce\"},{\"maxTime\":500}]}",
    b"\x03{\"connectionClose\":[{\"phase\":\"confirm\"}]}",
    b"\x01{\"vendor\":[]}",
    b"\x01[[[[[[[[",
];

/// A node's end of a connection, on a virtual clock.
struct Side {
    connection: Connection,
    lock: Lock,
    now: Instant,
    is_over: bool,
}

/// No event is worth more than this.
const MOST_OUTPUTS: usize = 8;

impl Side {
    fn new(role: Role, standing: Standing, how: u8) -> Self {
        let now = Instant::ORIGIN;
        let pin = [
            PinDemand::None,
            PinDemand::Given,
            PinDemand::Optional(None),
            PinDemand::Required(None),
            PinDemand::Required(Some(now + Duration::from_secs(90))),
        ][usize::from(how & 7) % 5];
        let key = (KeyState::Current, Ski::new([1; 20]));
        let settings = Settings {
            pin,
            max_version: if how & 8 == 0 { Version::V1_1 } else { Version::V1_0 },
            keys: Some(KeyMaterialState::of(3, [key])),
            ..Settings::new("i:1_u:2")
        };
        let lock = Lock::new("5F3A01CE".parse().expect("a PIN"), 0, now);
        let connection = Connection::new(role, standing, settings, now);
        let mut side = Self { connection, lock, now, is_over: false };
        side.settles();
        side
    }

    fn handle(&mut self, input: Input<'_>) {
        self.connection.handle(input, self.now);
        self.settles();
    }

    /// Time passes; whatever becomes due happens at its moment.
    fn passes(&mut self, duration: Duration) {
        let until = self.now + duration;
        while let Some(deadline) = self.connection.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(deadline);
            self.handle(Input::Tick);
            let next = self.connection.deadline();
            assert!(next.is_none_or(|next| next > self.now), "something stays due");
        }
        self.now = until;
    }

    /// Does what a node does with what the connection says.
    fn settles(&mut self) {
        let mut judged = None;
        for count in 0.. {
            let Some(output) = self.connection.poll() else { break };
            assert!(!self.is_over, "{output:?} after the end");
            assert!(count < MOST_OUTPUTS, "{output:?} and more at once");
            match output {
                Output::Close(_) => self.is_over = true,
                Output::Event(Event::PinGiven(pin)) => {
                    judged = Some(self.lock.check(pin.as_ref(), self.now));
                }
                Output::Frame(octets) => {
                    assert!(octets.len() > 1 && octets.len() < 1024, "{octets:?}");
                }
                _ => {}
            }
        }
        assert_eq!(self.connection.is_closed(), self.is_over);
        assert!(!self.is_over || self.connection.deadline().is_none());
        if let Some(answer) = judged {
            self.handle(Input::PinJudged(answer));
        }
    }
}
