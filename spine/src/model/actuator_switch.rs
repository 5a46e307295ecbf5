//! ActuatorSwitch: switches something (RS, ActuatorSwitch).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Record, Word};

/// What to do.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum ActuatorSwitchFct {
    On,
    Off,
    Toggle,
    Other(Box<str>),
}

/// An order.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ActuatorSwitchData {
    pub function: Option<ActuatorSwitchFct>,
}

/// What is switched.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ActuatorSwitchDescriptionData {
    pub label: Option<String>,
    pub description: Option<String>,
}
