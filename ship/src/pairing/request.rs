//! A pairing request: the TXT record of a service `_shippairing._tcp` (Pairing Service 1.0.0 §5,
//! §7).

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Secret;
use crate::identity::{Curve, Fingerprint, hex};
use crate::trust::is_ship_id;

/// The only way to name a peer that there is.
const PAR_TYPE: &str = "fpSha256";
/// The only thing to ask for that there is.
const TYPE: &str = "addCu";
/// The only way to sign that there is.
const ALG: &str = "hmacSha256";
/// More strings than any record has.
const MAX_STRINGS: usize = 64;

/// Who a node is for the Pairing Service: its SHIP ID and its certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Party {
    /// SHIP ID.
    pub ship_id: Box<str>,
    /// Fingerprint of the certificate.
    pub fingerprint: Fingerprint,
}

/// What a request says apart from its signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms {
    /// Who is asked, *devA*: `forId` and `forPar`.
    pub asked: Party,
    /// Who wants to be trusted, *devZ*: `trustId` and `trustPar`.
    pub asker: Party,
    /// The curve of the asker's certificate: `trustCurve`.
    pub curve: Curve,
    /// Random, and another one for every request: `trustNonce`.
    pub nonce: [u8; 16],
}

/// A request, signed by whoever knows the secret of the one that is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    terms: Terms,
    digest: [u8; 32],
}

impl Request {
    /// Signs a request.
    ///
    /// ```
    /// use ship::identity::{Curve, Fingerprint};
    /// use ship::pairing::{Party, Request, Secret, Terms};
    ///
    /// let secret: Secret = "101112131415161718191A1B1C1D1E1F".parse()?;
    /// let party = |ship_id: &str, name: &[u8]| Party {
    ///     ship_id: ship_id.into(),
    ///     fingerprint: Fingerprint::of_certificate(name),
    /// };
    /// let terms = Terms {
    ///     asked: party("i:55555_u:EVSE-1", b"charger"),
    ///     asker: party("i:55555_u:CU-1", b"control unit"),
    ///     curve: Curve::Secp256r1,
    ///     nonce: [7; 16],
    /// };
    /// let request = Request::sign(terms, &secret);
    ///
    /// // What the record says is what the other side reads.
    /// let txt = request.txt();
    /// let read = Request::read(txt.iter().map(|(key, value)| (*key, value.as_str())))?;
    /// assert!(read.is_signed_with(&secret));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign(terms: Terms, secret: &Secret) -> Self {
        let digest = mac(&terms, secret).finalize().into_bytes().into();
        Self { terms, digest }
    }

    /// Reads the strings of a TXT record, in any order: some resolvers do not keep it.
    ///
    /// What is signed has one spelling only, so digits are upper case here. Strings with other
    /// keys are skipped.
    pub fn read<'a>(
        strings: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, RequestError> {
        let mut found = [None; KEYS.len()];
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in strings {
            if seen.iter().any(|other| other.eq_ignore_ascii_case(key)) {
                return Err(RequestError::Twice);
            }
            if seen.len() >= MAX_STRINGS {
                return Err(RequestError::TooMany);
            }
            seen.push(key);
            if let Some(at) = KEYS.iter().position(|known| known.eq_ignore_ascii_case(key)) {
                found[at] = Some(value);
            }
        }
        let value = |key: &'static str| {
            let at = KEYS.iter().position(|known| *known == key);
            at.and_then(|at| found[at]).ok_or(RequestError::Missing(key))
        };
        let fixed = [("txtvers", "1"), ("parType", PAR_TYPE), ("type", TYPE), ("alg", ALG)];
        for (key, only) in fixed {
            if value(key)? != only {
                return Err(RequestError::Unknown(key));
            }
        }
        let party = |id: &'static str, par: &'static str| {
            let ship_id = value(id)?;
            // It is signed with semicolons between: one inside would have two readings.
            if !is_ship_id(ship_id) || ship_id.contains(';') {
                return Err(RequestError::Invalid(id));
            }
            let fingerprint = hex::upper_octets(value(par)?).ok_or(RequestError::Invalid(par))?;
            Ok(Party { ship_id: ship_id.into(), fingerprint: Fingerprint::new(fingerprint) })
        };
        let terms = Terms {
            asked: party("forId", "forPar")?,
            asker: party("trustId", "trustPar")?,
            curve: Curve::named(value("trustCurve")?).ok_or(RequestError::Unknown("trustCurve"))?,
            nonce: hex::upper_octets(value("trustNonce")?)
                .ok_or(RequestError::Invalid("trustNonce"))?,
        };
        let digest = value("digest")?;
        let digest = hex::upper_octets(digest).ok_or(RequestError::Invalid("digest"))?;
        Ok(Self { terms, digest })
    }

    /// The strings of the TXT record, in the order of the standard (§5.4, table 1).
    pub fn txt(&self) -> Vec<(&'static str, String)> {
        let mut txt = signed(&self.terms);
        txt.push(("digest", upper(&self.digest)));
        txt
    }

    /// Whether somebody who knows the secret has signed it. In constant time.
    pub fn is_signed_with(&self, secret: &Secret) -> bool {
        mac(&self.terms, secret).verify_slice(&self.digest).is_ok()
    }

    /// What it says.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The signature, by which a request is recognised when it is played again.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// The keys of a record in their order; the last one is the signature.
const KEYS: [&str; 11] = [
    "txtvers",
    "parType",
    "forId",
    "forPar",
    "trustId",
    "trustPar",
    "trustCurve",
    "type",
    "trustNonce",
    "alg",
    "digest",
];

/// The strings that are signed, in their order.
fn signed(terms: &Terms) -> Vec<(&'static str, String)> {
    let Terms { asked, asker, curve, nonce } = terms;
    let values: [String; 10] = [
        "1".into(),
        PAR_TYPE.into(),
        asked.ship_id.to_string(),
        asked.fingerprint.to_string(),
        asker.ship_id.to_string(),
        asker.fingerprint.to_string(),
        curve.to_string(),
        TYPE.into(),
        upper(nonce),
        ALG.into(),
    ];
    KEYS.into_iter().zip(values).collect()
}

/// HMAC-SHA256 over `key=value;` of each string, keyed by secret and nonce (§7.3, §7.4).
fn mac(terms: &Terms, secret: &Secret) -> Hmac<Sha256> {
    let mut key = [0; 32];
    key[..16].copy_from_slice(secret.octets());
    key[16..].copy_from_slice(&terms.nonce);
    let mac = Hmac::<Sha256>::new_from_slice(&key);
    zeroize::Zeroize::zeroize(&mut key);
    let mut mac = mac.expect("a key of any length will do");
    for (key, value) in signed(terms) {
        mac.update(format!("{key}={value};").as_bytes());
    }
    mac
}

fn upper(octets: &[u8]) -> String {
    let mut text = String::new();
    // A String takes everything.
    let _ = hex::upper(octets, &mut text);
    text
}

/// Why a record is no pairing request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RequestError {
    /// A string is missing.
    Missing(&'static str),
    /// A key occurs twice, in whatever case.
    Twice,
    /// The record has more strings than any record needs.
    TooMany,
    /// A value that this version of the service does not have.
    Unknown(&'static str),
    /// A value that is none, or is spelled otherwise than it is signed.
    Invalid(&'static str),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(key) => write!(f, "pairing request lacks {key}"),
            Self::Twice => f.write_str("pairing request says something twice"),
            Self::TooMany => f.write_str("pairing request has too many strings"),
            Self::Unknown(key) => write!(f, "pairing request has an unknown {key}"),
            Self::Invalid(key) => write!(f, "pairing request has an invalid {key}"),
        }
    }
}

impl core::error::Error for RequestError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Annex A of the Pairing Service.
    pub(crate) fn standard() -> (Request, Secret) {
        let party = |ship_id: &str, fingerprint: &str| Party {
            ship_id: ship_id.into(),
            fingerprint: fingerprint.parse().expect("a fingerprint"),
        };
        let terms = Terms {
            asked: party(
                "i:983327_u:C8277H008F-3",
                "C74B7855D3479415F62CC01E5F6D9A93EBC676057D85417ADA16FD1384338943",
            ),
            asker: party(
                "i:46925_u:43652bk-2-gt1",
                "2CC72E781F7A7D2A08D50196C50FEDF0F7BA583F43F76C8C0DDEC9EEF0D005B4",
            ),
            curve: Curve::Secp256r1,
            nonce: hex::octets("BDCEE427FA7208DF3C1F2A749BA6F4D4").expect("a nonce"),
        };
        let secret = "7A37DCF81BDB50F8E92CFA4160CCB3DE".parse().expect("a secret");
        (Request::sign(terms, &secret), secret)
    }

    fn read(txt: &[(&str, String)]) -> Result<Request, RequestError> {
        Request::read(txt.iter().map(|(key, value)| (*key, value.as_str())))
    }

    fn with(key: &str, value: &str) -> Vec<(&'static str, String)> {
        let mut txt = standard().0.txt();
        txt.iter_mut().find(|(k, _)| *k == key).expect("a key").1 = value.into();
        txt
    }

    #[test]
    fn the_standards_vector_comes_out() {
        let (request, _) = standard();
        let txt = request.txt();
        assert_eq!(
            txt.last().map(|(key, value)| (*key, value.as_str())),
            Some(("digest", "BCBB62B2176DA2CEE545784CEB1F2A55E049451B12A549C98E8CA213F001DA25"))
        );
        let octets: usize = txt.iter().map(|(key, value)| 2 + key.len() + value.len()).sum();
        assert_eq!(octets, 398);
        let message: usize = txt[..10].iter().map(|(key, value)| 2 + key.len() + value.len()).sum();
        assert_eq!(message, 326);
    }

    #[test]
    fn another_vector_comes_out_too() {
        let terms = Terms {
            asked: Party {
                ship_id: "i:55555_u:EVSE-1".into(),
                fingerprint: "265A9C8C3C690CDFDAC72ACFE7A50F748811802635D987BB7D69DC602ED3794F"
                    .parse()
                    .expect("a fingerprint"),
            },
            asker: Party {
                ship_id: "i:55555_u:CU-1".into(),
                fingerprint: "C6BEEA45B62B5469497C7E818436B004B63C1EF535BFE488F3E56C37E585E112"
                    .parse()
                    .expect("a fingerprint"),
            },
            curve: Curve::Secp256r1,
            nonce: hex::octets("A0A1A2A3A4A5A6A7A8A9AAABACADAEAF").expect("a nonce"),
        };
        let secret = "101112131415161718191A1B1C1D1E1F".parse().expect("a secret");
        let message: String =
            signed(&terms).iter().map(|(key, value)| format!("{key}={value};")).collect();
        assert_eq!(message.len(), 310);
        assert_eq!(
            upper(Request::sign(terms, &secret).digest()),
            "101DA6787DC216109438CC1287A9C5662A774D492726FE1CA5F3D0A329DD8789"
        );
    }

    #[test]
    fn what_is_written_is_read_in_any_order_beside_other_strings() {
        let (request, secret) = standard();
        let mut txt = request.txt();
        txt.reverse();
        txt.push(("vendor", "1".into()));
        let read = read(&txt).expect("a request");
        assert_eq!(read, request);
        assert!(read.is_signed_with(&secret));
        assert!(!read.is_signed_with(&Secret::new([0; 16])));
    }

    #[test]
    fn whatever_is_changed_spoils_the_signature() {
        let secret = standard().1;
        for (key, value) in [
            ("forId", "i:983327_u:C8277H008F-4"),
            ("forPar", &"0".repeat(64)),
            ("trustId", "i:46925_u:43652bk-2-gt2"),
            ("trustPar", &"0".repeat(64)),
            ("trustCurve", "brainpoolP256r1"),
            ("trustNonce", &"0".repeat(32)),
            ("digest", &"0".repeat(64)),
        ] {
            let changed = read(&with(key, value)).expect("well-formed");
            assert!(!changed.is_signed_with(&secret), "{key}");
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for key in KEYS {
            let mut txt = standard().0.txt();
            txt.retain(|(k, _)| *k != key);
            assert_eq!(read(&txt), Err(RequestError::Missing(key)));
        }
        for (key, value, error) in [
            ("txtvers", "2", RequestError::Unknown("txtvers")),
            ("parType", "ski", RequestError::Unknown("parType")),
            ("type", "removeCu", RequestError::Unknown("type")),
            ("alg", "hmacSha512", RequestError::Unknown("alg")),
            ("trustCurve", "secp384r1", RequestError::Unknown("trustCurve")),
            ("forId", "", RequestError::Invalid("forId")),
            ("trustId", "a;type=x", RequestError::Invalid("trustId")),
            ("trustNonce", "00", RequestError::Invalid("trustNonce")),
            ("digest", &"g".repeat(64), RequestError::Invalid("digest")),
        ] {
            assert_eq!(read(&with(key, value)), Err(error), "{key}={value}");
        }
        // Lower-case digits are invalid, not merely different.
        for key in ["forPar", "trustPar", "trustNonce", "digest"] {
            let txt = standard().0.txt();
            let value = &txt.iter().find(|(k, _)| *k == key).expect("a key").1;
            assert_eq!(read(&with(key, &value.to_lowercase())), Err(RequestError::Invalid(key)));
        }
    }

    #[test]
    fn a_key_that_occurs_twice_in_whatever_case_spoils_the_record() {
        for key in ["forId", "FORID", "Digest", "vendor"] {
            let mut txt = standard().0.txt();
            txt.insert(0, ("vendor", "0".into()));
            txt.push((key, "x".into()));
            assert_eq!(read(&txt), Err(RequestError::Twice), "{key}");
        }
    }

    #[test]
    fn it_is_bounded() {
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let many = names.iter().map(|name| (name.as_str(), ""));
        assert_eq!(Request::read(many), Err(RequestError::TooMany));
    }
}
