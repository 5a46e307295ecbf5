//! Threshold: values that raise an alarm when they are crossed (RS, Threshold).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Id, Record, Word};

use super::{ScaledNumber, ScopeType, UnitOfMeasurement};

/// Names a threshold.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct ThresholdId(pub u32);

/// On which side of a threshold things are good.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ThresholdType {
    GoodAbove,
    BadAbove,
    GoodBelow,
    BadBelow,
    MinValueThreshold,
    MaxValueThreshold,
    MinValueThresholdExtreme,
    MaxValueThresholdExtreme,
    SagThreshold,
    SwellThreshold,
    Other(Box<str>),
}

/// Where a threshold lies.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ThresholdData {
    #[key]
    pub threshold_id: Option<ThresholdId>,
    pub threshold_value: Option<ScaledNumber>,
}

/// Where a threshold may lie.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ThresholdConstraintsData {
    #[key]
    pub threshold_id: Option<ThresholdId>,
    pub threshold_range_min: Option<ScaledNumber>,
    pub threshold_range_max: Option<ScaledNumber>,
    pub threshold_step_size: Option<ScaledNumber>,
}

/// What a threshold is for.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ThresholdDescriptionData {
    #[key]
    pub threshold_id: Option<ThresholdId>,
    pub threshold_type: Option<ThresholdType>,
    pub unit: Option<UnitOfMeasurement>,
    pub scope_type: Option<ScopeType>,
    pub label: Option<String>,
    pub description: Option<String>,
}
