//! The node's own key and certificate: made once, kept byte for byte.
//!
//! Peers pin the key, and the Go stack pins the certificate as well while it runs: a node that
//! makes a new one at every start is cut off. So there is one file with both, and nothing here
//! ever changes it.

use std::boxed::Box;
use std::fmt;
use std::io;
use std::path::Path;
use std::string::{String, ToString};
use std::vec::Vec;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{CertificateError, PublicKey, Ski};
use crate::file;

/// More than a certificate and a key need.
const MAX_SIZE: u64 = 64 * 1024;

/// A key, the certificate for it, and the SKI that peers know the node by.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
    ski: Ski,
}

impl Identity {
    /// The identity in the file, which is created if there is none; `name` is then the
    /// certificate's common name, which nobody evaluates.
    ///
    /// The file holds both certificate and key as PEM, and only its owner may read it. One that
    /// is damaged is left alone: a new identity would have to be paired with every peer again.
    pub fn load_or_create(path: &Path, name: &str) -> Result<Self, IdentityError> {
        match Self::load(path) {
            Err(IdentityError::Read(error)) if error.kind() == io::ErrorKind::NotFound => {}
            loaded => return loaded,
        }
        let (identity, pem) = Self::generate(name)?;
        match file::create(path, pem.as_bytes()) {
            Ok(()) => Ok(identity),
            // Another process was faster: its identity is the one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            Err(error) => Err(IdentityError::Write(error)),
        }
    }

    /// The identity in the file.
    pub fn load(path: &Path) -> Result<Self, IdentityError> {
        let pem = file::read(path, MAX_SIZE).map_err(IdentityError::Read)?;
        #[cfg(unix)]
        if let Ok(metadata) = std::fs::metadata(path) {
            use std::os::unix::fs::PermissionsExt;
            if metadata.permissions().mode() & 0o077 != 0 {
                tracing::warn!(path = %path.display(), "others may read the private key");
            }
        }
        Self::from_pem(&pem)
    }

    /// A new identity that exists in memory only.
    pub fn create(name: &str) -> Result<Self, IdentityError> {
        Self::generate(name).map(|(identity, _)| identity)
    }

    /// A new identity, and the file that keeps it.
    fn generate(name: &str) -> Result<(Self, String), IdentityError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IdentityError::make)?;
        let ski = Ski::of_key(pair.public_key_raw());
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        // Devices without a clock live in 1970 or at their build; nobody may check the dates.
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2075, 1, 1);
        params.serial_number = Some(serial_number()?);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = Vec::from([KeyUsagePurpose::DigitalSignature]);
        params.key_identifier_method = KeyIdMethod::PreSpecified(ski.as_octets().to_vec());
        let certificate = params.self_signed(&pair).map_err(IdentityError::make)?;
        let pem = certificate.pem() + &pair.serialize_pem();
        let key = PrivatePkcs8KeyDer::from(pair.serialize_der());
        Ok((Self { certificate: certificate.der().clone(), key, ski }, pem))
    }

    /// The hash of the key: what a peer's user compares and trusts.
    pub fn ski(&self) -> Ski {
        self.ski
    }

    /// The certificate in DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key().into()
    }

    /// One certificate, one key, that fit.
    fn from_pem(pem: &[u8]) -> Result<Self, IdentityError> {
        let mut certificate = None;
        let mut key = None;
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
            let twice = match section.map_err(|_| IdentityError::Pem)? {
                (SectionKind::Certificate, der) => {
                    certificate.replace(CertificateDer::from(der)).is_some()
                }
                (SectionKind::PrivateKey, der) => {
                    key.replace(PrivatePkcs8KeyDer::from(der)).is_some()
                }
                _ => true,
            };
            if twice {
                return Err(IdentityError::Pem);
            }
        }
        let (Some(certificate), Some(key)) = (certificate, key) else {
            return Err(IdentityError::Pem);
        };
        let public = PublicKey::of_certificate(&certificate).map_err(IdentityError::Certificate)?;
        let pair = KeyPair::try_from(&key).map_err(|_| IdentityError::Key)?;
        if pair.public_key_raw() != public.point() {
            return Err(IdentityError::Key);
        }
        Ok(Self { certificate, key, ski: public.ski() })
    }
}

/// Shows no key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.ski)
    }
}

/// 127 random bits, positive and without a leading zero octet: Go refuses anything else.
fn serial_number() -> Result<SerialNumber, IdentityError> {
    let mut octets: [u8; 16] =
        random().map_err(|error| IdentityError::Make(error.to_string().into()))?;
    octets[0] = (octets[0] & 0x7f) | 0x40;
    Ok(SerialNumber::from_slice(&octets))
}

/// Octets that nobody can predict.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut octets = [0; N];
    ring::default_provider().secure_random.fill(&mut octets).map_err(|_| RandomError)?;
    Ok(octets)
}

/// The system has no random numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RandomError;

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no random numbers")
    }
}

impl std::error::Error for RandomError {}

/// There is no identity.
#[derive(Debug)]
#[non_exhaustive]
pub enum IdentityError {
    /// The file could not be read.
    Read(io::Error),
    /// The file could not be created.
    Write(io::Error),
    /// The file does not hold one certificate and one private key as PEM.
    Pem,
    /// The certificate in the file is not one of SHIP.
    Certificate(CertificateError),
    /// The key in the file is not the one of the certificate.
    Key,
    /// A new identity could not be made.
    Make(Box<str>),
}

impl IdentityError {
    fn make(error: rcgen::Error) -> Self {
        Self::Make(error.to_string().into())
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("identity file cannot be read"),
            Self::Write(_) => f.write_str("identity file cannot be created"),
            Self::Pem => f.write_str("identity file does not hold one certificate and one key"),
            Self::Certificate(_) => f.write_str("identity file holds an unusable certificate"),
            Self::Key => f.write_str("identity file holds a key that is not the certificate's"),
            Self::Make(why) => write!(f, "identity cannot be made: {why}"),
        }
    }
}

impl std::error::Error for IdentityError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) | Self::Write(error) => Some(error),
            Self::Certificate(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(dir: &tempfile::TempDir) -> std::path::PathBuf {
        dir.path().join("identity.pem")
    }

    #[test]
    fn it_is_made_once_and_kept_byte_for_byte() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = Identity::load_or_create(&path(&dir), "i:1_u:2").expect("made");
        let octets = std::fs::read(path(&dir)).expect("there");
        let second = Identity::load_or_create(&path(&dir), "another name").expect("read");
        assert_eq!(second.ski(), first.ski());
        assert_eq!(second.certificate(), first.certificate());
        assert_eq!(second.key(), first.key());
        assert_eq!(std::fs::read(path(&dir)).expect("there"), octets);
        assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 1);
    }

    #[test]
    fn no_two_are_alike() {
        let (one, two) = (Identity::create("a").expect("one"), Identity::create("a").expect("two"));
        assert_ne!(one.ski(), two.ski());
    }

    #[test]
    fn the_certificate_states_the_hash_of_its_key_and_a_serial_number_that_go_accepts() {
        use x509_parser::prelude::{FromDer, X509Certificate};

        for _ in 0..20 {
            let identity = Identity::create("test").expect("made");
            let (_, certificate) =
                X509Certificate::from_der(identity.certificate()).expect("x.509");
            let serial = certificate.raw_serial();
            assert_eq!(serial.len(), 16);
            assert!((0x40..0x80).contains(&serial[0]), "positive and minimal");
            let key = PublicKey::of_certificate(identity.certificate()).expect("a good one");
            assert_eq!(key.ski(), identity.ski());
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().expect("a directory");
        Identity::load_or_create(&path(&dir), "test").expect("made");
        let mode = std::fs::metadata(path(&dir)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let (_, good) = Identity::generate("a").expect("made");
        let (_, other) = Identity::generate("b").expect("made");
        let key = |pem: &str| pem[pem.find("-----BEGIN PRIVATE").expect("a key")..].to_owned();
        let certificate = good[..good.find("-----BEGIN PRIVATE").expect("a key")].to_owned();
        for text in [
            String::new(),
            "no PEM".into(),
            certificate.clone(),
            key(&good),
            certificate.clone() + &key(&other),
            good.clone() + &other,
            certificate.replace("MII", "AAA") + &key(&good),
        ] {
            std::fs::write(path(&dir), &text).expect("written");
            Identity::load_or_create(&path(&dir), "test").expect_err("damaged");
            assert_eq!(std::fs::read_to_string(path(&dir)).expect("there"), text);
        }
        std::fs::write(path(&dir), good).expect("written");
        Identity::load(&path(&dir)).expect("the good one");
    }

    #[test]
    fn the_key_is_not_shown() {
        let identity = Identity::create("test").expect("made");
        assert_eq!(format!("{identity:?}"), format!("Identity({})", identity.ski()));
    }
}
