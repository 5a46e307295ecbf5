//! Init: both sides send `00 00`, the client first (SHIP 1.1.0 §13.4.3).

use eebus_json::Instant;

use super::{Context, Happening, Phase, hello};
use crate::connection::{Close, End, Role, Stage};

/// CMI_CLIENT_WAIT or CMI_SERVER_WAIT: waits for the peer's init message.
#[derive(Debug)]
pub(crate) struct Init {
    /// CmiTimeout.
    until: Instant,
}

impl Init {
    pub(super) fn enter(cx: &mut Context<'_>) -> Self {
        // A server that speaks first makes the Go stack's first connection fail now and then.
        if cx.role == Role::Client {
            cx.send_init();
        }
        Self { until: cx.now + cx.settings.timers.init }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn next(self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match what {
            Happening::Init => {
                if cx.role == Role::Server {
                    cx.send_init();
                }
                hello::enter(cx)
            }
            Happening::Message(_) | Happening::Fault(_) => {
                // A server answers even the wrong init message, a client says no more.
                if cx.role == Role::Server {
                    cx.send_init();
                }
                cx.close(Close::protocol_error(End::Unexpected(Stage::Init)))
            }
            Happening::Leave(leave) => cx.close(Close::leaving(leave)),
            Happening::Tick if cx.is_past(self.until) => cx.end(End::TimedOut(Stage::Init)),
            // The decision is in the context and counts when the hello begins.
            Happening::Trust(_) | Happening::Send(_) | Happening::Lost | Happening::Tick => {
                Phase::Init(self)
            }
        }
    }
}
