//! DeviceClassification: the name plate of a device or entity (RS, DeviceClassification).

use alloc::boxed::Box;
use alloc::string::String;

use eebus_json::{Record, Word};

/// How the device is fed.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Word)]
pub enum PowerSource {
    Unknown,
    MainsSinglePhase,
    /// Three phases of the mains.
    Mains3Phase,
    Battery,
    Dc,
    Other(Box<str>),
}

/// What the manufacturer says; each text has at most 256 characters.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceClassificationManufacturerData {
    /// The name of the product.
    pub device_name: Option<String>,
    /// The number of the product.
    pub device_code: Option<String>,
    pub serial_number: Option<String>,
    pub software_revision: Option<String>,
    pub hardware_revision: Option<String>,
    /// Who is responsible for the device.
    pub vendor_name: Option<String>,
    pub vendor_code: Option<String>,
    /// Under which brand it is sold.
    pub brand_name: Option<String>,
    pub power_source: Option<PowerSource>,
    /// What tells this device from all others of the manufacturer.
    pub manufacturer_node_identification: Option<String>,
    pub manufacturer_label: Option<String>,
    /// At most 4096 characters.
    pub manufacturer_description: Option<String>,
}

/// What the user says.
#[derive(Clone, Default, PartialEq, Record)]
pub struct DeviceClassificationUserData {
    pub user_node_identification: Option<String>,
    /// The name that the user gave the device, at most 256 characters.
    pub user_label: Option<String>,
    /// At most 4096 characters.
    pub user_description: Option<String>,
}
