//! The SPINE 1.3.0 resource model: what devices tell each other, class by class.
//!
//! One file per class of the standard, one plain struct per structure. A wire name follows from
//! the Rust name by rule (`limit_id` is `limitId`), and the order of the fields is that of the
//! schema. `#[key]` marks what identifies an entry, `#[guard]` the flag that permits a peer's
//! writes to it; there is no other metadata.
//!
//! - Nearly every element is `Option`, because restricted exchange sends any part of a structure.
//!   What a message needs is a rule of its function or use case, not of the type.
//! - Enumerations keep unknown words in `Other`, since newer peers send newer words. Without that
//!   variant the list is closed, and an unknown word spoils its element.
//! - Times stay the text that was received and are read on demand; numbers are exact.
//! - Where the schema narrows a structure inside another one, the structure itself is used: peers
//!   send elements that the narrow form lacks. What is not to be sent is simply left out.
//! - [`Payload`] joins every function with its data.

#![allow(
    missing_docs,
    reason = "types are documented; an element or word whose name says it all is not"
)]

mod actuator_level;
mod actuator_switch;
mod alarm;
mod bill;
mod binding_management;
mod command_frame;
mod common;
mod data_tunneling;
mod datagram;
mod device_classification;
mod device_configuration;
mod device_diagnosis;
mod direct_control;
mod electrical_connection;
mod features;
mod filter;
mod hvac;
mod identification;
mod incentive_table;
mod load_control;
mod measurement;
mod messaging;
mod network_management;
mod node_management;
mod operating_constraints;
mod payload;
mod power_sequences;
mod result;
mod sensing;
mod setpoint;
mod smart_energy_management_ps;
mod state_information;
mod subscription_management;
mod supply_condition;
mod tariff_information;
mod task_management;
mod threshold;
mod time_information;
mod time_series;
mod time_table;
mod use_case_information;
mod version;

pub use actuator_level::*;
pub use actuator_switch::*;
pub use alarm::*;
pub use bill::*;
pub use binding_management::*;
pub use command_frame::*;
pub use common::*;
pub use data_tunneling::*;
pub use datagram::*;
pub use device_classification::*;
pub use device_configuration::*;
pub use device_diagnosis::*;
pub use direct_control::*;
pub use electrical_connection::*;
pub use filter::*;
pub use hvac::*;
pub use identification::*;
pub use incentive_table::*;
pub use load_control::*;
pub use measurement::*;
pub use messaging::*;
pub use network_management::*;
pub use node_management::*;
pub use operating_constraints::*;
pub use payload::*;
pub use power_sequences::*;
pub use result::*;
pub use sensing::*;
pub use setpoint::*;
pub use smart_energy_management_ps::*;
pub use state_information::*;
pub use subscription_management::*;
pub use supply_condition::*;
pub use tariff_information::*;
pub use task_management::*;
pub use threshold::*;
pub use time_information::*;
pub use time_series::*;
pub use time_table::*;
pub use use_case_information::*;
pub use version::*;
