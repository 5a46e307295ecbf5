//! A reference EV charger that speaks EEBUS.

pub mod core;
pub mod hardware;
pub mod ports;
