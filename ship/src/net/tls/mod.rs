//! TLS as SHIP wants it (SHIP 1.1.0 §9): version 1.2, both sides with a certificate, nothing
//! resumed, small records.

mod cbc;
mod suite;
mod verify;

use std::boxed::Box;
use std::sync::Arc;
use std::vec;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS12;
use rustls::{ClientConfig, Error, NamedGroup, ServerConfig, SupportedCipherSuite};

use self::suite::{CBC, GCM};
use self::verify::Verifier;
use crate::identity::{Fingerprint, Identity, Ski};

/// Keeps what a record carries to the 1024 octets that SHIP allows; rustls counts 5 octets of
/// header.
const MAX_FRAGMENT_SIZE: usize = 1024 + 5;

/// The default cryptography: ring, the two suites of SHIP and the curve secp256r1.
///
/// `TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256` goes first and wins wherever both sides have it. The
/// one that every node has, `TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256`, is opened in constant time.
pub fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites =
        vec![SupportedCipherSuite::Tls12(&GCM), SupportedCipherSuite::Tls12(&CBC)];
    provider.kx_groups.retain(|group| group.name() == NamedGroup::secp256r1);
    provider
}

/// A node's side of TLS: its certificate and its cryptography.
#[derive(Clone, Debug)]
pub struct Tls {
    provider: Arc<CryptoProvider>,
    own: Ski,
    pinned: Arc<[Fingerprint]>,
    certificate: Arc<SingleCertAndKey>,
}

impl Tls {
    /// The side of the node with this identity. Fails if the provider cannot sign with its key.
    pub fn new(identity: &Identity, provider: CryptoProvider) -> Result<Self, Error> {
        let certificate = CertifiedKey::from_der(
            vec![identity.certificate().clone()],
            identity.key(),
            &provider,
        )?;
        // Says at the start what every connection would say otherwise.
        Verifier::new(&provider, identity.ski(), Arc::default(), None)?;
        Ok(Self {
            provider: Arc::new(provider),
            own: identity.ski(),
            pinned: Arc::default(),
            certificate: Arc::new(SingleCertAndKey::from(certificate)),
        })
    }

    /// The same, but these certificates are accepted whatever SKI they state.
    pub fn pinning(self, pinned: &[Fingerprint]) -> Self {
        Self { pinned: pinned.into(), ..self }
    }

    /// Our SKI.
    pub fn ski(&self) -> Ski {
        self.own
    }

    /// For one connection that a peer opened.
    pub(super) fn server(&self) -> Result<(ServerConfig, Arc<Verifier>), Error> {
        let verifier =
            Arc::new(Verifier::new(&self.provider, self.own, self.pinned.clone(), None)?);
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS12])?
            .with_client_cert_verifier(verifier.clone())
            .with_cert_resolver(self.certificate.clone());
        // Else a client's order decides, and some put the weaker suite first.
        config.ignore_client_order = true;
        // A resumed session shows no certificate, so nobody would check the SKI.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.max_fragment_size = Some(MAX_FRAGMENT_SIZE);
        Ok((config, verifier))
    }

    /// For one connection that we open, to the peer `expected` unless any will do.
    pub(super) fn client(
        &self,
        expected: Option<Ski>,
    ) -> Result<(ClientConfig, Arc<Verifier>), Error> {
        let verifier =
            Arc::new(Verifier::new(&self.provider, self.own, self.pinned.clone(), expected)?);
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS12])?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_client_cert_resolver(self.certificate.clone());
        config.resumption = Resumption::disabled();
        config.max_fragment_size = Some(MAX_FRAGMENT_SIZE);
        Ok((config, verifier))
    }
}

impl From<Error> for super::LinkError {
    fn from(error: Error) -> Self {
        Self::Tls(Box::new(error))
    }
}
