//! Octets as text.

use alloc::boxed::Box;

use eebus_json::Id;

/// Octets in hexadecimal digits (xs:hexBinary); kept as received.
#[derive(Clone, Debug, Eq, Hash, Id, PartialEq)]
pub struct HexBinary(pub Box<str>);
