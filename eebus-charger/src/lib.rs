//! A reference EV charger that speaks EEBUS.

pub mod api;
pub mod cli;
pub mod clock;
pub mod core;
pub mod hardware;
pub mod peers;
pub mod port;
pub mod ports;
pub mod run;
pub mod store;
