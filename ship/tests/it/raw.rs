//! A peer that does as it is told: every layer by hand.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rcgen::{CertificateParams, IsCa, KeyIdMethod, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS12;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};
use ship::{Role, Ski};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async, client_async_with_config};

use crate::bench::Bench;

/// A key and a certificate for it, which may lie.
pub(crate) struct Card {
    pub(crate) ski: Ski,
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Card {
    pub(crate) fn honest() -> Self {
        Self::new(None)
    }

    /// With an SKI that is bigger than another one, or smaller.
    pub(crate) fn bigger(than: Ski, is_bigger: bool) -> Self {
        loop {
            let card = Self::honest();
            if (card.ski > than) == is_bigger {
                return card;
            }
        }
    }

    /// States the SKI of somebody else.
    pub(crate) fn forged(ski: Ski) -> Self {
        Self::new(Some(ski))
    }

    /// The certificate of this card, which anybody can see, with another key.
    pub(crate) fn stolen(&self) -> Self {
        let thief = Self::honest();
        Self { ski: self.ski, certificate: self.certificate.clone(), key: thief.key }
    }

    fn new(stated: Option<Ski>) -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let ski = stated.unwrap_or_else(|| Ski::of_key(key.public_key_raw()));
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_identifier_method = KeyIdMethod::PreSpecified(ski.as_octets().to_vec());
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            ski,
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()),
        }
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key().into()
    }

    /// Nobody looks whether the key fits.
    fn shown(&self, chain: Vec<CertificateDer<'static>>) -> SingleCertAndKey {
        let key = ring::sign::any_ecdsa_type(&self.key()).expect("a key");
        SingleCertAndKey::from(CertifiedKey::new(chain, key))
    }

    /// As client, with this card and perhaps more certificates behind it.
    pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        more: &[&Self],
    ) -> std::io::Result<TlsStream<S>> {
        let mut chain = vec![self.certificate.clone()];
        chain.extend(more.iter().map(|card| card.certificate.clone()));
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS12])
            .expect("TLS 1.2")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Credulous))
            .with_client_cert_resolver(Arc::new(self.shown(chain)));
        let name = ServerName::try_from("victim").expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map(Into::into)
    }

    /// As server.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> std::io::Result<TlsStream<S>> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS12])
            .expect("TLS 1.2")
            .with_client_cert_verifier(Arc::new(Credulous))
            .with_single_cert(vec![self.certificate.clone()], self.key())
            .expect("a key that fits");
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.map(Into::into)
    }
}

/// As client without any certificate.
pub(crate) async fn anonymous<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
) -> std::io::Result<TlsStream<S>> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS12])
        .expect("TLS 1.2")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
        .with_no_client_auth();
    let name = ServerName::try_from("victim").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map(Into::into)
}

/// The other end of a stream that the node believes a peer has opened.
pub(crate) async fn into(bench: &Bench) -> DuplexStream {
    let (here, there) = tokio::io::duplex(64 * 1024);
    assert!(bench.node.attach(there, Role::Server, None, "raw").await);
    here
}

/// A WebSocket to the node.
pub(crate) struct Raw<S = DuplexStream>(pub(crate) WebSocketStream<TlsStream<S>>);

/// A payload of a peer.
pub(crate) fn data(text: &str) -> String {
    format!("\u{2}{{\"data\":[{{\"payload\":{{\"datagram\":\"{text}\"}}}}]}}")
}

pub(crate) const HELLO_READY: &str =
    r#"{"connectionHello":[{"phase":"ready"},{"waiting":120000}]}"#;
pub(crate) const HELLO_PENDING: &str =
    r#"{"connectionHello":[{"phase":"pending"},{"waiting":120000}]}"#;
pub(crate) const ANNOUNCE: &str = r#"{"messageProtocolHandshake":[{"handshakeType":"announceMax"},{"version":[{"major":1},{"minor":0}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
pub(crate) const SELECT: &str = r#"{"messageProtocolHandshake":[{"handshakeType":"select"},{"version":[{"major":1},{"minor":0}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
pub(crate) const PIN_NONE: &str = r#"{"connectionPinState":[{"pinState":"none"}]}"#;

impl Raw {
    pub(crate) async fn open(bench: &Bench, card: &Card) -> Result<Self, WsError> {
        let stream = card.connect(into(bench).await, &[]).await.expect("TLS");
        Self::upgrade(stream, Some("ship")).await
    }

    /// The other end of a connection that the node opens to this card.
    pub(crate) async fn dialled(bench: &Bench, card: &Card) -> Self {
        let (here, there) = tokio::io::duplex(64 * 1024);
        assert!(bench.node.attach(there, Role::Client, Some(card.ski), "raw").await);
        Self::accept(here, card).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(crate) async fn upgrade(
        stream: TlsStream<S>,
        protocol: Option<&'static str>,
    ) -> Result<Self, WsError> {
        let mut request = "wss://victim/ship/".into_client_request().expect("a request");
        if let Some(protocol) = protocol {
            let headers = request.headers_mut();
            headers.insert("Sec-WebSocket-Protocol", HeaderValue::from_static(protocol));
        }
        let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
        client_async_with_config(request, stream, Some(config)).await.map(|(ws, _)| Self(ws))
    }

    /// What the node has opened.
    pub(crate) async fn accept(stream: S, card: &Card) -> Self {
        Self::upgraded(card.accept(stream).await.expect("TLS")).await
    }

    /// The same after TLS.
    pub(crate) async fn upgraded(stream: TlsStream<S>) -> Self {
        Self::answered(stream).await.expect("a WebSocket")
    }

    /// The same, unless the node has gone.
    pub(crate) async fn answered(stream: TlsStream<S>) -> Result<Self, WsError> {
        #[expect(clippy::result_large_err, reason = "the signature is the library's")]
        let ship = |_: &Request, mut response: Response| -> Result<_, ErrorResponse> {
            let protocol = HeaderValue::from_static("ship");
            response.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
            Ok(response)
        };
        accept_hdr_async(stream, ship).await.map(Self)
    }

    pub(crate) async fn octets(&mut self, octets: &[u8]) {
        // The node may have closed already; what it did with it is asked afterwards.
        let _ = self.0.send(Message::Binary(octets.to_vec().into())).await;
    }

    pub(crate) async fn control(&mut self, json: &str) {
        self.octets(format!("\u{1}{json}").as_bytes()).await;
    }

    /// The next binary message as text, type octet included.
    pub(crate) async fn hear(&mut self) -> String {
        loop {
            match timeout(Duration::from_secs(60), self.0.next()).await.expect("in time") {
                Some(Ok(Message::Binary(octets))) => {
                    return String::from_utf8(octets.to_vec()).expect("text");
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a message, not {other:?}"),
            }
        }
    }

    /// Reads on until the Close frame and gives its code and text.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        let closed = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Close(Some(frame)))) => {
                        return (frame.code.into(), frame.reason.to_string());
                    }
                    Some(Ok(_)) => {}
                    other => return (0, format!("{other:?}")),
                }
            }
        };
        timeout(Duration::from_secs(60), closed).await.expect("closed in time")
    }

    /// Up to the hello phase.
    pub(crate) async fn init(&mut self) -> String {
        self.octets(&[0, 0]).await;
        assert_eq!(self.hear().await, "\0\0");
        self.hear().await
    }

    /// What the node offers, on a connection that it has opened.
    pub(crate) async fn offered(&mut self) -> String {
        assert_eq!(self.hear().await, "\0\0");
        self.octets(&[0, 0]).await;
        assert_eq!(self.hear().await, format!("\u{1}{HELLO_READY}"));
        self.control(HELLO_READY).await;
        self.hear().await
    }

    /// Up to the data exchange, on a connection that the node has opened.
    pub(crate) async fn serves(&mut self) {
        assert_eq!(self.offered().await, format!("\u{1}{ANNOUNCE}"));
        self.control(SELECT).await;
        assert_eq!(self.hear().await, format!("\u{1}{SELECT}"));
        assert_eq!(self.hear().await, format!("\u{1}{PIN_NONE}"));
        self.control(PIN_NONE).await;
        assert_eq!(self.hear().await, "\u{1}{\"accessMethodsRequest\":[]}");
    }

    /// Up to the data exchange.
    pub(crate) async fn all(&mut self) {
        self.init().await;
        self.control(HELLO_READY).await;
        self.control(ANNOUNCE).await;
        assert_eq!(self.hear().await, format!("\u{1}{SELECT}"));
        self.control(SELECT).await;
        assert_eq!(self.hear().await, format!("\u{1}{PIN_NONE}"));
        self.control(PIN_NONE).await;
        assert_eq!(self.hear().await, "\u{1}{\"accessMethodsRequest\":[]}");
    }
}

/// Believes every certificate, and every signature as well.
#[derive(Debug)]
pub(crate) struct Credulous;

impl ServerCertVerifier for Credulous {
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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        unreachable!("TLS 1.2 only")
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

impl ClientCertVerifier for Credulous {
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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        unreachable!("TLS 1.2 only")
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
