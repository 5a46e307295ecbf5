//! What peers prove beside their keys: PINs, and keys to come.

use tokio::sync::oneshot;

use super::Hub;
use crate::connection::Leave;
use crate::identity::Ski;
use crate::message::KeyState;
use crate::net::drive::{Command, LinkId};
use crate::net::node::Event;
use crate::net::node::handle::PinError;
use crate::pin::{Answer, Lock, Pin, PinDemand};
use crate::trust::Standing;

/// PINs that may wait for peers to come.
const PINS: usize = 16;

impl Hub {
    /// What a peer has to give.
    pub(super) fn demand(&self, ski: Ski) -> PinDemand {
        let Some(lock) = &self.lock else {
            return PinDemand::None;
        };
        let known = self.trust.peer(ski);
        if known.is_some_and(|peer| peer.levels.second_factor > 0) {
            return PinDemand::Given;
        }
        let busy = lock.busy_until(self.clock.now());
        if self.is_pin_required { PinDemand::Required(busy) } else { PinDemand::Optional(busy) }
    }

    /// The lock as if no PIN had ever been given wrong.
    pub(super) fn lock_again(&mut self) {
        let now = self.clock.now();
        let wrong = self.trust.wrong_pins();
        if let Some(lock) = &mut self.lock {
            *lock = Lock::new(lock.pin().clone(), wrong, now);
        }
    }

    /// A peer gives our PIN. It hears the answer when the count is kept: a power cut must not buy
    /// another try.
    pub(super) fn pin_given(&mut self, id: LinkId, ski: Ski, given: Option<&Pin>) {
        let now = self.clock.now();
        let Some(lock) = &mut self.lock else {
            return;
        };
        let answer = lock.check(given, now);
        let is_counted = self.trust.note_wrong_pins(lock.wrong());
        let is_awarded = answer == Answer::Right && self.trust.award_pin(ski);
        match answer {
            Answer::Right => tracing::info!(%ski, "peer has given the PIN"),
            Answer::Wrong(_) | Answer::Busy(_) => {
                let address = self.links.get(id).map(|link| link.address.clone());
                let what = "peer has not given the right PIN";
                self.complain(&address.unwrap_or_default(), Some(ski), &what);
            }
        }
        if is_counted || is_awarded {
            self.is_changed = true;
            self.answer_when_kept(id, Command::PinJudged(answer));
        } else if let Some(link) = self.links.get(id) {
            link.command(Command::PinJudged(answer));
        }
    }

    /// The user enters the PIN of a peer.
    pub(super) fn enter_pin(
        &mut self,
        ski: Ski,
        pin: Pin,
        done: oneshot::Sender<Result<(), PinError>>,
    ) {
        // Who asked may have lost interest.
        let _ = done.send(self.take_pin(ski, pin));
    }

    fn take_pin(&mut self, ski: Ski, pin: Pin) -> Result<(), PinError> {
        let known = self.trust.peer(ski);
        if !known.is_some_and(|peer| peer.levels.may_be_given_pin()) {
            return Err(PinError::Withheld);
        }
        let live = self.links.live(ski);
        match live.iter().rev().find(|(_, link)| link.commands.is_some()) {
            Some((_, link)) => link.command(Command::Pin(pin)),
            None => {
                if self.pins.len() >= PINS && !self.pins.contains_key(&ski) {
                    return Err(PinError::Full);
                }
                self.pins.insert(ski, pin);
            }
        }
        Ok(())
    }

    /// A peer wants its PIN, which may have been entered before. Not earlier: a connection that
    /// does not come so far would take it with it.
    pub(super) fn hand_pin(&mut self, id: LinkId, ski: Ski) {
        let Some(pin) = self.pins.remove(&ski) else {
            return;
        };
        let known = self.trust.peer(ski);
        if known.is_some_and(|peer| peer.levels.may_be_given_pin())
            && let Some(link) = self.links.get(id)
        {
            link.command(Command::Pin(pin));
        }
    }

    /// A peer tells its keys.
    pub(super) fn keys_changed(
        &mut self,
        id: LinkId,
        ski: Ski,
        counter: u16,
        keys: &[(KeyState, Ski)],
    ) {
        let before = self.trust.clone();
        let own = self.tls.ski();
        let is_taken = self.trust.standing(ski) == Standing::Trusted
            && keys.iter().all(|(_, key)| *key != own)
            && self.trust.take_keys(ski, counter, keys);
        tracing::info!(%ski, counter, is_taken, "peer has told its keys");
        if is_taken && self.trust != before {
            // Nobody has removed the peer: it has gone on to another key.
            for link in self.links.iter_mut() {
                let is_over = |ski| {
                    before.standing(ski) == Standing::Trusted
                        && self.trust.standing(ski) != Standing::Trusted
                };
                if link.ski().is_some_and(is_over) {
                    link.leave(Leave::Superseded);
                }
            }
            self.follow(&before, None);
            self.tell(Event::KeysChanged { ski, successor: self.successor(ski) });
            self.answer_when_kept(id, Command::KeysTaken(true));
        } else if let Some(link) = self.links.get(id) {
            link.command(Command::KeysTaken(is_taken));
        }
    }

    fn successor(&self, ski: Ski) -> Option<Ski> {
        self.trust.peer(ski).and_then(|peer| peer.successor)
    }
}
