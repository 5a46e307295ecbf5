//! Back ends: boards behind [`crate::ports::EvsePort`].

pub mod simulator;
