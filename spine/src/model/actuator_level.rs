//! ActuatorLevel: sets something that has levels, such as a dimmer (RS, ActuatorLevel).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Record, Word};

use super::{ScaledNumber, UnitOfMeasurement};

/// What to do.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ActuatorLevelFct {
    Start,
    Up,
    Down,
    Stop,
    PercentageAbsolute,
    PercentageRelative,
    Absolute,
    Relative,
    Other(Box<str>),
}

/// An order.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ActuatorLevelData {
    pub function: Option<ActuatorLevelFct>,
    /// The level, or the change of it, as `function` says.
    pub value: Option<ScaledNumber>,
}

/// What the levels mean.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ActuatorLevelDescriptionData {
    pub label: Option<String>,
    pub description: Option<String>,
    pub level_default_unit: Option<UnitOfMeasurement>,
}
