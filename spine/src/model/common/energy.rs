//! Commodities, directions, modes.

use alloc::boxed::Box;

use eebus_json::Word;

/// What is delivered.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum CommodityType {
    Electricity,
    Gas,
    Oil,
    Water,
    WasteWater,
    DomesticHotWater,
    HeatingWater,
    Steam,
    Heat,
    CoolingLoad,
    Air,
    Other(Box<str>),
}

/// The direction of energy, seen from the device.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum EnergyDirection {
    Consume,
    Produce,
    Other(Box<str>),
}

/// What a device does with energy.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum EnergyMode {
    Consume,
    Produce,
    Idle,
    Auto,
    Other(Box<str>),
}
