//! Hostile peers fill no logs: so many lines in so much time, then a count.

use core::time::Duration;

use eebus_json::Instant;

const LINES: u32 = 20;
const WINDOW: Duration = Duration::from_secs(10);

/// Lets so many log lines pass: 20 in 10 s. One for each kind of line that a peer can cause.
#[derive(Debug)]
pub struct Throttle {
    since: Instant,
    lines: u32,
}

impl Throttle {
    /// Lets the first lines pass.
    pub fn new(now: Instant) -> Self {
        Self { since: now, lines: 0 }
    }

    /// Whether a line may be written now, and how many were not in the time before.
    pub fn pass(&mut self, now: Instant) -> Option<u32> {
        let mut dropped = 0;
        if now - self.since >= WINDOW {
            dropped = self.lines.saturating_sub(LINES);
            *self = Self::new(now);
        }
        self.lines = self.lines.saturating_add(1);
        (self.lines <= LINES).then_some(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_becomes_twenty_lines_and_a_count() {
        let at = |ms| Instant::from_origin(Duration::from_millis(ms));
        let mut throttle = Throttle::new(at(0));
        let passed = (0..800).filter(|ms| throttle.pass(at(*ms)).is_some()).count();
        assert_eq!(passed, 20);
        assert_eq!(throttle.pass(at(10_000)), Some(780));
        assert_eq!(throttle.pass(at(10_001)), Some(0));
    }
}
