//! Access methods: who are you, how can you be reached? (SHIP 1.1.0 §13.4.6)

use core::time::Duration;

use eebus_json::{Instant, Tag};

use crate::connection::Event;
use crate::handshake::Context;
use crate::message::{AccessMethods, AccessMethodsRequest, Message};

/// After this time we no longer expect an answer. Nothing follows from that.
const PATIENCE: Duration = Duration::from_secs(60);

/// Our question, and the peer's.
#[derive(Debug)]
pub(crate) struct Access {
    /// Until when we expect the answer to our question.
    due: Option<Instant>,
}

impl Access {
    /// Asks at once: the Go stack answers only until its own question has been answered.
    pub(crate) fn enter(cx: &mut Context<'_>) -> Self {
        if !cx.settings.asks_access_methods {
            return Self { due: None };
        }
        cx.send(&Message::AccessMethodsRequest(AccessMethodsRequest {}));
        Self { due: Some(cx.now + PATIENCE) }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Never with `dns`: each version of the Go stack closes on one of its two spellings.
    pub(crate) fn answer(&self, cx: &mut Context<'_>) {
        cx.send(&Message::AccessMethods(AccessMethods {
            id: Some(cx.settings.ship_id.clone()),
            dns_sd_m_dns: cx.settings.is_announced.then_some(Tag),
            dns: None,
        }));
    }

    /// An answer counts once; what comes unasked is skipped.
    pub(crate) fn take(&mut self, methods: AccessMethods, cx: &mut Context<'_>) {
        if self.due.take().is_some() {
            cx.tell(Event::AccessMethods { id: methods.id });
        }
    }

    pub(crate) fn tick(&mut self, cx: &mut Context<'_>) {
        if self.due.is_some_and(|due| cx.is_past(due)) {
            self.due = None;
            cx.tell(Event::NoAccessMethods);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{ASK, Bench, PIN_NONE, READY, SELECT, secs};
    use crate::connection::{Role, Settings};
    use crate::trust::Standing;

    #[test]
    fn our_question_goes_out_before_our_answer() {
        let mut bench = Bench::pin(Role::Client);
        bench.hears(PIN_NONE);
        bench.hears(ASK);
        assert_eq!(
            bench.said(),
            [ASK, r#"{"accessMethods":[{"id":"i:1_u:bench"},{"dnsSd_mDns":[]}]}"#]
        );
    }

    #[test]
    fn every_question_is_answered() {
        let mut bench = Bench::exchange(Role::Server);
        bench.said();
        for _ in 0..3 {
            bench.hears(ASK);
            assert_eq!(bench.said().len(), 1);
        }
    }

    #[test]
    fn a_node_that_does_not_ask_never_asks_and_one_that_is_not_announced_does_not_say_so() {
        let settings =
            Settings { asks_access_methods: false, is_announced: false, ..Settings::new("x") };
        let mut bench = Bench::with(Role::Client, Standing::Trusted, settings);
        bench.frame(&[0, 0]);
        for text in [READY, SELECT, PIN_NONE] {
            bench.hears(text);
        }
        bench.passes(secs(120));
        assert!(bench.said().iter().all(|said| said != ASK));
        bench.hears(ASK);
        assert_eq!(bench.said(), [r#"{"accessMethods":[{"id":"x"}]}"#]);
    }

    #[test]
    fn an_answer_is_told_once_and_only_if_asked_for() {
        let mut bench = Bench::exchange(Role::Server);
        for _ in 0..3 {
            bench.hears(r#"{"accessMethods":[{"id":"i:1_u:peer"}]}"#);
        }
        bench.said();
        let told = bench.events.iter().filter(|e| matches!(e, Event::AccessMethods { .. })).count();
        assert_eq!(told, 1);
    }

    #[test]
    fn no_answer_is_noticed_after_a_minute_and_ends_nothing() {
        let mut bench = Bench::exchange(Role::Server);
        bench.passes(secs(59));
        bench.said();
        assert!(!bench.events.iter().any(|e| matches!(e, Event::NoAccessMethods)));
        bench.passes(secs(3600));
        bench.said();
        assert!(bench.events.iter().any(|e| matches!(e, Event::NoAccessMethods)));
        assert!(!bench.connection.is_closed());
    }
}
