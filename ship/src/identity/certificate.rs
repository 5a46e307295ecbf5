//! What a peer's certificate says about its key (SHIP 1.1.0 §12.1, §12.2).
//!
//! A certificate is a wrapping here: no chain, name, date or usage counts, and its own signature
//! proves nothing, because whoever has the key may sign what he likes. Two things are taken from
//! it, the key and the stated SKI, and they have to fit.

use std::fmt;

use x509_parser::nom::Parser;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};
use x509_parser::prelude::X509CertificateParser;

use super::{Fingerprint, Ski, der};

/// Length of an uncompressed point on secp256r1.
const POINT: usize = 65;

/// The public key of a certificate whose stated SKI is the hash of it.
#[derive(Clone, Copy)]
pub struct PublicKey {
    point: [u8; POINT],
    ski: Ski,
}

impl PublicKey {
    /// Takes the key out of a certificate in DER.
    ///
    /// That somebody presents the certificate proves nothing yet; the key has to sign the TLS
    /// handshake as well.
    pub fn of_certificate(der: &[u8]) -> Result<Self, CertificateError> {
        let Leaf { point, key_id } =
            parsed(der).or_else(|| walked(der)).ok_or(CertificateError::Malformed)?;
        let point = point.ok_or(CertificateError::Key)?;
        // OCTET STRING of 20 octets.
        let Some([0x04, 0x14, stated @ ..]) = key_id else {
            return Err(CertificateError::NoSki);
        };
        let ski = Ski::of_key(&point);
        match <[u8; 20]>::try_from(stated) {
            Ok(stated) if Ski::new(stated) == ski => Ok(Self { point, ski }),
            Ok(_) => Err(CertificateError::Mismatch),
            Err(_) => Err(CertificateError::NoSki),
        }
    }

    /// Takes the key out of a certificate that the user has pinned, whatever SKI it states.
    ///
    /// For old installations alone: programs that hashed something else than their key, and that
    /// cannot change their certificate because a metering operator has registered it. The peer is
    /// known by the hash of its key nevertheless.
    pub fn of_pinned_certificate(
        der: &[u8],
        pinned: &[Fingerprint],
    ) -> Result<Self, CertificateError> {
        match Self::of_certificate(der) {
            Err(CertificateError::Mismatch)
                if pinned.contains(&Fingerprint::of_certificate(der)) =>
            {
                let point = parsed(der).or_else(|| walked(der)).and_then(|leaf| leaf.point);
                let point = point.ok_or(CertificateError::Key)?;
                Ok(Self { point, ski: Ski::of_key(&point) })
            }
            other => other,
        }
    }

    /// The uncompressed point.
    pub fn point(&self) -> &[u8] {
        &self.point
    }

    /// The hash of the key.
    pub fn ski(&self) -> Ski {
        self.ski
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.ski)
    }
}

/// What counts in a certificate.
struct Leaf<'a> {
    /// `None` if the key is not an uncompressed point on secp256r1.
    point: Option<[u8; POINT]>,
    /// The value of the extension subjectKeyIdentifier.
    key_id: Option<&'a [u8]>,
}

/// Reads a certificate as X.509.
fn parsed(der: &[u8]) -> Option<Leaf<'_>> {
    // Extensions stay unread but for the one that counts: wallboxes in the field encode BOOLEANs
    // in them as DER does not allow.
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    let (rest, certificate) = parser.parse(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let key = certificate.public_key();
    let curve = key.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
    let is_on_curve = key.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY
        && curve == Some(OID_EC_P256)
        && key.subject_public_key.unused_bits == 0;
    let point = uncompressed(&key.subject_public_key.data).filter(|_| is_on_curve);
    let key_id = certificate.get_extension_unique(&OID_X509_EXT_SUBJECT_KEY_IDENTIFIER).ok()?;
    Some(Leaf { point, key_id: key_id.map(|extension| extension.value) })
}

/// Finds the same in a certificate that is not quite X.509.
fn walked(der: &[u8]) -> Option<Leaf<'_>> {
    let leaf = der::leaf(der)?;
    let point = leaf.key.strip_prefix(&[0]).and_then(uncompressed);
    Some(Leaf { point: point.filter(|_| leaf.algorithm == P256), key_id: leaf.key_id })
}

fn uncompressed(key: &[u8]) -> Option<[u8; POINT]> {
    key.try_into().ok().filter(|point: &[u8; POINT]| point[0] == 4)
}

/// The AlgorithmIdentifier id-ecPublicKey with secp256r1.
const P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// Why a certificate is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not a certificate.
    Malformed,
    /// The key is not a point on secp256r1.
    Key,
    /// It states no SKI of 20 octets.
    NoSki,
    /// The SKI that it states is not the hash of its key.
    Mismatch,
    /// It is our own key.
    Own,
    /// It is another peer than the one we dialled.
    NotTheOneDialled,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed certificate",
            Self::Key => "certificate key is not on secp256r1",
            Self::NoSki => "certificate states no SKI of 20 octets",
            Self::Mismatch => "certificate states an SKI that is not the hash of its key",
            Self::Own => "certificate has our own key",
            Self::NotTheOneDialled => "certificate is not of the peer that was dialled",
        })
    }
}

impl std::error::Error for CertificateError {}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::identity::Identity;

    const SKI: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x0e];

    fn certificate() -> (Vec<u8>, Ski) {
        let identity = Identity::create("test").expect("an identity");
        (identity.certificate().to_vec(), identity.ski())
    }

    fn find(octets: &[u8], what: &[u8]) -> usize {
        octets.windows(what.len()).position(|window| window == what).expect("contained")
    }

    #[test]
    fn key_and_ski_are_found() {
        let (der, ski) = certificate();
        let key = PublicKey::of_certificate(&der).expect("a good one");
        assert_eq!(key.ski(), ski);
        assert_eq!(Ski::of_key(key.point()), ski);
    }

    #[test]
    fn a_stated_ski_of_another_key_is_refused() {
        let (mut der, _) = certificate();
        let at = find(&der, SKI) + SKI.len() + 4;
        der[at] ^= 1;
        assert_eq!(PublicKey::of_certificate(&der).unwrap_err(), CertificateError::Mismatch);
    }

    #[test]
    fn a_pin_of_the_whole_certificate_makes_an_exception() {
        let (mut der, ski) = certificate();
        let at = find(&der, SKI) + SKI.len() + 4;
        let other = Fingerprint::of_certificate(&der);
        der[at] ^= 1;
        let pin = Fingerprint::of_certificate(&der);
        let key = PublicKey::of_pinned_certificate(&der, &[other, pin]).expect("pinned");
        assert_eq!(key.ski(), ski);
        for pinned in [&[][..], &[other]] {
            let refused = PublicKey::of_pinned_certificate(&der, pinned).unwrap_err();
            assert_eq!(refused, CertificateError::Mismatch);
        }
    }

    #[test]
    fn a_certificate_without_ski_is_refused() {
        let (mut der, _) = certificate();
        let at = find(&der, SKI);
        // Another extension of the same length: 2.5.29.99.
        der[at + 4] = 99;
        assert_eq!(PublicKey::of_certificate(&der).unwrap_err(), CertificateError::NoSki);
    }

    #[test]
    fn an_ski_of_the_wrong_length_is_refused() {
        let (mut der, _) = certificate();
        let at = find(&der, SKI) + SKI.len();
        // The extension keeps its length, the octet string in it claims one less.
        assert_eq!(der[at..at + 4], [0x04, 0x16, 0x04, 0x14]);
        der[at + 3] = 0x13;
        assert_eq!(PublicKey::of_certificate(&der).unwrap_err(), CertificateError::NoSki);
    }

    #[test]
    fn a_boolean_that_der_does_not_allow_is_no_matter() {
        let (mut der, ski) = certificate();
        // keyUsage, critical: the BOOLEAN as an Elli wallbox encodes it.
        let at = find(&der, &[0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff]);
        der[at + 7] = 0x01;
        assert_eq!(PublicKey::of_certificate(&der).expect("a good one").ski(), ski);
    }

    /// What a parser of X.509 refuses, but says nothing about the key.
    #[test]
    fn what_else_is_wrong_with_it_is_no_matter() {
        let (mut der, ski) = certificate();
        // notBefore is in month 91.
        let at = find(&der, b"\x17\x0d250101");
        der[at + 4] = b'9';
        assert!(parsed(&der).is_none(), "the walk is needed");
        assert_eq!(PublicKey::of_certificate(&der).expect("a good one").ski(), ski);
    }

    #[test]
    fn the_walk_finds_what_the_parser_finds() {
        let (der, _) = certificate();
        let (parsed, walked) = (parsed(&der).expect("x.509"), walked(&der).expect("framing"));
        assert!(parsed.point.is_some() && parsed.key_id.is_some());
        assert_eq!((walked.point, walked.key_id), (parsed.point, parsed.key_id));
    }

    #[test]
    fn anything_else_is_refused() {
        let (der, _) = certificate();
        for octets in [&[][..], b"certificate", &der[1..], &der[..der.len() - 1]] {
            assert_eq!(PublicKey::of_certificate(octets).unwrap_err(), CertificateError::Malformed);
        }
        let mut longer = der.clone();
        longer.push(0);
        assert_eq!(PublicKey::of_certificate(&longer).unwrap_err(), CertificateError::Malformed);

        // secp256r1 turned into a curve that does not exist.
        let mut curve = der.clone();
        let at = find(&curve, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
        curve[at + 7] = 0x09;
        assert_eq!(PublicKey::of_certificate(&curve).unwrap_err(), CertificateError::Key);
    }

    #[test]
    fn no_damage_to_a_certificate_makes_it_panic_or_pass_as_another_peer() {
        let (der, ski) = certificate();
        for at in 0..der.len() {
            for bit in 0..8 {
                let mut damaged = der.clone();
                damaged[at] ^= 1 << bit;
                if let Ok(key) = PublicKey::of_certificate(&damaged) {
                    assert_eq!(key.ski(), ski);
                }
            }
        }
    }
}
