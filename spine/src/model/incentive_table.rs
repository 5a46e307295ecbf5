//! IncentiveTable: what energy costs when, and from which power on (RS, IncentiveTable).
//!
//! A table has slots in time; a slot has tiers; a tier has boundaries (up to which power it
//! applies) and incentives (what it costs). The parts are those of TariffInformation, of which
//! only the elements that the table needs are sent. Tables have no identifier of their own:
//! `tariff.tariff_id` names them, so the functions are exchanged in full.

use alloc::vec::Vec;

use eebus_json::Record;

use super::{
    IncentiveData, IncentiveDescriptionData, TariffData, TariffDescriptionData,
    TariffOverallConstraintsData, TierBoundaryData, TierBoundaryDescriptionData, TierData,
    TierDescriptionData, TimeTableConstraintsData, TimeTableData,
};

/// One table.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTable {
    /// Only the identifier.
    pub tariff: Option<TariffData>,
    pub incentive_slot: Vec<IncentiveTableIncentiveSlot>,
}

/// What applies in one span of time.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTableIncentiveSlot {
    /// Only the slot's identifier, and start and end as `date_time` or `relative`.
    pub time_interval: Option<TimeTableData>,
    pub tier: Vec<IncentiveTableTier>,
}

/// One tier of a slot.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTableTier {
    /// Only the identifier.
    pub tier: Option<TierData>,
    /// Only identifier, lower and upper value.
    pub boundary: Vec<TierBoundaryData>,
    /// Only identifier and value.
    pub incentive: Vec<IncentiveData>,
}

/// The tables of a device.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTableData {
    pub incentive_table: Vec<IncentiveTable>,
}

/// What one table is for, and what its tiers mean.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTableDescription {
    pub tariff_description: Option<TariffDescriptionData>,
    pub tier: Vec<IncentiveTableDescriptionTier>,
}

/// What one tier means.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTableDescriptionTier {
    pub tier_description: Option<TierDescriptionData>,
    pub boundary_description: Vec<TierBoundaryDescriptionData>,
    pub incentive_description: Vec<IncentiveDescriptionData>,
}

/// What the tables of a device are for.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTableDescriptionData {
    pub incentive_table_description: Vec<IncentiveTableDescription>,
}

/// How large one table may be.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTableConstraints {
    /// Only the identifier.
    pub tariff: Option<TariffData>,
    /// Only tiers per tariff, boundaries and incentives per tier.
    pub tariff_constraints: Option<TariffOverallConstraintsData>,
    /// Only the highest number of slots.
    pub incentive_slot_constraints: Option<TimeTableConstraintsData>,
}

/// How large the tables of a device may be.
#[derive(Clone, Default, PartialEq, Record)]
pub struct IncentiveTableConstraintsData {
    pub incentive_table_constraints: Vec<IncentiveTableConstraints>,
}
