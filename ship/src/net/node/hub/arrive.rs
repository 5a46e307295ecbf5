//! What connections have to say: a key is proven, a phase is over, a payload has come.

use core::time::Duration;
use std::collections::BTreeMap;
use std::string::ToString;

use eebus_json::Instant;
use tokio::sync::{mpsc, oneshot};

use super::{Contest, Hub};
use crate::connection::{self, Leave, Role, Settings};
use crate::identity::{Fingerprint, Ski};
use crate::message::Version;
use crate::net::drive::{Admission, LinkId};
use crate::net::link::shown;
use crate::net::node::rivals::{Verdict, judge};
use crate::net::node::{Event, PinAnswer};
use crate::trust::{ShipId, Standing};

/// Payloads and decisions that may wait for a connection.
const COMMANDS: usize = 256;
/// The side with the smaller SKI waits so long for the other to choose (§12.2.3).
const CHOICE: Duration = Duration::from_secs(3);
/// Two connections of a peer that open within this time have crossed, and the peer may keep
/// either. After a longer time it is a new one instead of the old one, whatever that looks like.
const CROSSING: Duration = Duration::from_secs(10);
/// A peer that comes and goes is shown to the application so often.
const WAITING_AGAIN: Duration = Duration::from_secs(60);
/// An unwanted peer is told so; more of them at the same time are not.
const REFUSING: usize = 4;

impl Hub {
    /// A peer has proven its key: is there room, and which of its connections stay?
    pub(super) fn proven(
        &mut self,
        id: LinkId,
        ski: Ski,
        fingerprint: Option<Fingerprint>,
        reply: oneshot::Sender<Admission>,
    ) {
        let now = self.clock.now();
        self.recognise(ski, fingerprint);
        let standing = self.trust.standing(ski);
        let Some(role) = self.links.get(id).map(|link| link.role) else {
            return;
        };
        self.found(id, ski);
        let own = self.tls.ski();
        let rivals = self.links.rivals(ski);
        let verdict = judge(own, ski, standing == Standing::Trusted, role, &rivals);
        let Verdict::Keep(superseded) = verdict else {
            return;
        };
        if self.shutdown.is_some() || !self.has_room(ski, standing, role) {
            return;
        }
        for id in superseded {
            if let Some(link) = self.links.get_mut(id) {
                link.leave(Leave::Superseded);
            }
        }
        if role == Role::Server {
            if own > ski {
                self.cancel_dials(ski);
            }
            for dial in &mut self.dials {
                // Removed by the peer, and here it is again.
                if dial.peer == Some(ski) && dial.at.is_none() {
                    dial.encourage(now);
                }
            }
        }
        self.links.prove(id, ski);
        if own < ski && self.links.live(ski).len() > 1 {
            self.contests.entry(ski).or_insert(Contest::Chooses(now + CHOICE));
        }
        let (commands, receiver) = mpsc::channel(COMMANDS);
        if let Some(link) = self.links.get_mut(id) {
            link.fingerprint = fingerprint;
            link.commands = Some(commands);
        }
        self.is_changed = true;
        let settings = self.settings_for(ski);
        // The task may have been cancelled; it will be joined then.
        let _ = reply.send(Admission { standing, settings, commands: receiver });
    }

    /// Some peers break off instead of choosing a lower version than they are offered.
    fn settings_for(&self, ski: Ski) -> Settings {
        let mut settings = self.settings.clone();
        if self.modest.contains(&ski) {
            settings.max_version = Version::V1_0;
        }
        settings.pin = self.demand(ski);
        settings.known_keys = self.trust.peer(ski).and_then(|peer| peer.known_keys);
        settings
    }

    /// Who was found at the address that `id` dials.
    fn found(&mut self, id: LinkId, ski: Ski) {
        if let Some(dial) = self.dials.iter_mut().find(|dial| dial.link == Some(id)) {
            dial.peer = Some(ski);
            if let Some(address) = dial.last() {
                self.neighbours.proven(ski, address);
            }
        }
    }

    fn cancel_dials(&mut self, ski: Ski) {
        for dial in &self.dials {
            let link = dial.link.filter(|_| dial.peer == Some(ski));
            if let Some(link) = link.and_then(|id| self.links.get_mut(id))
                && link.proven.is_none()
            {
                link.leave(Leave::Superseded);
            }
        }
    }

    /// Strangers do not take the slots of trusted peers, nor the other way round.
    fn has_room(&self, ski: Ski, standing: Standing, role: Role) -> bool {
        let mut others: BTreeMap<Ski, Role> = BTreeMap::new();
        for (_, link) in self.links.iter() {
            if let Some(other) = link.ski().filter(|other| *other != ski)
                && self.trust.standing(other) == standing
            {
                others.insert(other, link.role);
            }
        }
        match standing {
            Standing::Trusted => {
                let same_way = others.values().filter(|other| **other == role).count();
                others.len() < self.limits.trusted && same_way + 1 < self.limits.trusted
            }
            Standing::Unknown => others.len() < self.limits.waiting,
            Standing::Refused => others.len() < REFUSING,
        }
    }

    pub(super) fn event(&mut self, id: LinkId, ski: Ski, event: connection::Event) {
        let now = self.clock.now();
        match event {
            connection::Event::Waiting => {
                self.shown.retain(|_, at| now - *at < WAITING_AGAIN);
                // Bounded: a stranger costs a key, but keys are cheap.
                if self.shown.len() < 16 * self.limits.waiting
                    && self.shown.insert(ski, now).is_none()
                {
                    let address = self.links.get(id).map(|link| link.address.clone());
                    let address = address.unwrap_or_default();
                    tracing::info!(%ski, %address, "unknown peer waits to be trusted");
                    self.tell(Event::Waiting { ski, address });
                }
            }
            connection::Event::Open { version } => {
                let Some(link) = self.links.get_mut(id) else {
                    return;
                };
                link.opened = Some((now, version));
                if !self.is_crossed(ski, now) {
                    self.hand_over(ski, id);
                }
            }
            connection::Event::Data(payload) => {
                if self.sessions.get(&ski) != Some(&id) {
                    // Which one of several connections the peer keeps shows where it speaks, and
                    // some never say again what they have said there. But this may have been on
                    // its way when the peer went on elsewhere.
                    let goes_on = self.links.get(id).is_some_and(|l| !l.is_leaving && !l.is_past);
                    if !goes_on {
                        return;
                    }
                    self.hand_over(ski, id);
                }
                self.tell(Event::Data { ski, payload });
            }
            connection::Event::AccessMethods { id: Some(ship_id) } => {
                let news = self.trust.note_ship_id(ski, &ship_id);
                let is_changed = news == ShipId::Changed;
                match news {
                    ShipId::Known => return,
                    ShipId::Invalid => {
                        let address = self.links.get(id).map(|link| link.address.clone());
                        self.complain(
                            &address.unwrap_or_default(),
                            Some(ski),
                            &"peer tells what is no SHIP ID",
                        );
                        return;
                    }
                    ShipId::First => self.is_note_new = true,
                    // Kept with the next decision: a peer that changes its name all the time must
                    // not wear out the flash.
                    ShipId::Changed => {
                        tracing::warn!(%ski, "peer has another SHIP ID than before");
                    }
                }
                self.is_changed = true;
                self.tell(Event::ShipId { ski, ship_id, is_changed });
            }
            connection::Event::AccessMethods { id: None } => {
                tracing::debug!(%ski, "peer tells no SHIP ID");
            }
            connection::Event::NoAccessMethods => {
                tracing::debug!(%ski, "peer does not tell its access methods");
            }
            connection::Event::PinWanted { is_required } => {
                self.hand_pin(id, ski);
                self.tell(Event::PinWanted { ski, is_required });
            }
            connection::Event::PinAccepted => {
                self.tell(Event::PinJudged { ski, answer: PinAnswer::Right });
            }
            connection::Event::PinRefused => {
                self.tell(Event::PinJudged { ski, answer: PinAnswer::Wrong });
            }
            connection::Event::PinGiven(pin) => self.pin_given(id, ski, pin.as_ref()),
            connection::Event::KeysChanged { counter, keys } => {
                self.keys_changed(id, ski, counter, &keys);
            }
            connection::Event::Ignored(fault) => {
                let address = self.links.get(id).map(|link| link.address.clone());
                let fault = shown(&fault.to_string());
                self.complain(&address.unwrap_or_default(), Some(ski), &fault);
            }
        }
    }

    /// Whether the peer has a connection that another one that opens now has crossed.
    fn is_crossed(&self, ski: Ski, now: Instant) -> bool {
        let current = self.sessions.get(&ski).and_then(|id| self.links.get(*id));
        current
            .filter(|link| !link.is_leaving)
            .and_then(|link| link.opened)
            .is_some_and(|(at, _)| now - at < CROSSING)
    }

    /// The session of a peer begins on an open connection, or begins anew there.
    pub(super) fn hand_over(&mut self, ski: Ski, id: LinkId) {
        if let Some(before) = self.sessions.insert(ski, id)
            && let Some(before) = self.links.get_mut(before)
        {
            before.is_past = true;
        }
        let Some(link) = self.links.get_mut(id) else {
            return;
        };
        link.is_past = false;
        let role = link.role;
        let Some((_, version)) = link.opened else {
            return;
        };
        tracing::info!(%ski, ?role, %version, "peer connected");
        self.vacant.remove(&ski);
        self.is_changed = true;
        self.tell(Event::Connected { ski, role, version });
    }
}
