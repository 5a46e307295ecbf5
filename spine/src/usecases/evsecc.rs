//! EVSECC: a charging station says what it is and whether it works.
//!
//! Two scenarios: the name plate, and the error state. Valid without a vehicle as well. The
//! manager only reads; there is nothing to bind.

use alloc::vec::Vec;

use super::describe::{Actor, Support::*, UseCase, reads, scenario};
use super::{Play, entries, partners::Partner};
use crate::device::EntityPlan;
use crate::engine::Misuse;
use crate::model::{
    DeviceClassificationManufacturerData, DeviceDiagnosisOperatingState, DeviceDiagnosisStateData,
    EntityType, Function as F,
};
use crate::{Engine, Now};

const STATION: usize = 0;
const MANAGER: usize = 1;

/// The use case.
pub static EVSECC: UseCase = UseCase {
    name: "evseCommissioningAndConfiguration",
    aliases: &[],
    version: "1.0.1",
    revision: "release",
    actors: [
        // One recorded station announces all that it plays as a vehicle.
        Actor { name: "EVSE", aliases: &["EV"], on: &[EntityType::EVSE] },
        Actor { name: "CEM", aliases: &[], on: &[EntityType::CEM] },
    ],
    scenarios: &[
        scenario(1, "manufacturer information", [Should, Should])
            .data(&[reads(STATION, F::DeviceClassificationManufacturerData)]),
        scenario(2, "error state", [Must, Must])
            .data(&[reads(STATION, F::DeviceDiagnosisStateData)]),
    ],
};

/// The charging station.
pub const EVSE: Play = EVSECC.play(STATION);
/// The energy manager.
pub const CEM: Play = EVSECC.play(MANAGER);

/// The serving side: what a charging station says.
#[derive(Debug)]
pub struct Evse {
    entity: Vec<u32>,
}

impl Evse {
    /// Plans the station's part of its entity: name plate ([EVSECC-010] to [EVSECC-015]), and
    /// normal operation.
    pub fn plan(plan: &mut EntityPlan, name_plate: DeviceClassificationManufacturerData) {
        EVSE.plan(plan);
        entries::plan_data(plan, name_plate);
        entries::plan_data(plan, state(DeviceDiagnosisOperatingState::NormalOperation));
    }

    /// The station on this entity, once it has been added.
    pub fn new(entity: &[u32]) -> Self {
        Self { entity: entity.to_vec() }
    }

    /// Reports a failure, with a code of at most 128 characters.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn fail(&self, engine: &mut Engine, code: &str, now: Now) -> Result<(), Misuse> {
        let failure = DeviceDiagnosisStateData {
            timestamp: Some(now.utc.into()),
            last_error_code: Some(code.chars().take(128).collect()),
            ..state(DeviceDiagnosisOperatingState::Failure)
        };
        self.tell(engine, failure)
    }

    /// Reports normal operation again. The code of the last failure stays readable.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn recover(&self, engine: &mut Engine, now: Now) -> Result<(), Misuse> {
        let before = entries::own::<DeviceDiagnosisStateData>(engine, &self.entity);
        let normal = DeviceDiagnosisStateData {
            timestamp: Some(now.utc.into()),
            last_error_code: before.and_then(|before| before.last_error_code.clone()),
            ..state(DeviceDiagnosisOperatingState::NormalOperation)
        };
        self.tell(engine, normal)
    }

    fn tell(&self, engine: &mut Engine, data: DeviceDiagnosisStateData) -> Result<(), Misuse> {
        let feature = entries::server(engine, &self.entity, F::DeviceDiagnosisStateData)?;
        engine.set(&feature, data)
    }
}

fn state(operating_state: DeviceDiagnosisOperatingState) -> DeviceDiagnosisStateData {
    DeviceDiagnosisStateData { operating_state: Some(operating_state), ..Default::default() }
}

/// The acting side: a partner's station, as far as we know it.
#[derive(Clone, Copy, Debug)]
pub struct Station<'a> {
    engine: &'a Engine,
    partner: &'a Partner,
}

impl<'a> Station<'a> {
    /// The station that a partner is.
    pub const fn new(engine: &'a Engine, partner: &'a Partner) -> Self {
        Self { engine, partner }
    }

    /// The name plate.
    pub fn name_plate(&self) -> Option<&'a DeviceClassificationManufacturerData> {
        entries::of(self.engine, self.partner)
    }

    /// Whether it has failed: then the vehicle's data and limits mean nothing ([EVSECC-020]).
    pub fn has_failed(&self) -> bool {
        let state = self.state().and_then(|state| state.operating_state.as_ref());
        state == Some(&DeviceDiagnosisOperatingState::Failure)
    }

    /// The code of the last failure, which stays after recovery.
    pub fn last_error(&self) -> Option<&'a str> {
        self.state()?.last_error_code.as_deref()
    }

    fn state(&self) -> Option<&'a DeviceDiagnosisStateData> {
        entries::of(self.engine, self.partner)
    }
}
