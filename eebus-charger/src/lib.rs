//! A reference EV charger that speaks EEBUS.

pub mod clock;
pub mod core;
pub mod hardware;
pub mod port;
pub mod ports;
pub mod store;
