//! Our devices and those on the crate `eebus`, the other EEBUS stack in Rust: real sockets, real
//! TLS, both ways of dialling.
//!
//! Its actors play one use case each, overload protection, and are run here as its own examples
//! run them.

mod charger;
#[path = "../go/manager.rs"]
mod manager;
mod their_car;
mod their_guard;
mod theirs;
