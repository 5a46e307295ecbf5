//! One connection of the tool: TLS, WebSocket, whole SHIP messages.
//!
//! What a case sends goes out as it is; what comes in is only taken apart. Between the two and the
//! device sits a [`Bend`], which passes everything on unless the target is meant to be broken.

use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::Message as Frame;

use super::identity::{Identity, Ski};

/// A byte stream between the tool and a device.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Who opened the connection (SHIP 1.1.0 §13.4.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The tool did; the device is the SHIP server.
    Client,
    /// The device did.
    Server,
}

/// A SHIP message, taken apart (SHIP 1.1.0 §13.4.2).
#[derive(Clone, Debug)]
pub enum Message {
    /// `00 00`: the connection mode initialisation.
    Init,
    /// Type 1: the name of the root and its content.
    Control(String, Value),
    /// Type 2: the content of `data`.
    Data(Value),
    /// Type 3: the content of `connectionClose`.
    End(Value),
    /// Anything else, as it came.
    Other(Vec<u8>),
}

impl Message {
    /// Takes the octets of one message apart.
    pub fn read(octets: &[u8]) -> Self {
        let root = |text: &[u8]| {
            let Ok(Value::Object(root)) = serde_json::from_slice(text) else { return None };
            (root.len() == 1).then(|| root.into_iter().next()).flatten()
        };
        match octets {
            [0, 0] => return Self::Init,
            [1, text @ ..] => {
                if let Some((name, content)) = root(text) {
                    return Self::Control(name, content);
                }
            }
            [2, text @ ..] => {
                if let Some((name, content)) = root(text)
                    && name == "data"
                {
                    return Self::Data(content);
                }
            }
            [3, text @ ..] => {
                if let Some((name, content)) = root(text)
                    && name == "connectionClose"
                {
                    return Self::End(content);
                }
            }
            _ => {}
        }
        Self::Other(octets.to_vec())
    }
}

/// The type octet in hexadecimal and the rest as text, as in the documents.
pub fn spell(octets: &[u8]) -> String {
    match octets {
        [kind @ 1..=3, text @ ..] => format!("{kind:02x} {}", String::from_utf8_lossy(text)),
        _ => octets.iter().map(|octet| format!("{octet:02x} ")).collect::<String>().trim().into(),
    }
}

/// What came of waiting.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// A message.
    Message(Message),
    /// The device ended the connection; how, as far as it said so.
    Closed(String),
    /// Nothing in that time.
    Nothing,
}

/// Something on its way past a [`Bend`].
#[derive(Clone, Debug)]
pub enum Passing {
    /// From the device to the tool.
    FromDevice(Vec<u8>),
    /// From the tool to the device.
    ToDevice(Vec<u8>),
    /// The device closes the connection.
    Closed(String),
}

/// A distortion between device and tool: what becomes of something on its way.
pub type Bend = Arc<Mutex<dyn FnMut(Passing) -> Vec<Passing> + Send>>;

/// The bend that bends nothing.
pub fn straight() -> Bend {
    Arc::new(Mutex::new(|passing| vec![passing]))
}

/// What went over the wire, for the one who reads a report.
#[derive(Clone, Default)]
pub struct Transcript(Arc<Mutex<Vec<String>>>);

impl Transcript {
    /// Every line so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics with it").clone()
    }

    pub(crate) fn note(&self, what: &str) {
        let mut lines = self.0.lock().expect("nobody panics with it");
        // A case exchanges some hundred messages; a device may send without end.
        if lines.len() < 10_000 {
            lines.push(what.to_owned());
        }
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub enum Refused {
    /// The device ended the TLS handshake, or the tool could not finish it.
    Tls(io::Error),
    /// TLS was complete, the upgrade to a WebSocket with sub-protocol `ship` was not.
    Upgrade(String),
    /// Nothing happened for 10 s.
    Silence,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => write!(f, "TLS ended with: {error}"),
            Self::Upgrade(error) => write!(f, "the WebSocket was not opened: {error}"),
            Self::Silence => f.write_str("no answer to the connection attempt in 10 s"),
        }
    }
}

/// A TLS connection with the device, with nothing above it yet.
///
/// # Errors
///
/// The device ended the handshake.
pub async fn secure(
    wire: Box<dyn Wire>,
    identity: &Identity,
) -> io::Result<tokio_rustls::client::TlsStream<Box<dyn Wire>>> {
    let name = ServerName::try_from("eebus-device.local").expect("a host name");
    TlsConnector::from(Arc::new(client_config(identity))).connect(name, wire).await
}

/// How long TLS and the upgrade may take together.
const OPENING: Duration = Duration::from_secs(10);

/// A WebSocket connection with the device.
pub struct Link {
    socket: WebSocketStream<TlsStream<Box<dyn Wire>>>,
    role: Role,
    peer: Ski,
    opened: Instant,
    bend: Bend,
    arrived: VecDeque<Passing>,
    /// What the device's Close frame said.
    farewell: Option<String>,
    /// Nothing can come any more.
    has_ended: bool,
    transcript: Transcript,
}

impl Link {
    /// Opens a connection over a stream to the device, as TLS and WebSocket client.
    ///
    /// # Errors
    ///
    /// How far it came.
    pub async fn dial(
        wire: Box<dyn Wire>,
        identity: &Identity,
        bend: Bend,
        transcript: Transcript,
    ) -> Result<Self, Refused> {
        timeout(OPENING, async {
            let tls = secure(wire, identity).await.map_err(Refused::Tls)?;
            let peer = peer_of(tls.get_ref().1.peer_certificates()).map_err(Refused::Tls)?;
            let opened = Instant::now();
            let mut request =
                "wss://eebus-device.local/ship/".into_client_request().expect("a proper address");
            request
                .headers_mut()
                .insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ship"));
            let (socket, _) = tokio_tungstenite::client_async(request, TlsStream::Client(tls))
                .await
                .map_err(|error| Refused::Upgrade(error.to_string()))?;
            Ok(Self::new(socket, Role::Client, peer, opened, bend, transcript))
        })
        .await
        .unwrap_or(Err(Refused::Silence))
    }

    /// Takes a connection that the device opened, as TLS and WebSocket server.
    ///
    /// # Errors
    ///
    /// How far it came.
    pub async fn accept(
        wire: Box<dyn Wire>,
        identity: &Identity,
        bend: Bend,
        transcript: Transcript,
    ) -> Result<Self, Refused> {
        timeout(OPENING, async {
            let tls = TlsAcceptor::from(Arc::new(server_config(identity)));
            let tls = tls.accept(wire).await.map_err(Refused::Tls)?;
            let peer = peer_of(tls.get_ref().1.peer_certificates()).map_err(Refused::Tls)?;
            let opened = Instant::now();
            let socket = tokio_tungstenite::accept_hdr_async(TlsStream::Server(tls), select_ship)
                .await
                .map_err(|error| Refused::Upgrade(error.to_string()))?;
            Ok(Self::new(socket, Role::Server, peer, opened, bend, transcript))
        })
        .await
        .unwrap_or(Err(Refused::Silence))
    }

    fn new(
        socket: WebSocketStream<TlsStream<Box<dyn Wire>>>,
        role: Role,
        peer: Ski,
        opened: Instant,
        bend: Bend,
        transcript: Transcript,
    ) -> Self {
        transcript.note(&format!("-- connected to {peer}, the tool is {role:?}"));
        Self {
            socket,
            role,
            peer,
            opened,
            bend,
            arrived: VecDeque::new(),
            farewell: None,
            has_ended: false,
            transcript,
        }
    }

    /// Whether the tool or the device opened the connection.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The device's SKI, computed from its key.
    pub const fn peer(&self) -> Ski {
        self.peer
    }

    /// When TLS was complete.
    pub const fn opened(&self) -> Instant {
        self.opened
    }

    /// Sends octets as one binary WebSocket message. That the device no longer listens is not an
    /// error here: [`next`](Self::next) tells.
    pub async fn send(&mut self, octets: &[u8]) {
        let passing = self.bend(Passing::ToDevice(octets.to_vec()));
        for passing in passing {
            match passing {
                Passing::ToDevice(octets) => {
                    self.transcript.note(&format!("tool>   {}", spell(&octets)));
                    let _ = self.socket.send(Frame::binary(octets)).await;
                }
                other => self.arrived.push_back(other),
            }
        }
    }

    /// Sends a text frame, which SHIP does not have.
    pub async fn send_text(&mut self, text: &str) {
        self.transcript.note(&format!("tool>   text frame {text:?}"));
        let _ = self.socket.send(Frame::text(text)).await;
    }

    /// Sends the text of a control message.
    pub async fn control(&mut self, text: &str) {
        self.send(&[&[1], text.as_bytes()].concat()).await;
    }

    /// What comes next, at the latest at `until`.
    pub async fn next(&mut self, until: Instant) -> Arrival {
        loop {
            if let Some(passing) = self.arrived.pop_front() {
                match passing {
                    Passing::FromDevice(octets) => {
                        self.transcript.note(&format!("device> {}", spell(&octets)));
                        return Arrival::Message(Message::read(&octets));
                    }
                    Passing::Closed(how) => {
                        self.transcript.note(&format!("-- the device closed: {how}"));
                        // It stays closed, however often one looks.
                        self.arrived.push_back(Passing::Closed(how.clone()));
                        return Arrival::Closed(how);
                    }
                    Passing::ToDevice(octets) => {
                        let _ = self.socket.send(Frame::binary(octets)).await;
                        continue;
                    }
                }
            }
            if self.has_ended {
                // A bend hides the end: to the tool it is silence.
                sleep_until(until).await;
                return Arrival::Nothing;
            }
            let Ok(frame) = timeout_at(until, self.frame()).await else { return Arrival::Nothing };
            let passing = self.bend(frame);
            self.arrived.extend(passing);
        }
    }

    /// Ends the connection without a word, as a cut cable does.
    pub fn cut(self) {}

    async fn frame(&mut self) -> Passing {
        loop {
            let end = match self.socket.next().await {
                Some(Ok(Frame::Binary(octets))) => return Passing::FromDevice(octets.to_vec()),
                Some(Ok(Frame::Text(text))) => {
                    return Passing::FromDevice(text.as_bytes().to_vec());
                }
                Some(Ok(Frame::Close(frame))) => {
                    self.farewell = Some(match frame {
                        Some(frame) => format!("close {} {:?}", frame.code, frame.reason.as_str()),
                        None => "close without a code".to_owned(),
                    });
                    continue;
                }
                Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => continue,
                Some(Err(error)) => error.to_string(),
                None => "end of the stream".to_owned(),
            };
            self.has_ended = true;
            return Passing::Closed(self.farewell.take().unwrap_or(end));
        }
    }

    fn bend(&self, passing: Passing) -> Vec<Passing> {
        self.bend.lock().expect("no bend panics")(passing)
    }
}

/// Selects the sub-protocol, as every SHIP server has to (SHIP 1.1.0 §10.2).
#[expect(clippy::result_large_err, reason = "the type is the library's")]
fn select_ship(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let offered = request.headers().get_all("Sec-WebSocket-Protocol");
    if offered.iter().any(|value| value.as_bytes() == b"ship") {
        response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("ship"));
        Ok(response)
    } else {
        let mut refusal = ErrorResponse::new(Some("sub-protocol ship is required".to_owned()));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        Err(refusal)
    }
}

fn peer_of(certificates: Option<&[CertificateDer<'_>]>) -> io::Result<Ski> {
    let first = certificates.and_then(|list| list.first());
    let first = first.ok_or_else(|| io::Error::other("the device showed no certificate"))?;
    Ski::of_certificate(first).map_err(io::Error::other)
}

fn client_config(identity: &Identity) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("the provider has suites of TLS 1.2")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone::new(&provider)))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified())));
    config.resumption = rustls::client::Resumption::disabled();
    config
}

fn server_config(identity: &Identity) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .expect("the provider has suites of TLS 1.2")
        .with_client_cert_verifier(Arc::new(Anyone::new(&provider)))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified())));
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config
}

/// Takes every certificate whose key the peer holds: the tool judges by what the device does.
#[derive(Debug)]
struct Anyone(WebPkiSupportedAlgorithms);

impl Anyone {
    fn new(provider: &CryptoProvider) -> Self {
        Self(provider.signature_verification_algorithms)
    }
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("SHIP knows TLS 1.2 only".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

impl ClientCertVerifier for Anyone {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("SHIP knows TLS 1.2 only".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    /// Two tools, connected by a stream in memory.
    async fn pair(bend: Bend) -> (Link, Link) {
        let (ours, theirs) = tokio::io::duplex(65_536);
        let (one, other) = (Identity::fresh(), Identity::fresh());
        let (dialler, listener) = tokio::join!(
            Link::dial(Box::new(ours), &one, bend, Transcript::default()),
            Link::accept(Box::new(theirs), &other, straight(), Transcript::default()),
        );
        let (dialler, listener) = (dialler.expect("it opens"), listener.expect("it opens"));
        assert_eq!((dialler.peer(), listener.peer()), (other.ski, one.ski));
        (dialler, listener)
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_sends_the_other_takes_apart() {
        let (mut one, mut other) = pair(straight()).await;
        one.send(&[0, 0]).await;
        assert!(matches!(other.next(soon()).await, Arrival::Message(Message::Init)));
        other.control(r#"{"connectionHello":[{"phase":"ready"}]}"#).await;
        let Arrival::Message(Message::Control(name, _)) = one.next(soon()).await else {
            panic!("no control message")
        };
        assert_eq!(name, "connectionHello");
        assert!(matches!(one.next(soon()).await, Arrival::Nothing));
        other.cut();
        assert!(matches!(one.next(soon()).await, Arrival::Closed(_)));
        assert!(matches!(one.next(soon()).await, Arrival::Closed(_)), "and stays closed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_bend_changes_and_hides() {
        let bend: Bend = Arc::new(Mutex::new(|passing| match passing {
            Passing::FromDevice(octets) => vec![Passing::FromDevice(octets); 2],
            Passing::ToDevice(octets) => vec![Passing::ToDevice(octets)],
            Passing::Closed(_) => vec![],
        }));
        let (mut one, mut other) = pair(bend).await;
        other.send(&[0, 0]).await;
        for _ in 0..2 {
            assert!(matches!(one.next(soon()).await, Arrival::Message(Message::Init)));
        }
        other.cut();
        assert!(matches!(one.next(soon()).await, Arrival::Nothing));
        assert!(matches!(one.next(soon()).await, Arrival::Nothing));
    }
}
