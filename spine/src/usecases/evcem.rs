//! EVCEM: what a vehicle draws while it charges.
//!
//! Currents and powers on each phase, and the energy of this session. The phase of a value is in
//! the electrical parameter that shares its measurement.

use alloc::vec::Vec;

use super::describe::{Actor, Support::*, UseCase, reads, scenario};
use super::parts::{Measurand, Phase, connection::CONNECTION};
use super::{Play, entries, partners::Partner};
use crate::device::EntityPlan;
use crate::engine::Misuse;
use crate::model::{
    ElectricalConnectionDescriptionData, ElectricalConnectionVoltageType, EnergyDirection,
    EntityType, Function as F, MeasurementData, MeasurementType, Rounding, ScopeType,
    UnitOfMeasurement,
};
use crate::units::{MilliAmps, WattHours, Watts};
use crate::{Engine, Now};

const VEHICLE: usize = 0;
const MANAGER: usize = 1;

/// The use case.
pub static EVCEM: UseCase = UseCase {
    name: "measurementOfElectricityDuringEvCharging",
    // One stack announces it so.
    aliases: &["evChargingElectricityMeasurement"],
    version: "1.0.1",
    revision: "release",
    actors: [
        Actor { name: "EV", aliases: &[], on: &[EntityType::EV] },
        // The document calls it energy guard in its second chapter.
        Actor { name: "CEM", aliases: &["EnergyGuard"], on: &[EntityType::CEM] },
    ],
    scenarios: &[
        scenario(1, "current per phase", [Should, Must]).data(&[
            reads(VEHICLE, F::ElectricalConnectionDescriptionListData),
            reads(VEHICLE, F::ElectricalConnectionParameterDescriptionListData),
            reads(VEHICLE, F::MeasurementDescriptionListData),
            reads(VEHICLE, F::MeasurementListData),
        ]),
        scenario(2, "power per phase", [May, Must]).data(&[
            reads(VEHICLE, F::ElectricalConnectionParameterDescriptionListData),
            reads(VEHICLE, F::MeasurementDescriptionListData),
            reads(VEHICLE, F::MeasurementListData),
        ]),
        scenario(3, "charged energy", [May, Must]).data(&[
            reads(VEHICLE, F::MeasurementDescriptionListData),
            reads(VEHICLE, F::MeasurementListData),
        ]),
    ],
};

/// The vehicle.
pub const EV: Play = EVCEM.play(VEHICLE);
/// The energy manager.
pub const CEM: Play = EVCEM.play(MANAGER);

/// The currents, first of all: some managers take the first parameter of a phase for them.
pub(crate) const CURRENT: Measurand = Measurand {
    first: 1,
    quantity: MeasurementType::Current,
    scope: ScopeType::AcCurrent,
    unit: UnitOfMeasurement::Ampere,
    is_per_phase: true,
};

const POWER: Measurand = Measurand {
    first: 4,
    quantity: MeasurementType::Power,
    scope: ScopeType::AcPower,
    unit: UnitOfMeasurement::Watt,
    is_per_phase: true,
};

const ENERGY: Measurand = Measurand {
    first: 7,
    quantity: MeasurementType::Energy,
    scope: ScopeType::Charge,
    unit: UnitOfMeasurement::WattHour,
    is_per_phase: false,
};

/// What the meter says at one moment; what it cannot say is missing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reading {
    /// The current on each phase ([EVCEM-001]); positive into the vehicle.
    pub currents: Option<[MilliAmps; 3]>,
    /// The power on each phase ([EVCEM-003]).
    pub powers: Option<[Watts; 3]>,
    /// What has been charged since the vehicle was plugged in.
    pub energy: Option<WattHours>,
}

/// The serving side: what a charging station measures.
#[derive(Debug)]
pub struct Ev {
    entity: Vec<u32>,
    phases: Vec<Phase>,
}

impl Ev {
    /// Plans the measurements of the vehicle's entity, with a first reading.
    pub fn plan(plan: &mut EntityPlan, phases: &[Phase], first: &Reading, now: Now) {
        EV.plan(plan);
        entries::plan(plan, [connection(phases.len())]);
        for row in [&CURRENT, &POWER, &ENERGY] {
            row.plan(plan, phases);
        }
        entries::plan(plan, values(phases, first, now));
    }

    /// The measurements on this entity, once it has been added with these phases.
    pub fn new(entity: &[u32], phases: &[Phase]) -> Self {
        Self { entity: entity.to_vec(), phases: phases.to_vec() }
    }

    /// Tells the subscribers what the meter says, changed or not: a manager takes currents for
    /// unknown that do not come within 15 s of a limit. All values of a moment go together.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn publish(&self, engine: &mut Engine, reading: &Reading, now: Now) -> Result<(), Misuse> {
        entries::renew(engine, &self.entity, values(&self.phases, reading, now))
    }

    /// Sets how many phases the vehicle really uses, once that has been seen.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn set_connected_phases(&self, engine: &mut Engine, count: usize) -> Result<(), Misuse> {
        entries::set(engine, &self.entity, [connection(count)])
    }
}

fn connection(phases: usize) -> ElectricalConnectionDescriptionData {
    ElectricalConnectionDescriptionData {
        electrical_connection_id: Some(CONNECTION),
        power_supply_type: Some(ElectricalConnectionVoltageType::Ac),
        ac_connected_phases: u32::try_from(phases).ok(),
        positive_energy_direction: Some(EnergyDirection::Consume),
        ..Default::default()
    }
}

fn values(phases: &[Phase], reading: &Reading, now: Now) -> Vec<MeasurementData> {
    let mut values = Vec::new();
    for phase in phases {
        let current = reading.currents.map(|currents| currents[phase.index()].into());
        values.push(CURRENT.entry(*phase, current, now));
        let power = reading.powers.map(|powers| powers[phase.index()].into());
        values.push(POWER.entry(*phase, power, now));
    }
    values.extend(
        phases.first().map(|first| ENERGY.entry(*first, reading.energy.map(Into::into), now)),
    );
    values
}

/// The acting side: what a partner's vehicle draws, as far as we know it.
#[derive(Clone, Copy, Debug)]
pub struct Meter<'a> {
    engine: &'a Engine,
    partner: &'a Partner,
}

impl<'a> Meter<'a> {
    /// The measurements of a partner.
    pub const fn new(engine: &'a Engine, partner: &'a Partner) -> Self {
        Self { engine, partner }
    }

    /// The current on each phase that is measured and valid.
    pub fn currents(&self) -> [Option<MilliAmps>; 3] {
        let values = CURRENT.per_phase(self.engine, self.partner);
        values.map(|value| MilliAmps::from_scaled(value?, Rounding::Nearest).ok())
    }

    /// The power on each phase that is measured and valid.
    pub fn powers(&self) -> [Option<Watts>; 3] {
        let values = POWER.per_phase(self.engine, self.partner);
        values.map(|value| Watts::from_scaled(value?, Rounding::Nearest).ok())
    }

    /// On how many phases the vehicle charges, as far as its station knows.
    pub fn connected_phases(&self) -> Option<u32> {
        entries::list::<ElectricalConnectionDescriptionData>(self.engine, self.partner)
            .next()
            .and_then(|connection| connection.ac_connected_phases)
    }

    /// What has been charged since the vehicle was plugged in.
    pub fn energy(&self) -> Option<WattHours> {
        let value = ENERGY.total(self.engine, self.partner)?;
        WattHours::from_scaled(value, Rounding::Nearest).ok()
    }
}
