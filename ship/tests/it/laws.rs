//! What holds for a connection whatever happens to it.

use std::time::Duration;

use proptest::prelude::*;
use ship::message::Version;
use ship::{
    Connection, Event, Input, Instant, Leave, Output, Raw, Role, Settings, Stage, Standing,
};

/// Frames that a peer may send, sensible or not.
const FRAMES: &[&[u8]] = &[
    b"\0\0",
    b"\0\x01",
    b"\x02",
    b"",
    b"\xff\x00",
    b"\x01{\"connectionHello\":[{\"phase\":\"ready\"},{\"waiting\":120000}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"ready\"}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"ready\"},{\"waiting\":30000}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"pending\"},{\"waiting\":60000}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"pending\"},{\"waiting\":4294967295}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"pending\"},{\"prolongationRequest\":true}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"pending\"}]}",
    b"\x01{\"connectionHello\":[{\"phase\":\"aborted\"}]}",
    b"\x01{\"messageProtocolHandshake\":[{\"handshakeType\":\"announceMax\"},{\"version\":[{\"major\":1},{\"minor\":0}]},{\"formats\":[{\"format\":[\"JSON-UTF8\"]}]}]}",
    b"\x01{\"messageProtocolHandshake\":[{\"handshakeType\":\"select\"},{\"version\":[{\"major\":1},{\"minor\":0}]},{\"formats\":[{\"format\":[\"JSON-UTF8\"]}]}]}",
    b"\x01{\"messageProtocolHandshakeError\":[{\"error\":2}]}",
    b"\x01{\"connectionPinState\":[{\"pinState\":\"none\"}]}",
    b"\x01{\"connectionPinState\":[{\"pinState\":\"required\"}]}",
    b"\x01{\"connectionPinState\":[{\"pinState\":\"optional\"},{\"inputPermission\":\"busy\"}]}",
    b"\x01{\"connectionPinState\":[{\"pinState\":\"pinOk\"}]}",
    b"\x01{\"connectionPinInput\":[{\"pin\":\"5F3A01CE\"}]}",
    b"\x01{\"connectionPinError\":[{\"error\":1}]}",
    b"\x01{\"accessMethodsRequest\":[]}",
    b"\x01{\"accessMethods\":[{\"id\":\"i:1_u:2\"}]}",
    b"\x01{\"keyMaterialState\":[{\"updateCounter\":1}]}",
    b"\x01{\"vendor\":[]}",
    b"\x02{\"data\":[{\"header\":[{\"protocolId\":\"ee1.0\"}]},{\"payload\":{\"datagram\":[]}}]}",
    b"\x03{\"connectionClose\":[{\"phase\":\"announce\"},{\"maxTime\":500}]}",
    b"\x03{\"connectionClose\":[{\"phase\":\"confirm\"}]}",
    b"\x01{\"connectionHello\":[{",
    b"\x01[[[[[[[[",
];

#[derive(Clone, Debug)]
enum Step {
    Known(usize),
    Any(Vec<u8>),
    /// A known frame with one octet changed.
    Damaged(usize, usize, u8),
    Trust(bool),
    Leave(u8),
    Send,
    Wait(u32),
    Lost,
}

fn step() -> impl Strategy<Value = Step> {
    let index = 0..FRAMES.len();
    prop_oneof![
        12 => index.clone().prop_map(Step::Known),
        2 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Step::Any),
        3 => (index, any::<usize>(), any::<u8>()).prop_map(|(i, at, to)| Step::Damaged(i, at, to)),
        2 => any::<bool>().prop_map(Step::Trust),
        1 => (0..3u8).prop_map(Step::Leave),
        1 => Just(Step::Send),
        4 => (0..200_000u32).prop_map(Step::Wait),
        1 => Just(Step::Lost),
    ]
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![Just(Standing::Trusted), Just(Standing::Unknown), Just(Standing::Refused)]
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_panics_grows_or_stalls(
        role in role(),
        standing in standing(),
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let mut now = Instant::ORIGIN;
        let mut connection = Connection::new(role, standing, Settings::new("i:1_u:2"), now);
        let mut closes = 0;
        for step in steps {
            let was_closed = connection.is_closed();
            match step {
                Step::Known(i) => connection.handle(Input::Frame(FRAMES[i]), now),
                Step::Any(octets) => connection.handle(Input::Frame(&octets), now),
                Step::Damaged(i, at, to) => {
                    let mut octets = FRAMES[i].to_vec();
                    if !octets.is_empty() {
                        let at = at % octets.len();
                        octets[at] = to;
                    }
                    connection.handle(Input::Frame(&octets), now);
                }
                Step::Trust(is_trusted) => connection.handle(Input::Trust(is_trusted), now),
                Step::Leave(n) => {
                    let leave = [Leave::Unspecific, Leave::Superseded, Leave::Removed][usize::from(n)];
                    connection.handle(Input::Leave(leave), now);
                }
                Step::Send => {
                    connection.handle(Input::Send(Raw::new("{}").expect("JSON")), now);
                }
                Step::Wait(ms) => {
                    now += Duration::from_millis(ms.into());
                    connection.handle(Input::Tick, now);
                    // Time that has passed leaves nothing due.
                    prop_assert!(connection.deadline().is_none_or(|deadline| deadline > now));
                }
                Step::Lost => connection.handle(Input::Lost, now),
            }
            let outputs: Vec<Output> = core::iter::from_fn(|| connection.poll()).collect();
            prop_assert!(outputs.len() <= 6, "{outputs:?}");
            if was_closed {
                prop_assert!(outputs.is_empty() || closes == 0, "{outputs:?}");
            }
            for (i, output) in outputs.iter().enumerate() {
                if let Output::Close(_) = output {
                    closes += 1;
                    prop_assert_eq!(i + 1, outputs.len(), "nothing follows a close");
                }
            }
        }
        prop_assert!(closes <= 1);
        prop_assert_eq!(connection.is_closed(), closes == 1);
        prop_assert!(!connection.is_closed() || connection.deadline().is_none());
    }

    /// Two honest sides meet, whenever their users decide and however slow the line is.
    #[test]
    fn two_honest_sides_meet(
        trusted in any::<[bool; 2]>(),
        decided in [0..1_500_000u32, 0..1_500_000u32],
        delay in 0..2_000u32,
    ) {
        let roles = [Role::Client, Role::Server];
        let standing = |i: usize| if trusted[i] { Standing::Trusted } else { Standing::Unknown };
        let mut sides = [0, 1].map(|i| {
            Connection::new(roles[i], standing(i), Settings::new("x"), Instant::ORIGIN)
        });
        let mut decisions: Vec<(Instant, usize)> = (0..2)
            .filter(|i| !trusted[*i])
            .map(|i| (Instant::from_origin(Duration::from_millis(decided[i].into())), i))
            .collect();
        // Frames on the way: when they arrive, where, and what they are.
        let mut line: Vec<(Instant, usize, Vec<u8>)> = Vec::new();
        let mut now = Instant::ORIGIN;
        let mut open = [false; 2];
        while open != [true; 2] {
            for i in 0..2 {
                while let Some(output) = sides[i].poll() {
                    match output {
                        Output::Frame(octets) => {
                            line.push((now + Duration::from_millis(delay.into()), 1 - i, octets));
                        }
                        Output::Event(Event::Open { .. }) => open[i] = true,
                        Output::Close(close) => prop_assert!(false, "{close:?} at {now:?}"),
                        _ => {}
                    }
                }
            }
            let arrivals = line.iter().map(|(at, ..)| *at);
            let deadlines = sides.iter().filter_map(Connection::deadline);
            let next = arrivals.chain(deadlines).chain(decisions.iter().map(|(at, _)| *at)).min();
            now = now.max(next.expect("something to wait for"));
            if let Some(i) = line.iter().position(|(at, ..)| *at <= now) {
                let (_, to, octets) = line.remove(i);
                sides[to].handle(Input::Frame(&octets), now);
            } else if let Some(i) = decisions.iter().position(|(at, _)| *at <= now) {
                let (_, who) = decisions.remove(i);
                sides[who].handle(Input::Trust(true), now);
            } else {
                for side in &mut sides {
                    side.handle(Input::Tick, now);
                }
            }
        }
        prop_assert_eq!(sides.each_ref().map(Connection::stage), [Stage::Exchange; 2]);
    }
}

/// Byte order marks, white space of every kind, zero octets at the end: what devices add to their
/// JSON is no matter in any phase, whatever the version of SHIP.
#[test]
fn what_devices_write_around_their_json_is_no_matter_in_any_phase() {
    let dressed = |frame: &[u8]| {
        let mut octets = vec![frame[0]];
        octets.extend_from_slice(b"\xef\xbb\xbf \r\n\t");
        for octet in &frame[1..] {
            match octet {
                b'{' | b'}' | b'[' | b']' | b':' | b',' => {
                    octets.extend_from_slice(&[b' ', *octet, b'\r', b'\n', b'\t', b' ']);
                }
                other => octets.push(*other),
            }
        }
        octets.extend_from_slice(b"\0\0\0\0");
        octets
    };
    let minor =
        |frame: &str, minor: u16| frame.replace("\"minor\":0", &format!("\"minor\":{minor}"));
    let offer = r#"{"messageProtocolHandshake":[{"handshakeType":"announceMax"},{"version":[{"major":1},{"minor":0}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
    for version in [0, 1] {
        for role in [Role::Client, Role::Server] {
            let mut settings = Settings::new("i:1_u:2");
            settings.max_version = Version { major: Some(1), minor: Some(version) };
            let mut side = Connection::new(role, Standing::Trusted, settings, Instant::ORIGIN);
            side.handle(Input::Frame(b"\0\0\0"), Instant::ORIGIN);
            let choice = offer.replace("announceMax", "select");
            let said = [
                r#"{"connectionHello":[{"phase":"ready"},{"waiting":60000}]}"#.to_string(),
                minor(offer, version),
                minor(&choice, version),
                r#"{"connectionPinState":[{"pinState":"none"}]}"#.to_string(),
                r#"{"accessMethodsRequest":[]}"#.to_string(),
                r#"{"data":[{"payload":{"datagram":[]}}]}"#.to_string(),
            ];
            for text in
                said.iter().filter(|text| role == Role::Server || !text.contains("announceMax"))
            {
                let octet = if text.contains("data") { "\x02" } else { "\x01" };
                let frame = dressed(format!("{octet}{text}").as_bytes());
                side.handle(Input::Frame(&frame), Instant::ORIGIN);
            }
            let outputs: Vec<Output> = core::iter::from_fn(|| side.poll()).collect();
            let is = |what: fn(&Event) -> bool| {
                outputs.iter().any(|o| matches!(o, Output::Event(event) if what(event)))
            };
            assert!(is(|event| matches!(event, Event::Open { .. })), "{outputs:?}");
            assert!(is(|event| matches!(event, Event::Data(_))), "{outputs:?}");
            assert_eq!(side.stage(), Stage::Exchange);
        }
    }
}
