//! What the charger makes of an energy guard, from the connection to the pilot.

mod pair;

use std::path::Path;
use std::time::Duration;

use eebus_charger::core::limits::{OpevReason, Reason, Source};
use eebus_charger::core::units::{MilliAmps, Phase, Phases};
use eebus_charger::hardware::simulator::{Setup, Vehicle};
use ship::Ski;
use ship::identity::Identity;
use spine::units::Watts;
use tokio::time::sleep;

use crate::program::place;
use pair::{Charger, Manager};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

/// Somebody else who is trusted, so that the guard is not the last one.
const NEIGHBOUR: Ski = Ski::new([9; 20]);

fn identity(place: &Path) -> Identity {
    let path = place.join("manager.pem");
    Identity::load_or_create(&path, "manager").expect("there is randomness")
}

fn setup() -> Setup {
    Setup { plug_after: Some(Duration::ZERO), ..Setup::default() }
}

/// What the pilot offers on the first phase once it offers so much, in A.
async fn offers(charger: &Charger, amps: u32) {
    let mut watch = charger.handle.watch();
    let offers = watch.wait_for(|status| status.offered[Phase::L1] == MilliAmps::amps(amps));
    let waited = tokio::time::timeout(SECONDS(120), offers).await;
    let _status = waited.unwrap_or_else(|_| panic!("{amps} A: {:?}", charger.handle.status()));
}

#[tokio::test]
async fn a_store_that_stalls_does_not_hold_up_a_lower_limit() {
    let place = place();
    let identity = identity(place.path());
    let trusted = [identity.ski()];
    let charger = Charger::start(&place.path().join("state"), setup(), &trusted).await;
    let (stalls, stalled) = tokio::sync::oneshot::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let card = charger.notebook.clone();
    let stall = tokio::spawn(async move {
        let stall = move |_: &mut _| {
            stalls.send(()).expect("the test waits for it");
            let _ = held.recv();
        };
        card.change(stall).await
    });
    stalled.await.expect("it stalls");

    let mut manager = Manager::start(identity, &charger).await;
    manager.sees(|seen| seen.is_bound).await;
    for amps in [10, 6] {
        manager.limit(amps).await;
        offers(&charger, u32::try_from(amps).expect("it is a current")).await;
    }
    assert!(!charger.notebook.memory().guard_known, "it is still stalled");
    drop(release);
    stall.await.expect("it ends").expect("nothing was changed");
    charger.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_cannot_be_kept_is_kept_as_soon_as_it_can_be() {
    let place = place();
    let state = place.path().join("state");
    let identity = identity(place.path());
    let charger = Charger::start(&state, setup(), &[identity.ski()]).await;
    // Where the next memory would be written.
    let obstacle = state.join("state.new");
    std::fs::create_dir(&obstacle).expect("nothing is there");
    let mut manager = Manager::start(identity, &charger).await;
    manager.sees(|seen| seen.is_bound).await;
    sleep(SECONDS(40)).await;
    assert!(charger.handle.is_guard_known() && !charger.notebook.memory().guard_known);
    std::fs::remove_dir(&obstacle).expect("it is ours");
    sleep(SECONDS(40)).await;
    assert!(charger.notebook.memory().guard_known);
    charger.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_no_longer_trusted_at_the_start_is_forgotten() {
    let place = place();
    let state = place.path().join("state");
    let identity = identity(place.path());
    let charger = Charger::start(&state, setup(), &[identity.ski(), NEIGHBOUR]).await;
    let mut manager = Manager::start(identity, &charger).await;
    manager.sees(|seen| seen.is_bound).await;
    charger.end().await;

    // As if the program had died between the two files.
    let charger = Charger::start(&state, setup(), &[NEIGHBOUR]).await;
    offers(&charger, 16).await;
    assert!(!charger.handle.is_guard_known());
    charger.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_unpaired_after_a_restart_is_forgotten() {
    let place = place();
    let state = place.path().join("state");
    let identity = identity(place.path());
    let guard = identity.ski();
    let charger = Charger::start(&state, setup(), &[guard, NEIGHBOUR]).await;
    let mut manager = Manager::start(identity, &charger).await;
    manager.sees(|seen| seen.is_bound).await;
    charger.end().await;

    let charger = Charger::start(&state, setup(), &[guard, NEIGHBOUR]).await;
    assert!(charger.handle.is_guard_known());
    let is_guard = |charger: &Charger| {
        let peers = charger.peers.trusted();
        peers.iter().filter(|peer| peer.is_guard).map(|peer| peer.ski).collect::<Vec<_>>()
    };
    assert_eq!(is_guard(&charger), [guard]);
    charger.peers.untrust(guard).await.expect("it is trusted");
    sleep(SECONDS(1)).await;
    assert!(!charger.handle.is_guard_known());
    assert_eq!(is_guard(&charger), []);
    charger.end().await;

    let charger = Charger::start(&state, setup(), &[NEIGHBOUR]).await;
    assert!(!charger.handle.is_guard_known());
    charger.end().await;
}

#[tokio::test(start_paused = true)]
async fn currents_come_every_ten_seconds_and_soon_after_every_limit() {
    let place = place();
    let identity = identity(place.path());
    let trusted = [identity.ski()];
    let charger = Charger::start(&place.path().join("state"), setup(), &trusted).await;
    let mut manager = Manager::start(identity, &charger).await;
    manager.sees(|seen| seen.is_bound).await;
    // A paused car is a meter that does not change.
    manager.limit(0).await;
    offers(&charger, 0).await;
    sleep(SECONDS(130)).await;
    let seen = manager.seen.borrow().clone();
    let late: Vec<_> = seen.measured.windows(2).filter(|w| w[1] - w[0] > SECONDS(10)).collect();
    assert!(late.is_empty() && seen.measured.len() >= 12, "{seen:?}");

    for taken in 2..=10 {
        manager.limit(0).await;
        sleep(SECONDS(5)).await;
        let seen = manager.seen.borrow().clone();
        assert_eq!(seen.accepted.len(), taken, "each order is written");
        let at = *seen.accepted.last().expect("it was just counted");
        assert!(seen.measured.last().is_some_and(|measured| *measured >= at), "{seen:?}");
    }
    charger.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_published_of_power_is_what_is_measured_on_the_phases_that_are_used() {
    let place = place();
    let identity = identity(place.path());
    let trusted = [identity.ski()];
    let vehicle = Vehicle { phases: Phases::only(Phase::L1), ..setup().vehicle };
    let setup = Setup { vehicle, ..setup() };
    let charger = Charger::start(&place.path().join("state"), setup, &trusted).await;
    let mut manager = Manager::start(identity, &charger).await;
    let plugged = manager.sees(|seen| seen.connected_phases.is_some()).await;
    assert_eq!(plugged.connected_phases, Some(3), "nobody knows better yet");
    manager.sees(|seen| seen.is_bound).await;
    manager.limit(10).await;
    manager.sees(|seen| seen.connected_phases == Some(1)).await;
    sleep(SECONDS(30)).await;
    let power = charger.handle.status().meter.power.expect("it is measured");
    assert!(power.0 > 2_000, "{power:?}");
    let powers = manager.seen.borrow().powers;
    assert_eq!(powers, [i64::from(power.0), 0, 0].map(|power| Some(Watts(power))));
    charger.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_age_of_the_guards_heartbeat_is_known() {
    let place = place();
    let identity = identity(place.path());
    let guard = identity.ski();
    let trusted = [guard, NEIGHBOUR];
    let charger = Charger::start(&place.path().join("state"), setup(), &trusted).await;
    let age = |charger: &Charger, ski| {
        let peers = charger.peers.trusted();
        peers.iter().find(|peer| peer.ski == ski).expect("it is trusted").heartbeat_age
    };
    assert_eq!(age(&charger, guard), None);
    let mut manager = Manager::start(identity, &charger).await;
    manager.sees(|seen| seen.is_bound).await;
    for _ in 0..10 {
        sleep(Duration::from_millis(1_300)).await;
        assert!(age(&charger, guard).is_some_and(|age| age < SECONDS(3)));
        assert_eq!(age(&charger, NEIGHBOUR), None);
    }
    manager.kill();
    sleep(SECONDS(30)).await;
    assert!(age(&charger, guard).is_some_and(|age| age > SECONDS(27) && age < SECONDS(33)));
    charger.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_newer_connection_of_the_guard_is_no_loss() {
    let place = place();
    let identity = || identity(place.path());
    let trusted = [identity().ski()];
    let charger = Charger::start(&place.path().join("state"), setup(), &trusted).await;
    let mut manager = Manager::start(identity(), &charger).await;
    manager.sees(|seen| seen.is_bound).await;
    manager.limit(16).await;
    offers(&charger, 16).await;

    // The manager comes again while the charger still takes its old connection for alive.
    let mut watch = charger.handle.watch();
    let observer = tokio::spawn(async move {
        let mut seen = Vec::new();
        while watch.changed().await.is_ok() {
            let status = watch.borrow_and_update().clone();
            let opev = status.limits.slots.iter().find(|slot| slot.source == Source::Opev);
            let picture = (status.offered[Phase::L1].0, opev.map(|slot| slot.reason));
            if seen.last() != Some(&picture) {
                seen.push(picture);
            }
        }
        seen
    });
    let mut again = Manager::start(identity(), &charger).await;
    again.sees(|seen| seen.is_bound).await;
    again.limit(16).await;
    offers(&charger, 16).await;
    sleep(SECONDS(30)).await;
    charger.end().await;
    let seen = observer.await.expect("it watches");
    let reasons: Vec<_> = seen.iter().map(|(_, reason)| *reason).collect();
    assert!(!reasons.contains(&Some(Reason::Opev(OpevReason::Lost))), "{seen:?}");
    assert!(reasons.contains(&Some(Reason::Opev(OpevReason::NotYetHeard))), "{seen:?}");
    let dips = seen.windows(2).filter(|w| w[1].0 < w[0].0).count();
    assert_eq!(dips, 1, "{seen:?}");
}
