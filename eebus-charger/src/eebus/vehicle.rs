//! The vehicle's entity, from plug-in to unplugging.

use std::time::Duration;

use spine::device::EntityPlan;
use spine::engine::{Event, Misuse, PeerId};
use spine::model::EntityType;
use spine::units;
use spine::usecases::{Phase, evcc, evcem, opev};
use spine::{Engine, Instant, Now};

use crate::core::charger::{OpevCeiling, Status};
use crate::core::limits::OpevReason;
use crate::core::session::SessionId;
use crate::core::state::OperatingState;
use crate::core::units::{MilliAmps, PhaseCurrents, Phases};

/// Currents are repeated at least this often: some managers take them for unknown otherwise.
const REPEAT: Duration = Duration::from_secs(10);

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
    /// Whether the ceiling has to be stated.
    is_due: bool,
    /// Whether a guard has shown itself that was not known.
    is_guard_new: bool,
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
            is_due: true,
            is_guard_new: false,
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
        self.listen();
    }

    pub(super) fn tick(&mut self, engine: &mut Engine, now: Now) {
        self.limits.tick(engine, now);
        self.listen();
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.limits.deadline()
    }

    fn listen(&mut self) {
        while let Some(fact) = self.limits.poll() {
            match fact {
                opev::Fact::Ceiling(_) => self.is_due = true,
                opev::Fact::Guard(_) => self.is_guard_new = true,
                _ => {}
            }
        }
    }

    /// Shows what the vehicle does, as soon as that changes.
    pub(super) fn show(&mut self, status: &Status, engine: &mut Engine, now: Now) {
        let state = state(status);
        if state != self.state {
            self.state = state;
            self.facts.set_state(engine, state, now).expect("the entity is there");
        }
    }

    /// Shows what the meter says, if it says something new or it is time to repeat it.
    pub(super) fn measure(&mut self, status: &Status, engine: &mut Engine, now: Now) {
        let reading = reading(status);
        if reading != self.reading || now.instant - self.published >= REPEAT {
            self.reading = reading;
            self.published = now.instant;
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

    /// The peer that guards.
    pub(super) fn guard(&self) -> Option<PeerId> {
        self.limits.guard()
    }

    /// Whether a guard has shown itself that has to be remembered.
    pub(super) const fn takes_guard(&mut self) -> bool {
        std::mem::replace(&mut self.is_guard_new, false)
    }

    pub(super) fn forget_guard(&mut self, engine: &mut Engine) {
        self.limits.forget_guard(engine).expect("the entity is there");
        self.listen();
    }
}

fn phases(connected: Phases) -> Vec<Phase> {
    connected.iter().map(|phase| Phase::ALL[phase as usize]).collect()
}

fn milli(current: MilliAmps) -> units::MilliAmps {
    units::MilliAmps(i64::from(current.0))
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

fn reading(status: &Status) -> evcem::Reading {
    let meter = &status.meter;
    let currents = meter.current.map(|currents| currents.0.map(milli));
    let powers = meter.current.zip(meter.voltage).map(|(currents, voltages)| {
        let mut powers = [units::Watts::ZERO; 3];
        for (i, power) in powers.iter_mut().enumerate() {
            let product = i64::from(currents.0[i].0) * i64::from(voltages[i].0);
            *power = units::Watts(product / 1_000_000);
        }
        powers
    });
    let energy = status.session.as_ref().map(|session| {
        units::WattHours(i64::try_from(session.energy.watt_hours()).unwrap_or(i64::MAX))
    });
    evcem::Reading { currents, powers, energy }
}
