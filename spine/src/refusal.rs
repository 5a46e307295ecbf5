//! What a peer is told when the answer is no.

use alloc::borrow::Cow;
use core::fmt;

use crate::model::{ErrorNumber, ResultData};

/// A refusal: becomes a `resultData` with an error number (RS 3.11).
///
/// A peer's mistake is no error of ours. Whoever handles a message returns a refusal, and the
/// engine answers with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The number of the standard, never zero.
    pub number: ErrorNumber,
    /// For humans.
    pub why: Cow<'static, str>,
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $number:literal),* $(,)?) => {
        impl Refusal {$(
            $(#[$doc])*
            pub fn $name(why: impl Into<Cow<'static, str>>) -> Self {
                Self { number: ErrorNumber($number), why: why.into() }
            }
        )*}
    };
}

refusals! {
    /// Anything without a better number.
    general = 1,
    /// A decision could not be reached in time.
    timeout = 2,
    /// A limit of resources was hit.
    overload = 3,
    /// Entity or feature of the destination does not exist.
    destination_unknown = 4,
    /// The destination is not this device.
    destination_unreachable = 5,
    /// An unknown function, or one that is not offered here.
    not_supported = 6,
    /// Valid but refused.
    rejected = 7,
    /// This combination of filters is not supported.
    exchange_not_supported = 8,
    /// A write without the binding that it needs.
    binding_necessary = 9,
}

impl Refusal {
    /// What an answer says; an absent number is a general error.
    pub fn of(result: &ResultData) -> Result<(), Self> {
        match result.error_number {
            Some(ErrorNumber(0)) => Ok(()),
            number => Err(Self {
                number: number.unwrap_or(ErrorNumber(1)),
                why: Cow::Owned(result.description.clone().unwrap_or_default()),
            }),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The text may be a peer's: it must not write lines of its own into a log.
        write!(f, "error {}", self.number.0)?;
        if !self.why.is_empty() {
            f.write_str(": ")?;
            for c in self.why.chars().take(200) {
                write!(f, "{}", c.escape_debug())?;
            }
        }
        Ok(())
    }
}

impl core::error::Error for Refusal {}
