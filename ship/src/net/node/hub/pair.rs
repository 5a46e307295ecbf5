//! The Pairing Service: requests that come in, and those that we make (Pairing Service 1.0.0).

use std::string::String;
use std::vec::Vec;

use eebus_json::Instant;

use super::Hub;
use crate::identity::{Fingerprint, Ski, random};
use crate::net::node::Event;
use crate::net::node::handle::PetitionError;
use crate::net::node::links::Link;
use crate::net::pairing::{Notice, Notices};
use crate::pairing::{Listener, Party, Petition, Records, Refusal, Request, Secret, Step};
use crate::trust::Standing;

/// Whom we may ask at a time.
const PETITIONS: usize = 16;

/// The state of the Pairing Service.
pub(in crate::net::node) struct Pairing {
    /// Who we are.
    pub(in crate::net::node) own: Party,
    /// If we have a secret.
    pub(in crate::net::node) listener: Option<Listener>,
    /// If we take part in mDNS: the network, and how our own service is called there.
    pub(in crate::net::node) notices: Option<(Notices, OwnService)>,
    records: Records,
    petitions: Vec<(Ski, Petition)>,
}

/// Our SHIP service in mDNS.
pub(in crate::net::node) struct OwnService {
    pub(in crate::net::node) instance: String,
    pub(in crate::net::node) host: String,
    pub(in crate::net::node) port: u16,
}

impl Pairing {
    pub(in crate::net::node) fn new(
        own: Party,
        listener: Option<Listener>,
        mut notices: Option<(Notices, OwnService)>,
    ) -> Self {
        if let Some((notices, _)) = notices.as_mut().filter(|_| listener.is_some()) {
            notices.listen();
        }
        let (records, petitions) = (Records::default(), Vec::new());
        Self { own, listener, notices, records, petitions }
    }

    /// The next thing that is seen on the network.
    pub(super) async fn seen(&mut self) -> Notice {
        match &mut self.notices {
            Some((notices, _)) => notices.seen().await,
            None => core::future::pending().await,
        }
    }
}

impl Hub {
    // We are asked.

    /// Something has been seen on the network.
    pub(super) fn noticed(&mut self, notice: Notice) {
        match notice {
            Notice::There(name, request) => {
                if request.terms().asked == self.pairing.own {
                    self.pairing.records.there(&name, request);
                    self.judge();
                }
            }
            Notice::Gone(name) => self.pairing.records.gone(&name),
        }
    }

    /// A request has come in another way.
    pub(super) fn consider(&mut self, request: &Request) -> Result<(), Refusal> {
        let now = self.clock.now();
        let Some(listener) = &mut self.pairing.listener else {
            return Err(Refusal::NotForUs);
        };
        listener.judge(request, &self.trust, now)?;
        self.accept(request, now);
        Ok(())
    }

    /// Judges what is there and has not been judged for good.
    pub(super) fn judge(&mut self) {
        let now = self.clock.now();
        let open: Vec<Request> = self.pairing.records.open().cloned().collect();
        for request in open {
            let Some(listener) = &mut self.pairing.listener else {
                return;
            };
            match listener.judge(&request, &self.trust, now) {
                Ok(()) => {
                    self.pairing.records.judged(request.digest());
                    self.accept(&request, now);
                }
                Err(Refusal::TooEarly | Refusal::TooMany) => {}
                Err(refusal) => {
                    self.pairing.records.judged(request.digest());
                    if refusal != Refusal::Used {
                        self.complain("mdns", None, &refusal);
                    }
                }
            }
        }
    }

    /// The asker is trusted from now on, and the control unit before it no longer.
    fn accept(&mut self, request: &Request, now: Instant) {
        let asker = &request.terms().asker;
        tracing::info!(ship_id = %asker.ship_id, fingerprint = %asker.fingerprint,
            "a control unit has asked with our secret, and is trusted");
        let before = self.trust.clone();
        self.trust.accept(request);
        if let Some(listener) = &mut self.pairing.listener {
            listener.accepted(now);
        }
        self.is_note_new = true;
        self.follow(&before, None);
        self.tell(Event::ControlUnit { party: asker.clone() });
        // It may have been faster than its request.
        let proven = |link: &Link| Some((link.ski()?, link.fingerprint));
        let here: Vec<_> = self.links.iter().filter_map(|(_, link)| proven(link)).collect();
        for (ski, fingerprint) in here {
            self.recognise(ski, fingerprint);
        }
    }

    /// A peer has proven its key. It may be the control unit, which is known by its certificate.
    pub(super) fn recognise(&mut self, ski: Ski, fingerprint: Option<Fingerprint>) {
        let is_unit = |fingerprint: &Fingerprint| {
            self.trust.unit().is_some_and(|unit| unit.party.fingerprint == *fingerprint)
        };
        let Some(fingerprint) = fingerprint.filter(is_unit) else {
            return;
        };
        let before = self.trust.clone();
        if self.trust.recognise(ski, fingerprint) {
            tracing::info!(%ski, "the control unit is here");
            self.is_note_new = true;
            self.follow(&before, Some(ski));
        }
    }

    // We ask.

    /// The user wants to be trusted by a peer.
    pub(super) fn petition(
        &mut self,
        ski: Ski,
        asked: Party,
        secret: Secret,
    ) -> Result<(), PetitionError> {
        if self.trust.standing(ski) != Standing::Trusted {
            return Err(PetitionError::NotTrusted);
        }
        let Some((notices, _)) = &mut self.pairing.notices else {
            return Err(PetitionError::NotAnnounced);
        };
        notices.withdraw_all(ski);
        self.pairing.petitions.retain(|(peer, _)| *peer != ski);
        if self.pairing.petitions.len() >= PETITIONS {
            return Err(PetitionError::Full);
        }
        let number = fastrand::u32(..u32::MAX / 2);
        let mut petition = Petition::new(self.pairing.own.clone(), asked, secret, number);
        self.press(ski, &mut petition);
        petition.connected(self.sessions.contains_key(&ski), self.clock.now());
        self.pairing.petitions.push((ski, petition));
        Ok(())
    }

    /// Does what is due about our requests, and about those of others.
    pub(super) fn pair(&mut self) {
        let now = self.clock.now();
        if let Some(listener) = &mut self.pairing.listener {
            let unit = self.trust.unit().and_then(|unit| unit.ski);
            let is_connected = unit.is_some_and(|ski| self.sessions.contains_key(&ski));
            listener.connected(is_connected, now);
        }
        self.judge();
        let petitions = core::mem::take(&mut self.pairing.petitions);
        for (ski, mut petition) in petitions {
            if self.trust.standing(ski) != Standing::Trusted {
                if let Some((notices, _)) = &mut self.pairing.notices {
                    notices.withdraw_all(ski);
                }
                continue;
            }
            petition.connected(self.sessions.contains_key(&ski), now);
            if !self.press(ski, &mut petition) {
                self.pairing.petitions.push((ski, petition));
            }
        }
    }

    /// Does what is due about one of our requests. `true`: it is settled.
    fn press(&mut self, ski: Ski, petition: &mut Petition) -> bool {
        let now = self.clock.now();
        while let (Some((notices, own)), Ok(nonce)) = (&mut self.pairing.notices, random()) {
            let Some(step) = petition.step(now, || nonce) else {
                break;
            };
            match step {
                Step::Announce { number, request } => {
                    notices.announce(ski, number, &request, &own.instance, &own.host, own.port);
                }
                Step::Withdraw { number } => notices.withdraw(ski, number),
                Step::Settle => {
                    tracing::info!(%ski, "peer trusts us for good");
                    self.tell(Event::Settled { ski });
                    return true;
                }
            }
        }
        false
    }

    /// When there is something to do about requests.
    pub(super) fn pairing_deadline(&self) -> Option<Instant> {
        let now = self.clock.now();
        let pairing = &self.pairing;
        let listener = pairing.listener.as_ref();
        let judges = listener.and_then(|listener| listener.deadline(&self.trust, now));
        let petitions = pairing.petitions.iter().filter_map(|(_, petition)| petition.deadline());
        petitions.chain(judges).min()
    }
}
