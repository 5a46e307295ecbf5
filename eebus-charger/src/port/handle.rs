//! What everybody else holds of the charger.

use std::sync::Arc;

use ship::Ski;
use tokio::sync::watch;

use super::shared::Shared;
use crate::clock::Clock;
use crate::core::charger::{OpevCeiling, Status};
use crate::core::session::SessionId;
use crate::core::units::MilliAmps;
use crate::store::{self, Memory, Notebook};

/// A handle on a running charger: see what it does, state limits, pause it.
///
/// Stating something takes no lock and returns at once; the port task is woken and has told the
/// board within its next turn.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
    status: watch::Receiver<Arc<Status>>,
    notebook: Notebook,
    clock: Clock,
    safe_current: MilliAmps,
}

impl Handle {
    pub(super) fn new(
        shared: Arc<Shared>,
        status: watch::Receiver<Arc<Status>>,
        notebook: Notebook,
        clock: Clock,
        safe_current: MilliAmps,
    ) -> Self {
        Self { shared, status, notebook, clock, safe_current }
    }

    /// The clock of all moments here.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// What the charger does now.
    pub fn status(&self) -> Arc<Status> {
        self.shared.status()
    }

    /// What the charger does, and how it changes. Energy and durations alone are shown once per
    /// second, everything else as soon as it changes.
    pub fn watch(&self) -> watch::Receiver<Arc<Status>> {
        self.status.clone()
    }

    /// The current that overloads nothing even if nobody watches (CH-600).
    pub fn safe_current(&self) -> MilliAmps {
        self.safe_current
    }

    /// States the ceiling of overload protection for a session (slot `opev`). It replaces what
    /// was stated before and ends with the session; for any other session than the running one
    /// it has no effect.
    ///
    /// Until something is stated for a new session, the safe current applies if a guard is
    /// known, otherwise no limit (CH-565).
    pub fn state_opev(&self, session: SessionId, ceiling: OpevCeiling) {
        self.shared.want(|controls| controls.opev = Some((session, ceiling)));
    }

    /// Whether an energy guard has bound the vehicle's limits since commissioning.
    pub fn is_guard_known(&self) -> bool {
        self.shared.controls().guard_known
    }

    /// Which energy guard that is, as far as it has been kept.
    pub fn guard(&self) -> Option<Ski> {
        self.notebook.memory().guard
    }

    /// States whether an energy guard is known: `true` once it has bound the vehicle's limits,
    /// `false` when it is unpaired (CH-565). [`Self::keep_guard`] keeps that over a restart.
    pub fn set_guard_known(&self, known: bool) {
        self.shared.want(|controls| controls.guard_known = known);
    }

    /// Keeps over restarts which energy guard is known, if any. Disks are slow: nothing that a
    /// limit depends on may wait for it.
    ///
    /// # Errors
    ///
    /// If it cannot be stored. After a restart everything is as it was kept before.
    pub async fn keep_guard(&self, guard: Option<Ski>) -> Result<(), store::Error> {
        let keep = move |memory: &mut Memory| {
            memory.guard_known = guard.is_some();
            memory.guard = guard;
        };
        self.notebook.change(keep).await
    }

    /// The user pauses the running session; without a vehicle the next one.
    pub fn pause(&self) {
        let session = self.status().next_or_running;
        self.shared.want(|controls| controls.paused = Some(session));
    }

    /// The user lets the session go on.
    pub fn resume(&self) {
        self.shared.want(|controls| controls.paused = None);
    }

    /// Ends the port task: it leaves the board at the safe current at most.
    pub fn stop(&self) {
        self.shared.stop();
    }
}
