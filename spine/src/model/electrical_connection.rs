//! ElectricalConnection: how a device is connected, and what its measurements mean electrically
//! (RS, ElectricalConnection).
//!
//! A connection has parameters; a parameter joins a measurement to a phase. Permitted value sets
//! say what may be set, characteristics what the device is built for.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{
    AbsoluteOrRelativeTime, Duration, EnergyDirection, EnergyMode, MeasurementId, ScaledNumber,
    ScaledNumberSet, ScopeType, UnitOfMeasurement,
};

/// Names a connection of the device to the grid or to another device.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct ElectricalConnectionId(pub u32);

/// Names a parameter within its connection.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct ElectricalConnectionParameterId(pub u32);

/// Names a characteristic within its parameter.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct ElectricalConnectionCharacteristicId(pub u32);

/// What a number says about an alternating quantity.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ElectricalConnectionMeasurandVariant {
    Amplitude,
    Rms,
    Instantaneous,
    Angle,
    CosPhi,
    Other(Box<str>),
}

/// Alternating or direct current.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ElectricalConnectionVoltageType {
    Ac,
    Dc,
    Other(Box<str>),
}

/// The part of an alternating power that is measured.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ElectricalConnectionAcMeasurementType {
    Real,
    Reactive,
    Apparent,
    Phase,
    Other(Box<str>),
}

/// A phase or conductor, or several of them.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ElectricalConnectionPhaseName {
    A,
    B,
    C,
    Ab,
    Bc,
    Ac,
    /// All three phases together.
    Abc,
    Neutral,
    Ground,
    None,
    Other(Box<str>),
}

/// What a characteristic belongs to.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ElectricalConnectionCharacteristicContext {
    Device,
    Entity,
    Inverter,
    PvString,
    Battery,
    Other(Box<str>),
}

/// What a characteristic says.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ElectricalConnectionCharacteristicType {
    PowerConsumptionMin,
    PowerConsumptionMax,
    PowerConsumptionNominalMin,
    /// What the device is built to draw.
    PowerConsumptionNominalMax,
    PowerProductionMin,
    PowerProductionMax,
    PowerProductionNominalMin,
    PowerProductionNominalMax,
    EnergyCapacityNominalMax,
    /// What the contract with the grid operator allows to draw.
    ContractualConsumptionNominalMax,
    ContractualProductionNominalMax,
    ApparentPowerProductionNominalMax,
    ApparentPowerConsumptionNominalMax,
    Other(Box<str>),
}

/// What one measurement means on this connection.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ElectricalConnectionParameterDescriptionData {
    #[key]
    pub electrical_connection_id: Option<ElectricalConnectionId>,
    #[key]
    pub parameter_id: Option<ElectricalConnectionParameterId>,
    pub measurement_id: Option<MeasurementId>,
    pub voltage_type: Option<ElectricalConnectionVoltageType>,
    /// On which phases it is measured.
    pub ac_measured_phases: Option<ElectricalConnectionPhaseName>,
    /// Against which conductor.
    pub ac_measured_in_reference_to: Option<ElectricalConnectionPhaseName>,
    pub ac_measurement_type: Option<ElectricalConnectionAcMeasurementType>,
    pub ac_measurement_variant: Option<ElectricalConnectionMeasurandVariant>,
    pub ac_measured_harmonic: Option<u8>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// The values that a parameter may be set to.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ElectricalConnectionPermittedValueSetData {
    #[key]
    pub electrical_connection_id: Option<ElectricalConnectionId>,
    #[key]
    pub parameter_id: Option<ElectricalConnectionParameterId>,
    /// A charging current has one set: a range from the least current to the highest, and beside it
    /// the value that means pause.
    pub permitted_value_set: Vec<ScaledNumberSet>,
}

/// A property of the installation, such as its nominal power.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ElectricalConnectionCharacteristicData {
    #[key]
    pub electrical_connection_id: Option<ElectricalConnectionId>,
    #[key]
    pub parameter_id: Option<ElectricalConnectionParameterId>,
    #[key]
    pub characteristic_id: Option<ElectricalConnectionCharacteristicId>,
    pub characteristic_context: Option<ElectricalConnectionCharacteristicContext>,
    pub characteristic_type: Option<ElectricalConnectionCharacteristicType>,
    pub value: Option<ScaledNumber>,
    pub unit: Option<UnitOfMeasurement>,
}

/// What the connection does and did.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ElectricalConnectionStateData {
    #[key]
    pub electrical_connection_id: Option<ElectricalConnectionId>,
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub current_energy_mode: Option<EnergyMode>,
    pub consumption_time: Option<Duration>,
    pub production_time: Option<Duration>,
    pub total_consumption_time: Option<Duration>,
    pub total_production_time: Option<Duration>,
}

/// The connection itself.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ElectricalConnectionDescriptionData {
    #[key]
    pub electrical_connection_id: Option<ElectricalConnectionId>,
    pub power_supply_type: Option<ElectricalConnectionVoltageType>,
    /// How many phases are connected: 1 to 3.
    pub ac_connected_phases: Option<u32>,
    /// The period over which effective values are built.
    pub ac_rms_period_duration: Option<Duration>,
    /// What a positive value means.
    pub positive_energy_direction: Option<EnergyDirection>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}
