//! The Pairing Service between nodes: a control unit that knows the secret is trusted without a
//! user at the device.

use std::time::Duration;

use ship::identity::{Curve, Fingerprint};
use ship::net::{Announcement, Config, Event, PetitionError, Target};
use ship::pairing::{Party, Refusal, Request, Secret, Terms};
use ship::trust::TrustFile;
use ship::{Ski, Standing};

use crate::bench::{Bench, config};

const MINUTE: Duration = Duration::from_secs(60);

fn secret() -> Secret {
    "7A37DCF81BDB50F8E92CFA4160CCB3DE".parse().expect("a secret")
}

fn party(config: &Config) -> Party {
    Party {
        ship_id: config.settings.ship_id.clone(),
        fingerprint: Fingerprint::of_certificate(config.identity.certificate()),
    }
}

fn request(asker: &Party, asked: &Party, nonce: u8) -> Request {
    let curve = Curve::Secp256r1;
    let terms = Terms { asked: asked.clone(), asker: asker.clone(), curve, nonce: [nonce; 16] };
    Request::sign(terms, &secret())
}

/// A device with a secret, and what it is called.
fn device() -> (Config, Party) {
    let mut device = config("i:1_u:device");
    device.secret = Some(secret());
    let party = party(&device);
    (device, party)
}

/// A control unit that trusts the device.
fn unit(name: &str, device: Ski) -> (Config, Party) {
    let mut unit = config(name);
    unit.trust.trust(device).expect("room");
    let party = party(&unit);
    (unit, party)
}

impl Bench {
    async fn considers(&self, request: Request) -> Result<(), Refusal> {
        self.node.consider(request).await.expect("it runs")
    }

    async fn control_unit(&mut self) -> Party {
        match self.next().await {
            Event::ControlUnit { party } => party,
            other => panic!("a control unit, not {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_control_unit_that_knows_the_secret_is_trusted_by_its_certificate() {
    let (device, asked) = device();
    let (unit, asker) = unit("unit", device.identity.ski());
    let (mut device, mut unit) = (Bench::start(device).await, Bench::start(unit).await);
    assert_eq!(device.considers(request(&asker, &asked, 1)).await, Ok(()));
    assert_eq!(device.control_unit().await, asker);
    unit.join(&device).await;
    assert_eq!(device.connected().await, unit.ski());
    unit.connected().await;
    unit.talks_to(&mut device).await;
    let peer = device.peer(unit.ski()).expect("trusted");
    assert_eq!((peer.standing, peer.levels.user), (Standing::Trusted, 64));
}

#[tokio::test(start_paused = true)]
async fn a_control_unit_that_waits_already_goes_on_when_it_comes_again() {
    let (device, asked) = device();
    let (unit, asker) = unit("unit", device.identity.ski());
    let (mut device, unit) = (Bench::start(device).await, Bench::start(unit).await);
    // It dialled before its request arrived.
    unit.join(&device).await;
    assert_eq!(device.waiting().await, unit.ski());
    assert_eq!(device.considers(request(&asker, &asked, 1)).await, Ok(()));
    device.control_unit().await;
    assert_eq!(device.connected().await, unit.ski());
}

#[tokio::test(start_paused = true)]
async fn another_one_takes_over_after_15_minutes_and_the_first_is_told() {
    let (device, asked) = device();
    let ski = device.identity.ski();
    let (first, first_party) = unit("first", ski);
    let (second, second_party) = unit("second", ski);
    let (mut device, mut first) = (Bench::start(device).await, Bench::start(first).await);
    let mut second = Bench::start(second).await;
    device.considers(request(&first_party, &asked, 1)).await.expect("the first");
    device.control_unit().await;
    first.join(&device).await;
    device.connected().await;
    first.connected().await;
    // While it is connected nobody replaces it, however long that is.
    tokio::time::sleep(60 * MINUTE).await;
    let other = request(&second_party, &asked, 2);
    assert_eq!(device.considers(other.clone()).await, Err(Refusal::TooEarly));
    first.node.disconnect(ski);
    device.disconnected().await;
    tokio::time::sleep(14 * MINUTE).await;
    assert_eq!(device.considers(other.clone()).await, Err(Refusal::TooEarly));
    tokio::time::sleep(2 * MINUTE).await;
    // What was too early is not used up.
    assert_eq!(device.considers(other.clone()).await, Ok(()));
    device.control_unit().await;
    assert_eq!(device.considers(request(&second_party, &asked, 2)).await, Err(Refusal::TooEarly));
    second.join(&device).await;
    assert_eq!(device.connected().await, second.ski());
    second.connected().await;
    assert_eq!(device.peer(first.ski()).map(|peer| peer.standing), None);
}

#[tokio::test]
async fn who_was_accepted_and_what_was_used_survives_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("trust.json");
    let (mut device, asked) = device();
    let (_, asker) = unit("unit", device.identity.ski());
    let (file, _) = TrustFile::open(&path).expect("none yet");
    device.trust_file = Some(file);
    let mut device = Bench::start(device).await;
    let accepted = request(&asker, &asked, 1);
    device.considers(accepted.clone()).await.expect("signed");
    device.control_unit().await;
    device.node.shutdown().await;
    let (_, kept) = TrustFile::open(&path).expect("a trust file");
    assert_eq!(kept.unit().map(|unit| &unit.party), Some(&asker));
    assert!(kept.is_used(accepted.digest()));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_accepted_without_the_secret_or_by_a_device_that_has_none() {
    let (device, asked) = device();
    let (_, asker) = unit("unit", device.identity.ski());
    let device = Bench::start(device).await;
    let forged = Request::sign(request(&asker, &asked, 1).terms().clone(), &Secret::new([0; 16]));
    assert_eq!(device.considers(forged).await, Err(Refusal::Forged));

    let plain = config("i:1_u:plain");
    let asked = party(&plain);
    let plain = Bench::start(plain).await;
    assert_eq!(plain.considers(request(&asker, &asked, 1)).await, Err(Refusal::NotForUs));
    assert!(plain.node.peers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_is_not_announced_or_not_trusted_is_not_asked_for() {
    let (device, asked) = device();
    let ski = device.identity.ski();
    let (unit, _) = unit("unit", ski);
    let unit = Bench::start(unit).await;
    let refused = unit.node.petition(ski, asked.clone(), secret()).await;
    assert_eq!(refused, Err(PetitionError::NotAnnounced));
    let stranger = config("stranger").identity.ski();
    let refused = unit.node.petition(stranger, asked, secret()).await;
    assert_eq!(refused, Err(PetitionError::NotTrusted));
}

/// Listens on all interfaces and is announced under a name of its own.
fn announced(mut config: Config) -> Config {
    config.listen = Some("0.0.0.0:0".parse().expect("an address"));
    let instance = format!("ship-test-{}", &config.identity.ski().to_string()[..8]);
    config.announcement = Some(Announcement { instance, ..Announcement::default() });
    config
}

/// Over real multicast; the loopback interface is enough.
#[tokio::test]
async fn a_request_is_heard_on_the_network_and_ends_with_the_trust_that_it_asked_for() {
    let (device, asked) = device();
    let (mut unit, asker) = unit("i:1_u:unit", device.identity.ski());
    let ski = device.identity.ski();
    let mut device = Bench::start(announced(device)).await;
    let port = device.node.address().expect("it listens").port();
    unit.targets.push(Target { address: format!("127.0.0.1:{port}"), ski: Some(ski) });
    let mut unit = Bench::start(announced(unit)).await;
    unit.node.petition(ski, asked, secret()).await.expect("it is announced");
    // The unit may be faster than its request.
    let heard = loop {
        match device.next().await {
            Event::ControlUnit { party } => break party,
            Event::Waiting { .. } => {}
            other => panic!("a request, not {other:?}"),
        }
    };
    assert_eq!(heard, asker);
    assert_eq!(device.connected().await, unit.ski());
    assert_eq!(unit.connected().await, ski);
    unit.node.shutdown().await;
    device.node.shutdown().await;
}
