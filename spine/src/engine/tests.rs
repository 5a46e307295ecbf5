//! Stories of two engines, and of one engine and a peer that does as it likes.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Engine, Event, Failure, Fault, Misuse, Mode, Output, PeerId};
use crate::Now;
use crate::Refusal;
use crate::device::{Acceptance, EntityPlan, LocalDevice, Operations};
use crate::model::{
    Cmd, DeviceDiagnosisHeartbeatData, DeviceType, EntityType, ErrorNumber, FeatureAddress,
    FeatureType, Function, LoadControlLimitData, LoadControlLimitId, Role, ScaledNumber,
};
use crate::testing::{Pair, Party, Side, Way};
use eebus_json::List;

const PEER: PeerId = Pair::<(), ()>::PEER;

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn limit(id: u32, amperes: i64) -> LoadControlLimitData {
    LoadControlLimitData {
        limit_id: Some(LoadControlLimitId(id)),
        is_limit_changeable: Some(true),
        is_limit_active: Some(false),
        value: Some(ScaledNumber { number: Some(amperes), scale: Some(0) }),
        ..Default::default()
    }
}

fn written(id: u32, amperes: i64) -> LoadControlLimitData {
    LoadControlLimitData {
        is_limit_changeable: None,
        is_limit_active: Some(true),
        ..limit(id, amperes)
    }
}

fn ev(acceptance: Acceptance) -> EntityPlan {
    let mut plan = EntityPlan::new(EntityType::EV).under(&[1]);
    let control = plan.feature(&FeatureType::LoadControl, Role::Server);
    let limits = control.serve(Function::LoadControlLimitListData, Operations::READ_WRITE);
    limits.data = Some(List::from(vec![limit(1, 0), limit(2, 0)]).into());
    limits.acceptance = acceptance;
    control.serve(Function::LoadControlLimitDescriptionListData, Operations::READ);
    plan.feature(&FeatureType::DeviceDiagnosis, Role::Client);
    plan
}

fn charger(acceptance: Acceptance) -> Engine {
    let device = LocalDevice::new("d:_n:Example_Charger".into(), DeviceType::ChargingStation);
    let mut engine = Engine::new(device, Mode::Tolerant);
    engine.add_entity(EntityPlan::new(EntityType::EVSE)).expect("at the top");
    engine.add_entity(ev(acceptance)).expect("below the EVSE");
    engine
}

fn manager() -> Engine {
    let device =
        LocalDevice::new("d:_n:Example_Manager".into(), DeviceType::EnergyManagementSystem);
    let mut engine = Engine::new(device, Mode::Tolerant);
    let mut plan = EntityPlan::new(EntityType::CEM);
    plan.feature(&FeatureType::LoadControl, Role::Client);
    plan.feature(&FeatureType::DeviceDiagnosis, Role::Server)
        .serve(Function::DeviceDiagnosisHeartbeatData, Operations::READ);
    engine.add_entity(plan).expect("at the top");
    engine
}

fn address(entity: &[u32], feature: u32) -> FeatureAddress {
    FeatureAddress { device: None, entity: entity.to_vec(), feature: Some(feature) }
}

/// The manager's LoadControl client and the car's LoadControl server.
fn client() -> FeatureAddress {
    address(&[1], 1)
}

fn server() -> FeatureAddress {
    address(&[1, 1], 1)
}

fn connected<P: Party>(party: P, acceptance: Acceptance) -> Pair<(), P> {
    let left = Side::new(manager(), ());
    let right = Side::new(charger(acceptance), party);
    let mut pair = Pair::new(left, right);
    pair.connect();
    pair
}

fn bound<P: Party>(party: P, acceptance: Acceptance) -> Pair<(), P> {
    let mut pair = connected(party, acceptance);
    let now = pair.now;
    let engine = &mut pair.left.engine;
    engine.subscribe(PEER, &client(), &server(), now).expect("discovered");
    engine.bind(PEER, &client(), &server(), now).expect("discovered");
    pair.settle();
    pair
}

fn write<P: Party>(pair: &mut Pair<(), P>, limits: Vec<LoadControlLimitData>) {
    let cmd = Cmd::partial(List::from(limits));
    let now = pair.now;
    pair.left.engine.write(PEER, &client(), &server(), cmd, now).expect("discovered");
    pair.settle();
}

fn last_answer<P>(pair: &Pair<(), P>) -> Option<&Result<(), Failure>> {
    pair.left.events.iter().rev().find_map(|event| match event {
        Event::Answered { result, .. } => Some(result),
        _ => None,
    })
}

fn refused_with(number: u32) -> impl Fn(&Result<(), Failure>) -> bool {
    move |result| matches!(result, Err(Failure::Refused(Refusal { number: n, .. })) if n.0 == number)
}

fn stored<P>(pair: &Pair<(), P>) -> Vec<Option<i64>> {
    let limits = pair.right.engine.data::<List<LoadControlLimitData>>(&server()).expect("served");
    limits.iter().map(|limit| limit.value.as_ref().and_then(|value| value.number)).collect()
}

#[test]
fn two_devices_get_to_know_each_other() {
    let pair = connected((), Acceptance::Engine);
    let charger = pair.left.engine.peer(PEER).expect("connected");
    let paths: Vec<_> = charger.device().entities().map(|(path, _)| path.to_vec()).collect();
    assert_eq!(paths, [vec![0], vec![1], vec![1, 1]]);
    let load_control = charger.device().find(&[1, 1], &FeatureType::LoadControl, Role::Server);
    assert_eq!(load_control, Some(1));
    let manager = pair.right.engine.peer(PEER).expect("connected");
    assert_eq!(manager.address().map(ToString::to_string).as_deref(), Some("d:_n:Example_Manager"));
    assert!(manager.use_cases().is_some());
}

#[test]
fn nothing_but_questions_is_sent_before_the_peer_has_asked_who_we_are() {
    let mut pair = Pair::new(Side::new(charger(Acceptance::Engine), ()), Side::new(manager(), ()));
    // The right side never gets to ask.
    pair.through(|way, text| {
        (way == Way::Right || !text.contains(r#""cmdClassifier":"read""#)).then_some(text)
    });
    pair.connect();
    let calls = |pair: &Pair<(), ()>| {
        pair.wire.iter().filter(|(way, text)| *way == Way::Right && text.contains("Call")).count()
    };
    pair.run(Duration::from_millis(4900));
    assert_eq!(calls(&pair), 0);
    pair.run(Duration::from_millis(200));
    assert_eq!(calls(&pair), 1, "after five seconds at the latest");
}

#[test]
fn a_bound_client_writes_and_everybody_hears_of_it() {
    let mut pair = bound((), Acceptance::Engine);
    write(&mut pair, vec![written(2, 10)]);
    assert_eq!(last_answer(&pair), Some(&Ok(())));
    assert_eq!(stored(&pair), [Some(0), Some(10)]);
    let cached = pair.left.engine.cached::<List<LoadControlLimitData>>(PEER, &server());
    let entry = &cached.expect("notified")[1];
    assert_eq!(entry.is_limit_active, Some(true));
    assert_eq!(entry.is_limit_changeable, Some(true), "what the write left out stays");
}

#[test]
fn who_asks_twice_is_related_once() {
    let mut pair = bound((), Acceptance::Engine);
    for _ in 0..3 {
        let now = pair.now;
        pair.left.engine.bind(PEER, &client(), &server(), now).expect("discovered");
        pair.settle();
        assert_eq!(last_answer(&pair), Some(&Ok(())));
    }
    let mark = pair.wire.len();
    let read = r#"{"datagram":[{"header":[{"addressSource":[{"device":"d:_n:Example_Manager"},{"entity":[0]},{"feature":0}]},{"addressDestination":[{"entity":[0]},{"feature":0}]},{"msgCounter":900},{"cmdClassifier":"read"}]},{"payload":[{"cmd":[[{"nodeManagementBindingData":[]}]]}]}]}"#;
    let now = pair.now;
    pair.right.engine.datagram(PEER, read.as_bytes(), now);
    pair.settle();
    let table = &pair.wire[mark].1;
    assert_eq!(table.matches("bindingId").count(), 1, "{table}");
    // The manager's own table shows it as well, once.
    let read = read.replace("Example_Manager", "Example_Charger");
    pair.left.engine.datagram(PEER, read.as_bytes(), now);
    pair.settle();
    let table = &pair.wire[mark + 1].1;
    assert_eq!(table.matches("bindingId").count(), 1, "{table}");
}

#[test]
fn a_write_without_a_binding_is_refused_with_9() {
    let mut pair = connected((), Acceptance::Engine);
    write(&mut pair, vec![written(1, 10)]);
    assert!(last_answer(&pair).is_some_and(refused_with(9)));
    assert_eq!(stored(&pair), [Some(0), Some(0)]);
}

#[test]
fn the_application_hears_what_was_refused() {
    let mut pair = bound((), Acceptance::Engine);
    write(&mut pair, vec![written(9, 10)]);
    let Some(Event::WriteRefused { counter, sent, refusal, .. }) = pair.right.events.last() else {
        panic!("{:?}", pair.right.events);
    };
    assert_eq!(refusal.number.0, 7);
    assert_eq!(**sent, List(vec![written(9, 10)]).into());
    let number = format!(r#"{{"msgCounter":{}}}"#, counter.0);
    let is_write = |text: &str| text.contains(r#"{"cmdClassifier":"write"}"#);
    assert!(pair.wire.iter().any(|(_, text)| is_write(text) && text.contains(&number)));
}

#[test]
fn a_newer_connection_of_a_peer_is_told_before_the_old_one_is_gone() {
    let mut pair = bound((), Acceptance::Engine);
    let now = pair.now;
    pair.right.events.clear();
    pair.right.engine.replaced(PEER, PeerId(2), now).expect("there is room");
    pair.settle();
    let events = &pair.right.events;
    assert!(matches!(events[0], Event::Replaced { peer: PEER, by: PeerId(2) }), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::Gone { peer: PEER })));
    assert!(pair.right.engine.peer(PEER).is_none() && pair.right.engine.peer(PeerId(2)).is_some());
}

#[test]
fn amended_data_are_read_and_not_told() {
    let mut pair = bound((), Acceptance::Engine);
    pair.left.events.clear();
    let entry = LoadControlLimitData { is_limit_changeable: Some(true), ..written(1, 4) };
    pair.right.engine.amend(&server(), List(vec![entry])).expect("served");
    pair.settle();
    assert_eq!(stored(&pair), [Some(4)]);
    assert!(pair.left.events.is_empty(), "{:?}", pair.left.events);
}

#[test]
fn a_write_is_taken_as_a_whole_or_not_at_all() {
    let mut pair = bound((), Acceptance::Engine);
    write(&mut pair, vec![written(1, 10), written(9, 10)]);
    assert!(last_answer(&pair).is_some_and(refused_with(7)));
    assert_eq!(stored(&pair), [Some(0), Some(0)]);
}

/// Accepts up to 16 A.
struct Careful;

impl Party for Careful {
    fn event(&mut self, event: &Event, engine: &mut Engine, _: Now) {
        if let Event::Write(write) = event {
            let limits: &List<LoadControlLimitData> =
                eebus_json::Member::peel(&write.merged).expect("the only writable function");
            let high = |l: &LoadControlLimitData| {
                l.value.as_ref().and_then(|v| v.number).is_some_and(|n| n > 16)
            };
            let decided = if limits.iter().any(high) {
                engine.refuse(write, Refusal::rejected("too much"))
            } else {
                engine.accept(write).map(|is_taken| assert!(is_taken))
            };
            decided.expect("asked just now");
        }
    }
}

#[test]
fn the_application_decides_about_writes_if_it_wants_to() {
    let mut pair = bound(Careful, Acceptance::Application);
    write(&mut pair, vec![written(1, 20)]);
    assert!(last_answer(&pair).is_some_and(refused_with(7)));
    write(&mut pair, vec![written(1, 16)]);
    assert_eq!(last_answer(&pair), Some(&Ok(())));
    assert_eq!(stored(&pair), [Some(16), Some(0)]);
}

#[test]
fn a_write_that_nobody_decides_about_is_refused_before_the_peer_gives_up() {
    let mut pair = bound((), Acceptance::Application);
    write(&mut pair, vec![written(1, 10)]);
    pair.run(Duration::from_millis(8900));
    assert_eq!(last_answer(&pair), Some(&Ok(())), "that was the binding");
    pair.run(Duration::from_millis(200));
    assert!(last_answer(&pair).is_some_and(refused_with(2)));
}

#[test]
fn a_second_device_cannot_bind_what_the_first_has_bound() {
    let mut pair = bound((), Acceptance::Engine);
    let other = PeerId(2);
    let call = concat!(
        r#"{"datagram":[{"header":[{"specificationVersion":"1.3.0"},"#,
        r#"{"addressSource":[{"device":"d:_n:Other"},{"entity":[0]},{"feature":0}]},"#,
        r#"{"addressDestination":[{"entity":[0]},{"feature":0}]},{"msgCounter":5},"#,
        r#"{"cmdClassifier":"call"}]},{"payload":[{"cmd":[[{"nodeManagementBindingRequestCall":"#,
        r#"[{"bindingRequest":[{"clientAddress":[{"entity":[1]},{"feature":1}]},"#,
        r#"{"serverAddress":[{"entity":[1,1]},{"feature":1}]}]}]}]]}]}]}"#,
    );
    let engine = &mut pair.right.engine;
    engine.connected(other, pair.now).expect("room");
    engine.datagram(other, call.as_bytes(), pair.now);
    assert_eq!(error_of(engine), Some(7));
    // The first may bind again, and from another feature.
    pair.left.engine.bind(PEER, &client(), &server(), pair.now).expect("discovered");
    pair.left.engine.bind(PEER, &address(&[1], 2), &server(), pair.now).expect("discovered");
    pair.settle();
    assert_eq!(last_answer(&pair), Some(&Ok(())));
    // When it is gone, the other may.
    pair.disconnect();
    pair.right.engine.datagram(other, call.as_bytes(), pair.now);
    assert_eq!(error_of(&mut pair.right.engine), None);
}

/// The error number of the answer among an engine's outputs.
fn error_of(engine: &mut Engine) -> Option<u32> {
    let mut number = None;
    while let Some(output) = engine.poll() {
        if let Output::Datagram { datagram, .. } = output
            && let Some((_, rest)) = datagram.as_str().split_once(r#"{"errorNumber":"#)
        {
            number = rest.split('}').next().and_then(|n| n.parse().ok());
        }
    }
    number
}

#[test]
fn an_entity_comes_and_goes_at_run_time() {
    let mut pair = bound((), Acceptance::Engine);
    pair.right.engine.remove_entity(&[1, 1]).expect("there");
    pair.settle();
    let peer = pair.left.engine.peer(PEER).expect("connected");
    assert!(peer.device().entity(&[1, 1]).is_none());
    assert!(peer.cached(&server(), Function::LoadControlLimitListData).is_none());
    assert!(!pair.right.engine.is_bound(
        PEER,
        &FeatureAddress { device: Some("d:_n:Example_Charger".into()), ..server() }
    ));
    let now = pair.now;
    let gone = pair.left.engine.bind(PEER, &client(), &server(), now);
    assert!(gone.is_err());

    pair.right.engine.add_entity(ev(Acceptance::Engine)).expect("below the EVSE");
    pair.settle();
    let added = pair.left.events.iter().rev().find_map(|event| match event {
        Event::EntityAdded { entity, .. } => Some(entity.clone()),
        _ => None,
    });
    assert_eq!(added, Some(vec![1, 1]));
    write(&mut pair, vec![written(1, 10)]);
    assert!(last_answer(&pair).is_some_and(refused_with(9)), "the binding went with the entity");
}

#[test]
fn a_heartbeat_beats_at_half_of_what_it_promises() {
    let mut pair = connected((), Acceptance::Engine);
    let diagnosis = address(&[1], 2);
    let now = pair.now;
    let left = &mut pair.left.engine;
    left.start_heartbeat(&diagnosis, seconds(4), now).expect("served");
    pair.right.engine.subscribe(PEER, &address(&[1, 1], 2), &diagnosis, now).expect("discovered");
    pair.settle();
    let counter = |pair: &Pair<(), ()>| {
        let beat = pair.right.engine.cached::<DeviceDiagnosisHeartbeatData>(PEER, &diagnosis);
        beat.and_then(|beat| beat.heartbeat_counter)
    };
    let first = counter(&pair).expect("at once");
    pair.run(seconds(10));
    assert_eq!(counter(&pair), Some(first + 5));
    pair.left.engine.stop_heartbeat(&diagnosis);
    pair.run(seconds(10));
    assert_eq!(counter(&pair), Some(first + 5));
    let now = pair.now;
    pair.left.engine.start_heartbeat(&diagnosis, seconds(4), now).expect("served");
    pair.settle();
    assert_eq!(counter(&pair), Some(first + 6), "the counter goes on");
}

#[test]
fn a_silent_peer_is_asked_again_and_then_given_up() {
    let mut engine = manager();
    let mut now = Pair::new(Side::new(manager(), ()), Side::new(manager(), ())).now;
    engine.connected(PEER, now).expect("room");
    let mut asked = 0;
    let mut silent = false;
    for _ in 0..3600 {
        while let Some(output) = engine.poll() {
            match output {
                Output::Datagram { .. } => asked += 1,
                Output::Event(Event::Fault { fault: Fault::Silent, .. }) => silent = true,
                Output::Event(_) | Output::Close { .. } => {}
            }
        }
        now = now.plus(seconds(1));
        engine.tick(now);
    }
    assert_eq!(asked, 4);
    assert!(silent);
}

#[test]
fn the_end_of_a_connection_ends_everything_that_hung_on_it() {
    let mut pair = bound((), Acceptance::Application);
    write(&mut pair, vec![written(1, 10)]);
    pair.disconnect();
    assert!(pair.left.engine.peer(PEER).is_none());
    assert_eq!(last_answer(&pair), Some(&Err(Failure::Gone)));
    assert!(pair.right.events.iter().any(|event| matches!(event, Event::Unbound(_))));
    assert!(pair.right.events.iter().any(|event| matches!(event, Event::Gone { .. })));
    assert_eq!(stored(&pair), [Some(0), Some(0)]);
    pair.connect();
    assert!(
        pair.left.engine.peer(PEER).is_some_and(|peer| peer.device().entity(&[1, 1]).is_some())
    );
}

/// One datagram to an engine that knows its peer; the number of the answer, if there is one.
struct Lab {
    engine: Engine,
    now: Now,
}

impl Lab {
    fn new(mode: Mode) -> Self {
        let device = LocalDevice::new("d:_n:Example_Charger".into(), DeviceType::ChargingStation);
        let mut engine = Engine::new(device, mode);
        engine.add_entity(EntityPlan::new(EntityType::EVSE)).expect("at the top");
        engine.add_entity(ev(Acceptance::Engine)).expect("below the EVSE");
        let now = Pair::new(Side::new(manager(), ()), Side::new(manager(), ())).now;
        engine.connected(PEER, now).expect("room");
        let mut lab = Self { engine, now };
        lab.send("read", "", r#"{"nodeManagementDetailedDiscoveryData":[]}"#, &[0], 0);
        lab
    }

    /// The answers, without their headers' addresses.
    fn raw(&mut self, text: &str) -> Vec<String> {
        while self.engine.poll().is_some() {}
        self.engine.datagram(PEER, text.as_bytes(), self.now);
        let mut answers = Vec::new();
        while let Some(output) = self.engine.poll() {
            if let Output::Datagram { datagram, .. } = output {
                answers.push(datagram.as_str().to_string());
            }
        }
        answers
    }

    fn send(
        &mut self,
        classifier: &str,
        header: &str,
        cmd: &str,
        entity: &[u32],
        feature: u32,
    ) -> Vec<String> {
        let text = format!(
            r#"{{"datagram":[{{"header":[{{"specificationVersion":"1.3.0"}},{{"addressSource":[{{"device":"d:_n:Example_Manager"}},{{"entity":[0]}},{{"feature":0}}]}},{{"addressDestination":[{{"device":"d:_n:Example_Charger"}},{{"entity":{entity:?}}},{{"feature":{feature}}}]}},{{"msgCounter":7}},{{"cmdClassifier":"{classifier}"}}{header}]}},{{"payload":[{{"cmd":[[{cmd}]]}}]}}]}}"#
        );
        self.raw(&text)
    }

    fn error(&mut self, classifier: &str, cmd: &str, entity: &[u32], feature: u32) -> Option<u32> {
        let answers = self.send(classifier, "", cmd, entity, feature);
        assert!(answers.len() <= 1, "never answered twice: {answers:?}");
        let (_, rest) = answers.first()?.split_once(r#"{"errorNumber":"#)?;
        rest.split('}').next().and_then(|n| n.parse().ok())
    }
}

#[test]
fn each_mistake_has_its_number() {
    let mut lab = Lab::new(Mode::Tolerant);
    let limits = r#"{"loadControlLimitListData":[]}"#;
    type Row = (&'static str, &'static str, &'static [u32], u32, Option<u32>);
    let rows: &[Row] = &[
        ("read", limits, &[1, 1], 1, None),
        ("read", limits, &[1, 1], 9, Some(4)),
        ("read", limits, &[7], 1, Some(4)),
        ("read", r#"{"measurementListData":[]}"#, &[1, 1], 1, Some(6)),
        ("read", r#"{"vendorData":[]}"#, &[1, 1], 1, Some(6)),
        ("read", r#"{"deviceDiagnosisStateData":[]}"#, &[1, 1], 2, Some(6)),
        (
            "read",
            r#"{"function":"measurementListData"},{"loadControlLimitListData":[]}"#,
            &[1, 1],
            1,
            Some(6),
        ),
        ("read", r#"{"function":""},{"loadControlLimitListData":[]}"#, &[1, 1], 1, None),
        ("read", "", &[1, 1], 1, Some(1)),
        (
            "read",
            r#"{"loadControlLimitListData":[]}],[{"loadControlLimitListData":[]}"#,
            &[1, 1],
            1,
            Some(1),
        ),
        (
            "read",
            r#"{"loadControlLimitListData":[{"loadControlLimitData":7}]}"#,
            &[1, 1],
            1,
            Some(1),
        ),
        ("write", limits, &[1, 1], 1, Some(9)),
        ("write", r#"{"loadControlLimitDescriptionListData":[]}"#, &[1, 1], 1, Some(7)),
        ("write", r#"{"nodeManagementUseCaseData":[]}"#, &[0], 0, Some(6)),
        ("call", r#"{"nodeManagementBindingRequestCall":[]}"#, &[0], 0, Some(7)),
        ("call", r#"{"nodeManagementBindingRequestCall":[]}"#, &[1, 1], 1, Some(6)),
        (
            "call",
            r#"{"nodeManagementBindingRequestCall":[{"bindingRequest":[{"clientAddress":[{"entity":[1]},{"feature":1}]},{"serverAddress":[{"entity":[0]},{"feature":0}]}]}]}"#,
            &[0],
            0,
            Some(7),
        ),
        (
            "call",
            r#"{"nodeManagementBindingRequestCall":[{"bindingRequest":[{"clientAddress":[{"device":"d:_n:Third"},{"entity":[1]},{"feature":1}]},{"serverAddress":[{"entity":[1,1]},{"feature":1}]}]}]}"#,
            &[0],
            0,
            Some(7),
        ),
        (
            "call",
            r#"{"nodeManagementSubscriptionRequestCall":[{"subscriptionRequest":[{"clientAddress":[{"entity":[1]},{"feature":1}]},{"serverAddress":[{"entity":[1,1]},{"feature":1}]},{"serverFeatureType":"Measurement"}]}]}"#,
            &[0],
            0,
            Some(7),
        ),
        (
            "call",
            r#"{"nodeManagementSubscriptionRequestCall":[{"subscriptionRequest":[{"clientAddress":[{"entity":[1]},{"feature":1}]},{"serverAddress":[{"entity":[1,1]},{"feature":1}]},{"serverFeatureType":"Generic"}]}]}"#,
            &[0],
            0,
            None,
        ),
        (
            "call",
            r#"{"nodeManagementSubscriptionDeleteCall":[{"subscriptionDelete":[{"clientAddress":[{"entity":[9]},{"feature":1}]},{"serverAddress":[{"entity":[1,1]},{"feature":1}]}]}]}"#,
            &[0],
            0,
            None,
        ),
        ("notify", r#"{"measurementListData":[]}"#, &[1, 1], 9, None),
        ("reply", r#"{"vendorData":[]}"#, &[1, 1], 1, None),
        ("result", r#"{"resultData":[{"errorNumber":1}]}"#, &[1, 1], 1, None),
    ];
    for (classifier, cmd, entity, feature, expected) in rows {
        assert_eq!(lab.error(classifier, cmd, entity, *feature), *expected, "{classifier} {cmd}");
    }
}

#[test]
fn success_is_reported_only_to_those_who_ask() {
    let mut lab = Lab::new(Mode::Tolerant);
    let call = r#"{"nodeManagementSubscriptionRequestCall":[{"subscriptionRequest":[{"clientAddress":[{"entity":[1]},{"feature":1}]},{"serverAddress":[{"entity":[1,1]},{"feature":1}]}]}]}"#;
    assert!(lab.send("call", "", call, &[0], 0).is_empty());
    let ack = r#",{"ackRequest":true}"#;
    let answers = lab.send("call", ack, call, &[0], 0);
    assert!(answers[0].contains(r#"{"resultData":[{"errorNumber":0}]}"#), "{answers:?}");
    assert!(answers[0].contains(r#"{"msgCounterReference":7}"#));
    let notify = r#"{"measurementListData":[]}"#;
    assert_eq!(lab.send("notify", ack, notify, &[1, 1], 1).len(), 1);
    assert_eq!(lab.send("read", ack, r#"{"loadControlLimitListData":[]}"#, &[1, 1], 1).len(), 1);
    assert!(lab.send("result", ack, r#"{"resultData":[]}"#, &[1, 1], 1).is_empty());
}

#[test]
fn an_incomplete_header_is_not_answered() {
    let mut lab = Lab::new(Mode::Tolerant);
    let cmd = r#"{"payload":[{"cmd":[[{"loadControlLimitListData":[]}]]}]}"#;
    let source =
        r#"{"addressSource":[{"device":"d:_n:Example_Manager"},{"entity":[0]},{"feature":0}]}"#;
    let destination = r#"{"addressDestination":[{"entity":[1,1]},{"feature":1}]}"#;
    for header in [
        format!(r#"{destination},{{"msgCounter":1}},{{"cmdClassifier":"read"}}"#),
        format!(r#"{source},{{"msgCounter":1}},{{"cmdClassifier":"read"}}"#),
        format!(r#"{source},{destination},{{"cmdClassifier":"read"}}"#),
        format!(r#"{source},{destination},{{"msgCounter":1}}"#),
        format!(r#"{source},{destination},{{"msgCounter":1}},{{"cmdClassifier":"ask"}}"#),
        format!(
            r#"{},{destination},{{"msgCounter":1}},{{"cmdClassifier":"read"}}"#,
            source.replace("Example_Manager", "Somebody")
        ),
        format!(
            r#"{},{destination},{{"msgCounter":1}},{{"cmdClassifier":"read"}}"#,
            source.replace("Example_Manager", "Example_Charger")
        ),
    ] {
        let text = format!(r#"{{"datagram":[{{"header":[{header}]}},{cmd}]}}"#);
        assert!(lab.raw(&text).is_empty(), "{text}");
    }
    for text in ["", "{", "[]", r#"{"other":[]}"#, r#"{"datagram":[]}"#, r#"{"datagram":null}"#] {
        assert!(lab.raw(text).is_empty(), "{text}");
    }
}

#[test]
fn a_payload_beyond_a_double_is_answered() {
    let mut lab = Lab::new(Mode::Tolerant);
    let cmd = r#"{"loadControlLimitListData":[{"loadControlLimitData":[[{"limitId":1},{"value":[{"number":1e400}]}]]}]}"#;
    assert_eq!(lab.error("write", cmd, &[1, 1], 1), Some(1));
    let foreign = lab.send("read", "", r#"{"loadControlLimitListData":[]}"#, &[1, 1], 1);
    let foreign = foreign[0].clone();
    assert!(foreign.contains("\"reply\""));
}

#[test]
fn another_devices_message_is_not_forwarded() {
    let mut lab = Lab::new(Mode::Tolerant);
    let text = r#"{"datagram":[{"header":[{"addressSource":[{"device":"d:_n:Example_Manager"},{"entity":[0]},{"feature":0}]},{"addressDestination":[{"device":"d:_n:Third"},{"entity":[1]},{"feature":1}]},{"msgCounter":7},{"cmdClassifier":"read"}]},{"payload":[{"cmd":[[{"loadControlLimitListData":[]}]]}]}]}"#;
    let answers = lab.raw(text);
    assert!(answers[0].contains(r#"{"errorNumber":5}"#), "{answers:?}");
}

#[test]
fn a_flood_is_refused_and_then_forgiven() {
    let mut lab = Lab::new(Mode::Tolerant);
    let read = r#"{"loadControlLimitListData":[]}"#;
    let refused = (0..2000).filter(|_| lab.error("read", read, &[1, 1], 1) == Some(3)).count();
    assert!((900..1100).contains(&refused), "{refused}");
    lab.now = lab.now.plus(seconds(10));
    assert_eq!(lab.error("read", read, &[1, 1], 1), None);
}

#[test]
fn a_flood_without_end_ends_the_connection() {
    let mut lab = Lab::new(Mode::Tolerant);
    for _ in 0..10_000 {
        lab.engine.datagram(PEER, b"garbage", lab.now);
    }
    let mut closes = 0;
    while let Some(output) = lab.engine.poll() {
        closes += usize::from(matches!(output, Output::Close { peer } if peer == PEER));
    }
    assert_eq!(closes, 1);
    assert!(lab.engine.peer(PEER).is_none());
}

#[test]
fn there_is_room_for_so_many_peers() {
    let now = Lab::new(Mode::Tolerant).now;
    let mut engine = manager();
    for peer in 0..32 {
        assert_eq!(engine.connected(PeerId(peer), now), Ok(()));
    }
    assert_eq!(engine.connected(PeerId(32), now), Err(Misuse::TooManyPeers));
    engine.disconnected(PeerId(0));
    assert_eq!(engine.connected(PeerId(32), now), Ok(()));
}

#[test]
fn a_write_to_an_entity_that_goes_is_answered() {
    let mut pair = bound((), Acceptance::Application);
    write(&mut pair, vec![written(1, 10)]);
    pair.right.engine.remove_entity(&[1, 1]).expect("there");
    pair.settle();
    let refused = pair.left.events.iter().any(|event| match event {
        Event::Answered { result, .. } => refused_with(4)(result),
        _ => false,
    });
    let gone = pair
        .left
        .events
        .iter()
        .any(|event| matches!(event, Event::Answered { result: Err(Failure::Gone), .. }));
    assert!(refused || gone, "the writer knows");
    let wire = pair.wire.iter().any(|(_, text)| text.contains(r#"{"errorNumber":4}"#));
    assert!(wire, "and was told");
}

#[test]
fn a_new_subscriber_makes_a_beat_for_itself_alone() {
    let mut pair = connected((), Acceptance::Engine);
    let diagnosis = address(&[1], 2);
    let now = pair.now;
    pair.left.engine.start_heartbeat(&diagnosis, seconds(4), now).expect("served");
    let beats = |pair: &Pair<(), ()>| {
        let beat = r#""deviceDiagnosisHeartbeatData":[{"timestamp""#;
        pair.wire.iter().filter(|(_, text)| text.contains(beat)).count()
    };
    for (client, expected) in [(2, 1), (1, 2)] {
        let client = address(&[1, 1], client);
        pair.right.engine.subscribe(PEER, &client, &diagnosis, now).expect("discovered");
        pair.settle();
        assert_eq!(beats(&pair), expected);
    }
}

/// A measurement notify of the manager's own making.
fn notify_label(i: usize, octets: usize) -> String {
    format!(
        r#"{{"loadControlLimitDescriptionListData":[{{"loadControlLimitDescriptionData":[[{{"limitId":{i}}},{{"label":"{}"}}]]}}]}}"#,
        "x".repeat(octets)
    )
}

#[test]
fn what_a_peer_tells_us_is_bounded_in_octets() {
    let mut lab = Lab::new(Mode::Tolerant);
    let discovery = r#"{"nodeManagementDetailedDiscoveryData":[{"entityInformation":[[{"description":[{"entityAddress":[{"entity":[1]}]},{"entityType":"CEM"}]}]]},{"featureInformation":[[{"description":[{"featureAddress":[{"entity":[0]},{"feature":1}]},{"featureType":"LoadControl"},{"role":"server"}]}]]}]}"#;
    lab.send("notify", "", discovery, &[0], 0);
    let partial = r#"{"function":"loadControlLimitDescriptionListData"},{"filter":[[{"cmdControl":[{"partial":[]}]}]]}"#;
    for i in 0..20 {
        let cmd = format!("{partial},{}", notify_label(i, 200_000));
        let text = format!(
            r#"{{"datagram":[{{"header":[{{"addressSource":[{{"device":"d:_n:Example_Manager"}},{{"entity":[0]}},{{"feature":1}}]}},{{"addressDestination":[{{"entity":[1,1]}},{{"feature":2}}]}},{{"msgCounter":7}},{{"cmdClassifier":"notify"}}]}},{{"payload":[{{"cmd":[[{cmd}]]}}]}}]}}"#
        );
        lab.raw(&text);
    }
    let server = address(&[0], 1);
    let peer = lab.engine.peer(PEER).expect("connected");
    let function = Function::LoadControlLimitDescriptionListData;
    let kept = peer.cached(&server, function).expect("the first of them");
    let octets = format!("{kept:?}").len();
    assert!((200_000..1 << 20).contains(&octets), "{octets}");
}

#[test]
fn data_of_a_function_that_is_not_announced_are_dropped() {
    let mut pair = connected((), Acceptance::Engine);
    let limits = r#"{"measurementListData":[{"measurementData":[[{"measurementId":1}]]}]}"#;
    let text = format!(
        r#"{{"datagram":[{{"header":[{{"addressSource":[{{"device":"d:_n:Example_Charger"}},{{"entity":[1,1]}},{{"feature":1}}]}},{{"addressDestination":[{{"entity":[1]}},{{"feature":1}}]}},{{"msgCounter":700}},{{"cmdClassifier":"notify"}}]}},{{"payload":[{{"cmd":[[{limits}]]}}]}}]}}"#
    );
    let now = pair.now;
    pair.left.engine.datagram(PEER, text.as_bytes(), now);
    let peer = pair.left.engine.peer(PEER).expect("connected");
    assert!(peer.cached(&server(), Function::MeasurementListData).is_none());
}

#[test]
fn what_a_peer_may_pile_up_is_bounded() {
    let mut lab = Lab::new(Mode::Tolerant);
    let mut refused = 0;
    for i in 0..100 {
        let call = format!(
            r#"{{"nodeManagementSubscriptionRequestCall":[{{"subscriptionRequest":[{{"clientAddress":[{{"entity":[1]}},{{"feature":{i}}}]}},{{"serverAddress":[{{"entity":[1,1]}},{{"feature":1}}]}}]}}]}}"#
        );
        refused += usize::from(lab.error("call", &call, &[0], 0) == Some(3));
    }
    assert_eq!(refused, 100 - 32);
    let number = ErrorNumber(3);
    assert_eq!(Refusal::overload("").number, number);
}
