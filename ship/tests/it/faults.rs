//! What breaks around a node: networks, disks, clocks. And what wears it down slowly.

use std::time::Duration;

use futures_util::SinkExt;
use ship::net::{Limits, PeerState, TrustError};
use ship::trust::TrustFile;
use ship::{Role, Standing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::bench::{Bench, config, dialling, friends, listening};
use crate::raw::{self, Card, Raw};

const SECOND: Duration = Duration::from_secs(1);

async fn session() -> (Bench, Card, Raw) {
    let mut bench = Bench::start(config("node")).await;
    let card = Card::honest();
    bench.node.trust(card.ski).await.expect("room");
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
    (bench, card, raw)
}

fn part(is_first: bool, octets: Vec<u8>) -> Message {
    let opcode = OpCode::Data(if is_first { Data::Binary } else { Data::Continue });
    let header = FrameHeader { opcode, is_final: false, ..FrameHeader::default() };
    Message::Frame(Frame::from_payload(header, octets.into()))
}

#[tokio::test(start_paused = true)]
async fn a_message_in_endless_parts_ends_at_a_mebibyte() {
    let (mut bench, _, mut raw) = session().await;
    let mut sent = 0;
    for n in 0..64 {
        let octets = vec![b' '; 60_000];
        sent += octets.len();
        if raw.0.send(part(n == 0, octets)).await.is_err() {
            break;
        }
    }
    assert!(bench.disconnected().await.contains("1048576"), "{sent}");
}

#[tokio::test(start_paused = true)]
async fn empty_parts_without_end_do_not_keep_a_handshake_waiting() {
    let bench = Bench::start(config("node")).await;
    let begun = Instant::now();
    let mut raw = Raw::open(&bench, &Card::honest()).await.expect("a WebSocket");
    let mut is_first = true;
    while raw.0.send(part(std::mem::take(&mut is_first), Vec::new())).await.is_ok() {
        sleep(SECOND).await;
        assert!(begun.elapsed() < Duration::from_secs(60), "still open");
    }
}

/// A frame of which one octet comes every five seconds: no ping is answered in between.
#[tokio::test(start_paused = true)]
async fn a_message_that_trickles_is_no_sign_of_life() {
    let (mut bench, _, mut raw) = session().await;
    let begun = Instant::now();
    let mut frame = vec![0x82, 0xfe, 0x40, 0x00, 0, 0, 0, 0];
    frame.extend([b' '; 100]);
    let trickle = async {
        for octet in frame {
            let stream = raw.0.get_mut();
            if stream.write_all(&[octet]).await.is_err() || stream.flush().await.is_err() {
                break;
            }
            sleep(Duration::from_secs(5)).await;
        }
    };
    let (_, reason) = tokio::join!(trickle, async {
        let reason = timeout(Duration::from_secs(90), bench.events.next()).await;
        (format!("{:?}", reason.expect("in time")), begun.elapsed().as_secs())
    });
    assert!(reason.0.contains("Silent"), "{reason:?}");
    assert_eq!(reason.1, 60);
}

/// Eight silent connections, of two addresses or of eight: whoever comes takes the place of one.
#[tokio::test]
async fn a_flood_of_half_open_connections_does_not_hold_a_trusted_peer_up() {
    for addresses in [2, 8] {
        flood(addresses).await;
    }
}

async fn flood(addresses: u8) {
    let [friend, victim] = friends(["friend", "victim"]);
    let mut victim = Bench::start(listening(victim)).await;
    let address = victim.node.address().expect("it listens");
    let mut held: Vec<TcpStream> = Vec::new();
    for n in (0..8).map(|n| 2 + n % addresses) {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("127.0.0.{n}:0").parse().expect("an address")).expect("this machine");
        held.push(socket.connect(address).await.expect("a connection"));
    }
    sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    let mut friend = Bench::start(dialling(friend, &victim)).await;
    friend.connected().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    victim.connected().await;
    friend.talks_to(&mut victim).await;
    let mut rest = Vec::new();
    let ended = timeout(SECOND, held[0].read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "it was thrown out");
    let others = timeout(SECOND, held[1].read_to_end(&mut rest)).await;
    assert!(others.is_err(), "nobody else was");
}

#[tokio::test(start_paused = true)]
async fn a_stolen_certificate_without_its_key_does_not_touch_a_session() {
    let (mut bench, card, mut raw) = session().await;
    let thief = card.stolen();
    for _ in 0..5 {
        if let Ok(stream) = thief.connect(raw::into(&bench).await, &[]).await {
            assert!(Raw::upgrade(stream, Some("ship")).await.is_err(), "it has no key");
        }
        let (here, there) = tokio::io::duplex(4096);
        assert!(bench.node.attach(there, Role::Client, Some(card.ski), "raw").await);
        drop(here);
    }
    raw.octets(raw::data("still here").as_bytes()).await;
    assert!(bench.data().await.contains("still here"));
    bench.silence(Duration::from_secs(20)).await;
    assert_eq!(bench.state(card.ski), Some(PeerState::Connected));
}

#[tokio::test(start_paused = true)]
async fn limits_hold_in_both_directions_and_one_slot_stays_free_in_each() {
    let mut config = config("node");
    config.limits = Limits { trusted: 3, ..Limits::default() };
    let mut bench = Bench::start(config).await;
    let cards = [0; 5].map(|_| Card::honest());
    for card in &cards {
        bench.node.trust(card.ski).await.expect("room");
    }
    let mut open = Vec::new();
    for card in &cards[..2] {
        let mut raw = Raw::open(&bench, card).await.expect("a WebSocket");
        raw.all().await;
        bench.connected().await;
        open.push(raw);
    }
    match Raw::open(&bench, &cards[2]).await {
        Err(WsError::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("http status 503, not {:?}", other.err()),
    }
    // The last one is for somebody whom the node dials.
    let mut raw = Raw::dialled(&bench, &cards[3]).await;
    raw.serves().await;
    assert_eq!(bench.connected().await, cards[3].ski);
    assert!(Raw::open(&bench, &cards[4]).await.is_err());
    // A fleet manager has more of them.
    let mut many = crate::bench::config("fleet");
    many.limits = Limits { trusted: 40, ..Limits::default() };
    let mut many = Bench::start(many).await;
    let mut open = Vec::new();
    for _ in 0..30 {
        let card = Card::honest();
        many.node.trust(card.ski).await.expect("room");
        let mut raw = Raw::open(&many, &card).await.expect("a WebSocket");
        raw.all().await;
        many.connected().await;
        open.push(raw);
    }
}

/// The cable is pulled, or the interface is gone: nothing arrives any more, and nobody says so.
#[tokio::test(start_paused = true)]
async fn a_network_that_vanishes_is_noticed_on_both_sides_within_a_minute() {
    let [one, two] = friends(["one", "two"]);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    let (here, mut left) = tokio::io::duplex(64 * 1024);
    let (mut right, there) = tokio::io::duplex(64 * 1024);
    assert!(two.node.attach(there, Role::Server, None, "cable").await);
    assert!(one.node.attach(here, Role::Client, Some(two.ski()), "cable").await);
    let (pull, pulled) = tokio::sync::oneshot::channel::<()>();
    let cable = tokio::spawn(async move {
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut left, &mut right) => {}
            _ = pulled => {}
        }
        // Neither end is closed.
        (left, right)
    });
    one.connected().await;
    two.connected().await;
    one.talks_to(&mut two).await;
    pull.send(()).expect("plugged in");
    let ends = cable.await.expect("no panic");
    let begun = Instant::now();
    for bench in [&mut one, &mut two] {
        let gone = timeout(Duration::from_secs(90), bench.events.next()).await.expect("in time");
        assert!(format!("{gone:?}").contains("Silent"), "{gone:?}");
    }
    assert!(begun.elapsed() <= Duration::from_secs(61), "{:?}", begun.elapsed());
    drop(ends);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    one.talks_to(&mut two).await;
}

/// A machine that was asleep: all timers are due at once.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_a_day_ends_no_session() {
    let [one, two] = friends(["one", "two"]);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(24 * 3600)).await;
        one.talks_to(&mut two).await;
        one.silence(Duration::from_secs(20)).await;
    }
}

/// Something is where the new file has to be written before it replaces the old one: for the node the
/// same as a disk that is full.
#[tokio::test]
async fn where_nothing_can_be_written_no_decision_is_taken_and_the_old_ones_stay() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("trust.json");
    let mut config = config("node");
    let (file, trust) = TrustFile::open(&path).expect("none yet");
    (config.trust_file, config.trust) = (Some(file), trust);
    let bench = Bench::start(config).await;
    let [old, new] = [Card::honest(), Card::honest()];
    bench.node.trust(old.ski).await.expect("kept");
    let before = std::fs::read(&path).expect("a file");

    let full = dir.path().join(format!("trust.json.{}.tmp", std::process::id()));
    std::fs::create_dir(&full).expect("a directory");
    assert!(matches!(bench.node.trust(new.ski).await, Err(TrustError::File(_))));
    assert_eq!(std::fs::read(&path).expect("a file"), before);
    assert_eq!(bench.peer(new.ski), None);
    assert_eq!(bench.peer(old.ski).expect("known").standing, Standing::Trusted);

    std::fs::remove_dir(&full).expect("removed");
    bench.node.trust(new.ski).await.expect("kept");
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_has_said_is_kept_as_soon_as_that_can_be_written() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("trust.json");
    let full = dir.path().join(format!("trust.json.{}.tmp", std::process::id()));
    std::fs::create_dir(&full).expect("a directory");
    let [mut one, two] = friends(["one", "two"]);
    let (file, _) = TrustFile::open(&path).expect("none yet");
    one.trust_file = Some(file);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    one.silence(Duration::from_secs(30)).await;
    assert!(!path.exists());

    std::fs::remove_dir(&full).expect("removed");
    one.silence(Duration::from_secs(40)).await;
    let (_, kept) = TrustFile::open(&path).expect("a trust file");
    assert_eq!(kept.peer(two.ski()).expect("trusted").ship_id.as_deref(), Some("two"));
}
