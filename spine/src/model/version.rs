//! Version: the protocol versions of a device (RS, Version).

use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::Record;

/// The protocol versions that a device understands.
///
/// The one list function whose entries are no structures.
#[derive(Clone, Default, PartialEq, Record)]
pub struct SpecificationVersionListData {
    /// As `1.3.0`.
    pub specification_version_data: Vec<String>,
}
