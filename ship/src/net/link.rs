//! From a byte stream to a WebSocket with a proven peer at the other end.
//!
//! ```text
//! stream --accept--> Secured --open----> Socket        the peer dialled us
//! stream --connect-> Secured --open----> Socket        we dialled the peer
//!                    Secured --refuse--> (HTTP 503)
//! ```
//!
//! The two steps are apart because whether there is room for a peer can only be decided once its
//! SKI is proven, and is to be said before the upgrade (SHIP 1.1.0 §8.1, §12.2).

use std::boxed::Box;
use std::fmt;
use std::io;
use std::string::{String, ToString};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{accept_hdr_async_with_config, client_async_with_config};

use super::socket::Socket;
use super::tls::Tls;
use super::upgrade::Upgrade;
use crate::connection::Role;
use crate::identity::{CertificateError, Fingerprint, Ski};

/// The sub-protocol, which both sides insist on (§10.1).
const SUB_PROTOCOL: &str = "ship";
/// Largest message that is taken in. The standard has no limit, devices have some of 16 KiB up.
pub(super) const MAX_MESSAGE: usize = 1 << 20;

/// A byte stream that can carry a connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + ?Sized> Stream for S {}

/// Answers TLS on a stream that a peer has opened. There is no time limit here.
pub async fn accept<S: Stream>(stream: S, tls: &Tls) -> Result<Secured<S>, LinkError> {
    let (config, verifier) = tls.server()?;
    // Big, and gone soon: it must not be a part of what stays.
    let accepted = Box::pin(TlsAcceptor::from(Arc::new(config)).accept(stream)).await;
    match (accepted, verifier.verdict()) {
        (Ok(stream), Some(Ok(ski))) => {
            Ok(Secured { stream: Box::new(stream.into()), ski, role: Role::Server })
        }
        (_, Some(Err(refusal))) => Err(LinkError::Certificate(refusal)),
        (Err(error), _) => Err(LinkError::from_tls(error)),
        (Ok(_), None) => Err(LinkError::Certificate(CertificateError::NoSki)),
    }
}

/// Starts TLS on a stream that we have opened, to the peer `expected` unless any will do. There
/// is no time limit here.
pub async fn connect<S: Stream>(
    stream: S,
    tls: &Tls,
    expected: Option<Ski>,
    name: ServerName<'static>,
) -> Result<Secured<S>, LinkError> {
    let (config, verifier) = tls.client(expected)?;
    let connected = Box::pin(TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    match (connected, verifier.verdict()) {
        (Ok(stream), Some(Ok(ski))) => {
            Ok(Secured { stream: Box::new(stream.into()), ski, role: Role::Client })
        }
        (_, Some(Err(refusal))) => Err(LinkError::Certificate(refusal)),
        (Err(error), _) => Err(LinkError::from_tls(error)),
        (Ok(_), None) => Err(LinkError::Certificate(CertificateError::NoSki)),
    }
}

/// A TLS connection whose peer has proven its key.
#[derive(Debug)]
pub struct Secured<S> {
    stream: Box<TlsStream<S>>,
    ski: Ski,
    role: Role,
}

impl<S: Stream> Secured<S> {
    /// The peer.
    pub fn ski(&self) -> Ski {
        self.ski
    }

    /// Who opened the connection.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The certificate that the peer has presented, by its fingerprint.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        let (_, session) = self.stream.get_ref();
        let leaf = session.peer_certificates()?.first()?;
        Some(Fingerprint::of_certificate(leaf))
    }

    /// Opens the WebSocket. `host` and `path` are what a client asks for; a server answers any.
    pub async fn open(self, host: &str, path: &str) -> Result<Socket<S>, LinkError> {
        // The library upgrades, and has no part in what follows.
        let config = Some(WebSocketConfig::default().read_buffer_size(0));
        let stream = Upgrade::new(self.stream);
        let upgraded = match self.role {
            Role::Server => Box::pin(accept_hdr_async_with_config(stream, choose, config)).await?,
            Role::Client => {
                let request = request(host, path)?;
                Box::pin(client_async_with_config(request, stream, config)).await?.0
            }
        };
        let (stream, rest) = upgraded.into_inner().into_parts();
        Ok(Socket::new(stream, self.role, rest))
    }

    /// Says that there is no room. A client just goes.
    pub async fn refuse(self) -> Result<(), LinkError> {
        if self.role == Role::Server {
            #[expect(clippy::result_large_err, reason = "the signature is the library's")]
            let full = |_: &Request, _: Response| Err(answer(StatusCode::SERVICE_UNAVAILABLE));
            match Box::pin(accept_hdr_async_with_config(self.stream, full, None)).await {
                Err(WsError::Http(_)) | Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn request(host: &str, path: &str) -> Result<Request, LinkError> {
    let mut request = std::format!("wss://{host}{path}").into_client_request()?;
    let protocol = HeaderValue::from_static(SUB_PROTOCOL);
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    Ok(request)
}

/// Selects the sub-protocol if the client offers it, and refuses the upgrade otherwise.
#[expect(clippy::result_large_err, reason = "the signature is the library's")]
fn choose(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let offers = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let is_offered = offers
        .iter()
        .filter_map(|offer| offer.to_str().ok())
        .flat_map(|offer| offer.split(','))
        .any(|offer| offer.trim() == SUB_PROTOCOL);
    if !is_offered {
        return Err(answer(StatusCode::BAD_REQUEST));
    }
    let protocol = HeaderValue::from_static(SUB_PROTOCOL);
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    Ok(response)
}

fn answer(status: StatusCode) -> ErrorResponse {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = status;
    response
}

/// Why there is no connection, or no longer one, below SHIP.
#[derive(Debug)]
#[non_exhaustive]
pub enum LinkError {
    /// The transport failed.
    Io(io::Error),
    /// The peer is not who it says, or not whom we dialled.
    Certificate(CertificateError),
    /// TLS failed.
    Tls(Box<rustls::Error>),
    /// The peer answered the upgrade with this HTTP status.
    Http(u16),
    /// The upgrade failed, or the peer broke the rules of WebSocket.
    WebSocket(Box<str>),
    /// The peer sent a text frame.
    TextFrame,
    /// The peer sent a message of more than 1 MiB.
    TooBig,
    /// The connection was not set up in time.
    Slow,
    /// The peer did not answer a ping.
    Silent,
    /// The peer has stopped reading.
    Stuck,
    /// There was no room for another connection.
    Full,
}

impl LinkError {
    fn from_tls(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::Tls(Box::new(tls.clone())),
            None => Self::Io(error),
        }
    }
}

impl From<io::Error> for LinkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<WsError> for LinkError {
    fn from(error: WsError) -> Self {
        match error {
            WsError::Io(error) => Self::from_tls(error),
            WsError::Http(response) => Self::Http(response.status().as_u16()),
            WsError::Capacity(_) => Self::TooBig,
            other => Self::WebSocket(shown(&other.to_string()).into()),
        }
    }
}

/// Text that a peer may have had a hand in, for a log line or a terminal: 80 characters of it, and
/// no line of its own.
pub fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "connection lost: {error}"),
            Self::Certificate(refusal) => write!(f, "{refusal}"),
            Self::Tls(error) => write!(f, "tls: {error}"),
            Self::Http(status) => write!(f, "upgrade refused with http status {status}"),
            Self::WebSocket(why) => write!(f, "websocket: {why}"),
            Self::TextFrame => f.write_str("text frame"),
            Self::TooBig => write!(f, "message of more than {MAX_MESSAGE} octets"),
            Self::Slow => f.write_str("connection not set up in time"),
            Self::Silent => f.write_str("peer does not answer pings"),
            Self::Stuck => f.write_str("peer has stopped reading"),
            Self::Full => f.write_str("no room for another connection"),
        }
    }
}

impl std::error::Error for LinkError {}
