//! The tables themselves, and who is found by them.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::describe::feature_of;
use super::{Match, Play, UseCase, evcc, evcem, evsecc, opev};
use crate::device::{Acceptance, EntityPlan, LocalDevice, Operations};
use crate::engine::{Engine, Event, Mode};
use crate::model::{DeviceType, EntityType, FeatureType, Function, Role};
use crate::testing::{Pair, Party, Side, Way};
use crate::usecases::{Change, Client};
use crate::{Instant, Now};

const ALL: [&UseCase; 4] = [&evsecc::EVSECC, &evcc::EVCC, &evcem::EVCEM, &opev::OPEV];
const STATION: [Play; 1] = [evsecc::EVSE];
const VEHICLE: [Play; 3] = [evcem::EV, evcc::EV, opev::EV];
const MANAGER: [Play; 4] = [evsecc::CEM, evcc::CEM, evcem::CEM, opev::GUARD];

#[test]
fn what_is_played_is_complete() {
    for play in STATION.iter().chain(&VEHICLE).chain(&MANAGER) {
        assert!(play.is_complete(), "{play:?}");
    }
    assert!(!evcc::EV.in_scenarios(&[1, 2]).is_complete());
}

#[test]
fn tables_name_each_scenario_once_and_descriptions_before_values() {
    for use_case in ALL {
        let numbers: Vec<_> = use_case.scenarios.iter().map(|s| s.number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{use_case:?}");
        for scenario in use_case.scenarios {
            for pair in scenario.data.windows(2) {
                let [first, second] = pair else { unreachable!() };
                let is_description = second.function.as_str().contains("Description");
                let same_feature = feature_of(first.function) == feature_of(second.function);
                assert!(
                    !is_description || !same_feature || first.function.as_str().contains("Descr"),
                    "{use_case:?} {}",
                    scenario.title
                );
            }
        }
    }
}

fn planned(kind: EntityType, plays: &[Play]) -> EntityPlan {
    let mut plan = EntityPlan::new(kind);
    for play in plays {
        play.plan(&mut plan);
    }
    plan
}

#[test]
fn use_cases_of_an_entity_share_features() {
    let plan = planned(EntityType::EV, &VEHICLE);
    let mut kinds: Vec<_> = plan.features.iter().map(|f| (f.kind.as_str(), f.role)).collect();
    kinds.sort_by_key(|(kind, _)| *kind);
    assert_eq!(
        kinds,
        [
            ("DeviceConfiguration", Role::Server),
            ("DeviceDiagnosis", Role::Server),
            ("DeviceDiagnosis", Role::Client),
            ("ElectricalConnection", Role::Server),
            ("LoadControl", Role::Server),
            ("Measurement", Role::Server),
        ]
    );
    assert_eq!(plan.use_cases.len(), 3);
}

#[test]
fn only_what_peers_write_is_writable_and_the_application_decides_about_it() {
    let plan = planned(EntityType::EV, &VEHICLE);
    let functions = plan.features.iter().flat_map(|feature| &feature.functions);
    for served in functions {
        let is_limit = served.function == Function::LoadControlLimitListData;
        let expected = if is_limit { Operations::READ_WRITE } else { Operations::READ };
        assert_eq!(served.operations, expected, "{}", served.function);
        assert_eq!(served.acceptance == Acceptance::Application, is_limit);
    }
}

#[test]
fn planning_twice_changes_nothing() {
    let once = planned(EntityType::EV, &VEHICLE);
    let twice = planned(EntityType::EV, &[VEHICLE, VEHICLE].concat());
    assert_eq!(once.features.len(), twice.features.len());
    assert_eq!(once.use_cases, twice.use_cases);
}

struct Acting(Client);

impl Party for Acting {
    fn event(&mut self, event: &Event, engine: &mut Engine, now: Now) {
        self.0.handle(event, engine, now);
    }
}

type Story = Pair<Acting, ()>;

/// A manager, and a station with a vehicle whose datagrams pass through `link`.
fn story(link: impl Fn(String) -> String + 'static) -> Story {
    let now = Now {
        instant: Instant::ORIGIN,
        utc: crate::model::UtcTime { seconds: 1_777_888_800, nanos: 0 },
    };
    let device =
        LocalDevice::new("d:_n:Example_Manager".into(), DeviceType::EnergyManagementSystem);
    let mut engine = Engine::new(device, Mode::Tolerant);
    let entity = engine.add_entity(planned(EntityType::CEM, &MANAGER)).expect("at the top");
    let client = Client::new(&entity, &MANAGER, &mut engine, now);
    let left = Side::new(engine, Acting(client));

    let device = LocalDevice::new("d:_n:Example_Charger".into(), DeviceType::ChargingStation);
    let mut engine = Engine::new(device, Mode::Tolerant);
    engine.add_entity(planned(EntityType::EVSE, &STATION)).expect("at the top");
    engine.add_entity(planned(EntityType::EV, &VEHICLE).under(&[1])).expect("below it");
    let mut pair = Pair::new(left, Side::new(engine, ()));
    pair.through(move |way, text| Some(if way == Way::Left { link(text) } else { text }));
    pair.connect();
    pair
}

fn found(story: &Story, play: Play) -> Vec<Match> {
    play.partners(story.left.engine.peer(Story::PEER).expect("connected"))
}

fn entities(story: &Story, play: Play) -> Vec<Vec<u32>> {
    found(story, play).into_iter().map(|found| found.entity).collect()
}

const STATION_ADDRESS: &str = r#"{"address":[{"device":"d:_n:Example_Charger"},{"entity":[1]}]}"#;
const VEHICLE_ADDRESS: &str = r#"{"address":[{"device":"d:_n:Example_Charger"},{"entity":[1,1]}]}"#;

#[test]
fn partners_are_where_the_table_says() {
    let story = story(|text| text);
    assert_eq!(entities(&story, evsecc::CEM), [vec![1]]);
    assert_eq!(
        found(&story, evcc::CEM),
        [Match { entity: vec![1, 1], scenarios: vec![1, 2, 3, 6, 7, 8] }]
    );
    assert_eq!(entities(&story, opev::GUARD), [vec![1, 1]]);
    assert_eq!(entities(&story, evcc::EV), Vec::<Vec<u32>>::new(), "not for the other side");
}

#[test]
fn a_station_that_plays_all_as_a_vehicle_without_an_address_is_understood() {
    // As recorded: one actor, no address, version 1.0.0.
    let story = story(|text| {
        text.replace(&format!("{STATION_ADDRESS},"), "")
            .replace(&format!("{VEHICLE_ADDRESS},"), "")
            .replace(r#""actor":"EVSE""#, r#""actor":"EV""#)
            .replace(r#""useCaseVersion":"1.0.1""#, r#""useCaseVersion":"1.0.0""#)
    });
    assert_eq!(entities(&story, evsecc::CEM), [vec![1]]);
    for play in [evcc::CEM, evcem::CEM, opev::GUARD] {
        assert_eq!(entities(&story, play), [vec![1, 1]], "{play:?}");
    }
}

#[test]
fn the_address_of_the_station_means_its_vehicle() {
    let story = story(|text| text.replace(VEHICLE_ADDRESS, STATION_ADDRESS));
    assert_eq!(entities(&story, opev::GUARD), [vec![1, 1]]);
    assert_eq!(entities(&story, evsecc::CEM), [vec![1]]);
}

#[test]
fn the_address_of_the_vehicle_means_its_station() {
    let story = story(|text| text.replace(STATION_ADDRESS, VEHICLE_ADDRESS));
    assert_eq!(entities(&story, evsecc::CEM), [vec![1]]);
}

#[test]
fn the_address_of_the_device_means_every_entity_of_the_right_type() {
    let story = story(|text| text.replace(r#"},{"entity":[1,1]}]},{"actor""#, r#"}]},{"actor""#));
    assert_eq!(entities(&story, opev::GUARD), [vec![1, 1]]);
}

#[test]
fn an_entity_that_is_not_there_is_nobody() {
    let story =
        story(|text| text.replace(VEHICLE_ADDRESS, &VEHICLE_ADDRESS.replace("[1,1]", "[7,1]")));
    assert_eq!(entities(&story, opev::GUARD), Vec::<Vec<u32>>::new());
}

#[test]
fn a_server_is_taken_at_its_data_not_at_its_word() {
    let story =
        story(|text| text.replace(r#"{"useCaseAvailable":true}"#, r#"{"useCaseAvailable":false}"#));
    assert_eq!(entities(&story, opev::GUARD), [vec![1, 1]]);
}

#[test]
fn another_major_version_is_another_use_case() {
    let with = |version: &'static str| {
        story(move |text| {
            let stated = r#""useCaseVersion":"1.0.1""#;
            text.replace(stated, &format!(r#""useCaseVersion":"{version}""#))
        })
    };
    for version in ["1.0.0", "1.0.1b", "1.7.0", "v1.0", "draft"] {
        assert_eq!(entities(&with(version), opev::GUARD), [vec![1, 1]], "{version}");
    }
    assert_eq!(entities(&with("2.0.0"), opev::GUARD), Vec::<Vec<u32>>::new());
}

#[test]
fn another_name_of_the_use_case_is_understood() {
    let story = story(|text| {
        text.replace("measurementOfElectricityDuringEvCharging", "evChargingElectricityMeasurement")
    });
    assert_eq!(entities(&story, evcem::CEM), [vec![1, 1]]);
}

#[test]
fn a_device_without_a_table_is_known_by_its_features() {
    let refused = r#"{"cmdClassifier":"result"}]},{"payload":[{"cmd":[[{"resultData":[{"errorNumber":6}]}]]}]}]}"#;
    let story =
        story(move |text| match text.find(r#""payload":[{"cmd":[[{"nodeManagementUseCaseData""#) {
            Some(_) => {
                let (header, _) = text.split_once(r#"{"cmdClassifier""#).expect("a header");
                format!("{header}{refused}")
            }
            None => text,
        });
    assert_eq!(entities(&story, opev::GUARD), [vec![1, 1]]);
    assert_eq!(entities(&story, evsecc::CEM), [vec![1]]);
}

#[test]
fn functions_that_are_not_announced_are_not_asked_for() {
    let story = story(|text| {
        text.replace(
            r#"{"function":"loadControlLimitConstraintsListData"},"#,
            r#"{"function":"loadControlNodeData"},"#,
        )
    });
    let asked = |what: &str| {
        let read = format!(r#"{{"{what}":[]}}"#);
        story.wire.iter().any(|(way, text)| *way == Way::Right && text.contains(&read))
    };
    assert!(asked("loadControlLimitListData"));
    assert!(!asked("loadControlLimitConstraintsListData"));
}

#[test]
fn a_use_case_that_is_withdrawn_is_given_up() {
    let mut story = story(|text| text);
    let claims = vec![evcc::EV.claim(), evcem::EV.claim()];
    story.right.engine.claim(&[1, 1], claims).expect("there");
    story.settle();
    let client = &mut story.left.party.0;
    assert_eq!(client.partners(&opev::OPEV).count(), 0);
    assert_eq!(client.partners(&evcc::EVCC).count(), 1);
    let changes: Vec<_> = core::iter::from_fn(|| client.poll()).collect();
    assert!(matches!(changes.last(), Some(Change::Lost(name, _)) if *name == opev::OPEV.name));
}

#[test]
fn a_station_that_announces_its_vehicles_for_ever_is_followed_over_a_change_of_vehicle() {
    let mut story = story(|text| text);
    // It says nothing of use cases when a vehicle comes or goes.
    story.through(|way, text| {
        let is_table = text.contains(r#""payload":[{"cmd":[[{"nodeManagementUseCaseData""#);
        (way == Way::Right || !is_table).then_some(text)
    });
    story.right.engine.remove_entity(&[1, 1]).expect("there");
    story.settle();
    assert_eq!(story.left.party.0.partners(&opev::OPEV).count(), 0);
    let vehicle = planned(EntityType::EV, &VEHICLE).under(&[1]);
    story.right.engine.add_entity(vehicle).expect("below the station");
    story.settle();
    assert_eq!(story.left.party.0.partners(&opev::OPEV).count(), 1);
}

#[test]
fn every_function_has_a_feature() {
    assert_eq!(feature_of(Function::LoadControlLimitListData), FeatureType::LoadControl);
    for use_case in ALL {
        for row in use_case.scenarios.iter().flat_map(|scenario| scenario.data) {
            assert!(feature_of(row.function).serves(row.function));
        }
    }
}
