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
