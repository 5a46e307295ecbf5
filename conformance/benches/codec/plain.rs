//! The content of the three messages as structs with derived code for ordinary JSON: what anybody
//! would write who has no wire format to care about. Words are texts.

use serde::{Deserialize, Serialize};

/// Structs whose fields are optional and, if absent, left out.
macro_rules! plain {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {$(
        #[derive(Deserialize, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name {
            $(
                #[serde(skip_serializing_if = "Option::is_none")]
                $field: Option<$type>,
            )*
        }
    )*};
}

plain! {
    Frame { data: Data, }
    Data { header: ShipHeader, payload: Payload, }
    ShipHeader { protocol_id: String, }
    Payload { datagram: Datagram, }
    Datagram { header: Header, payload: Commands, }
    Header {
        specification_version: String,
        address_source: Address,
        address_destination: Address,
        msg_counter: u64,
        msg_counter_reference: u64,
        cmd_classifier: String,
        ack_request: bool,
    }
    Address { device: String, entity: Vec<u32>, feature: u32, }
    Commands { cmd: Vec<Cmd>, }
    Cmd {
        function: String,
        filter: Vec<Filter>,
        node_management_detailed_discovery_data: Discovery,
        measurement_list_data: Measurements,
        load_control_limit_list_data: Limits,
    }
    Filter { cmd_control: CmdControl, }
    CmdControl { delete: Tag, partial: Tag, }
    Tag {}

    Measurements { measurement_data: Vec<Measurement>, }
    Measurement {
        measurement_id: u32,
        value_type: String,
        timestamp: String,
        value: ScaledNumber,
        value_source: String,
    }
    ScaledNumber { number: i64, scale: i16, }

    Limits { load_control_limit_data: Vec<Limit>, }
    Limit { limit_id: u32, is_limit_active: bool, value: ScaledNumber, }

    Discovery {
        specification_version_list: Versions,
        device_information: Device,
        entity_information: Vec<Entity>,
        feature_information: Vec<Feature>,
    }
    Versions { specification_version: Vec<String>, }
    Device { description: DeviceDescription, }
    DeviceDescription {
        device_address: Address,
        device_type: String,
        network_feature_set: String,
    }
    Entity { description: EntityDescription, }
    EntityDescription { entity_address: Address, entity_type: String, description: String, }
    Feature { description: FeatureDescription, }
    FeatureDescription {
        feature_address: Address,
        feature_type: String,
        specific_usage: Vec<String>,
        role: String,
        supported_function: Vec<SupportedFunction>,
        description: String,
    }
    SupportedFunction { function: String, possible_operations: Operations, }
    Operations { read: Operation, write: Operation, }
    Operation { partial: Tag, }
}
