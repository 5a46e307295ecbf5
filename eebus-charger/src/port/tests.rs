//! The port task with its hub: on tokio's paused clock, and once in a real thread.

use std::sync::mpsc::{self, RecvTimeoutError};

use ship::Ski;

use super::*;
use crate::core::charger::OpevCeiling;
use crate::core::failsafe::Trust;
use crate::core::limits::OpevReason;
use crate::core::pilot::LEAST;
use crate::core::state::ChargeState;
use crate::core::units::{MilliAmps, PhaseCurrents};
use crate::hardware::simulator::{PilotChange, Setup, Simulator};
use crate::store::{Memory, StateDir};

struct Bench {
    _place: tempfile::TempDir,
    notebook: Notebook,
    port: Port<Simulator>,
    hub: Hub,
    handle: Handle,
    pilot: mpsc::Receiver<PilotChange>,
}

fn bench() -> Bench {
    let place = tempfile::tempdir().expect("a temporary directory");
    let dir = StateDir::open(place.path()).expect("it is free");
    let notebook = Notebook::open(dir).expect("it is empty");
    let clock = Clock::start();
    let setup = Setup::default();
    let mut board = Simulator::new(setup, clock.now());
    let (changes, pilot) = mpsc::channel();
    board.watch(Box::new(move |change| {
        let _ = changes.send(change);
    }));
    let config = config(setup.capabilities, setup.supply, &Settings::default(), &notebook);
    let (port, hub, handle) = assemble(config, board, notebook.clone(), clock);
    Bench { _place: place, notebook, port, hub, handle, pilot }
}

fn ceiling(amps: u32) -> OpevCeiling {
    let limit = Some(PhaseCurrents::uniform(MilliAmps::amps(amps)));
    OpevCeiling { limit, reason: OpevReason::Limit, until: None }
}

async fn reaches(handle: &Handle, state: ChargeState) -> Arc<Status> {
    let mut watch = handle.watch();
    let reached = watch.wait_for(|status| status.state == state);
    let reached = tokio::time::timeout(Duration::from_secs(60), reached).await;
    let status = reached.expect("in time").expect("the hub runs");
    Arc::clone(&status)
}

#[tokio::test(start_paused = true)]
async fn the_charger_charges_and_follows_a_limit_on_a_paused_clock() {
    let Bench { port, hub, handle, notebook, _place, .. } = bench();
    let driven = tokio::spawn(port.drive());
    tokio::spawn(hub.run());

    let status = reaches(&handle, ChargeState::Charging).await;
    let session = status.session.expect("a vehicle is connected").id;
    let memory = Memory { next_session: session.0 + 1, ..Memory::default() };
    assert_eq!(notebook.memory(), memory);
    handle.state_opev(session, ceiling(10));
    let mut watch = handle.watch();
    let ten = PhaseCurrents::uniform(MilliAmps::amps(10));
    watch.wait_for(|status| status.offered == ten).await.expect("the hub runs");

    handle.pause();
    reaches(&handle, ChargeState::WaitLimit).await;
    handle.resume();
    reaches(&handle, ChargeState::Charging).await;
    handle.stop();
    driven.await.expect("it ends");
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_gone_leads_to_the_safe_current() {
    let Bench { port, hub, handle, pilot, _place, .. } = bench();
    let _driven = tokio::spawn(port.drive());
    let hub = tokio::spawn(hub.run());
    reaches(&handle, ChargeState::Charging).await;
    hub.abort();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let offers = |pilot: &mpsc::Receiver<PilotChange>| -> Vec<u32> {
        pilot.try_iter().map(|change| change.offered.0).collect()
    };
    assert_eq!(offers(&pilot), [16_000, 6_000]);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(offers(&pilot), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stalls_does_not_cap_the_offer() {
    let Bench { port, hub, handle, notebook, _place, .. } = bench();
    let _driven = tokio::spawn(port.drive());
    let _hub = tokio::spawn(hub.run());
    // A card that takes its time; the clock stands still for that unless it is moved.
    let (_release, held) = mpsc::channel::<()>();
    let (stalls, stalled) = oneshot::channel();
    let card = notebook.clone();
    tokio::spawn(async move {
        let stall = move |_: &mut Memory| {
            stalls.send(()).expect("the test waits for it");
            let _ = held.recv();
        };
        card.change(stall).await
    });
    stalled.await.expect("it stalls");
    for _ in 0..1_500 {
        tokio::time::advance(TICK).await;
        tokio::task::yield_now().await;
        assert_eq!(handle.status().trust, Trust::Fresh);
    }
    let status = handle.status();
    assert_eq!(status.state, ChargeState::Charging);
    assert_eq!(status.offered, PhaseCurrents::uniform(MilliAmps::amps(16)));
    assert_eq!(notebook.memory(), Memory::default(), "it is still stalled");
}

#[tokio::test(start_paused = true)]
async fn a_port_that_hangs_is_noticed() {
    let Bench { port, hub, handle, _place, .. } = bench();
    let driven = tokio::spawn(port.drive());
    let hub = tokio::spawn(hub.run());
    reaches(&handle, ChargeState::Charging).await;
    driven.abort();
    let hung = tokio::time::Instant::now();
    let lost = hub.await.expect("it returns");
    assert_eq!(lost.expect_err("nothing else ends it"), PortLost);
    assert!(hung.elapsed() < Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_known_guard_is_remembered() {
    let Bench { port, hub, handle, notebook, _place, .. } = bench();
    tokio::spawn(port.drive());
    tokio::spawn(hub.run());
    let guard = Some(Ski::new([7; 20]));
    handle.set_guard_known(true);
    assert!(handle.is_guard_known());
    handle.keep_guard(guard).await.expect("it is written");
    assert_eq!(handle.guard(), guard);
    assert!(notebook.memory().guard_known);
    assert_eq!(notebook.dir().load().expect("it is read"), Some(notebook.memory()));
    let status = reaches(&handle, ChargeState::Charging).await;
    assert_eq!(status.offered, PhaseCurrents::uniform(LEAST));
    handle.set_guard_known(false);
    assert!(!handle.is_guard_known());
    handle.keep_guard(None).await.expect("it is written");
    assert_eq!(notebook.dir().load().expect("it is read"), Some(notebook.memory()));
    assert!(!notebook.memory().guard_known && handle.guard().is_none());
}

#[tokio::test]
async fn in_its_own_thread_a_limit_does_not_wait_for_the_tick() {
    let Bench { port, hub, handle, pilot, _place, .. } = bench();
    let ended = port.spawn().expect("there is a thread");
    let _hub = tokio::spawn(hub.run());
    let status = reaches(&handle, ChargeState::ReadyB2).await;
    let session = status.session.expect("a vehicle is connected").id;
    let wait = Duration::from_secs(1);
    assert_eq!(pilot.recv_timeout(wait).map(|change| change.offered.0), Ok(16_000));

    let mut slow = 0;
    for amps in [15, 14, 13, 12, 11, 10, 9, 8, 7, 6] {
        // Somewhere between two ticks.
        tokio::time::sleep(Duration::from_millis(23)).await;
        let stated = std::time::Instant::now();
        handle.state_opev(session, ceiling(amps));
        let change = pilot.recv_timeout(wait).expect("the pilot follows");
        assert_eq!(change.offered, MilliAmps::amps(amps));
        slow += u32::from(stated.elapsed() > Duration::from_millis(5));
    }
    assert!(slow < 5, "{slow} of 10 limits had to wait");

    handle.stop();
    ended.await.expect_err("the thread ends without a word");
    // The board keeps what it had: it is not above the safe current.
    assert_eq!(pilot.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Disconnected));
}
