//! EV charging electricity measurement, and what is said of the state of charge.

use std::collections::BTreeSet;

use super::{
    Case, USE_CASES, about, charging, in_control, limit_to, plug, secs, unplug, until, with_car,
};
use crate::device::Look;
use crate::tester::manager::{EV, Manager};
use crate::tester::spine::Datagram;
use crate::tester::{Step, Stop, fail, require};

const DESCRIPTIONS: &str = "measurementDescriptionListData";
const MEASUREMENTS: &str = "measurementListData";
const PARAMETERS: &str = "electricalConnectionParameterDescriptionListData";
const CONNECTIONS: &str = "electricalConnectionDescriptionListData";

/// The identifiers of the measurements of a scope.
fn ids(descriptions: &Datagram, scope: &str) -> Vec<u64> {
    let list = descriptions.data().list("measurementDescriptionData");
    let list = list.filter(|d| d.text("scopeType") == Some(scope));
    list.filter_map(|d| d.number("measurementId")).collect()
}

/// How many phases the connection has.
async fn phases(manager: &mut Manager) -> Step<u64> {
    let connection = manager.read(EV, "ElectricalConnection", CONNECTIONS).await?;
    let mut list = connection.data().list("electricalConnectionDescriptionData");
    match list.next().and_then(|entry| entry.number("acConnectedPhases")) {
        Some(phases) => Ok(phases),
        None => fail(format!("acConnectedPhases is not told: {}", connection.data())),
    }
}

pub(super) async fn em_evcem_001(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let phases = phases(&mut manager).await?;
    let descriptions = manager.read(EV, "Measurement", DESCRIPTIONS).await?;
    let mut currents = 0;
    for entry in descriptions.data().list("measurementDescriptionData") {
        let of = |kind, unit, scope| {
            entry.text("measurementType") == Some(kind)
                && entry.text("commodityType") == Some("electricity")
                && entry.text("unit") == Some(unit)
                && entry.text("scopeType") == Some(scope)
        };
        let is_sound = match entry.text("measurementType") {
            Some("current") => {
                currents += 1;
                of("current", "A", "acCurrent")
            }
            Some("power") => of("power", "W", "acPower"),
            Some("energy") => of("energy", "Wh", "charge"),
            _ => true,
        };
        require(is_sound, format!("a measurement of the use case: {entry}"))?;
    }
    require(currents == phases, format!("{currents} currents for {phases} phases"))
}

pub(super) async fn em_evcem_002(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let descriptions = manager.read(EV, "Measurement", DESCRIPTIONS).await?;
    let parameters = manager.read(EV, "ElectricalConnection", PARAMETERS).await?;
    let list: Vec<_> =
        parameters.data().list("electricalConnectionParameterDescriptionData").collect();
    let position = |id: u64| list.iter().position(|p| p.number("measurementId") == Some(id));
    // What the vehicle tells of its battery has no place in the connection.
    let scopes = ["acCurrent", "acPower", "charge"];
    let measured = descriptions.data().list("measurementDescriptionData");
    for entry in measured.filter(|d| d.text("scopeType").is_some_and(|s| scopes.contains(&s))) {
        let Some(id) = entry.number("measurementId") else {
            return fail(format!("no measurementId: {entry}"));
        };
        let count = list.iter().filter(|p| p.number("measurementId") == Some(id)).count();
        require(count == 1, format!("one parameter description for {entry}, not {count}"))?;
    }
    let currents = ids(&descriptions, "acCurrent");
    let powers = ids(&descriptions, "acPower");
    for id in currents.iter().chain(&powers) {
        let parameter = position(*id).map(|at| list[at]).expect("it was counted");
        let phase = parameter.text("acMeasuredPhases").unwrap_or_default();
        let is_one = matches!(phase, "a" | "b" | "c")
            && parameter.text("acMeasuredInReferenceTo") == Some("neutral");
        require(is_one, format!("one phase against neutral: {parameter}"))?;
    }
    let last = currents.iter().filter_map(|id| position(*id)).max();
    let first = powers.iter().filter_map(|id| position(*id)).min();
    require(first.is_none_or(|first| last < Some(first)), "the currents come before the powers")
}

pub(super) async fn em_evcem_003(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let connection = manager.read(EV, "ElectricalConnection", CONNECTIONS).await?;
    let list: Vec<_> = connection.data().list("electricalConnectionDescriptionData").collect();
    let [entry] = list[..] else {
        return fail(format!("not one connection: {}", connection.data()));
    };
    let is_sound = entry.text("powerSupplyType") == Some("ac")
        && entry.text("positiveEnergyDirection") == Some("consume")
        && entry.number("acConnectedPhases") == Some(3);
    require(is_sound, format!("a connection of three phases: {entry}"))
}

/// The values in a measurement list, in thousandths, by identifier.
fn values(list: &Datagram) -> Vec<(u64, i64)> {
    let list = list.data().list("measurementData");
    list.filter_map(|entry| Some((entry.number("measurementId")?, entry.milli("value")?))).collect()
}

/// A notify with a value for each of these measurements.
fn tells_all(datagram: &Datagram, ids: &[u64]) -> bool {
    let told = values(datagram);
    datagram.is("notify", MEASUREMENTS) && ids.iter().all(|id| told.iter().any(|(t, _)| t == id))
}

/// In control of a car that charges at 10 A, subscribed to its measurements.
async fn measured_at_10_a(cx: &mut Case) -> Step<(Manager, Vec<u64>, Datagram)> {
    let (mut manager, limits) = in_control(cx).await?;
    manager.subscribe(EV, "Measurement").await?;
    limit_to(&mut manager, &limits, 10_000).await?;
    until(cx, &mut manager, Look::Drawn, secs(90), "the car draws 10 A", about(10_000)).await?;
    let descriptions = manager.read(EV, "Measurement", DESCRIPTIONS).await?;
    Ok((manager, limits, descriptions))
}

pub(super) async fn em_evcem_004(cx: &mut Case) -> Step {
    let (mut manager, _, descriptions) = measured_at_10_a(cx).await?;
    let currents = ids(&descriptions, "acCurrent");
    let powers = ids(&descriptions, "acPower");
    // The first values may be those of the ramp.
    manager.spine.watch(secs(10)).await?;
    let mark = manager.spine.mark();
    let mut last = tokio::time::Instant::now();
    let began = last;
    manager.spine.watch(secs(60)).await?;
    for notify in manager.spine.log()[mark..].iter().filter(|d| d.is("notify", MEASUREMENTS)) {
        for (id, value) in values(notify) {
            let of = |list: &[u64]| list.iter().position(|known| *known == id);
            if of(&currents).is_some() {
                let is_near = (value - 10_000).abs() <= 500;
                require(is_near, format!("within 5 % of 10 A: {value} mA"))?;
            } else if of(&powers).is_some() {
                let is_near = (value - 2_300_000).abs() <= 230_000;
                require(is_near, format!("power fits the current: {value} mW"))?;
            }
        }
        if tells_all(notify, &currents) {
            let gap = notify.at.duration_since(last);
            require(gap <= secs(10), format!("currents at least every 10 s, not {gap:?}"))?;
            last = notify.at;
        }
    }
    let gap = (began + secs(60)).duration_since(last);
    require(gap <= secs(10), format!("currents until the end, the last {gap:?} before"))
}

pub(super) async fn em_evcem_005(cx: &mut Case) -> Step {
    let (mut manager, limits, descriptions) = measured_at_10_a(cx).await?;
    let currents = ids(&descriptions, "acCurrent");
    manager.spine.watch(secs(5)).await?;
    let mark = manager.spine.mark();
    limit_to(&mut manager, &limits, 10_000).await?;
    let what = "currents after an unchanged limit";
    manager.spine.expect(mark, secs(15), what, |d| tells_all(d, &currents)).await.map(drop)
}

pub(super) async fn em_evcem_006(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    manager.subscribe(EV, "Measurement").await?;
    let descriptions = manager.read(EV, "Measurement", DESCRIPTIONS).await?;
    let currents = ids(&descriptions, "acCurrent");
    let is_zero = |datagram: &Datagram| {
        let told = values(datagram);
        datagram.is("notify", MEASUREMENTS) && currents.iter().all(|id| told.contains(&(*id, 0)))
    };
    limit_to(&mut manager, &limits, 0).await?;
    let drawn = "the car stops";
    until(cx, &mut manager, Look::Drawn, secs(15), drawn, |ma| ma.iter().all(|p| *p == 0)).await?;
    let mark = manager.spine.mark();
    let what = "0 A on all phases";
    let first = manager.spine.expect(mark, secs(5), what, is_zero).await?;
    let after = manager.spine.log().iter().rposition(|d| d.counter == first.counter);
    let after = after.map_or(0, |at| at + 1);
    manager.spine.expect(after, secs(70), "0 A once more", is_zero).await.map(drop)
}

/// What has been charged, in thousandths of a watt-hour.
async fn charged(manager: &mut Manager, energy: u64) -> Step<i64> {
    let list = manager.read(EV, "Measurement", MEASUREMENTS).await?;
    match values(&list).into_iter().find(|(id, _)| *id == energy) {
        Some((_, value)) => Ok(value),
        None => fail(format!("no energy: {}", list.data())),
    }
}

/// Waits until so much has been charged; the energy never falls.
async fn charge_to(manager: &mut Manager, energy: u64, milliwatt_hours: i64) -> Step {
    let mut last = charged(manager, energy).await?;
    // 1 kWh takes 5 minutes and a half at 11 kW.
    for _ in 0..100 {
        if last >= milliwatt_hours {
            return Ok(());
        }
        manager.spine.watch(secs(10)).await?;
        let next = charged(manager, energy).await?;
        require(next >= last, format!("the energy does not fall: {last}, {next} mWh"))?;
        last = next;
    }
    fail(format!("{last} mWh after 1000 s"))
}

pub(super) async fn em_evcem_007(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    let descriptions = manager.read(EV, "Measurement", DESCRIPTIONS).await?;
    let [energy] = ids(&descriptions, "charge")[..] else {
        return Err(Stop::NotApplicable("scenario 3 is not announced".to_owned()));
    };
    charge_to(&mut manager, energy, 1_000_000).await?;
    limit_to(&mut manager, &limits, 0).await?;
    manager.spine.watch(secs(300)).await?;
    let paused = charged(&mut manager, energy).await?;
    let is_kept = (1_000_000..1_100_000).contains(&paused);
    require(is_kept, format!("the pause keeps the energy: {paused} mWh"))?;
    limit_to(&mut manager, &limits, 16_000).await?;
    charge_to(&mut manager, energy, 2_000_000).await?;
    unplug(cx, &mut manager).await?;
    plug(cx, &mut manager).await?;
    let fresh = charged(&mut manager, energy).await?;
    require(fresh < 10_000, format!("a new session starts at nothing: {fresh} mWh"))
}

pub(super) async fn em_evcem_009(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let server = manager.server(EV, "Measurement")?;
    let function = "measurementConstraintsListData";
    if !manager
        .functions(&server)
        .iter()
        .any(|(name, is_readable)| name == function && *is_readable)
    {
        return Err(Stop::NotApplicable(format!("{function} is not announced")));
    }
    manager.read(EV, "Measurement", function).await.map(drop)
}

pub(super) async fn em_evsoc_002(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let use_cases = manager.spine.read_node(USE_CASES).await?;
    let names: BTreeSet<_> = use_cases
        .data()
        .list("useCaseInformation")
        .flat_map(|entry| entry.list("useCaseSupport"))
        .filter_map(|support| support.text("useCaseName").map(str::to_owned))
        .collect();
    let descriptions = manager.read(EV, "Measurement", DESCRIPTIONS).await?;
    let has_soc = !ids(&descriptions, "stateOfCharge").is_empty();
    if has_soc {
        return Err(Stop::NotApplicable("the vehicle tells its state of charge".to_owned()));
    }
    require(!names.contains("evStateOfCharge"), format!("not announced: {names:?}"))
}
