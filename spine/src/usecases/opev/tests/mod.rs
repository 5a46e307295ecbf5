//! Stories of a charging station and an energy manager on one virtual clock.

mod field;
mod story;
mod views;
mod writes;

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use eebus_json::List;

use super::{
    Answer, Ceiling, Config, CurrentRange, EV, Ev, Fact, GUARD, Guard, Limit, OPEV, State, Written,
    limits,
};
use crate::device::{EntityPlan, LocalDevice};
use crate::engine::{Event, Failure, Mode, PeerId};
use crate::model::{
    AbsoluteOrRelativeTime, Cmd, DeviceType, EntityType, ErrorNumber, Function,
    LoadControlLimitData, LoadControlLimitId, ScaledNumber, TimePeriod,
};
use crate::testing::{Pair, Party, Side, Way};
use crate::units::{MilliAmps, Watts};
use crate::usecases::{Change, Client, Partner, Phase, evcc, evcem, evsecc};
use crate::{Engine, Instant, Now};

/// A charging station, of one socket.
struct Charger {
    station: Vec<u32>,
    vehicle: Option<Vehicle>,
    is_guard_known: bool,
    facts: Vec<Fact>,
}

struct Vehicle {
    entity: Vec<u32>,
    opev: Ev,
    evcem: evcem::Ev,
}

impl Charger {
    fn plug_in(&mut self, engine: &mut Engine, now: Now) {
        let phases = Phase::ALL;
        let mut plan = EntityPlan::new(EntityType::EV).under(&self.station);
        let reading =
            evcem::Reading { currents: Some([MilliAmps::ZERO; 3]), ..evcem::Reading::default() };
        evcem::Ev::plan(&mut plan, &phases, &reading, now);
        evcc::Ev::plan(&mut plan, &profile());
        Ev::plan(&mut plan, &phases, CurrentRange::iec61851(MilliAmps(16_000)));
        let entity = engine.add_entity(plan).expect("below the station");
        let opev = Ev::new(&entity, Config::default(), self.is_guard_known, engine, now)
            .expect("planned for it");
        let evcem = evcem::Ev::new(&entity, &phases);
        self.vehicle = Some(Vehicle { entity, opev, evcem });
    }

    fn unplug(&mut self, engine: &mut Engine) {
        let vehicle = self.vehicle.take().expect("plugged in");
        engine.remove_entity(&vehicle.entity).expect("there");
    }

    fn ceiling(&self) -> Ceiling {
        self.vehicle.as_ref().expect("plugged in").opev.ceiling()
    }

    fn note(&mut self) {
        let Some(vehicle) = &mut self.vehicle else { return };
        while let Some(fact) = vehicle.opev.poll() {
            self.is_guard_known |= matches!(fact, Fact::Guard(_));
            self.facts.push(fact);
        }
    }
}

impl Party for Charger {
    fn event(&mut self, event: &Event, engine: &mut Engine, now: Now) {
        if let Some(vehicle) = &mut self.vehicle {
            vehicle.opev.handle(event, engine, now);
        }
        self.note();
    }

    fn tick(&mut self, engine: &mut Engine, now: Now) {
        if let Some(vehicle) = &mut self.vehicle {
            vehicle.opev.tick(engine, now);
        }
        self.note();
    }

    fn deadline(&self) -> Option<Instant> {
        self.vehicle.as_ref()?.opev.deadline()
    }
}

/// An energy manager with one entity.
struct Manager {
    client: Client,
    guard: Guard,
    changes: Vec<Change>,
    answers: Vec<Answer>,
}

impl Manager {
    fn vehicle(&self) -> Option<Partner> {
        self.client.partners(&OPEV).next().cloned()
    }

    fn note(&mut self) {
        self.changes.extend(core::iter::from_fn(|| self.client.poll()));
        self.answers.extend(core::iter::from_fn(|| self.guard.poll()));
    }
}

impl Party for Manager {
    fn event(&mut self, event: &Event, engine: &mut Engine, now: Now) {
        self.client.handle(event, engine, now);
        self.guard.handle(event, &mut self.client, engine, now);
        self.note();
    }
}

type Story = Pair<Manager, Charger>;

fn profile() -> evcc::Profile {
    evcc::Profile {
        phases: Phase::ALL.to_vec(),
        standard: Some(evcc::Standard::Iec61851),
        is_asymmetric: false,
        power: evcc::PowerRange {
            min: Watts(4_140),
            max: Some(Watts(11_040)),
            standby: Some(Watts::ZERO),
        },
        state: evcc::State::Normal,
    }
}

fn start() -> Now {
    Pair::new(side(manager_engine(), ()), side(manager_engine(), ())).now
}

fn side<P: Party>(engine: Engine, party: P) -> Side<P> {
    Side::new(engine, party)
}

fn manager_engine() -> Engine {
    let kind = DeviceType::EnergyManagementSystem;
    Engine::new(LocalDevice::new("d:_n:Example_Manager".into(), kind), Mode::Strict)
}

fn manager() -> Side<Manager> {
    let mut engine = manager_engine();
    let mut plan = EntityPlan::new(EntityType::CEM);
    let plays = [evsecc::CEM, evcc::CEM, evcem::CEM, GUARD];
    for play in plays {
        play.plan(&mut plan);
    }
    Guard::plan(&mut plan);
    let entity = engine.add_entity(plan).expect("at the top");
    let client = Client::new(&entity, &plays, &mut engine, start());
    let guard = Guard::new(&entity, &mut engine, start()).expect("planned for it");
    side(engine, Manager { client, guard, changes: Vec::new(), answers: Vec::new() })
}

fn charger() -> Side<Charger> {
    let kind = DeviceType::ChargingStation;
    let device = LocalDevice::new("d:_n:Example_Charger".into(), kind);
    let mut engine = Engine::new(device, Mode::Strict);
    let mut plan = EntityPlan::new(EntityType::EVSE);
    evsecc::Evse::plan(&mut plan, Default::default());
    let station = engine.add_entity(plan).expect("at the top");
    let party = Charger { station, vehicle: None, is_guard_known: false, facts: Vec::new() };
    side(engine, party)
}

/// Connected, with a vehicle, and no order yet.
fn plugged_in() -> Story {
    let mut story = Pair::new(manager(), charger());
    story.connect();
    plug_in(&mut story);
    story
}

fn plug_in(story: &mut Story) {
    story.right.party.plug_in(&mut story.right.engine, story.now);
    story.settle();
}

fn unplug(story: &mut Story) {
    story.right.party.unplug(&mut story.right.engine);
    story.settle();
}

fn order(story: &mut Story, wanted: [Option<MilliAmps>; 3]) {
    let now = story.now;
    let left = &mut story.left;
    let vehicle = left.party.vehicle().expect("a vehicle");
    let Manager { client, guard, .. } = &mut left.party;
    guard.limit(&vehicle, wanted, client, &mut left.engine, now);
    left.party.note();
    story.settle();
}

fn amps(amps: i64) -> [Option<MilliAmps>; 3] {
    [Some(MilliAmps(amps * 1_000)); 3]
}

const SAFE: [Option<MilliAmps>; 3] = [Some(MilliAmps(6_000)); 3];
const NONE: [Option<MilliAmps>; 3] = [None; 3];

fn ceiling(story: &Story) -> ([Option<MilliAmps>; 3], State) {
    let ceiling = story.right.party.ceiling();
    (ceiling.phases, ceiling.state)
}

fn heartbeat(story: &mut Story, is_running: bool) {
    let now = story.now;
    let left = &mut story.left;
    let done = if is_running {
        left.party.guard.start_heartbeat(&mut left.engine, now)
    } else {
        left.party.guard.stop_heartbeat(&mut left.engine)
    };
    done.expect("planned for it");
    story.settle();
}

fn published(story: &Story) -> [Option<Limit>; 3] {
    let vehicle = story.left.party.vehicle().expect("a vehicle");
    limits(&story.left.engine, &vehicle)
}

fn limit(is_active: bool, amps: i64) -> Option<Limit> {
    Some(Limit { is_active, value: Some(MilliAmps(amps * 1_000)) })
}
