//! What an entity that uses a peer's data does, whatever the use cases: find the partners,
//! subscribe, bind, read.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::Play;
use super::describe::{Row, UseCase, feature_of};
use super::partners::{PARTNERS, Partner, server_of};
use crate::device::Operations;
use crate::engine::{Event, Misuse, PeerId, RequestId};
use crate::model::{FeatureAddress, Function, Role};
use crate::{Engine, Now};

/// The client side of one entity of ours, for all use cases that it plays.
///
/// Of every partner it subscribes each server feature once, binds those that are written, and
/// reads what the descriptions name and the partner announces. What comes in is the engine's
/// cache; the views of the use cases read it.
///
/// Tell it all events, and before the use cases are told.
#[derive(Debug)]
pub struct Client {
    entity: Vec<u32>,
    plays: Vec<Play>,
    partners: Vec<Found>,
    /// Entities that have shown themselves to be partners, whatever they announce.
    joined: Vec<Partner>,
    links: Vec<Link>,
    changes: VecDeque<Change>,
}

/// A partner has come or gone.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A peer's entity plays the other actor of this use case.
    Found(&'static str, Partner),
    /// It does so no longer, or is gone.
    Lost(&'static str, Partner),
}

/// A partner of one of the use cases.
#[derive(Clone, Debug)]
struct Found {
    /// The index of the use case.
    play: usize,
    partner: Partner,
    scenarios: Vec<u32>,
}

/// A server feature of a partner that we use.
#[derive(Debug)]
struct Link {
    partner: Partner,
    server: FeatureAddress,
    client: FeatureAddress,
    binding: Binding,
    /// What we use of it.
    functions: Vec<Function>,
    todo: VecDeque<Step>,
    /// Whether a lost binding has been renewed already: that is tried once.
    is_renewed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Binding {
    Unwanted,
    /// Not asked for yet, or asked for and not answered.
    Due(Option<RequestId>),
    Held,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Subscribe,
    Bind,
    Read(Function),
}

impl Client {
    /// The client side of this entity, which plays these actors. Peers that are connected already
    /// are looked at at once.
    pub fn new(entity: &[u32], plays: &[Play], engine: &mut Engine, now: Now) -> Self {
        let mut client = Self {
            entity: entity.to_vec(),
            plays: plays.to_vec(),
            partners: Vec::new(),
            joined: Vec::new(),
            links: Vec::new(),
            changes: VecDeque::new(),
        };
        let peers: Vec<_> = engine.peers().map(|(peer, _)| peer).collect();
        for peer in peers {
            client.look_at(peer, engine, now);
        }
        client
    }

    /// Takes note of what the engine tells.
    pub fn handle(&mut self, event: &Event, engine: &mut Engine, now: Now) {
        match event {
            Event::UseCases { peer }
            | Event::EntityAdded { peer, .. }
            | Event::EntityChanged { peer, .. } => self.look_at(*peer, engine, now),
            Event::EntityRemoved { peer, entity } => {
                self.forget(|partner| partner.peer == *peer && partner.entity == *entity);
            }
            Event::Gone { peer } => self.forget(|partner| partner.peer == *peer),
            Event::Answered { peer, request, result } => {
                let asked = Binding::Due(Some(*request));
                for link in self.links.iter_mut().filter(|link| link.binding == asked) {
                    link.binding = if result.is_ok() { Binding::Held } else { Binding::Refused };
                }
                // There is room for another request now.
                self.proceed(*peer, engine, now);
            }
            _ => {}
        }
    }

    /// Takes an entity for a partner although its peer does not say so: it has bound our feature.
    pub fn join(&mut self, partner: &Partner, engine: &mut Engine, now: Now) {
        let of_peer = self.joined.iter().filter(|joined| joined.peer == partner.peer).count();
        if of_peer < PARTNERS && !self.joined.contains(partner) {
            self.joined.push(partner.clone());
            self.look_at(partner.peer, engine, now);
        }
    }

    /// Binds the feature of a partner that serves a function anew: it has forgotten our binding,
    /// as it answered a write with error 9. Says whether that is worth another try of the write.
    pub fn rebind(
        &mut self,
        partner: &Partner,
        function: Function,
        engine: &mut Engine,
        now: Now,
    ) -> bool {
        let Some(link) = self.link_mut(partner, function) else {
            return false;
        };
        if link.is_renewed || link.binding == Binding::Unwanted {
            return false;
        }
        link.is_renewed = true;
        link.binding = Binding::Due(None);
        link.todo.push_back(Step::Bind);
        self.proceed(partner.peer, engine, now);
        true
    }

    /// The next partner that has come or gone.
    pub fn poll(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// The path of our entity.
    pub fn entity(&self) -> &[u32] {
        &self.entity
    }

    /// The partners of a use case.
    pub fn partners<'a>(&'a self, use_case: &'a UseCase) -> impl Iterator<Item = &'a Partner> {
        let of = move |found: &&'a Found| self.plays[found.play].use_case.name == use_case.name;
        self.partners.iter().filter(of).map(|found| &found.partner)
    }

    /// Whether an entity is a partner of any of the use cases.
    pub fn is_partner(&self, partner: &Partner) -> bool {
        self.partners.iter().any(|found| found.partner == *partner)
    }

    /// Whether the partner has accepted our binding to the feature that serves a function.
    pub fn is_bound(&self, partner: &Partner, function: Function) -> bool {
        self.link(partner, function).is_some_and(|link| link.binding == Binding::Held)
    }

    /// Whether the binding to the feature that serves a function is on its way, or held. A write
    /// that is sent from now on comes after it.
    pub(crate) fn has_asked_to_bind(&self, partner: &Partner, function: Function) -> bool {
        self.link(partner, function)
            .is_some_and(|link| matches!(link.binding, Binding::Due(Some(_)) | Binding::Held))
    }

    /// Our feature, and the partner's, that are related for the sake of a function.
    pub fn addresses(
        &self,
        partner: &Partner,
        function: Function,
    ) -> Option<(&FeatureAddress, &FeatureAddress)> {
        self.link(partner, function).map(|link| (&link.client, &link.server))
    }

    fn link(&self, partner: &Partner, function: Function) -> Option<&Link> {
        self.links.iter().find(|l| l.partner == *partner && l.functions.contains(&function))
    }

    fn link_mut(&mut self, partner: &Partner, function: Function) -> Option<&mut Link> {
        self.links.iter_mut().find(|l| l.partner == *partner && l.functions.contains(&function))
    }

    fn forget(&mut self, is_gone: impl Fn(&Partner) -> bool) {
        self.joined.retain(|partner| !is_gone(partner));
        self.links.retain(|link| !is_gone(&link.partner));
        let gone: Vec<_> = self.partners.extract_if(.., |f| is_gone(&f.partner)).collect();
        for found in gone {
            let name = self.plays[found.play].use_case.name;
            self.changes.push_back(Change::Lost(name, found.partner));
        }
    }

    /// Compares what a peer offers now with what we know of it.
    fn look_at(&mut self, peer: PeerId, engine: &mut Engine, now: Now) {
        let current = self.partners_of(peer, engine);
        let before: Vec<_> =
            self.partners.extract_if(.., |found| found.partner.peer == peer).collect();
        for lost in before.iter().filter(|b| !current.iter().any(|c| c.is(b))) {
            let name = self.plays[lost.play].use_case.name;
            self.changes.push_back(Change::Lost(name, lost.partner.clone()));
        }
        for new in current.iter().filter(|c| !before.iter().any(|b| b.is(c))) {
            let name = self.plays[new.play].use_case.name;
            self.changes.push_back(Change::Found(name, new.partner.clone()));
        }
        self.link_up(peer, &current, engine);
        self.partners.extend(current);
        self.proceed(peer, engine, now);
    }

    fn partners_of(&self, peer: PeerId, engine: &Engine) -> Vec<Found> {
        let Some(state) = engine.peer(peer) else {
            return Vec::new();
        };
        let mut partners = Vec::new();
        for (play, of) in self.plays.iter().enumerate() {
            let matches = of.partners(state);
            partners.extend(matches.into_iter().map(|found| Found {
                play,
                partner: Partner { peer, entity: found.entity },
                scenarios: found.scenarios,
            }));
            for partner in self.joined.iter().filter(|partner| partner.peer == peer) {
                let is_there = state.device().entity(&partner.entity).is_some();
                let joined = Found {
                    play,
                    partner: partner.clone(),
                    scenarios: of.scenarios().map(|scenario| scenario.number).collect(),
                };
                if is_there && !partners.iter().any(|found| found.is(&joined)) {
                    partners.push(joined);
                }
            }
        }
        partners
    }

    /// Plans what is to be subscribed, bound and read, of every server feature once.
    fn link_up(&mut self, peer: PeerId, current: &[Found], engine: &Engine) {
        let Some(state) = engine.peer(peer) else {
            return;
        };
        let device = state.device();
        self.links.retain(|link| {
            link.partner.peer != peer
                || (current.iter().any(|found| found.partner == link.partner)
                    && device.feature(&link.server).is_some())
        });
        for found in current {
            for row in self.plays[found.play].uses(&found.scenarios) {
                let entity = &found.partner.entity;
                let Some(server) = server_of(device, entity, row.function) else {
                    continue;
                };
                let offered = device.feature(&server).and_then(|f| f.operations(row.function));
                let kind = feature_of(row.function);
                let client = engine.local().find(&self.entity, &kind, Role::Client);
                let (Some(offered), Some(client)) = (offered, client) else {
                    continue;
                };
                let same = |link: &Link| link.partner == found.partner && link.server == server;
                let i = self.links.iter().position(same).unwrap_or_else(|| {
                    self.links.push(Link::new(found.partner.clone(), server, client));
                    self.links.len() - 1
                });
                self.links[i].want(row, offered);
            }
        }
    }

    /// Sends what is due, as far as the peer takes more requests.
    fn proceed(&mut self, peer: PeerId, engine: &mut Engine, now: Now) {
        for link in self.links.iter_mut().filter(|link| link.partner.peer == peer) {
            while let Some(step) = link.todo.front() {
                let (client, server) = (&link.client, &link.server);
                let asked = match step {
                    Step::Subscribe => engine.subscribe(peer, client, server, now),
                    Step::Bind => engine.bind(peer, client, server, now),
                    Step::Read(function) => engine.read(peer, client, server, *function, now),
                };
                match asked {
                    Err(Misuse::TooManyRequests) => return,
                    Ok(request) if *step == Step::Bind => {
                        link.binding = Binding::Due(Some(request));
                    }
                    // What cannot be asked for has gone meanwhile; the engine tells.
                    Ok(_) | Err(_) => {}
                }
                link.todo.pop_front();
            }
        }
    }
}

impl Found {
    fn is(&self, other: &Self) -> bool {
        self.play == other.play && self.partner == other.partner
    }
}

impl Link {
    fn new(partner: Partner, server: FeatureAddress, client: FeatureAddress) -> Self {
        Self {
            partner,
            server,
            client,
            binding: Binding::Unwanted,
            functions: Vec::new(),
            todo: VecDeque::from([Step::Subscribe]),
            is_renewed: false,
        }
    }

    fn want(&mut self, row: Row, offered: Operations) {
        if row.is_written && offered.write && self.binding == Binding::Unwanted {
            self.binding = Binding::Due(None);
            // Before the reads: whoever has read everything wants to write.
            let at = self.todo.iter().take_while(|step| **step == Step::Subscribe).count();
            self.todo.insert(at, Step::Bind);
        }
        if !self.functions.contains(&row.function) {
            self.functions.push(row.function);
            if offered.read {
                self.todo.push_back(Step::Read(row.function));
            }
        }
    }
}
