//! The adapter to the network: sockets, TLS, WebSocket, mDNS, and the node that has them all.
//!
//! Protocol is elsewhere: a [`Connection`](crate::Connection) is driven here, and judged there.
//! Time is tokio's, which a test can pause; streams can be any, so that a test needs no network.

mod capture;
mod clock;
mod drive;
mod frames;
mod link;
mod mdns;
mod node;
mod pairing;
mod socket;
mod tls;
mod upgrade;

pub use capture::Capture;
pub use drive::Reason;
pub use link::{LinkError, Secured, Stream, accept, connect, shown};
pub use mdns::{Announcement, AnnouncementError};
pub use node::{
    Config, Event, Events, Handle, Limits, Node, OwnPin, Peer, PeerState, PetitionError, PinAnswer,
    PinError, SendError, StartError, Target, TargetError, Throttle, TrustError,
};
pub use socket::{Incoming, Socket};
pub use tls::{Tls, provider};
