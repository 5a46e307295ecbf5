//! The vehicle's entity, from plug-in to unplugging.

use std::time::Duration;

use spine::device::EntityPlan;
use spine::engine::{Event, Misuse};
use spine::model::EntityType;
use spine::units;
use spine::usecases::{Phase, evcc, evcem, opev};
use spine::{Engine, Instant, Now};

use super::reading::{milli, reading};
use crate::core::charger::{OpevCeiling, Status};
use crate::core::limits::OpevReason;
use crate::core::session::SessionId;
use crate::core::state::OperatingState;
use crate::core::units::{MilliAmps, PhaseCurrents, Phases};

/// Currents are repeated this often: some managers take them for unknown if none come for 10 s.
const REPEAT: Duration = Duration::from_secs(9);

/// How long a ceiling is to be trusted without being stated again. It is stated every second.
const TRUSTED: Duration = Duration::from_secs(3);

/// The nominal voltage of a phase, for what a vehicle could take.
const VOLTS: i64 = 230;

/// A vehicle that is plugged in.
pub(super) struct Vehicle {
    session: SessionId,
    entity: Vec<u32>,
    facts: evcc::Ev,
    meter: evcem::Ev,
    limits: opev::Ev,
    state: evcc::State,
    reading: evcem::Reading,
    published: Instant,
    /// Whether somebody waits for a reading, changed or not.
    is_awaited: bool,
    /// How many phases the vehicle uses, as published.
    used: usize,
    /// Whether the ceiling has to be stated.
    is_due: bool,
}

impl Vehicle {
    /// Adds the entity, with everything that peers may ask of it.
    pub(super) fn plug(
        station: &[u32],
        session: SessionId,
        status: &Status,
        safe: MilliAmps,
        is_guard_known: bool,
        engine: &mut Engine,
        now: Now,
    ) -> Result<Self, Misuse> {
        let phases = phases(status.phases);
        let state = state(status);
        let reading = reading(status);
        let mut plan = EntityPlan::new(EntityType::EV).under(station);
        evcem::Ev::plan(&mut plan, &phases, &reading, now);
        evcc::Ev::plan(
            &mut plan,
            &evcc::Profile {
                phases: phases.clone(),
                standard: Some(evcc::Standard::Iec61851),
                is_asymmetric: false,
                power: evcc::PowerRange {
                    min: power(status.minimum, phases.len()),
                    max: Some(power(status.maximum, phases.len())),
                    standby: None,
                },
                state,
            },
        );
        let most = opev::CurrentRange::iec61851(milli(status.maximum));
        opev::Ev::plan(&mut plan, &phases, most);
        let entity = engine.add_entity(plan)?;
        let config = opev::Config { safe: [milli(safe); 3], ..opev::Config::default() };
        let limits = opev::Ev::new(&entity, config, is_guard_known, engine, now)?;
        Ok(Self {
            session,
            facts: evcc::Ev::new(&entity),
            meter: evcem::Ev::new(&entity, &phases),
            limits,
            entity,
            state,
            reading,
            published: now.instant,
            is_awaited: false,
            used: phases.len(),
            is_due: true,
        })
    }

    /// Removes the entity; limits and relations go with it.
    pub(super) fn unplug(self, engine: &mut Engine) {
        engine.remove_entity(&self.entity).expect("nobody else removes it");
    }

    pub(super) const fn session(&self) -> SessionId {
        self.session
    }

    pub(super) fn handle(&mut self, event: &Event, engine: &mut Engine, now: Now) {
        self.limits.handle(event, engine, now);
    }

    pub(super) fn tick(&mut self, engine: &mut Engine, now: Now) {
        self.limits.tick(engine, now);
    }

    /// When to [tick](Self::tick) and to [measure](Self::measure) if nothing happens before.
    pub(super) fn deadline(&self) -> Instant {
        let repeat = self.published + REPEAT;
        self.limits.deadline().map_or(repeat, |deadline| deadline.min(repeat))
    }

    /// The next thing that the limits have to tell.
    pub(super) fn poll(&mut self) -> Option<opev::Fact> {
        let fact = self.limits.poll();
        match fact {
            Some(opev::Fact::Ceiling(_)) => self.is_due = true,
            // Managers take the currents for unknown that do not come after a limit (CH-643).
            Some(opev::Fact::Written(_)) => self.is_awaited = true,
            _ => {}
        }
        fact
    }

    /// Shows what the vehicle does, as soon as that changes.
    pub(super) fn show(&mut self, status: &Status, engine: &mut Engine, now: Now) {
        let used = status.used.map_or(status.phases, |used| used.and(status.phases)).count();
        let used = usize::try_from(used).unwrap_or(3);
        if used != self.used {
            self.used = used;
            self.meter.set_connected_phases(engine, used).expect("the entity is there");
        }
        let state = state(status);
        if state != self.state {
            self.state = state;
            self.facts.set_state(engine, state, now).expect("the entity is there");
        }
    }

    /// Shows what the meter says, if it says something new or it is time to repeat it.
    pub(super) fn measure(&mut self, status: &Status, engine: &mut Engine, now: Now) {
        let reading = reading(status);
        let is_due = self.is_awaited || now.instant - self.published >= REPEAT;
        if is_due || reading != self.reading {
            self.reading = reading;
            self.published = now.instant;
            self.is_awaited = false;
            self.meter.publish(engine, &reading, now).expect("the entity is there");
        }
    }

    /// The ceiling is to be stated again.
    pub(super) fn renew(&mut self) {
        self.is_due = true;
    }

    /// The ceiling, if it has to be stated; `now` is the charger's clock.
    pub(super) fn ceiling(&mut self, now: Instant) -> Option<OpevCeiling> {
        if !std::mem::take(&mut self.is_due) {
            return None;
        }
        let ceiling = self.limits.ceiling();
        let reason = match ceiling.state {
            opev::State::NoGuard | opev::State::Follow => OpevReason::Limit,
            opev::State::Wait => OpevReason::NotYetHeard,
            opev::State::Lost => OpevReason::Lost,
            opev::State::Failed => OpevReason::Failed,
        };
        // Without a guard there is nothing that could lapse.
        let until = (ceiling.state != opev::State::NoGuard).then(|| now + TRUSTED);
        let is_limited = ceiling.phases.iter().any(Option::is_some);
        let limit = is_limited.then(|| {
            PhaseCurrents(ceiling.phases.map(|phase| match phase {
                // Refused before it could get here if negative; more than a wire carries is none.
                Some(limit) => MilliAmps(u32::try_from(limit.0.max(0)).unwrap_or(u32::MAX)),
                None => MilliAmps(u32::MAX),
            }))
        });
        Some(OpevCeiling { limit, reason, until })
    }

    /// When the last heartbeat of the guard came, on the engine's clock.
    pub(super) const fn heard(&self) -> Option<Instant> {
        self.limits.heard()
    }

    pub(super) fn forget_guard(&mut self, engine: &mut Engine) {
        self.limits.forget_guard(engine).expect("the entity is there");
    }
}

fn phases(connected: Phases) -> Vec<Phase> {
    connected.iter().map(|phase| Phase::ALL[phase as usize]).collect()
}

fn power(current: MilliAmps, phases: usize) -> units::Watts {
    let phases = i64::try_from(phases).unwrap_or(3);
    units::Watts(i64::from(current.0) * VOLTS * phases / 1000)
}

fn state(status: &Status) -> evcc::State {
    match status.state.meaning().vehicle {
        OperatingState::NormalOperation => evcc::State::Normal,
        OperatingState::Finished => evcc::State::Finished,
        OperatingState::Failure => evcc::State::Failure,
    }
}
