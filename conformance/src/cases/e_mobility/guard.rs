//! Overload protection: the guard that falls silent, fails, goes and comes back (EM-OPEV).

use core::time::Duration;

use tokio::time::Instant;

use super::{
    CAR, Case, RAMP, about, all, all_the_time, at_most, charging, in_control, limit_to, manager,
    manager_as, plug, secs, settle, take_control, tool, unplug, until, write,
};
use crate::device::{Action, Look};
use crate::tester::manager::{Manager, path};
use crate::tester::spine::at;
use crate::tester::tool::{CEM, READ, UseCase, cem};
use crate::tester::{Step, fail, require};

/// The safe current that the cases assume: the default.
const SAFE: u32 = 6000;
/// After so much silence the safe current has to apply.
const SILENCE: Duration = secs(6);

/// A limit that is followed by a car that charges.
async fn followed(cx: &mut Case, milliamperes: u32) -> Step<(Manager, Vec<u64>)> {
    let (mut manager, limits) = charging(cx).await?;
    limit_to(&mut manager, &limits, i64::from(milliamperes)).await?;
    let what = "the limit is offered";
    until(cx, &mut manager, Look::Offered, secs(2), what, about(milliamperes)).await?;
    Ok((manager, limits))
}

pub(super) async fn em_opev_018(cx: &mut Case) -> Step {
    let (mut manager, limits) = followed(cx, 10_000).await?;
    // The last beat is at most 2 s old.
    let silent_since = Instant::now();
    manager.spine.stop_beating();
    let what = "not before 4 s of silence";
    all_the_time(cx, &mut manager, Look::Offered, secs(2), what, about(10_000)).await?;
    let what = "the safe current applies";
    let left = (silent_since + SILENCE).saturating_duration_since(Instant::now());
    until(cx, &mut manager, Look::Offered, left, what, at_most(SAFE)).await?;
    let stored = manager.stored().await?;
    let is_kept = limits.iter().all(|id| stored.contains(&(*id, true, 10_000)));
    require(is_kept, format!("the list still shows 10 A: {stored:?}"))
}

pub(super) async fn em_opev_019(cx: &mut Case) -> Step {
    let (mut manager, _) = charging(cx).await?;
    manager.spine.stop_beating();
    let what = "the safe current is drawn";
    until(cx, &mut manager, Look::Drawn, SILENCE + CAR, what, at_most(SAFE)).await?;
    all_the_time(cx, &mut manager, Look::Drawn, secs(20), what, at_most(SAFE)).await
}

pub(super) async fn em_opev_020(cx: &mut Case) -> Step {
    let (mut manager, limits) = followed(cx, 10_000).await?;
    manager.spine.stop_beating();
    until(cx, &mut manager, Look::Offered, SILENCE, "the safe current applies", at_most(SAFE))
        .await?;
    manager.beat();
    let what = "10 A are offered again, at the charger's pace";
    until(cx, &mut manager, Look::Offered, RAMP, what, about(10_000)).await?;
    manager.spine.ship.link.cut();
    // On a new connection the limits do not apply before the first write, or 60 s.
    let mut manager = settle(cx.fresh_data(tool()).await?).await?;
    manager.bind_limits().await?;
    manager.beat();
    let what = "at most the safe current without a write";
    all_the_time(cx, &mut manager, Look::Offered, secs(30), what, at_most(SAFE)).await?;
    limit_to(&mut manager, &limits, 10_000).await?;
    until(cx, &mut manager, Look::Offered, RAMP, "10 A are offered", about(10_000)).await
}

/// Tells the charger the guard's state.
async fn tell(manager: &mut Manager, state: &str) -> Step {
    let content = format!(r#"[{{"operatingState":"{state}"}}]"#);
    manager.spine.tool.serve(CEM, "deviceDiagnosisStateData", content.clone());
    let cmd = format!(r#"{{"deviceDiagnosisStateData":{content}}}"#);
    match manager.spine.notify(&at(CEM, cem::DIAGNOSIS), &cmd, None).await {
        Some(_) => Ok(()),
        None => fail("the charger has not subscribed to the guard's DeviceDiagnosis"),
    }
}

pub(super) async fn em_opev_021(cx: &mut Case) -> Step {
    let (mut manager, _) = followed(cx, 12_000).await?;
    tell(&mut manager, "failure").await?;
    let what = "the safe current applies";
    until(cx, &mut manager, Look::Offered, secs(2), what, at_most(SAFE)).await?;
    all_the_time(cx, &mut manager, Look::Offered, secs(20), what, at_most(SAFE)).await
}

pub(super) async fn em_opev_022(cx: &mut Case) -> Step {
    let (mut manager, _) = followed(cx, 12_000).await?;
    tell(&mut manager, "failure").await?;
    let what = "the safe current applies";
    until(cx, &mut manager, Look::Offered, secs(2), what, at_most(SAFE)).await?;
    tell(&mut manager, "normalOperation").await?;
    until(cx, &mut manager, Look::Offered, RAMP, "12 A are offered again", about(12_000)).await
}

/// Looks at the charger without a connection.
async fn alone(cx: &mut Case, time: Duration, what: &str, fits: impl Fn(&[u32]) -> bool) -> Step {
    let end = Instant::now() + time;
    loop {
        let seen = cx.look(Look::Offered).await?;
        if fits(&seen) {
            return Ok(());
        }
        if Instant::now() >= end {
            return fail(format!("not so after {time:?}: {what}; offered is {seen:?} mA"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(super) async fn em_opev_023(cx: &mut Case) -> Step {
    let (manager, _) = followed(cx, 12_000).await?;
    manager.spine.ship.link.cut();
    alone(cx, SILENCE, "the safe current applies", at_most(SAFE)).await?;
    tokio::time::sleep(secs(20)).await;
    let offered = cx.look(Look::Offered).await?;
    require(about(SAFE)(&offered), format!("charging goes on: {offered:?} mA"))
}

pub(super) async fn em_opev_024(cx: &mut Case) -> Step {
    let (mut manager, _) = followed(cx, 10_000).await?;
    unplug(cx, &mut manager).await?;
    plug(cx, &mut manager).await?;
    let stored = manager.stored().await?;
    let are_inactive = !stored.is_empty() && stored.iter().all(|(_, is_active, _)| !is_active);
    require(are_inactive, format!("no limit applies: {stored:?}"))?;
    let what = "at most the safe current until a write";
    all_the_time(cx, &mut manager, Look::Offered, secs(40), what, at_most(SAFE)).await
}

pub(super) async fn em_opev_025(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    // The charger knows its guard from an earlier session.
    plug(cx, &mut manager).await?;
    take_control(&mut manager).await?;
    unplug(cx, &mut manager).await?;
    manager.spine.watch(secs(5)).await?;
    plug(cx, &mut manager).await?;
    manager.bind_limits().await?;
    manager.spine.watch(secs(3)).await?;
    let limits = manager.limits().await?;
    let offered = cx.look(Look::Offered).await?;
    require(at_most(SAFE)(&offered), format!("the safe current before the write: {offered:?}"))?;
    write(&mut manager, &all(&limits, false, (0, 0))).await?;
    until(cx, &mut manager, Look::Offered, RAMP, "16 A are offered", about(16_000)).await
}

pub(super) async fn em_opev_026(cx: &mut Case) -> Step {
    let (mut manager, _) = followed(cx, 10_000).await?;
    manager.spine.start_beating(Duration::from_millis(3900), "PT4S");
    let what = "a beat every 3.9 s is enough";
    all_the_time(cx, &mut manager, Look::Offered, secs(60), what, about(10_000)).await
}

pub(super) async fn em_opev_027(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    plug(cx, &mut manager).await?;
    manager.spine.watch(secs(5)).await?;
    subscribes_to_the_guard(&manager, CEM)?;
    let is_read = manager.spine.log().iter().any(|d| {
        d.is("read", "deviceDiagnosisHeartbeatData") && d.destination == at(CEM, cem::DIAGNOSIS)
    });
    require(is_read, "the heartbeat is read once")
}

/// The charger subscribes to the DeviceDiagnosis of this entity, and of no other.
fn subscribes_to_the_guard(manager: &Manager, guard: &[u64]) -> Step {
    let subscribed: Vec<_> = manager
        .spine
        .log()
        .iter()
        .filter(|d| d.is("call", "nodeManagementSubscriptionRequestCall"))
        .filter(|d| {
            d.data().text("subscriptionRequest.serverFeatureType") == Some("DeviceDiagnosis")
        })
        .filter_map(|d| path(d.data().at("subscriptionRequest.serverAddress")))
        .collect();
    let is_right = !subscribed.is_empty() && subscribed.iter().all(|entity| entity == guard);
    require(is_right, format!("the heartbeat of {guard:?} is subscribed: {subscribed:?}"))
}

pub(super) async fn em_opev_028(cx: &mut Case) -> Step {
    let mut tool = tool();
    let other = &[2];
    tool.entity(other, "CEM");
    let functions = [("deviceDiagnosisStateData", READ), ("deviceDiagnosisHeartbeatData", READ)];
    tool.feature(other, 1, "DeviceDiagnosis", "server").functions(&functions);
    let lpc = UseCase("limitationOfPowerConsumption", "1.0.0", &[1, 2, 3, 4]);
    tool.actor(other, "EnergyGuard", vec![lpc]);
    let mut manager = manager_as(cx, tool).await?;
    plug(cx, &mut manager).await?;
    manager.spine.watch(secs(5)).await?;
    subscribes_to_the_guard(&manager, CEM)
}

pub(super) async fn em_opev_029(cx: &mut Case) -> Step {
    let (mut manager, _) = in_control(cx).await?;
    let cmd = r#"{"deviceDiagnosisHeartbeatData":[{"timestamp":"2026-05-04T10:00:00.0Z"},{"heartbeatCounter":1},{"heartbeatTimeout":"PT4S"},{"qwzkxjvyhbgnmtr":"testData"}]}"#;
    let source = at(CEM, cem::DIAGNOSIS);
    let mut sent = Vec::new();
    for _ in 0..2 {
        sent.extend(manager.spine.notify(&source, cmd, None).await);
    }
    require(!sent.is_empty(), "the charger has subscribed to the heartbeat")?;
    manager.spine.watch(secs(5)).await?;
    let answer =
        manager.spine.log().iter().find(|d| d.reference.is_some_and(|n| sent.contains(&n)));
    match answer {
        Some(answer) => fail(format!("a heartbeat was answered: {answer}")),
        None => Ok(()),
    }
}

pub(super) async fn em_opev_030(cx: &mut Case) -> Step {
    let mut tool = tool();
    tool.rename_actor(CEM, "EnergyGuard");
    let mut manager = manager_as(cx, tool).await?;
    plug(cx, &mut manager).await?;
    let limits = take_control(&mut manager).await?;
    limit_to(&mut manager, &limits, 9000).await?;
    until(cx, &mut manager, Look::Offered, RAMP, "9 A are offered", about(9000)).await?;
    let what = "9 A stay";
    all_the_time(cx, &mut manager, Look::Offered, secs(10), what, about(9000)).await
}

pub(super) async fn em_opev_034(cx: &mut Case) -> Step {
    cx.act(Action::Plug).await?;
    alone(cx, RAMP, "16 A are offered without any guard", about(16_000)).await
}
