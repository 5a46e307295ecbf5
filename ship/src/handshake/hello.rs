//! Hello: both sides say whether they trust each other yet (SHIP 1.1.0 §13.4.4.1).
//!
//! A side is *ready* when it trusts the other and *pending* while its user has not decided. Either
//! waits for a limited time, says in `waiting` what is left of it, and a side that is pending may
//! ask the other to wait longer. Names of timers: Wait-For-Ready is how long we wait;
//! Send-Prolongation-Request is when we ask for more of the peer's time, because its own is about
//! to run out; Prolongation-Request-Reply is how long we wait for the answer to that.

use core::time::Duration;

use eebus_json::Instant;

use super::{Context, Happening, Phase, millis, protocol};
use crate::connection::{End, Event, Stage};
use crate::message::{ConnectionHello, HelloPhase, Message};
use crate::trust::Standing;

/// A peer that waits less than this is not worth a prolongation request.
const WORTH_PROLONGING: Duration = Duration::from_secs(30);
/// How long before the end of the peer's time we ask for more.
const PROLONG_AHEAD: Duration = Duration::from_secs(15);
/// A peer that is ready and does not say for how long waits at least this long.
const WAITING_UNKNOWN: Duration = Duration::from_secs(60);
/// How long the phase may last, whatever is prolonged.
const AT_MOST: Duration = Duration::from_secs(30 * 60);

/// Hello begins: what is our own phase?
pub(super) fn enter(cx: &mut Context<'_>) -> Phase {
    match cx.standing {
        Standing::Trusted => return Phase::Ready(Ready::enter(cx, cx.now)),
        Standing::Refused => return cx.abort(End::Refused),
        Standing::Unknown => {}
    }
    let until = cx.now + cx.settings.timers.hello;
    cx.send_hello(ConnectionHello::update(HelloPhase::Pending, Some(until - cx.now)));
    cx.tell(Event::Waiting);
    Phase::Pending(Pending {
        wait: Some(until),
        ask_at: None,
        answer_by: None,
        is_answer_due: false,
        peer_waits: None,
        peer_is_ready: false,
        entered: cx.now,
    })
}

/// We trust the peer and wait until it trusts us.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Wait-For-Ready. Prolonging adds to it, it never restarts.
    wait: Instant,
    entered: Instant,
    /// We had asked for more time and had no answer when our user decided: one more `ready` of
    /// the peer may be on its way.
    is_answer_due: bool,
}

impl Ready {
    fn enter(cx: &mut Context<'_>, entered: Instant) -> Self {
        let wait = cx.now + cx.settings.timers.hello;
        cx.send_hello(ConnectionHello::update(HelloPhase::Ready, Some(wait - cx.now)));
        Self { wait, entered, is_answer_due: false }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.wait
    }

    pub(super) fn next(mut self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match what {
            Happening::Message(Message::ConnectionHello(hello)) => match hello.phase {
                Some(HelloPhase::Ready) => return protocol::enter(self.is_answer_due, cx),
                Some(HelloPhase::Pending) if hello.prolongation_request == Some(true) => {
                    // What was granted counts, not what has passed: a peer may ask at any rate.
                    if self.wait - self.entered < AT_MOST {
                        self.wait += cx.settings.timers.hello;
                        // What remains, not the increment.
                        let left = Some(self.wait - cx.now);
                        cx.send_hello(ConnectionHello::update(HelloPhase::Ready, left));
                    }
                }
                // A bare `pending` is no question.
                Some(HelloPhase::Pending) => {}
                Some(HelloPhase::Aborted) => return cx.end(End::Rejected),
                None => return cx.abort(End::Unexpected(Stage::Ready)),
            },
            Happening::Init | Happening::Message(_) | Happening::Fault(_) => {
                return cx.abort(End::Unexpected(Stage::Ready));
            }
            Happening::Trust(false) => return cx.abort(End::Refused),
            Happening::Tick if cx.is_past(self.wait) => {
                return cx.abort(End::TimedOut(Stage::Ready));
            }
            Happening::Trust(true)
            | Happening::Tick
            | Happening::Leave(_)
            | Happening::Send(_)
            | Happening::Pin
            | Happening::Judged(_)
            | Happening::Keys(_)
            | Happening::Lost => {}
        }
        Phase::Ready(self)
    }
}

/// Our user has not decided yet.
#[derive(Debug)]
pub(crate) struct Pending {
    /// Wait-For-Ready; stopped once the peer is ready, because then its time is what counts.
    wait: Option<Instant>,
    /// Send-Prolongation-Request.
    ask_at: Option<Instant>,
    /// Prolongation-Request-Reply.
    answer_by: Option<Instant>,
    /// The answer itself: a peer that becomes ready says so without being asked, and that is not
    /// it.
    is_answer_due: bool,
    /// What the peer last said of its own waiting.
    peer_waits: Option<Duration>,
    /// Sticky: some peers answer a prolongation request as if they were pending although they
    /// stay ready, and both sides would wait for each other.
    peer_is_ready: bool,
    entered: Instant,
}

impl Pending {
    pub(super) fn deadline(&self) -> Instant {
        let cap = self.entered + AT_MOST;
        [self.wait, self.ask_at, self.answer_by].into_iter().flatten().fold(cap, Instant::min)
    }

    pub(super) fn next(mut self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match what {
            Happening::Message(Message::ConnectionHello(hello)) => {
                let waiting = hello.waiting.map(millis);
                let asks = hello.prolongation_request == Some(true);
                match hello.phase {
                    Some(HelloPhase::Ready) => {
                        self.is_answer_due &= !self.peer_is_ready;
                        self.peer_is_ready = true;
                        self.wait = None;
                        // The standard gives up on a `ready` that says no time; devices send it.
                        self.prolong_before(waiting.unwrap_or(WAITING_UNKNOWN), cx.now);
                    }
                    Some(HelloPhase::Pending) if asks || waiting.is_some() => {
                        self.is_answer_due &= waiting.is_none();
                        if let Some(waiting) = waiting {
                            self.prolong_before(waiting, cx.now);
                        }
                        if asks {
                            self.grant(cx);
                        }
                    }
                    Some(HelloPhase::Aborted) => return cx.end(End::Rejected),
                    Some(HelloPhase::Pending) | None => {
                        return cx.abort(End::Unexpected(Stage::Pending));
                    }
                }
            }
            Happening::Init | Happening::Message(_) | Happening::Fault(_) => {
                return cx.abort(End::Unexpected(Stage::Pending));
            }
            Happening::Trust(true) => {
                let is_answer_due = self.is_answer_due;
                let ready = Ready { is_answer_due, ..Ready::enter(cx, self.entered) };
                return if self.peer_is_ready {
                    protocol::enter(is_answer_due, cx)
                } else {
                    Phase::Ready(ready)
                };
            }
            Happening::Trust(false) => return cx.abort(End::Refused),
            Happening::Tick => return self.tick(cx),
            Happening::Leave(_)
            | Happening::Send(_)
            | Happening::Pin
            | Happening::Judged(_)
            | Happening::Keys(_)
            | Happening::Lost => {}
        }
        Phase::Pending(self)
    }

    fn tick(mut self, cx: &mut Context<'_>) -> Phase {
        let cap = self.entered + AT_MOST;
        let ends = [self.wait, self.answer_by, Some(cap)];
        if ends.into_iter().flatten().any(|end| cx.is_past(end)) {
            return cx.abort(End::TimedOut(Stage::Pending));
        }
        if self.ask_at.is_some_and(|at| cx.is_past(at)) {
            self.ask_at = None;
            let patience = self.peer_waits.unwrap_or(cx.settings.timers.hello);
            self.answer_by = Some(cx.now + patience);
            self.is_answer_due = true;
            cx.send_hello(ConnectionHello::prolongation());
        }
        Phase::Pending(self)
    }

    /// Plans our prolongation request ahead of the end of the peer's time.
    fn prolong_before(&mut self, waiting: Duration, now: Instant) {
        self.answer_by = None;
        self.peer_waits = Some(waiting);
        self.ask_at = (waiting >= WORTH_PROLONGING).then(|| now + (waiting - PROLONG_AHEAD));
    }

    /// Grants the peer's prolongation request.
    fn grant(&mut self, cx: &mut Context<'_>) {
        if self.wait.unwrap_or(cx.now) - self.entered >= AT_MOST {
            return;
        }
        if let Some(wait) = &mut self.wait {
            *wait += cx.settings.timers.hello;
        }
        let left = self.wait.map(|wait| wait - cx.now);
        cx.send_hello(ConnectionHello::update(HelloPhase::Pending, left));
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::ToOwned;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::bench::{ABORTED, ANNOUNCE, Bench, PENDING, PROLONG, READY, hello, secs};
    use crate::connection::{Leave, Role};

    fn ready() -> Bench {
        let mut bench = Bench::hello(Role::Server, Standing::Trusted);
        bench.said();
        bench
    }

    fn pending() -> Bench {
        let mut bench = Bench::hello(Role::Server, Standing::Unknown);
        assert_eq!(bench.said(), ["init", PENDING]);
        assert!(matches!(bench.events[..], [Event::Waiting]));
        bench
    }

    fn aborted(end: End) -> (Vec<String>, u16, End) {
        let code = if end == End::Refused { 4452 } else { 1000 };
        (vec![ABORTED.into()], code, end)
    }

    #[test]
    fn ready_and_ready_lead_to_the_protocol_handshake() {
        for text in [READY, r#"{"connectionHello":[{"phase":"ready"}]}"#] {
            let mut bench = ready();
            bench.hears(text);
            assert_eq!(bench.stage(), Stage::Protocol);
            let mut client = Bench::hello(Role::Client, Standing::Trusted);
            client.said();
            client.hears(text);
            assert_eq!(client.said(), [ANNOUNCE]);
        }
    }

    #[test]
    fn a_bare_pending_is_not_answered_and_changes_no_timer() {
        let mut bench = ready();
        bench.passes(secs(50));
        for text in [
            PENDING,
            r#"{"connectionHello":[{"phase":"pending"}]}"#,
            r#"{"connectionHello":[{"phase":"pending"},{"prolongationRequest":false}]}"#,
        ] {
            bench.hears(text);
        }
        assert_eq!(bench.said(), [""; 0]);
        bench.passes(secs(69));
        assert!(!bench.connection.is_closed());
        bench.passes(secs(1));
        assert_eq!(bench.ended(), aborted(End::TimedOut(Stage::Ready)));
    }

    #[test]
    fn a_prolongation_adds_to_what_is_left_and_the_answer_says_how_much_that_is() {
        let mut bench = ready();
        bench.passes(secs(45));
        bench.hears(PROLONG);
        assert_eq!(bench.said(), [hello("ready", 195_000)]);
        bench.passes(secs(60));
        bench.hears(PROLONG);
        assert_eq!(bench.said(), [hello("ready", 255_000)]);
        bench.passes(secs(254));
        assert!(!bench.connection.is_closed());
        bench.passes(secs(1));
        assert_eq!(bench.ended(), aborted(End::TimedOut(Stage::Ready)));
    }

    #[test]
    fn after_half_an_hour_nothing_is_prolonged_any_more() {
        let mut bench = ready();
        for _ in 0..30 {
            bench.hears(PROLONG);
            bench.passes(secs(60));
        }
        bench.said();
        bench.hears(PROLONG);
        assert_eq!(bench.said(), [""; 0]);
    }

    /// Found by fuzzing: who asked a hundred times at once was waited for through the night.
    #[test]
    fn a_peer_that_asks_again_and_again_is_not_waited_for_longer_than_half_an_hour() {
        for (mut bench, stage) in [(ready(), Stage::Ready), (pending(), Stage::Pending)] {
            for _ in 0..100 {
                bench.hears(PROLONG);
            }
            bench.passes(secs(29 * 60));
            assert!(!bench.connection.is_closed());
            bench.said();
            bench.passes(secs(3 * 60));
            assert_eq!(bench.ended(), aborted(End::TimedOut(stage)));
        }
    }

    #[test]
    fn an_abort_of_the_peer_is_not_echoed() {
        for mut bench in [ready(), pending()] {
            bench.hears(ABORTED);
            assert_eq!(bench.ended(), (vec![], 1000, End::Rejected));
        }
    }

    #[test]
    fn what_is_no_hello_aborts() {
        for wrong in [
            ANNOUNCE,
            r#"{"connectionHello":[{"phase":"perhaps"}]}"#,
            r#"{"connectionHello":[]}"#,
            r#"{"connectionHello":[{"phase":"ready"},{"waiting":-1}]}"#,
            r#"{"data":[{"payload":{}}]}"#,
            r#"{"vendor":[]}"#,
            "{",
        ] {
            for (mut bench, stage) in [(ready(), Stage::Ready), (pending(), Stage::Pending)] {
                bench.hears(wrong);
                assert_eq!(bench.ended(), aborted(End::Unexpected(stage)), "{wrong}");
            }
        }
    }

    #[test]
    fn a_hello_that_is_too_long_is_not_read_and_named_for_what_it_is() {
        use crate::frame::{Fault, MAX_CONTROL};

        let long = READY.to_owned() + &" ".repeat(MAX_CONTROL);
        for (mut bench, stage) in [(ready(), Stage::Ready), (pending(), Stage::Pending)] {
            bench.hears(&long);
            assert_eq!(bench.ended(), aborted(End::Unexpected(stage)));
            let told = bench.events.pop();
            assert!(matches!(told, Some(Event::Ignored(Fault::TooLong(_)))), "{told:?}");
        }
    }

    #[test]
    fn reserved_types_and_empty_messages_are_discarded() {
        for mut bench in [ready(), pending()] {
            bench.frame(&[2]);
            bench.frame(&[0xff, 0]);
            assert_eq!(bench.said(), [""; 0]);
            assert!(!bench.connection.is_closed());
        }
    }

    #[test]
    fn a_refused_peer_is_sent_away_at_any_time() {
        let mut bench = Bench::hello(Role::Server, Standing::Refused);
        let (said, code, end) = bench.ended();
        assert_eq!((said, code, end), (vec!["init".into(), ABORTED.into()], 4452, End::Refused));
        for mut bench in [ready(), pending()] {
            bench.trusts(false);
            assert_eq!(bench.ended(), aborted(End::Refused));
        }
    }

    #[test]
    fn trust_turns_pending_into_ready() {
        let mut bench = pending();
        bench.passes(secs(100));
        bench.trusts(true);
        assert_eq!(bench.said(), [READY]);
        assert_eq!(bench.stage(), Stage::Ready);
        bench.passes(secs(119));
        bench.hears(READY);
        assert_eq!(bench.stage(), Stage::Protocol);
    }

    #[test]
    fn a_ready_that_came_before_the_decision_is_remembered() {
        let mut bench = pending();
        bench.hears(READY);
        // openeebus answers prolongation requests as if it were pending.
        bench.hears(PENDING);
        bench.trusts(true);
        assert_eq!(bench.said(), [READY]);
        assert_eq!(bench.stage(), Stage::Protocol);
    }

    #[test]
    fn we_ask_for_more_time_15_seconds_before_the_peers_ends() {
        let mut bench = pending();
        bench.hears(&hello("ready", 60_000));
        bench.passes(secs(44));
        assert_eq!(bench.said(), [""; 0]);
        bench.passes(secs(1));
        assert_eq!(bench.said(), [PROLONG]);
        // The answer says how long there is now.
        bench.hears(&hello("ready", 135_000));
        bench.passes(secs(119));
        assert_eq!(bench.said(), [""; 0]);
        bench.passes(secs(1));
        assert_eq!(bench.said(), [PROLONG]);
        // No answer, for as long as the peer waited.
        bench.passes(secs(134));
        assert!(!bench.connection.is_closed());
        bench.passes(secs(1));
        assert_eq!(bench.ended(), aborted(End::TimedOut(Stage::Pending)));
    }

    #[test]
    fn less_than_30_seconds_is_not_worth_a_prolongation() {
        let mut bench = pending();
        bench.hears(&hello("ready", 29_999));
        bench.passes(secs(600));
        assert_eq!(bench.said(), [""; 0]);
        // Nobody waits for ever.
        bench.passes(secs(1200));
        assert_eq!(bench.ended(), aborted(End::TimedOut(Stage::Pending)));
    }

    #[test]
    fn a_ready_without_time_counts_as_a_minute() {
        let mut bench = pending();
        bench.hears(r#"{"connectionHello":[{"phase":"ready"}]}"#);
        bench.passes(secs(45));
        assert_eq!(bench.said(), [PROLONG]);
    }

    #[test]
    fn two_sides_that_are_pending_prolong_each_other() {
        let mut bench = pending();
        bench.passes(secs(60));
        bench.hears(PROLONG);
        assert_eq!(bench.said(), [hello("pending", 180_000)]);
        bench.hears(PENDING);
        bench.passes(secs(105));
        assert_eq!(bench.said(), [PROLONG]);
        bench.hears(r#"{"connectionHello":[{"phase":"pending"},{"waiting":90000},{"prolongation_request":true}]}"#);
        assert_eq!(bench.said(), [hello("pending", 195_000)]);
        bench.passes(secs(195));
        let (said, _, end) = bench.ended();
        assert_eq!(said, [PROLONG, ABORTED]);
        assert_eq!(end, End::TimedOut(Stage::Pending));
    }

    #[test]
    fn a_pending_peer_that_says_nothing_else_is_an_error_while_we_are_pending_too() {
        let mut bench = pending();
        bench.hears(r#"{"connectionHello":[{"phase":"pending"}]}"#);
        assert_eq!(bench.ended(), aborted(End::Unexpected(Stage::Pending)));
    }

    #[test]
    fn a_ready_that_crossed_the_decision_is_tolerated_once() {
        let mut bench = pending();
        bench.hears(&hello("ready", 60_000));
        bench.passes(secs(45));
        assert_eq!(bench.said(), [PROLONG]);
        bench.trusts(true);
        assert_eq!(bench.said(), [READY]);
        bench.hears(&hello("ready", 75_000));
        assert_eq!(bench.said(), [""; 0]);
        assert_eq!(bench.stage(), Stage::Protocol);
        bench.hears(READY);
        assert_eq!(bench.ended().2, End::Unexpected(Stage::Protocol));
    }

    #[test]
    fn a_peer_that_becomes_ready_has_not_answered_yet() {
        let mut bench = pending();
        bench.hears(PENDING);
        bench.passes(secs(105));
        assert_eq!(bench.said(), [PROLONG]);
        // It has decided before our request arrived, and answers it afterwards.
        bench.hears(READY);
        bench.trusts(true);
        bench.hears(&hello("ready", 240_000));
        assert_eq!(bench.said(), [READY]);
        assert_eq!(bench.stage(), Stage::Protocol);
        assert!(!bench.connection.is_closed());
    }

    #[test]
    fn leaving_is_no_refusal() {
        let mut bench = ready();
        bench.leaves(Leave::Unspecific);
        assert_eq!(bench.ended(), (vec![], 1000, End::Left(Leave::Unspecific)));
        let mut bench = pending();
        bench.leaves(Leave::Superseded);
        bench.said();
        assert_eq!(bench.close.as_ref().map(|close| close.text), Some("double connection"));
    }

    #[test]
    fn a_peer_that_closes_in_order_although_it_cannot_yet_is_answered() {
        let mut bench = ready();
        bench.hears(r#"{"connectionClose":[{"phase":"announce"}]}"#);
        let (said, code, end) = bench.ended();
        assert_eq!(said, [r#"{"connectionClose":[{"phase":"confirm"}]}"#]);
        assert_eq!((code, end), (1000, End::ClosedByPeer(crate::message::CloseReason::Unspecific)));
    }
}
