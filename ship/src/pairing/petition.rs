//! Who asks, *devZ*: when a request is announced, renewed and withdrawn (Pairing Service 1.0.0
//! §4.2).

use core::time::Duration;

use eebus_json::Instant;

use super::{Party, Request, Secret, Terms};
use crate::identity::Curve;

/// One connection that lasts so long settles it.
const SETTLED: Duration = Duration::from_secs(15 * 60);
/// Without a connection for so long the request is made anew: the Go stack may have used it up
/// without accepting it.
const RENEWED: Duration = Duration::from_secs(16 * 60);

/// What to do with the record of the request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Announce it, as the instance of this number: its name must not have been there before,
    /// because the Go stack does not look at a name that it knows.
    Announce {
        /// Counts the requests.
        number: u32,
        /// What the record says.
        request: Request,
    },
    /// Withdraw the record of this number.
    Withdraw {
        /// The number.
        number: u32,
    },
    /// The peer trusts us for good. Nothing is announced any more, not after a restart either:
    /// whoever keeps the request forgets it now.
    Settle,
}

/// A wish to be trusted by a device whose secret we know, until it comes true.
#[derive(Debug)]
pub struct Petition {
    asked: Party,
    asker: Party,
    secret: Secret,
    number: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// To be announced with the next step.
    New,
    /// The record is there.
    Announced {
        /// Since when nothing has gone on: the request is new, or a connection has ended.
        since: Instant,
    },
    /// The record is there, and so is a connection, since then.
    Connected {
        since: Instant,
    },
    /// The old record is gone; the new one is next.
    Withdrawn,
    /// The record is gone for good; that has to be said.
    Settling,
    Settled,
}

impl Petition {
    /// `asker` wants to be trusted by `asked`, whose secret this is. `number` is where the numbers
    /// of its instances begin: higher than any before.
    pub fn new(asker: Party, asked: Party, secret: Secret, number: u32) -> Self {
        Self { asked, asker, secret, number, state: State::New }
    }

    /// Whom it asks.
    pub fn asked(&self) -> &Party {
        &self.asked
    }

    /// Whether a connection to the peer has come up to the data exchange, or has ended.
    pub fn connected(&mut self, is_connected: bool, now: Instant) {
        self.state = match self.state {
            State::Announced { .. } if is_connected => State::Connected { since: now },
            State::Connected { .. } if !is_connected => State::Announced { since: now },
            _ => return,
        };
    }

    /// When to look for the next [`Petition::step`] although nothing has happened.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Announced { since } => Some(since + RENEWED),
            State::Connected { since } => Some(since + SETTLED),
            _ => None,
        }
    }

    /// The next thing to do; to be called until there is nothing. `nonce` yields 16 octets that
    /// nobody can predict, and never the same twice.
    pub fn step(&mut self, now: Instant, nonce: impl FnOnce() -> [u8; 16]) -> Option<Step> {
        let number = self.number;
        let (state, step) = match self.state {
            State::New | State::Withdrawn => {
                let terms = Terms {
                    asked: self.asked.clone(),
                    asker: self.asker.clone(),
                    curve: Curve::Secp256r1,
                    nonce: nonce(),
                };
                let request = Request::sign(terms, &self.secret);
                (State::Announced { since: now }, Step::Announce { number, request })
            }
            State::Announced { since } if now >= since + RENEWED => {
                self.number = number.wrapping_add(1);
                (State::Withdrawn, Step::Withdraw { number })
            }
            State::Connected { since } if now >= since + SETTLED => {
                (State::Settling, Step::Withdraw { number })
            }
            State::Settling => (State::Settled, Step::Settle),
            State::Announced { .. } | State::Connected { .. } | State::Settled => return None,
        };
        self.state = state;
        Some(step)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::identity::Fingerprint;
    use crate::pairing::Listener;
    use crate::trust::Trust;

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    fn party(n: u8) -> Party {
        Party { ship_id: "x".into(), fingerprint: Fingerprint::new([n; 32]) }
    }

    fn petition() -> Petition {
        let asked = Party { ship_id: "y".into(), ..party(2) };
        Petition::new(party(1), asked, Secret::new([9; 16]), 5)
    }

    fn steps(petition: &mut Petition, now: Instant) -> Vec<Step> {
        let nonce = (now - Instant::ORIGIN).as_secs().to_be_bytes();
        core::iter::from_fn(|| petition.step(now, || core::array::from_fn(|i| nonce[i % 8])))
            .take(5)
            .collect()
    }

    fn announced(steps: &[Step]) -> (u32, Request) {
        match steps {
            [.., Step::Announce { number, request }] => (*number, request.clone()),
            other => panic!("an announcement, not {other:?}"),
        }
    }

    #[test]
    fn it_is_announced_at_once_and_the_one_that_is_asked_accepts_it() {
        let mut petition = petition();
        let (number, request) = announced(&steps(&mut petition, at(0)));
        assert_eq!(number, 5);
        let mut listener = Listener::new(petition.asked().clone(), Secret::new([9; 16]), at(0));
        assert_eq!(listener.judge(&request, &Trust::new(), at(0)), Ok(()));
        assert_eq!(steps(&mut petition, at(1)), []);
    }

    #[test]
    fn fifteen_minutes_of_one_connection_settle_it_for_good() {
        let mut petition = petition();
        steps(&mut petition, at(0));
        petition.connected(true, at(10));
        assert_eq!(steps(&mut petition, at(909)), []);
        petition.connected(false, at(909));
        petition.connected(true, at(920));
        // It begins anew with every interruption.
        assert_eq!(petition.deadline(), Some(at(1820)));
        assert_eq!(steps(&mut petition, at(1819)), []);
        assert_eq!(steps(&mut petition, at(1820)), [Step::Withdraw { number: 5 }, Step::Settle]);
        petition.connected(false, at(1900));
        assert_eq!(petition.deadline(), None);
        assert_eq!(steps(&mut petition, at(100_000)), []);
    }

    #[test]
    fn without_a_connection_it_is_made_anew_under_another_name() {
        let mut petition = petition();
        let (_, first) = announced(&steps(&mut petition, at(0)));
        assert_eq!(steps(&mut petition, at(959)), []);
        let renewed = steps(&mut petition, at(960));
        assert_eq!(renewed[0], Step::Withdraw { number: 5 });
        let (number, second) = announced(&renewed);
        assert_eq!(number, 6);
        assert_ne!(first.terms().nonce, second.terms().nonce);
        assert_ne!(first.digest(), second.digest());
        assert_eq!(petition.deadline(), Some(at(1920)));
    }

    #[test]
    fn a_connection_that_ends_has_16_minutes_to_come_back() {
        let mut petition = petition();
        steps(&mut petition, at(0));
        petition.connected(true, at(900));
        petition.connected(false, at(1000));
        assert_eq!(petition.deadline(), Some(at(1960)));
        assert_eq!(steps(&mut petition, at(1959)), []);
        assert_eq!(steps(&mut petition, at(1960)).len(), 2);
    }
}
