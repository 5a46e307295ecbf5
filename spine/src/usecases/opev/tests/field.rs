//! Peers that are not as the document wants them, and how much they are asked.

use super::*;

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
fn a_limit_is_accepted_once_it_is_published() {
    // The notification does not come, but the answer to the question does; and the other way
    // round.
    for lost in ["notify", "reply"] {
        let mut story = plugged_in();
        let lost = format!(r#""cmdClassifier":"{lost}""#);
        story.through(move |way, text| {
            let is_lost = text.contains(&lost) && text.contains("loadControlLimitListData");
            (way == Way::Right || !is_lost).then_some(text)
        });
        order(&mut story, amps(9));
        assert!(matches!(story.left.party.answers[..], [Answer::Accepted(_)]));
        assert_eq!(published(&story), [limit(true, 9); 3]);
    }
}

#[test]
fn a_limit_that_is_acknowledged_and_not_published_is_not_kept() {
    let mut story = plugged_in();
    // As a Go server does with an identity that it does not know (interop 22): result 0, and
    // nothing happens.
    story.through(|way, text| {
        let is_write = text.contains(r#""cmdClassifier":"write""#);
        Some(match way {
            Way::Right if is_write => text.replace(r#""limitId":"#, r#""limitId":7"#),
            Way::Right => text,
            Way::Left => text.replace(r#"{"errorNumber":7}"#, r#"{"errorNumber":0}"#),
        })
    });
    order(&mut story, amps(9));
    assert!(matches!(story.left.party.answers[..], [Answer::NotKept(_)]));
    assert_eq!(published(&story), [limit(false, 0); 3]);
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
