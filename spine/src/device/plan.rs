//! What an entity is to consist of, before it exists.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::Acceptance;
use crate::model::{
    EntityType, FeatureType, Function, FunctionProperty, Payload, PossibleOperations,
    PossibleOperationsClassifier, Role, UseCaseActor, UseCaseName,
};
use eebus_json::Tag;

/// An entity to be added to the local device, with all its features: a peer learns of it as a
/// whole.
#[derive(Clone, Debug)]
pub struct EntityPlan {
    /// What it stands for.
    pub kind: EntityType,
    /// The entity that it belongs to; empty for one at the top.
    pub parent: Vec<u32>,
    /// A name for humans, at most 256 characters.
    pub label: Option<String>,
    /// Its features.
    pub features: Vec<FeaturePlan>,
    /// The use cases that it plays a part in.
    pub use_cases: Vec<UseCaseClaim>,
}

/// A feature of a planned entity.
#[derive(Clone, Debug)]
pub struct FeaturePlan {
    /// The standard's type.
    pub kind: FeatureType,
    /// Whether it owns data or uses that of others.
    pub role: Role,
    /// What it serves.
    pub functions: Vec<FunctionPlan>,
    /// How long an answer may take, if longer than 10 s.
    pub max_response_delay: Option<Duration>,
}

/// A function of a planned feature.
#[derive(Clone, Debug)]
pub struct FunctionPlan {
    /// Which one.
    pub function: Function,
    /// What a peer may do with it.
    pub operations: Operations,
    /// What it holds at first.
    pub data: Option<Payload>,
    /// Who decides about writes.
    pub acceptance: Acceptance,
}

/// What a peer may do with a function (`possibleOperations`).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Operations {
    /// Read it.
    pub read: bool,
    /// Read a part of it.
    pub read_partial: bool,
    /// Write it.
    pub write: bool,
    /// Write or delete a part of it.
    pub write_partial: bool,
}

/// A use case that an entity plays a part in.
#[derive(Clone, Debug, PartialEq)]
pub struct UseCaseClaim {
    /// The part.
    pub actor: UseCaseActor,
    /// The use case.
    pub name: UseCaseName,
    /// The version of its document, as `1.0.1`.
    pub version: &'static str,
    /// The status of its document, as `release`.
    pub revision: &'static str,
    /// The scenarios that are supported.
    pub scenarios: Vec<u32>,
}

impl EntityPlan {
    /// An entity without features.
    pub const fn new(kind: EntityType) -> Self {
        Self { kind, parent: Vec::new(), label: None, features: Vec::new(), use_cases: Vec::new() }
    }

    /// As a child of the entity with this path.
    pub fn under(mut self, parent: &[u32]) -> Self {
        self.parent = parent.to_vec();
        self
    }

    /// The feature of this type and role, planned now if it was not: an entity has one at most.
    pub fn feature(&mut self, kind: &FeatureType, role: Role) -> &mut FeaturePlan {
        let found = self.features.iter().position(|f| f.kind == *kind && f.role == role);
        let i = found.unwrap_or_else(|| {
            self.features.push(FeaturePlan {
                kind: kind.clone(),
                role,
                functions: Vec::new(),
                max_response_delay: None,
            });
            self.features.len() - 1
        });
        &mut self.features[i]
    }
}

impl FeaturePlan {
    /// Serves a function; if it is served already, what is allowed adds up.
    pub fn serve(&mut self, function: Function, operations: Operations) -> &mut FunctionPlan {
        let found = self.functions.iter().position(|f| f.function == function);
        let i = found.unwrap_or_else(|| {
            self.functions.push(FunctionPlan {
                function,
                operations: Operations::default(),
                data: None,
                acceptance: Acceptance::Engine,
            });
            self.functions.len() - 1
        });
        let plan = &mut self.functions[i];
        plan.operations = plan.operations.and(operations);
        plan
    }
}

impl Operations {
    /// Nothing: a call, or data that is only ever notified.
    pub const NONE: Self =
        Self { read: false, read_partial: false, write: false, write_partial: false };
    /// Read it as a whole.
    pub const READ: Self = Self { read: true, ..Self::NONE };
    /// Read it as a whole or in part.
    pub const READ_PARTIAL: Self = Self { read_partial: true, ..Self::READ };
    /// Read it as a whole, write it as a whole or in part.
    pub const READ_WRITE: Self = Self { write: true, write_partial: true, ..Self::READ };

    /// What either allows.
    pub const fn and(self, other: Self) -> Self {
        Self {
            read: self.read || other.read,
            read_partial: self.read_partial || other.read_partial,
            write: self.write || other.write,
            write_partial: self.write_partial || other.write_partial,
        }
    }

    pub(crate) fn announced(self) -> PossibleOperations {
        let classifier = |is_offered: bool, is_partial: bool| {
            is_offered.then(|| PossibleOperationsClassifier { partial: is_partial.then_some(Tag) })
        };
        PossibleOperations {
            read: classifier(self.read, self.read_partial),
            write: classifier(self.write, self.write_partial),
        }
    }

    pub(crate) fn of(property: &FunctionProperty) -> Self {
        let Some(possible) = &property.possible_operations else {
            return Self::NONE;
        };
        Self {
            read: possible.read.is_some(),
            read_partial: possible.read.as_ref().is_some_and(|read| read.partial.is_some()),
            write: possible.write.is_some(),
            write_partial: possible.write.as_ref().is_some_and(|write| write.partial.is_some()),
        }
    }
}
