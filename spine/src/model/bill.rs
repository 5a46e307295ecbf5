//! Bill: what was delivered and what it cost, such as the summary of a charging session
//! (RS, Bill).
//!
//! The total of a bill and its positions are both [`BillPosition`]s: the total leaves out the
//! identifiers and types, the positions the units and currencies, which are those of the total.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record, Word};

use super::{Currency, ScaledNumber, ScopeType, SessionId, TimePeriod, UnitOfMeasurement};

/// Names a bill.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct BillId(pub u32);

/// Names a position within its bill.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct BillPositionId(pub u32);

/// Names a value within its position.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct BillValueId(pub u32);

/// Names a cost within its position.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct BillCostId(pub u32);

/// What a bill is about.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum BillType {
    ChargingSummary,
    Other(Box<str>),
}

/// Where the energy of a position came from.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum BillPositionType {
    GridElectricEnergy,
    SelfProducedElectricEnergy,
    Other(Box<str>),
}

/// What a cost is counted in.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum BillCostType {
    AbsolutePrice,
    RelativePrice,
    Co2Emission,
    RenewableEnergy,
    RadioactiveWaste,
    Other(Box<str>),
}

/// An amount.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BillValue {
    #[key]
    pub value_id: Option<BillValueId>,
    pub unit: Option<UnitOfMeasurement>,
    pub value: Option<ScaledNumber>,
    /// The share of the total, 0 to 100.
    pub value_percentage: Option<ScaledNumber>,
}

/// What an amount cost.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BillCost {
    #[key]
    pub cost_id: Option<BillCostId>,
    pub cost_type: Option<BillCostType>,
    /// The amount that it belongs to.
    pub value_id: Option<BillValueId>,
    pub unit: Option<UnitOfMeasurement>,
    pub currency: Option<Currency>,
    pub cost: Option<ScaledNumber>,
    /// The share of the total, 0 to 100.
    pub cost_percentage: Option<ScaledNumber>,
}

/// One line of a bill, or its total.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BillPosition {
    #[key]
    pub position_id: Option<BillPositionId>,
    pub position_type: Option<BillPositionType>,
    pub time_period: Option<TimePeriod>,
    pub value: Vec<BillValue>,
    pub cost: Vec<BillCost>,
    pub label: Option<String>,
    pub description: Option<String>,
}

/// One bill.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BillData {
    #[key]
    pub bill_id: Option<BillId>,
    pub bill_type: Option<BillType>,
    pub scope_type: Option<ScopeType>,
    pub total: Option<BillPosition>,
    pub position: Vec<BillPosition>,
}

/// How many positions a bill may have.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BillConstraintsData {
    #[key]
    pub bill_id: Option<BillId>,
    pub position_count_min: Option<u32>,
    pub position_count_max: Option<u32>,
}

/// What a bill is for.
#[derive(Clone, Default, PartialEq, Record)]
pub struct BillDescriptionData {
    #[key]
    pub bill_id: Option<BillId>,
    /// Whether a peer may write the bill.
    pub bill_writeable: Option<bool>,
    /// The server waits for the peer to write the bill; never taken from the peer.
    pub update_required: Option<bool>,
    pub supported_bill_type: Vec<BillType>,
    /// The session that it belongs to.
    pub session_id: Option<SessionId>,
}
