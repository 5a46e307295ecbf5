//! The energy manager under test; the tool plays a charging station.

use core::time::Duration;

use super::{Case, secs};
use crate::device::{Action, Look};
use crate::tester::manager::{EV, EVSE, limit_entries, path};
use crate::tester::spine::{Address, Datagram, Relation, Spine, at, node_management};
use crate::tester::station::{Announced, Car, ev, expect_write, phase, plug, station, unplug};
use crate::tester::wire::View;
use crate::tester::{Step, fail, require};

const DISCOVERY: &str = "nodeManagementDetailedDiscoveryData";
const USE_CASES: &str = "nodeManagementUseCaseData";
const SUBSCRIPTION: &str = "nodeManagementSubscriptionRequestCall";
const BINDING: &str = "nodeManagementBindingRequestCall";

/// A charging station without a car that the manager has got to know.
async fn met(cx: &mut Case) -> Step<Spine> {
    let mut spine = cx.fresh_data(station("d:_n:Tester")).await?;
    spine.read_node(DISCOVERY).await?;
    spine.watch(secs(6)).await?;
    Ok(spine)
}

/// A car is plugged in and the manager has seen to it.
async fn with(cx: &mut Case, car: Car) -> Step<Spine> {
    let mut spine = met(cx).await?;
    plug(&mut spine, car).await?;
    spine.watch(secs(3)).await?;
    Ok(spine)
}

/// The manager finds the car and limits it, whatever the entry of its use cases looks like.
async fn finds_the_car(cx: &mut Case, announced: Announced) -> Step {
    let mut spine = with(cx, Car { announced, ..Car::PLAIN }).await?;
    let mark = spine.mark();
    cx.act(Action::Limit([9000; 3])).await?;
    let write = expect_write(&mut spine, mark, secs(5)).await?;
    let found = limit_entries(&write)?;
    require(found.len() == 3, format!("OPEV is used for the car: {found:?}"))?;
    let reads = |feature| {
        spine.log().iter().any(|d| d.classifier == "read" && d.destination == at(EV, feature))
    };
    require(reads(ev::CONFIGURATION), "EVCC is used for the car")?;
    require(reads(ev::MEASUREMENT), "EVCEM is used for the car")
}

pub(super) async fn em_gen_016(cx: &mut Case) -> Step {
    finds_the_car(cx, Announced::AtStation).await
}

pub(super) async fn em_gen_017(cx: &mut Case) -> Step {
    finds_the_car(cx, Announced::Nowhere).await
}

pub(super) async fn em_evsecc_008(cx: &mut Case) -> Step {
    let mut tool = station("d:_n:Tester");
    tool.rename_actor(EVSE, "EV");
    let mut spine = cx.fresh_data(tool).await?;
    spine.read_node(DISCOVERY).await?;
    spine.watch(secs(10)).await?;
    for function in ["deviceClassificationManufacturerData", "deviceDiagnosisStateData"] {
        let is_read =
            spine.log().iter().any(|d| d.is("read", function) && d.destination.entity == EVSE);
        require(is_read, format!("{function} of the charging station is read"))?;
    }
    Ok(())
}

/// Whether a call asks for a relation to this feature of the tool.
fn asks_for(call: &Datagram, entity: &[u64], feature: u64) -> bool {
    let request =
        call.data().at("subscriptionRequest").or_else(|| call.data().at("bindingRequest"));
    let server = request.and_then(|request| request.at("serverAddress"));
    call.classifier == "call"
        && path(server).as_deref() == Some(entity)
        && server.and_then(|server| server.number("feature")) == Some(feature)
}

pub(super) async fn em_gen_015(cx: &mut Case) -> Step {
    let mut spine = met(cx).await?;
    let mark = spine.mark();
    plug(&mut spine, Car::PLAIN).await?;
    spine.watch(secs(2)).await?;
    for feature in [ev::LOAD_CONTROL, ev::MEASUREMENT] {
        let log = &spine.log()[mark..];
        let is_subscribed =
            log.iter().any(|d| d.function == SUBSCRIPTION && asks_for(d, EV, feature));
        require(is_subscribed, format!("feature {feature} of the EV is subscribed within 2 s"))?;
        let is_read =
            log.iter().any(|d| d.classifier == "read" && d.destination == at(EV, feature));
        require(is_read, format!("feature {feature} of the EV is read within 2 s"))?;
    }
    unplug(&mut spine).await?;
    spine.watch(secs(1)).await?;
    let mark = spine.mark();
    spine.watch(secs(30)).await?;
    match spine.log()[mark..].iter().find(|d| d.destination.entity == EV) {
        Some(stray) => fail(format!("a message to a car that has gone: {stray}")),
        None => Ok(()),
    }
}

pub(super) async fn em_gen_018(cx: &mut Case) -> Step {
    let mut spine = cx.fresh_data(station("d:_n:Tester")).await?;
    let read = spine.expect(0, secs(10), "a discovery read", |d| d.is("read", DISCOVERY)).await?;
    // It was answered at once; the manager does not know yet whether the tool knows it.
    spine.watch(secs(1)).await?;
    let has_use_case_read = spine.log().iter().any(|d| d.is("read", USE_CASES));
    require(has_use_case_read, "the use cases are read within 1 s after the discovery")?;
    let own = |d: &Datagram| asks_for(d, &[0], 0);
    spine.watch(secs(3)).await?;
    let early = spine.log().iter().find(|d| d.classifier == "call" && !own(d));
    if let Some(early) = early {
        return fail(format!("a relation before the tool knows the manager: {early}"));
    }
    require(read.destination == node_management(), "the discovery read goes to [0]/0")?;
    spine.read_node(DISCOVERY).await?;
    let what = "the subscription of NodeManagement";
    spine.expect(0, secs(5), what, own).await.map(drop)
}

pub(super) async fn em_opev_035(cx: &mut Case) -> Step {
    let mut spine = with(cx, Car::PLAIN).await?;
    let mark = spine.mark();
    cx.act(Action::Limit([9000; 3])).await?;
    let write = expect_write(&mut spine, mark, secs(5)).await?;
    let before: Vec<_> = spine.log().iter().take_while(|d| d.counter != write.counter).collect();
    for call in [SUBSCRIPTION, BINDING] {
        let is_there =
            before.iter().any(|d| d.function == call && asks_for(d, EV, ev::LOAD_CONTROL));
        require(is_there, format!("{call} comes before the write"))?;
    }
    require(write.wants_ack, "the write asks for a result")?;
    let expected = [(1, true, 9000), (2, true, 9000), (3, true, 9000)];
    let found = limit_entries(&write)?;
    require(found == expected, format!("one write for all phases: {found:?}"))
}

pub(super) async fn em_opev_036(cx: &mut Case) -> Step {
    let mut spine = met(cx).await?;
    let mark = spine.mark();
    plug(&mut spine, Car::PLAIN).await?;
    let write = expect_write(&mut spine, mark, secs(30)).await?;
    let found = limit_entries(&write)?;
    let are_released = found.len() == 3 && found.iter().all(|(_, is_active, _)| !is_active);
    require(are_released, format!("every phase is released once: {found:?}"))
}

/// Limits are joined to phases by measurementId, not by their order.
const SHUFFLED: Car =
    Car { phases: [phase(23, 12, 5), phase(25, 13, 6), phase(21, 11, 4)], ..Car::PLAIN };

pub(super) async fn em_opev_037(cx: &mut Case) -> Step {
    let mut spine = with(cx, SHUFFLED).await?;
    let mark = spine.mark();
    cx.act(Action::Limit([6000, 10_000, 16_000])).await?;
    let write = expect_write(&mut spine, mark, secs(5)).await?;
    let found = limit_entries(&write)?;
    let value = |id| found.iter().find(|entry| entry.0 == id).copied();
    let a_and_b = value(23) == Some((23, true, 6000)) && value(25) == Some((25, true, 10_000));
    // 16 A is the most there is, so that c may be released instead.
    let c = matches!(value(21), Some((_, false, _) | (_, true, 16_000)));
    require(a_and_b && c, format!("6, 10, 16 A for the phases 23, 25, 21: {found:?}"))
}

pub(super) async fn em_opev_038(cx: &mut Case) -> Step {
    let mut spine = with(cx, Car::PLAIN).await?;
    let mark = spine.mark();
    cx.act(Action::Limit([3000; 3])).await?;
    let write = expect_write(&mut spine, mark, secs(5)).await?;
    let found = limit_entries(&write)?;
    let is_sound =
        |(_, is_active, value): &(u64, bool, i64)| *is_active && (*value == 100 || *value >= 6000);
    require(found.iter().all(is_sound), format!("a pause or the minimum, never 3 A: {found:?}"))
}

pub(super) async fn em_opev_039(cx: &mut Case) -> Step {
    let mut spine = with(cx, Car { pause: None, ..Car::PLAIN }).await?;
    let mark = spine.mark();
    cx.act(Action::Limit([8000; 3])).await?;
    let write = expect_write(&mut spine, mark, secs(5)).await?;
    let found = limit_entries(&write)?;
    let is_8 = found.len() == 3 && found.iter().all(|entry| entry.1 && entry.2 == 8000);
    require(is_8, format!("8 A unchanged: {found:?}"))
}

pub(super) async fn em_opev_040(cx: &mut Case) -> Step {
    let mut spine = with(cx, Car::PLAIN).await?;
    let discovery = spine.read_node(DISCOVERY).await?;
    let guard = heartbeat_server(discovery.data())?;
    let client = at(EV, ev::GENERIC);
    spine.establish(Relation::Subscription, &client, &guard, "DeviceDiagnosis").await?;
    let mark = spine.mark();
    let began = tokio::time::Instant::now();
    spine.watch(secs(30)).await?;
    let (mut last, mut counter) = (began, None);
    for beat in &spine.log()[mark..] {
        if !beat.is("notify", "deviceDiagnosisHeartbeatData") {
            continue;
        }
        let gap = beat.at.duration_since(last);
        require(gap <= secs(4), format!("a beat at least every 4 s, not {gap:?}"))?;
        last = beat.at;
        let next = beat.data().number("heartbeatCounter");
        require(next.is_some() && next > counter, format!("the counter rises: {beat}"))?;
        counter = next;
        let timeout = beat.data().text("heartbeatTimeout").unwrap_or_default();
        let is_short = matches!(timeout, "PT1S" | "PT2S" | "PT3S" | "PT4S" | "PT4.0S");
        require(is_short, format!("a timeout of at most 4 s: {beat}"))?;
    }
    let gap = (began + secs(30)).duration_since(last);
    require(gap <= secs(4), format!("beats until the end, the last {gap:?} before"))
}

/// The feature of a CEM that beats.
fn heartbeat_server(discovery: View<'_>) -> Step<Address> {
    let found = discovery.list("featureInformation").find_map(|entry| {
        let beats = entry
            .list("description.supportedFunction")
            .any(|f| f.text("function") == Some("deviceDiagnosisHeartbeatData"));
        let address = entry.at("description.featureAddress")?;
        let entity = path(Some(address))?;
        beats.then(|| address.number("feature").map(|feature| at(&entity, feature))).flatten()
    });
    found.map_or_else(|| fail(format!("nothing beats: {discovery}")), Ok)
}

pub(super) async fn em_opev_045(cx: &mut Case) -> Step {
    let mut spine = with(cx, Car::PLAIN).await?;
    unplug(&mut spine).await?;
    spine.watch(secs(2)).await?;
    plug(&mut spine, SHUFFLED).await?;
    spine.watch(secs(3)).await?;
    let mark = spine.mark();
    cx.act(Action::Limit([10_000; 3])).await?;
    let write = expect_write(&mut spine, mark, secs(5)).await?;
    let mut ids: Vec<_> = limit_entries(&write)?.into_iter().map(|(id, ..)| id).collect();
    ids.sort_unstable();
    require(ids == [21, 23, 25], format!("the new identifiers: {ids:?}"))
}

/// The car tells currents of these phases in milliamperes, as number and scale.
async fn measure(spine: &mut Spine, is_partial: bool, values: &[(u64, i64, i64)]) -> Step {
    let entries = values.iter().map(|(id, number, scale)| {
        format!(
            r#"[{{"measurementId":{id}}},{{"valueType":"value"}},{{"value":[{{"number":{number}}},{{"scale":{scale}}}]}},{{"valueSource":"measuredValue"}}]"#
        )
    });
    let entries = entries.collect::<Vec<_>>().join(",");
    let filter =
        r#"{"function":"measurementListData"},{"filter":[[{"cmdControl":[{"partial":[]}]}]]},"#;
    let filter = if is_partial { filter } else { "" };
    let cmd = format!(r#"{filter}{{"measurementListData":[{{"measurementData":[{entries}]}}]}}"#);
    if spine.notify(&at(EV, ev::MEASUREMENT), &cmd, None).await.is_none() {
        return fail("the manager has not subscribed to the car's measurements");
    }
    spine.watch(Duration::from_millis(500)).await
}

/// The manager takes this for the currents of the phases.
async fn require_seen(cx: &mut Case, expected: [u32; 3]) -> Step {
    let seen = cx.look(Look::Measured).await?;
    require(seen == expected, format!("the manager sees {expected:?} mA: {seen:?}"))
}

pub(super) async fn em_evcem_010(cx: &mut Case) -> Step {
    let mut spine = with(cx, Car::PLAIN).await?;
    measure(&mut spine, false, &[(1, 1002, -2), (2, 1002, -2), (3, 1002, -2)]).await?;
    require_seen(cx, [10_020; 3]).await
}

pub(super) async fn em_evcem_011(cx: &mut Case) -> Step {
    let mut spine = with(cx, Car::PLAIN).await?;
    measure(&mut spine, false, &[(1, 10, 0), (2, 11, 0), (3, 12, 0)]).await?;
    measure(&mut spine, true, &[(1, 7, 0)]).await?;
    require_seen(cx, [7000, 11_000, 12_000]).await
}

pub(super) async fn em_evcem_012(cx: &mut Case) -> Step {
    let mut spine = with(cx, SHUFFLED).await?;
    measure(&mut spine, false, &[(11, 3, 0), (12, 1, 0), (13, 2, 0)]).await?;
    require_seen(cx, [1000, 2000, 3000]).await
}

pub(super) async fn em_evcem_013(cx: &mut Case) -> Step {
    let mut spine = with(cx, Car { counts_phases: false, ..Car::PLAIN }).await?;
    measure(&mut spine, false, &[(1, 8, 0), (2, 8, 0), (3, 8, 0)]).await?;
    require_seen(cx, [8000; 3]).await?;
    let mark = spine.mark();
    cx.act(Action::Limit([9000; 3])).await?;
    let write = expect_write(&mut spine, mark, secs(5)).await?;
    let found = limit_entries(&write)?;
    require(found.len() == 3, format!("the car is limited on its phases: {found:?}"))
}
