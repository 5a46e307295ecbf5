//! The check of a node's own PIN (SHIP 1.1.0 §13.4.4.3).

use core::time::Duration;

use eebus_json::Instant;

use super::Pin;

/// Nobody may try for so long after the third, fourth and fifth wrong PIN: 10 to 15 s.
const SHORT: Duration = Duration::from_secs(15);
/// The same from the sixth on: 60 to 90 s.
const LONG: Duration = Duration::from_secs(90);
/// So many wrong PINs are free.
const FREE: u32 = 2;
/// From this one on it takes long.
const MANY: u32 = 6;

/// The PIN of a node, and how often it was given wrong. One for all peers and connections.
#[derive(Clone, Debug)]
pub struct Lock {
    pin: Pin,
    wrong: u32,
    busy: Option<Instant>,
}

/// What a PIN that was given is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It is the one.
    Right,
    /// It is not. Nobody may try again until then.
    Wrong(Option<Instant>),
    /// It was not looked at: nobody may try until then.
    Busy(Instant),
}

impl Lock {
    /// A lock with this PIN that was given wrong `wrong` times in a row before: what
    /// [`Lock::wrong`] said when the node last ran. A penalty that may have been running then
    /// begins anew, because nobody knows how long the node was off.
    pub fn new(pin: Pin, wrong: u32, now: Instant) -> Self {
        Self { pin, wrong, busy: penalty(wrong).map(|penalty| now + penalty) }
    }

    /// A peer gives a PIN. While nobody may try, not even the right one counts.
    ///
    /// [`Lock::wrong`] has to be kept before the peer hears of the answer.
    pub fn check(&mut self, given: Option<&Pin>, now: Instant) -> Answer {
        if let Some(until) = self.busy_until(now) {
            return Answer::Busy(until);
        }
        if given.is_some_and(|given| *given == self.pin) {
            self.wrong = 0;
            return Answer::Right;
        }
        self.wrong = self.wrong.saturating_add(1);
        self.busy = penalty(self.wrong).map(|penalty| now + penalty);
        Answer::Wrong(self.busy)
    }

    /// Until when nobody may try, if that is so now.
    pub fn busy_until(&self, now: Instant) -> Option<Instant> {
        self.busy.filter(|until| now < *until)
    }

    /// The PIN.
    pub fn pin(&self) -> &Pin {
        &self.pin
    }

    /// How often in a row the PIN was wrong.
    pub fn wrong(&self) -> u32 {
        self.wrong
    }
}

fn penalty(wrong: u32) -> Option<Duration> {
    match wrong {
        0..=FREE => None,
        n if n < MANY => Some(SHORT),
        _ => Some(LONG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    fn pin(text: &str) -> Pin {
        text.parse().expect("a PIN")
    }

    #[test]
    fn the_first_two_wrong_pins_are_free_and_then_it_takes_longer_and_longer() {
        let mut lock = Lock::new(pin("12345678"), 0, at(0));
        let wrong = pin("87654321");
        let mut now = 0;
        for penalty in [0, 0, 15, 15, 15, 90, 90] {
            let until = (penalty > 0).then(|| at(now + penalty));
            assert_eq!(lock.check(Some(&wrong), at(now)), Answer::Wrong(until));
            if let Some(until) = until {
                let right = pin("12345678");
                assert_eq!(lock.check(Some(&right), at(now + penalty - 1)), Answer::Busy(until));
            }
            now += penalty;
        }
        assert_eq!(lock.wrong(), 7);
        assert_eq!(lock.check(Some(&pin("12345678")), at(now)), Answer::Right);
        assert_eq!(lock.wrong(), 0);
        assert_eq!(lock.check(Some(&wrong), at(now)), Answer::Wrong(None));
    }

    #[test]
    fn what_cannot_be_a_pin_is_a_wrong_one() {
        let mut lock = Lock::new(pin("12345678"), 0, at(0));
        assert_eq!(lock.check(None, at(0)), Answer::Wrong(None));
        assert_eq!(lock.wrong(), 1);
    }

    #[test]
    fn a_restart_does_not_shorten_a_penalty() {
        for (wrong, penalty) in [(2, 0), (3, 15), (5, 15), (6, 90), (u32::MAX, 90)] {
            let mut lock = Lock::new(pin("12345678"), wrong, at(100));
            let until = (penalty > 0).then(|| at(100 + penalty));
            assert_eq!(lock.busy_until(at(100)), until);
            assert_eq!(lock.busy_until(at(100 + penalty)), None);
            let answer = lock.check(None, at(100 + penalty));
            assert!(matches!(answer, Answer::Wrong(_)), "{answer:?}");
        }
    }
}
