//! Overload protection: limits that are written and followed (EM-OPEV).

use tokio::time::Instant;

use super::{
    CAR, Case, LIMITS, RAMP, about, all, all_the_time, at_most, charging, in_control, limit_to,
    secs, until, with_car, write,
};
use crate::device::Look;
use crate::tester::manager::{EV, Limit, Manager, limit_entries};
use crate::tester::spine::{Datagram, at};
use crate::tester::tool::{CEM, cem};
use crate::tester::{Step, Stop, fail, require};

const DESCRIPTIONS: &str = "loadControlLimitDescriptionListData";

pub(super) async fn em_opev_001(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let limits = manager.limits().await?;
    require(limits.len() == 3, format!("a limit joins with each of three phases: {limits:?}"))?;
    let descriptions = manager.read(EV, "LoadControl", DESCRIPTIONS).await?;
    for entry in descriptions.data().list("loadControlLimitDescriptionData") {
        if entry.number("limitId").is_some_and(|id| limits.contains(&id)) {
            let is_sound =
                entry.text("limitType") == Some("maxValueLimit") && entry.text("unit") == Some("A");
            require(is_sound, format!("a maximum in ampere: {entry}"))?;
        }
    }
    Ok(())
}

pub(super) async fn em_opev_002(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let descriptions = manager.read(EV, "LoadControl", DESCRIPTIONS).await?;
    let list = manager.read(EV, "LoadControl", LIMITS).await?;
    for description in descriptions.data().list("loadControlLimitDescriptionData") {
        let id = description.number("limitId");
        let mut entries = list.data().list("loadControlLimitData");
        let Some(entry) = entries.find(|entry| id.is_some() && entry.number("limitId") == id)
        else {
            return fail(format!("no entry for {description}: {}", list.data()));
        };
        let is_fresh =
            entry.flag("isLimitActive") == Some(false) && entry.milli("value") == Some(0);
        require(is_fresh, format!("inactive and 0 after the plug: {entry}"))?;
        require(entry.flag("isLimitChangeable") == Some(true), format!("changeable: {entry}"))?;
    }
    Ok(())
}

pub(super) async fn em_opev_003(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let parameters = "electricalConnectionParameterDescriptionListData";
    let parameters = manager.read(EV, "ElectricalConnection", parameters).await?;
    let limits = manager.read(EV, "LoadControl", DESCRIPTIONS).await?;
    let permitted = "electricalConnectionPermittedValueSetListData";
    let permitted = manager.read(EV, "ElectricalConnection", permitted).await?;
    let mut count = 0;
    for limit in limits.data().list("loadControlLimitDescriptionData") {
        let measurement = limit.number("measurementId");
        let mut list = parameters.data().list("electricalConnectionParameterDescriptionData");
        let parameter = list.find(|p| p.number("measurementId") == measurement);
        let id = parameter.and_then(|parameter| parameter.number("parameterId"));
        let mut list = permitted.data().list("electricalConnectionPermittedValueSetData");
        let Some(entry) = list.find(|entry| id.is_some() && entry.number("parameterId") == id)
        else {
            return fail(format!("no permitted values for {limit}: {}", permitted.data()));
        };
        let sets: Vec<_> = entry.list("permittedValueSet").collect();
        let [set] = sets[..] else { return fail(format!("not one set: {entry}")) };
        let pause: Vec<_> = set.list("value").collect();
        let ranges: Vec<_> = set.list("range").collect();
        let ([pause], [range]) = (&pause[..], &ranges[..]) else {
            return fail(format!("not one pause value and one range: {entry}"));
        };
        let pause = pause.as_milli();
        require(matches!(pause, Some(0 | 100)), format!("0 or 0.1 A pauses: {entry}"))?;
        let is_iec = range.milli("min") == Some(6000) && range.milli("max") == Some(16_000);
        require(is_iec, format!("6 to 16 A: {entry}"))?;
        count += 1;
    }
    require(count >= 3, format!("a range for each phase, not {count}"))
}

pub(super) async fn em_opev_004(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    let mark = manager.spine.mark();
    let written = Instant::now();
    let counter =
        manager.send_limits(at(CEM, cem::LOAD_CONTROL), &all(&limits, true, (9, 0))).await?;
    let what = "a result";
    let result =
        manager.spine.expect(mark, secs(1), what, |d| d.reference == Some(counter)).await?;
    require(result.error() == Some(0), format!("the limit is taken: {result}"))?;
    let what = "9 A are offered";
    let left = (written + secs(1)).saturating_duration_since(Instant::now());
    until(cx, &mut manager, Look::Offered, left, what, about(9000)).await?;
    let is_told = |datagram: &Datagram| {
        datagram.is("notify", LIMITS)
            && limit_entries(datagram)
                .is_ok_and(|entries| limits.iter().all(|id| entries.contains(&(*id, true, 9000))))
    };
    manager.spine.expect(mark, secs(2), "a notify of 9 A active", is_told).await.map(drop)
}

pub(super) async fn em_opev_005(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    limit_to(&mut manager, &limits, 6000).await?;
    let what = "at most 6 A are drawn";
    until(cx, &mut manager, Look::Drawn, secs(2) + CAR, what, at_most(6000)).await?;
    all_the_time(cx, &mut manager, Look::Drawn, secs(10), what, at_most(6000)).await
}

pub(super) async fn em_opev_006(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    limit_to(&mut manager, &limits, 9000).await?;
    until(cx, &mut manager, Look::Offered, secs(2), "9 A are offered", about(9000)).await?;
    write(&mut manager, &all(&limits, false, (9, 0))).await?;
    let what = "not less than 9 A are offered";
    let is_more = |ma: &[u32]| ma.iter().all(|phase| *phase >= 8500);
    all_the_time(cx, &mut manager, Look::Offered, secs(2), what, is_more).await?;
    until(cx, &mut manager, Look::Offered, RAMP, "16 A are offered again", about(16_000)).await
}

/// An active limit that cannot be met by charging: the car pauses and stays.
async fn pauses(cx: &mut Case, milliamperes: i64) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    let mark = manager.spine.mark();
    limit_to(&mut manager, &limits, milliamperes).await?;
    let nothing = at_most(0);
    until(cx, &mut manager, Look::Offered, secs(2), "nothing is offered", &nothing).await?;
    until(cx, &mut manager, Look::Drawn, secs(2) + CAR, "nothing is drawn", &nothing).await?;
    all_the_time(cx, &mut manager, Look::Offered, secs(20), "nothing is offered", &nothing).await?;
    let removed = manager.spine.log()[mark..].iter().find(|d| super::is_change(d, "removed"));
    require(removed.is_none(), "the EV stays")
}

pub(super) async fn em_opev_007(cx: &mut Case) -> Step {
    pauses(cx, 0).await
}

pub(super) async fn em_opev_008(cx: &mut Case) -> Step {
    pauses(cx, 3000).await
}

pub(super) async fn em_lim_004(cx: &mut Case) -> Step {
    pauses(cx, 5000).await
}

pub(super) async fn em_opev_009(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    limit_to(&mut manager, &limits, 25_000).await?;
    let what = "at most 16 A are offered";
    all_the_time(cx, &mut manager, Look::Offered, secs(10), what, about(16_000)).await
}

pub(super) async fn em_opev_010(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    limit_to(&mut manager, &limits, 7200).await?;
    let stored = manager.stored().await?;
    let is_kept = limits.iter().all(|id| stored.contains(&(*id, true, 7200)));
    require(is_kept, format!("7.2 A are read back: {stored:?}"))?;
    let what = "at most 7.2 A are drawn";
    until(cx, &mut manager, Look::Drawn, secs(2) + CAR, what, at_most(7200)).await?;
    all_the_time(cx, &mut manager, Look::Drawn, secs(10), what, about(7200)).await
}

/// A write that has to be refused with this number, and changes nothing.
async fn is_refused(manager: &mut Manager, limits: &[Limit], expected: u64) -> Step {
    let before = manager.stored().await?;
    let number = manager.write(limits).await?;
    require(number == expected, format!("refused with {expected}, not {number}"))?;
    let after = manager.stored().await?;
    require(before == after, format!("nothing changed: {before:?}, {after:?}"))
}

pub(super) async fn em_opev_011(cx: &mut Case) -> Step {
    let (mut manager, _) = in_control(cx).await?;
    is_refused(&mut manager, &[Limit { id: 99, is_active: true, value: (9, 0) }], 7).await
}

pub(super) async fn em_opev_012(cx: &mut Case) -> Step {
    let (mut manager, limits) = in_control(cx).await?;
    let [a, b, ..] = limits[..] else { return fail("fewer than two phases") };
    let limits = [
        Limit { id: a, is_active: true, value: (8, 0) },
        Limit { id: b, is_active: true, value: (-5, 0) },
    ];
    is_refused(&mut manager, &limits, 7).await
}

pub(super) async fn em_opev_013(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    manager.beat();
    let limits = manager.limits().await?;
    let before = manager.stored().await?;
    let number = manager.write(&all(&limits, true, (8, 0))).await?;
    require(number > 0, "a write without a binding is refused")?;
    if number != 9 {
        cx.remark(format!("refuses it with {number}, 9 says what it is"));
    }
    let after = manager.stored().await?;
    require(before == after, format!("nothing changed: {before:?}, {after:?}"))
}

/// One limit for each phase.
fn each(limits: &[u64], amperes: [i64; 3]) -> Vec<Limit> {
    let each = limits.iter().zip(amperes);
    each.map(|(id, value)| Limit { id: *id, is_active: true, value: (value, 0) }).collect()
}

pub(super) async fn em_opev_014(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    write(&mut manager, &each(&limits, [16, 10, 16])).await?;
    let what = "at most 10 A on every phase";
    until(cx, &mut manager, Look::Drawn, secs(2) + CAR, what, at_most(10_000)).await?;
    all_the_time(cx, &mut manager, Look::Drawn, secs(10), what, at_most(10_000)).await
}

pub(super) async fn em_opev_016(cx: &mut Case) -> Step {
    let (mut manager, limits) = charging(cx).await?;
    limit_to(&mut manager, &limits, 10_000).await?;
    let [a, b, c] = limits[..] else { return fail("not three phases") };
    write(&mut manager, &[Limit { id: b, is_active: true, value: (8, 0) }]).await?;
    let stored = manager.stored().await?;
    let is_kept = [(a, true, 10_000), (b, true, 8000), (c, true, 10_000)]
        .iter()
        .all(|entry| stored.contains(entry));
    require(is_kept, format!("the other phases keep 10 A: {stored:?}"))?;
    let what = "8 A on every phase";
    until(cx, &mut manager, Look::Offered, secs(2), what, about(8000)).await?;
    until(cx, &mut manager, Look::Drawn, CAR, "at most 8 A are drawn", at_most(8000)).await
}

pub(super) async fn em_opev_032(cx: &mut Case) -> Step {
    let (mut manager, _) = in_control(cx).await?;
    let function = "loadControlLimitConstraintsListData";
    let server = manager.server(EV, "LoadControl")?;
    let functions = manager.functions(&server);
    if !functions.iter().any(|(name, is_readable)| name == function && *is_readable) {
        return Err(Stop::NotApplicable(format!("{function} is not announced")));
    }
    manager.read(EV, "LoadControl", function).await.map(drop)
}
