//! PINs between nodes: who demands one gets it from a user, and guessing takes long.

use std::time::Duration;

use ship::net::{Event, OwnPin, PeerState, PinAnswer, PinError};
use ship::pin::Pin;
use ship::trust::{Mechanism, Trust, TrustFile};

use crate::bench::{Bench, friends};

const RIGHT: &str = "5F3A01CE";
const WRONG: &str = "00000000";
const SECOND: Duration = Duration::from_secs(1);

fn pin(text: &str) -> Pin {
    text.parse().expect("a PIN")
}

/// A manager, and a charger that it has to give the PIN to; joined, and asked for the PIN.
async fn demanding(is_required: bool) -> (Bench, Bench) {
    let [manager, mut charger] = friends(["manager", "charger"]);
    charger.pin = Some(OwnPin { pin: pin(RIGHT), is_required });
    let (mut manager, charger) = (Bench::start(manager).await, Bench::start(charger).await);
    manager.join(&charger).await;
    assert_eq!(manager.wanted().await, is_required);
    (manager, charger)
}

impl Bench {
    async fn wanted(&mut self) -> bool {
        match self.next().await {
            Event::PinWanted { is_required, .. } => is_required,
            other => panic!("a PIN is wanted, not {other:?}"),
        }
    }

    async fn judged(&mut self) -> PinAnswer {
        match self.next().await {
            Event::PinJudged { answer, .. } => answer,
            other => panic!("an answer, not {other:?}"),
        }
    }

    async fn enters(&self, other: &Self, text: &str) {
        self.node.enter_pin(other.ski(), pin(text)).await.expect("it is trusted");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_without_a_required_pin() {
    let (mut manager, mut charger) = demanding(true).await;
    manager.silence(60 * SECOND).await;
    charger.silence(SECOND).await;
    assert_eq!(manager.state(charger.ski()), Some(PeerState::Connecting));
    manager.enters(&charger, RIGHT).await;
    assert_eq!(manager.judged().await, PinAnswer::Right);
    assert_eq!(manager.connected().await, charger.ski());
    assert_eq!(charger.connected().await, manager.ski());
    manager.talks_to(&mut charger).await;
    // It is worth something, and most for the first.
    assert_eq!(charger.peer(manager.ski()).expect("known").levels.second_factor, 32);
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_was_given_is_not_asked_for_again() {
    let (mut manager, mut charger) = demanding(true).await;
    manager.enters(&charger, RIGHT).await;
    manager.judged().await;
    manager.connected().await;
    charger.connected().await;
    manager.node.disconnect(charger.ski());
    manager.disconnected().await;
    charger.disconnected().await;
    manager.join(&charger).await;
    assert_eq!(manager.connected().await, charger.ski());
}

#[tokio::test(start_paused = true)]
async fn an_optional_pin_may_be_given_while_data_are_exchanged() {
    let (mut manager, mut charger) = demanding(false).await;
    manager.connected().await;
    charger.connected().await;
    manager.enters(&charger, WRONG).await;
    assert_eq!(manager.judged().await, PinAnswer::Wrong);
    manager.enters(&charger, RIGHT).await;
    assert_eq!(manager.judged().await, PinAnswer::Right);
    manager.talks_to(&mut charger).await;
}

#[tokio::test(start_paused = true)]
async fn a_pin_may_be_entered_before_the_peer_is_there() {
    let [manager, mut charger] = friends(["manager", "charger"]);
    charger.pin = Some(OwnPin { pin: pin(RIGHT), is_required: true });
    let (mut manager, charger) = (Bench::start(manager).await, Bench::start(charger).await);
    manager.enters(&charger, RIGHT).await;
    manager.join(&charger).await;
    assert!(manager.wanted().await);
    assert_eq!(manager.judged().await, PinAnswer::Right);
    assert_eq!(manager.connected().await, charger.ski());
}

#[tokio::test(start_paused = true)]
async fn a_pin_that_was_entered_before_waits_until_it_is_wanted() {
    let [manager, mut charger] = friends(["manager", "charger"]);
    charger.pin = Some(OwnPin { pin: pin(RIGHT), is_required: true });
    charger.trust = Trust::new();
    let (mut manager, mut charger) = (Bench::start(manager).await, Bench::start(charger).await);
    manager.enters(&charger, RIGHT).await;
    // This connection does not come so far.
    manager.join(&charger).await;
    assert_eq!(charger.waiting().await, manager.ski());
    manager.node.disconnect(charger.ski());
    manager.until(charger.ski(), PeerState::Disconnected).await;
    charger.node.trust(manager.ski()).await.expect("kept");
    manager.join(&charger).await;
    assert!(manager.wanted().await);
    assert_eq!(manager.judged().await, PinAnswer::Right);
}

#[tokio::test(start_paused = true)]
async fn a_pin_goes_with_the_trust_in_the_peer() {
    for is_refused in [false, true] {
        let [manager, mut charger] = friends(["manager", "charger"]);
        charger.pin = Some(OwnPin { pin: pin(RIGHT), is_required: true });
        let (mut manager, charger) = (Bench::start(manager).await, Bench::start(charger).await);
        manager.enters(&charger, RIGHT).await;
        if is_refused {
            manager.node.refuse(charger.ski()).await.expect("kept");
        } else {
            manager.node.untrust(charger.ski()).await.expect("kept");
        }
        manager.node.trust(charger.ski()).await.expect("kept");
        manager.join(&charger).await;
        assert!(manager.wanted().await);
        manager.silence(60 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_not_trusted_is_told_no_pin() {
    let [manager, charger] = friends(["manager", "charger"]);
    let manager = Bench::start(manager).await;
    let stranger = crate::bench::config("stranger").identity.ski();
    let withheld = manager.node.enter_pin(stranger, pin(RIGHT)).await;
    assert_eq!(withheld, Err(PinError::Withheld));
    manager.node.untrust(charger.identity.ski()).await.expect("kept");
    let withheld = manager.node.enter_pin(charger.identity.ski(), pin(RIGHT)).await;
    assert_eq!(withheld, Err(PinError::Withheld));
}

/// The third wrong PIN costs 15 s, whatever the peer does in the meantime.
#[tokio::test(start_paused = true)]
async fn reconnecting_does_not_shorten_a_penalty() {
    let (mut manager, charger) = demanding(true).await;
    for _ in 0..3 {
        manager.enters(&charger, WRONG).await;
        assert_eq!(manager.judged().await, PinAnswer::Wrong);
    }
    manager.node.disconnect(charger.ski());
    manager.until(charger.ski(), PeerState::Disconnected).await;
    manager.join(&charger).await;
    manager.wanted().await;
    let before = tokio::time::Instant::now();
    manager.enters(&charger, RIGHT).await;
    assert_eq!(manager.judged().await, PinAnswer::Right);
    let waited = before.elapsed();
    assert!((10 * SECOND..=15 * SECOND).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn neither_does_a_restart_and_the_reward_survives_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("trust.json");
    let [manager, mut charger] = friends(["manager", "charger"]);
    let (file, _) = TrustFile::open(&path).expect("none yet");
    let trust = charger.trust.clone();
    file.save(&trust).expect("saved");
    charger.pin = Some(OwnPin { pin: pin(RIGHT), is_required: true });
    charger.trust_file = Some(file);
    let mut manager = Bench::start(manager).await;
    let charger = Bench::start(charger).await;
    manager.join(&charger).await;
    manager.wanted().await;
    for wrong in 1..=3 {
        manager.enters(&charger, WRONG).await;
        assert_eq!(manager.judged().await, PinAnswer::Wrong);
        // It was kept before the peer heard of it.
        let (_, kept) = TrustFile::open(&path).expect("a trust file");
        assert_eq!(kept.wrong_pins(), wrong);
    }
    manager.enters(&charger, RIGHT).await;
    assert_eq!(manager.judged().await, PinAnswer::Right);
    let (_, kept) = TrustFile::open(&path).expect("a trust file");
    assert_eq!(kept.wrong_pins(), 0);
    assert_eq!(kept.peer(manager.ski()).expect("trusted").levels.second_factor, 32);
}

#[tokio::test(start_paused = true)]
async fn how_a_peer_came_to_be_trusted_decides_how_far() {
    let [one, two] = friends(["one", "two"]);
    let one = Bench::start(one).await;
    let ski = two.identity.ski();
    assert_eq!(one.peer(ski).expect("trusted").levels.user, 32);
    one.node.trust_by(ski, Mechanism::UserInput).await.expect("kept");
    assert_eq!(one.peer(ski).expect("trusted").levels.user, 64);
}

#[tokio::test(start_paused = true)]
async fn after_a_factory_reset_everybody_is_a_stranger_and_was_told_so() {
    let [one, two] = friends(["one", "two"]);
    let (mut one, mut two) = (Bench::start(one).await, Bench::start(two).await);
    one.join(&two).await;
    one.connected().await;
    two.connected().await;
    let other = crate::bench::config("other").identity.ski();
    two.node.refuse(other).await.expect("kept");
    two.node.forget_all().await.expect("kept");
    assert_eq!(one.disconnected().await, "removed by the peer's user");
    assert_eq!(two.disconnected().await, "peer removed by our user");
    assert!(two.node.peers().is_empty());
    one.join(&two).await;
    assert_eq!(two.waiting().await, one.ski());
}
