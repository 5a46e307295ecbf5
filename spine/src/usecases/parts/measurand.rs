//! A measured quantity: its description, its electrical meaning, its value, and how to find it at
//! a partner.
//!
//! A row of a use case names quantity, scope and unit. On each phase, or on all together, it is
//! one measurement; a parameter of the electrical connection says on which.

use alloc::vec::Vec;

use super::Phase;
use super::connection::CONNECTION;
use crate::device::EntityPlan;
use crate::model::{
    CommodityType, ElectricalConnectionAcMeasurementType, ElectricalConnectionMeasurandVariant,
    ElectricalConnectionParameterDescriptionData, ElectricalConnectionParameterId,
    ElectricalConnectionPhaseName, ElectricalConnectionVoltageType, MeasurementData,
    MeasurementDescriptionData, MeasurementId, MeasurementType, MeasurementValueSource,
    MeasurementValueState, MeasurementValueType, ScaledNumber, ScopeType, UnitOfMeasurement,
};
use crate::usecases::entries;
use crate::usecases::partners::Partner;
use crate::{Engine, Now};

/// One row.
#[derive(Debug)]
pub(crate) struct Measurand {
    /// The number of the first measurement and of its parameter; at a partner they are others.
    pub(crate) first: u32,
    /// The quantity.
    pub(crate) quantity: MeasurementType,
    /// What it is about.
    pub(crate) scope: ScopeType,
    /// In which unit it travels.
    pub(crate) unit: UnitOfMeasurement,
    /// Whether it is measured on every phase, or on all of them together.
    pub(crate) is_per_phase: bool,
}

impl Measurand {
    /// The number of the measurement on a phase.
    pub(crate) const fn id(&self, phase: Phase) -> MeasurementId {
        MeasurementId(self.first + if self.is_per_phase { phase as u32 } else { 0 })
    }

    /// The number of the parameter that tells the phase of a measurement.
    pub(crate) const fn parameter(&self, phase: Phase) -> ElectricalConnectionParameterId {
        ElectricalConnectionParameterId(self.id(phase).0)
    }

    /// Plans the descriptions.
    pub(crate) fn plan(&self, plan: &mut EntityPlan, phases: &[Phase]) {
        let described = if self.is_per_phase { phases } else { &phases[..phases.len().min(1)] };
        entries::plan(plan, described.iter().map(|phase| self.description(*phase)));
        entries::plan(plan, described.iter().map(|phase| self.meaning(*phase, phases)));
    }

    fn description(&self, phase: Phase) -> MeasurementDescriptionData {
        MeasurementDescriptionData {
            measurement_id: Some(self.id(phase)),
            measurement_type: Some(self.quantity.clone()),
            commodity_type: Some(CommodityType::Electricity),
            unit: Some(self.unit.clone()),
            scope_type: Some(self.scope.clone()),
            ..Default::default()
        }
    }

    fn meaning(&self, phase: Phase, all: &[Phase]) -> ElectricalConnectionParameterDescriptionData {
        let (phases, reference, variant) = if self.is_per_phase {
            let neutral = ElectricalConnectionPhaseName::Neutral;
            let rms = ElectricalConnectionMeasurandVariant::Rms;
            (phase.name(), Some(neutral), Some(rms))
        } else {
            (Phase::together(all), None, None)
        };
        ElectricalConnectionParameterDescriptionData {
            electrical_connection_id: Some(CONNECTION),
            parameter_id: Some(self.parameter(phase)),
            measurement_id: Some(self.id(phase)),
            voltage_type: Some(ElectricalConnectionVoltageType::Ac),
            ac_measured_phases: Some(phases),
            ac_measured_in_reference_to: reference,
            ac_measurement_type: Some(ElectricalConnectionAcMeasurementType::Real),
            ac_measurement_variant: variant,
            ..Default::default()
        }
    }

    /// The entry of a value; without one the entry says that there is no valid measurement.
    pub(crate) fn entry(
        &self,
        phase: Phase,
        value: Option<ScaledNumber>,
        now: Now,
    ) -> MeasurementData {
        let state = match value {
            Some(_) => MeasurementValueState::Normal,
            None => MeasurementValueState::Error,
        };
        MeasurementData {
            measurement_id: Some(self.id(phase)),
            value_type: Some(MeasurementValueType::Value),
            timestamp: Some(now.utc.into()),
            value,
            value_source: Some(MeasurementValueSource::MeasuredValue),
            value_state: Some(state),
            ..Default::default()
        }
    }

    /// The values at a partner, on each phase, for as many as are known and valid.
    pub(crate) fn per_phase(
        &self,
        engine: &Engine,
        partner: &Partner,
    ) -> [Option<ScaledNumber>; 3] {
        let mut values = [None; 3];
        for (id, value) in self.values(engine, partner) {
            let mut meanings =
                entries::list::<ElectricalConnectionParameterDescriptionData>(engine, partner);
            let meaning = meanings.find(|meaning| meaning.measurement_id == Some(id));
            let phase = meaning.and_then(|meaning| meaning.ac_measured_phases.as_ref());
            if let Some(phase) = phase.and_then(Phase::of) {
                values[phase.index()].get_or_insert(value);
            }
        }
        values
    }

    /// The value at a partner that is measured on all phases together.
    pub(crate) fn total(&self, engine: &Engine, partner: &Partner) -> Option<ScaledNumber> {
        self.values(engine, partner).first().map(|(_, value)| *value)
    }

    /// The valid values of this row at a partner.
    fn values(&self, engine: &Engine, partner: &Partner) -> Vec<(MeasurementId, ScaledNumber)> {
        let descriptions = entries::list::<MeasurementDescriptionData>(engine, partner);
        let ids = descriptions.filter(|d| self.is(d)).filter_map(|d| d.measurement_id);
        ids.filter_map(|id| {
            let mut values = entries::list::<MeasurementData>(engine, partner);
            let value = values.find(|value| value.measurement_id == Some(id) && is_valid(value))?;
            Some((id, value.value?))
        })
        .collect()
    }

    fn is(&self, description: &MeasurementDescriptionData) -> bool {
        description.measurement_type.as_ref() == Some(&self.quantity)
            && description.scope_type.as_ref() == Some(&self.scope)
            && description.unit.as_ref().is_none_or(|unit| *unit == self.unit)
    }
}

fn is_valid(value: &MeasurementData) -> bool {
    matches!(value.value_state, None | Some(MeasurementValueState::Normal))
        && matches!(value.value_type, None | Some(MeasurementValueType::Value))
}
