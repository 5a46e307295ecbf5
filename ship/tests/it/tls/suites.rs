//! Which suites and curves are spoken, and how big our records are.

use std::time::Duration;

use futures_util::SinkExt;
use rustls::NamedGroup;
use ship::Role;
use ship::net::LinkError;
use tokio_tungstenite::tungstenite::Message;

use super::peer::{CBC, GCM, Peer, Tap, only, split, us};
use crate::bench::{Bench, config, friends, payload};
use crate::raw::{self, Raw, data};

#[tokio::test]
async fn gcm_wins_whenever_both_sides_have_it() {
    let us = us();
    for (offered, taken) in
        [(&[GCM][..], GCM), (&[CBC], CBC), (&[GCM, CBC], GCM), (&[CBC, GCM], GCM)]
    {
        let peer = Peer::honest().of_suites(offered);
        assert_eq!(peer.dials(&us).await.suite(), taken, "{offered:?}");
    }
    for (had, taken) in [(&[GCM][..], GCM), (&[CBC], CBC), (&[GCM, CBC], GCM)] {
        let peer = Peer::honest().of_suites(had);
        assert_eq!(peer.answers(&us, Some(peer.ski())).await.suite(), taken, "{had:?}");
    }
}

#[tokio::test]
async fn nodes_that_have_the_demanded_suite_alone_talk() {
    for roles in [["client", "server"], ["server", "client"]] {
        let mut configs = friends(roles);
        for config in &mut configs {
            config.provider = only(&[CBC]);
        }
        let [one, two] = configs;
        let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
        one.join(&two).await;
        one.connected().await;
        two.connected().await;
        one.talks_to(&mut two).await;

        let long = "x".repeat(200_000);
        one.node.send(two.ski(), payload(&long)).expect("connected");
        assert_eq!(two.data().await, payload(&long).as_str());
        two.node.send(one.ski(), payload(&long)).expect("connected");
        assert_eq!(one.data().await, payload(&long).as_str());
    }
}

#[tokio::test]
async fn secp256r1_is_the_only_curve() {
    let us = us();
    for peer in [NamedGroup::secp384r1, NamedGroup::X25519].map(|it| Peer::honest().of_curve(it)) {
        for met in peer.meets(&us).await {
            assert!(matches!(met, Err(LinkError::Tls(_))), "{met:?}");
        }
    }
    let usual = Peer::honest().of_curve(NamedGroup::secp256r1);
    assert!(usual.meets(&us).await.iter().all(Result::is_ok));
}

/// §9.2, in the handshake as well as afterwards, in both roles and suites.
#[tokio::test]
async fn no_record_of_ours_carries_more_than_1024_octets() {
    for (suite, added) in [(GCM, 8 + 16), (CBC, 16 + 48)] {
        for is_dialled in [false, true] {
            let mut bench = Bench::start(config("victim")).await;
            let peer = Peer::honest().of_suites(&[suite]);
            bench.node.trust(peer.ski()).await.expect("room");
            let (here, there) = tokio::io::duplex(1 << 20);
            let tap = Tap::new(here);
            let mut raw = if is_dialled {
                let dialled = Some(peer.ski());
                assert!(bench.node.attach(there, Role::Client, dialled, "raw").await);
                let mut raw = Raw::upgraded(peer.accept(tap).await.expect("TLS")).await;
                raw.serves().await;
                raw
            } else {
                assert!(bench.node.attach(there, Role::Server, None, "raw").await);
                let tls = peer.connect(tap).await.expect("TLS");
                let mut raw = Raw::upgrade(tls, Some("ship")).await.expect("a WebSocket");
                raw.all().await;
                raw
            };
            bench.connected().await;
            bench.node.send(peer.ski(), payload(&"x".repeat(30_000))).expect("connected");
            while !raw.hear().await.contains("xxx") {}

            let (tap, _) = raw.0.get_ref().get_ref();
            let records = split(&tap.heard);
            let longest = records.iter().map(|(_, payload)| payload.len()).max();
            // All of them full but for the padding.
            assert!(longest.is_some_and(|longest| longest <= 1024 + added), "{longest:?}");
            assert!(longest.is_some_and(|longest| longest > 1024), "{longest:?}");
            assert!(records.len() > 30);
        }
    }
}

#[tokio::test]
async fn records_of_16_kib_are_taken() {
    for suite in [GCM, CBC] {
        let mut bench = Bench::start(config("victim")).await;
        let peer = Peer::honest().of_suites(&[suite]);
        bench.node.trust(peer.ski()).await.expect("room");
        let tls = peer.connect(raw::into(&bench).await).await.expect("TLS");
        let mut raw = Raw::upgrade(tls, Some("ship")).await.expect("a WebSocket");
        raw.all().await;
        bench.connected().await;
        let long = "x".repeat(100_000);
        raw.0.send(Message::Binary(data(&long).into_bytes().into())).await.expect("sent");
        assert!(bench.data().await.contains(&long));
    }
}

/// Whoever has seen a certificate can present it (§9.1).
#[tokio::test(start_paused = true)]
async fn a_replayed_certificate_without_its_key_does_not_touch_a_live_connection() {
    let [friend, victim] = friends(["friend", "victim"]);
    let stolen = friend.identity.certificate().clone();
    let (mut friend, mut victim) = (Bench::start(friend).await, Bench::start(victim).await);
    friend.join(&victim).await;
    friend.connected().await;
    victim.connected().await;

    let mut thief = Peer::honest();
    thief.chain = vec![stolen];
    for _ in 0..20 {
        // The thief's certificate is taken note of, its signature is not one of that key.
        assert!(thief.connect(raw::into(&victim).await).await.is_err());
    }
    let (here, there) = tokio::io::duplex(1 << 16);
    let dialled = Some(friend.ski());
    assert!(victim.node.attach(there, Role::Client, dialled, "thief").await);
    assert!(thief.accept(here).await.is_err());

    victim.silence(Duration::from_secs(30)).await;
    friend.talks_to(&mut victim).await;
}
