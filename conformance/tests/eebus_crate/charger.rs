//! Our charger, as it is out of the box, with somebody who watches its pilot.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use eebus_charger::core::units::{MilliAmps, PhaseCurrents};
use eebus_charger::hardware::simulator::Setup;
use eebus_charger::port::Handle;
use eebus_charger::run::{self, Network, Options};
use ship::Ski;
use tempfile::TempDir;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A charger that runs.
pub(crate) struct Charger {
    pub(crate) address: SocketAddr,
    handle: Handle,
    pilot: UnboundedReceiver<MilliAmps>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), run::Error>>,
    _dir: TempDir,
}

/// A place for the state of a charger, and who that charger will be.
pub(crate) fn place() -> (TempDir, Ski) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let identity = run::identity(dir.path()).expect("it is created");
    let ski = identity.ski();
    (dir, ski)
}

impl Charger {
    /// Starts a charger that trusts a peer. A car is plugged in after a second, so that the peer
    /// sees it come; it charges ten times as fast as others.
    pub(crate) async fn start(dir: TempDir, trust: Ski, dial: Option<SocketAddr>) -> Self {
        let (changed, pilot) = mpsc::unbounded_channel();
        let options = Options {
            state_dir: dir.path().to_owned(),
            simulator: Setup {
                plug_after: Some(Duration::from_secs(1)),
                speed: 10,
                ..Setup::default()
            },
            probe: Some(Box::new(move |change| {
                // At the end of a test nobody watches any more.
                let _ = changed.send(change.offered);
            })),
            web: None,
            network: Network {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                dial: dial.into_iter().collect(),
                trust: vec![trust],
                announce: false,
                browse: false,
                capture: None,
            },
        };
        let charger = run::start(options).await.expect("it has what it needs");
        let (address, handle) = (charger.address, charger.charger.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(charger.until(async { drop(stopped.await) }));
        Self { address, handle, pilot, stop, running, _dir: dir }
    }

    /// The pilot comes to offer this.
    pub(crate) async fn offers(&mut self, limit: MilliAmps, within: Duration) {
        let reached =
            async { while self.pilot.recv().await.expect("the board is there") != limit {} };
        timeout(within, reached).await.unwrap_or_else(|_| panic!("not within {within:?}: {limit}"));
    }

    /// The car comes to draw this on each phase, less the pilot's rounding.
    pub(crate) async fn feeds(&self, current: MilliAmps, within: Duration) {
        let mut status = self.handle.watch();
        let reached = status.wait_for(|status| {
            let near = current.0.saturating_sub(10)..=current.0;
            status.meter.current.is_some_and(|PhaseCurrents(drawn)| {
                drawn.iter().all(|drawn| near.contains(&drawn.0))
            })
        });
        let reached = timeout(within, reached).await;
        assert!(
            reached.is_ok(),
            "not within {within:?}: {current}, but {:?}",
            self.handle.status()
        );
    }

    /// Ends it in an orderly way.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.running.await.expect("no panic").expect("an orderly end");
    }
}
