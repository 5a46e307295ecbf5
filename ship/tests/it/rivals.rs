//! Several connections to one peer (SHIP 1.1.0 §12.2.3).

use std::time::Duration;

use futures_util::StreamExt;
use ship::Role;
use ship::net::{PeerState, Target};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::bench::{Bench, config, friends, listening, payload};
use crate::raw::{ANNOUNCE, Card, HELLO_READY, PIN_NONE, Raw, SELECT};

/// A node and a peer that it trusts, whose SKI is bigger or smaller.
async fn node_and_card(is_bigger: bool) -> (Bench, Card) {
    let bench = Bench::start(config("node")).await;
    let card = Card::bigger(bench.ski(), is_bigger);
    bench.node.trust(card.ski).await.expect("room");
    (bench, card)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_comes_back_is_served_although_its_old_connection_looks_alive() {
    for is_bigger in [true, false] {
        let (mut bench, card) = node_and_card(is_bigger).await;
        let mut old = Raw::open(&bench, &card).await.expect("a WebSocket");
        old.all().await;
        bench.connected().await;
        sleep(Duration::from_secs(10)).await;

        let mut new = Raw::open(&bench, &card).await.expect("a WebSocket");
        new.all().await;
        // The session moves: no end, a new beginning.
        assert_eq!(bench.connected().await, card.ski);
        bench.node.send(card.ski, payload("new")).expect("connected");
        new.octets(b"\x02{\"data\":[{\"payload\":{\"from\":\"new\"}}]}").await;
        assert_eq!(bench.data().await, "{\"from\":\"new\"}");
        assert!(new.hear().await.contains("\"datagram\":\"new\""));
        // What still comes from the old one belongs to nobody.
        old.octets(b"\x02{\"data\":[{\"payload\":{\"from\":\"old\"}}]}").await;
        bench.silence(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_bigger_side_announces_the_end_of_the_older_connection() {
    let (mut bench, card) = node_and_card(false).await;
    let mut old = Raw::open(&bench, &card).await.expect("a WebSocket");
    old.all().await;
    bench.connected().await;
    let mut new = Raw::open(&bench, &card).await.expect("a WebSocket");
    assert_eq!(
        old.hear().await,
        "\u{3}{\"connectionClose\":[{\"phase\":\"announce\"},{\"maxTime\":2000},{\"reason\":\"unspecific\"}]}"
    );
    new.all().await;
    bench.connected().await;
    assert_eq!(old.closed().await.0, 1000);
}

/// A connection that one of the two has opened, ready for payloads.
async fn open(bench: &Bench, card: &Card, dials: Role) -> Raw {
    match dials {
        Role::Server => Raw::open(bench, card).await.expect("a WebSocket"),
        Role::Client => Raw::dialled(bench, card).await,
    }
}

async fn go_on(raw: &mut Raw, role: Role) {
    match role {
        Role::Server => raw.all().await,
        Role::Client => raw.serves().await,
    }
}

/// Both sides have dialled, and the peer, whose SKI is bigger, keeps the connection that it likes:
/// whatever the order in which keys were proven and connections opened, what it says there for the
/// first and only time is heard, and answered there.
#[tokio::test(start_paused = true)]
async fn of_crossed_connections_the_one_that_the_peer_speaks_on_has_the_session() {
    let orders = [[0, 1], [1, 0]];
    for roles in [[Role::Server, Role::Client], [Role::Client, Role::Server], [Role::Server; 2]] {
        for (first, second) in orders.map(|order| (order[0], order[1])) {
            for kept in [0, 1] {
                let case = format!("{roles:?}, {first} opens first, {kept} is kept");
                let (mut bench, card) = node_and_card(true).await;
                // The keys are proven in this order.
                let mut raws =
                    [open(&bench, &card, roles[0]).await, open(&bench, &card, roles[1]).await];
                go_on(&mut raws[first], roles[first]).await;
                bench.connected().await;
                go_on(&mut raws[second], roles[second]).await;
                bench.silence(Duration::from_millis(100)).await;

                raws[kept].octets(crate::raw::data("read").as_bytes()).await;
                if kept == second {
                    bench.connected().await;
                }
                assert_eq!(bench.data().await, payload("read").as_str(), "{case}");
                bench.node.send(card.ski, payload("reply")).expect("connected");
                assert!(raws[kept].hear().await.contains("reply"), "{case}");

                // Later the peer closes the other one, and nothing follows from that.
                let [zero, one] = raws;
                let [mut kept, other] = if kept == 0 { [zero, one] } else { [one, zero] };
                drop(other);
                kept.octets(crate::raw::data("more").as_bytes()).await;
                assert_eq!(bench.data().await, payload("more").as_str(), "{case}");
                bench.silence(Duration::from_secs(1)).await;
                assert_eq!(bench.state(card.ski), Some(PeerState::Connected), "{case}");
            }
        }
    }
}

/// With the bigger SKI the node chooses: the one that came in last, and the peer speaks there.
#[tokio::test(start_paused = true)]
async fn of_crossed_connections_the_bigger_side_keeps_the_one_that_came_in() {
    for is_open in [true, false] {
        let (mut bench, card) = node_and_card(false).await;
        let mut dialled = Raw::dialled(&bench, &card).await;
        if is_open {
            dialled.serves().await;
            bench.connected().await;
            dialled.octets(crate::raw::data("read").as_bytes()).await;
            assert_eq!(bench.data().await, payload("read").as_str());
        }
        let mut came = Raw::open(&bench, &card).await.expect("a WebSocket");
        came.all().await;
        came.octets(crate::raw::data("read again").as_bytes()).await;
        bench.connected().await;
        assert_eq!(bench.data().await, payload("read again").as_str());
        assert_eq!(dialled.closed().await.0, 1000);
        bench.silence(Duration::from_secs(6)).await;
        bench.node.send(card.ski, payload("reply")).expect("connected");
        assert!(came.hear().await.contains("reply"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_smaller_side_waits_probes_and_keeps_the_one_that_the_peer_uses() {
    for uses_new in [true, false] {
        let (mut bench, card) = node_and_card(true).await;
        let mut old = Raw::open(&bench, &card).await.expect("a WebSocket");
        old.all().await;
        bench.connected().await;
        let mut new = Raw::open(&bench, &card).await.expect("a WebSocket");
        new.all().await;
        if uses_new {
            new.octets(crate::raw::data("read").as_bytes()).await;
            bench.connected().await;
            bench.data().await;
        }
        let (mut kept, mut other) = if uses_new { (new, old) } else { (old, new) };

        // Both answer pings as long as somebody reads.
        let mut other = tokio::spawn(async move { other.closed().await });
        let kept = tokio::spawn(async move { kept.closed().await });
        assert!(tokio::time::timeout(Duration::from_secs(13), &mut other).await.is_err());
        assert_eq!(other.await.expect("closed").0, 1000);
        assert!(!kept.is_finished());
        bench.silence(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_that_comes_to_nothing_ends_the_session_after_a_while() {
    let (mut bench, card) = node_and_card(false).await;
    let mut old = Raw::open(&bench, &card).await.expect("a WebSocket");
    old.all().await;
    bench.connected().await;
    let new = Raw::open(&bench, &card).await.expect("a WebSocket");
    old.closed().await;
    bench.silence(Duration::from_secs(4)).await;
    bench.disconnected().await;
    drop(new);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_without_its_key_moves_nothing() {
    let (mut bench, card) = node_and_card(false).await;
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
    // TLS only, and gone before the end of the handshake or right after it.
    for _ in 0..3 {
        drop(crate::raw::into(&bench).await);
    }
    bench.silence(Duration::from_secs(12)).await;
    assert_eq!(bench.state(card.ski), Some(PeerState::Connected));
}

#[tokio::test]
async fn two_nodes_that_dial_each_other_end_up_with_one_connection() {
    let [one, two] = friends(["one", "two"]);
    // Both need an address before either can dial it.
    let sockets = [0, 1].map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
    let addresses = sockets.each_ref().map(|socket| socket.local_addr().expect("an address"));
    drop(sockets);
    let skis = [one.identity.ski(), two.identity.ski()];
    let mut benches = Vec::new();
    for (i, mut config) in [one, two].into_iter().enumerate() {
        config.listen = Some(addresses[i]);
        let target = Target { address: addresses[1 - i].to_string(), ski: Some(skis[1 - i]) };
        config.targets.push(target);
        benches.push(Bench::start(config).await);
    }
    for (i, bench) in benches.iter_mut().enumerate() {
        bench.until(skis[1 - i], PeerState::Connected).await;
    }
    // Whatever had to be settled is settled by then.
    sleep(Duration::from_secs(8)).await;
    let [one, two] = &mut benches[..] else { unreachable!("two") };
    while tokio::time::timeout(Duration::from_millis(10), one.events.next()).await.is_ok() {}
    while tokio::time::timeout(Duration::from_millis(10), two.events.next()).await.is_ok() {}
    one.talks_to(two).await;
    one.silence(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn simultaneous_dials_in_memory_converge() {
    for _ in 0..20 {
        let [one, two] = friends(["one", "two"]);
        let (one, two) = (Bench::start(one).await, Bench::start(two).await);
        let nodes = [one, two];
        nodes[0].join(&nodes[1]).await;
        nodes[1].join(&nodes[0]).await;
        let skis = [nodes[0].ski(), nodes[1].ski()];
        sleep(Duration::from_secs(30)).await;
        for i in [0, 1] {
            assert_eq!(nodes[i].state(skis[1 - i]), Some(PeerState::Connected));
        }
    }
}

/// What peers in the field do with two connections.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// The standard: the bigger SKI keeps the newest, the smaller one waits.
    Newest,
    /// The Go stack: the one that the bigger SKI has opened.
    Initiator,
    /// WARP: the one that the smaller SKI has opened.
    Inverse,
    /// openeebus: the first one.
    RefuseSecond,
    /// EEBUS.Net: the newest, whoever has the bigger SKI.
    AlwaysNewest,
}

impl Rule {
    /// Which of the two the peer closes; `opened` says who opened them, from the node's side.
    fn closes(self, is_bigger: bool, opened: [Role; 2]) -> Option<usize> {
        let by_peer = |role| role == Role::Server;
        let one_of_bigger = opened.iter().position(|role| by_peer(*role) == is_bigger);
        let one_of_smaller = opened.iter().position(|role| by_peer(*role) != is_bigger);
        match self {
            Self::Newest => is_bigger.then_some(0),
            Self::Initiator => one_of_smaller,
            Self::Inverse => one_of_bigger,
            Self::RefuseSecond => Some(1),
            Self::AlwaysNewest => Some(0),
        }
    }
}

/// Answers everything of a handshake, and each payload with `echo`, until the connection ends.
async fn obeys(mut raw: Raw, role: Role) {
    if role == Role::Server {
        raw.octets(&[0, 0]).await;
    }
    while let Some(Ok(message)) = raw.0.next().await {
        let Message::Binary(octets) = message else { continue };
        let text = String::from_utf8_lossy(&octets);
        if text == "\0\0" {
            if role == Role::Client {
                raw.octets(&[0, 0]).await;
            }
            raw.control(HELLO_READY).await;
            if role == Role::Server {
                raw.control(ANNOUNCE).await;
            }
        } else if text.contains("announceMax") || (text.contains("select") && role == Role::Server)
        {
            raw.control(SELECT).await;
        } else if text.contains("pinState") {
            raw.control(PIN_NONE).await;
        } else if text.contains("\"announce\"") {
            raw.octets(b"\x03{\"connectionClose\":[{\"phase\":\"confirm\"}]}").await;
        } else if text.contains("datagram") {
            raw.octets(crate::raw::data("echo").as_bytes()).await;
        }
    }
}

/// A connection of the two, if the node wants it.
async fn opened(bench: &Bench, card: &Card, role: Role) -> Option<Raw> {
    match role {
        Role::Server => {
            let stream = card.connect(crate::raw::into(bench).await, &[]).await.ok()?;
            Raw::upgrade(stream, Some("ship")).await.ok()
        }
        Role::Client => {
            let (here, there) = tokio::io::duplex(64 * 1024);
            assert!(bench.node.attach(there, Role::Client, Some(card.ski), "raw").await);
            let stream = card.accept(here).await.ok()?;
            Raw::answered(stream).await.ok()
        }
    }
}

/// The node is connected with the peer, and is answered.
async fn is_served(bench: &mut Bench, card: &Card) -> bool {
    while tokio::time::timeout(Duration::from_millis(1), bench.events.next()).await.is_ok() {}
    if bench.node.send(card.ski, payload("question")).is_err() {
        return false;
    }
    let answer = tokio::time::timeout(Duration::from_secs(5), async {
        while !matches!(bench.next().await, ship::net::Event::Data { .. }) {}
    });
    answer.await.is_ok()
}

/// All five rules, both orders of the SKIs, and whoever of the two dials first: within a minute
/// there is a session that works, and it stays. Where the two sides close one connection each, the
/// peer dials again, as all of them do.
#[tokio::test(start_paused = true)]
async fn two_connections_become_one_whatever_rule_the_peer_has() {
    use Rule::{AlwaysNewest, Initiator, Inverse, Newest, RefuseSecond};
    for rule in [Newest, Initiator, Inverse, RefuseSecond, AlwaysNewest] {
        for is_bigger in [true, false] {
            for order in [[Role::Client, Role::Server], [Role::Server, Role::Client]] {
                for pause in [0, 200, 5_000] {
                    let case = format!("{rule:?}, bigger: {is_bigger}, {order:?}, {pause} ms");
                    let (mut bench, card) = node_and_card(is_bigger).await;
                    let mut tasks = Vec::new();
                    for role in order {
                        let raw = opened(&bench, &card, role).await;
                        tasks.push(raw.map(|raw| tokio::spawn(obeys(raw, role))));
                        sleep(Duration::from_millis(pause)).await;
                    }
                    let begun = tokio::time::Instant::now();
                    if let Some(i) = rule.closes(is_bigger, order)
                        && tasks.iter().flatten().count() == 2
                        && let Some(task) = &tasks[i]
                    {
                        task.abort();
                    }
                    while !is_served(&mut bench, &card).await {
                        assert!(begun.elapsed() < Duration::from_secs(60), "{case}");
                        let is_alive = tasks.iter().flatten().any(|task| !task.is_finished());
                        if !is_alive && let Some(raw) = opened(&bench, &card, Role::Server).await {
                            tasks.push(Some(tokio::spawn(obeys(raw, Role::Server))));
                        }
                        sleep(Duration::from_secs(2)).await;
                    }
                    sleep(Duration::from_secs(20)).await;
                    assert!(is_served(&mut bench, &card).await, "{case}");
                    let alive = tasks.iter().flatten().filter(|task| !task.is_finished());
                    assert_eq!(alive.count(), 1, "{case}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_serves_and_dials_at_the_same_time() {
    let mut node = config("node");
    let [left, right] = [config("left"), config("right")];
    node.trust.trust(left.identity.ski()).expect("room");
    node.trust.trust(right.identity.ski()).expect("room");
    let benches = [left, right].map(|mut config| {
        config.trust.trust(node.identity.ski()).expect("room");
        config
    });
    let mut node = Bench::start(listening(node)).await;
    let [left, right] = benches;
    let (mut left, mut right) = (Bench::start(left).await, Bench::start(right).await);
    left.join(&node).await;
    node.join(&right).await;
    let mut roles = Vec::new();
    for _ in 0..2 {
        match node.next().await {
            ship::net::Event::Connected { role, .. } => roles.push(role),
            other => panic!("connected, not {other:?}"),
        }
    }
    assert!(roles.contains(&Role::Client) && roles.contains(&Role::Server));
    left.connected().await;
    right.connected().await;
    node.talks_to(&mut left).await;
    node.talks_to(&mut right).await;
}
