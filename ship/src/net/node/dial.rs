//! Whom to dial, where, and when to try again (SHIP 1.1.0 §13.4 of its practice: never give a
//! trusted peer up).
//!
//! A target has one address. A trusted peer that is announced has as many as there are claims:
//! they are tried one soon after the other, and only when none of them was right does a pause
//! grow.

use core::fmt;
use core::net::SocketAddr;
use core::str::FromStr;
use core::time::Duration;
use std::boxed::Box;
use std::string::{String, ToString};
use std::vec::Vec;

use eebus_json::Instant;

use crate::connection::{End, Leave, Stage};
use crate::discovery::{Endpoint, Neighbours, PATH};
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
/// Every eighth attempt leads to the first place again.
const FIRST_AGAIN: usize = 8;
/// So many attempts come before a pause: all 64 places that there can be, and those between them.
const MOST_TRIED: usize = 73;
/// A session of less than this is no success.
const QUICK: Duration = Duration::from_secs(30);
/// So many quick ends in a row look like a loop.
const QUICK_ENDS: u32 = 3;

/// An address to dial.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// Host name or IP address, and port: `192.0.2.7:4712`, `[2001:db8::7]:4712`,
    /// `[fe80::7%eth0]:4712`, `evse:4712`.
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

/// Where a dial leads.
#[derive(Debug)]
enum Goal {
    /// To one address, for ever.
    Target(Target),
    /// To a trusted peer, wherever it is announced.
    Announced {
        ski: Ski,
        /// The addresses that have been tried since the last pause, in this order.
        tried: Vec<SocketAddr>,
    },
}

/// One attempt: where, and whom to expect there.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) address: String,
    pub(super) path: Box<str>,
    pub(super) expected: Option<Ski>,
}

/// A goal and how it went so far.
#[derive(Debug)]
pub(super) struct Dial {
    goal: Goal,
    /// Who is there: expected, or found the last time.
    pub(super) peer: Option<Ski>,
    /// The attempt or connection that there is now.
    pub(super) link: Option<LinkId>,
    /// When to dial next; `None`: not until something happens.
    pub(super) at: Option<Instant>,
    began: Instant,
    failures: u32,
    /// The peer's user does not want us.
    is_removed: bool,
}

impl Dial {
    pub(super) fn new(target: Target, now: Instant) -> Self {
        let peer = target.ski;
        // Both sides may have been switched on at the same time.
        let at = Some(now + random(Duration::ZERO, Duration::from_millis(500)));
        Self::to(Goal::Target(target), peer, at, now)
    }

    /// To a trusted peer that is announced.
    pub(super) fn announced(ski: Ski, now: Instant) -> Self {
        Self::to(Goal::Announced { ski, tried: Vec::new() }, Some(ski), None, now)
    }

    fn to(goal: Goal, peer: Option<Ski>, at: Option<Instant>, now: Instant) -> Self {
        Self { goal, peer, link: None, at, began: now, failures: 0, is_removed: false }
    }

    /// The peer to which it leads wherever that is announced.
    pub(super) fn announced_peer(&self) -> Option<Ski> {
        match self.goal {
            Goal::Announced { ski, .. } => Some(ski),
            Goal::Target(_) => None,
        }
    }

    /// Where to go now; `None` if nobody announces the peer.
    pub(super) fn course(&mut self, neighbours: &Neighbours) -> Option<Course> {
        match &mut self.goal {
            Goal::Target(Target { address, ski }) => {
                Some(Course { address: address.clone(), path: PATH.into(), expected: *ski })
            }
            Goal::Announced { ski, tried } => {
                let endpoints = neighbours.endpoints(*ski);
                let next = next(&endpoints, tried).or_else(|| {
                    tried.clear();
                    endpoints.first()
                })?;
                tried.push(next.address);
                let address = next.address.to_string();
                Some(Course { address, path: next.path.clone(), expected: Some(*ski) })
            }
        }
    }

    /// Where an announced peer was looked for the last time.
    pub(super) fn last(&self) -> Option<SocketAddr> {
        match &self.goal {
            Goal::Announced { tried, .. } => tried.last().copied(),
            Goal::Target(_) => None,
        }
    }

    /// Whether there are claims that have not been tried since the last pause.
    pub(super) fn has_more(&self, neighbours: &Neighbours) -> bool {
        match &self.goal {
            Goal::Announced { ski, tried } => next(&neighbours.endpoints(*ski), tried).is_some(),
            Goal::Target(_) => false,
        }
    }

    /// The peer is announced, anew or elsewhere. Everybody in the network has just heard of it.
    pub(super) fn sighted(&mut self, now: Instant) {
        if self.is_removed {
            return;
        }
        self.failures = 0;
        if self.link.is_none() {
            let soon = now + random(Duration::ZERO, Duration::from_secs(3));
            self.at = Some(self.at.map_or(soon, |at| at.min(soon)));
        }
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
        self.is_removed = false;
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
        if let Goal::Announced { tried, .. } = &mut self.goal
            && (how.stage.is_some() || !how.has_more)
        {
            tried.clear();
        }
        self.at = self.pause(how, standing, now).map(|pause| now + pause);
    }

    fn pause(&mut self, how: &Ending<'_>, standing: Standing, now: Instant) -> Option<Duration> {
        let soon = || Some(random(Duration::from_secs(1), Duration::from_secs(4)));
        if let Reason::Ended(End::Left(Leave::Superseded)) = how.reason {
            return soon();
        }
        if let Reason::Ended(End::ClosedByPeer(CloseReason::RemovedConnection)) = how.reason {
            // Its user does not want us. Ours may know better, or the peer comes by itself.
            self.is_removed = true;
            return None;
        }
        if how.has_more && how.stage.is_none() {
            // Nobody was there, or somebody else: the next one.
            return Some(random(Duration::from_millis(100), Duration::from_millis(500)));
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
    /// Whether there is somewhere else to look.
    pub(super) has_more: bool,
}

/// Where to look next before the next pause. The first place is where the peer was found the last
/// time: however many others are claimed, and claimed anew, it has its turn again and again.
fn next<'a>(endpoints: &'a [Endpoint], tried: &[SocketAddr]) -> Option<&'a Endpoint> {
    if tried.len() >= MOST_TRIED {
        return None;
    }
    let new = endpoints.iter().find(|endpoint| !tried.contains(&endpoint.address))?;
    if tried.len() % FIRST_AGAIN == FIRST_AGAIN - 1 { endpoints.first() } else { Some(new) }
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
        Ending { reason: &LOST, stage: None, opened, has_more: false }
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for text in
            ["192.0.2.7:4712", "[2001:db8::7]:1", "[fe80::7%eth0]:1", "evse-one.local:65535"]
        {
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
        let ending = Ending { reason: &removed, stage: None, opened: Some(at(0)), has_more: true };
        dial.end(&ending, Standing::Trusted, at(50));
        assert_eq!(dial.at, None);
        // That it is announced is none.
        dial.sighted(at(55));
        assert_eq!(dial.at, None);
        dial.encourage(at(60));
        assert_eq!(dial.at, Some(at(60)));
    }

    #[test]
    fn free_text_reasons_say_nothing_about_trust() {
        let mut dial = dial();
        dial.begin(LinkId(1), at(0));
        let closed = Reason::Ended(End::ClosedByPeer(CloseReason::Other("User close".into())));
        let ending = Ending { reason: &closed, stage: None, opened: Some(at(0)), has_more: false };
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
            let ending = Ending {
                reason: &timed_out,
                stage: Some(Stage::Pending),
                opened: None,
                has_more: false,
            };
            dial.end(&ending, Standing::Unknown, at(120));
            pauses.push(dial.at.expect("a redial") - at(120));
        }
        assert!(pauses[0] <= Duration::from_secs(4));
        assert_eq!(pauses[1], WAITING);
        assert_eq!(pauses[24], UNWANTED);
    }

    #[test]
    fn addresses_that_are_claimed_anew_all_the_time_do_not_hide_the_proven_one() {
        let peer = Ski::new([2; 20]);
        let mut neighbours = Neighbours::new(Ski::new([1; 20]));
        let announce = |neighbours: &mut Neighbours, name: &str, address: SocketAddr| {
            let ski = peer.to_string();
            let txt = [("txtvers", &b"1"[..]), ("ski", ski.as_bytes())];
            let txt = crate::discovery::Txt::of_pairs(txt).expect("a record");
            let addresses = Vec::from([address]);
            let neighbour = crate::discovery::Neighbour { name: name.into(), txt, addresses };
            neighbours.heard(neighbour, |_| true);
        };
        let real: SocketAddr = "192.0.2.1:1".parse().expect("an address");
        announce(&mut neighbours, "true", real);
        neighbours.proven(peer, real);
        let mut dial = Dial::announced(peer, at(0));
        let (mut found, mut rounds) = (Vec::new(), 0);
        for n in 0..200_u16 {
            let forged = SocketAddr::from(([203, 0, 113, 1], 1 + n));
            announce(&mut neighbours, "forged", forged);
            dial.course(&neighbours).expect("it is announced");
            if dial.last() == Some(real) {
                found.push(n);
            }
            dial.begin(LinkId(1), at(0));
            announce(&mut neighbours, "forged", SocketAddr::from(([203, 0, 113, 2], 1 + n)));
            let has_more = dial.has_more(&neighbours);
            rounds += u32::from(!has_more);
            dial.end(&Ending { has_more, ..lost(None) }, Standing::Trusted, at(0));
        }
        assert!(found.windows(2).all(|pair| pair[1] - pair[0] <= 8), "{found:?}");
        // And sooner or later there is a pause.
        assert_eq!(rounds, 2);
    }

    #[test]
    fn an_announced_peer_is_looked_for_everywhere_before_a_pause_grows() {
        let peer = Ski::new([2; 20]);
        let mut neighbours = Neighbours::new(Ski::new([1; 20]));
        let announce = |neighbours: &mut Neighbours, name: &str, address: &str| {
            let ski = peer.to_string();
            let txt = [("txtvers", &b"1"[..]), ("ski", ski.as_bytes()), ("path", b"/x/")];
            let txt = crate::discovery::Txt::of_pairs(txt).expect("a record");
            let addresses = Vec::from([address.parse().expect("an address")]);
            let neighbour = crate::discovery::Neighbour { name: name.into(), txt, addresses };
            neighbours.heard(neighbour, |_| true);
        };
        announce(&mut neighbours, "a", "192.0.2.1:1");
        announce(&mut neighbours, "b", "192.0.2.2:1");
        let mut dial = Dial::announced(peer, at(0));
        assert_eq!(dial.at, None);
        dial.sighted(at(0));
        assert!(dial.at.is_some_and(|soon| soon <= at(3)));

        let mut now = at(10);
        for (address, shortest, longest) in [
            ("192.0.2.1:1", 100, 500),
            ("192.0.2.2:1", 1000, 1300),
            ("192.0.2.1:1", 100, 500),
            ("192.0.2.2:1", 1400, 2600),
        ] {
            let course = dial.course(&neighbours).expect("it is announced");
            assert_eq!(
                (&*course.address, &*course.path, course.expected),
                (address, "/x/", Some(peer))
            );
            assert_eq!(dial.last(), address.parse().ok());
            dial.begin(LinkId(1), now);
            let has_more = dial.has_more(&neighbours);
            let ending = Ending { has_more, ..lost(None) };
            dial.end(&ending, Standing::Trusted, now);
            let pause = (dial.at.expect("a redial") - now).as_millis();
            assert!((shortest..=longest).contains(&pause), "{pause} after {address}");
            now = dial.at.expect("a redial");
        }

        neighbours.gone("a");
        neighbours.gone("b");
        assert!(dial.course(&neighbours).is_none());
    }
}
