//! Whom to dial, and when to try again (SHIP 1.1.0 §13.4 of its practice: never give a trusted
//! peer up).

use core::fmt;
use core::str::FromStr;
use core::time::Duration;
use std::string::String;

use eebus_json::Instant;

use crate::connection::{End, Leave, Stage};
use crate::identity::Ski;
use crate::message::CloseReason;
use crate::net::drive::{LinkId, Reason};
use crate::trust::Standing;

/// Time between attempts that fail, from start to start, before jitter. The Go stack refuses a
/// charger that is not connected within 90 s of its start, so no pause exceeds 30 s.
const STEPS: [u64; 5] = [1, 2, 5, 10, 20];
/// Time between attempts while our user has not decided.
const WAITING: Duration = Duration::from_secs(30);
/// So often; then the long time.
const WAITING_OFTEN: u32 = 20;
/// Time between attempts at an address where our user does not want whom he found there.
const UNWANTED: Duration = Duration::from_secs(5 * 60);
/// A session of less than this is no success.
const QUICK: Duration = Duration::from_secs(30);
/// So many quick ends in a row look like a loop.
const QUICK_ENDS: u32 = 3;

/// An address to dial.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// Host name or IP address, and port: `192.0.2.7:4712`, `[2001:db8::7]:4712`, `evse:4712`.
    pub address: String,
    /// Who is expected there; without, whoever is there is asked for his key, and waits if it is
    /// unknown.
    pub ski: Option<Ski>,
}

/// A text that is no address with port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TargetError;

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address to dial is HOST:PORT")
    }
}

impl core::error::Error for TargetError {}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (host, port) = text.rsplit_once(':').ok_or(TargetError)?;
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        let is_v6 = host.starts_with('[') && host.ends_with(']') && host.len() > 2;
        let is_name = !host.is_empty() && !host.contains(['[', ']', ':', '/', ' ', '@', '?', '#']);
        if is_port && (is_v6 || is_name) {
            Ok(Self { address: text.into(), ski: None })
        } else {
            Err(TargetError)
        }
    }
}

/// A target and how it went so far.
#[derive(Debug)]
pub(super) struct Dial {
    pub(super) target: Target,
    /// Who is there: expected, or found the last time.
    pub(super) peer: Option<Ski>,
    /// The attempt or connection that there is now.
    pub(super) link: Option<LinkId>,
    /// When to dial next; `None`: not until something happens.
    pub(super) at: Option<Instant>,
    began: Instant,
    failures: u32,
}

impl Dial {
    pub(super) fn new(target: Target, now: Instant) -> Self {
        let peer = target.ski;
        // Both sides may have been switched on at the same time.
        let at = Some(now + random(Duration::ZERO, Duration::from_millis(500)));
        Self { target, peer, link: None, at, began: now, failures: 0 }
    }

    /// An attempt begins.
    pub(super) fn begin(&mut self, link: LinkId, now: Instant) {
        self.link = Some(link);
        self.at = None;
        self.began = now;
    }

    /// Whether it has not failed since it last went well.
    pub(super) fn is_first_failure(&self) -> bool {
        self.failures == 0
    }

    /// There is reason to believe that the next attempt goes better.
    pub(super) fn encourage(&mut self, now: Instant) {
        self.failures = 0;
        if self.link.is_none() {
            self.at = Some(now);
        }
    }

    /// In 1 to 4 s from now: there is reason to believe that it goes better, but the peer has, or
    /// just had, a connection, and may still hold on to it.
    pub(super) fn soon(&mut self, now: Instant) {
        if self.at.is_some() {
            self.at = Some(now + random(Duration::from_secs(1), Duration::from_secs(4)));
        }
    }

    /// The attempt or connection has ended.
    pub(super) fn end(&mut self, how: &Ending<'_>, standing: Standing, now: Instant) {
        self.link = None;
        self.at = self.pause(how, standing, now).map(|pause| now + pause);
    }

    fn pause(&mut self, how: &Ending<'_>, standing: Standing, now: Instant) -> Option<Duration> {
        let soon = || Some(random(Duration::from_secs(1), Duration::from_secs(4)));
        if let Reason::Ended(End::Left(Leave::Superseded)) = how.reason {
            return soon();
        }
        if let Reason::Ended(End::ClosedByPeer(CloseReason::RemovedConnection)) = how.reason {
            // Its user does not want us. Ours may know better, or the peer comes by itself.
            return None;
        }
        let opened = how.opened.map(|opened| now - opened);
        match (standing, opened) {
            (Standing::Refused, _) => Some(UNWANTED),
            (Standing::Unknown, _) if how.stage == Some(Stage::Pending) => {
                self.failures += 1;
                match self.failures {
                    1 => soon(),
                    2..WAITING_OFTEN => Some(WAITING),
                    _ => Some(UNWANTED),
                }
            }
            (_, Some(lasted)) if lasted >= QUICK => {
                self.failures = 0;
                soon()
            }
            (_, Some(_)) if self.failures < QUICK_ENDS => {
                self.failures += 1;
                soon()
            }
            _ => {
                let step = STEPS[STEPS.len().min(self.failures as usize + 1) - 1];
                self.failures = self.failures.saturating_add(1);
                let step = Duration::from_secs(step);
                let since_start = random(step.mul_f64(0.7), step.mul_f64(1.3));
                let gone = now - self.began;
                Some(since_start.saturating_sub(gone).max(Duration::from_secs(1)))
            }
        }
    }
}

/// How an attempt or a connection ended.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    pub(super) reason: &'a Reason,
    /// How far SHIP had come.
    pub(super) stage: Option<Stage>,
    /// When the data exchange began.
    pub(super) opened: Option<Instant>,
}

fn random(from: Duration, to: Duration) -> Duration {
    let millis = |duration: Duration| duration.as_millis() as u64;
    Duration::from_millis(fastrand::u64(millis(from)..=millis(to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::LinkError;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    fn dial() -> Dial {
        Dial::new("192.0.2.1:4712".parse().expect("an address"), at(0))
    }

    const LOST: Reason = Reason::Link(LinkError::Silent);

    fn lost(opened: Option<Instant>) -> Ending<'static> {
        Ending { reason: &LOST, stage: None, opened }
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for text in ["192.0.2.7:4712", "[2001:db8::7]:1", "evse-one.local:65535"] {
            assert!(text.parse::<Target>().is_ok(), "{text}");
        }
        for text in [
            "",
            "evse",
            "evse:",
            ":4712",
            "evse:0",
            "evse:65536",
            "2001:db8::7:1",
            "a b:1",
            "a/b:1",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn after_a_long_session_the_redial_comes_within_1_to_4_seconds() {
        for _ in 0..200 {
            let mut dial = dial();
            dial.begin(LinkId(1), at(0));
            dial.end(&lost(Some(at(1))), Standing::Trusted, at(1000));
            let pause = dial.at.expect("a redial") - at(1000);
            assert!(pause >= Duration::from_secs(1) && pause <= Duration::from_secs(4));
        }
    }

    #[test]
    fn a_trusted_peer_is_dialled_at_least_every_30_seconds_for_ever() {
        let mut dial = dial();
        let mut now = at(0);
        for n in 0..500 {
            dial.begin(LinkId(n), now);
            let began = now;
            // An attempt that runs into its time limit.
            now += Duration::from_secs(10);
            dial.end(&lost(None), Standing::Trusted, now);
            now = dial.at.expect("a redial");
            assert!(now - began <= Duration::from_secs(30));
            assert!(now - began >= Duration::from_secs(11));
        }
    }

    #[test]
    fn sessions_that_end_at_once_are_a_loop() {
        let mut dial = dial();
        let mut now = at(0);
        let mut pauses = Vec::new();
        for n in 0..8 {
            dial.begin(LinkId(n), now);
            dial.end(&lost(Some(now)), Standing::Trusted, now);
            let next = dial.at.expect("a redial");
            pauses.push(next - now);
            now = next;
        }
        assert!(pauses[..3].iter().all(|pause| *pause <= Duration::from_secs(4)));
        assert!(pauses[5..].iter().all(|pause| *pause >= Duration::from_secs(13)));
    }

    #[test]
    fn who_removed_us_is_not_dialled_until_something_happens() {
        let mut dial = dial();
        dial.begin(LinkId(1), at(0));
        let removed = Reason::Ended(End::ClosedByPeer(CloseReason::RemovedConnection));
        let ending = Ending { reason: &removed, stage: None, opened: Some(at(0)) };
        dial.end(&ending, Standing::Trusted, at(50));
        assert_eq!(dial.at, None);
        dial.encourage(at(60));
        assert_eq!(dial.at, Some(at(60)));
    }

    #[test]
    fn free_text_reasons_say_nothing_about_trust() {
        let mut dial = dial();
        dial.begin(LinkId(1), at(0));
        let closed = Reason::Ended(End::ClosedByPeer(CloseReason::Other("User close".into())));
        let ending = Ending { reason: &closed, stage: None, opened: Some(at(0)) };
        dial.end(&ending, Standing::Trusted, at(50));
        assert!(dial.at.is_some());
    }

    #[test]
    fn while_our_user_thinks_the_attempts_become_rare() {
        let mut dial = dial();
        let timed_out = Reason::Ended(End::TimedOut(Stage::Pending));
        let mut pauses = Vec::new();
        for n in 0..25 {
            dial.begin(LinkId(n), at(0));
            let ending = Ending { reason: &timed_out, stage: Some(Stage::Pending), opened: None };
            dial.end(&ending, Standing::Unknown, at(120));
            pauses.push(dial.at.expect("a redial") - at(120));
        }
        assert!(pauses[0] <= Duration::from_secs(4));
        assert_eq!(pauses[1], WAITING);
        assert_eq!(pauses[24], UNWANTED);
    }
}
