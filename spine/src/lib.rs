//! SPINE: the model, the engine, the use cases.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod datagram;
pub mod device;
pub mod engine;
pub mod exchange;
pub mod model;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod units;

mod refusal;
mod time;

pub use eebus_json::Instant;
pub use engine::Engine;
pub use refusal::Refusal;
pub use time::Now;

/// The version of SPINE that we speak and announce (PS 4.3.4).
pub const SPECIFICATION_VERSION: &str = "1.3.0";
