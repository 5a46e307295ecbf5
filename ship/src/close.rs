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

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::vec;

    use super::*;
    use crate::bench::{Bench, secs};
    use crate::connection::{Event, Input, Role};

    const ANNOUNCED: &str =
        r#"{"connectionClose":[{"phase":"announce"},{"maxTime":2000},{"reason":"unspecific"}]}"#;
    const REMOVED: &str = r#"{"connectionClose":[{"phase":"announce"},{"maxTime":2000},{"reason":"removedConnection"}]}"#;
    const CONFIRM: &str = r#"{"connectionClose":[{"phase":"confirm"}]}"#;

    fn exchange() -> Bench {
        let mut bench = Bench::exchange(Role::Server);
        bench.said();
        bench.events.clear();
        bench
    }

    #[test]
    fn our_end_is_announced_and_waits_for_the_confirmation() {
        for (leave, text) in [
            (Leave::Unspecific, ANNOUNCED),
            (Leave::Superseded, ANNOUNCED),
            (Leave::Removed, REMOVED),
        ] {
            let mut bench = exchange();
            bench.leaves(leave);
            assert_eq!(bench.said(), [text]);
            bench.hears(CONFIRM);
            assert_eq!(bench.ended(), (vec![], 1000, End::Left(leave)));
        }
    }

    #[test]
    fn without_confirmation_it_is_over_after_two_seconds() {
        let mut bench = exchange();
        bench.leaves(Leave::Unspecific);
        bench.said();
        bench.passes(Duration::from_millis(1999));
        assert!(!bench.connection.is_closed());
        bench.passes(Duration::from_millis(1));
        assert_eq!(bench.ended(), (vec![], 1000, End::Left(Leave::Unspecific)));
    }

    #[test]
    fn no_data_goes_out_or_comes_in_after_the_announcement() {
        let mut bench = exchange();
        bench.leaves(Leave::Unspecific);
        bench.said();
        bench.sends("{}");
        bench.hears(r#"{"data":[{"payload":{}}]}"#);
        assert_eq!(bench.said(), [""; 0]);
        assert!(bench.events.is_empty());
    }

    #[test]
    fn the_peers_end_is_confirmed_and_the_peer_may_hang_up_first() {
        let reason = CloseReason::RemovedConnection;
        for hangs_up in [true, false] {
            let mut bench = exchange();
            bench.hears(REMOVED);
            assert_eq!(bench.said(), [CONFIRM]);
            if hangs_up {
                bench.connection.handle(Input::Lost, bench.now);
            } else {
                bench.passes(secs(1));
            }
            assert_eq!(bench.ended(), (vec![], 1000, End::ClosedByPeer(reason.clone())));
        }
    }

    #[test]
    fn announcements_may_cross() {
        let mut bench = exchange();
        bench.leaves(Leave::Unspecific);
        bench.said();
        bench.hears(ANNOUNCED);
        assert_eq!(bench.ended(), (vec![CONFIRM.into()], 1000, End::Left(Leave::Unspecific)));
    }

    #[test]
    fn odd_closes_are_understood() {
        for (odd, reason) in [
            (r#"{"connectionClose":[]}"#, CloseReason::Unspecific),
            (r#"{"connectionClose":null}"#, CloseReason::Unspecific),
            (
                r#"{"connectionClose":[{"phase":"announce"},{"reason":"User close"}]}"#,
                CloseReason::Other("User close".into()),
            ),
        ] {
            let mut bench = exchange();
            bench.hears(odd);
            assert_eq!(bench.said(), [CONFIRM], "{odd}");
            bench.passes(secs(1));
            assert_eq!(bench.ended().2, End::ClosedByPeer(reason));
        }
        let mut bench = exchange();
        bench.hears(CONFIRM);
        assert_eq!(bench.ended().2, End::ClosedByPeer(CloseReason::Unspecific));
    }

    #[test]
    fn a_loss_without_announcement_is_a_loss() {
        let mut bench = exchange();
        bench.connection.handle(Input::Lost, bench.now);
        assert_eq!(bench.ended().2, End::Lost);
        assert!(!bench.events.iter().any(|event| matches!(event, Event::Open { .. })));
    }
}
