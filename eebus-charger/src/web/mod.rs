//! The web application's server: the page, and the API that also answers on the Unix socket.
//!
//! ```text
//! TcpListener -> doorman (how many, from where) -> TLS -> HTTP/1.1 (how large, how slow)
//!     -> checks (own name? own origin? GET?) -> page, assets | api::router -> Handle
//! ```
//!
//! - Everything is bounded: connections, headers, bodies, the time that each step may take, the
//!   streams of events and what waits in them ([`Limits`], CH-674). What goes beyond is answered
//!   with an error or closed.
//! - The server has a thread and a runtime of its own. A flood costs that thread's time and
//!   nobody else's; the port task, the limits and EEBUS run elsewhere (CH-306, CH-676).
//! - TLS with a self-signed certificate of its own, which has nothing to do with the one of SHIP
//!   (CH-060, CH-062, [`certificate`]). Plain HTTP, if it is wanted at all, only leads to it.
//! - Until there is a login the server only reads: everything but GET is refused, and it listens
//!   for this machine only unless it is told otherwise.
//!
//! # What a page finds
//!
//! | address | what |
//! |---|---|
//! | `/` | the page |
//! | `/assets/NAME-HASH.EXT` | what it loads, for ever the same; `build/main.rs` says how |
//! | `/api/v1/status` | everything of the overview ([`crate::api::documents::StatusDocument`]) |
//! | `/api/v1/events` | the same, and how it changes ([`crate::api::events`]) |
//! | `/api/v1/sessions/current/curve?points=600` | the running session ([`crate::api::documents::CurveDocument`]) |
//! | `/api/v1/limits` | the whole view of the limiter |

mod assets;
pub mod certificate;
mod checks;
mod doorman;
mod server;
mod stall;

use std::io;
use std::net::SocketAddr;

pub use self::doorman::Limits;
pub use self::server::{Bound, bind};

/// The port of the web application if nobody says (the standard one needs a privilege).
pub const HTTPS_PORT: u16 = 8443;

/// How to serve the web application.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Options {
    /// Where HTTPS listens.
    pub https: SocketAddr,
    /// Where plain HTTP listens that leads to HTTPS, if anywhere.
    pub http: Option<SocketAddr>,
    /// How much it takes.
    pub limits: Limits,
}

impl Options {
    /// The application at this address, without plain HTTP, within the usual bounds.
    pub const fn new(https: SocketAddr) -> Self {
        Self { https, http: None, limits: Limits::DEFAULT }
    }
}

/// Why the web application cannot be served.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// It cannot listen there.
    Listen(SocketAddr, io::Error),
    /// There is no certificate.
    Certificate(certificate::Error),
    /// The system has no thread for it.
    Thread(io::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listen(address, error) => {
                write!(f, "cannot listen on {address} for the web: {error}")
            }
            Self::Certificate(error) => write!(f, "no certificate for the web: {error}"),
            Self::Thread(error) => write!(f, "no thread for the web: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(_, error) | Self::Thread(error) => Some(error),
            Self::Certificate(error) => Some(error),
        }
    }
}
