//! Who is at the other end: the certificate decision of both roles, inside the TLS handshake
//! (SHIP 1.1.0 §12.1, §12.2).

use std::string::ToString;
use std::sync::{Arc, OnceLock};
use std::vec;
use std::vec::Vec;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{
    CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime, alg_id,
};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError as Alert, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved,
    SignatureScheme,
};

use crate::identity::{CertificateError, Fingerprint, PublicKey, Ski};

const SCHEME: SignatureScheme = SignatureScheme::ECDSA_NISTP256_SHA256;

/// Judges the certificate of one connection, by its key alone.
#[derive(Debug)]
pub(in crate::net) struct Verifier {
    own: Ski,
    pinned: Arc<[Fingerprint]>,
    /// The peer that we dialled.
    expected: Option<Ski>,
    ecdsa: &'static dyn SignatureVerificationAlgorithm,
    /// What rustls cannot carry: it knows alerts, not reasons.
    verdict: OnceLock<Result<Ski, CertificateError>>,
}

impl Verifier {
    pub(super) fn new(
        provider: &CryptoProvider,
        own: Ski,
        pinned: Arc<[Fingerprint]>,
        expected: Option<Ski>,
    ) -> Result<Self, Error> {
        let ecdsa = provider
            .signature_verification_algorithms
            .all
            .iter()
            .find(|it| {
                it.public_key_alg_id() == alg_id::ECDSA_P256
                    && it.signature_alg_id() == alg_id::ECDSA_SHA256
            })
            .ok_or_else(|| Error::General("provider lacks ECDSA with P-256 and SHA-256".into()))?;
        Ok(Self { own, pinned, expected, ecdsa: *ecdsa, verdict: OnceLock::new() })
    }

    /// The peer's SKI, or why its certificate was refused; `None` if it never came that far. A
    /// fact only once the handshake is over: whoever has seen a certificate can present it.
    pub(in crate::net) fn verdict(&self) -> Option<Result<Ski, CertificateError>> {
        self.verdict.get().copied()
    }

    /// Only the first certificate counts, whatever else is in the list.
    fn judge(&self, leaf: &CertificateDer<'_>) -> Result<(), Error> {
        let verdict = self.key(leaf).and_then(|key| match key.ski() {
            ski if ski == self.own => Err(CertificateError::Own),
            ski if self.expected.is_some_and(|expected| expected != ski) => {
                Err(CertificateError::NotTheOneDialled)
            }
            ski => Ok(ski),
        });
        let verdict = *self.verdict.get_or_init(|| verdict);
        // All become the alert `bad_certificate` (42).
        verdict.map(|_| ()).map_err(|refusal| {
            Error::InvalidCertificate(match refusal {
                CertificateError::Own | CertificateError::NotTheOneDialled => {
                    Alert::NotValidForName
                }
                _ => Alert::BadEncoding,
            })
        })
    }

    fn key(&self, leaf: &CertificateDer<'_>) -> Result<PublicKey, CertificateError> {
        PublicKey::of_pinned_certificate(leaf, &self.pinned)
    }

    /// Proof of possession: the key in the certificate signed this handshake.
    ///
    /// Not left to the rustls function of that name, which parses the certificate itself and
    /// refuses what some wallboxes present.
    fn signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme != SCHEME {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        let key = self.key(leaf).map_err(|refusal| Error::General(refusal.to_string()))?;
        self.ecdsa
            .verify_signature(key.point(), message, signed.signature())
            .map_err(|_| Error::InvalidCertificate(Alert::BadSignature))?;
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge(leaf).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls13())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SCHEME]
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(leaf).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls13())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SCHEME]
    }
}

fn no_tls13() -> Error {
    Error::General("TLS 1.3 is off".into())
}
