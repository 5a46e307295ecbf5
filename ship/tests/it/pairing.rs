//! Who is let in: never because it asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ship::net::{Event, PeerState, TrustError};
use ship::trust::TrustFile;
use ship::{Raw, Role, Standing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::bench::{Bench, by_ski, config, dialling, friends, listening, payload};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn two_nodes_that_trust_each_other_exchange_payloads() {
    let [one, two] = friends(["one", "two"]);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    assert_eq!(one.connected().await, two.ski());
    assert_eq!(two.connected().await, one.ski());
    one.talks_to(&mut two).await;
    assert_eq!(one.state(two.ski()), Some(PeerState::Connected));
}

#[tokio::test(start_paused = true)]
async fn ship_ids_are_exchanged_and_remembered() {
    let [one, two] = friends(["i:1_u:one", "i:1_u:two"]);
    let name = two.settings.ship_id.clone();
    let (mut one, two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    match one.events.next().await {
        Some(Event::ShipId { ski, ship_id, is_changed }) => {
            assert_eq!((ski, ship_id, is_changed), (two.ski(), name.clone(), false));
        }
        other => panic!("a SHIP ID, not {other:?}"),
    }
    assert_eq!(one.peer(two.ski()).expect("known").ship_id, Some(name));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_peer_waits_and_goes_on_when_it_is_trusted() {
    let [mut one, two] = by_ski(["one", "two"]);
    one.trust.trust(two.identity.ski()).expect("room");
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    assert_eq!(two.waiting().await, one.ski());
    assert_eq!(two.node.waiting()[0].ski, one.ski());
    one.until(two.ski(), PeerState::WaitingForPeer).await;
    one.silence(MINUTE).await;

    two.node.trust(one.ski()).await.expect("room");
    assert_eq!(two.connected().await, one.ski());
    assert_eq!(one.connected().await, two.ski());
    assert!(two.node.waiting().is_empty());
    one.talks_to(&mut two).await;
}

#[tokio::test(start_paused = true)]
async fn both_users_may_decide_in_any_order() {
    for first in [0, 1] {
        let mut benches = Vec::new();
        for config in by_ski(["one", "two"]) {
            benches.push(Bench::start(config).await);
        }
        benches[0].join(&benches[1]).await;
        let skis = [benches[0].ski(), benches[1].ski()];
        for i in [0, 1] {
            assert_eq!(benches[i].waiting().await, skis[1 - i]);
        }
        for i in [first, 1 - first] {
            tokio::time::sleep(MINUTE).await;
            benches[i].node.trust(skis[1 - i]).await.expect("room");
        }
        for i in [0, 1] {
            assert_eq!(benches[i].connected().await, skis[1 - i]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_peer_is_kept_for_as_long_as_the_users_take() {
    let [mut one, two] = by_ski(["one", "two"]);
    one.trust.trust(two.identity.ski()).expect("room");
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    two.waiting().await;
    // Prolonged again and again: the hello phase starts with two minutes.
    tokio::time::sleep(25 * MINUTE).await;
    two.node.trust(one.ski()).await.expect("room");
    one.connected().await;
    two.connected().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_half_an_hour() {
    let [mut one, two] = by_ski(["one", "two"]);
    one.trust.trust(two.identity.ski()).expect("room");
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    two.waiting().await;
    tokio::time::sleep(33 * MINUTE).await;
    assert!(two.node.waiting().is_empty());
    two.silence(MINUTE).await;
    one.until(two.ski(), PeerState::Disconnected).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_peer_is_sent_away_now_and_later() {
    let [mut one, two] = by_ski(["one", "two"]);
    one.trust.trust(two.identity.ski()).expect("room");
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    two.waiting().await;
    two.node.refuse(one.ski()).await.expect("room");
    one.until(two.ski(), PeerState::Disconnected).await;
    assert_eq!(two.peer(one.ski()).expect("remembered").standing, Standing::Refused);

    one.join(&two).await;
    two.silence(MINUTE).await;
    assert!(two.node.waiting().is_empty());

    two.node.trust(one.ski()).await.expect("room");
    one.join(&two).await;
    assert_eq!(two.connected().await, one.ski());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_no_longer_trusted_is_told_and_may_ask_again() {
    let [one, two] = friends(["one", "two"]);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    two.node.untrust(one.ski()).await.expect("kept");
    assert_eq!(one.disconnected().await, "removed by the peer's user");
    assert_eq!(two.disconnected().await, "peer removed by our user");
    assert!(two.node.send(one.ski(), payload("x")).is_err());

    one.join(&two).await;
    assert_eq!(two.waiting().await, one.ski());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_gone_is_let_in_when_it_comes_again() {
    let [mut one, two] = by_ski(["one", "two"]);
    one.trust.trust(two.identity.ski()).expect("room");
    let (one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    let (here, there) = tokio::io::duplex(4096);
    assert!(two.node.attach(there, Role::Server, None, "memory").await);
    drop(here);
    two.node.trust(one.ski()).await.expect("room");
    one.join(&two).await;
    assert_eq!(two.connected().await, one.ski());
}

#[tokio::test]
async fn trust_outlives_the_node() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("trust.json");
    let peer = config("peer").identity.ski();
    let other = config("other").identity.ski();
    for run in 0..2 {
        let mut config = config("node");
        let (file, trust) = TrustFile::open(&path).expect("a good one");
        config.trust = trust;
        config.trust_file = Some(file);
        let bench = Bench::start(config).await;
        if run == 0 {
            assert!(bench.node.peers().is_empty());
            bench.node.trust(peer).await.expect("kept");
            bench.node.refuse(other).await.expect("kept");
        } else {
            let standings: Vec<_> =
                bench.node.peers().iter().map(|peer| (peer.ski, peer.standing)).collect();
            let mut expected = vec![(peer, Standing::Trusted), (other, Standing::Refused)];
            expected.sort_by_key(|(ski, _)| *ski);
            assert_eq!(standings, expected);
        }
        bench.node.shutdown().await;
    }
}

#[tokio::test]
async fn a_decision_that_cannot_be_kept_is_not_taken() {
    let dir = tempfile::tempdir().expect("a directory");
    let gone = dir.path().join("gone");
    let mut config = config("node");
    config.trust_file = Some(TrustFile::open(gone.join("trust.json")).expect("none yet").0);
    let bench = Bench::start(config).await;
    let peer = crate::bench::config("peer").identity.ski();
    assert!(matches!(bench.node.trust(peer).await, Err(TrustError::File(_))));
    assert!(bench.node.peers().is_empty());
    std::fs::create_dir(&gone).expect("created");
    bench.node.trust(peer).await.expect("kept");
    assert_eq!(bench.node.peers()[0].standing, Standing::Trusted);
}

/// Keeping a decision needs the runtime's only thread for blocking work, and that one is taken.
#[test]
fn a_disk_that_stalls_holds_up_nobody_but_who_decides() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime");
    let (go_on, stalled) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || stalled.recv());
    runtime.block_on(async {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("trust.json");
        let [one, mut two] = friends(["one", "two"]);
        two.trust_file = Some(TrustFile::open(&path).expect("none yet").0);
        let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
        let guest = config("guest").identity.ski();
        let node = two.node.clone();
        let decided = tokio::spawn(async move { node.trust(guest).await });
        one.join(&two).await;
        one.connected().await;
        two.connected().await;
        one.talks_to(&mut two).await;
        assert!(!decided.is_finished(), "nothing is kept yet");
        assert_eq!(two.peer(guest), None);

        go_on.send(()).expect("it waits");
        decided.await.expect("no panic").expect("room");
        assert_eq!(two.peer(guest).expect("known").standing, Standing::Trusted);
        two.node.shutdown().await;
        let (_, trust) = TrustFile::open(&path).expect("a good one");
        assert_eq!(trust.standing(guest), Standing::Trusted);
        // The name of the friend came while the decision was being written.
        let name = trust.trusted().find(|(ski, _)| *ski == one.ski()).expect("kept").1;
        assert!(name.ship_id.is_some());
    });
}

#[tokio::test]
async fn a_node_does_not_trust_itself() {
    let bench = Bench::start(config("node")).await;
    assert!(matches!(bench.node.trust(bench.ski()).await, Err(TrustError::Own)));
}

#[tokio::test]
async fn nodes_pair_over_tcp_while_they_run() {
    let [one, two] = by_ski(["one", "two"]);
    let mut two = Bench::start(listening(two)).await;
    let mut one = Bench::start(dialling(one, &two)).await;
    assert_eq!(two.waiting().await, one.ski());
    assert_eq!(one.waiting().await, two.ski());
    one.node.trust(two.ski()).await.expect("room");
    two.node.trust(one.ski()).await.expect("room");
    one.connected().await;
    two.connected().await;
    one.talks_to(&mut two).await;
    one.node.shutdown().await;
    assert_eq!(two.disconnected().await, "closed by the peer");
}

#[tokio::test(start_paused = true)]
async fn large_payloads_arrive_whole_and_in_order() {
    let [one, two] = friends(["one", "two"]);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    for n in 0..40 {
        let text = format!("\"{n}:{}\"", "x".repeat(20_000));
        one.node.send(two.ski(), Raw::new(&text).expect("JSON")).expect("room");
    }
    for n in 0..40 {
        assert!(two.data().await.starts_with(&format!("\"{n}:")));
    }
}

/// Passes octets on and notes how long the content of each TLS record is.
async fn tap(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    lengths: Arc<Mutex<Vec<usize>>>,
) {
    let mut header = [0; 5];
    while from.read_exact(&mut header).await.is_ok() {
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        lengths.lock().expect("whole").push(length);
        let mut content = vec![0; length];
        from.read_exact(&mut content).await.expect("a whole record");
        to.write_all(&header).await.expect("passed on");
        to.write_all(&content).await.expect("passed on");
    }
}

#[tokio::test(start_paused = true)]
async fn no_record_carries_more_than_1024_octets() {
    let [one, two] = friends(["one", "two"]);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    let (here, left) = tokio::io::duplex(4096);
    let (right, there) = tokio::io::duplex(4096);
    assert!(one.node.attach(here, Role::Client, None, "tapped").await);
    assert!(two.node.attach(there, Role::Server, None, "tapped").await);
    let lengths = Arc::new(Mutex::new(Vec::new()));
    let (left_in, left_out) = tokio::io::split(left);
    let (right_in, right_out) = tokio::io::split(right);
    tokio::spawn(tap(left_in, right_out, lengths.clone()));
    tokio::spawn(tap(right_in, left_out, lengths.clone()));
    one.connected().await;
    two.connected().await;
    let text = format!("\"{}\"", "x".repeat(10_000));
    for (from, to) in [(0, 1), (1, 0)] {
        let benches = [&one, &two];
        let payload = Raw::new(&text).expect("JSON");
        benches[from].node.send(benches[to].ski(), payload).expect("connected");
    }
    assert_eq!(one.data().await, text);
    assert_eq!(two.data().await, text);
    let lengths = lengths.lock().expect("whole");
    // GCM adds a nonce of 8 octets and a tag of 16.
    assert_eq!(lengths.iter().max(), Some(&(1024 + 24)));
}
