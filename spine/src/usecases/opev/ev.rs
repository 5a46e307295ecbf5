//! The serving side: the limits of a vehicle, and how far the guard behind them is trusted.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use eebus_json::List;

use super::trust::{Ceiling, Config, Health, State, Trust};
use super::{CurrentRange, EV, SILENCE};
use crate::device::EntityPlan;
use crate::engine::{Event, Misuse, PeerId, Relation, Write};
use crate::model::{
    DeviceDiagnosisHeartbeatData, DeviceDiagnosisOperatingState, DeviceDiagnosisStateData,
    FeatureAddress, Function, LoadControlLimitData, Payload,
};
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
    /// A guard is known from now on, and must be after a restart: keep it.
    GuardKnown,
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
    /// When limits end that were written with an end.
    ends: [Option<Instant>; 3],
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
            ends: [None; 3],
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
                self.decide(write, engine);
            }
            Event::Written { peer, feature, function } if self.concerns(feature, *function) => {
                self.take(*peer, engine, now);
            }
            Event::Bound(relation) if relation.server == self.server => {
                self.bound(relation, engine, now);
            }
            Event::Unbound(relation) if relation.server == self.server => self.unbound(relation),
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
        self.ends = [None; 3];
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
        [self.silent_at, self.trust.deadline()].into_iter().chain(self.ends).flatten().min()
    }

    /// The ceiling of the moment.
    pub const fn ceiling(&self) -> Ceiling {
        self.trust.ceiling()
    }

    /// The peer that has bound the limits.
    pub fn guard(&self) -> Option<PeerId> {
        self.guard.as_ref().map(|guard| guard.peer)
    }

    fn concerns(&self, feature: &FeatureAddress, function: Function) -> bool {
        *feature == self.server && function == Function::LoadControlLimitListData
    }

    /// Answers a write; what the engine can judge it has judged already (e-mobility 7.3).
    fn decide(&self, write: &Write, engine: &mut Engine) {
        let Payload::LoadControlLimitListData(list) = &write.merged else {
            return;
        };
        let answered = match OBLIGATION.ceilings(list) {
            Ok(_) => {
                let before = engine.data::<List<LoadControlLimitData>>(&self.server);
                let repeats = before == Some(list);
                engine.accept(write).map(|()| {
                    // Managers wait for a notification after each write.
                    if repeats {
                        let _ = engine.renew(&self.server, list.clone());
                    }
                })
            }
            Err(refusal) => engine.refuse(write, refusal),
        };
        // A peer that is gone needs no answer.
        let _ = answered;
    }

    /// Takes over what a peer has written.
    fn take(&mut self, peer: PeerId, engine: &Engine, now: Now) {
        let Some(list) = engine.data::<List<LoadControlLimitData>>(&self.server) else {
            return;
        };
        let Ok(ceilings) = OBLIGATION.ceilings(list) else {
            return;
        };
        for phase in Phase::ALL {
            let period = OBLIGATION.entry(list, phase).and_then(|e| e.time_period.as_ref());
            let end = period.and_then(|period| period.end_time.as_ref());
            let left = end.and_then(|end| end.until(Some(now.utc)).ok());
            let is_active = ceilings[phase.index()].is_some();
            self.ends[phase.index()] = left.filter(|_| is_active).map(|left| now.instant + left);
        }
        self.trust.written(ceilings, self.guard() == Some(peer), now.instant);
    }

    fn bound(&mut self, relation: &Relation, engine: &mut Engine, now: Now) {
        let entity = relation.client.entity.clone();
        self.client.join(&Partner { peer: relation.peer, entity }, engine, now);
        if self.ceiling().state == State::NoGuard {
            self.facts.push_back(Fact::GuardKnown);
        }
        match &mut self.guard {
            Some(guard) if guard.peer == relation.peer => {
                if !guard.clients.contains(&relation.client) {
                    guard.clients.push(relation.client.clone());
                }
            }
            _ => {
                let clients = alloc::vec![relation.client.clone()];
                self.guard = Some(Guard { peer: relation.peer, clients });
                self.trust.bound();
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
        self.end_limits(engine, now);
        let health;
        (health, self.silent_at) = self.examine(engine, now);
        if self.trust.settle(health, now.instant) {
            self.facts.push_back(Fact::Ceiling(self.ceiling()));
        }
    }

    /// Limits that were written with an end are lifted when it comes.
    fn end_limits(&mut self, engine: &mut Engine, now: Now) {
        let ended = self.ends.map(|end| end.is_some_and(|end| end <= now.instant));
        if ended == [false; 3] {
            return;
        }
        for phase in Phase::ALL.into_iter().filter(|phase| ended[phase.index()]) {
            self.ends[phase.index()] = None;
        }
        self.trust.ended(ended);
        // Without the entity there are no limits to lift.
        let _ = OBLIGATION.lift(engine, &self.entity, |phase| ended[phase.index()]);
    }
}
