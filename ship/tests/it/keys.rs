//! Keys that change without a new pairing (SHIP 1.1.0 §12.1.3).

use ship::message::{KeyMaterialState, KeyState, Version};
use ship::net::{Config, Event};
use ship::trust::TrustFile;
use ship::{Ski, Standing};

use crate::bench::{Bench, by_ski, config, friends};

fn speaks_1_1(mut config: Config, counter: u16, keys: &[(KeyState, Ski)]) -> Config {
    config.settings.max_version = Version::V1_1;
    config.settings.keys = Some(KeyMaterialState::of(counter, keys.iter().copied()));
    config
}

impl Bench {
    async fn keys(&mut self) -> (Ski, Option<Ski>) {
        match self.next().await {
            Event::KeysChanged { ski, successor } => (ski, successor),
            other => panic!("keys, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_peer_that_announces_another_key_is_trusted_with_it_after_the_switch() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("trust.json");
    let [charger, manager] = friends(["charger", "manager"]);
    let (next, old) = (config("charger"), charger.identity.ski());
    let new = next.identity.ski();

    let manager_ski = manager.identity.ski();
    let mut manager = speaks_1_1(manager, 1, &[(KeyState::Current, manager_ski)]);
    let (file, _) = TrustFile::open(&path).expect("none yet");
    manager.trust_file = Some(file);
    let mut manager = Bench::start(manager).await;

    // Before the switch.
    let announced = [(KeyState::Current, old), (KeyState::Successor, new)];
    let mut charger = Bench::start(speaks_1_1(charger, 2, &announced)).await;
    charger.join(&manager).await;
    manager.connected().await;
    assert_eq!(manager.keys().await, (old, Some(new)));
    charger.connected().await;
    // The charger has learned that of the manager as well.
    assert_eq!(charger.keys().await, (manager_ski, None));
    charger.node.shutdown().await;
    manager.disconnected().await;

    // After it.
    let mut next = speaks_1_1(next, 3, &[(KeyState::Predecessor, old), (KeyState::Current, new)]);
    next.trust.trust(manager_ski).expect("room");
    let mut charger = Bench::start(next).await;
    charger.join(&manager).await;
    assert_eq!(manager.connected().await, new);
    assert_eq!(manager.keys().await, (new, None));
    charger.connected().await;
    charger.keys().await;

    manager.node.shutdown().await;
    let (_, kept) = TrustFile::open(&path).expect("a trust file");
    assert_eq!(kept.standing(new), Standing::Trusted);
    assert_eq!(kept.standing(old), Standing::Unknown);
}

/// It would take that for a decision of the user, and not come again.
#[tokio::test(start_paused = true)]
async fn who_goes_on_to_another_key_is_not_told_that_it_was_removed() {
    let [charger, manager] = friends(["charger", "manager"]);
    let (next, old) = (config("charger"), charger.identity.ski());
    let (new, manager_ski) = (next.identity.ski(), manager.identity.ski());
    let mut manager =
        Bench::start(speaks_1_1(manager, 1, &[(KeyState::Current, manager_ski)])).await;
    let announced = [(KeyState::Current, old), (KeyState::Successor, new)];
    let mut charger = Bench::start(speaks_1_1(charger, 2, &announced)).await;
    charger.join(&manager).await;
    charger.connected().await;
    charger.keys().await;
    manager.connected().await;
    manager.keys().await;

    let mut next = speaks_1_1(next, 3, &[(KeyState::Predecessor, old), (KeyState::Current, new)]);
    next.trust.trust(manager_ski).expect("room");
    let next = Bench::start(next).await;
    next.join(&manager).await;
    let told = charger.disconnected().await;
    assert!(!told.contains("removed"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_speaks_1_0_is_told_nothing_of_keys() {
    let [one, two] = friends(["one", "two"]);
    let keys = [(KeyState::Current, one.identity.ski())];
    let (mut one, mut two) =
        (Bench::start(speaks_1_1(one, 2, &keys)).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    one.talks_to(&mut two).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_trusted_for_announcing_our_own_key() {
    let [mut one, mut two] = by_ski(["one", "two"]);
    one.trust.trust(two.identity.ski()).expect("room");
    two.trust.trust(one.identity.ski()).expect("room");
    let forged =
        [(KeyState::Current, one.identity.ski()), (KeyState::Successor, two.identity.ski())];
    let own = [(KeyState::Current, two.identity.ski())];
    let mut one = Bench::start(speaks_1_1(one, 2, &forged)).await;
    let mut two = Bench::start(speaks_1_1(two, 2, &own)).await;
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    assert_eq!(one.keys().await, (two.ski(), None));
    // It has not taken what the other said.
    two.silence(std::time::Duration::from_secs(60)).await;
    one.talks_to(&mut two).await;
}
