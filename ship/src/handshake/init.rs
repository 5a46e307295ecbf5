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
            Happening::Trust(_)
            | Happening::Send(_)
            | Happening::Pin
            | Happening::Judged(_)
            | Happening::Keys(_)
            | Happening::Lost
            | Happening::Tick => Phase::Init(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::vec;

    use super::*;
    use crate::bench::{Bench, READY, secs};
    use crate::trust::Standing;

    #[test]
    fn a_client_speaks_first() {
        let mut client = Bench::new(Role::Client, Standing::Trusted);
        assert_eq!(client.said(), ["init"]);
        client.frame(&[0, 0]);
        assert_eq!(client.said(), [READY]);
    }

    #[test]
    fn a_server_says_nothing_before_its_client() {
        let mut server = Bench::new(Role::Server, Standing::Trusted);
        server.passes(secs(7));
        assert_eq!(server.said(), [""; 0]);
        server.frame(&[0, 0, 0]);
        assert_eq!(server.said(), ["init", READY]);
    }

    #[test]
    fn who_stays_silent_for_20_seconds_is_closed_without_a_word() {
        for role in [Role::Client, Role::Server] {
            let mut bench = Bench::new(role, Standing::Trusted);
            bench.said();
            bench.passes(secs(20) - Duration::from_millis(1));
            assert!(!bench.connection.is_closed());
            bench.passes(Duration::from_millis(1));
            assert_eq!(bench.ended(), (vec![], 1000, End::TimedOut(Stage::Init)));
        }
    }

    #[test]
    fn a_wrong_init_is_answered_by_a_server_and_not_by_a_client() {
        for wrong in [&[0, 1][..], &[0], &[], &[1, 0], &[0xff, 0], b"\x01{\"connectionHello\":[]}"]
        {
            for (role, answer) in [(Role::Client, vec![]), (Role::Server, vec!["init".into()])] {
                let mut bench = Bench::new(role, Standing::Trusted);
                bench.said();
                bench.frame(wrong);
                assert_eq!(
                    bench.ended(),
                    (answer, 1002, End::Unexpected(Stage::Init)),
                    "{wrong:?}"
                );
            }
        }
    }

    #[test]
    fn a_decision_taken_meanwhile_counts() {
        let mut bench = Bench::new(Role::Server, Standing::Unknown);
        bench.trusts(true);
        bench.frame(&[0, 0]);
        assert_eq!(bench.said(), ["init", READY]);
    }

    #[test]
    fn the_peers_hello_may_follow_at_once() {
        let mut bench = Bench::new(Role::Server, Standing::Trusted);
        bench.frame(&[0, 0]);
        bench.hears(READY);
        assert_eq!(bench.stage(), Stage::Protocol);
    }
}
