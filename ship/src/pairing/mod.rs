//! The Pairing Service: trust without a user at the device (SHIP Pairing Service 1.0.0).
//!
//! A device has a [`Secret`] on its label. Whoever knows it, typically the control unit of a grid
//! operator, announces a signed [`Request`] on the network; the device checks the signature and
//! trusts the asker's certificate from then on, one asker at a time.
//!
//! [`Petition`] is the side that asks, [`Listener`] the one that is asked. Both are values on a
//! virtual clock: records of mDNS and random numbers come and go through their methods.

mod listener;
mod petition;
#[cfg(feature = "tokio")]
mod records;
mod request;
mod secret;

pub use listener::{Listener, Refusal};
pub use petition::{Petition, Step};
#[cfg(feature = "tokio")]
pub(crate) use records::Records;
pub use request::{Party, Request, RequestError, Terms};
pub use secret::{ParseSecretError, Secret};
