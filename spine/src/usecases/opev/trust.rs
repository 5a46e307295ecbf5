//! How far a guard is trusted, and which ceiling follows (e-mobility 7.6, CH-565, CH-600).
//!
//! | state | ceiling | leaves |
//! |---|---|---|
//! | `NoGuard` | none | when a guard binds |
//! | `Wait` | the safe current, or the stored limit if that is lower | when the guard lives and has written, or has lived for 60 s |
//! | `Follow` | the stored limit | with the heartbeat, or the trust |
//! | `Lost`, `Failed` | as `Wait` | when the guard is well again; if it had to bind anew, to `Wait` |

use core::time::Duration;

use crate::Instant;
use crate::units::MilliAmps;
use crate::usecases::Phase;

/// After this long in good health a guard that writes nothing is followed all the same.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the installation says about a vehicle without a guard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Config {
    /// The current on each phase that overloads nothing even if nobody watches: 0, which pauses,
    /// or at least 6 A (CH-600).
    pub safe: [MilliAmps; 3],
    /// How long a lower limit of a lost guard still holds, so that one which is gone for good
    /// does not leave a paused vehicle empty.
    pub hold: Duration,
}

impl Default for Config {
    /// 6 A, and a quarter of an hour.
    fn default() -> Self {
        Self { safe: [MilliAmps(6_000); 3], hold: Duration::from_secs(15 * 60) }
    }
}

/// How far the guard is trusted.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum State {
    /// No guard has ever bound the limits: nothing restricts.
    NoGuard,
    /// There is one, which has not spoken yet in this session or on this connection.
    Wait,
    /// Its limits apply.
    Follow,
    /// It is silent, its connection has ended, or it is no longer bound.
    Lost,
    /// It lives, and says that it has failed.
    Failed,
}

/// The ceiling of the charging current, and what it rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ceiling {
    /// On each phase; `None` where nothing restricts. What is below the least current of the
    /// vehicle means pause, never that least current.
    pub phases: [Option<MilliAmps>; 3],
    /// What it rests on.
    pub state: State,
}

/// How the guard is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Health {
    /// It does not beat, or is not there at all.
    Silent,
    /// It beats, and says that it has failed.
    Failing,
    /// It beats.
    Healthy,
}

/// The state machine: what has happened goes in, the ceiling comes out.
#[derive(Debug)]
pub(super) struct Trust {
    config: Config,
    state: State,
    /// Whether the guard has written on this connection.
    has_written: bool,
    healthy_since: Option<Instant>,
    /// Since when the stored limits are not trusted; `None` where there are none.
    doubted_since: Option<Instant>,
    stored: [Option<MilliAmps>; 3],
    ceiling: Ceiling,
}

impl Trust {
    /// A vehicle has been plugged in.
    pub(super) fn new(config: Config, is_guard_known: bool) -> Self {
        let state = if is_guard_known { State::Wait } else { State::NoGuard };
        let mut trust = Self {
            config,
            state,
            has_written: false,
            healthy_since: None,
            doubted_since: None,
            stored: [None; 3],
            ceiling: Ceiling { phases: [None; 3], state },
        };
        trust.ceiling = trust.effective(Instant::ORIGIN);
        trust
    }

    /// The guard has to speak first: it has bound the limits, for the first time or anew, or a
    /// newer connection has taken the place of the one on which it spoke.
    pub(super) const fn begins(&mut self) {
        self.state = State::Wait;
        self.has_written = false;
        self.healthy_since = None;
    }

    /// There are other limits now, and whether it was the guard who wrote them.
    pub(super) fn written(&mut self, stored: [Option<MilliAmps>; 3], by_guard: bool, now: Instant) {
        self.stored = stored;
        self.has_written |= by_guard;
        // What a doubtful guard says holds as long as what it said before.
        self.doubted_since = Some(now);
    }

    /// The limits of these phases have ended as they were written to.
    pub(super) fn ended(&mut self, phases: [bool; 3]) {
        for phase in Phase::ALL.into_iter().filter(|phase| phases[phase.index()]) {
            self.stored[phase.index()] = None;
        }
    }

    /// Draws the conclusions; says whether the ceiling is another one.
    pub(super) fn settle(&mut self, health: Health, now: Instant) -> bool {
        match health {
            Health::Healthy => {
                self.healthy_since.get_or_insert(now);
            }
            Health::Silent | Health::Failing => self.healthy_since = None,
        }
        self.state = self.next(health, now);
        if self.state == State::Follow || self.stored == [None; 3] {
            self.doubted_since = None;
        } else {
            self.doubted_since.get_or_insert(now);
        }
        let ceiling = self.effective(now);
        let is_new = ceiling != self.ceiling;
        self.ceiling = ceiling;
        is_new
    }

    /// When to settle, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let patience = match self.state {
            State::Wait => self.healthy_since.map(|since| since + PATIENCE),
            _ => None,
        };
        let hold = match self.state {
            State::NoGuard | State::Follow => None,
            State::Wait | State::Lost | State::Failed => self
                .doubted_since
                .map(|since| since + self.config.hold)
                // Afterwards, or without it, the ceiling is the safe current.
                .filter(|_| self.ceiling.phases != self.config.safe.map(Some)),
        };
        patience.into_iter().chain(hold).min()
    }

    pub(super) const fn ceiling(&self) -> Ceiling {
        self.ceiling
    }

    /// The limits that have been written, whether they are followed or not.
    pub(super) const fn stored(&self) -> [Option<MilliAmps>; 3] {
        self.stored
    }

    pub(super) fn config(&self) -> Config {
        self.config
    }

    fn next(&self, health: Health, now: Instant) -> State {
        match (self.state, health) {
            (State::NoGuard, _) => State::NoGuard,
            (State::Wait, Health::Healthy) if self.has_written || self.is_patient(now) => {
                State::Follow
            }
            (State::Wait, _) => State::Wait,
            (State::Follow | State::Lost | State::Failed, Health::Healthy) => State::Follow,
            (State::Follow | State::Lost | State::Failed, Health::Failing) => State::Failed,
            (State::Follow | State::Lost | State::Failed, Health::Silent) => State::Lost,
        }
    }

    fn is_patient(&self, now: Instant) -> bool {
        self.healthy_since.is_some_and(|since| now - since >= PATIENCE)
    }

    fn effective(&self, now: Instant) -> Ceiling {
        let holds = self.doubted_since.is_some_and(|since| now < since + self.config.hold);
        let phases = match self.state {
            State::NoGuard => [None; 3],
            State::Follow => self.stored,
            State::Wait | State::Lost | State::Failed => Phase::ALL.map(|phase| {
                let safe = self.config.safe[phase.index()];
                let held = self.stored[phase.index()].filter(|_| holds);
                Some(held.map_or(safe, |held| held.min(safe)))
            }),
        };
        Ceiling { phases, state: self.state }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAFE: [Option<MilliAmps>; 3] = [Some(MilliAmps(6_000)); 3];

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(seconds)
    }

    fn amps(amps: i64) -> [Option<MilliAmps>; 3] {
        [Some(MilliAmps(amps * 1_000)); 3]
    }

    /// Followed since second 0, with these limits.
    fn following(stored: [Option<MilliAmps>; 3]) -> Trust {
        let mut trust = Trust::new(Config::default(), true);
        trust.begins();
        trust.written(stored, true, at(0));
        trust.settle(Health::Healthy, at(0));
        assert_eq!(trust.ceiling(), Ceiling { phases: stored, state: State::Follow });
        trust
    }

    fn phases_after(trust: &mut Trust, health: Health, now: Instant) -> [Option<MilliAmps>; 3] {
        trust.settle(health, now);
        trust.ceiling().phases
    }

    #[test]
    fn without_a_guard_nothing_restricts() {
        let mut trust = Trust::new(Config::default(), false);
        trust.settle(Health::Silent, at(1_000_000));
        assert_eq!(trust.ceiling(), Ceiling { phases: [None; 3], state: State::NoGuard });
        assert_eq!(trust.deadline(), None);
    }

    #[test]
    fn a_known_guard_is_waited_for_with_the_safe_current_however_long_it_takes() {
        let mut trust = Trust::new(Config::default(), true);
        assert_eq!(trust.ceiling(), Ceiling { phases: SAFE, state: State::Wait });
        assert_eq!(phases_after(&mut trust, Health::Silent, at(1_000_000)), SAFE);
        assert_eq!(trust.ceiling().state, State::Wait);
    }

    #[test]
    fn the_first_write_of_a_living_guard_ends_the_waiting_be_it_a_release() {
        let mut trust = Trust::new(Config::default(), true);
        trust.begins();
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(0)), SAFE);
        trust.written([None; 3], true, at(1));
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(1)), [None; 3]);
    }

    #[test]
    fn a_write_without_heartbeat_is_not_followed_but_a_lower_limit_holds() {
        let mut trust = Trust::new(Config::default(), true);
        trust.begins();
        trust.written(amps(16), true, at(0));
        assert_eq!(phases_after(&mut trust, Health::Silent, at(0)), SAFE);
        trust.written(amps(0), true, at(1));
        assert_eq!(phases_after(&mut trust, Health::Silent, at(1)), amps(0));
        assert_eq!(trust.ceiling().state, State::Wait);
    }

    #[test]
    fn sixty_seconds_of_health_are_as_good_as_a_write() {
        let mut trust = Trust::new(Config::default(), true);
        trust.begins();
        trust.settle(Health::Healthy, at(10));
        assert_eq!(trust.deadline(), Some(at(70)));
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(69)), SAFE);
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(70)), [None; 3]);
        assert_eq!(trust.ceiling().state, State::Follow);
    }

    #[test]
    fn sixty_seconds_must_not_be_interrupted() {
        let mut trust = Trust::new(Config::default(), true);
        trust.begins();
        trust.settle(Health::Healthy, at(0));
        trust.settle(Health::Failing, at(59));
        trust.settle(Health::Healthy, at(60));
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(119)), SAFE);
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(120)), [None; 3]);
    }

    #[test]
    fn a_silent_guard_leaves_the_lower_of_its_limit_and_the_safe_current() {
        assert_eq!(phases_after(&mut following(amps(16)), Health::Silent, at(9)), SAFE);
        assert_eq!(phases_after(&mut following([None; 3]), Health::Silent, at(9)), SAFE);
        let mut trust = following(amps(0));
        assert_eq!(phases_after(&mut trust, Health::Silent, at(9)), amps(0));
        assert_eq!(trust.ceiling().state, State::Lost);
    }

    #[test]
    fn after_a_quarter_of_an_hour_only_the_safe_current_counts() {
        let mut trust = following(amps(0));
        trust.settle(Health::Silent, at(100));
        assert_eq!(trust.deadline(), Some(at(1_000)));
        assert_eq!(phases_after(&mut trust, Health::Silent, at(999)), amps(0));
        assert_eq!(phases_after(&mut trust, Health::Silent, at(1_000)), SAFE);
        assert_eq!(trust.deadline(), None);
    }

    #[test]
    fn phases_are_looked_at_one_by_one() {
        let stored = [Some(MilliAmps(16_000)), Some(MilliAmps(0)), None];
        let safe = [MilliAmps(6_000), MilliAmps(6_000), MilliAmps(0)];
        let mut trust = Trust::new(Config { safe, ..Config::default() }, true);
        trust.begins();
        trust.written(stored, true, at(0));
        trust.settle(Health::Healthy, at(0));
        assert_eq!(trust.ceiling().phases, stored);
        let phases = phases_after(&mut trust, Health::Silent, at(9));
        assert_eq!(phases, [Some(MilliAmps(6_000)), Some(MilliAmps(0)), Some(MilliAmps(0))]);
    }

    #[test]
    fn a_guard_that_beats_again_is_followed_at_once() {
        let mut trust = following(amps(10));
        trust.settle(Health::Silent, at(9));
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(5_000)), amps(10));
    }

    #[test]
    fn a_failure_is_like_silence_until_it_is_over() {
        let mut trust = following(amps(12));
        assert_eq!(phases_after(&mut trust, Health::Failing, at(1)), SAFE);
        assert_eq!(trust.ceiling().state, State::Failed);
        trust.settle(Health::Silent, at(2));
        assert_eq!(trust.ceiling().state, State::Lost);
        trust.settle(Health::Failing, at(3));
        assert_eq!(trust.ceiling().state, State::Failed);
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(4)), amps(12));
    }

    #[test]
    fn a_guard_that_binds_anew_has_to_write_anew() {
        let mut trust = following(amps(3));
        trust.settle(Health::Silent, at(9));
        trust.begins();
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(10)), amps(3));
        assert_eq!(trust.ceiling().state, State::Wait);
        trust.written(amps(16), true, at(11));
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(11)), amps(16));
    }

    #[test]
    fn a_guard_that_binds_anew_and_writes_nothing_gets_its_old_limits_after_sixty_seconds() {
        let mut trust = following(amps(10));
        trust.settle(Health::Silent, at(9));
        trust.begins();
        trust.settle(Health::Healthy, at(10));
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(69)), SAFE);
        assert_eq!(phases_after(&mut trust, Health::Healthy, at(70)), amps(10));
    }

    #[test]
    fn what_a_lost_guard_writes_holds_for_another_quarter_of_an_hour() {
        let mut trust = following([None; 3]);
        trust.settle(Health::Silent, at(9));
        trust.written(amps(0), true, at(2_000));
        assert_eq!(phases_after(&mut trust, Health::Silent, at(2_899)), amps(0));
        assert_eq!(phases_after(&mut trust, Health::Silent, at(2_900)), SAFE);
    }

    #[test]
    fn nothing_is_told_twice() {
        let mut trust = following(amps(10));
        assert!(!trust.settle(Health::Healthy, at(1)));
        assert!(trust.settle(Health::Silent, at(9)));
        assert!(!trust.settle(Health::Silent, at(10)));
    }
}
