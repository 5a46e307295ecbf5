//! Who is on the local network: what nodes announce of themselves (SHIP 1.1.0 §7).
//!
//! All of it is a claim. An announcement says where somebody may be dialled and whose key to
//! expect there; only TLS proves the key. So several announcements may claim the same SKI, and
//! each is tried in turn until the one is found that tells the truth.

#[cfg(feature = "tokio")]
mod neighbours;
mod txt;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

#[cfg(feature = "tokio")]
pub(crate) use neighbours::{Endpoint, Neighbours, News};
pub use txt::{Txt, TxtError};

/// Where the WebSocket is, as everybody has it.
pub(crate) const PATH: &str = "/ship/";

/// An announcement that is seen just now.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Neighbour {
    /// Name of the service instance. Not an identity: it may change, and anybody may take it.
    pub name: Box<str>,
    /// What the node says of itself.
    pub txt: Txt,
    /// Where it may be dialled, the best address first: IPv4, then IPv6, those of one link or of
    /// this machine last.
    pub addresses: Vec<SocketAddr>,
}
