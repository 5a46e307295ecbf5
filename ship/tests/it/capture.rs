//! Recording what is said.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ship::net::{Capture, Config};

use crate::bench::{Bench, config, friends, payload};
use crate::raw::{self, Card, Raw};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn recorded(mut config: Config, path: &Path, limit: u64) -> Config {
    config.capture = Some(Capture::create(path, limit).expect("a file"));
    config
}

#[tokio::test]
async fn a_session_is_recorded_in_both_directions() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("session.jsonl");
    let [one, two] = friends(["one", "two"]);
    let mut one = Bench::start(recorded(one, &path, 1 << 20)).await;
    let mut two = Bench::start(two).await;
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    one.talks_to(&mut two).await;
    one.node.shutdown().await;

    let lines = lines(&path);
    let peer = two.ski().to_string();
    assert!(lines.iter().all(|line| line["peer"] == *peer && line["connection"] == 1));
    let times: Vec<u64> = lines.iter().map(|line| line["t_ms"].as_u64().expect("a time")).collect();
    assert!(times.is_sorted());
    assert_eq!((&lines[0]["from"], &lines[0]["type"]), (&"own".into(), &0.into()));
    let said = |from: &str, what: &str| {
        lines.iter().any(|line| {
            line["from"] == from && line["text"].as_str().is_some_and(|text| text.contains(what))
        })
    };
    for from in ["own", "peer"] {
        for what in ["connectionHello", "messageProtocolHandshake", "accessMethodsRequest"] {
            assert!(said(from, what), "{from} {what}");
        }
    }
    assert!(said("own", payload("there").as_str()) && said("peer", payload("back").as_str()));
    assert!(said("own", "connectionClose"), "the end is there, too");
}

#[tokio::test]
async fn a_recording_takes_no_more_room_than_it_may() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("session.jsonl");
    let limit = 20_000;
    let mut bench = Bench::start(recorded(config("node"), &path, limit)).await;
    let card = Card::honest();
    bench.node.trust(card.ski).await.expect("room");
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
    for n in 0..500 {
        raw.octets(raw::data(&format!("number {n}")).as_bytes()).await;
        assert!(bench.data().await.contains("number"));
    }
    bench.node.shutdown().await;
    let sizes = ["session.jsonl", "session.jsonl.old"]
        .map(|name| fs::metadata(dir.path().join(name)).expect("both are there").len());
    assert!(sizes.iter().sum::<u64>() <= limit, "{sizes:?}");
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains("number 499"), "the latest is kept");
    // What was there before is not lost.
    drop(Capture::create(&path, limit).expect("a file"));
    let old = fs::read_to_string(dir.path().join("session.jsonl.old")).expect("a file");
    assert!(old.contains("number 499"));
}

/// `/dev/full` takes nothing, as a disk that is full.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_is_full_ends_the_recording_and_nothing_else() {
    let [mut one, two] = friends(["one", "two"]);
    one.capture = Some(Capture::create("/dev/full", 1 << 20).expect("a device"));
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    one.talks_to(&mut two).await;
    one.node.shutdown().await;
}

/// A PIN and what is no text.
#[tokio::test]
async fn secrets_are_not_recorded() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("session.jsonl");
    let mut bench = Bench::start(recorded(config("node"), &path, 1 << 20)).await;
    let card = Card::honest();
    bench.node.trust(card.ski).await.expect("room");
    let mut raw = Raw::open(&bench, &card).await.expect("a WebSocket");
    raw.all().await;
    bench.connected().await;
    raw.control(r#"{"connectionPinInput":[{"pin":"1234567890"}]}"#).await;
    raw.octets(&[2, 0xff]).await;
    bench.silence(Duration::from_millis(10)).await;
    bench.node.shutdown().await;
    let text = fs::read_to_string(&path).expect("a file");
    assert!(!text.contains("1234567890") && text.contains("\"is_secret\":true"), "{text}");
    assert!(text.contains("\"octets\":\"ff\""));
}
