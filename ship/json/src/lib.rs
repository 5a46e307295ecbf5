//! The JSON form of SHIP and SPINE.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod instant;

pub use instant::Instant;
