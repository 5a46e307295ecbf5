//! SHIP: from a TCP connection to trusted message exchange.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod access;
mod close;
mod connection;
mod data;
#[cfg(feature = "std")]
mod file;
mod frame;
mod handshake;
pub mod identity;
pub mod message;
#[cfg(feature = "tokio")]
pub mod net;
pub mod trust;

pub use connection::{
    Close, Connection, End, Event, Input, Leave, Output, Role, Settings, Stage, Timers,
};
pub use eebus_json::{Instant, Raw};
pub use frame::Fault;
pub use identity::Ski;
pub use trust::{Standing, Trust};
