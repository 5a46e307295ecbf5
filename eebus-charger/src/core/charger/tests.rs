//! Stories and laws of the whole core, with the simulator as the board, on virtual time.

use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::core::pilot::LEAST;
use crate::hardware::simulator::{Setup, Simulator};
use crate::ports::EvsePort;

const TICK: Duration = Duration::from_millis(20);

/// A charger, its board and its car.
struct Rig {
    now: Instant,
    charger: Charger,
    board: Simulator,
    controls: Controls,
    renewing: bool,
    plugs: Vec<Plug>,
}

impl Rig {
    fn new(guard_known: bool) -> Self {
        let setup = Setup { plug_after: None, ..Setup::default() };
        Self::with(setup, guard_known)
    }

    fn with(setup: Setup, guard_known: bool) -> Self {
        let now = Instant::ORIGIN;
        let config = Config {
            capabilities: setup.capabilities,
            supply: setup.supply,
            user_max: None,
            safe_current: LEAST,
            next_session: SessionId(1),
        };
        let controls = Controls { renewed: now, paused: None, guard_known, opev: None };
        let charger = Charger::new(config, controls, now);
        let board = Simulator::new(setup, now);
        let mut rig = Self { now, charger, board, controls, renewing: true, plugs: vec![] };
        rig.settle();
        rig
    }

    /// One turn of the port task.
    fn settle(&mut self) {
        if self.renewing {
            self.controls.renewed = self.now;
        }
        self.charger.handle(Input::Controls(self.controls), self.now);
        self.board.advance(self.now);
        self.charger.handle(Input::Board(self.board.snapshot()), self.now);
        while let Some(output) = self.charger.poll() {
            match output {
                Output::Command(command) => {
                    self.board.command(command, self.now).expect("never busy");
                }
                Output::Plug(plug) => self.plugs.push(plug),
            }
        }
    }

    fn wait(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.now < end {
            self.now += TICK;
            self.settle();
        }
    }

    fn status(&self) -> Status {
        self.charger.status(self.now)
    }

    /// What the pilot offers now, in whole amperes.
    fn offered(&self) -> u32 {
        let seen = self.board.snapshot().expect("it reports");
        seen.offered.lowest(Phases::THREE).0 / 1000
    }

    fn opev(&mut self, limit: Option<[u32; 3]>, until: Option<Duration>) {
        let session = self.status().session.expect("a vehicle is connected").id;
        let ceiling = OpevCeiling {
            limit: limit.map(|amps| PhaseCurrents(amps.map(MilliAmps::amps))),
            reason: OpevReason::Limit,
            until: until.map(|after| self.now + after),
        };
        self.controls.opev = Some((session, ceiling));
        self.settle();
    }

    fn charging() -> Self {
        let mut rig = Self::new(false);
        rig.board.plug();
        rig.wait(20_000);
        assert_eq!((rig.status().state, rig.offered()), (ChargeState::Charging, 16));
        rig
    }
}

#[test]
fn a_car_that_is_plugged_in_charges_with_sixteen_amperes() {
    let mut rig = Rig::new(false);
    assert_eq!(rig.status().state, ChargeState::Idle);
    rig.board.plug();
    rig.wait(900);
    assert_eq!((rig.status().state, rig.offered()), (ChargeState::Idle, 0));
    rig.wait(200);
    assert_eq!((rig.status().state, rig.offered()), (ChargeState::ReadyB2, 16));
    rig.wait(10_000);
    let status = rig.status();
    assert_eq!(status.state, ChargeState::Charging);
    assert_eq!(status.limits.binding, [Source::Hw, Source::Supply]);
    assert_eq!(status.meter.current, Some(PhaseCurrents::uniform(MilliAmps(15_996))));
    rig.wait(3_600_000);
    let session = rig.status().session.expect("it is connected");
    assert!((10_900..11_000).contains(&session.energy.watt_hours()), "{session:?}");
    assert_eq!(session.discontinuities, 0);
    assert!(session.charging > Duration::from_secs(3600));
}

#[test]
fn a_limit_reaches_the_pilot_in_the_same_turn() {
    let mut rig = Rig::charging();
    rig.opev(Some([10, 10, 10]), None);
    assert_eq!(rig.offered(), 10);
    let status = rig.status();
    assert_eq!(status.limits.to_string(), "10 A: limited by the energy manager");
    assert_eq!(status.maximum, MilliAmps::amps(16));
    rig.wait(2_000);
    assert_eq!(rig.status().meter.current, Some(PhaseCurrents::uniform(MilliAmps(9_996))));
}

#[test]
fn the_lowest_phase_decides_for_a_three_phase_car() {
    let mut rig = Rig::charging();
    rig.opev(Some([16, 8, 16]), None);
    assert_eq!(rig.offered(), 8);
    rig.opev(Some([16, 0, 16]), None);
    assert_eq!(rig.offered(), 0);
}

#[test]
fn ch_561_a_phase_that_the_car_does_not_use_does_not_count() {
    let mut setup = Setup { plug_after: None, ..Setup::default() };
    setup.vehicle.phases = Phases::only(crate::core::units::Phase::L2);
    let mut rig = Rig::with(setup, false);
    rig.board.plug();
    rig.wait(8_000);
    rig.opev(Some([7, 16, 16]), None);
    assert_eq!(rig.offered(), 7);
    rig.wait(20_000);
    assert_eq!(rig.offered(), 16);
}

#[test]
fn a_limit_of_nothing_pauses_and_its_end_resumes() {
    let mut rig = Rig::charging();
    rig.opev(Some([0, 0, 0]), None);
    assert_eq!((rig.status().state, rig.offered()), (ChargeState::StoppingEv, 0));
    rig.wait(5_000);
    assert_eq!(rig.status().state, ChargeState::WaitLimit);
    rig.opev(None, None);
    rig.wait(9_900);
    assert_eq!(rig.offered(), 0);
    rig.wait(200);
    assert_eq!((rig.status().state, rig.offered()), (ChargeState::ReadyB2, 16));
    rig.wait(10_000);
    assert_eq!(rig.status().state, ChargeState::Charging);
    assert_eq!(rig.board.switched_under_load(), 0);
}

#[test]
fn a_burst_of_limits_within_a_second_does_not_switch_the_contactor() {
    let mut rig = Rig::charging();
    for limit in [Some([6; 3]), Some([0; 3]), Some([6; 3]), None] {
        rig.opev(limit, None);
        rig.wait(200);
    }
    assert_eq!(rig.status().state, ChargeState::Charging);
    assert_eq!(rig.offered(), 6);
    rig.wait(10_000);
    assert_eq!(rig.offered(), 16);
}

#[test]
fn ch_565_a_known_guard_has_to_be_heard_after_each_plug_in() {
    let mut rig = Rig::new(true);
    rig.board.plug();
    rig.wait(10_000);
    assert_eq!(rig.offered(), 6);
    assert_eq!(rig.status().limits.to_string(), "6 A: waiting for the energy manager");
    rig.opev(None, None);
    rig.wait(10_000);
    assert_eq!(rig.offered(), 16);

    rig.board.unplug();
    rig.wait(2_000);
    rig.board.plug();
    rig.wait(60_000);
    assert_eq!(rig.offered(), 6, "what was said for the last session does not count");
}

#[test]
fn a_limit_that_is_not_stated_again_gives_way_to_the_safe_current() {
    let mut rig = Rig::charging();
    rig.opev(Some([12, 12, 12]), Some(Duration::from_secs(5)));
    rig.wait(4_900);
    assert_eq!(rig.offered(), 12);
    rig.wait(200);
    assert_eq!(rig.offered(), 6);

    rig.opev(Some([0, 0, 0]), Some(Duration::from_secs(5)));
    rig.wait(60_000);
    assert_eq!(rig.offered(), 0, "the safe current is no increase");
}

#[test]
fn ch_602_limits_that_nobody_renews_lead_to_the_safe_current_and_then_to_a_pause() {
    let mut rig = Rig::charging();
    rig.renewing = false;
    rig.wait(1_000);
    assert_eq!(rig.offered(), 16);
    rig.wait(40);
    assert_eq!((rig.offered(), rig.status().trust), (6, Trust::Stale));
    rig.wait(9_000);
    assert_eq!((rig.offered(), rig.status().trust), (0, Trust::Dead));
    rig.renewing = true;
    rig.wait(30_000);
    assert_eq!((rig.offered(), rig.status().state), (16, ChargeState::Charging));
}

#[test]
fn the_user_pauses_and_resumes_at_once() {
    let mut rig = Rig::charging();
    rig.controls.paused = rig.status().session.map(|session| session.id);
    rig.settle();
    assert_eq!(rig.offered(), 0);
    assert_eq!(rig.status().limits.to_string(), "0 A: paused by the user");
    rig.wait(20_000);
    rig.controls.paused = None;
    rig.settle();
    assert_eq!(rig.offered(), 16);
}

#[test]
fn a_pause_ends_with_its_session_and_can_be_given_before_it() {
    let mut rig = Rig::new(false);
    rig.controls.paused = Some(SessionId(1));
    rig.board.plug();
    rig.wait(5_000);
    assert_eq!((rig.status().state, rig.offered()), (ChargeState::WaitLimit, 0));
    rig.board.unplug();
    rig.wait(2_000);
    rig.board.plug();
    rig.wait(5_000);
    assert_eq!(rig.offered(), 16);
}

#[test]
fn an_unplugged_car_ends_the_session_with_its_energy() {
    let mut rig = Rig::charging();
    rig.wait(360_000);
    rig.board.unplug();
    rig.wait(2_000);
    assert_eq!((rig.status().state, rig.status().session), (ChargeState::Idle, None));
    let [Plug::In(start), Plug::Out(end)] = rig.plugs[..] else { panic!("{:?}", rig.plugs) };
    assert_eq!((start.id, end.id), (SessionId(1), SessionId(1)));
    assert!((1_080..1_200).contains(&end.energy.watt_hours()), "{end:?}");
}

#[test]
fn a_full_car_is_finished() {
    let mut setup = Setup { plug_after: None, speed: 600, ..Setup::default() };
    setup.vehicle.charge = 990;
    let mut rig = Rig::with(setup, false);
    rig.board.plug();
    rig.wait(60_000);
    assert_eq!(rig.status().state, ChargeState::ReadyB2);
    rig.wait(180_000);
    assert_eq!(rig.status().state, ChargeState::Finished);
}

#[test]
fn a_board_that_falls_silent_is_a_fault_that_ends_with_its_cause() {
    let mut rig = Rig::charging();
    rig.now += BOARD_VALID + Duration::from_secs(1);
    rig.controls.renewed = rig.now;
    rig.charger.handle(Input::Controls(rig.controls), rig.now);
    let status = rig.status();
    assert_eq!(status.state, ChargeState::FaultAuto);
    assert_eq!(status.fault, Some(Fault::BoardCommLost));
    assert_eq!(status.limits.to_string(), "0 A: stopped, the controller board is silent");
    rig.wait(30_000);
    assert_eq!((rig.status().state, rig.offered()), (ChargeState::Charging, 16));
}

#[test]
fn a_car_that_asks_for_ventilation_is_stopped_until_it_is_unplugged() {
    let mut rig = Rig::charging();
    let mut see = |cp| {
        let mut seen = rig.board.snapshot().expect("it reports");
        seen.cp.value.state = cp;
        rig.charger.handle(Input::Board(Some(seen)), rig.now);
        rig.charger.status(rig.now)
    };
    assert_eq!(see(CpState::D).fault, Some(Fault::VentilationRequired));
    let status = see(CpState::B);
    assert_eq!((status.state, status.limits.current), (ChargeState::FaultLatched, MilliAmps::ZERO));
    assert_eq!(see(CpState::A).fault, None);
    assert_eq!(see(CpState::F).fault, Some(Fault::EvErrorState));
}

#[test]
fn the_parting_command_is_never_above_the_safe_current() {
    let mut rig = Rig::charging();
    let six = PortCommand::SetLimit(PhaseCurrents::uniform(LEAST));
    assert_eq!(rig.charger.parting(), six);
    rig.opev(Some([0, 0, 0]), None);
    assert_eq!(rig.charger.parting(), PortCommand::SetLimit(PhaseCurrents::ZERO));
}

#[test]
fn nothing_changes_between_two_deadlines() {
    let mut rig = Rig::charging();
    rig.opev(Some([6, 6, 6]), None);
    rig.opev(None, Some(Duration::from_secs(7)));
    let mut changes = vec![];
    for _ in 0..200 {
        let deadline = rig.charger.deadline(rig.now).expect("a limit is repeated for ever");
        rig.now = deadline.max(rig.now + Duration::from_millis(1));
        rig.settle();
        if changes.last() != Some(&rig.offered()) {
            changes.push(rig.offered());
        }
    }
    assert_eq!(changes, [6, 11, 6]);
}

/// What can happen to a charger from outside.
#[derive(Clone, Copy, Debug)]
enum Act {
    Wait(u64),
    Plug,
    Unplug,
    Limit([u32; 3], Option<u64>),
    Release,
    Guard(bool),
    Pause,
    Resume,
    Renew(bool),
}

fn act() -> impl Strategy<Value = Act> {
    let until = prop::option::of(0u64..20_000);
    prop_oneof![
        6 => (20u64..15_000).prop_map(Act::Wait),
        3 => Just(Act::Plug),
        1 => Just(Act::Unplug),
        4 => (prop::array::uniform3(0u32..20), until).prop_map(|(l, u)| Act::Limit(l, u)),
        2 => Just(Act::Release),
        1 => any::<bool>().prop_map(Act::Guard),
        1 => Just(Act::Pause),
        2 => Just(Act::Resume),
        1 => prop::bool::weighted(0.7).prop_map(Act::Renew),
    ]
}

/// The most that may be offered, worked out without the limiter.
fn allowed(rig: &Rig) -> u32 {
    let status = rig.status();
    let Some(session) = status.session else { return 0 };
    if rig.controls.paused == Some(session.id) {
        return 0;
    }
    let age = rig.now - rig.controls.renewed;
    let trusted = match age.as_millis() {
        0..=1000 => 16,
        1001..=10_000 => 6,
        _ => 0,
    };
    let lowest = |limit: PhaseCurrents| limit.0.iter().map(|ma| ma.0 / 1000).min().unwrap_or(0);
    let opev = match rig.controls.opev {
        Some((id, ceiling)) if id == session.id => {
            let stated = ceiling.limit.map_or(16, lowest);
            let lapsed = ceiling.until.is_some_and(|until| rig.now >= until);
            if lapsed { stated.min(6) } else { stated }
        }
        _ if rig.controls.guard_known => 6,
        _ => 16,
    };
    opev.min(trusted)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 48 } else { 1000 }))]

    /// CH-307, for any order of events: what is offered is within all limits and either nothing
    /// or at least 6 A; the contactor is closed only for a car that wants current, and not long
    /// after the offer ended; increases keep their pace.
    #[test]
    fn ch_307_the_laws_hold_for_any_order_of_events(
        guard in any::<bool>(),
        acts in prop::collection::vec(act(), 1..40),
    ) {
        let mut rig = Rig::new(guard);
        let (mut offered, mut changed) = (0, rig.now);
        let mut closed = false;
        for act in acts {
            let mut ticks = 0;
            match act {
                Act::Wait(ms) => ticks = ms / 20,
                Act::Plug => rig.board.plug(),
                Act::Unplug => rig.board.unplug(),
                Act::Limit(..) | Act::Release if rig.status().session.is_none() => {}
                Act::Limit(limit, ms) => rig.opev(Some(limit), ms.map(Duration::from_millis)),
                Act::Release => rig.opev(None, None),
                Act::Guard(known) => rig.controls.guard_known = known,
                Act::Pause => rig.controls.paused = rig.status().session.map(|s| s.id),
                Act::Resume => rig.controls.paused = None,
                Act::Renew(on) => rig.renewing = on,
            }
            for _ in 0..=ticks {
                rig.settle();
                let seen = rig.board.snapshot().expect("it reports");
                let (before, car) = (offered, seen.cp.value.state);
                offered = rig.offered();
                prop_assert!(offered == 0 || offered >= 6, "{offered} A");
                prop_assert!(offered <= allowed(&rig), "{offered} A of {}", allowed(&rig));
                if offered > before && before > 0 && car == CpState::C {
                    prop_assert!(rig.now >= changed + Duration::from_secs(5), "too early");
                    prop_assert!(offered <= before + 5, "too steep");
                }
                if offered != before {
                    changed = rig.now;
                }

                let was_closed = closed;
                closed = seen.contactor.value == ContactorState::Closed;
                if closed {
                    prop_assert!(matches!(car, CpState::B | CpState::C), "closed in {car:?}");
                    prop_assert!(rig.status().session.is_some(), "closed without a session");
                    let stopping = rig.now - changed <= Duration::from_millis(6_100);
                    prop_assert!(offered > 0 || stopping, "closed without an offer");
                    prop_assert!(was_closed || offered > 0, "closed at a pause");
                }
                rig.now += TICK;
            }
        }
    }
}
