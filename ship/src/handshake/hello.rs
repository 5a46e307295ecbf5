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
                    if cx.now - self.entered < AT_MOST {
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
                        self.peer_is_ready = true;
                        self.wait = None;
                        // The standard gives up on a `ready` that says no time; devices send it.
                        self.prolong_before(waiting.unwrap_or(WAITING_UNKNOWN), cx.now);
                    }
                    Some(HelloPhase::Pending) if asks || waiting.is_some() => {
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
                let is_answer_due = self.answer_by.is_some();
                let ready = Ready { is_answer_due, ..Ready::enter(cx, self.entered) };
                return if self.peer_is_ready {
                    protocol::enter(is_answer_due, cx)
                } else {
                    Phase::Ready(ready)
                };
            }
            Happening::Trust(false) => return cx.abort(End::Refused),
            Happening::Tick => return self.tick(cx),
            Happening::Leave(_) | Happening::Send(_) | Happening::Lost => {}
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
        if cx.now - self.entered >= AT_MOST {
            return;
        }
        if let Some(wait) = &mut self.wait {
            *wait += cx.settings.timers.hello;
        }
        let left = self.wait.map(|wait| wait - cx.now);
        cx.send_hello(ConnectionHello::update(HelloPhase::Pending, left));
    }
}
