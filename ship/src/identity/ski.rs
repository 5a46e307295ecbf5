//! The subject key identifier, which is what trust is pinned to (SHIP 1.1.0 §12.2).

use core::fmt;
use core::str::FromStr;

use sha1::{Digest, Sha1};

use super::hex;

/// Subject key identifier: SHA-1 over the public key of a node.
///
/// For a key on secp256r1 that is the uncompressed point of 65 octets. SKIs are ordered as the
/// unsigned numbers that they are; the order decides between double connections (§12.2.3).
///
/// ```
/// use ship::Ski;
///
/// let label: Ski = "B552 28FC 75F6 01DA 794F F2F9 741C F699 910F C9C9".parse()?;
/// assert_eq!(label.to_string(), "b55228fc75f601da794ff2f9741cf699910fc9c9");
/// assert_eq!(format!("{label:#}"), "b552 28fc 75f6 01da 794f f2f9 741c f699 910f c9c9");
/// # Ok::<(), ship::identity::ParseSkiError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ski([u8; 20]);

impl Ski {
    /// The SKI of these octets.
    pub const fn new(octets: [u8; 20]) -> Self {
        Self(octets)
    }

    /// The SKI of a public key: the value of its BIT STRING, for a key on an elliptic curve the
    /// uncompressed point.
    pub fn of_key(key: &[u8]) -> Self {
        Self(Sha1::digest(key).into())
    }

    /// The octets.
    pub const fn as_octets(&self) -> &[u8; 20] {
        &self.0
    }
}

/// 40 lower-case digits, the form of the field; `{:#}` puts them in groups of four, as on a label.
impl fmt::Display for Ski {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, pair) in self.0.chunks(2).enumerate() {
            if i > 0 && f.alternate() {
                f.write_str(" ")?;
            }
            write!(f, "{:02x}{:02x}", pair[0], pair[1])?;
        }
        Ok(())
    }
}

impl fmt::Debug for Ski {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ski({self})")
    }
}

/// A text that is no SKI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParseSkiError;

impl fmt::Display for ParseSkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an SKI is 40 hexadecimal digits")
    }
}

impl core::error::Error for ParseSkiError {}

/// Accepts what people and devices write: either case, with spaces, colons or hyphens between.
impl FromStr for Ski {
    type Err = ParseSkiError;

    fn from_str(text: &str) -> Result<Self, ParseSkiError> {
        hex::octets(text).map(Self).ok_or(ParseSkiError)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::*;

    const TEXT: &str = "b55228fc75f601da794ff2f9741cf699910fc9c9";
    const POINT: &str = "0459698628ab3bcc46924ccc57476b8e7ed7a21dbce48b2cb4a565b32e8b3c784933e95dbebb8f694b896a1f972c0f31a5301084426fb1af67ab3a87f48b016e09";

    #[test]
    fn it_is_the_hash_of_the_point() {
        let point: Vec<u8> = (0..POINT.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&POINT[i..i + 2], 16).expect("hex"))
            .collect();
        assert_eq!(Ski::of_key(&point).to_string(), TEXT);
    }

    #[test]
    fn it_is_read_in_any_case_and_grouping_and_shown_in_lower_case() {
        let ski: Ski = TEXT.parse().expect("an SKI");
        for text in [
            TEXT.to_uppercase(),
            format!("{ski:#}"),
            format!(" {ski:#}\n").to_uppercase(),
            "B5:52:28:FC:75:F6:01:DA:79:4F:F2:F9:74:1C:F6:99:91:0F:C9:C9".into(),
            "b55228fc-75f601da-794ff2f9-741cf699-910fc9c9".into(),
        ] {
            assert_eq!(text.parse(), Ok(ski), "{text}");
        }
        assert_eq!(ski.to_string(), TEXT);
        assert_eq!(format!("{ski:?}"), format!("Ski({TEXT})"));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "b552", &TEXT[1..], &format!("{TEXT}0"), &TEXT.replace('b', "g"), "é"] {
            assert_eq!(text.parse::<Ski>(), Err(ParseSkiError), "{text}");
        }
    }

    #[test]
    fn it_is_ordered_as_a_number() {
        let small = Ski::new([0; 20]);
        let mut octets = [0xff; 20];
        octets[0] = 1;
        let middle = Ski::new(octets);
        octets[0] = 0x80;
        octets[1..].fill(0);
        assert!(small < middle && middle < Ski::new(octets));
    }
}
