//! The port task: the core and the board in a thread of their own (CH-306).
//!
//! Nothing else in the program can delay it. What the others want lies in one snapshot that they
//! replace whole, what it sees it leaves in another; neither side ever waits for a lock of the
//! other. A new limit wakes it at once, otherwise it looks every 20 ms.
//!
//! ```text
//! web, EEBUS -- Handle --> Controls (atomic swap) + wake --> Port: Charger + EvsePort
//!      ^                                                          |
//!      '---- watch <-- Hub (tokio) <-- pulse <-- Status (atomic swap)
//! ```
//!
//! The [`Hub`] renews the snapshot of the limits all the time. When the tokio side hangs, the
//! renewals stop and the core goes to the safe current by itself (CH-602); when the port task
//! hangs, the hub notices within two seconds and ends the program (CH-420).

mod handle;
mod hub;
mod priority;
mod shared;

use core::time::Duration;
use std::sync::Arc;
use std::{io, thread};

use eebus_json::Instant;
use tokio::sync::{mpsc, oneshot, watch};

pub use self::handle::Handle;
pub use self::hub::{Hub, PortLost};
use self::shared::Shared;
use crate::clock::Clock;
use crate::core::charger::{Charger, Config, Controls, Input, Output, Status};
use crate::core::session::Plug;
use crate::core::units::{MilliWattHours, PhaseCurrents};
use crate::ports::{Capabilities, EvsePort, PortCommand};
use crate::store::{Notebook, Settings};

/// The port task looks at the board at least this often.
pub const TICK: Duration = Duration::from_millis(20);
/// The port task rests at least this long between two turns without a wake-up.
const LEAST_REST: Duration = Duration::from_millis(1);
/// Energy and time alone are shown this often; everything else as soon as it changes.
const SHOW: Duration = Duration::from_secs(1);

/// What a charger starts with: what its board and the installation can do, what a person has set,
/// and what it remembers.
pub fn config(
    capabilities: Capabilities,
    supply: PhaseCurrents,
    settings: &Settings,
    notebook: &Notebook,
) -> Config {
    Config {
        capabilities,
        supply,
        user_max: settings.user_max(),
        safe_current: settings.safe_current(),
        next_session: notebook.memory().next(),
    }
}

/// Puts a charger together: the port to be driven, the hub that serves it, and the handle for
/// everybody else.
pub fn assemble<P: EvsePort>(
    config: Config,
    board: P,
    notebook: Notebook,
    clock: Clock,
) -> (Port<P>, Hub, Handle) {
    let now = clock.now();
    let guard_known = notebook.memory().guard_known;
    let controls = Controls { renewed: now, paused: None, guard_known, opev: None };
    let charger = Charger::new(config, controls, now);
    let status = Arc::new(charger.status(now));
    let shared = Arc::new(Shared::new(controls, Arc::clone(&status), now));
    // One pulse says that there is news, however much; plugs are rare and none may be lost.
    let (pulse, pulses) = mpsc::channel(1);
    let (plug, plugs) = mpsc::channel(64);
    let (shown, watching) = watch::channel(Arc::clone(&status));

    let handle =
        Handle::new(Arc::clone(&shared), watching, notebook.clone(), clock, config.safe_current);
    let hub = Hub::new(Arc::clone(&shared), shown, pulses, plugs, notebook, clock);
    let port =
        Port { charger, board, shared, clock, pulse, plug, unsent: None, status, shown: None };
    (port, hub, handle)
}

/// The core and its board.
#[derive(Debug)]
pub struct Port<P> {
    charger: Charger,
    board: P,
    shared: Arc<Shared>,
    clock: Clock,
    pulse: mpsc::Sender<()>,
    plug: mpsc::Sender<Plug>,
    /// A command that the board was too busy for.
    unsent: Option<PortCommand>,
    status: Arc<Status>,
    shown: Option<Instant>,
}

impl<P: EvsePort> Port<P> {
    /// One turn: take what is wanted, tell the board, look at the board, show what is seen.
    /// Returns how long it may rest at most.
    fn turn(&mut self) -> Duration {
        // What was stated before this turn is in the snapshot that it loads.
        self.charger.handle(Input::Controls(self.shared.controls()), self.clock.now());
        self.carry_out();
        self.board.advance(self.clock.now());
        self.look();
        self.carry_out();
        // What is shown includes what the board made of the command.
        self.look();
        self.show();

        let now = self.clock.now();
        self.shared.tick(now);
        let next = self.charger.deadline(now).map_or(TICK, |deadline| deadline - now);
        // A wake-up ends the rest at once; a missed deadline must not make the thread spin.
        next.clamp(LEAST_REST, TICK)
    }

    fn look(&mut self) {
        self.charger.handle(Input::Board(self.board.snapshot()), self.clock.now());
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.charger.poll() {
            match output {
                Output::Command(command) => self.unsent = Some(command),
                Output::Plug(plug) => {
                    // 64 plugs in the time that the hub is given before the program ends.
                    let _ = self.plug.try_send(plug);
                }
            }
        }
        let now = self.clock.now();
        self.unsent = self.unsent.filter(|command| self.board.command(*command, now).is_err());
    }

    fn show(&mut self) {
        let now = self.clock.now();
        let status = self.charger.status(now);
        let due = self.shown.is_none_or(|shown| now >= shown + SHOW);
        if due || still(&status) != still(&self.status) {
            self.status = Arc::new(status);
            self.shown = Some(now);
            self.shared.show(Arc::clone(&self.status));
            // Full: the hub has not taken the last pulse yet and will find this picture.
            let _ = self.pulse.try_send(());
        }
    }

    /// The last word to the board: without us it goes on at the safe current at most.
    fn part(&mut self) {
        // A board that is busy now falls back by its own watchdog.
        let _ = self.board.command(self.charger.parting(), self.clock.now());
    }
}

impl<P: EvsePort + 'static> Port<P> {
    /// Runs in a thread of its own, before all others where the system permits that, until the
    /// handle stops it. The receiver resolves when the thread has ended, however it ended.
    ///
    /// # Errors
    ///
    /// If the system has no thread to give.
    pub fn spawn(mut self) -> io::Result<oneshot::Receiver<()>> {
        let (running, ended) = oneshot::channel::<()>();
        thread::Builder::new().name("port".into()).spawn(move || {
            let _running = running;
            let this = thread::current();
            self.shared.on_wake(move || this.unpark());
            priority::raise();
            while !self.shared.is_stopping() {
                thread::park_timeout(self.turn());
            }
            self.part();
        })?;
        Ok(ended)
    }

    /// Runs as a future on tokio's clock, which a test can pause, until the handle stops it.
    pub async fn drive(mut self) {
        let woken = Arc::new(tokio::sync::Notify::new());
        let waker = Arc::clone(&woken);
        self.shared.on_wake(move || waker.notify_one());
        while !self.shared.is_stopping() {
            let rest = self.turn();
            let _ = tokio::time::timeout(rest, woken.notified()).await;
        }
        self.part();
    }
}

/// A picture without what changes all the time while energy flows.
fn still(status: &Status) -> Status {
    let mut still = status.clone();
    still.meter.energy = None;
    if let Some(session) = &mut still.session {
        session.energy = MilliWattHours::default();
        session.charging = Duration::ZERO;
    }
    still
}

#[cfg(test)]
mod tests;
