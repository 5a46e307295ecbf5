//! SupplyCondition: what happens to the supply with energy (RS, SupplyCondition).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{
    AbsoluteOrRelativeTime, CommodityType, EnergyDirection, ScaledNumber, ThresholdId, TimePeriod,
};

/// Names a condition.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct ConditionId(pub u32);

/// What happened.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum SupplyConditionEventType {
    /// Spelt so in the standard.
    ThesholdExceeded,
    FallenBelowThreshold,
    SupplyInterrupt,
    ReleaseOfLimitations,
    OtherProblem,
    GridConditionUpdate,
    Other(Box<str>),
}

/// Who caused it.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum SupplyConditionOriginator {
    ExternDSO,
    ExternSupplier,
    InternalLimit,
    InternalService,
    InternalUser,
    Other(Box<str>),
}

/// How the grid is, from too much consumption to too much production.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum GridCondition {
    ConsumptionRed,
    ConsumptionYellow,
    Good,
    ProductionYellow,
    ProductionRed,
    Other(Box<str>),
}

/// One event.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SupplyConditionData {
    #[key]
    pub condition_id: Option<ConditionId>,
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub event_type: Option<SupplyConditionEventType>,
    pub originator: Option<SupplyConditionOriginator>,
    pub threshold_id: Option<ThresholdId>,
    pub threshold_percentage: Option<ScaledNumber>,
    pub relevant_period: Option<TimePeriod>,
    pub description: Option<String>,
    pub grid_condition: Option<GridCondition>,
}

/// What a condition is about.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SupplyConditionDescriptionData {
    #[key]
    pub condition_id: Option<ConditionId>,
    pub commodity_type: Option<CommodityType>,
    pub positive_energy_direction: Option<EnergyDirection>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// The thresholds of a condition.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SupplyConditionThresholdRelationData {
    #[key]
    pub condition_id: Option<ConditionId>,
    pub threshold_id: Vec<ThresholdId>,
}
