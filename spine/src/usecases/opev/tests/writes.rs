//! What is taken of a write, and what becomes of it (e-mobility 7.3).

use super::*;

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
fn what_was_written_is_told_with_what_was_there_before() {
    let mut story = plugged_in();
    order(&mut story, amps(10));
    order(&mut story, amps(6));
    order(&mut story, NONE);
    let written = |fact: &Fact| match fact {
        Fact::Written(Written { peer, before, after, .. }) => Some((*peer, *before, *after)),
        _ => None,
    };
    let written: Vec<_> = story.right.party.facts.iter().filter_map(written).collect();
    let peer = Story::PEER;
    assert_eq!(written, [(peer, NONE, amps(10)), (peer, amps(10), amps(6)), (peer, amps(6), NONE)]);
}

/// 10 A on all phases for half a minute.
fn write_for_half_a_minute(story: &mut Story) {
    let end = AbsoluteOrRelativeTime::from(Duration::from_secs(30));
    let entries = [1, 2, 3].map(|id| LoadControlLimitData {
        time_period: Some(TimePeriod { start_time: None, end_time: Some(end.clone()) }),
        ..entry(id, Some(ScaledNumber::from_integer(10)))
    });
    assert_eq!(raw_write(story, entries.to_vec()), Ok(()));
}

#[test]
fn the_end_of_a_limit_does_not_move_with_later_writes() {
    let mut story = plugged_in();
    write_for_half_a_minute(&mut story);
    for _ in 0..29 {
        story.run(Duration::from_secs(1));
        let eight = entry(2, Some(ScaledNumber::from_integer(8)));
        assert_eq!(raw_write(&mut story, vec![eight]), Ok(()));
    }
    story.run(Duration::from_millis(999));
    assert_eq!(ceiling(&story).0, [10, 8, 10].map(|amps| Some(MilliAmps(amps * 1_000))));
    story.run(Duration::from_millis(1));
    assert_eq!(ceiling(&story).0, NONE);
}

#[test]
fn the_end_of_a_limit_can_be_written_anew_or_taken_away() {
    let mut story = plugged_in();
    write_for_half_a_minute(&mut story);
    story.run(Duration::from_secs(20));
    write_for_half_a_minute(&mut story);
    story.run(Duration::from_secs(20));
    assert_eq!(ceiling(&story).0, amps(10));
    let lasting = [1, 2, 3].map(|id| entry(id, Some(ScaledNumber::from_integer(10))));
    assert_eq!(write(&mut story, Cmd::full(List::from(lasting.to_vec()))), Ok(()));
    story.run(Duration::from_secs(60));
    assert_eq!(ceiling(&story).0, amps(10));
}

#[test]
fn who_reads_a_limit_sees_what_is_left_of_its_time() {
    let mut story = plugged_in();
    write_for_half_a_minute(&mut story);
    let notified = |story: &Story| {
        let of_limits = |event: &&Event| {
            let function = Function::LoadControlLimitListData;
            matches!(event, Event::Data { function: f, .. } if *f == function)
        };
        story.left.events.iter().filter(of_limits).count()
    };
    let before = notified(&story);
    story.run(Duration::from_millis(9_500));
    assert_eq!(notified(&story), before, "nobody is told every second");

    let (left, now) = (&mut story.left, story.now);
    let vehicle = left.party.vehicle().expect("a vehicle");
    let function = Function::LoadControlLimitListData;
    let (own, theirs) = left.party.client.addresses(&vehicle, function).expect("linked");
    left.engine.read(Story::PEER, own, theirs, function, now).expect("linked");
    story.settle();
    let (left, theirs) = (&story.left, story.left.party.client.addresses(&vehicle, function));
    let (_, theirs) = theirs.expect("linked");
    let limits = left.engine.cached::<List<LoadControlLimitData>>(Story::PEER, theirs);
    let period = limits.expect("read")[0].time_period.clone();
    let end = period.and_then(|period| period.end_time).expect("it has an end");
    assert_eq!(end.as_str(), "PT21S");
}

#[test]
fn a_limit_that_was_written_with_an_end_is_lifted_then() {
    let mut story = plugged_in();
    write_for_half_a_minute(&mut story);
    story.run(Duration::from_millis(29_999));
    assert_eq!(ceiling(&story).0, amps(10));
    story.run(Duration::from_millis(1));
    assert_eq!(ceiling(&story).0, NONE);
    assert_eq!(published(&story), [limit(false, 10); 3]);
}
