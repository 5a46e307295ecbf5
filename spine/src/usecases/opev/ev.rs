//! The serving side: the limits of a vehicle, and how far the guard behind them is trusted.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use eebus_json::{List, Member};

use super::ends::Ends;
use super::trust::{Ceiling, Config, Health, Trust};
use super::{CurrentRange, EV, SILENCE};
use crate::device::EntityPlan;
use crate::engine::{Event, Misuse, PeerId, Relation, Write};
use crate::model::{
    DeviceDiagnosisHeartbeatData, DeviceDiagnosisOperatingState, DeviceDiagnosisStateData,
    FeatureAddress, Function, LoadControlLimitData, MsgCounter, Payload,
};
use crate::units::MilliAmps;
use crate::usecases::partners::server_of;
use crate::usecases::parts::{Current, OBLIGATION, Phase, Watch};
use crate::usecases::{Client, Partner, entries, evcem};
use crate::{Engine, Instant, Now};

/// What whoever serves the vehicle has to do something about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fact {
    /// The ceiling is another one: follow it at once.
    Ceiling(Ceiling),
    /// This peer guards from now on. That a guard is known, and who it is, must be known after a
    /// restart, too: keep it.
    Guard(PeerId),
    /// A peer has written limits.
    Written(Written),
}

/// Limits that a peer has written, for the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Written {
    /// Who.
    pub peer: PeerId,
    /// The number of its message.
    pub counter: MsgCounter,
    /// The limits before, on each phase; `None` where none was active.
    pub before: [Option<MilliAmps>; 3],
    /// The limits from now on. Whether they are followed is for the ceiling to say.
    pub after: [Option<MilliAmps>; 3],
}

/// The vehicle's side, from plug-in to unplugging: the state machine of the obligation
/// (CH-565, CH-600).
///
/// Tell it all events of the engine, and the time; take the facts. It answers the writes to the
/// limits of its entity.
#[derive(Debug)]
pub struct Ev {
    entity: Vec<u32>,
    server: FeatureAddress,
    client: Client,
    /// The heartbeats of all partners: which one is the guard, the binding tells.
    watches: Vec<(Partner, Watch)>,
    guard: Option<Guard>,
    trust: Trust,
    /// When the guard counts as silent, unless it beats.
    silent_at: Option<Instant>,
    /// When the last heartbeat of the guard came.
    heard: Option<Instant>,
    ends: Ends,
    facts: VecDeque<Fact>,
}

/// The device that has bound the limits.
#[derive(Debug)]
struct Guard {
    peer: PeerId,
    /// Its features that are bound.
    clients: Vec<FeatureAddress>,
}

impl Ev {
    /// Plans the limits of a vehicle, inactive, and what they may be set to.
    pub fn plan(plan: &mut EntityPlan, phases: &[Phase], range: CurrentRange) {
        EV.plan(plan);
        evcem::CURRENT.plan(plan, phases);
        OBLIGATION.plan(plan, &evcem::CURRENT, phases);
        Current::plan_range(plan, &evcem::CURRENT, phases, range);
    }

    /// A vehicle has been plugged in, and its entity added: the heartbeats of all guards are
    /// asked for. Take the first ceiling from [`Self::ceiling`].
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if there is no such entity, or it was not planned for this.
    pub fn new(
        entity: &[u32],
        config: Config,
        is_guard_known: bool,
        engine: &mut Engine,
        now: Now,
    ) -> Result<Self, Misuse> {
        let server = entries::server(engine, entity, Function::LoadControlLimitListData)?;
        Ok(Self {
            entity: entity.to_vec(),
            server,
            client: Client::new(entity, &[EV], engine, now),
            watches: Vec::new(),
            guard: None,
            trust: Trust::new(config, is_guard_known),
            silent_at: None,
            heard: None,
            ends: Ends::default(),
            facts: VecDeque::new(),
        })
    }

    /// The engine tells something.
    pub fn handle(&mut self, event: &Event, engine: &mut Engine, now: Now) {
        // What was due before this happened.
        self.settle(engine, now);
        self.client.handle(event, engine, now);
        // A guard shows itself by its binding; that one could bind is no news.
        while self.client.poll().is_some() {}
        match event {
            Event::Write(write) if self.concerns(&write.feature, write.function) => {
                self.decide(write, engine, now);
            }
            Event::Bound(relation) if relation.server == self.server => {
                self.bound(relation, engine, now);
            }
            Event::Unbound(relation) if relation.server == self.server => self.unbound(relation),
            // Not lost: it comes back under another number.
            Event::Replaced { peer, .. } if self.guard() == Some(*peer) => {
                self.guard = None;
                self.trust.begins();
            }
            Event::Gone { peer } => {
                self.watches.retain(|(partner, _)| partner.peer != *peer);
                self.guard.take_if(|guard| guard.peer == *peer);
            }
            Event::EntityRemoved { peer, entity } => {
                self.watches.retain(|(p, _)| p.peer != *peer || p.entity != *entity);
            }
            Event::Data { peer, feature, function, how }
                if *function == Function::DeviceDiagnosisHeartbeatData =>
            {
                let partner = Partner { peer: *peer, entity: feature.entity.clone() };
                let data = engine.cached::<DeviceDiagnosisHeartbeatData>(*peer, feature);
                if let Some(data) = data.filter(|_| self.client.is_partner(&partner)) {
                    self.watch(partner).beat(data, *how, now.instant);
                }
            }
            _ => {}
        }
        self.settle(engine, now);
    }

    /// The time that [`Self::deadline`] named has come.
    pub fn tick(&mut self, engine: &mut Engine, now: Now) {
        self.settle(engine, now);
    }

    /// The guards have been unpaired: nothing restricts any longer (CH-177).
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn forget_guard(&mut self, engine: &mut Engine) -> Result<(), Misuse> {
        self.guard = None;
        self.heard = None;
        self.ends = Ends::default();
        let before = self.ceiling();
        self.trust = Trust::new(self.trust.config(), false);
        if self.ceiling() != before {
            self.facts.push_back(Fact::Ceiling(self.ceiling()));
        }
        OBLIGATION.lift(engine, &self.entity, |_| true)
    }

    /// Sets what the limits may be set to, after a change of a local maximum (CH-645).
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn set_range(&self, engine: &mut Engine, range: CurrentRange) -> Result<(), Misuse> {
        OBLIGATION.set_range(engine, &self.entity, &evcem::CURRENT, range)
    }

    /// The next fact.
    pub fn poll(&mut self) -> Option<Fact> {
        self.facts.pop_front()
    }

    /// When [`Self::tick`] is due, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let deadlines = [self.silent_at, self.trust.deadline(), self.ends.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// The ceiling of the moment.
    pub const fn ceiling(&self) -> Ceiling {
        self.trust.ceiling()
    }

    /// The peer that has bound the limits.
    pub fn guard(&self) -> Option<PeerId> {
        self.guard.as_ref().map(|guard| guard.peer)
    }

    /// When the last heartbeat of the guard came; `None` before the first one.
    pub const fn heard(&self) -> Option<Instant> {
        self.heard
    }

    fn concerns(&self, feature: &FeatureAddress, function: Function) -> bool {
        *feature == self.server && function == Function::LoadControlLimitListData
    }

    /// What we publish.
    fn limits(&self, engine: &Engine) -> List<LoadControlLimitData> {
        engine.data(&self.server).cloned().unwrap_or_default()
    }

    /// Answers a write, and takes it over; what the engine can judge it has judged already
    /// (e-mobility 7.3).
    fn decide(&mut self, write: &Write, engine: &mut Engine, now: Now) {
        let Payload::LoadControlLimitListData(list) = &write.merged else {
            return;
        };
        let before = self.limits(engine);
        let taken = match OBLIGATION.ceilings(list) {
            Ok(_) => engine.accept(write),
            Err(refusal) => engine.refuse(write, refusal).map(|()| false),
        };
        // A peer that is gone needs no answer, and what it wanted does not count.
        if taken != Ok(true) {
            return;
        }
        let list = self.limits(engine);
        self.take(write, &list, now);
        if list == before {
            // Managers wait for a notification after each write.
            let _ = engine.renew(&self.server, list);
        }
    }

    /// Takes over what a peer has written: `list` is what holds now.
    fn take(&mut self, write: &Write, list: &[LoadControlLimitData], now: Now) {
        // Merged into other data than when it was judged it may mean something else.
        let Ok(after) = OBLIGATION.ceilings(list) else {
            return;
        };
        let sent = List::<LoadControlLimitData>::peel(&write.sent).map_or(&[][..], |sent| sent);
        self.ends.written(list, sent, now);
        let (peer, counter, before) = (write.peer, write.counter, self.trust.stored());
        self.trust.written(after, self.guard() == Some(peer), now.instant);
        self.facts.push_back(Fact::Written(Written { peer, counter, before, after }));
    }

    fn bound(&mut self, relation: &Relation, engine: &mut Engine, now: Now) {
        let entity = relation.client.entity.clone();
        self.client.join(&Partner { peer: relation.peer, entity }, engine, now);
        match &mut self.guard {
            Some(guard) if guard.peer == relation.peer => {
                if !guard.clients.contains(&relation.client) {
                    guard.clients.push(relation.client.clone());
                }
            }
            _ => {
                let clients = alloc::vec![relation.client.clone()];
                self.guard = Some(Guard { peer: relation.peer, clients });
                self.heard = None;
                self.trust.begins();
                self.facts.push_back(Fact::Guard(relation.peer));
            }
        }
    }

    fn unbound(&mut self, relation: &Relation) {
        if let Some(guard) = &mut self.guard
            && guard.peer == relation.peer
        {
            guard.clients.retain(|client| *client != relation.client);
        }
        self.guard.take_if(|guard| guard.clients.is_empty());
    }

    fn watch(&mut self, partner: Partner) -> &mut Watch {
        let known = self.watches.iter().position(|(known, _)| *known == partner);
        let i = known.unwrap_or_else(|| {
            self.watches.push((partner, Watch::new(SILENCE)));
            self.watches.len() - 1
        });
        &mut self.watches[i].1
    }

    /// The partner whose heartbeat is the guard's: the entity that has bound the limits, or, if
    /// that has none, the one that announces itself as guard.
    fn responsible(&self, engine: &Engine) -> Option<&(Partner, Watch)> {
        let guard = self.guard.as_ref()?;
        let device = engine.peer(guard.peer)?.device();
        let function = Function::DeviceDiagnosisHeartbeatData;
        let beats = |client: &&FeatureAddress| {
            server_of(device, &client.entity, function)
                .and_then(|server| device.feature(&server)?.operations(function))
                .is_some()
        };
        let bound = guard.clients.iter().find(beats).map(|client| &client.entity);
        self.watches.iter().find(|(partner, _)| {
            partner.peer == guard.peer && bound.is_none_or(|entity| *entity == partner.entity)
        })
    }

    /// How the guard is, and when it counts as silent. A heartbeat with a failure is a heartbeat,
    /// but the failure counts more.
    fn examine(&self, engine: &Engine, now: Now) -> (Health, Option<Instant>) {
        let alive = self.responsible(engine).filter(|(_, watch)| watch.is_alive(now.instant));
        let Some((partner, watch)) = alive else {
            return (Health::Silent, None);
        };
        let state = entries::of::<DeviceDiagnosisStateData>(engine, partner);
        let state = state.and_then(|state| state.operating_state.as_ref());
        // No state is normal operation.
        let health = if state == Some(&DeviceDiagnosisOperatingState::Failure) {
            Health::Failing
        } else {
            Health::Healthy
        };
        (health, watch.deadline())
    }

    /// Draws the conclusions from what is known now.
    fn settle(&mut self, engine: &mut Engine, now: Now) {
        self.end_limits(engine, now.instant);
        self.count_down(engine, now.instant);
        // The engine has dropped the guard's connection: the next events tell whether it is gone
        // or another one has taken its place.
        if self.guard().is_some_and(|peer| engine.peer(peer).is_none()) {
            return;
        }
        let heard = self.responsible(engine).and_then(|(_, watch)| watch.last());
        self.heard = heard.or(self.heard);
        let health;
        (health, self.silent_at) = self.examine(engine, now);
        if self.trust.settle(health, now.instant) {
            self.facts.push_back(Fact::Ceiling(self.ceiling()));
        }
    }

    /// Limits that were written with an end are lifted when it comes.
    fn end_limits(&mut self, engine: &mut Engine, now: Instant) {
        let Some(ended) = self.ends.take_ended(now) else {
            return;
        };
        self.trust.ended(ended);
        // Without the entity there are no limits to lift.
        let _ = OBLIGATION.lift(engine, &self.entity, |phase| ended[phase.index()]);
    }

    /// Publishes what is left of the limits' time, for whoever reads them: it is no news.
    fn count_down(&mut self, engine: &mut Engine, now: Instant) {
        if !self.ends.is_to_count(now) {
            return;
        }
        let mut list = self.limits(engine);
        self.ends.count_down(&mut list, now);
        // Without the entity there is nothing to publish.
        let _ = engine.amend(&self.server, list);
    }
}
