//! Our devices and those on the Go stack of `conformance/peers/go`: real processes, real sockets.
//!
//! The Go peers are built by `./test`, which then asks for these tests too; without Go they are
//! ignored. Each test has a charger, a manager, ports and directories of its own, so that they run
//! beside each other. Nothing waits without a bound, and whatever fails shows how far the peer got.

mod charger;
mod manager;
mod our_charger;
mod our_manager;
mod pairing;
mod peer;
