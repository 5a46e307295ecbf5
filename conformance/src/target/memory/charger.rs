//! The reference charger on its simulator.

use eebus_charger::clock::Clock;
use eebus_charger::core::units::PhaseCurrents;
use eebus_charger::eebus::{self, Eebus};
use eebus_charger::ending::Ending;
use eebus_charger::hardware::simulator::{Remote, Setup, Simulated, Simulator};
use eebus_charger::port;
use eebus_charger::store::{Notebook, Settings, StateDir};
use ship::Ski;
use ship::identity::Identity;
use ship::net::Handle;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::tester::{Step, fail};

/// The charger and what is needed to use it.
pub(super) struct Charger {
    charger: port::Handle,
    remote: Remote,
    /// The charger ends when this is gone.
    _ending: watch::Sender<bool>,
    _state: TempDir,
}

impl Charger {
    /// A charger out of the box, its SHIP node and its SHIP ID.
    pub(super) async fn start(trusted: Ski) -> (Handle, String, Self) {
        let state = tempfile::tempdir().expect("a temporary folder");
        let dir = StateDir::open(state.path()).expect("a fresh folder");
        let notebook = Notebook::open(dir).expect("a fresh folder");
        let clock = Clock::start();
        let setup = Setup { plug_after: None, ..Setup::default() };
        let (board, remote) = Simulated::new(Simulator::new(setup, clock.now()));
        let settings = Settings::default();
        let config = port::config(setup.capabilities, setup.supply, &settings, &notebook);
        let (port, hub, charger) = port::assemble(config, board, notebook, clock);
        tokio::spawn(port.drive());
        tokio::spawn(hub.run());

        let identity = Identity::create("charger under test").expect("the system has randomness");
        let mut config = eebus::config(identity);
        config.trust.trust(trusted).expect("there is room for one");
        let ship_id = config.settings.ship_id.to_string();
        let Eebus { ship, task, .. } =
            eebus::assemble(config, charger.clone()).await.expect("nothing can be taken");
        let (ending, begins) = watch::channel(false);
        tokio::spawn(task.run(Ending::new(begins)));
        (ship, ship_id, Self { charger, remote, _ending: ending, _state: state })
    }

    pub(super) fn plug(&self) -> Step {
        self.remote.plug();
        Ok(())
    }

    pub(super) fn unplug(&self) -> Step {
        self.remote.unplug();
        Ok(())
    }

    pub(super) fn offered(&self) -> Vec<u32> {
        milliamperes(self.charger.status().offered)
    }

    pub(super) fn drawn(&self) -> Step<Vec<u32>> {
        let current = self.charger.status().meter.current;
        current.map_or_else(|| fail("the meter is silent"), |current| Ok(milliamperes(current)))
    }
}

fn milliamperes(PhaseCurrents(currents): PhaseCurrents) -> Vec<u32> {
    currents.iter().map(|current| current.0).collect()
}
