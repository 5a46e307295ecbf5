//! What is seen on the local network, and what follows from it.

use std::sync::Arc;
use std::vec::Vec;

use super::Hub;
use crate::discovery::News;
use crate::identity::Ski;
use crate::net::mdns::Seen;
use crate::net::node::dial::Dial;
use crate::trust::{Standing, Trust};

impl Hub {
    /// An announcement has come or gone.
    pub(super) fn seen(&mut self, seen: Seen) {
        let is_changed = match seen {
            Seen::There(neighbour) => {
                let ski = neighbour.txt.ski;
                let trust = &self.trust;
                let is_wanted = |ski| trust.standing(ski) == Standing::Trusted;
                let news = self.neighbours.heard(neighbour, is_wanted);
                if news == News::Fresh {
                    self.look_for(ski);
                }
                news != News::Same
            }
            // No reason to end anything: who announces nothing may be there all the same.
            Seen::Gone(name) => self.neighbours.gone(&name),
        };
        self.is_visible_new |= is_changed;
        self.is_changed |= is_changed;
    }

    /// Dials a peer that is trusted and announced.
    pub(super) fn look_for(&mut self, ski: Ski) {
        let is_trusted = self.trust.standing(ski) == Standing::Trusted;
        if !is_trusted || self.neighbours.endpoints(ski).is_empty() {
            return;
        }
        let now = self.clock.now();
        if !self.dials.iter().any(|dial| dial.announced_peer() == Some(ski)) {
            self.dials.push(Dial::announced(ski, now));
        }
        for dial in self.dials.iter_mut().filter(|dial| dial.peer == Some(ski)) {
            dial.sighted(now);
        }
    }

    /// Who is no longer trusted is no longer looked for, and who is trusted now is.
    pub(super) fn look_again(&mut self, before: &Trust) {
        let trust = &self.trust;
        let is_trusted = |ski| trust.standing(ski) == Standing::Trusted;
        self.dials.retain(|dial| dial.announced_peer().is_none_or(is_trusted));
        let is_new = |ski: &Ski| before.standing(*ski) != Standing::Trusted;
        let new: Vec<Ski> = trust.trusted().map(|(ski, _)| ski).filter(is_new).collect();
        for ski in new {
            self.look_for(ski);
        }
    }

    /// Who is visible, for everybody to see.
    pub(super) fn look(&mut self) {
        if core::mem::take(&mut self.is_visible_new) {
            self.visible = Arc::new(self.neighbours.visible().cloned().collect());
        }
    }
}
