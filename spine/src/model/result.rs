//! Result: how a read, write or call went (RS 3.11).

use alloc::string::String;

use eebus_json::{Id, Record};

/// What became of a message.
///
/// A number that is none of these is an error all the same; keep it.
#[derive(Clone, Copy, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct ErrorNumber(pub u32);

impl ErrorNumber {
    /// Success.
    pub const NO_ERROR: Self = Self(0);
    /// Anything without a better number: undecodable data, two commands, a refused version.
    pub const GENERAL_ERROR: Self = Self(1);
    /// A decision was not reached in time.
    pub const TIMEOUT: Self = Self(2);
    /// A bound was hit: too many relations, pending writes, entries.
    pub const OVERLOAD: Self = Self(3);
    /// There is no such entity or feature.
    pub const DESTINATION_UNKNOWN: Self = Self(4);
    /// The message is for another device.
    pub const DESTINATION_UNREACHABLE: Self = Self(5);
    /// Unknown function, or not for this feature.
    pub const COMMAND_NOT_SUPPORTED: Self = Self(6);
    /// Valid, but refused: not changeable, out of range, the application said no.
    pub const COMMAND_REJECTED: Self = Self(7);
    /// This combination of filters is not served.
    pub const RESTRICTION_NOT_SUPPORTED: Self = Self(8);
    /// A write needs a binding.
    pub const BINDING_REQUIRED: Self = Self(9);
}

/// The answer to a message that has no data of its own, or that failed.
#[derive(Clone, Default, PartialEq, Record)]
pub struct ResultData {
    /// Absent: a general error.
    pub error_number: Option<ErrorNumber>,
    /// For humans, at most 4096 characters; never to be parsed.
    pub description: Option<String>,
}
