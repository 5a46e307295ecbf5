//! Devices, as they behave on the wire.

use std::time::Duration;

use futures_util::SinkExt;
use ship::Ski;
use ship::discovery::Txt;
use ship::identity::Identity;
use ship::net::{Event, PeerState};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::bench::{Bench, config, friends};
use crate::raw::{self, ANNOUNCE, Card, HELLO_PENDING, HELLO_READY, PIN_NONE, Raw, SELECT};
use crate::tls::peer::{Peer, us};

/// A node and a peer that it trusts.
pub(super) async fn pair() -> (Bench, Card) {
    let bench = Bench::start(config("node")).await;
    let card = Card::honest();
    bench.node.trust(card.ski).await.expect("room");
    (bench, card)
}

/// A session that the peer has opened.
pub(super) async fn session() -> (Bench, Card, Raw) {
    let (mut bench, card) = pair().await;
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
    (bench, card, raw)
}

pub(super) async fn close(raw: &mut Raw, code: u16, text: &'static str) {
    let frame = CloseFrame { code: code.into(), reason: text.into() };
    let _ = raw.0.send(Message::Close(Some(frame))).await;
}

/// No message, but pings are answered.
pub(super) async fn says_nothing(raw: &mut Raw, duration: Duration) {
    if let Ok(said) = timeout(duration, async {
        loop {
            match futures_util::StreamExt::next(&mut raw.0).await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => return other,
            }
        }
    })
    .await
    {
        panic!("nothing, not {said:?}");
    }
}

pub(super) async fn porsche_connect() {
    let (mut bench, card) = pair().await;
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.octets(&[0, 0]).await;
    assert_eq!(raw.hear().await, "\0\0");
    raw.hear().await;
    for (zeros, text) in [HELLO_READY, ANNOUNCE, SELECT, PIN_NONE].into_iter().enumerate() {
        raw.control(&format!("{text}{}", "\0".repeat(zeros + 1))).await;
    }
    bench.connected().await;
    raw.octets(format!("{}\0\0", raw::data("charging")).as_bytes()).await;
    assert!(bench.data().await.contains("charging"));
    drop(raw);
    bench.disconnected().await;

    let mut raw = Raw::dialled(&bench, &card).await;
    assert_eq!(raw.hear().await, "\0\0");
    raw.octets(&[0, 0]).await;
    raw.hear().await;
    raw.control(HELLO_PENDING).await;
    bench.until(card.ski, PeerState::WaitingForPeer).await;
    close(&mut raw, 4452, "Node rejected by application.").await;
    bench.until(card.ski, PeerState::Disconnected).await;
    // Its user changes his mind.
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
}

pub(super) async fn porsche_plus() {
    // Where it is found by mDNS it is dialled by its address: `mdns.rs`. Here the name is all.
    let card = Card::honest();
    let mut config = config("node");
    config.trust.trust(card.ski).expect("room");
    let target = "mobilechargerplus-0000.invalid:82";
    config.targets.push(target.parse().expect("an address"));
    let mut bench = Bench::start(config).await;
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.init().await;
    raw.control(&format!("{HELLO_READY}\0")).await;
    raw.control(&format!("{ANNOUNCE}\0")).await;
    raw.control(&format!("{SELECT}\0")).await;
    raw.control(&format!("{PIN_NONE}\0")).await;
    assert_eq!(bench.connected().await, card.ski);
}

pub(super) async fn elli() {
    for met in Peer::with_booleans(1, 1).meets(&us()).await {
        met.expect("the key is right");
    }
    // It was thought to end silent sessions: that was an idle time of the other side.
    let (mut bench, card, mut raw) = session().await;
    says_nothing(&mut raw, Duration::from_secs(3 * 3600)).await;
    assert_eq!(bench.state(card.ski), Some(PeerState::Connected));
    bench.silence(Duration::from_millis(1)).await;
    // A manager that stops says so, because the box holds on to connections.
    let node = bench.node.clone();
    let stopped = tokio::spawn(async move { node.shutdown().await });
    assert!(raw.hear().await.contains("announce"));
    raw.octets(b"\x03{\"connectionClose\":[{\"phase\":\"confirm\"}]}").await;
    stopped.await.expect("no panic");
}

pub(super) async fn elli_pro_2() {
    let (mut bench, card) = pair().await;
    for _ in 0..3 {
        let mut raw = Raw::dialled(&bench, &card).await;
        assert_eq!(raw.hear().await, "\0\0");
        raw.octets(&[0, 0]).await;
        raw.hear().await;
        raw.control(r#"{"connectionHello":[{"phase":"pending"},{"waiting":60000}]}"#).await;
        sleep(Duration::from_secs(5)).await;
        drop(raw);
        bench.until(card.ski, PeerState::Disconnected).await;
    }
    // Confirmed on its page; this time it is the one that dials.
    let mut pending = Raw::dialled(&bench, &card).await;
    assert_eq!(pending.hear().await, "\0\0");
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
}

pub(super) async fn sunny_home_manager() {
    let (mut bench, card, mut raw) = session().await;
    raw.control(r#"{"accessMethods":[{"id":"SMA-SHM2"},{"dnsSd_mDns":[]},{"dns":"shm.local"}]}"#)
        .await;
    is_told(&mut bench, card.ski, "SMA-SHM2").await;
    raw.octets(raw::data("more").as_bytes()).await;
    assert!(bench.data().await.contains("more"));
}

/// The peer has said what it is called.
async fn is_told(bench: &mut Bench, of: Ski, name: &str) {
    match timeout(Duration::from_secs(1), bench.events.next()).await.expect("told") {
        Some(Event::ShipId { ski, ship_id, .. }) => assert_eq!((ski, &*ship_id), (of, name)),
        other => panic!("a SHIP ID, not {other:?}"),
    }
}

pub(super) async fn vaillant() {
    let (mut bench, card, mut raw) = session().await;
    close(&mut raw, 4450, "SHIP id mismatch").await;
    let reason = bench.disconnected().await;
    assert!(reason.contains("4450") && reason.contains("SHIP id mismatch"), "{reason}");
    // Paired anew.
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
}

pub(super) async fn vitoconnect() {
    tokio::time::resume();
    let [mut one, mut two] = friends(["one", "two"]);
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    drop(socket);
    one.targets.push(address.to_string().parse().expect("an address"));
    let mut one = Bench::start(one).await;
    one.silence(Duration::from_millis(1500)).await;
    two.listen = Some(address);
    let two = Bench::start(two).await;
    assert_eq!(one.connected().await, two.ski());
}

pub(super) async fn openeebus() {
    // Asked for more time it says pending, although it has said that it is ready.
    let mut bench = Bench::start(config("node")).await;
    let card = Card::honest();
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.init().await;
    raw.control(r#"{"connectionHello":[{"phase":"ready"},{"waiting":60000}]}"#).await;
    bench.waiting().await;
    for _ in 0..3 {
        assert!(raw.hear().await.contains("prolongationRequest"));
        raw.control(r#"{"connectionHello":[{"phase":"pending"},{"waiting":60000}]}"#).await;
    }
    bench.node.trust(card.ski).await.expect("room");
    assert!(raw.hear().await.contains("ready"));
    raw.control(ANNOUNCE).await;
    assert_eq!(raw.hear().await, format!("\u{1}{SELECT}"), "1.0, and nothing above");
    raw.control(SELECT).await;
    assert_eq!(raw.hear().await, format!("\u{1}{PIN_NONE}"));
    raw.control(PIN_NONE).await;
    bench.connected().await;
    assert!(raw.hear().await.contains("accessMethodsRequest"));
    raw.control(r#"{"accessMethods":[{"id":"NIBE-0001"}]}"#).await;
    // What it asks is answered within its 10 s, with a name.
    let begun = Instant::now();
    raw.control(r#"{"accessMethodsRequest":[]}"#).await;
    assert!(raw.hear().await.contains(r#""id":"node""#));
    assert!(begun.elapsed() < Duration::from_secs(10));
    // No other control message: it would end the connection.
    says_nothing(&mut raw, Duration::from_secs(3600)).await;
}

pub(super) async fn ordinary_go() {
    let (mut bench, card) = pair().await;
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.init().await;
    raw.control(r#"{"connectionHello":[{"phase":"ready"},{"waiting":60000}]}"#).await;
    raw.control(ANNOUNCE).await;
    assert_eq!(raw.hear().await, format!("\u{1}{SELECT}"));
    raw.control(SELECT).await;
    raw.control(PIN_NONE).await;
    raw.control(r#"{"accessMethodsRequest":[]}"#).await;
    bench.connected().await;
    raw.control(r#"{"accessMethods":[{"id":"Demo-GoEM-0001"}]}"#).await;
    is_told(&mut bench, card.ski, "Demo-GoEM-0001").await;
    raw.octets(b"\x03{\"connectionClose\":[{\"phase\":\"announce\"},{\"maxTime\":500},{\"reason\":\"User close\"}]}")
        .await;
    loop {
        if raw.hear().await.contains("confirm") {
            break;
        }
    }
    close(&mut raw, 4001, "close").await;
    assert_eq!(bench.disconnected().await, "closed by the peer: \"User close\"");
}

pub(super) async fn go_2025_and_2026() {
    // It would refuse another certificate of the same key.
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("identity.pem");
    let certificates = [0, 1].map(|_| {
        let identity = Identity::load_or_create(&path, "node").expect("an identity");
        identity.certificate().to_vec()
    });
    assert_eq!(certificates[0], certificates[1]);
    for dns in [r#""x.local""#, r#"[{"uri":"x.local"}]"#, r#"{"uri":"x.local"}"#] {
        let (mut bench, card, mut raw) = session().await;
        raw.control(&format!(r#"{{"accessMethods":[{{"id":"EVCC"}},{{"dns":{dns}}}]}}"#)).await;
        is_told(&mut bench, card.ski, "EVCC").await;
    }
}

pub(super) async fn keo() {
    let (mut bench, _, mut raw) = session().await;
    let twice = r#"{"datagram":[{"entity":[[{"type":"CEM"}],[{"type":"CEM"}]]}]}"#;
    raw.octets(format!("\u{2}{{\"data\":[{{\"payload\":{twice}}}]}}").as_bytes()).await;
    assert_eq!(bench.data().await, twice);
}

pub(super) async fn evcc_2023() {
    let mut bench = Bench::start(config("node")).await;
    let card = Card::forged(Ski::new([0x23; 20]));
    bench.node.trust(card.ski).await.expect("room");
    if let Ok(stream) = card.connect(raw::into(&bench).await, &[]).await {
        assert!(Raw::upgrade(stream, Some("ship")).await.is_err());
    }
    bench.silence(Duration::from_secs(5)).await;
    assert_eq!(bench.state(card.ski), Some(PeerState::Disconnected));
}

pub(super) async fn warp() {
    let (mut bench, card) = pair().await;
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.init().await;
    for _ in 0..2 {
        raw.control(r#"{"connectionHello":[{"phase":"pending"},{"waiting":60000},{"prolongation_request":true}]}"#)
            .await;
        assert!(raw.hear().await.contains(r#""phase":"ready""#), "granted");
        sleep(Duration::from_secs(50)).await;
    }
    raw.control(r#"{"connectionHello":[{"phase":"ready"},{"waiting":60000}]}"#).await;
    raw.control(ANNOUNCE).await;
    raw.control(SELECT).await;
    raw.control(PIN_NONE).await;
    raw.octets(raw::data("at once").as_bytes()).await;
    bench.connected().await;
    assert!(bench.data().await.contains("at once"));
    bench.node.disconnect(card.ski);
    while !raw.hear().await.contains("announce\"") {}
    raw.octets(b"\x03{\"connectionClose\":[{\"phase\":\"announce\"},{\"maxTime\":500},{\"reason\":\"User close\"}]}")
        .await;
    bench.disconnected().await;
}

pub(super) async fn eebus_net() {
    let (mut bench, card) = pair().await;
    // Its root comes along, and is nobody's business.
    let root = Card::honest();
    let stream = card.connect(raw::into(&bench).await, &[&root]).await.expect("TLS");
    drop(Raw::upgrade(stream, Some("ship")).await.expect("a WebSocket"));
    // As server it waits for our ready, and sends it back as it was.
    let mut raw = Raw::dialled(&bench, &card).await;
    assert_eq!(raw.hear().await, "\0\0");
    raw.octets(&[0, 0]).await;
    let hello = raw.hear().await;
    raw.octets(hello.as_bytes()).await;
    assert_eq!(raw.hear().await, format!("\u{1}{ANNOUNCE}"));
    raw.control(SELECT).await;
    raw.hear().await;
    raw.hear().await;
    raw.control(
        r#"{"connectionPinState":[{"pinState":"none"},{"inputPermission":"busy"},{"x":1}]}"#,
    )
    .await;
    bench.connected().await;
}

pub(super) async fn py_eebus() {
    let strings: [(&str, &[u8]); 5] = [
        ("txtvers", b"1"),
        ("id", b"py-eebus"),
        ("path", b"/ship/"),
        ("ski", b"b55228fc75f601da794ff2f9741cf699910fc9c9"),
        ("register", b"true"),
    ];
    assert!(Txt::of_pairs(strings).expect("a record").register);
    // That it would trust anybody is no reason to trust it.
    let mut bench = Bench::start(config("node")).await;
    let mut raw = Raw::open(&bench, &Card::honest()).await.expect("a WebSocket");
    raw.init().await;
    raw.control(r#"{"connectionHello":[{"phase":"ready"},{"waiting":90000}]}"#).await;
    let ski = bench.waiting().await;
    bench.node.trust(ski).await.expect("room");
    raw.control(ANNOUNCE).await;
    while raw.hear().await != format!("\u{1}{SELECT}") {}
}

pub(super) async fn evcc_2026() {
    let (mut bench, card, mut raw) = session().await;
    raw.control(r#"{"accessMethods":[{"id":"EVCC-HEMS-01 (home)"}]}"#).await;
    is_told(&mut bench, card.ski, "EVCC-HEMS-01 (home)").await;
    // After a change of its settings it may be called otherwise; its key is the same.
    drop(raw);
    bench.disconnected().await;
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
    raw.control(r#"{"accessMethods":[{"id":"evcc_a1b2c3"}]}"#).await;
    is_told(&mut bench, card.ski, "evcc_a1b2c3").await;
}
