//! The fingerprint of a certificate (SHIP 1.1.0 §12.1, Pairing Service 1.0.0 §10.2).

use core::fmt;
use core::str::FromStr;

use sha2::{Digest, Sha256};

use super::hex;

/// SHA-256 over a complete certificate in DER.
///
/// Another certificate for the same key has another fingerprint and the same [`Ski`](super::Ski).
/// Written as 64 upper-case digits; either case, with spaces or colons between, is read.
///
/// ```
/// use ship::identity::Fingerprint;
///
/// let shown = Fingerprint::of_certificate(b"DER").to_string();
/// assert_eq!(shown.to_lowercase().parse(), Ok(Fingerprint::of_certificate(b"DER")));
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of these octets.
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The fingerprint of a certificate in DER.
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// The octets.
    pub const fn as_octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::upper(&self.0, f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParseFingerprintError;

impl fmt::Display for ParseFingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint is 64 hexadecimal digits")
    }
}

impl core::error::Error for ParseFingerprintError {}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, ParseFingerprintError> {
        hex::octets(text).map(Self).ok_or(ParseFingerprintError)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn it_is_written_in_upper_case_and_read_in_either() {
        let text = "40B5453FCDAF190DD91E2D7514C8F12E0CF09F3EF46470A5704F068B3B9B0782";
        let fingerprint: Fingerprint = text.parse().expect("64 digits");
        assert_eq!(fingerprint.to_string(), text);
        assert_eq!(text.to_lowercase().parse(), Ok(fingerprint));
        for wrong in ["", &text[1..], &text.replace('B', "G"), &(text.to_string() + "0")] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(ParseFingerprintError), "{wrong}");
        }
    }
}
