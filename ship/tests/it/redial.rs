//! Peers that go and come back.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use ship::Ski;
use ship::identity::Identity;
use ship::message::Version;
use ship::net::{Config, Event, Events, Node, PeerState, Target};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, timeout};

use crate::bench::{Bench, by_ski, dialling, friends, listening};
use crate::raw::{Card, Raw};

/// A node in a runtime of its own, so that it can be killed.
struct Doomed {
    runtime: Runtime,
    events: Events,
    address: SocketAddr,
    ski: Ski,
    _node: ship::net::Handle,
}

impl Doomed {
    fn start(identity: &Path, listen: &str, friend: Ski) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let identity = Identity::load_or_create(identity, "doomed").expect("an identity");
        let ski = identity.ski();
        let mut config = Config::new(identity, "doomed");
        config.listen = Some(listen.parse().expect("an address"));
        config.trust.trust(friend).expect("room");
        let (started, got) = std::sync::mpsc::channel();
        runtime.spawn(async move { started.send(Node::start(config).await) });
        let (node, events) = got.recv().expect("an answer").expect("it starts");
        let address = node.address().expect("it listens");
        Self { runtime, events, address, ski, _node: node }
    }

    async fn connected(&mut self) {
        let connected =
            async { while !matches!(self.events.next().await, Some(Event::Connected { .. })) {} };
        timeout(Duration::from_secs(20), connected).await.expect("connected in time");
    }

    /// No goodbye of any kind.
    fn kill(self) {
        self.runtime.shutdown_background();
    }
}

#[tokio::test]
async fn a_peer_that_is_killed_and_started_again_is_found_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let identity = dir.path().join("identity.pem");
    let mut config = crate::bench::config("survivor");
    let survivor = config.identity.ski();

    let mut doomed = Doomed::start(&identity, "127.0.0.1:0", survivor);
    let (address, ski) = (doomed.address, doomed.ski);
    config.trust.trust(ski).expect("room");
    config.targets.push(address.to_string().parse().expect("an address"));
    let mut bench = Bench::start(config).await;
    bench.connected().await;
    doomed.connected().await;

    doomed.kill();
    bench.disconnected().await;
    assert_eq!(
        bench.node.send(ski, crate::bench::payload("x")).map_err(|e| e.to_string()),
        Err("peer is not connected".into())
    );

    let mut doomed = Doomed::start(&identity, &address.to_string(), survivor);
    let begun = Instant::now();
    bench.connected().await;
    doomed.connected().await;
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    doomed.kill();
}

#[tokio::test]
async fn a_dialler_that_is_killed_is_let_in_again_when_it_returns() {
    let dir = tempfile::tempdir().expect("a directory");
    let identity = dir.path().join("identity.pem");
    let ski = Identity::load_or_create(&identity, "doomed").expect("an identity").ski();
    let mut config = listening(crate::bench::config("survivor"));
    config.trust.trust(ski).expect("room");
    let mut bench = Bench::start(config).await;
    let address = bench.node.address().expect("it listens").to_string();
    for _ in 0..3 {
        let mut config = Config::new(Identity::load(&identity).expect("an identity"), "doomed");
        config.trust.trust(bench.ski()).expect("room");
        config.targets.push(address.parse().expect("an address"));
        let runtime = Runtime::new().expect("a runtime");
        let (started, got) = std::sync::mpsc::channel();
        runtime.spawn(async move { started.send(Node::start(config).await) });
        let _node = got.recv().expect("an answer").expect("it starts");
        assert_eq!(bench.connected().await, ski);
        runtime.shutdown_background();
        bench.disconnected().await;
    }
}

#[tokio::test]
async fn a_peer_that_is_not_there_yet_is_dialled_until_it_is() {
    let [one, two] = friends(["one", "two"]);
    // A port that is free now, and is taken later.
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    drop(socket);
    let mut one = one;
    one.targets.push(address.to_string().parse().expect("an address"));
    let mut one = Bench::start(one).await;
    one.silence(Duration::from_millis(1500)).await;
    let mut two = two;
    two.listen = Some(address);
    let mut two = Bench::start(two).await;
    assert_eq!(one.connected().await, two.ski());
    assert_eq!(two.connected().await, one.ski());
}

#[tokio::test]
async fn a_session_ends_in_order_and_the_node_stops() {
    let [one, two] = friends(["one", "two"]);
    let mut two = Bench::start(listening(two)).await;
    let mut one = Bench::start(dialling(one, &two)).await;
    one.connected().await;
    two.connected().await;
    let begun = Instant::now();
    one.node.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(two.disconnected().await, "closed by the peer");
    assert_eq!(one.disconnected().await, "closed by us");
    assert!(one.events.next().await.is_none());
    assert!(one.node.trust(two.ski()).await.is_err());
}

#[tokio::test]
async fn a_peer_that_is_disconnected_stays_trusted_and_is_dialled_again() {
    let [one, two] = friends(["one", "two"]);
    let mut two = Bench::start(listening(two)).await;
    let mut one = Bench::start(dialling(one, &two)).await;
    one.connected().await;
    two.connected().await;
    one.node.disconnect(two.ski());
    assert_eq!(two.disconnected().await, "closed by the peer");
    assert_eq!(one.disconnected().await, "closed by us");
    let begun = Instant::now();
    assert_eq!(one.connected().await, two.ski());
    assert!(begun.elapsed() >= Duration::from_secs(1), "not at once");
    two.connected().await;
    one.talks_to(&mut two).await;
    // Nobody is connected under this SKI, and nothing happens.
    one.node.disconnect(Ski::new([7; 20]));
    one.talks_to(&mut two).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_disconnected_all_the_same() {
    let mut bench = Bench::start(crate::bench::config("node")).await;
    let card = Card::honest();
    bench.node.trust(card.ski).await.expect("room");
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
    let text = "x".repeat(8_000);
    while bench.node.send(card.ski, crate::bench::payload(&text)).is_ok() {
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    bench.node.disconnect(card.ski);
    assert_eq!(bench.disconnected().await, "peer has stopped reading");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_node_stops_in_time_even_if_its_peer_does_not_answer() {
    let mut bench = Bench::start(crate::bench::config("node")).await;
    let card = Card::honest();
    bench.node.trust(card.ski).await.expect("room");
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
    let begun = Instant::now();
    bench.node.shutdown().await;
    assert!((2..=3).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(
        raw.hear().await,
        "\u{3}{\"connectionClose\":[{\"phase\":\"announce\"},{\"maxTime\":2000},{\"reason\":\"unspecific\"}]}"
    );
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_and_says_so() {
    let [one, two] = by_ski(["one", "two"]);
    let one = Bench::start(listening(one)).await;
    let address = one.node.address();
    let error = Node::start(Config { listen: address, ..two }).await.expect_err("taken");
    assert!(error.to_string().starts_with("cannot listen on 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn a_target_that_answers_with_another_key_is_not_talked_to() {
    let [one, two] = friends(["one", "two"]);
    let two = Bench::start(listening(two)).await;
    let mut one = dialling(one, &two);
    one.targets[0].ski = Some(Ski::new([7; 20]));
    let mut one = Bench::start(one).await;
    one.silence(Duration::from_secs(2)).await;
    assert_eq!(one.state(two.ski()), Some(PeerState::Disconnected));
}

const ANNOUNCE_1_1: &str = "\u{1}{\"messageProtocolHandshake\":[{\"handshakeType\":\"announceMax\"},{\"version\":[{\"major\":1},{\"minor\":1}]},{\"formats\":[{\"format\":[\"JSON-UTF8\"]}]}]}";

/// Versions before 1.1 refuse it in different ways, and what they say often gets lost.
#[tokio::test(start_paused = true)]
async fn who_breaks_off_when_offered_1_1_is_offered_1_0_from_then_on() {
    for how in ["says so", "is silent", "is gone"] {
        let mut config = crate::bench::config("node");
        config.settings.max_version = Version::V1_1;
        let mut bench = Bench::start(config).await;
        let card = Card::honest();
        bench.node.trust(card.ski).await.expect("room");

        // A loss before the offer says nothing about it.
        drop(Raw::dialled(&bench, &card).await);
        let mut raw = Raw::dialled(&bench, &card).await;
        assert_eq!(raw.offered().await, ANNOUNCE_1_1, "{how}");
        match how {
            "says so" => {
                raw.control("{\"messageProtocolHandshakeError\":[{\"error\":3}]}").await;
                raw.closed().await;
            }
            "is silent" => {
                assert!(raw.hear().await.contains("messageProtocolHandshakeError"));
                raw.closed().await;
            }
            _ => drop(raw),
        }
        sleep(Duration::from_secs(2)).await;
        for _ in 0..2 {
            let mut raw = Raw::dialled(&bench, &card).await;
            raw.serves().await;
            match bench.next().await {
                Event::Connected { version, .. } => assert_eq!(version, Version::V1_0, "{how}"),
                other => panic!("connected, not {other:?}"),
            }
            drop(raw);
            bench.disconnected().await;
        }

        // Others are offered what they were before.
        let other = Card::honest();
        bench.node.trust(other.ski).await.expect("room");
        assert_eq!(Raw::dialled(&bench, &other).await.offered().await, ANNOUNCE_1_1);
    }
}

#[tokio::test]
async fn who_breaks_off_when_offered_1_1_is_dialled_again_soon() {
    let card = Card::honest();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut config = crate::bench::config("node");
    config.settings.max_version = Version::V1_1;
    config.trust.trust(card.ski).expect("room");
    let address = listener.local_addr().expect("an address").to_string();
    config.targets.push(Target { address, ski: Some(card.ski) });
    let mut bench = Bench::start(config).await;
    let dialled = async || {
        let (stream, _) = timeout(Duration::from_secs(10), listener.accept())
            .await
            .expect("in time")
            .expect("a connection");
        Raw::accept(stream, &card).await
    };

    let mut raw = dialled().await;
    assert_eq!(raw.offered().await, ANNOUNCE_1_1);
    raw.control("{\"messageProtocolHandshakeError\":[{\"error\":3}]}").await;
    raw.closed().await;
    let begun = Instant::now();
    let mut raw = dialled().await;
    assert!((1..=5).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    raw.serves().await;
    assert_eq!(bench.connected().await, card.ski);
}

#[tokio::test(start_paused = true)]
async fn a_node_nobody_asks_or_listens_to_stops() {
    for drops_events in [true, false] {
        let [one, two] = friends(["one", "two"]);
        let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
        one.join(&two).await;
        one.connected().await;
        two.connected().await;
        if drops_events {
            drop(one.events);
        } else {
            drop(one.node);
        }
        assert_eq!(two.disconnected().await, "closed by the peer");
    }
}
