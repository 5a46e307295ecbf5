//! OPEV: an energy guard protects a fuse by curtailing the charging current of a vehicle.
//!
//! Three scenarios: the limit on each phase ([OPEV-001] to [OPEV-004]), the heartbeat that says
//! that the guard still watches ([OPEV-005], [OPEV-006]), and its own state ([OPEV-007],
//! [OPEV-008]). A guard that falls silent or fails leaves the vehicle with a safe current, which
//! overloads nothing even if nobody watches.

mod ends;
mod ev;
mod guard;
mod trust;

#[cfg(test)]
mod tests;

pub use super::parts::{CurrentRange, Limit, Unwritable};
pub use ev::{Ev, Fact, Written};
pub use guard::{Answer, Guard, limits};
pub use trust::{Ceiling, Config, State};

use core::time::Duration;

use super::Play;
use super::describe::{Actor, Support::*, UseCase, reads, scenario, writes};
use crate::model::{EntityType, Function as F};

const VEHICLE: usize = 0;
const MANAGER: usize = 1;

/// The use case.
pub static OPEV: UseCase = UseCase {
    name: "overloadProtectionByEvChargingCurrentCurtailment",
    aliases: &[],
    version: "1.0.1",
    revision: "release",
    actors: [
        Actor { name: "EV", aliases: &[], on: &[EntityType::EV] },
        Actor { name: "CEM", aliases: &["EnergyGuard"], on: &[EntityType::CEM] },
    ],
    scenarios: &[
        scenario(1, "curtailment", [Must, Must]).data(&[
            reads(VEHICLE, F::ElectricalConnectionParameterDescriptionListData),
            reads(VEHICLE, F::ElectricalConnectionPermittedValueSetListData),
            reads(VEHICLE, F::LoadControlLimitDescriptionListData),
            reads(VEHICLE, F::LoadControlLimitConstraintsListData),
            writes(VEHICLE, F::LoadControlLimitListData),
        ]),
        scenario(2, "heartbeat", [Must, Must])
            .data(&[reads(MANAGER, F::DeviceDiagnosisHeartbeatData)]),
        scenario(3, "error state", [Must, Must])
            .data(&[reads(MANAGER, F::DeviceDiagnosisStateData)]),
    ],
};

/// The vehicle.
pub const EV: Play = OPEV.play(VEHICLE);
/// The energy guard.
pub const GUARD: Play = OPEV.play(MANAGER);

/// The longest silence of a guard ([OPEV-005]), which it promises not to exceed.
const SILENCE: Duration = Duration::from_secs(4);
