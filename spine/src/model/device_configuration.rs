//! DeviceConfiguration: named values that configure a device (RS, DeviceConfiguration).
//!
//! A description gives a key its name, type and unit; `key_id` joins it to the value.

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Id, Record, Word};

use super::{Date, DateTime, Duration, ScaledNumber, Time, UnitOfMeasurement};

/// Names a key in this session; look it up by the name in its description.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct DeviceConfigurationKeyId(pub u32);

/// What a key configures.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum DeviceConfigurationKeyName {
    PeakPowerOfPvSystem,
    PvCurtailmentLimitFactor,
    /// Whether the vehicle can take different currents per phase.
    AsymmetricChargingSupported,
    /// How charger and vehicle talk: `iec61851`, `iso15118-2ed1`, `iso15118-2ed2`.
    CommunicationsStandard,
    InverterGridCode,
    PvStringAvailabilityStatus,
    BatteryAvailabilityStatus,
    GridConnectionStatus,
    TimeToAcChargePowerMax,
    TimeToAcDischargePowerMax,
    Tilt,
    Azimuth,
    BatteryType,
    MaxCycleCountPerDay,
    /// The power that may be drawn while the guard is silent, in W.
    FailsafeConsumptionActivePowerLimit,
    /// The power that may be fed in while the guard is silent, in W.
    FailsafeProductionActivePowerLimit,
    FailsafePositiveReactivePowerLimit,
    FailsafeNegativeReactivePowerLimit,
    FailsafePositiveCosPhiLimit,
    FailsafeNegativeCosPhiLimit,
    MaxAcChargePower,
    MaxAcDischargePower,
    MaxDcChargePower,
    MaxDcDischargePower,
    BatteryActiveControlMode,
    DefaultAcPower,
    DefaultDcPower,
    DefaultPccPower,
    FailsafeAcPowerSetpoint,
    FailsafeDcPowerSetpoint,
    FailsafePccPowerSetpoint,
    /// How long failsafe lasts at least.
    FailsafeDurationMinimum,
    DischargingBelowTargetEnergyRequestPermitted,
    IncentivesSimulationCyclesMax,
    IncentivesSimulationConcurrent,
    IncentivesTimeoutIncentiveRequest,
    IncentivesWaitIncentiveWriteable,
    Other(Box<str>),
}

/// The type of a key's value. A closed list.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Word)]
pub enum DeviceConfigurationKeyValueType {
    Boolean,
    Date,
    DateTime,
    Duration,
    String,
    Time,
    ScaledNumber,
    Integer,
}

/// The value of a key: exactly one element is set, the one that the description names.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceConfigurationKeyValueValue {
    pub boolean: Option<bool>,
    pub date: Option<Date>,
    pub date_time: Option<DateTime>,
    pub duration: Option<Duration>,
    pub string: Option<String>,
    pub time: Option<Time>,
    pub scaled_number: Option<ScaledNumber>,
    pub integer: Option<i64>,
}

/// One key and its value.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceConfigurationKeyValueData {
    #[key]
    pub key_id: Option<DeviceConfigurationKeyId>,
    pub value: Option<DeviceConfigurationKeyValueValue>,
    /// While this is not `true`, a peer's write to the entry is refused.
    #[guard]
    pub is_value_changeable: Option<bool>,
}

/// What a key means.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceConfigurationKeyValueDescriptionData {
    #[key]
    pub key_id: Option<DeviceConfigurationKeyId>,
    pub key_name: Option<DeviceConfigurationKeyName>,
    pub value_type: Option<DeviceConfigurationKeyValueType>,
    pub unit: Option<UnitOfMeasurement>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// The values that a key may take.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceConfigurationKeyValueConstraintsData {
    #[key]
    pub key_id: Option<DeviceConfigurationKeyId>,
    pub value_range_min: Option<DeviceConfigurationKeyValueValue>,
    pub value_range_max: Option<DeviceConfigurationKeyValueValue>,
    pub value_step_size: Option<DeviceConfigurationKeyValueValue>,
}
