//! The tokio side of the port task: renews the limits, spreads the news, keeps the memory.

use core::convert::Infallible;
use core::time::Duration;
use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::shared::Shared;
use crate::clock::Clock;
use crate::core::charger::Status;
use crate::core::limits::Source;
use crate::core::session::{Plug, SessionId};
use crate::core::state::ChargeState;
use crate::store::Notebook;

/// How often the limits are renewed: five times before they would be stale.
const RENEW: Duration = Duration::from_millis(200);
/// A port task without a turn for this long is lost (CH-420).
const LOST: Duration = Duration::from_secs(2);

/// The port task does not turn any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PortLost;

impl fmt::Display for PortLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the port task hangs")
    }
}

impl std::error::Error for PortLost {}

/// Serves a port task. One per charger; it runs as long as the charger does.
#[derive(Debug)]
pub struct Hub {
    shared: Arc<Shared>,
    shown: watch::Sender<Arc<Status>>,
    pulses: mpsc::Receiver<()>,
    plugs: mpsc::Receiver<Plug>,
    notebook: Notebook,
    clock: Clock,
    said: Option<(ChargeState, Vec<Source>)>,
}

impl Hub {
    pub(super) fn new(
        shared: Arc<Shared>,
        shown: watch::Sender<Arc<Status>>,
        pulses: mpsc::Receiver<()>,
        plugs: mpsc::Receiver<Plug>,
        notebook: Notebook,
        clock: Clock,
    ) -> Self {
        Self { shared, shown, pulses, plugs, notebook, clock, said: None }
    }

    /// Serves until the port task is lost.
    ///
    /// # Errors
    ///
    /// Always, in the end: [`PortLost`].
    pub async fn run(self) -> Result<Infallible, PortLost> {
        let (next, numbers) = watch::channel(self.notebook.memory().next());
        let keeping = keep(self.notebook.clone(), numbers);
        tokio::select! {
            lost = self.serve(&next) => lost,
            never = keeping => match never {},
        }
    }

    async fn serve(mut self, next: &watch::Sender<SessionId>) -> Result<Infallible, PortLost> {
        let mut renewal = interval(RENEW);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(()) = self.pulses.recv() => self.spread(),
                Some(plug) = self.plugs.recv() => tell(plug, next),
                _ = renewal.tick() => {
                    let now = self.clock.now();
                    if now - self.shared.ticked() > LOST {
                        return Err(PortLost);
                    }
                    self.shared.renew(now);
                }
            }
        }
    }

    fn spread(&mut self) {
        let status = self.shared.status();
        let says = (status.state, status.limits.binding.clone());
        if self.said.as_ref() != Some(&says) {
            let Status { state, limits, .. } = &*status;
            match status.fault {
                Some(fault) => error!(code = fault.code(), "{}", fault.text()),
                None => info!("{}, {limits}", state.meaning().text),
            }
            self.said = Some(says);
        }
        self.shown.send_replace(status);
    }
}

fn tell(plug: Plug, next: &watch::Sender<SessionId>) {
    match plug {
        Plug::In(session) => {
            info!("session {}: vehicle connected", session.id.0);
            next.send_replace(SessionId(session.id.0 + 1));
        }
        Plug::Out(session) => {
            let energy = session.energy.watt_hours();
            info!("session {}: vehicle disconnected, {energy} Wh charged", session.id.0);
            if session.discontinuities > 0 {
                warn!("session {}: the meter's register has jumped", session.id.0);
            }
        }
    }
}

/// Keeps the number of the next session, one write after the other, beside everything else: a
/// disk that stalls must not hold up the renewal of the limits.
async fn keep(notebook: Notebook, mut next: watch::Receiver<SessionId>) -> Infallible {
    while next.changed().await.is_ok() {
        let SessionId(number) = *next.borrow_and_update();
        if let Err(error) = notebook.change(move |memory| memory.next_session = number).await {
            error!("the number of the session is not kept: {error}");
        }
    }
    core::future::pending().await
}
