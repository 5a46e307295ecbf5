//! What the charger says of itself, and of a car that comes and goes (EM-GEN).

use core::time::Duration;

use super::{
    Case, DISCOVERY, LIMITS, USE_CASES, about, all, at_most, is_change, limit_to, manager, plug,
    secs, settle, take_control, tool, unplug, until, with_car,
};
use crate::device::{Action, Look};
use crate::tester::identity::Identity;
use crate::tester::manager::{EV, EVSE, Manager, path};
use crate::tester::spine::{Datagram, Relation, Spine, at};
use crate::tester::tool::{CEM, Tool, cem};
use crate::tester::wire::View;
use crate::tester::{Step, Stop, fail, require};

/// The addresses of the entities, in the order of the document.
fn entities(discovery: View<'_>) -> Vec<Vec<u64>> {
    let entries = discovery.list("entityInformation");
    entries.filter_map(|entry| path(entry.at("description.entityAddress"))).collect()
}

/// The features of an entity: number, type and role.
fn features(discovery: View<'_>, entity: &[u64]) -> Vec<(u64, String, String)> {
    let mut found: Vec<_> = discovery
        .list("featureInformation")
        .filter(|f| path(f.at("description.featureAddress")).as_deref() == Some(entity))
        .filter_map(|f| {
            Some((
                f.number("description.featureAddress.feature")?,
                f.text("description.featureType")?.to_owned(),
                f.text("description.role")?.to_owned(),
            ))
        })
        .collect();
    found.sort();
    found
}

pub(super) async fn em_gen_001(cx: &mut Case) -> Step {
    let mut spine = cx.fresh_data(tool()).await?;
    let asked = tokio::time::Instant::now();
    let discovery = spine.read_node(DISCOVERY).await?;
    require(discovery.at.duration_since(asked) <= secs(2), "the reply comes within 2 s")?;
    let found = entities(discovery.data());
    require(found == [vec![0], EVSE.to_vec()], format!("[0] and [1] exist: {found:?}"))?;
    let kinds = discovery.data().list("entityInformation");
    let kinds: Vec<_> = kinds.filter_map(|e| e.text("description.entityType")).collect();
    require(kinds == ["DeviceInformation", "EVSE"], format!("their types: {kinds:?}"))?;
    for entry in discovery.data().list("entityInformation") {
        let has_device = entry.at("description.entityAddress.device").is_some();
        require(!has_device, format!("no device in {entry}"))?;
    }
    for entry in discovery.data().list("featureInformation") {
        let is_complete = ["featureAddress", "featureType", "role"]
            .iter()
            .all(|name| entry.at(&format!("description.{name}")).is_some());
        require(is_complete, format!("address, type and role in {entry}"))?;
        let has_device = entry.at("description.featureAddress.device").is_some();
        require(!has_device, format!("no device in {entry}"))?;
        if entry.text("description.role") == Some("server") {
            let functions: Vec<_> = entry.list("description.supportedFunction").collect();
            let are_complete = functions
                .iter()
                .all(|f| f.at("function").is_some() && f.at("possibleOperations").is_some());
            require(!functions.is_empty() && are_complete, format!("functions in {entry}"))?;
        }
    }
    Ok(())
}

pub(super) async fn em_gen_002(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    let plugged = tokio::time::Instant::now();
    let added = plug(cx, &mut manager).await?;
    require(added.at.duration_since(plugged) <= secs(1), "the notify comes within 1 s")?;
    require(added.cmd().text("function") == Some(DISCOVERY), "it names its function")?;
    require(added.is_partial(), "it is partial")?;
    let changed: Vec<_> = added.data().list("entityInformation").collect();
    let [entry] = changed[..] else { return fail(format!("not one entity: {added}")) };
    require(entry.text("description.entityType") == Some("EV"), "it is an EV")?;
    let announced = features(added.data(), EV);
    let read = features(manager.discovery(), EV);
    require(!read.is_empty(), "the EV has features")?;
    require(announced == read, format!("all features are announced: {announced:?}, {read:?}"))
}

/// Actor, entity and use cases of each entry.
fn actors(use_cases: View<'_>) -> Vec<(String, Vec<u64>, Vec<String>)> {
    let entries = use_cases.list("useCaseInformation");
    entries
        .filter_map(|entry| {
            let names = entry.list("useCaseSupport");
            let names = names.filter_map(|s| s.text("useCaseName").map(str::to_owned)).collect();
            Some((entry.text("actor")?.to_owned(), path(entry.at("address"))?, names))
        })
        .collect()
}

pub(super) async fn em_gen_003(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    let mark = manager.spine.mark();
    plug(cx, &mut manager).await?;
    let log = &manager.spine.log()[mark..];
    let added = log.iter().position(|d| is_change(d, "added"));
    let told = log.iter().rposition(|d| d.is("notify", USE_CASES));
    let (Some(added), Some(told)) = (added, told) else {
        return fail("no notify of the use cases");
    };
    require(told > added, "the use cases follow the discovery")?;
    let actors = actors(log[told].data());
    let ev = actors.iter().find(|(actor, entity, _)| actor == "EV" && entity == EV);
    let Some((_, _, names)) = ev else {
        return fail(format!("no actor EV on [1, 1]: {actors:?}"));
    };
    for name in [
        "evCommissioningAndConfiguration",
        "measurementOfElectricityDuringEvCharging",
        "overloadProtectionByEvChargingCurrentCurtailment",
    ] {
        require(names.iter().any(|n| n == name), format!("{name} among {names:?}"))?;
    }
    let evse = actors.iter().any(|(actor, entity, _)| actor == "EVSE" && entity == EVSE);
    require(evse, format!("the actor EVSE stays on [1]: {actors:?}"))
}

pub(super) async fn em_gen_004(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    let added = plug(cx, &mut manager).await?;
    let found = entities(manager.discovery());
    let expected = [vec![0], EVSE.to_vec(), EV.to_vec()];
    require(found == expected, format!("the entities are {expected:?}: {found:?}"))?;
    let (announced, read) = (features(added.data(), EV), features(manager.discovery(), EV));
    require(announced == read, format!("the same features: {announced:?}, {read:?}"))
}

pub(super) async fn em_gen_005(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let feature = manager.server(EV, "Measurement")?;
    let mark = manager.spine.mark();
    let unplugged = tokio::time::Instant::now();
    let removed = unplug(cx, &mut manager).await?;
    require(removed.at.duration_since(unplugged) <= secs(1), "the notify comes within 1 s")?;
    require(removed.is_partial(), "it is partial")?;
    let log = &manager.spine.log()[mark..];
    let told = log.iter().rfind(|d| d.is("notify", USE_CASES));
    let Some(told) = told else { return fail("no notify of the use cases") };
    let is_gone = actors(told.data()).iter().all(|(_, entity, _)| entity != EV);
    require(is_gone, format!("no use case of [1, 1]: {}", told.data()))?;
    let spine = &mut manager.spine;
    let counter = spine.ask(at(CEM, cem::GENERIC), feature, "measurementListData").await;
    require(spine.expect_result(counter).await? > 0, "the feature is gone")
}

pub(super) async fn em_gen_006(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    for kind in ["Measurement", "LoadControl", "DeviceDiagnosis"] {
        manager.subscribe(EV, kind).await?;
    }
    unplug(cx, &mut manager).await?;
    let mark = manager.spine.mark();
    plug(cx, &mut manager).await?;
    manager.spine.watch(secs(30)).await?;
    let stray = manager.spine.log()[mark..]
        .iter()
        .find(|d| d.classifier == "notify" && d.source.entity == EV);
    if let Some(stray) = stray {
        return fail(format!("a notify without a subscription: {stray}"));
    }
    let table = manager.spine.read_node("nodeManagementSubscriptionData").await?;
    let is_there = table
        .data()
        .list("subscriptionEntry")
        .any(|e| path(e.at("serverAddress")).as_deref() == Some(EV));
    require(!is_there, format!("no subscription of [1, 1]: {}", table.data()))
}

pub(super) async fn em_gen_007(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let limits = take_control(&mut manager).await?;
    limit_to(&mut manager, &limits, 10_000).await?;
    unplug(cx, &mut manager).await?;
    plug(cx, &mut manager).await?;
    let stored = manager.stored().await?;
    require(!stored.is_empty(), "there are limits")?;
    let are_inactive = stored.iter().all(|(_, is_active, _)| !is_active);
    require(are_inactive, format!("no limit of the last session applies: {stored:?}"))
}

pub(super) async fn em_gen_008(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    let mark = manager.spine.mark();
    cx.act(Action::Plug).await?;
    manager.spine.watch(Duration::from_millis(400)).await?;
    cx.act(Action::Unplug).await?;
    manager.spine.watch(secs(5)).await?;
    require_pairs(&manager.spine.log()[mark..])?;
    manager.refresh().await?;
    require(!manager.has_entity(EV), "no EV is left")
}

/// Discovery notifies name one entity each, added and removed in turn; how many.
fn require_pairs(log: &[Datagram]) -> Step<usize> {
    let notifies: Vec<_> = log.iter().filter(|d| d.is("notify", DISCOVERY)).collect();
    for (i, notify) in notifies.iter().enumerate() {
        let count = notify.data().list("entityInformation").count();
        require(count == 1, format!("one entity in each notify: {notify}"))?;
        let expected = if i % 2 == 0 { "added" } else { "removed" };
        require(is_change(notify, expected), format!("expected {expected}: {notify}"))?;
    }
    require(notifies.len() % 2 == 0, "every car that came has gone")?;
    Ok(notifies.len())
}

pub(super) async fn em_gen_009(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    let mark = manager.spine.mark();
    for _ in 0..2 {
        cx.act(Action::Plug).await?;
        manager.spine.watch(secs(5)).await?;
        cx.act(Action::Unplug).await?;
        manager.spine.watch(secs(3)).await?;
    }
    let count = require_pairs(&manager.spine.log()[mark..])?;
    require(count == 4, format!("two cars came and went, {count} notifies"))
}

pub(super) async fn em_gen_010(cx: &mut Case) -> Step {
    let manager = with_car(cx).await?;
    manager.spine.ship.link.cut();
    let mut spine = cx.fresh_data(tool()).await?;
    // The tool has not read anything yet; the charger may know its NodeManagement only.
    spine.watch(secs(1)).await?;
    let early = spine.log().iter().find(|d| {
        let request = d.data().at("subscriptionRequest").or(d.data().at("bindingRequest"));
        d.classifier == "call"
            && request
                .is_some_and(|r| r.at("clientAddress").and_then(|a| path(Some(a))) != Some(vec![0]))
    });
    if let Some(early) = early {
        return fail(format!("a relation before the tool has read the discovery: {early}"));
    }
    let mut manager = settle(spine).await?;
    require(manager.has_entity(EV), "the EV is part of the discovery")?;
    let readable = readable(&manager, EV);
    read_all(&mut manager, readable).await
}

/// The functions of an entity that can be read: kind of feature and function.
fn readable(manager: &Manager, entity: &[u64]) -> Vec<(String, String)> {
    let servers = features(manager.discovery(), entity).into_iter().filter(|f| f.2 == "server");
    let mut found = Vec::new();
    for (number, kind, _) in servers {
        for (function, is_readable) in manager.functions(&at(entity, number)) {
            if is_readable {
                found.push((kind.clone(), function));
            }
        }
    }
    found
}

async fn read_all(manager: &mut Manager, functions: Vec<(String, String)>) -> Step {
    require(!functions.is_empty(), "there is something to read")?;
    for (kind, function) in functions {
        let asked = tokio::time::Instant::now();
        let reply = manager.read(EV, &kind, &function).await?;
        let taken = reply.at.duration_since(asked);
        require(taken <= secs(2), format!("{function} is answered within 2 s: {taken:?}"))?;
        require(!has_empty_list(reply.data(), true), format!("no empty list: {reply}"))?;
    }
    Ok(())
}

/// Whether a list is present and empty. What may be empty as a whole is the function itself, and
/// an operation.
fn has_empty_list(view: View<'_>, is_function: bool) -> bool {
    let Some(members) = view.0.as_array() else { return false };
    if members.is_empty() {
        return !is_function;
    }
    members.iter().any(|member| match member.as_object() {
        Some(object) => object.values().any(|inner| has_empty_list(View(inner), false)),
        None => has_empty_list(View(member), false),
    })
}

pub(super) async fn em_gen_011(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let server = manager.server(EV, "LoadControl")?;
    let client = at(CEM, cem::GENERIC);
    manager.spine.establish(Relation::Binding, &client, &server, "LoadControl").await?;
    manager.beat();
    let limits = manager.limits().await?;
    let counter = manager.send_limits(client, &all(&limits, true, (10, 0))).await?;
    let number = manager.spine.expect_result(counter).await?;
    require(number == 0, format!("a write from the bound Generic client: result {number}"))
}

pub(super) async fn em_gen_012(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let server = manager.server(EV, "LoadControl")?;
    let client = at(CEM, cem::LOAD_CONTROL);
    let spine = &mut manager.spine;
    let first = spine.relate(Relation::Subscription, &client, &server, Some("LoadControl")).await?;
    require(first == 0, format!("the first request: result {first}"))?;
    spine.relate(Relation::Subscription, &client, &server, Some("LoadControl")).await?;
    spine.establish(Relation::Binding, &client, &server, "LoadControl").await?;
    manager.beat();
    let limits = manager.limits().await?;
    let mark = manager.spine.mark();
    limit_to(&mut manager, &limits, 10_000).await?;
    manager.spine.watch(secs(3)).await?;
    let notifies = manager.spine.log()[mark..].iter().filter(|d| d.is("notify", LIMITS)).count();
    require(notifies == 1, format!("one notify for one change, not {notifies}"))
}

pub(super) async fn em_gen_013(cx: &mut Case) -> Step {
    let mut first = with_car(cx).await?;
    let limits = take_control(&mut first).await?;
    limit_to(&mut first, &limits, 10_000).await?;
    until(cx, &mut first, Look::Offered, secs(10), "10 A are offered", about(10_000)).await?;
    // The first manager goes on beating while the second one tries.
    tokio::select! {
        tried = rival(cx, &limits) => tried?,
        () = first.spine.pass(secs(600)) => return fail("the second manager gets no answer"),
    }
    first.spine.watch(secs(2)).await?;
    let stored = first.stored().await?;
    let is_kept =
        stored.iter().filter(|(id, ..)| limits.contains(id)).all(|l| l.1 && l.2 == 10_000);
    require(is_kept, format!("the first manager's limits stay: {stored:?}"))?;
    let offered = cx.look(Look::Offered).await?;
    require(about(10_000)(&offered) && at_most(10_000)(&offered), format!("{offered:?} mA"))
}

/// A second manager with another device: it is not bound, and its write is refused.
async fn rival(cx: &mut Case, limits: &[u64]) -> Step {
    let rival = Identity::fresh();
    cx.act(Action::Trust(rival.ski)).await?;
    let ship = cx.connect_as(&rival).await?.map_err(|r| Stop::Failed(r.to_string()))?;
    let ship = ship.up_to_data().await?;
    let mut second = settle(Spine::new(ship, Tool::energy_manager("d:_n:Rival"))).await?;
    let server = second.server(EV, "LoadControl")?;
    let client = at(CEM, cem::LOAD_CONTROL);
    let number =
        second.spine.relate(Relation::Binding, &client, &server, Some("LoadControl")).await?;
    require(number > 0, "a second manager is not bound")?;
    let counter = second.send_limits(client, &all(limits, true, (6, 0))).await?;
    require(second.spine.expect_result(counter).await? > 0, "its write is refused")
}

pub(super) async fn em_gen_014(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let functions = readable(&manager, EV);
    read_all(&mut manager, functions).await
}
