//! Stories of a charging station and an energy manager on one virtual clock.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use eebus_json::List;

use super::{
    Answer, Ceiling, Config, CurrentRange, EV, Ev, Fact, GUARD, Guard, Limit, OPEV, State, limits,
};
use crate::device::{EntityPlan, LocalDevice};
use crate::engine::{Event, Failure, Mode};
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
            self.is_guard_known |= fact == Fact::GuardKnown;
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
        power: evcc::PowerRange { min: Watts(4_140), max: Some(Watts(11_040)), standby: None },
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

#[test]
fn a_guard_curtails_a_vehicle() {
    let mut story = plugged_in();
    assert_eq!(ceiling(&story), (SAFE, State::Wait), "the guard has bound the limits");
    assert_eq!(published(&story), [limit(false, 0); 3]);
    order(&mut story, amps(10));
    assert!(matches!(story.left.party.answers[..], [Answer::Accepted(_)]));
    assert_eq!(ceiling(&story), (amps(10), State::Follow));
    assert_eq!(published(&story), [limit(true, 10); 3]);
    order(&mut story, amps(3));
    assert_eq!(ceiling(&story).0, amps(0), "too little becomes the pause value");
    order(&mut story, NONE);
    assert_eq!(ceiling(&story), (NONE, State::Follow));
    assert_eq!(published(&story), [limit(false, 16); 3]);
}

#[test]
fn each_phase_has_its_own_limit() {
    let mut story = plugged_in();
    let wanted = [Some(MilliAmps(16_000)), Some(MilliAmps(10_050)), None];
    order(&mut story, wanted);
    let expected = [Some(MilliAmps(16_000)), Some(MilliAmps(10_000)), None];
    assert_eq!(ceiling(&story).0, expected);
}

#[test]
fn an_order_that_comes_early_is_written_when_the_vehicle_has_shown_its_limits() {
    let mut story = Pair::new(manager(), charger());
    story.connect();
    story.right.party.plug_in(&mut story.right.engine, story.now);
    // The description of the limits is on its way when the order is given.
    let now = story.now;
    let vehicle = Partner { peer: Story::PEER, entity: vec![1, 1] };
    let Manager { client, guard, .. } = &mut story.left.party;
    guard.limit(&vehicle, amps(8), client, &mut story.left.engine, now);
    story.settle();
    assert!(matches!(story.left.party.answers[..], [Answer::Postponed(..), Answer::Accepted(_)]));
    assert_eq!(ceiling(&story).0, amps(8));
}

#[test]
fn the_safe_current_applies_four_seconds_after_the_last_beat() {
    let mut story = plugged_in();
    order(&mut story, amps(10));
    heartbeat(&mut story, true);
    story.run(Duration::from_secs(60));
    assert_eq!(ceiling(&story), (amps(10), State::Follow));
    let before = story.wire.len();
    heartbeat(&mut story, false);
    // The last beat is at most two seconds old.
    story.run(Duration::from_millis(1_999));
    assert_eq!(ceiling(&story), (amps(10), State::Follow));
    story.run(Duration::from_millis(2_501));
    assert_eq!(ceiling(&story), (SAFE, State::Lost));
    assert_eq!(story.wire.len(), before, "the published limits stay as they are");
    heartbeat(&mut story, true);
    assert_eq!(ceiling(&story), (amps(10), State::Follow), "with the first beat");
}

#[test]
fn beats_in_time_never_lose_the_guard() {
    let mut story = plugged_in();
    order(&mut story, amps(10));
    story.right.party.facts.clear();
    story.run(Duration::from_secs(600));
    assert_eq!(story.right.party.facts, []);
}

#[test]
fn a_failing_guard_is_not_followed() {
    let mut story = plugged_in();
    order(&mut story, amps(12));
    story.left.party.guard.set_working(&mut story.left.engine, false).expect("planned");
    story.settle();
    assert_eq!(ceiling(&story), (SAFE, State::Failed));
    story.run(Duration::from_secs(10));
    assert_eq!(ceiling(&story), (SAFE, State::Failed), "it still beats");
    story.left.party.guard.set_working(&mut story.left.engine, true).expect("planned");
    story.settle();
    assert_eq!(ceiling(&story), (amps(12), State::Follow));
}

#[test]
fn a_lost_connection_leaves_the_safe_current_until_the_guard_writes_again() {
    let mut story = plugged_in();
    order(&mut story, amps(16));
    story.disconnect();
    assert_eq!(ceiling(&story), (SAFE, State::Lost));
    assert_eq!(story.left.party.vehicle(), None);
    story.run(Duration::from_secs(5));
    story.connect();
    story.run(Duration::from_secs(5));
    assert_eq!(ceiling(&story), (SAFE, State::Wait));
    order(&mut story, amps(14));
    assert_eq!(ceiling(&story), (amps(14), State::Follow));
}

#[test]
fn a_guard_that_comes_back_and_says_nothing_is_followed_after_a_minute() {
    let mut story = plugged_in();
    order(&mut story, amps(16));
    story.disconnect();
    story.connect();
    story.run(Duration::from_secs(59));
    assert_eq!(ceiling(&story), (SAFE, State::Wait));
    story.run(Duration::from_secs(1));
    assert_eq!(ceiling(&story), (amps(16), State::Follow));
}

#[test]
fn the_manager_sees_the_vehicle_come_and_go() {
    let mut story = plugged_in();
    let vehicle = story.left.party.vehicle().expect("a vehicle");
    assert!(story.left.party.changes.contains(&Change::Found(OPEV.name, vehicle.clone())));
    order(&mut story, amps(16));
    unplug(&mut story);
    assert!(story.left.party.changes.contains(&Change::Lost(OPEV.name, vehicle)));
    assert_eq!(story.left.party.vehicle(), None);
    story.run(Duration::from_secs(1));
    plug_in(&mut story);
    assert!(story.right.party.is_guard_known);
    assert_eq!(ceiling(&story), (SAFE, State::Wait), "limits do not survive");
    assert_eq!(published(&story), [limit(false, 0); 3]);
    order(&mut story, NONE);
    assert_eq!(ceiling(&story), (NONE, State::Follow));
}

#[test]
fn a_vehicle_without_a_manager_charges_unless_a_guard_is_known() {
    let mut story = Pair::new(manager(), charger());
    plug_in(&mut story);
    assert_eq!(ceiling(&story), (NONE, State::NoGuard));
    unplug(&mut story);
    story.right.party.is_guard_known = true;
    plug_in(&mut story);
    assert_eq!(ceiling(&story), (SAFE, State::Wait));
}

#[test]
fn a_guard_becomes_known_when_it_binds_and_can_be_forgotten() {
    let mut story = plugged_in();
    assert_eq!(story.right.party.facts.first(), Some(&Fact::GuardKnown));
    order(&mut story, amps(10));
    let right = &mut story.right;
    let vehicle = right.party.vehicle.as_mut().expect("plugged in");
    vehicle.opev.forget_guard(&mut right.engine).expect("there");
    right.party.note();
    story.settle();
    assert_eq!(ceiling(&story), (NONE, State::NoGuard));
    assert_eq!(published(&story), [limit(false, 10); 3]);
}

fn raw_write(story: &mut Story, limits: Vec<LoadControlLimitData>) -> Result<(), Failure> {
    write(story, Cmd::partial(List::from(limits)))
}

fn write(story: &mut Story, cmd: Cmd) -> Result<(), Failure> {
    let left = &mut story.left;
    let vehicle = left.party.vehicle().expect("a vehicle");
    let addresses = left.party.client.addresses(&vehicle, Function::LoadControlLimitListData);
    let (own, theirs) = addresses.map(|(o, t)| (o.clone(), t.clone())).expect("linked");
    let request = left.engine.write(Story::PEER, &own, &theirs, cmd, story.now).expect("linked");
    story.settle();
    let answer = story.left.events.iter().rev().find_map(|event| match event {
        Event::Answered { request: r, result, .. } if *r == request => Some(result.clone()),
        _ => None,
    });
    answer.expect("answered at once")
}

fn entry(id: u32, value: Option<ScaledNumber>) -> LoadControlLimitData {
    LoadControlLimitData {
        limit_id: Some(LoadControlLimitId(id)),
        is_limit_active: Some(true),
        value,
        ..Default::default()
    }
}

fn number(result: &Result<(), Failure>) -> ErrorNumber {
    match result {
        Ok(()) => ErrorNumber::NO_ERROR,
        Err(Failure::Refused(refusal)) => refusal.number,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_write_is_taken_as_a_whole_or_not_at_all() {
    let mut story = plugged_in();
    order(&mut story, amps(10));
    let amperes = |value| Some(ScaledNumber::from_integer(value));
    for bad in [
        vec![entry(99, amperes(8))],
        vec![entry(1, amperes(8)), entry(2, amperes(-5))],
        vec![entry(1, Some(ScaledNumber::new(-1, 300)))],
    ] {
        let result = raw_write(&mut story, bad);
        assert_eq!(number(&result), ErrorNumber::COMMAND_REJECTED);
        assert_eq!(ceiling(&story).0, amps(10));
        assert_eq!(published(&story), [limit(true, 10); 3]);
    }
}

#[test]
fn an_active_limit_needs_a_value() {
    let mut story = plugged_in();
    // Of the whole list, as some write it, without the value.
    let entries = [entry(1, None), entry(2, None), entry(3, None)];
    let result = write(&mut story, Cmd::full(List::from(entries.to_vec())));
    assert_eq!(number(&result), ErrorNumber::COMMAND_REJECTED);
    assert_eq!(published(&story), [limit(false, 0); 3]);
}

#[test]
fn every_valid_value_is_taken_as_it_was_written() {
    let mut story = plugged_in();
    for (value, expected) in [
        (ScaledNumber::new(25, 0), 25_000),
        (ScaledNumber::new(3, 0), 3_000),
        (ScaledNumber::new(72, -1), 7_200),
        (ScaledNumber::new(0, 0), 0),
        (ScaledNumber::new(1, 300), i64::MAX),
    ] {
        let entries = [1, 2, 3].map(|id| entry(id, Some(value)));
        assert_eq!(raw_write(&mut story, entries.to_vec()), Ok(()));
        assert_eq!(ceiling(&story).0, [Some(MilliAmps(expected)); 3]);
    }
}

#[test]
fn phases_that_are_not_written_keep_what_they_had() {
    let mut story = plugged_in();
    order(&mut story, amps(10));
    let eight = Some(ScaledNumber::from_integer(8));
    let expected = [10, 8, 10].map(|amps| Some(MilliAmps(amps * 1_000)));
    assert_eq!(raw_write(&mut story, vec![entry(2, eight)]), Ok(()));
    assert_eq!(ceiling(&story).0, expected);
    assert_eq!(write(&mut story, Cmd::full(List::from(vec![entry(2, eight)]))), Ok(()));
    assert_eq!(ceiling(&story).0, expected);
}

#[test]
fn each_accepted_write_is_followed_by_a_notification_even_of_the_same() {
    let mut story = plugged_in();
    order(&mut story, amps(10));
    let before = story.left.events.len();
    order(&mut story, amps(10));
    let notified = story.left.events[before..].iter().any(|event| {
        matches!(event, Event::Data { function: Function::LoadControlLimitListData, .. })
    });
    assert!(notified);
}

#[test]
fn a_limit_that_was_written_with_an_end_is_lifted_then() {
    let mut story = plugged_in();
    let end = AbsoluteOrRelativeTime::from(Duration::from_secs(30));
    let entries = [1, 2, 3].map(|id| LoadControlLimitData {
        time_period: Some(TimePeriod { start_time: None, end_time: Some(end.clone()) }),
        ..entry(id, Some(ScaledNumber::from_integer(10)))
    });
    assert_eq!(raw_write(&mut story, entries.to_vec()), Ok(()));
    story.run(Duration::from_millis(29_999));
    assert_eq!(ceiling(&story).0, amps(10));
    story.run(Duration::from_millis(1));
    assert_eq!(ceiling(&story).0, NONE);
    assert_eq!(published(&story), [limit(false, 10); 3]);
}

/// Turns a part of every datagram that goes this way into something else.
fn replacing(
    way: Way,
    from: &'static str,
    to: &'static str,
) -> impl FnMut(Way, String) -> Option<String> {
    move |w, text| Some(if w == way { text.replace(from, to) } else { text })
}

#[test]
fn a_guard_under_another_name_is_a_guard() {
    let mut story = Pair::new(manager(), charger());
    story.through(replacing(Way::Right, r#""actor":"CEM""#, r#""actor":"EnergyGuard""#));
    story.connect();
    plug_in(&mut story);
    order(&mut story, amps(9));
    assert_eq!(ceiling(&story), (amps(9), State::Follow));
}

#[test]
fn a_guard_that_announces_nothing_is_found_by_its_binding() {
    let mut story = Pair::new(manager(), charger());
    story.through(replacing(Way::Right, r#""useCaseName":"overload"#, r#""useCaseName":"under"#));
    story.connect();
    plug_in(&mut story);
    order(&mut story, amps(9));
    assert_eq!(ceiling(&story), (amps(9), State::Follow));
    story.run(Duration::from_secs(60));
    assert_eq!(ceiling(&story), (amps(9), State::Follow));
}

#[test]
fn a_station_that_takes_no_parts_gets_the_whole_list() {
    let mut story = Pair::new(manager(), charger());
    let announced = r#"{"write":[{"partial":[]}]}"#;
    story.through(replacing(Way::Left, announced, r#"{"write":[]}"#));
    story.connect();
    plug_in(&mut story);
    order(&mut story, amps(9));
    assert_eq!(ceiling(&story).0, amps(9));
    let write = story.wire.iter().find(|(_, text)| text.contains(r#""cmdClassifier":"write""#));
    let (_, text) = write.expect("written");
    assert!(!text.contains("filter"), "{text}");
    assert!(text.contains("isLimitChangeable"), "{text}");
}

#[test]
fn a_lost_binding_is_renewed_once() {
    let mut story = plugged_in();
    // The station forgets the binding, as some do when a vehicle is changed quickly.
    let mut refusals = 1;
    story.through(move |way, text| {
        let is_result = way == Way::Left && text.contains(r#"{"errorNumber":0}"#);
        if is_result && refusals > 0 {
            refusals -= 1;
            return Some(text.replace(r#"{"errorNumber":0}"#, r#"{"errorNumber":9}"#));
        }
        Some(text)
    });
    order(&mut story, amps(9));
    assert!(matches!(story.left.party.answers[..], [Answer::Accepted(_)]));
    let bindings = story
        .wire
        .iter()
        .filter(|(way, text)| *way == Way::Right && text.contains(r#""bindingRequest":"#));
    assert_eq!(bindings.count(), 2);
}

#[test]
fn a_refused_part_is_tried_once_more_as_a_whole_and_then_given_up() {
    let mut story = plugged_in();
    story.through(|way, text| {
        let text = match way {
            Way::Left => text.replace(r#"{"errorNumber":0}"#, r#"{"errorNumber":7}"#),
            Way::Right => text,
        };
        Some(text)
    });
    order(&mut story, amps(9));
    let writes: Vec<_> = story
        .wire
        .iter()
        .filter(|(_, text)| text.contains(r#""cmdClassifier":"write""#))
        .map(|(_, text)| text.contains("filter"))
        .collect();
    assert_eq!(writes, [true, false]);
    assert!(matches!(story.left.party.answers[..], [Answer::Failed(_, Failure::Refused(_))]));
}

#[test]
fn limits_are_found_by_what_they_cap_not_by_their_numbers() {
    let mut story = Pair::new(manager(), charger());
    // The measurements of the phases change places in the parameter descriptions.
    let swap = |text: String| {
        text.replace(
            r#"{"measurementId":1},{"voltageType""#,
            r#"{"measurementId":9},{"voltageType""#,
        )
        .replace(r#"{"measurementId":3},{"voltageType""#, r#"{"measurementId":1},{"voltageType""#)
        .replace(r#"{"measurementId":9},{"voltageType""#, r#"{"measurementId":3},{"voltageType""#)
    };
    story.through(move |way, text| Some(if way == Way::Left { swap(text) } else { text }));
    story.connect();
    plug_in(&mut story);
    order(&mut story, [6, 10, 16].map(|amps| Some(MilliAmps(amps * 1_000))));
    assert_eq!(ceiling(&story).0, [16, 10, 6].map(|amps| Some(MilliAmps(amps * 1_000))));
}

#[test]
fn the_manager_sees_what_the_vehicle_is_and_draws() {
    let mut story = plugged_in();
    let partner = story.left.party.vehicle().expect("a vehicle");
    let vehicle = evcc::Vehicle::new(&story.left.engine, &partner);
    assert_eq!(vehicle.standard(), Some(evcc::Standard::Iec61851));
    assert_eq!(vehicle.is_asymmetric(), Some(false));
    assert_eq!(vehicle.power(), Some(profile().power));
    assert_eq!(vehicle.state(), Some(evcc::State::Normal));
    let meter = evcem::Meter::new(&story.left.engine, &partner);
    assert_eq!(meter.currents(), [Some(MilliAmps::ZERO); 3]);
    assert_eq!(meter.powers(), [None; 3]);

    let reading = evcem::Reading {
        currents: Some([10_020, 9_980, 0].map(MilliAmps)),
        powers: Some([2_305, 2_291, 0].map(Watts)),
        energy: Some(crate::units::WattHours(4_820)),
    };
    let (right, now) = (&mut story.right, story.now);
    let vehicle = right.party.vehicle.as_ref().expect("plugged in");
    vehicle.evcem.publish(&mut right.engine, &reading, now).expect("there");
    let sleeping = evcc::Ev::new(&vehicle.entity);
    sleeping.set_state(&mut right.engine, evcc::State::Standby, now).expect("there");
    sleeping.set_standard(&mut right.engine, &evcc::Standard::Iso15118Ed1).expect("there");
    story.settle();
    let meter = evcem::Meter::new(&story.left.engine, &partner);
    assert_eq!(meter.currents(), [10_020, 9_980, 0].map(|i| Some(MilliAmps(i))));
    assert_eq!(meter.powers(), [2_305, 2_291, 0].map(|p| Some(Watts(p))));
    assert_eq!(meter.energy(), reading.energy);
    let vehicle = evcc::Vehicle::new(&story.left.engine, &partner);
    assert_eq!(vehicle.state(), Some(evcc::State::Standby));
    assert_eq!(vehicle.standard(), Some(evcc::Standard::Iso15118Ed1));
}

#[test]
fn the_manager_sees_a_station_fail_and_recover() {
    let mut story = plugged_in();
    let partner = story.left.party.client.partners(&evsecc::EVSECC).next().cloned();
    let partner = partner.expect("a station");
    assert!(!evsecc::Station::new(&story.left.engine, &partner).has_failed());
    let evse = evsecc::Evse::new(&partner.entity);
    evse.fail(&mut story.right.engine, "RCD-6MA-TRIP", story.now).expect("there");
    story.settle();
    assert!(evsecc::Station::new(&story.left.engine, &partner).has_failed());
    evse.recover(&mut story.right.engine, story.now).expect("there");
    story.settle();
    let station = evsecc::Station::new(&story.left.engine, &partner);
    assert!(!station.has_failed());
    assert_eq!(station.last_error(), Some("RCD-6MA-TRIP"));
}

#[test]
fn nothing_is_asked_for_twice() {
    let story = plugged_in();
    let mut asked: Vec<_> = story
        .wire
        .iter()
        .filter(|(way, text)| {
            let is_question = text.contains(r#""cmdClassifier":"read""#)
                || text.contains(r#""cmdClassifier":"call""#);
            *way == Way::Right && is_question
        })
        .map(|(_, text)| {
            let start = text.find("addressDestination").unwrap_or(0);
            let (address, _) = text[start..].split_once("msgCounter").expect("a header");
            let (_, payload) = text.split_once("payload").expect("a payload");
            (String::from(address), String::from(payload))
        })
        .collect();
    let count = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), count);
    // EVSECC: subscribe and read twice. The vehicle: five features subscribed, one of them bound,
    // eleven functions read. And the opening questions: discovery, use cases, subscription.
    assert_eq!(count, 4 + 5 + 1 + 11 + 3);
}

#[test]
fn a_vehicle_asks_for_the_heartbeat_of_its_guard_before_it_is_bound() {
    let story = plugged_in();
    let found = EV.partners(story.right.engine.peer(Story::PEER).expect("connected"));
    assert_eq!(found.len(), 1);
    let first = |what: &str| story.wire.iter().position(|(_, text)| text.contains(what));
    assert!(first(r#""serverFeatureType":"DeviceDiagnosis"}"#).is_some());
    assert!(first(r#"{"deviceDiagnosisHeartbeatData":[]}"#).is_some());
}
