//! Our devices and those on the crate `eebus`, the other EEBUS stack in Rust: real sockets, real
//! TLS, both ways of dialling.
//!
//! Its actors play one use case each, overload protection, and are run here as its own examples
//! run them. Where it breaks the standard, or what the field expects, a test shows the message and
//! names the clause; `conformance/peers/README.md` has the list.

mod charger;
mod deviations;
#[path = "../go/manager.rs"]
mod manager;
mod their_car;
mod their_guard;
mod theirs;
