//! The Pairing Service: trust without a user at the device (SHIP Pairing Service 1.0.0).
//!
//! A device has a [`Secret`] on its label. Whoever knows it, typically the control unit of a grid
//! operator, announces a signed [`Request`] on the network; the device checks the signature and
//! trusts the asker's certificate from then on, one asker at a time.

mod request;
mod secret;

pub use request::{Party, Request, RequestError, Terms};
pub use secret::{ParseSecretError, Secret};
