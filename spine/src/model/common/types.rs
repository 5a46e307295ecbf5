//! What devices, entities and features are.

use alloc::boxed::Box;

use eebus_json::Word;

/// The part that a feature plays. A closed list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Word)]
pub enum Role {
    /// Uses the data of servers.
    Client,
    /// Owns data.
    Server,
    /// Both: the NodeManagement.
    Special,
}

/// What a device is.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
#[words(exact)]
pub enum DeviceType {
    Dishwasher,
    Dryer,
    EnvironmentSensor,
    Generic,
    HeatGenerationSystem,
    HeatSinkSystem,
    HeatStorageSystem,
    HVACController,
    SubMeter,
    Washer,
    ElectricitySupplySystem,
    EnergyManagementSystem,
    Inverter,
    ChargingStation,
    Other(Box<str>),
}

/// What an entity is.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
#[words(exact)]
pub enum EntityType {
    Battery,
    Compressor,
    /// Entity `[0]` of every device.
    DeviceInformation,
    DHWCircuit,
    DHWStorage,
    Dishwasher,
    Dryer,
    ElectricalImmersionHeater,
    Fan,
    GasHeatingAppliance,
    Generic,
    HeatingBufferStorage,
    HeatingCircuit,
    HeatingObject,
    HeatingZone,
    HeatPumpAppliance,
    HeatSinkCircuit,
    HeatSourceCircuit,
    HeatSourceUnit,
    HVACController,
    HVACRoom,
    InstantDHWHeater,
    Inverter,
    OilHeatingAppliance,
    Pump,
    RefrigerantCircuit,
    SmartEnergyAppliance,
    SolarDHWStorage,
    SolarThermalCircuit,
    SubMeterElectricity,
    TemperatureSensor,
    Washer,
    BatterySystem,
    ElectricityGenerationSystem,
    ElectricityStorageSystem,
    GridConnectionPointOfPremises,
    Household,
    PVSystem,
    /// A vehicle, while it is plugged in.
    EV,
    /// A charging station or one of its outlets.
    EVSE,
    ChargingOutlet,
    /// An energy manager.
    CEM,
    PV,
    PVESHybrid,
    ElectricalStorage,
    PVString,
    GridGuard,
    ControllableSystem,
    Other(Box<str>),
}

/// What a feature offers: the class whose functions it serves.
///
/// Announce these only: a widely deployed peer crashes on any other.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
#[words(exact)]
pub enum FeatureType {
    ActuatorLevel,
    ActuatorSwitch,
    Alarm,
    DataTunneling,
    DeviceClassification,
    DeviceDiagnosis,
    DirectControl,
    ElectricalConnection,
    /// May use or serve functions of any class.
    Generic,
    HVAC,
    LoadControl,
    Measurement,
    Messaging,
    NetworkManagement,
    NodeManagement,
    OperatingConstraints,
    PowerSequences,
    Sensing,
    Setpoint,
    SmartEnergyManagementPs,
    TaskManagement,
    Threshold,
    TimeInformation,
    TimeTable,
    DeviceConfiguration,
    SupplyCondition,
    TimeSeries,
    TariffInformation,
    IncentiveTable,
    Bill,
    Identification,
    StateInformation,
    Other(Box<str>),
}

/// Narrows a feature type. Out of use.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
#[words(exact)]
pub enum FeatureSpecificUsage {
    History,
    RealTime,
    OperationMode,
    Overrun,
    Contact,
    Electrical,
    Heat,
    Level,
    Pressure,
    Temperature,
    FixedForecast,
    FlexibleChosenForecast,
    FlexibleOptionalForecast,
    OptionalSequenceBasedImmediateControl,
    Other(Box<str>),
}
