//! Parts of the protocol, and what peers make of them.

use std::time::Duration;

use futures_util::SinkExt;
use ship::discovery::{Txt, TxtError};
use ship::identity::Identity;
use ship::message::Version;
use ship::net::{Config, Event, Node, PeerState, Target};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use super::devices::{close, pair, says_nothing, session};
use crate::bench::{Bench, config};
use crate::raw::{self, ANNOUNCE, Card, HELLO_PENDING, HELLO_READY, PIN_NONE, Raw, SELECT};
use crate::tls::peer::{Peer, us};

const SKI: &str = "b55228fc75f601da794ff2f9741cf699910fc9c9";

fn txt(strings: &[(&str, &str)]) -> Result<Txt, TxtError> {
    Txt::of_pairs(strings.iter().map(|(key, value)| (*key, value.as_bytes())))
}

pub(super) async fn ski_case() {
    let lower = txt(&[("txtvers", "1"), ("ski", SKI)]).expect("a record");
    let upper = txt(&[("txtvers", "1"), ("ski", &SKI.to_uppercase())]).expect("a record");
    assert_eq!(lower, upper);
    // What we write ourselves is what openeebus can compare.
    assert_eq!(lower.ski.to_string(), SKI);
}

pub(super) async fn free_texts() {
    let odd = [
        ("TXTVERS", "1"),
        ("Ski", SKI),
        ("id", "a;b c"),
        ("brand", "Mobile Charger"),
        ("type", "whatever; it is"),
        ("model", ""),
        ("name", "localhost"),
    ];
    let odd = txt(&odd).expect("a record");
    assert_eq!(odd.ship_id.as_deref(), Some("a;b c"));
    assert_eq!(odd.brand.as_deref(), Some("Mobile Charger"));
    assert_eq!((odd.model, odd.register, &*odd.path), (None, false, "/ship/"));
}

pub(super) async fn hello_habits() {
    let (mut bench, card) = pair().await;
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.init().await;
    for _ in 0..5 {
        raw.control(HELLO_PENDING).await;
        // A pending that asks for nothing is not answered.
        says_nothing(&mut raw, Duration::from_secs(10)).await;
    }
    raw.control(r#"{"connectionHello":[{"phase":"ready"}]}"#).await;
    raw.control(ANNOUNCE).await;
    assert_eq!(raw.hear().await, format!("\u{1}{SELECT}"));
    raw.control(SELECT).await;
    raw.control(PIN_NONE).await;
    bench.connected().await;
}

pub(super) async fn waiting_restarts() {
    let mut bench = Bench::start(config("node")).await;
    let card = Card::honest();
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.init().await;
    raw.control(r#"{"connectionHello":[{"phase":"ready"},{"waiting":60000}]}"#).await;
    bench.waiting().await;
    for _ in 0..10 {
        // Well before the peer's time is over, which is 60 s again and no more.
        let begun = Instant::now();
        assert!(raw.hear().await.contains("prolongationRequest"));
        assert!(begun.elapsed() <= Duration::from_secs(45), "{:?}", begun.elapsed());
        raw.control(r#"{"connectionHello":[{"phase":"ready"},{"waiting":60000}]}"#).await;
    }
    bench.node.trust(card.ski).await.expect("room");
    assert!(raw.hear().await.contains("ready"));
}

pub(super) async fn further_hello() {
    let (bench, card) = pair().await;
    let mut raw = Raw::dialled(&bench, &card).await;
    assert_eq!(raw.hear().await, "\0\0");
    raw.octets(&[0, 0]).await;
    // Ready from the start, and not a word more while the peer's user thinks.
    assert_eq!(raw.hear().await, format!("\u{1}{HELLO_READY}"));
    raw.control(r#"{"connectionHello":[{"phase":"pending"},{"waiting":60000}]}"#).await;
    says_nothing(&mut raw, Duration::from_secs(50)).await;
    raw.control(HELLO_READY).await;
    assert_eq!(raw.hear().await, format!("\u{1}{ANNOUNCE}"));
}

pub(super) async fn error_without_envelope() {
    for error in [r#"{"error":2}"#, r#"{"messageProtocolHandshakeError":{"error":2}}"#] {
        let (mut bench, card) = pair().await;
        let mut raw = Raw::dialled(&bench, &card).await;
        raw.offered().await;
        raw.control(error).await;
        raw.closed().await;
        bench.until(card.ski, PeerState::Disconnected).await;
        let mut raw = Raw::dialled(&bench, &card).await;
        raw.serves().await;
        bench.connected().await;
    }
}

pub(super) async fn always_1_0() {
    let mut config = config("node");
    config.settings.max_version = Version::V1_1;
    let mut bench = Bench::start(config).await;
    let card = Card::honest();
    bench.node.trust(card.ski).await.expect("room");
    let mut raw = Raw::dialled(&bench, &card).await;
    assert!(raw.offered().await.contains(r#"{"minor":1}"#));
    raw.control(SELECT).await;
    assert_eq!(raw.hear().await, format!("\u{1}{SELECT}"));
    raw.control(PIN_NONE).await;
    match bench.next().await {
        Event::Connected { version, .. } => assert_eq!(version, Version::V1_0),
        other => panic!("connected, not {other:?}"),
    }
}

pub(super) async fn silent_about_access() {
    let (mut bench, card, mut raw) = session().await;
    // The session begins all the same, and goes on.
    for n in 0..10 {
        says_nothing(&mut raw, Duration::from_secs(30)).await;
        raw.octets(raw::data(&format!("{n}")).as_bytes()).await;
        assert!(bench.data().await.contains(&format!("{n}")));
    }
    assert_eq!(bench.state(card.ski), Some(PeerState::Connected));
}

pub(super) async fn abrupt_close() {
    for reason in ["unspecific", "User close", ""] {
        let (mut bench, card, mut raw) = session().await;
        let text = format!(
            "\u{3}{{\"connectionClose\":[{{\"phase\":\"announce\"}},{{\"reason\":\"{reason}\"}}]}}"
        );
        raw.octets(text.as_bytes()).await;
        drop(raw);
        assert!(bench.disconnected().await.starts_with("closed by the peer"), "{reason}");
        // No loss of trust.
        let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
        raw.all().await;
        bench.connected().await;
    }
}

pub(super) async fn same_certificate() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("identity.pem");
    let mut kept = None;
    for _ in 0..2 {
        let identity = Identity::load_or_create(&path, "node").expect("an identity");
        let (node, events) = Node::start(Config::new(identity, "node")).await.expect("it starts");
        node.shutdown().await;
        drop(events);
        let file = std::fs::read(&path).expect("a file");
        assert_eq!(*kept.get_or_insert(file.clone()), file);
    }
}

pub(super) async fn second_refused() {
    // The peer has the bigger SKI, keeps its first connection and closes the second one.
    let mut bench = Bench::start(config("node")).await;
    let card = Card::bigger(bench.ski(), true);
    bench.node.trust(card.ski).await.expect("room");
    let mut first = Raw::open(&bench, &card).await.expect("a WebSocket");
    first.all().await;
    bench.connected().await;
    let mut second = Raw::dialled(&bench, &card).await;
    close(&mut second, 1000, "double connection").await;
    drop(second);
    bench.silence(Duration::from_secs(10)).await;
    first.octets(raw::data("still here").as_bytes()).await;
    assert!(bench.data().await.contains("still here"));
}

pub(super) async fn frames_of_4096() {
    let (mut bench, _, mut raw) = session().await;
    let message = raw::data(&"x".repeat(20_000)).into_bytes();
    let parts: Vec<&[u8]> = message.chunks(4096).collect();
    for (i, part) in parts.iter().enumerate() {
        let opcode = if i == 0 { Data::Binary } else { Data::Continue };
        let is_final = i + 1 == parts.len();
        let header = FrameHeader { opcode: OpCode::Data(opcode), is_final, ..Default::default() };
        let frame = Frame::from_payload(header, part.to_vec().into());
        raw.0.send(Message::Frame(frame)).await.expect("sent");
        // Pings may come between.
        raw.0.send(Message::Ping(Default::default())).await.expect("sent");
    }
    assert!(bench.data().await.len() > 20_000);
}

pub(super) async fn never_pings() {
    let (mut bench, card, mut raw) = session().await;
    says_nothing(&mut raw, Duration::from_secs(24 * 3600)).await;
    assert_eq!(bench.state(card.ski), Some(PeerState::Connected));
    raw.octets(raw::data("a day later").as_bytes()).await;
    assert!(bench.data().await.contains("a day later"));
}

pub(super) async fn no_scope() {
    tokio::time::resume();
    let card = Card::honest();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let right = listener.local_addr().expect("an address").to_string();
    let mut config = config("node");
    config.trust.trust(card.ski).expect("room");
    for address in ["[fe80::fc:ff:fe00:1]:4712", &right] {
        config.targets.push(Target { address: address.into(), ski: Some(card.ski) });
    }
    let mut bench = Bench::start(config).await;
    let (stream, _) = timeout(Duration::from_secs(30), listener.accept())
        .await
        .expect("in time")
        .expect("a connection");
    Raw::accept(stream, &card).await.serves().await;
    assert_eq!(bench.connected().await, card.ski);
}

pub(super) async fn no_clock() {
    for (from, to) in [(2099, 2100), (2001, 2002)] {
        let peer = Peer::with(|params, _| {
            params.not_before = rcgen::date_time_ymd(from, 1, 1);
            params.not_after = rcgen::date_time_ymd(to, 1, 1);
        });
        for met in peer.meets(&us()).await {
            assert_eq!(met.expect("the key is right"), peer.ski());
        }
    }
}

pub(super) async fn refuses_after_restart() {
    tokio::time::resume();
    let card = Card::honest();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut config = config("node");
    config.trust.trust(card.ski).expect("room");
    let address = listener.local_addr().expect("an address").to_string();
    config.targets.push(Target { address, ski: Some(card.ski) });
    let mut bench = Bench::start(config).await;
    let next = async || {
        let accepted = timeout(Duration::from_secs(15), listener.accept()).await;
        accepted.expect("it does not give up").expect("a connection").0
    };
    // It answers the upgrade and is gone; it says why; it is just gone.
    drop(Raw::accept(next().await, &card).await);
    let mut raw = Raw::accept(next().await, &card).await;
    let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame {
        code: 1000.into(),
        reason: "double connection".into(),
    };
    let _ = raw.0.send(Message::Close(Some(frame))).await;
    drop(raw);
    drop(next().await);
    sleep(Duration::from_millis(10)).await;
    let mut raw = Raw::accept(next().await, &card).await;
    raw.serves().await;
    assert_eq!(bench.connected().await, card.ski);
}
