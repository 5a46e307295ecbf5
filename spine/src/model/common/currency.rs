//! Currencies.

use alloc::borrow::Cow;
use core::fmt;

use eebus_json::{Kind, Target, Text, Value, View};

/// A currency, by the three letters of ISO 4217.
///
/// The standard lists 178 of them; the others are `Currency::from("SEK")`. Vendor values are kept
/// as they are.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Currency(Cow<'static, str>);

impl Currency {
    /// Euro.
    pub const EUR: Self = Self(Cow::Borrowed("EUR"));
    /// Pound sterling.
    pub const GBP: Self = Self(Cow::Borrowed("GBP"));
    /// Swiss franc.
    pub const CHF: Self = Self(Cow::Borrowed("CHF"));
    /// United States dollar.
    pub const USD: Self = Self(Cow::Borrowed("USD"));

    /// The letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Currency {
    fn from(letters: &str) -> Self {
        Self(Cow::Owned(letters.into()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Text for Currency {
    fn as_text(&self) -> &str {
        &self.0
    }

    fn set_text(&mut self, text: &str) -> bool {
        *self = text.into();
        true
    }
}

impl Value for Currency {
    const KIND: Kind = Kind::Text;

    fn blank() -> Self {
        Self::EUR
    }

    fn view(&self) -> View<'_> {
        View::Text(&self.0)
    }

    fn target(&mut self) -> Target<'_> {
        Target::Text(self)
    }
}
