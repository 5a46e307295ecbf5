//! The device that is asked, *devA*: which requests it accepts (Pairing Service 1.0.0 §4.3, §9).

use alloc::collections::VecDeque;
use core::fmt;
use core::time::Duration;

use eebus_json::Instant;

use super::{Party, Request, Secret};
use crate::trust::Trust;

/// A control unit that is away for so long may be replaced (§4.3).
const AWAY: Duration = Duration::from_secs(15 * 60);
/// So many signatures are checked in a minute: whoever guesses has 2^128 to go, and a device has
/// better things to do.
const CHECKS: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);

/// Judges requests. What is accepted, and by whom it was asked before, is kept in [`Trust`].
#[derive(Debug)]
pub struct Listener {
    own: Party,
    secret: Secret,
    /// Since when the control unit is away; None: it is connected. After a restart nobody knows
    /// how long it has been away, so it counts from then.
    away: Option<Instant>,
    /// When signatures were checked within the last minute.
    checks: VecDeque<Instant>,
}

impl Listener {
    /// A device that is `own`, with this secret on its label.
    pub fn new(own: Party, secret: Secret, now: Instant) -> Self {
        Self { own, secret, away: Some(now), checks: VecDeque::new() }
    }

    /// Whether the control unit is connected, from now on.
    pub fn connected(&mut self, is_connected: bool, now: Instant) {
        self.away = match self.away {
            _ if is_connected => None,
            None => Some(now),
            since => since,
        };
    }

    /// Whether requests are looked at: always without a control unit, and with one only when it has
    /// been away for 15 minutes.
    pub fn is_open(&self, trust: &Trust, now: Instant) -> bool {
        trust.unit().is_none() || self.away.is_some_and(|since| now >= since + AWAY)
    }

    /// When requests that came too early are to be judged again, or those that were too many.
    pub fn deadline(&self, trust: &Trust, now: Instant) -> Option<Instant> {
        let opens = self.away.map(|since| since + AWAY).filter(|_| trust.unit().is_some());
        let rested = self.checks.front().filter(|_| self.checks.len() >= CHECKS);
        let deadlines = opens.into_iter().chain(rested.map(|first| *first + MINUTE));
        deadlines.filter(|at| *at > now).min()
    }

    /// Judges a request. One that is accepted has still to be taken, with [`Trust::accept`], and
    /// to be kept; only then it is used up.
    pub fn judge(&mut self, request: &Request, trust: &Trust, now: Instant) -> Result<(), Refusal> {
        let terms = request.terms();
        if terms.asked != self.own {
            return Err(Refusal::NotForUs);
        }
        if terms.asker.ship_id == self.own.ship_id
            || terms.asker.fingerprint == self.own.fingerprint
        {
            return Err(Refusal::Own);
        }
        if !self.is_open(trust, now) {
            return Err(Refusal::TooEarly);
        }
        if trust.is_used(request.digest()) {
            return Err(Refusal::Used);
        }
        self.checks.retain(|at| now < *at + MINUTE);
        if self.checks.len() >= CHECKS {
            return Err(Refusal::TooMany);
        }
        self.checks.push_back(now);
        if !request.is_signed_with(&self.secret) {
            return Err(Refusal::Forged);
        }
        Ok(())
    }

    /// The control unit is another one now, and has not been here yet.
    pub fn accepted(&mut self, now: Instant) {
        self.away = Some(now);
    }
}

/// Why a request is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// Another device is asked.
    NotForUs,
    /// It says that we ask ourselves.
    Own,
    /// The control unit is connected, or has not been away for 15 minutes. It can be judged again.
    TooEarly,
    /// It was accepted before.
    Used,
    /// There were too many within a minute. It can be judged again.
    TooMany,
    /// Whoever signed it does not know the secret.
    Forged,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotForUs => "pairing request for another device",
            Self::Own => "pairing request in our own name",
            Self::TooEarly => "pairing request while there is a control unit",
            Self::Used => "pairing request that was accepted before",
            Self::TooMany => "too many pairing requests",
            Self::Forged => "pairing request that is not signed with our secret",
        })
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::identity::{Curve, Fingerprint, Ski};
    use crate::pairing::Terms;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    fn party(n: u8) -> Party {
        Party { ship_id: format!("i:1_u:{n}").into(), fingerprint: Fingerprint::new([n; 32]) }
    }

    fn secret() -> Secret {
        Secret::new([9; 16])
    }

    fn request(asked: u8, asker: u8, nonce: u8) -> Request {
        let curve = Curve::Secp256r1;
        let terms = Terms { asked: party(asked), asker: party(asker), curve, nonce: [nonce; 16] };
        Request::sign(terms, &secret())
    }

    fn listener() -> Listener {
        Listener::new(party(1), secret(), at(0))
    }

    #[test]
    fn a_signed_request_is_accepted_once() {
        let (mut listener, mut trust) = (listener(), Trust::new());
        let first = request(1, 2, 1);
        assert_eq!(listener.judge(&first, &trust, at(0)), Ok(()));
        // Nothing is used up before it is taken.
        assert_eq!(listener.judge(&first, &trust, at(0)), Ok(()));
        trust.accept(&first);
        listener.accepted(at(0));
        trust.recognise(Ski::new([2; 20]), Fingerprint::new([2; 32]));
        trust.forget(Ski::new([2; 20]));
        // The user has removed it: others may ask at once, but nobody with that request.
        assert_eq!(listener.judge(&first, &trust, at(1)), Err(Refusal::Used));
        assert_eq!(listener.judge(&request(1, 2, 2), &trust, at(1)), Ok(()));
    }

    #[test]
    fn requests_of_others_for_others_and_in_our_name_are_refused() {
        let (mut listener, trust) = (listener(), Trust::new());
        assert_eq!(listener.judge(&request(3, 2, 1), &trust, at(0)), Err(Refusal::NotForUs));
        assert_eq!(listener.judge(&request(1, 1, 1), &trust, at(0)), Err(Refusal::Own));
        for own in [
            Party { ship_id: party(1).ship_id, ..party(2) },
            Party { fingerprint: party(1).fingerprint, ..party(2) },
        ] {
            let terms = Terms { asker: own, ..request(1, 2, 1).terms().clone() };
            let forged = Request::sign(terms, &secret());
            assert_eq!(listener.judge(&forged, &trust, at(0)), Err(Refusal::Own));
        }
        let forged = Request::sign(request(1, 2, 1).terms().clone(), &Secret::new([8; 16]));
        assert_eq!(listener.judge(&forged, &trust, at(0)), Err(Refusal::Forged));
    }

    #[test]
    fn another_control_unit_is_taken_when_the_first_was_away_for_15_minutes() {
        let (mut listener, mut trust) = (listener(), Trust::new());
        trust.accept(&request(1, 2, 1));
        listener.connected(true, at(10));
        assert_eq!(listener.deadline(&trust, at(10)), None);
        let second = request(1, 3, 1);
        assert_eq!(listener.judge(&second, &trust, at(100_000)), Err(Refusal::TooEarly));
        listener.connected(false, at(100_000));
        listener.connected(false, at(100_500));
        assert_eq!(listener.deadline(&trust, at(100_500)), Some(at(100_900)));
        assert_eq!(listener.judge(&second, &trust, at(100_899)), Err(Refusal::TooEarly));
        assert_eq!(listener.judge(&second, &trust, at(100_900)), Ok(()));
    }

    #[test]
    fn a_control_unit_that_never_comes_does_not_make_deaf_for_ever() {
        let (mut listener, mut trust) = (listener(), Trust::new());
        trust.accept(&request(1, 2, 1));
        listener.accepted(at(1000));
        let second = request(1, 3, 1);
        assert_eq!(listener.judge(&second, &trust, at(1899)), Err(Refusal::TooEarly));
        assert_eq!(listener.judge(&second, &trust, at(1900)), Ok(()));
    }

    #[test]
    fn after_a_restart_the_15_minutes_run_and_no_request_is_used_up_by_them() {
        let mut trust = Trust::new();
        trust.accept(&request(1, 2, 1));
        let mut listener = Listener::new(party(1), secret(), at(5000));
        let second = request(1, 3, 1);
        assert_eq!(listener.judge(&second, &trust, at(5001)), Err(Refusal::TooEarly));
        assert_eq!(listener.judge(&second, &trust, at(5900)), Ok(()));
        // What was accepted before the restart stays used.
        assert_eq!(listener.judge(&request(1, 2, 1), &trust, at(5900)), Err(Refusal::Used));
    }

    #[test]
    fn a_flood_of_forged_requests_costs_ten_checks_a_minute() {
        let (mut listener, trust) = (listener(), Trust::new());
        let wrong = Secret::new([8; 16]);
        let mut checked = 0;
        for n in 0..=255 {
            let forged = Request::sign(request(1, 2, n).terms().clone(), &wrong);
            checked += usize::from(listener.judge(&forged, &trust, at(0)) == Err(Refusal::Forged));
        }
        assert_eq!(checked, CHECKS);
        let right = request(1, 2, 1);
        assert_eq!(listener.judge(&right, &trust, at(59)), Err(Refusal::TooMany));
        assert_eq!(listener.deadline(&trust, at(59)), Some(at(60)));
        assert_eq!(listener.judge(&right, &trust, at(60)), Ok(()));
    }
}
