//! The other end of a TLS connection: whatever certificate, suites and curves the test wants.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P256_SHA256, SigningKey};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS12;
use rustls::{CipherSuite, ClientConfig, KeyLog, NamedGroup, ServerConfig};
use ship::Ski;
use ship::identity::Identity;
use ship::net::{LinkError, Secured, Tls, accept, connect, provider};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

use crate::raw::Credulous;

pub(crate) const GCM: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
pub(crate) const CBC: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256;

/// Our own side, with a new identity.
pub(crate) fn us() -> Tls {
    Tls::new(&Identity::create("us").expect("an identity"), provider()).expect("a usable key")
}

/// Our cryptography, but only these suites, in this order.
pub(crate) fn only(suites: &[CipherSuite]) -> CryptoProvider {
    let ours = provider();
    let find = |suite: &CipherSuite| {
        let found = ours.cipher_suites.iter().find(|it| it.suite() == *suite);
        *found.expect("one of ours")
    };
    CryptoProvider { cipher_suites: suites.iter().map(find).collect(), ..provider() }
}

/// A key and what is presented for it.
pub(crate) struct Peer {
    pub(crate) pair: KeyPair,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) provider: CryptoProvider,
    pub(crate) key_log: Arc<dyn KeyLog>,
}

impl Peer {
    /// As SHIP wants it.
    pub(crate) fn honest() -> Self {
        Self::with(|_, _| ())
    }

    /// The same after `change`, which sees the SKI.
    pub(crate) fn with(change: impl FnOnce(&mut CertificateParams, Ski)) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let mut params = CertificateParams::default();
        let ski = Ski::of_key(pair.public_key_raw());
        params.custom_extensions = vec![key_id(ski.as_octets())];
        change(&mut params, ski);
        let certificate = params.self_signed(&pair).expect("a certificate").der().clone();
        let key_log = Arc::new(Secrets::default());
        Self { pair, chain: vec![certificate], provider: provider(), key_log }
    }

    /// With `basicConstraints` that have these octets as `critical` and `cA`.
    pub(crate) fn with_booleans(critical: u8, ca: u8) -> Self {
        let extension = [0x55, 0x1d, 0x13, 1, 1];
        let peer = Self::with(|params, _| params.custom_extensions.push(constraints(ca)));
        peer.edit(&[&extension[..], &[0xff]].concat(), &[&extension[..], &[critical]].concat())
    }

    /// Replaces octets in what is signed, and signs it again.
    pub(crate) fn edit(mut self, from: &[u8], to: &[u8]) -> Self {
        assert_eq!(from.len(), to.len());
        let (_, content, _) = element(&self.chain[0]);
        let (tbs, _, rest) = element(content);
        let (algorithm, _, _) = element(rest);
        let at = tbs.windows(from.len()).position(|it| it == from).expect("octets to replace");
        let tbs = [&tbs[..at], to, &tbs[at + from.len()..]].concat();
        let signature = self.pair.sign(&tbs).expect("a signature");
        let signature = tlv(3, &[&[0][..], &signature].concat());
        self.chain[0] = tlv(0x30, &[&tbs, algorithm, &signature].concat()).into();
        self
    }

    pub(crate) fn of_suites(self, suites: &[CipherSuite]) -> Self {
        Self { provider: only(suites), ..self }
    }

    pub(crate) fn of_curve(mut self, curve: NamedGroup) -> Self {
        self.provider.kx_groups = rustls::crypto::ring::ALL_KX_GROUPS.to_vec();
        self.provider.kx_groups.retain(|group| group.name() == curve);
        self
    }

    pub(crate) fn ski(&self) -> Ski {
        Ski::of_key(self.pair.public_key_raw())
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.pair.serialize_der().into())
    }

    /// Takes the certificates as they are; rustls would parse them otherwise.
    fn resolver(&self) -> Arc<SingleCertAndKey> {
        let key = rustls::crypto::ring::sign::any_ecdsa_type(&self.key()).expect("a key");
        Arc::new(CertifiedKey::new(self.chain.clone(), key).into())
    }

    pub(crate) async fn connect<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut config = ClientConfig::builder_with_provider(Arc::new(self.provider.clone()))
            .with_protocol_versions(&[&TLS12])
            .expect("TLS 1.2")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Credulous))
            .with_client_cert_resolver(self.resolver());
        config.key_log = self.key_log.clone();
        let name = ServerName::try_from("evse-one.local").expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map(Into::into)
    }

    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut config = ServerConfig::builder_with_provider(Arc::new(self.provider.clone()))
            .with_protocol_versions(&[&TLS12])
            .expect("TLS 1.2")
            .with_client_cert_verifier(Arc::new(Credulous))
            .with_cert_resolver(self.resolver());
        config.key_log = self.key_log.clone();
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.map(Into::into)
    }

    /// Dials us.
    pub(crate) async fn dials(&self, us: &Tls) -> Meeting {
        let (here, there) = tokio::io::duplex(1 << 20);
        let (ours, theirs) = tokio::join!(accept(here, us), self.connect(Tap::new(there)));
        Meeting { ours, theirs }
    }

    /// Is dialled by us, who want it to be `expected`.
    pub(crate) async fn answers(&self, us: &Tls, expected: Option<Ski>) -> Meeting {
        let (here, there) = tokio::io::duplex(1 << 20);
        let name = ServerName::try_from("evse-one.local").expect("a name");
        let (ours, theirs) =
            tokio::join!(connect(here, us, expected, name), self.accept(Tap::new(there)));
        Meeting { ours, theirs }
    }

    /// Meets us in both roles; what came of it on our side.
    pub(crate) async fn meets(&self, us: &Tls) -> [Result<Ski, LinkError>; 2] {
        [self.dials(us).await, self.answers(us, None).await]
            .map(|meeting| meeting.ours.map(|secured| secured.ski()))
    }
}

/// What came of a handshake on the two sides.
#[derive(Debug)]
pub(crate) struct Meeting {
    pub(crate) ours: Result<Secured<DuplexStream>, LinkError>,
    pub(crate) theirs: io::Result<TlsStream<Tap>>,
}

impl Meeting {
    /// The suite of a handshake that succeeded.
    pub(crate) fn suite(&self) -> CipherSuite {
        let (_, connection) = self.theirs.as_ref().expect("TLS").get_ref();
        connection.negotiated_cipher_suite().expect("a suite").suite()
    }
}

/// Client random and master secret of the last handshake.
#[derive(Debug, Default)]
pub(crate) struct Secrets(pub(crate) Mutex<(Vec<u8>, Vec<u8>)>);

impl KeyLog for Secrets {
    fn log(&self, _: &str, client_random: &[u8], master: &[u8]) {
        *self.0.lock().expect("not poisoned") = (client_random.to_vec(), master.to_vec());
    }
}

/// A stream that remembers what came in and what went out.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(crate) stream: DuplexStream,
    pub(crate) heard: Vec<u8>,
    pub(crate) said: Vec<u8>,
}

impl Tap {
    pub(crate) fn new(stream: DuplexStream) -> Self {
        Self { stream, heard: Vec::new(), said: Vec::new() }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let heard = buf.filled()[before..].to_vec();
        self.heard.extend(heard);
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = std::task::ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.said.extend(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Splits what went over the wire into types and payloads.
pub(crate) fn split(mut wire: &[u8]) -> Vec<(u8, &[u8])> {
    let mut records = Vec::new();
    while let Some((&[kind, _, _, high, low], rest)) = wire.split_first_chunk() {
        let (payload, rest) = rest.split_at((usize::from(high) << 8) | usize::from(low));
        records.push((kind, payload));
        wire = rest;
    }
    records
}

pub(crate) fn key_id(id: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(&[2, 5, 29, 14], tlv(4, id))
}

/// A critical `basicConstraints`.
fn constraints(ca: u8) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x30, 3, 1, 1, ca]);
    extension.set_criticality(true);
    extension
}

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let head = match len {
        0..0x80 => vec![tag, len as u8],
        _ => vec![tag, 0x82, (len >> 8) as u8, len as u8],
    };
    [&head, content].concat()
}

/// The first element of `der`: whole, its content, and what follows it.
fn element(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (head, len) = match der[1] {
        0x82 => (4, (usize::from(der[2]) << 8) | usize::from(der[3])),
        0x81 => (3, usize::from(der[2])),
        len => (2, usize::from(len)),
    };
    (&der[..head + len], &der[head..head + len], &der[head + len..])
}
