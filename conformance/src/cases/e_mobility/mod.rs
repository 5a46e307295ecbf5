//! EV charging between a charging station and an energy manager.

mod cem;
mod discovery;
mod evcc;
mod evcem;
mod evsecc;
mod guard;
mod opev;

use core::time::Duration;

use tokio::time::Instant;

use super::{Case, Procedure, procedures};
use crate::device::{Action, Look};
use crate::tester::manager::{EV, Limit, Manager, path};
use crate::tester::spine::{Datagram, Spine};
use crate::tester::tool::Tool;
use crate::tester::{Step, fail, require};

pub(super) const CASES: &[Procedure] = procedures![
    discovery::em_gen_001,
    discovery::em_gen_002,
    discovery::em_gen_003,
    discovery::em_gen_004,
    discovery::em_gen_005,
    discovery::em_gen_006,
    discovery::em_gen_007,
    discovery::em_gen_008,
    discovery::em_gen_009,
    discovery::em_gen_010,
    discovery::em_gen_011,
    discovery::em_gen_012,
    discovery::em_gen_013,
    discovery::em_gen_014,
    evsecc::em_evsecc_001,
    evsecc::em_evsecc_002,
    evsecc::em_evsecc_006,
    evcc::em_evcc_001,
    evcc::em_evcc_002,
    evcc::em_evcc_007,
    evcc::em_evcc_008,
    evcc::em_evcc_009,
    evcc::em_evcc_010,
    evcc::em_evcc_012,
    evcem::em_evcem_001,
    evcem::em_evcem_002,
    evcem::em_evcem_003,
    evcem::em_evcem_004,
    evcem::em_evcem_005,
    evcem::em_evcem_006,
    evcem::em_evcem_007,
    evcem::em_evcem_009,
    evcem::em_evsoc_002,
    opev::em_opev_001,
    opev::em_opev_002,
    opev::em_opev_003,
    opev::em_opev_004,
    opev::em_opev_005,
    opev::em_opev_006,
    opev::em_opev_007,
    opev::em_opev_008,
    opev::em_opev_009,
    opev::em_opev_010,
    opev::em_opev_011,
    opev::em_opev_012,
    opev::em_opev_013,
    opev::em_opev_014,
    opev::em_opev_016,
    guard::em_opev_018,
    guard::em_opev_019,
    guard::em_opev_020,
    guard::em_opev_021,
    guard::em_opev_022,
    guard::em_opev_023,
    guard::em_opev_024,
    guard::em_opev_025,
    guard::em_opev_026,
    guard::em_opev_027,
    guard::em_opev_028,
    guard::em_opev_029,
    guard::em_opev_030,
    opev::em_opev_032,
    guard::em_opev_034,
    opev::em_lim_004,
    cem::em_gen_015,
    cem::em_gen_016,
    cem::em_gen_017,
    cem::em_gen_018,
    cem::em_evsecc_008,
    cem::em_evcem_010,
    cem::em_evcem_011,
    cem::em_evcem_012,
    cem::em_evcem_013,
    cem::em_opev_035,
    cem::em_opev_036,
    cem::em_opev_037,
    cem::em_opev_038,
    cem::em_opev_039,
    cem::em_opev_040,
    cem::em_opev_045,
];

const DISCOVERY: &str = "nodeManagementDetailedDiscoveryData";
const USE_CASES: &str = "nodeManagementUseCaseData";
const LIMITS: &str = "loadControlLimitListData";

/// How long a car may take from the plug to the current that it may draw.
const RAMP: Duration = Duration::from_secs(90);
/// How long a car may take to follow a lower limit, beside the charger's own 2 s
/// (IEC 61851-1 allows 5 s).
const CAR: Duration = Duration::from_secs(5);

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn tool() -> Tool {
    Tool::energy_manager("d:_n:Tester")
}

/// A connection on which the tool plays an energy manager; no vehicle.
async fn manager(cx: &mut Case) -> Step<Manager> {
    manager_as(cx, tool()).await
}

async fn manager_as(cx: &mut Case, tool: Tool) -> Step<Manager> {
    let spine = cx.fresh_data(tool).await?;
    settle(spine).await
}

/// Meets the charger and serves its start-up traffic.
async fn settle(spine: Spine) -> Step<Manager> {
    let mut manager = Manager::meet(spine).await?;
    manager.spine.watch(secs(6)).await?;
    Ok(manager)
}

/// Plugs the car in and waits until the charger has announced it.
async fn plug(cx: &mut Case, manager: &mut Manager) -> Step<Datagram> {
    let mark = manager.spine.mark();
    cx.act(Action::Plug).await?;
    let added = manager
        .spine
        .expect(mark, secs(10), "the EV entity as added", |d| is_change(d, "added"))
        .await?;
    manager.spine.watch(secs(2)).await?;
    manager.refresh().await?;
    Ok(added)
}

/// Unplugs the car and waits until the charger has said so.
async fn unplug(cx: &mut Case, manager: &mut Manager) -> Step<Datagram> {
    let mark = manager.spine.mark();
    cx.act(Action::Unplug).await?;
    let removed = manager
        .spine
        .expect(mark, secs(10), "the EV entity as removed", |d| is_change(d, "removed"))
        .await?;
    manager.spine.watch(secs(2)).await?;
    manager.refresh().await?;
    Ok(removed)
}

/// Whether it is a discovery notify about the EV with this change.
fn is_change(datagram: &Datagram, change: &str) -> bool {
    datagram.is("notify", DISCOVERY)
        && datagram.data().list("entityInformation").any(|entry| {
            let address = path(entry.at("description.entityAddress"));
            address.as_deref() == Some(EV)
                && entry.text("description.lastStateChange") == Some(change)
        })
}

/// A plugged-in car, nothing else.
async fn with_car(cx: &mut Case) -> Step<Manager> {
    let mut manager = manager(cx).await?;
    plug(cx, &mut manager).await?;
    Ok(manager)
}

/// The tool is bound, beats, and has said once that nothing is limited.
async fn in_control(cx: &mut Case) -> Step<(Manager, Vec<u64>)> {
    let mut manager = with_car(cx).await?;
    let limits = take_control(&mut manager).await?;
    Ok((manager, limits))
}

/// Binds, beats and releases all limits; their identifiers in the order of the phases.
async fn take_control(manager: &mut Manager) -> Step<Vec<u64>> {
    manager.bind_limits().await?;
    manager.beat();
    manager.spine.watch(secs(3)).await?;
    let limits = manager.limits().await?;
    write(manager, &all(&limits, false, (0, 0))).await?;
    Ok(limits)
}

/// In control of a car that charges at 16 A.
async fn charging(cx: &mut Case) -> Step<(Manager, Vec<u64>)> {
    let (mut manager, limits) = in_control(cx).await?;
    until(cx, &mut manager, Look::Drawn, RAMP, "the car draws 16 A", |ma| {
        ma.iter().all(|phase| *phase >= 15_500)
    })
    .await?;
    Ok((manager, limits))
}

/// The same limit on every phase; the value as number and scale.
fn all(limits: &[u64], is_active: bool, value: (i64, i64)) -> Vec<Limit> {
    limits.iter().map(|id| Limit { id: *id, is_active, value }).collect()
}

/// Writes limits, which have to be taken.
async fn write(manager: &mut Manager, limits: &[Limit]) -> Step {
    match manager.write(limits).await? {
        0 => Ok(()),
        number => fail(format!("a valid limit was refused with {number}")),
    }
}

/// Every phase is limited to so many milliamperes; the milliamperes are whole or tenths of
/// amperes.
async fn limit_to(manager: &mut Manager, limits: &[u64], milliamperes: i64) -> Step {
    let value =
        if milliamperes % 1000 == 0 { (milliamperes / 1000, 0) } else { (milliamperes / 100, -1) };
    write(manager, &all(limits, true, value)).await
}

/// Waits until what one sees of the charger fits.
async fn until(
    cx: &mut Case,
    manager: &mut Manager,
    look: Look,
    within: Duration,
    what: &str,
    fits: impl Fn(&[u32]) -> bool,
) -> Step {
    let end = Instant::now() + within;
    loop {
        let seen = cx.look(look).await?;
        if fits(&seen) {
            return Ok(());
        }
        if Instant::now() >= end {
            return fail(format!("not so after {within:?}: {what}; {look} is {seen:?} mA"));
        }
        manager.spine.watch(Duration::from_millis(100)).await?;
    }
}

/// Watches for a while that what one sees of the charger fits all the time.
async fn all_the_time(
    cx: &mut Case,
    manager: &mut Manager,
    look: Look,
    time: Duration,
    what: &str,
    fits: impl Fn(&[u32]) -> bool,
) -> Step {
    let end = Instant::now() + time;
    while Instant::now() < end {
        let seen = cx.look(look).await?;
        require(fits(&seen), format!("{what}; {look} is {seen:?} mA"))?;
        manager.spine.watch(Duration::from_millis(100)).await?;
    }
    Ok(())
}

/// On no phase more than this.
fn at_most(milliamperes: u32) -> impl Fn(&[u32]) -> bool {
    move |seen| seen.iter().all(|phase| *phase <= milliamperes)
}

/// On each phase this, or down to half an ampere less.
fn about(milliamperes: u32) -> impl Fn(&[u32]) -> bool {
    move |seen| {
        !seen.is_empty()
            && seen.iter().all(|phase| *phase <= milliamperes && *phase + 500 >= milliamperes)
    }
}
