//! Addresses: device, entity, feature.

use alloc::boxed::Box;
use alloc::vec::Vec;

use eebus_json::{Id, Record};

/// The address of a device, as `d:_n:ExampleVendor_WB-4711` or `d:_i:32473_Box-7`.
///
/// World-wide unique, stable over restarts, at most 256 characters. The prefix names a vendor
/// (`n:`) or an IANA enterprise number (`i:`). Peers violate the pattern, so a received address is
/// an opaque text; see [`AddressDevice::is_well_formed`] for our own.
#[derive(Clone, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct AddressDevice(pub Box<str>);

impl AddressDevice {
    /// Whether the address may be sent as our own (RS, AddressDeviceType).
    ///
    /// The unique part must not contain characters of the Unicode classes Cc, Cf and Z; what is
    /// beyond ASCII is refused here, which is stricter and needs no tables.
    pub fn is_well_formed(&self) -> bool {
        let Some(rest) = self.0.strip_prefix("d:_") else { return false };
        let Some((vendor, unique)) = rest.split_once('_') else { return false };
        let vendor_fits = match vendor.split_once(':') {
            Some(("i", number)) => {
                !number.starts_with('0')
                    && !number.is_empty()
                    && number.bytes().all(|b| b.is_ascii_digit())
            }
            Some(("n", name)) => {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            }
            _ => false,
        };
        vendor_fits
            && !unique.is_empty()
            && unique.bytes().all(|b| b.is_ascii_graphic())
            && self.0.len() <= 256
    }

    /// Whether a received address can name a peer: not empty, at most 256 characters, without
    /// white space, control and format characters.
    pub fn is_usable(&self) -> bool {
        !self.0.is_empty()
            && self.0.chars().count() <= 256
            && !self.0.chars().any(|c| c.is_whitespace() || c.is_control() || is_format(c))
    }
}

/// The invisible characters that reorder or hide text in a log.
fn is_format(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

impl From<&str> for AddressDevice {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// The address of a device where the standard wants a structure.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Record)]
pub struct DeviceAddress {
    pub device: Option<AddressDevice>,
}

/// The address of an entity: its path from the root of the device.
///
/// `[0]` is the device itself, `[1]` its first entity, `[1, 1]` a child of that. Paths are compared
/// as a whole: `[1]` does not match `[1, 1]`.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Record)]
pub struct EntityAddress {
    /// Absent inside discovery data, where the sender is meant; some peers send it there.
    pub device: Option<AddressDevice>,
    pub entity: Vec<u32>,
}

/// The address of a feature: a number that is unique within its entity.
///
/// The NodeManagement of every device is feature 0 of entity `[0]`.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Record)]
pub struct FeatureAddress {
    /// Absent inside discovery data, and in the destination of the first datagram, when the
    /// address of the peer is not known yet.
    pub device: Option<AddressDevice>,
    pub entity: Vec<u32>,
    pub feature: Option<u32>,
}

impl FeatureAddress {
    /// The entity that the feature belongs to.
    pub fn entity_address(&self) -> EntityAddress {
        EntityAddress { device: self.device.clone(), entity: self.entity.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_addresses_follow_the_pattern() {
        for good in ["d:_i:32473_Box-7", "d:_n:ExampleVendor_WB-4711", "d:_n:a_b_c"] {
            assert!(AddressDevice::from(good).is_well_formed(), "{good}");
        }
        for bad in [
            "EVCC_HEMS",
            "d:_i:EVCC_HEMS-1",
            "d:_i:0123_x",
            "d:_n:Example Vendor_x",
            "d:_n:Vendor_",
            "d:_n:_x",
            "d:_n:Vendor_two words",
            "",
        ] {
            assert!(!AddressDevice::from(bad).is_well_formed(), "{bad}");
        }
        let long = alloc::format!("d:_n:V_{}", "x".repeat(256));
        assert!(!AddressDevice::from(long.as_str()).is_well_formed());
    }

    #[test]
    fn received_addresses_only_have_to_be_usable() {
        assert!(AddressDevice::from("EVCC_HEMS").is_usable());
        for bad in ["", "a b", "a\u{0}", "a\u{2003}b", "a\u{202e}b"] {
            assert!(!AddressDevice::from(bad).is_usable());
        }
    }
}
