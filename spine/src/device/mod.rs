//! Devices: our own, which serves data, and the peers', as their discovery describes them.
//!
//! A device consists of entities, an entity of features, a feature of functions (RS 2). Entity
//! `[0]` is the device itself; its feature 0 is the NodeManagement, by which devices get to know
//! each other.

mod local;
mod plan;
mod remote;

pub use local::{Acceptance, LocalDevice, LocalEntity, LocalFeature, LocalFunction};
pub use plan::{EntityPlan, FeaturePlan, FunctionPlan, Operations, UseCaseClaim};
pub use remote::{RemoteDevice, RemoteEntity, RemoteFeature};

pub(crate) use remote::Change;

use crate::model::FeatureAddress;

/// The path of the entity that is the device itself.
pub const DEVICE_ENTITY: &[u32] = &[0];

/// Whether an address is that of a NodeManagement.
pub(crate) fn is_node_management(address: &FeatureAddress) -> bool {
    address.entity == DEVICE_ENTITY && address.feature == Some(0)
}
