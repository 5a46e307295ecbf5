//! EVCC: a vehicle is plugged in, and how it charges.
//!
//! The entity of the vehicle exists while it is plugged in; all other use cases of the vehicle
//! depend on that. Here it says how it talks, whether its phases can differ, which power it can
//! take, and whether it sleeps.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::describe::{Actor, Support::*, UseCase, reads, scenario};
use super::parts::{Key, Phase, connection::CONNECTION, permitted, permitted_of};
use super::{Play, entries, partners::Partner};
use crate::device::EntityPlan;
use crate::engine::Misuse;
use crate::model::{
    DeviceConfigurationKeyName, DeviceConfigurationKeyValueType, DeviceConfigurationKeyValueValue,
    DeviceDiagnosisOperatingState, DeviceDiagnosisStateData, ElectricalConnectionAcMeasurementType,
    ElectricalConnectionParameterDescriptionData, ElectricalConnectionParameterId,
    ElectricalConnectionPermittedValueSetData, ElectricalConnectionVoltageType, EntityType,
    Function as F, Rounding, ScaledNumberRange, ScopeType,
};
use crate::units::Watts;
use crate::{Engine, Now};

const VEHICLE: usize = 0;
const MANAGER: usize = 1;

/// The use case.
pub static EVCC: UseCase = UseCase {
    name: "evCommissioningAndConfiguration",
    aliases: &[],
    version: "1.0.1",
    revision: "release",
    actors: [
        Actor { name: "EV", aliases: &[], on: &[EntityType::EV] },
        Actor { name: "CEM", aliases: &[], on: &[EntityType::CEM] },
    ],
    scenarios: &[
        scenario(1, "vehicle connected", [Must, Must]),
        scenario(2, "communication standard", [Must, Must]).data(&[
            reads(VEHICLE, F::DeviceConfigurationKeyValueDescriptionListData),
            reads(VEHICLE, F::DeviceConfigurationKeyValueListData),
        ]),
        scenario(3, "asymmetric charging", [Must, Must]).data(&[
            reads(VEHICLE, F::DeviceConfigurationKeyValueDescriptionListData),
            reads(VEHICLE, F::DeviceConfigurationKeyValueListData),
        ]),
        scenario(4, "identification", [Should, Should])
            .data(&[reads(VEHICLE, F::IdentificationListData)]),
        scenario(5, "manufacturer information", [Should, Should])
            .data(&[reads(VEHICLE, F::DeviceClassificationManufacturerData)]),
        scenario(6, "charging power limits", [Should, Must]).data(&[
            reads(VEHICLE, F::ElectricalConnectionParameterDescriptionListData),
            reads(VEHICLE, F::ElectricalConnectionPermittedValueSetListData),
        ]),
        scenario(7, "sleep mode", [Should, Must])
            .data(&[reads(VEHICLE, F::DeviceDiagnosisStateData)]),
        scenario(8, "vehicle disconnected", [Must, Must]),
    ],
};

/// The scenarios that we play: what an IEC 61851 vehicle can say (CH-642).
const PLAYED: &[u32] = &[1, 2, 3, 6, 7, 8];

/// The vehicle.
pub const EV: Play = EVCC.play(VEHICLE).in_scenarios(PLAYED);
/// The energy manager.
pub const CEM: Play = EVCC.play(MANAGER).in_scenarios(PLAYED);

const STANDARD: Key = Key {
    id: 1,
    name: DeviceConfigurationKeyName::CommunicationsStandard,
    // The tables of the document spell it so.
    alias: Some("communicationStandard"),
    value_type: DeviceConfigurationKeyValueType::String,
};

const ASYMMETRIC: Key = Key {
    id: 2,
    name: DeviceConfigurationKeyName::AsymmetricChargingSupported,
    alias: None,
    value_type: DeviceConfigurationKeyValueType::Boolean,
};

/// The parameters of the total power. The second is no part of the use case: some managers take
/// their default power curve from it (interop 10).
const TOTAL_POWER: [(u32, ScopeType); 2] = [(8, ScopeType::AcPowerTotal), (9, ScopeType::AcPower)];

/// How vehicle and charging station talk.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Standard {
    /// The control pilot alone ([EVCC-005]).
    Iec61851,
    /// ISO 15118-2 ([EVCC-003]).
    Iso15118Ed1,
    /// Its successor ([EVCC-004]).
    Iso15118Ed2,
    /// Something newer; treat it like ISO 15118.
    Other(Box<str>),
}

/// What the vehicle does, as far as energy goes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum State {
    /// Awake: it charges, or could.
    Normal,
    /// It sleeps and must be woken ([EVCC-020]).
    Standby,
    /// It has all that it wanted.
    Finished,
    /// It, or the communication with it, has failed.
    Failure,
}

/// The power that vehicle, cable and charging station can take together, whatever the limits of
/// the moment.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PowerRange {
    /// The least that it can charge with ([EVCC-017]).
    pub min: Watts,
    /// The highest ([EVCC-018]).
    pub max: Option<Watts>,
    /// What it takes asleep ([EVCC-019]).
    pub standby: Option<Watts>,
}

/// The serving side: what a charging station says about the vehicle.
#[derive(Debug)]
pub struct Ev {
    entity: Vec<u32>,
}

/// What is known of a vehicle as it is plugged in.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The phases that it is connected to.
    pub phases: Vec<Phase>,
    /// How it talks; left out while that is being found out, ten seconds at most.
    pub standard: Option<Standard>,
    /// Whether it can take another current on each phase.
    pub is_asymmetric: bool,
    /// The power that it can take.
    pub power: PowerRange,
    /// What it does.
    pub state: State,
}

impl Ev {
    /// Plans the vehicle's part of its entity. The state is there from the first read on: without
    /// it some managers see no vehicle.
    pub fn plan(plan: &mut EntityPlan, profile: &Profile) {
        EV.plan(plan);
        STANDARD.plan(plan, profile.standard.as_ref().map(standard_value));
        ASYMMETRIC.plan(plan, Some(asymmetric_value(profile.is_asymmetric)));
        let parameters =
            TOTAL_POWER.map(|(id, scope)| ElectricalConnectionParameterDescriptionData {
                electrical_connection_id: Some(CONNECTION),
                parameter_id: Some(ElectricalConnectionParameterId(id)),
                voltage_type: Some(ElectricalConnectionVoltageType::Ac),
                ac_measured_phases: Some(Phase::together(&profile.phases)),
                ac_measurement_type: Some(ElectricalConnectionAcMeasurementType::Real),
                scope_type: Some(scope),
                ..Default::default()
            });
        entries::plan(plan, parameters);
        entries::plan(plan, power_sets(profile.power));
        entries::plan_data(plan, state_data(profile.state));
    }

    /// The vehicle on this entity, once it has been added.
    pub fn new(entity: &[u32]) -> Self {
        Self { entity: entity.to_vec() }
    }

    /// Sets how the vehicle talks ([EVCC-002]).
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn set_standard(&self, engine: &mut Engine, standard: &Standard) -> Result<(), Misuse> {
        STANDARD.set(engine, &self.entity, standard_value(standard))
    }

    /// Sets whether its phases can differ ([EVCC-006]).
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn set_asymmetric(&self, engine: &mut Engine, supported: bool) -> Result<(), Misuse> {
        ASYMMETRIC.set(engine, &self.entity, asymmetric_value(supported))
    }

    /// Sets the power that it can take.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn set_power(&self, engine: &mut Engine, power: PowerRange) -> Result<(), Misuse> {
        entries::set(engine, &self.entity, power_sets(power))
    }

    /// Sets what it does.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the entity is gone.
    pub fn set_state(&self, engine: &mut Engine, state: State, now: Now) -> Result<(), Misuse> {
        let before = entries::own::<DeviceDiagnosisStateData>(engine, &self.entity);
        let data = state_data(state);
        if before.is_some_and(|before| before.operating_state == data.operating_state) {
            return Ok(());
        }
        let data = DeviceDiagnosisStateData { timestamp: Some(now.utc.into()), ..data };
        let feature = entries::server(engine, &self.entity, F::DeviceDiagnosisStateData)?;
        engine.set(&feature, data)
    }
}

fn standard_value(standard: &Standard) -> DeviceConfigurationKeyValueValue {
    DeviceConfigurationKeyValueValue {
        string: Some(standard.as_str().into()),
        ..Default::default()
    }
}

fn asymmetric_value(supported: bool) -> DeviceConfigurationKeyValueValue {
    DeviceConfigurationKeyValueValue { boolean: Some(supported), ..Default::default() }
}

fn power_sets(power: PowerRange) -> [ElectricalConnectionPermittedValueSetData; 2] {
    TOTAL_POWER.map(|(id, _)| {
        let range =
            ScaledNumberRange { min: Some(power.min.into()), max: power.max.map(Into::into) };
        let standby = power.standby.map(Into::into);
        permitted(ElectricalConnectionParameterId(id), standby, range)
    })
}

fn state_data(state: State) -> DeviceDiagnosisStateData {
    let operating_state = match state {
        State::Normal => DeviceDiagnosisOperatingState::NormalOperation,
        State::Standby => DeviceDiagnosisOperatingState::Standby,
        State::Finished => DeviceDiagnosisOperatingState::Finished,
        State::Failure => DeviceDiagnosisOperatingState::Failure,
    };
    DeviceDiagnosisStateData { operating_state: Some(operating_state), ..Default::default() }
}

/// The acting side: a partner's vehicle, as far as we know it. That it is a partner means that it
/// is plugged in ([EVCC-001], [EVCC-022]).
#[derive(Clone, Copy, Debug)]
pub struct Vehicle<'a> {
    engine: &'a Engine,
    partner: &'a Partner,
}

impl<'a> Vehicle<'a> {
    /// The vehicle that a partner is.
    pub const fn new(engine: &'a Engine, partner: &'a Partner) -> Self {
        Self { engine, partner }
    }

    /// How it talks; `None` while that is not known.
    pub fn standard(&self) -> Option<Standard> {
        let value = STANDARD.of(self.engine, self.partner)?;
        value.string.as_deref().map(Standard::from)
    }

    /// Whether it can take another current on each phase.
    pub fn is_asymmetric(&self) -> Option<bool> {
        ASYMMETRIC.of(self.engine, self.partner)?.boolean
    }

    /// The power that it can take.
    pub fn power(&self) -> Option<PowerRange> {
        let scope = Some(ScopeType::AcPowerTotal);
        let mut parameters = entries::list::<ElectricalConnectionParameterDescriptionData>(
            self.engine,
            self.partner,
        );
        let parameter = parameters.find(|p| p.scope_type == scope)?;
        let connection = parameter.electrical_connection_id;
        let id = parameter.parameter_id;
        let set = permitted_of(self.engine, self.partner, connection, id)?;
        let range = set.range.first()?;
        let watts = |number, rounding| Watts::from_scaled(number, rounding).ok();
        Some(PowerRange {
            min: watts(range.min?, Rounding::Up)?,
            max: range.max.and_then(|max| watts(max, Rounding::Down)),
            standby: set.value.first().and_then(|value| watts(*value, Rounding::Up)),
        })
    }

    /// What it does; `None` for what a vehicle should not say, or has not said.
    pub fn state(&self) -> Option<State> {
        let data = entries::of::<DeviceDiagnosisStateData>(self.engine, self.partner)?;
        match data.operating_state.as_ref()? {
            DeviceDiagnosisOperatingState::NormalOperation => Some(State::Normal),
            DeviceDiagnosisOperatingState::Standby => Some(State::Standby),
            DeviceDiagnosisOperatingState::Finished => Some(State::Finished),
            DeviceDiagnosisOperatingState::Failure => Some(State::Failure),
            _ => None,
        }
    }
}

impl Standard {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Iec61851 => "iec61851",
            Self::Iso15118Ed1 => "iso15118-2ed1",
            Self::Iso15118Ed2 => "iso15118-2ed2",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Standard {
    fn from(word: &str) -> Self {
        let known = [Self::Iec61851, Self::Iso15118Ed1, Self::Iso15118Ed2];
        let found = known.into_iter().find(|standard| standard.as_str() == word);
        found.unwrap_or_else(|| Self::Other(word.into()))
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
