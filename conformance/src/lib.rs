//! Runs the official EEBUS test cases against any device.

pub mod broken;
pub mod cases;
pub mod catalogue;
pub mod coverage;
pub mod device;
pub mod report;
pub mod run;
pub mod target;
pub mod tester;
