//! PINs: a second proof that whoever connects has seen the device (SHIP 1.1.0 §12.5, §13.4.4.3).
//!
//! A node that demands a PIN has a [`Lock`]: it counts wrong PINs whoever gives them, and from the
//! third on nobody may try for a while. The count is the node's, not a connection's: who keeps the
//! lock's [`wrong`](Lock::wrong) across restarts makes sure that neither reconnecting nor a power
//! cut buys another try.

mod ask;
mod check;
mod lock;

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use eebus_json::Instant;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

pub(crate) use ask::Ask;
pub(crate) use check::Check;
pub use lock::{Answer, Lock};

/// What a node demands of a peer before data are exchanged (§13.4.4.3).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PinDemand {
    /// Nothing. Almost all products say so, and few can give a PIN.
    #[default]
    None,
    /// Nothing more: the peer with this key has given it before.
    Given,
    /// The PIN, for more than restricted data. Nobody may try before the instant, if there is one.
    Optional(Option<Instant>),
    /// The PIN, before any data. Nobody may try before the instant, if there is one.
    Required(Option<Instant>),
}

/// The most digits that a PIN has.
const MAX: usize = 16;

/// 8 to 16 hexadecimal digits (§13.4.4.3).
///
/// Compared in constant time, shown by nothing but [`Pin::reveal`], and wiped from memory when it
/// is dropped. Either case is read, with spaces or hyphens between, as on a label.
#[derive(Clone)]
pub struct Pin {
    /// Values of the digits; unused ones are 0.
    digits: Box<[u8; MAX]>,
    count: u8,
}

impl Pin {
    /// A new PIN of 16 digits, for the label of one device.
    #[cfg(feature = "tokio")]
    pub fn create() -> Result<Self, crate::identity::RandomError> {
        let octets: [u8; MAX] = crate::identity::random()?;
        Ok(Self { digits: Box::new(octets.map(|octet| octet & 0xf)), count: MAX as u8 })
    }

    /// The digits in upper case: for a label, a QR text, or the peer whose PIN it is.
    pub fn reveal(&self) -> String {
        let digits = self.digits.iter().take(self.count.into());
        digits
            .filter_map(|digit| char::from_digit((*digit).into(), 16))
            .map(|c| c.to_ascii_uppercase())
            .collect()
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

/// In constant time, whatever differs.
impl ConstantTimeEq for Pin {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.digits.ct_eq(&other.digits[..]) & self.count.ct_eq(&other.count)
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Pin {}

/// Shows no digit.
impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// A text that is no PIN.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParsePinError;

impl fmt::Display for ParsePinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PIN is 8 to 16 hexadecimal digits")
    }
}

impl core::error::Error for ParsePinError {}

impl FromStr for Pin {
    type Err = ParsePinError;

    fn from_str(text: &str) -> Result<Self, ParsePinError> {
        let mut pin = Self { digits: Box::new([0; MAX]), count: 0 };
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let digit = c.to_digit(16).ok_or(ParsePinError)?;
            *pin.digits.get_mut(usize::from(pin.count)).ok_or(ParsePinError)? = digit as u8;
            pin.count += 1;
        }
        if pin.count >= 8 { Ok(pin) } else { Err(ParsePinError) }
    }
}

/// What a peer sent as a PIN, wiped once it has been read. `None`: it cannot be one.
pub(crate) fn read(text: Option<String>) -> Option<Pin> {
    let mut text = text?;
    // What is on the wire has nothing between its digits.
    let pin = if text.chars().all(|c| c.is_ascii_hexdigit()) { text.parse().ok() } else { None };
    text.zeroize();
    pin
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    fn pin(text: &str) -> Pin {
        text.parse().expect("a PIN")
    }

    #[test]
    fn it_has_8_to_16_digits_in_either_case_and_any_grouping() {
        for text in ["5f3A01cE", "5F3A 01CE", " 5f3a-01ce\n"] {
            assert_eq!(pin(text).reveal(), "5F3A01CE");
        }
        assert_eq!(pin("0123456789abcdef").reveal(), "0123456789ABCDEF");
        assert_eq!(pin("123456789").reveal(), "123456789");
        for wrong in ["", "1234567", "0123456789abcdef0", "1234567g", "١٢٣٤٥٦٧٨"] {
            assert_eq!(wrong.parse::<Pin>(), Err(ParsePinError), "{wrong}");
        }
    }

    #[test]
    fn every_digit_and_the_length_count() {
        let right = "123456789ABCDEF0";
        assert_eq!(pin(right), pin("123456789abcdef0"));
        for at in 0..right.len() {
            let mut other = right.to_string();
            other.replace_range(at..=at, if &right[at..=at] == "0" { "1" } else { "0" });
            assert_ne!(pin(right), pin(&other), "{other}");
        }
        // A PIN that is padded with zeros is another one.
        assert_ne!(pin("12345678"), pin("123456780"));
        assert_ne!(pin("00000000"), pin("0000000000000000"));
    }

    #[test]
    fn it_does_not_show() {
        assert_eq!(format!("{:?}", pin("5F3A01CE")), "Pin(..)");
    }

    #[test]
    fn what_comes_in_has_nothing_between_its_digits() {
        assert_eq!(read(Some("5f3a01ce".into())), Some(pin("5F3A01CE")));
        for none in [None, Some("5f3a 01ce".into()), Some("5f3a01".into()), Some("x".into())] {
            assert_eq!(read(none), None);
        }
    }
}
