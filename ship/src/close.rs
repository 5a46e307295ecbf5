//! The orderly end: announced by one side, confirmed by the other (SHIP 1.1.0 §13.4.8).

use core::time::Duration;

use eebus_json::Instant;

use crate::connection::{End, Leave};
use crate::handshake::{Context, Happening, Phase};
use crate::message::{ClosePhase, CloseReason, ConnectionClose, Message};

/// How long we wait for the confirmation; announced as `maxTime`.
const MAX_TIME: Duration = Duration::from_millis(2000);
/// How long the announcer has to close after our confirmation, before we do.
const AFTER_CONFIRM: Duration = Duration::from_secs(1);

/// The end has been announced.
#[derive(Debug)]
pub(crate) struct Closing {
    until: Instant,
    end: End,
    /// We announced it, and the confirmation is outstanding.
    is_ours: bool,
}

impl Closing {
    /// We end the connection.
    pub(crate) fn announce(leave: Leave, cx: &mut Context<'_>) -> Phase {
        cx.send(&Message::ConnectionClose(ConnectionClose {
            phase: Some(ClosePhase::Announce),
            max_time: Some(MAX_TIME.as_millis() as u32),
            reason: Some(match leave {
                Leave::Unspecific | Leave::Superseded => CloseReason::Unspecific,
                Leave::Removed => CloseReason::RemovedConnection,
            }),
        }));
        Phase::Closing(Self { until: cx.now + MAX_TIME, end: End::Left(leave), is_ours: true })
    }

    /// The peer ends the connection.
    pub(crate) fn announced(close: &ConnectionClose, cx: &mut Context<'_>) -> Phase {
        let end = End::ClosedByPeer(close.reason());
        if close.phase == Some(ClosePhase::Confirm) {
            return cx.end(end);
        }
        cx.send(&Message::ConnectionClose(ConnectionClose::confirm()));
        Phase::Closing(Self { until: cx.now + AFTER_CONFIRM, end, is_ours: false })
    }

    /// The WebSocket is gone.
    pub(crate) fn lost(self, cx: &mut Context<'_>) -> Phase {
        cx.end(self.end)
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.until
    }

    pub(crate) fn next(self, what: Happening, cx: &mut Context<'_>) -> Phase {
        match what {
            Happening::Message(Message::ConnectionClose(close)) => {
                // Both announced at the same time.
                if self.is_ours && close.phase != Some(ClosePhase::Confirm) {
                    cx.send(&Message::ConnectionClose(ConnectionClose::confirm()));
                }
                cx.end(self.end)
            }
            Happening::Tick if cx.is_past(self.until) => cx.end(self.end),
            // Nothing that is said now changes anything.
            _ => Phase::Closing(self),
        }
    }
}

impl ConnectionClose {
    pub(crate) fn confirm() -> Self {
        Self { phase: Some(ClosePhase::Confirm), ..Self::default() }
    }

    /// The reason; a peer that gives none has none in particular.
    pub(crate) fn reason(&self) -> CloseReason {
        self.reason.clone().unwrap_or(CloseReason::Unspecific)
    }
}
