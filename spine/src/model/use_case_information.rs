//! UseCaseInformation: the use cases that an entity plays a part in (RS, UseCaseInformation).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::{Id, Record};

use super::FeatureAddress;

/// The name of a use case, as `limitationOfPowerConsumption`.
///
/// The standard lists none: they are those of the use case documents.
#[derive(Clone, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct UseCaseName(pub Box<str>);

impl From<&str> for UseCaseName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

/// The name of an actor, as `EnergyGuard`.
///
/// The standard lists none: they are those of the use case documents, and peers get them wrong.
#[derive(Clone, Debug, Eq, Hash, Id, Ord, PartialEq, PartialOrd)]
pub struct UseCaseActor(pub Box<str>);

impl From<&str> for UseCaseActor {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

/// One use case and how far it is supported.
#[derive(Clone, Default, PartialEq, Record)]
pub struct UseCaseSupport {
    pub use_case_name: Option<UseCaseName>,
    /// As `1.0.1`; peers send suffixes such as `1.0.1b`.
    pub use_case_version: Option<String>,
    /// Absent: true. Only meaningful from the client's actor (IG 2.2).
    pub use_case_available: Option<bool>,
    /// The numbers of the supported scenarios.
    pub scenario_support: Vec<u32>,
    /// `release` for a released document. Older peers leave it out.
    pub use_case_document_sub_revision: Option<String>,
}

/// An actor and the use cases in which an entity plays it.
#[derive(Clone, Default, PartialEq, Record)]
pub struct UseCaseInformationData {
    /// The entity that plays the actor. Older peers leave out the entity or the whole address: then
    /// it is somewhere on the device.
    pub address: Option<FeatureAddress>,
    pub actor: Option<UseCaseActor>,
    pub use_case_support: Vec<UseCaseSupport>,
}
