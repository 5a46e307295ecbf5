//! What happens between plug-in and unplugging.

use super::*;

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
fn a_newer_connection_of_the_guard_is_no_loss() {
    for (limit, held) in [(amps(16), SAFE), (amps(0), amps(0))] {
        let mut story = plugged_in();
        order(&mut story, limit);
        story.right.party.facts.clear();
        let (right, now) = (&mut story.right, story.now);
        right.engine.replaced(Story::PEER, PeerId(2), now).expect("there is room");
        story.settle();
        let waits = Ceiling { phases: held, state: State::Wait };
        assert_eq!(story.right.party.facts, [Fact::Ceiling(waits)]);
        assert_eq!(story.right.party.vehicle.as_ref().and_then(|v| v.opev.guard()), None);
    }
}

#[test]
fn it_is_known_when_the_guard_was_heard_last() {
    let mut story = plugged_in();
    let heard = |story: &Story| story.right.party.vehicle.as_ref().and_then(|v| v.opev.heard());
    for _ in 0..10 {
        story.run(Duration::from_millis(1_700));
        let age = story.now.instant - heard(&story).expect("it beats");
        assert!(age <= Duration::from_secs(2), "{age:?}");
    }
    heartbeat(&mut story, false);
    let last = heard(&story);
    story.run(Duration::from_secs(60));
    assert_eq!(heard(&story), last);
    story.disconnect();
    assert_eq!(heard(&story), last);
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
    assert_eq!(story.right.party.facts.first(), Some(&Fact::Guard(Story::PEER)));
    order(&mut story, amps(10));
    let right = &mut story.right;
    let vehicle = right.party.vehicle.as_mut().expect("plugged in");
    vehicle.opev.forget_guard(&mut right.engine).expect("there");
    right.party.note();
    story.settle();
    assert_eq!(ceiling(&story), (NONE, State::NoGuard));
    assert_eq!(published(&story), [limit(false, 10); 3]);
}
