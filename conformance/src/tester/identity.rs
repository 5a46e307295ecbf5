//! Who the test tool claims to be (SHIP 1.1.0 §12.1, §12.2).

use core::fmt;
use std::sync::Arc;

use rcgen::{CertificateParams, CustomExtension, DnType, IsCa, KeyPair, PublicKeyData};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sha1::{Digest, Sha1};

/// The identifier of a key: the SHA-1 of the public point (SHIP 1.1.0 §12.2).
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ski(pub [u8; 20]);

impl Ski {
    /// That of the key in a certificate, whatever its extension claims.
    ///
    /// # Errors
    ///
    /// The certificate cannot be read.
    pub fn of_certificate(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) =
            x509_parser::parse_x509_certificate(der).map_err(|error| error.to_string())?;
        let point = &certificate.public_key().subject_public_key.data;
        Ok(Self(Sha1::digest(point).into()))
    }
}

/// 40 lower case hexadecimal digits.
impl fmt::Display for Ski {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Ski {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key and the certificate that the tool shows for it.
#[derive(Clone)]
pub struct Identity {
    /// What the certificate says about the key: the truth, unless it is forged.
    pub ski: Ski,
    is_forged: bool,
    certified: Arc<CertifiedKey>,
    pem: String,
}

impl Identity {
    /// A fresh key with an honest certificate.
    pub fn fresh() -> Self {
        let key = KeyPair::generate().expect("the system has randomness");
        let ski = Ski(Sha1::digest(key.der_bytes()).into());
        Self::issue(&key, ski)
    }

    /// A fresh key whose certificate claims to be that of `ski`.
    pub fn forged(ski: Ski) -> Self {
        let key = KeyPair::generate().expect("the system has randomness");
        Self { is_forged: true, ..Self::issue(&key, ski) }
    }

    /// Whether the certificate claims another key than it has.
    pub const fn is_forged(&self) -> bool {
        self.is_forged
    }

    /// The identity that [`to_pem`](Self::to_pem) wrote: its key and its very certificate.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        let key = KeyPair::from_pem(pem).map_err(|error| error.to_string())?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| format!("no certificate: {error}"))?;
        let ski = Ski(Sha1::digest(key.der_bytes()).into());
        Ok(Self::hold(&key, certificate, pem.to_owned(), ski))
    }

    /// Key and certificate as text.
    pub fn to_pem(&self) -> &str {
        &self.pem
    }

    /// What rustls presents.
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    fn issue(key: &KeyPair, ski: Ski) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "EEBUS test tool");
        // rcgen would compute an identifier of its own, so that the extension is written by hand:
        // an OCTET STRING of 20 octets.
        params.is_ca = IsCa::NoCa;
        let mut content = vec![0x04, 20];
        content.extend(ski.0);
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&[2, 5, 29, 14], content)];
        let certificate = params.self_signed(key).expect("the parameters are sound");
        let pem = key.serialize_pem() + &certificate.pem();
        Self::hold(key, certificate.der().clone(), pem, ski)
    }

    fn hold(key: &KeyPair, certificate: CertificateDer<'static>, pem: String, ski: Ski) -> Self {
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = rustls::crypto::ring::sign::any_ecdsa_type(&der).expect("a P-256 key");
        Self {
            ski,
            is_forged: false,
            certified: Arc::new(CertifiedKey::new(vec![certificate], signing)),
            pem,
        }
    }
}
