//! Runs the official EEBUS test cases against any device.

pub mod catalogue;
pub mod tester;
