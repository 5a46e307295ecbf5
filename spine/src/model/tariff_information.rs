//! TariffInformation: tariffs, their tiers, and what they cost (RS, TariffInformation).
//!
//! A tariff has tiers; boundaries say when a tier applies, incentives what it costs. The same
//! types are the parts of an incentive table.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{
    AbsoluteOrRelativeTime, CommodityType, Currency, EnergyDirection, MeasurementId, ScaledNumber,
    ScopeType, TimePeriod, TimeTableId, UnitOfMeasurement,
};

/// Names a tariff.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct TariffId(pub u32);

/// Names a boundary.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct TierBoundaryId(pub u32);

/// Names a commodity.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct CommodityId(pub u32);

/// Names a tier.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct TierId(pub u32);

/// Names an incentive.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct IncentiveId(pub u32);

/// What a boundary bounds.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum TierBoundaryType {
    PowerBoundary,
    EnergyBoundary,
    CountBoundary,
    Other(Box<str>),
}

/// Whether the cost of a tier changes.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum TierType {
    FixedCost,
    DynamicCost,
    Other(Box<str>),
}

/// What an incentive is counted in.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum IncentiveType {
    /// In the currency per unit of energy.
    AbsoluteCost,
    /// Only the order and the ratio of the values count.
    RelativeCost,
    /// The share of renewable energy, 0 to 100.
    RenewableEnergyPercentage,
    Co2Emission,
    Other(Box<str>),
}

/// What the value of an incentive says about its period.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum IncentiveValueType {
    Value,
    AverageValue,
    MinValue,
    MaxValue,
    Other(Box<str>),
}

/// How much of everything there may be.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TariffOverallConstraintsData {
    pub max_tariff_count: Option<u32>,
    pub max_boundary_count: Option<u32>,
    pub max_tier_count: Option<u32>,
    pub max_incentive_count: Option<u32>,
    pub max_boundaries_per_tariff: Option<u32>,
    pub max_tiers_per_tariff: Option<u32>,
    pub max_boundaries_per_tier: Option<u32>,
    pub max_incentives_per_tier: Option<u32>,
}

/// A tariff and the tiers that apply now.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TariffData {
    #[key]
    pub tariff_id: Option<TariffId>,
    pub active_tier_id: Vec<TierId>,
}

/// The tiers of a tariff.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TariffTierRelationData {
    #[key]
    pub tariff_id: Option<TariffId>,
    pub tier_id: Vec<TierId>,
}

/// The boundaries of a tariff.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TariffBoundaryRelationData {
    #[key]
    pub tariff_id: Option<TariffId>,
    pub boundary_id: Vec<TierBoundaryId>,
}

/// What a tariff is for.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TariffDescriptionData {
    #[key]
    pub tariff_id: Option<TariffId>,
    pub commodity_id: Option<CommodityId>,
    pub measurement_id: Option<MeasurementId>,
    /// Whether a peer may write the tariff.
    pub tariff_writeable: Option<bool>,
    /// The server waits for the peer to write the tariff; never taken from the peer, some of which
    /// echo it.
    pub update_required: Option<bool>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
    /// Whether slots of an incentive table carry identifiers.
    pub slot_id_support: Option<bool>,
}

/// Where a boundary lies.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TierBoundaryData {
    #[key]
    pub boundary_id: Option<TierBoundaryId>,
    pub time_period: Option<TimePeriod>,
    pub time_table_id: Option<TimeTableId>,
    pub lower_boundary_value: Option<ScaledNumber>,
    pub upper_boundary_value: Option<ScaledNumber>,
}

/// What a boundary means.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TierBoundaryDescriptionData {
    #[key]
    pub boundary_id: Option<TierBoundaryId>,
    pub boundary_type: Option<TierBoundaryType>,
    pub valid_for_tier_id: Option<TierId>,
    /// The tier that applies below the lower value.
    pub switch_to_tier_id_when_lower: Option<TierId>,
    /// The tier that applies above the upper value.
    pub switch_to_tier_id_when_higher: Option<TierId>,
    pub boundary_unit: Option<UnitOfMeasurement>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// What is delivered.
#[derive(Clone, Default, PartialEq, Record)]
pub struct CommodityData {
    #[key]
    pub commodity_id: Option<CommodityId>,
    pub commodity_type: Option<CommodityType>,
    pub positive_energy_direction: Option<EnergyDirection>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// A tier and the incentives that apply now.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TierData {
    #[key]
    pub tier_id: Option<TierId>,
    pub time_period: Option<TimePeriod>,
    pub time_table_id: Option<TimeTableId>,
    pub active_incentive_id: Vec<IncentiveId>,
}

/// The incentives of a tier.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TierIncentiveRelationData {
    #[key]
    pub tier_id: Option<TierId>,
    pub incentive_id: Vec<IncentiveId>,
}

/// What a tier is.
#[derive(Clone, Default, PartialEq, Record)]
pub struct TierDescriptionData {
    #[key]
    pub tier_id: Option<TierId>,
    pub tier_type: Option<TierType>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// What something costs.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveData {
    #[key]
    pub incentive_id: Option<IncentiveId>,
    pub value_type: Option<IncentiveValueType>,
    pub timestamp: Option<AbsoluteOrRelativeTime>,
    pub time_period: Option<TimePeriod>,
    pub time_table_id: Option<TimeTableId>,
    pub value: Option<ScaledNumber>,
}

/// What an incentive means.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveDescriptionData {
    #[key]
    pub incentive_id: Option<IncentiveId>,
    pub incentive_type: Option<IncentiveType>,
    pub incentive_priority: Option<u32>,
    pub currency: Option<Currency>,
    pub unit: Option<UnitOfMeasurement>,
    pub label: Option<String>,
    pub description: Option<String>,
}
