//! One actor of one use case: what follows from the description for the side that plays it.

use alloc::vec::Vec;

use super::describe::{Actor, Row, Scenario, Support, UseCase, feature_of};
use crate::device::{Acceptance, EntityPlan, Operations, UseCaseClaim};
use crate::model::Role;

/// An actor of a use case, and the scenarios in which it is played.
///
/// ```
/// use spine::device::EntityPlan;
/// use spine::model::EntityType;
/// use spine::usecases::{evcc, opev};
///
/// let mut plan = EntityPlan::new(EntityType::CEM);
/// for play in [evcc::CEM, opev::GUARD] {
///     play.plan(&mut plan);
/// }
/// // A DeviceDiagnosis server for the guard's heartbeat, and a client each for LoadControl,
/// // DeviceConfiguration, ElectricalConnection and the vehicle's DeviceDiagnosis.
/// assert_eq!(plan.features.len(), 5);
/// assert_eq!(plan.use_cases.len(), 2);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Play {
    /// The use case.
    pub use_case: &'static UseCase,
    /// Which of its two actors.
    pub actor: usize,
    /// The scenarios that are played; all of them if none are named.
    pub(super) only: Option<&'static [u32]>,
}

impl Play {
    /// In these scenarios only.
    pub const fn in_scenarios(self, only: &'static [u32]) -> Self {
        Self { only: Some(only), ..self }
    }

    /// The scenarios that are played.
    pub fn scenarios(&self) -> impl Iterator<Item = &'static Scenario> + use<> {
        let only = self.only;
        self.use_case
            .scenarios
            .iter()
            .filter(move |scenario| only.is_none_or(|only| only.contains(&scenario.number)))
    }

    /// Whether all that the document demands of this actor is played.
    pub fn is_complete(&self) -> bool {
        self.use_case
            .scenarios
            .iter()
            .filter(|scenario| scenario.support[self.actor] == Support::Must)
            .all(|must| self.scenarios().any(|scenario| scenario.number == must.number))
    }

    /// Adds to an entity what this actor needs: server features for what it owns, client features
    /// for what it uses, and the announcement. What other use cases share is planned once.
    ///
    /// Writes of peers are the application's to decide (see [`Acceptance::Application`]): whoever
    /// serves the use case answers them.
    pub fn plan(&self, plan: &mut EntityPlan) {
        for row in self.scenarios().flat_map(|scenario| scenario.data) {
            let kind = feature_of(row.function);
            if row.owner != self.actor {
                plan.feature(&kind, Role::Client);
                continue;
            }
            let served = plan.feature(&kind, Role::Server).serve(row.function, operations(*row));
            if row.is_written {
                served.acceptance = Acceptance::Application;
            }
        }
        let claim = self.claim();
        plan.use_cases.retain(|other| (&other.actor, &other.name) != (&claim.actor, &claim.name));
        plan.use_cases.push(claim);
    }

    /// What is announced of it.
    pub fn claim(&self) -> UseCaseClaim {
        UseCaseClaim {
            actor: self.actor().name.into(),
            name: self.use_case.name.into(),
            version: self.use_case.version,
            revision: self.use_case.revision,
            scenarios: self.scenarios().map(|scenario| scenario.number).collect(),
        }
    }

    /// This side.
    pub const fn actor(&self) -> &'static Actor {
        &self.use_case.actors[self.actor]
    }

    /// The other side.
    pub const fn counterpart(&self) -> &'static Actor {
        &self.use_case.actors[1 - self.actor]
    }

    /// Whether the other side is the one whose data the use case is about.
    pub(super) const fn serves_counterpart(&self) -> bool {
        self.actor == 1
    }

    /// What this side uses of a partner that supports these scenarios, in the order of the table.
    pub(super) fn uses(&self, scenarios: &[u32]) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let supported = self.scenarios().filter(|s| scenarios.contains(&s.number));
        for row in supported.flat_map(|scenario| scenario.data) {
            if row.owner != self.actor && !rows.contains(row) {
                rows.push(*row);
            }
        }
        rows
    }
}

fn operations(row: Row) -> Operations {
    match (row.is_written, row.function.has_identifiers()) {
        (false, _) => Operations::READ,
        // Without identifiers a part cannot be named (PS 5.3.4.1).
        (true, false) => Operations { write: true, ..Operations::READ },
        (true, true) => Operations::READ_WRITE,
    }
}
