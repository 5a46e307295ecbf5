//! Peers that do what they should not: only their own connection suffers.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ship::net::PeerState;
use ship::{Raw as Payload, Role, Ski};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::bench::{Bench, config, friends, listening, payload};
use crate::raw::{self, ANNOUNCE, Card, HELLO_PENDING, HELLO_READY, PIN_NONE, Raw, SELECT};

const SECOND: Duration = Duration::from_secs(1);

/// A node under attack and the friend that it talks to all the time.
async fn victim() -> (Bench, Bench) {
    let [friend, victim] = friends(["node", "node"]);
    let (mut friend, mut victim) =
        (Bench::start(friend).await, Bench::start(listening(victim)).await);
    friend.join(&victim).await;
    friend.connected().await;
    victim.connected().await;
    (friend, victim)
}

async fn trusted_card(victim: &Bench) -> Card {
    let card = Card::honest();
    victim.node.trust(card.ski).await.expect("room");
    card
}

/// Everything up to the end of the stream.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut octets = Vec::new();
    let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut octets)).await;
    // An abrupt end is an end.
    let _ = read.expect("closed in time");
    octets
}

#[tokio::test]
async fn garbage_instead_of_tls() {
    let (mut friend, mut victim) = victim().await;
    let address = victim.node.address().expect("it listens");
    for garbage in [&[0; 2000][..], b"GET /ship/ HTTP/1.1\r\n\r\n", &[0x16, 3, 1, 0xff, 0xff, 1, 2]]
    {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(garbage).await.expect("sent");
        stream.shutdown().await.expect("sent");
        rest(&mut stream).await;
    }
    friend.talks_to(&mut victim).await;
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_dropped_after_ten_seconds() {
    let (mut friend, mut victim) = victim().await;
    let begun = Instant::now();
    let mut stream = raw::into(&victim).await;
    rest(&mut stream).await;
    assert_eq!(begun.elapsed().as_secs(), 10);

    // The same after TLS, and in the middle of the request.
    let card = Card::honest();
    for said in ["", "GET /ship/ HTTP/1.1\r\nHost: victim\r\n"] {
        let begun = Instant::now();
        let mut stream = card.connect(raw::into(&victim).await, &[]).await.expect("TLS");
        stream.write_all(said.as_bytes()).await.expect("sent");
        stream.flush().await.expect("sent");
        rest(&mut stream).await;
        assert_eq!(begun.elapsed().as_secs(), 10);
    }
    friend.talks_to(&mut victim).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_without_certificate_is_refused_in_tls() {
    let (_friend, victim) = victim().await;
    let stream = raw::anonymous(raw::into(&victim).await).await;
    // The handshake may look complete from the client's side; nothing follows.
    if let Ok(stream) = stream {
        assert!(Raw::upgrade(stream, Some("ship")).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stated_ski_that_is_not_the_keys_is_refused_in_tls_in_both_roles() {
    let (mut friend, mut victim) = victim().await;
    let stranger: Ski = "00112233445566778899aabbccddeeff00112233".parse().expect("an SKI");
    for ski in [stranger, friend.ski()] {
        let card = Card::forged(ski);
        let honest = Card::honest();
        for more in [&[][..], &[&honest]] {
            if let Ok(stream) = card.connect(raw::into(&victim).await, more).await {
                assert!(Raw::upgrade(stream, Some("ship")).await.is_err());
            }
        }

        let (here, there) = tokio::io::duplex(4096);
        assert!(victim.node.attach(there, Role::Client, None, "raw").await);
        assert!(card.accept(here).await.is_err());
    }
    assert_eq!(victim.node.waiting(), []);
    friend.talks_to(&mut victim).await;
}

#[tokio::test(start_paused = true)]
async fn who_answers_instead_of_the_dialled_peer_is_refused_in_tls() {
    let (friend, victim) = victim().await;
    let (here, there) = tokio::io::duplex(4096);
    assert!(victim.node.attach(there, Role::Client, Some(friend.ski()), "raw").await);
    assert!(Card::honest().accept(here).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_node_does_not_talk_to_itself() {
    let mut bench = Bench::start(config("narcissus")).await;
    let (here, there) = tokio::io::duplex(4096);
    assert!(bench.node.attach(there, Role::Server, None, "mirror").await);
    assert!(bench.node.attach(here, Role::Client, None, "mirror").await);
    bench.silence(Duration::from_secs(30)).await;
    assert_eq!(bench.node.peers(), []);
}

#[tokio::test(start_paused = true)]
async fn without_the_sub_protocol_there_is_no_upgrade() {
    let (_friend, victim) = victim().await;
    let card = trusted_card(&victim).await;
    for protocol in [None, Some("chat"), Some("SHIP, ships")] {
        let stream = card.connect(raw::into(&victim).await, &[]).await.expect("TLS");
        match Raw::upgrade(stream, protocol).await {
            Err(WsError::Http(response)) => assert_eq!(response.status(), 400),
            other => panic!("http status 400, not {:?}", other.err()),
        }
    }
    let stream = card.connect(raw::into(&victim).await, &[]).await.expect("TLS");
    Raw::upgrade(stream, Some("ship, chat")).await.map(drop).unwrap_or_else(|error| {
        // The answer names what this client did not offer as a list of one.
        panic!("an upgrade, not {error}")
    });
}

#[tokio::test(start_paused = true)]
async fn broken_rules_of_websocket_close_with_their_code() {
    let (mut friend, mut victim) = victim().await;
    let card = trusted_card(&victim).await;

    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.0.send(Message::text("\u{0}\u{0}")).await.expect("sent");
    assert_eq!(raw.closed().await.0, 1003);

    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    let reserved =
        FrameHeader { opcode: OpCode::Data(Data::Reserved(5)), ..FrameHeader::default() };
    let reserved = Frame::from_payload(reserved, vec![1, 2].into());
    raw.0.send(Message::Frame(reserved)).await.expect("sent");
    assert_eq!(raw.closed().await.0, 1002);

    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    victim.connected().await;
    raw.octets(&vec![b' '; (1 << 20) + 1]).await;
    assert_eq!(raw.closed().await.0, 1009);
    victim.disconnected().await;

    friend.talks_to(&mut victim).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_init_message_is_answered_and_the_connection_closed() {
    let (_friend, victim) = victim().await;
    let card = trusted_card(&victim).await;
    for init in [&[1, 0][..], &[0, 1], &[2], &[0], &[0xff, 0], b"\x01{\"connectionHello\":[]}"] {
        let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
        raw.octets(init).await;
        assert_eq!(raw.hear().await, "\0\0", "{init:?}");
        assert_eq!(raw.closed().await.0, 1002, "{init:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn broken_json_ends_each_phase_in_its_own_way() {
    let (_friend, victim) = victim().await;
    let card = trusted_card(&victim).await;
    let aborted = "\u{1}{\"connectionHello\":[{\"phase\":\"aborted\"}]}";
    let unexpected = "\u{1}{\"messageProtocolHandshakeError\":[{\"error\":2}]}";

    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.init().await;
    raw.control("{\"connectionHello\":[{").await;
    assert_eq!(raw.hear().await, aborted);
    assert_eq!(raw.closed().await, (1000, String::new()));

    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.init().await;
    raw.control(HELLO_READY).await;
    raw.control("[[[[[").await;
    assert_eq!(raw.hear().await, unexpected);
    assert_eq!(raw.closed().await.0, 1000);

    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.init().await;
    raw.control(HELLO_READY).await;
    raw.control(ANNOUNCE).await;
    raw.hear().await;
    raw.control(SELECT).await;
    assert_eq!(raw.hear().await, format!("\u{1}{PIN_NONE}"));
    raw.control("{}").await;
    assert_eq!(raw.closed().await.0, 1000);
}

#[tokio::test(start_paused = true)]
async fn in_the_data_exchange_bad_messages_are_dropped_until_it_is_enough() {
    let (_friend, mut victim) = victim().await;
    let card = trusted_card(&victim).await;
    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    victim.connected().await;
    for bad in [&[2][..], &[], &[0xff, 0], &[0, 0], b"\x01{\"vendor\":[]}", b"\x02{\"data\":[]}"] {
        for _ in 0..20 {
            raw.octets(bad).await;
        }
    }
    for _ in 0..9 {
        raw.octets(b"\x02{\"data\":").await;
    }
    raw.octets(b"\x02{\"data\":[{\"header\":[{\"protocolId\":\"xx9\"}]},{\"payload\":{}}]}").await;
    for _ in 0..9 {
        raw.octets(&[&[2][..], &[b'['; 70_000]].concat()).await;
    }
    raw.octets(
        b"\x02{\"data\":[{\"header\":[{\"protocolId\":\"ee1.0\"}]},{\"payload\":{\"a\":1e400}}]}\0",
    )
    .await;
    assert_eq!(victim.data().await, "{\"a\":1e400}");

    for _ in 0..10 {
        raw.octets(b"\x02nonsense").await;
    }
    assert_eq!(raw.closed().await.0, 1002);
    assert_eq!(victim.disconnected().await, "too many unreadable messages");
}

#[tokio::test(start_paused = true)]
async fn questions_are_answered_at_once_whatever_else_is_open() {
    let (_friend, mut victim) = victim().await;
    let card = trusted_card(&victim).await;
    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    victim.connected().await;
    raw.control("{ \"accessMethodsRequest\" : [ ] }").await;
    assert_eq!(raw.hear().await, "\u{1}{\"accessMethods\":[{\"id\":\"node\"}]}");
    raw.octets(b"\x02{\"data\":[{\"header\":[{\"protocolId\":\"ee1.0\"}]},{\"payload\":[1]}]}")
        .await;
    assert_eq!(victim.data().await, "[1]");
}

#[tokio::test(start_paused = true)]
async fn strangers_cannot_lock_a_trusted_peer_out() {
    let (mut friend, mut victim) = victim().await;
    let mut strangers = Vec::new();
    for _ in 0..4 {
        let mut stranger = Raw::open(&victim, &Card::honest()).await.expect("a WebSocket");
        stranger.init().await;
        stranger.control(HELLO_PENDING).await;
        victim.waiting().await;
        strangers.push(stranger);
    }
    for _ in 0..10 {
        let begun = Instant::now();
        match Raw::open(&victim, &Card::honest()).await {
            Err(WsError::Http(response)) => assert_eq!(response.status(), 503),
            other => panic!("http status 503, not {:?}", other.err()),
        }
        assert!(begun.elapsed() >= SECOND, "refused slowly");
    }
    assert_eq!(victim.node.waiting().len(), 4);

    let card = trusted_card(&victim).await;
    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    assert_eq!(victim.connected().await, card.ski);
    friend.talks_to(&mut victim).await;
}

#[tokio::test(start_paused = true)]
async fn one_stranger_has_one_slot_however_often_it_comes() {
    let (_friend, mut victim) = victim().await;
    let card = Card::honest();
    let mut open = Vec::new();
    for n in 0..6 {
        if let Ok(mut raw) = Raw::open(&victim, &card).await {
            raw.init().await;
            open.push(raw);
            if n == 0 {
                assert_eq!(victim.waiting().await, card.ski);
            }
        }
    }
    assert!(open.len() <= 4, "{} connections of one stranger", open.len());
    assert_eq!(victim.node.waiting().len(), 1);
    victim.silence(SECOND).await;
}

#[tokio::test]
async fn one_address_has_four_connections_in_the_making() {
    let (mut friend, mut victim) = victim().await;
    let address = victim.node.address().expect("it listens");
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(TcpStream::connect(address).await.expect("a connection"));
    }
    sleep(Duration::from_millis(200)).await;
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        assert!(rest(&mut stream).await.is_empty());
    }
    friend.talks_to(&mut victim).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_application_slows_its_peer_down_and_loses_nothing() {
    let [one, two] = friends(["one", "two"]);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    let text = format!("\"{}\"", "x".repeat(8_000));
    let mut sent = 0;
    // `two` does not look; `one` is told when no more goes in.
    let full = loop {
        match one.node.send(two.ski(), Payload::new(&text).expect("JSON")) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        sleep(Duration::from_millis(1)).await;
        assert!(sent < 10_000, "the peer takes everything");
    };
    assert_eq!(full.to_string(), "peer does not read");
    for _ in 0..sent {
        assert_eq!(two.data().await.len(), text.len());
    }
    two.silence(SECOND).await;
    one.talks_to(&mut two).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_is_dropped() {
    let (_friend, mut victim) = victim().await;
    let card = trusted_card(&victim).await;
    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    victim.connected().await;
    let begun = Instant::now();
    while victim.node.send(card.ski, payload(&"x".repeat(8_000))).is_ok() {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(victim.disconnected().await, "peer has stopped reading");
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_ping_is_dropped_after_a_minute() {
    let (_friend, mut victim) = victim().await;
    let card = trusted_card(&victim).await;
    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    victim.connected().await;
    let begun = Instant::now();
    // Nobody reads the WebSocket any more, so nobody answers.
    let gone = timeout(Duration::from_secs(90), victim.events.next()).await.expect("in time");
    assert!(format!("{gone:?}").contains("Silent"), "{gone:?}");
    assert_eq!(begun.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn who_reads_no_answer_to_empty_pings_is_not_read_any_more() {
    let (mut friend, mut victim) = victim().await;
    let card = trusted_card(&victim).await;
    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    victim.connected().await;
    let pings = [0x89, 0x80, 0, 0, 0, 0].repeat(1000);
    let mut sent = 0;
    let stream = raw.0.get_mut();
    while let Ok(Ok(())) = timeout(SECOND, stream.write_all(&pings)).await {
        sent += pings.len();
        assert!(sent < 2 << 20, "{sent}");
    }
    assert!(victim.disconnected().await.contains("stopped reading"));
    friend.talks_to(&mut victim).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_silent_but_answers_pings_stays() {
    let (_friend, mut victim) = victim().await;
    let card = trusted_card(&victim).await;
    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    victim.connected().await;
    // Reading answers pings.
    let nothing = timeout(Duration::from_secs(3600), async {
        while let Some(Ok(message)) = raw.0.next().await {
            assert!(matches!(message, Message::Ping(_)), "{message:?}");
        }
    });
    assert!(nothing.await.is_err(), "still open");
    assert_eq!(victim.state(card.ski), Some(PeerState::Connected));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_questions_without_reading_the_answers_is_dropped() {
    let (mut friend, mut victim) = victim().await;
    let card = trusted_card(&victim).await;
    let mut raw = Raw::open(&victim, &card).await.expect("a WebSocket");
    raw.all().await;
    victim.connected().await;
    let flood = async {
        loop {
            raw.control("{\"accessMethodsRequest\":[]}").await;
            tokio::task::yield_now().await;
        }
    };
    let reason = tokio::select! {
        () = flood => unreachable!("it never ends"),
        reason = victim.disconnected() => reason,
    };
    assert_eq!(reason, "peer has stopped reading");
    friend.talks_to(&mut victim).await;
}
