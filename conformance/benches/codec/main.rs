//! What it takes to read a message and to write it again.
//!
//!     cargo bench -p conformance --bench codec
//!
//! A SHIP data frame becomes a typed datagram and a frame again: by our crates, by the crate
//! `eebus`, and, for the same content as ordinary JSON, by `serde_json` on plain structs with
//! derived code. The three take turns, so that whatever else the machine does hits all of them;
//! what is printed is the ratio of their medians. It fails where ours takes a larger part of the
//! time of `eebus` than the goals say.
//!
//! With `--test` (what `cargo test --benches` says) every contestant runs, and nothing is judged.

mod plain;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eebus_json::{Plain, Reader};
use ship::message::{Data, Message};
use spine::datagram::{self, Datagram};

/// A message, and how much of the time of `eebus` ours may take.
struct Case {
    name: &'static str,
    text: &'static str,
    goal: f64,
}

const CASES: [Case; 3] = [
    Case {
        name: "discovery",
        text: include_str!("../../recordings/messages/01_discovery.json"),
        goal: 1.0 / 5.0,
    },
    Case {
        name: "measurement",
        text: include_str!("../../recordings/messages/02_measurement.json"),
        goal: 1.0 / 3.0,
    },
    Case {
        name: "limit",
        text: include_str!("../../recordings/messages/03_limit.json"),
        goal: 1.0 / 3.0,
    },
];

/// How often each contestant has its turn, and how many messages it then handles.
const TURNS: usize = 2_000;
const MESSAGES: u32 = 4;

/// The type octet of a data frame.
const DATA: u8 = 2;

fn main() -> ExitCode {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let turns = if is_test { 1 } else { TURNS };
    let mut is_fast = true;
    for case in &CASES {
        let frame = [&[DATA], case.text.trim_end().as_bytes()].concat();
        let plain = plain_frame(&frame);
        assert_eq!(ours(&frame), frame, "ours");
        assert_eq!(theirs(&frame), frame, "theirs");
        assert_eq!(serde_json(&plain), plain, "serde_json");

        let contestants: [&dyn Fn(); 3] = [
            &|| drop(black_box(ours(black_box(&frame)))),
            &|| drop(black_box(theirs(black_box(&frame)))),
            &|| drop(black_box(serde_json(black_box(&plain)))),
        ];
        let [ours, theirs, plain] = medians(&contestants, turns);
        let vs_eebus = ours.as_secs_f64() / theirs.as_secs_f64();
        let name = case.name;
        println!("codec.{name}.vs_eebus: {vs_eebus:.2}");
        println!("codec.{name}.vs_serde_json: {:.2}", ours.as_secs_f64() / plain.as_secs_f64());
        println!("codec.{name}.us: {:.1}", ours.as_secs_f64() * 1e6);
        let [ours, theirs, plain] =
            contestants.map(|run| allocation_counter::measure(run).count_total);
        println!("codec.{name}.allocations: {ours} (eebus {theirs}, serde_json {plain})");
        if vs_eebus > case.goal {
            is_fast = false;
            if !is_test {
                eprintln!("codec: {name} must not take more than {:.2}", case.goal);
            }
        }
    }
    if is_fast || is_test { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What each contestant needs for a message, half of the times.
fn medians(contestants: &[&dyn Fn(); 3], turns: usize) -> [Duration; 3] {
    let mut samples = [const { Vec::new() }; 3];
    for _ in 0..turns {
        for (run, samples) in contestants.iter().zip(&mut samples) {
            let start = Instant::now();
            for _ in 0..MESSAGES {
                run();
            }
            samples.push(start.elapsed() / MESSAGES);
        }
    }
    samples.map(|mut samples| {
        samples.sort_unstable();
        samples[samples.len() / 2]
    })
}

/// As a node does it: the frame, the header, the command, and back.
fn ours(frame: &[u8]) -> Vec<u8> {
    let reader = Reader::tolerant();
    let message = reader.read(&frame[1..]).expect("a message");
    let Message::Data(Data { header, payload: Some(payload), extension }) = message else {
        panic!("a payload")
    };
    let datagram = Datagram::read(&reader, payload.as_str().as_bytes()).expect("a datagram");
    let (commands, fault) = datagram.commands(&reader).expect("commands");
    assert_eq!(fault, None);
    let cmd = commands.cmd.into_iter().next().expect("a command");

    let payload = datagram::to_raw(datagram.header.expect("a header"), cmd);
    let message = Message::Data(Data { header, payload: Some(payload), extension });
    let text = eebus_json::to_string(&message);
    let mut frame = Vec::with_capacity(1 + text.len());
    frame.push(DATA);
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// As the hub of the crate does it.
fn theirs(frame: &[u8]) -> Vec<u8> {
    use eebus::ship::{ShipMessage, spine_datagram, spine_message};
    let ShipMessage::Data(data) = ShipMessage::decode(frame).expect("a message") else {
        panic!("data")
    };
    let datagram = spine_datagram(&data).expect("a datagram").expect("a payload");
    spine_message(&datagram).and_then(|message| message.encode()).expect("a frame")
}

fn serde_json(frame: &[u8]) -> Vec<u8> {
    let frame: plain::Frame = ::serde_json::from_slice(frame).expect("plain structs");
    ::serde_json::to_vec(&frame).expect("JSON")
}

/// The content of a frame as ordinary JSON.
fn plain_frame(frame: &[u8]) -> Vec<u8> {
    let reader = Reader::strict();
    let Message::Data(Data { header: Some(ship), payload: Some(payload), .. }) =
        reader.read(&frame[1..]).expect("a message")
    else {
        panic!("a payload")
    };
    let datagram = Datagram::read(&reader, payload.as_str().as_bytes()).expect("a datagram");
    let (commands, _) = datagram.commands(&reader).expect("commands");
    let header = datagram.header.expect("a header");
    let text = format!(
        r#"{{"data":{{"header":{},"payload":{{"datagram":{{"header":{},"payload":{}}}}}}}}}"#,
        Plain::of(&ship),
        Plain::of(&header),
        Plain::record(&commands)
    );
    text.into_bytes()
}
