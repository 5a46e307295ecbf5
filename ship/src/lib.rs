//! SHIP: from a TCP connection to trusted message exchange between EEBUS nodes.
//!
//! EEBUS devices speak SPINE with each other. SHIP is what carries it: it finds the peer, proves
//! who it is, asks the user whether it may be talked to, and then delivers payloads, of which it
//! knows nothing. This crate implements SHIP 1.0.1 and 1.1.0 in two halves.
//!
//! # The protocol, as values
//!
//! A [`Connection`] is everything that happens on one WebSocket: init, hello, protocol handshake,
//! PIN state, data exchange, close. It touches no socket and no clock, so this is all that it
//! takes to bring two of them together:
//!
//! ```
//! use core::time::Duration;
//! use ship::{Connection, Event, Input, Instant, Output, Raw, Role, Settings, Standing};
//!
//! let mut now = Instant::ORIGIN;
//! // The manager has been told to trust the charger; the charger does not know the manager.
//! let settings = Settings::new("i:55555_u:HEMS-7");
//! let mut manager = Connection::new(Role::Client, Standing::Trusted, settings, now);
//! let settings = Settings::new("i:55555_u:EVSE-One-0001");
//! let mut charger = Connection::new(Role::Server, Standing::Unknown, settings, now);
//!
//! let mut story = Vec::new();
//! loop {
//!     let mut is_quiet = true;
//!     while let Some(output) = manager.poll() {
//!         is_quiet = false;
//!         match output {
//!             Output::Frame(octets) => charger.handle(Input::Frame(&octets), now),
//!             Output::Event(Event::Open { .. }) => {
//!                 manager.handle(Input::Send(Raw::new(r#"{"datagram":[]}"#)?), now);
//!             }
//!             _ => {}
//!         }
//!     }
//!     while let Some(output) = charger.poll() {
//!         is_quiet = false;
//!         match output {
//!             Output::Frame(octets) => manager.handle(Input::Frame(&octets), now),
//!             Output::Event(Event::Waiting) => {
//!                 story.push("the user is asked".to_string());
//!                 // ... and takes half a minute.
//!                 now += Duration::from_secs(30);
//!                 charger.handle(Input::Trust(true), now);
//!             }
//!             Output::Event(Event::Data(payload)) => story.push(payload.as_str().to_string()),
//!             _ => {}
//!         }
//!     }
//!     if is_quiet {
//!         break;
//!     }
//! }
//! assert_eq!(story, ["the user is asked", r#"{"datagram":[]}"#]);
//! # Ok::<(), eebus_json::Error>(())
//! ```
//!
//! The parts:
//!
//! - [`message`]: what travels, in the words of the standard;
//! - [`Connection`]: [`handle`](Connection::handle) what happened, [`poll`](Connection::poll) what
//!   to do, wait until the [`deadline`](Connection::deadline). Each phase is a struct in a file of
//!   its own that owns its timers;
//! - [`identity`]: a peer is its public key, and its [`Ski`] the hash of that key;
//!   The QR text on a device says it to people, and more;
//! - [`trust`]: whom the user trusts. Never anybody because he asked;
//! - [`pin`] and [`pairing`]: proofs that somebody has seen the device;
//! - [`discovery`]: what nodes announce of themselves on the local network.
//!
//! All this is `no_std` with `alloc`; the feature `std` adds the trust file.
//!
//! # The network
//!
//! The feature `tokio` (a default) adds what touches the outside:
//!
//! - `identity::Identity`: the node's own key and certificate, made once and kept;
//! - `net::Node`: listens, dials, and runs every connection; TLS, WebSocket and mDNS are in there.
//!   Most programs start with it and need nothing else of this crate.
//!
//! Peers are hostile until proven otherwise. Whatever they send costs bounded memory and time,
//! ends their own connection at worst, and leaves one line in the log.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod access;
#[cfg(test)]
mod bench;
mod close;
mod connection;
mod data;
pub mod discovery;
#[cfg(feature = "std")]
mod file;
mod frame;
mod handshake;
pub mod identity;
mod keys;
pub mod message;
#[cfg(feature = "tokio")]
pub mod net;
pub mod pairing;
pub mod pin;
pub mod trust;

pub use connection::{
    Close, Connection, End, Event, Input, Leave, Output, Role, Settings, Stage, Timers,
};
pub use eebus_json::{Instant, Raw};
pub use frame::Fault;
pub use identity::Ski;
pub use trust::{Standing, Trust};
