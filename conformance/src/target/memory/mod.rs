//! Our own devices in this process: the whole of them but the sockets.
//!
//! Hardware model, use cases, engine and SHIP node run as they do in the programs; TLS and
//! WebSocket run over a stream in memory. All of it reads tokio's clock, which the runner pauses.

mod charger;
mod manager;

use core::fmt;

use ship::Role;
use ship::net::{Handle, TrustError};
use tokio::io::{DuplexStream, duplex};

use super::Sheet;
use crate::device::{Action, Look};
use crate::tester::identity::Ski;
use crate::tester::{Step, Stop, fail};
use charger::Charger;
use manager::Manager;

/// What the stream holds in each direction, about as much as a socket.
const BUFFER: usize = 64 * 1024;

/// A device in memory.
pub struct Memory {
    node: Handle,
    kind: Kind,
    pub(super) sheet: Sheet,
}

enum Kind {
    Charger(Charger),
    Manager(Manager),
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("ski", &self.node.ski()).finish_non_exhaustive()
    }
}

impl Memory {
    /// A charger out of the box that trusts the tool. Nobody has plugged in a car.
    pub async fn charger(trusted: Ski) -> Self {
        let (node, ship_id, charger) = Charger::start(own(trusted)).await;
        Self::new(node, ship_id, Kind::Charger(charger))
    }

    /// An energy manager that trusts the tool and limits nothing.
    pub async fn manager(trusted: Ski) -> Self {
        let (node, ship_id, manager) = Manager::start(own(trusted)).await;
        Self::new(node, ship_id, Kind::Manager(manager))
    }

    fn new(node: Handle, ship_id: String, kind: Kind) -> Self {
        Self { node, kind, sheet: Sheet { ship_id: Some(ship_id), ..Sheet::default() } }
    }

    /// The tool opens a connection.
    pub(super) async fn dial(&self) -> Step<DuplexStream> {
        self.attach(Role::Server, None).await
    }

    /// The device opens a connection to the tool.
    pub(super) async fn accept(&self, tool: Ski) -> Step<DuplexStream> {
        self.attach(Role::Client, Some(own(tool))).await
    }

    async fn attach(&self, role: Role, expected: Option<ship::Ski>) -> Step<DuplexStream> {
        let (ours, its) = duplex(BUFFER);
        if self.node.attach(its, role, expected, "test-tool.local:4712").await {
            Ok(ours)
        } else {
            fail("the device has stopped")
        }
    }

    pub(super) async fn act(&self, action: &Action) -> Step {
        match (action, &self.kind) {
            (Action::Trust(ski), _) => decided(self.node.trust(own(*ski)).await),
            (Action::Untrust(ski), _) => decided(self.node.untrust(own(*ski)).await),
            (Action::Plug, Kind::Charger(charger)) => charger.plug(),
            (Action::Unplug, Kind::Charger(charger)) => charger.unplug(),
            (Action::Limit(limits), Kind::Manager(manager)) => manager.limit(*limits).await,
            _ => Err(Stop::NotApplicable(format!("the device has no way to \"{action}\""))),
        }
    }

    pub(super) fn look(&self, look: Look) -> Step<Vec<u32>> {
        match (look, &self.kind) {
            (Look::Offered, Kind::Charger(charger)) => Ok(charger.offered()),
            (Look::Drawn, Kind::Charger(charger)) => charger.drawn(),
            (Look::Measured, Kind::Manager(manager)) => Ok(manager.measured()),
            _ => Err(Stop::NotApplicable(format!("the device has nothing {look}"))),
        }
    }
}

/// The tool's SKI as ours.
const fn own(ski: Ski) -> ship::Ski {
    ship::Ski::new(ski.0)
}

fn decided(decision: Result<(), TrustError>) -> Step {
    decision.or_else(|error| fail(format!("the device does not keep the decision: {error}")))
}
