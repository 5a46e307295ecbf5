//! What the device that is asked for trust and who may ask for it have in common
//! (Pairing Service 1.0.0 §7.3).

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use zeroize::Zeroize;

use crate::identity::hex;

/// 16 random octets, printed on the device as `SPSEC`: who knows them may have it trust him.
///
/// Never shown but by [`Secret::reveal`], and wiped from memory when it is dropped.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret([u8; 16]);

impl Secret {
    /// The secret of these octets, which have to come from a generator that nobody can predict:
    /// not from a serial number or an SKI.
    pub const fn new(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// A new secret, for the label of one device.
    #[cfg(feature = "tokio")]
    pub fn create() -> Result<Self, crate::identity::RandomError> {
        crate::identity::random().map(Self)
    }

    /// The octets.
    pub(crate) fn octets(&self) -> &[u8; 16] {
        &self.0
    }

    /// 32 upper-case digits, for the label or a QR text.
    pub fn reveal(&self) -> String {
        let mut text = String::with_capacity(32);
        // A String takes everything.
        let _ = hex::upper(&self.0, &mut text);
        text
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Shows nothing.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A text that is no secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParseSecretError;

impl fmt::Display for ParseSecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pairing secret is 32 hexadecimal digits")
    }
}

impl core::error::Error for ParseSecretError {}

/// Either case, with spaces between, as people type it.
impl FromStr for Secret {
    type Err = ParseSecretError;

    fn from_str(text: &str) -> Result<Self, ParseSecretError> {
        hex::octets(text).map(Self).ok_or(ParseSecretError)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn it_is_read_in_either_case_and_does_not_show() {
        let text = "7A37DCF81BDB50F8E92CFA4160CCB3DE";
        let secret: Secret = text.to_lowercase().parse().expect("32 digits");
        assert_eq!(secret.reveal(), text);
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!("7A37".parse::<Secret>(), Err(ParseSecretError));
    }
}
