//! The task: it waits for the network, the charger and the clock.

use std::time::Duration;

use ship::Ski;
use ship::trust::Standing;
use spine::Instant;
use spine::engine::Event;
use spine::node::{self, Node};
use spine::usecases::{evsecc, opev};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{info, warn};

use super::View;
use super::news::News;
use super::vehicle::Vehicle;
use crate::core::charger::Status;
use crate::core::fault::Fault;
use crate::ending::Ending;
use crate::port::Handle;

/// How often ceilings are stated again and readings looked at.
const PACE: Duration = Duration::from_secs(1);

/// When to write again what could not be written.
const AGAIN: Duration = Duration::from_secs(30);

/// What runs between the network and the charger.
pub struct Task {
    node: Node,
    charger: Handle,
    station: evsecc::Evse,
    station_path: Vec<u32>,
    vehicle: Option<Vehicle>,
    fault: Option<Fault>,
    view: watch::Sender<View>,
    /// The peer that has bound the vehicle's limits last, over restarts.
    guard: watch::Sender<Option<Ski>>,
    /// When the guard was heard last, on the node's clock.
    heard: Option<Instant>,
    news: News,
}

impl Task {
    pub(super) fn new(
        node: Node,
        charger: Handle,
        station_path: Vec<u32>,
        view: watch::Sender<View>,
        guard: watch::Sender<Option<Ski>>,
    ) -> Self {
        let station = evsecc::Evse::new(&station_path);
        let news = News::new(node.now().instant);
        Self {
            node,
            charger,
            station,
            station_path,
            vehicle: None,
            fault: None,
            view,
            guard,
            heard: None,
            news,
        }
    }

    /// Runs until the program ends; then says goodbye to the peers.
    ///
    /// # Errors
    ///
    /// The node or the charger has stopped before.
    pub async fn run(self, until: Ending) -> Result<(), Lost> {
        let keeping = keep(self.charger.clone(), self.guard.subscribe());
        // Beside it: nothing that a limit depends on waits for the disk.
        tokio::try_join!(self.follow(until), keeping).map(drop)
    }

    async fn follow(mut self, until: Ending) -> Result<(), Lost> {
        let mut status = self.charger.watch();
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ending = until.begun();
        tokio::pin!(ending);
        let mut peers = self.node.ship().clone();
        self.reconcile();
        self.follow_charger(&status.borrow_and_update().clone());
        loop {
            let deadline = self.vehicle.as_ref().map(Vehicle::deadline);
            let wake = self.node.until(deadline);
            tokio::select! {
                () = &mut ending => break,
                event = self.node.next() => match event {
                    Some(event) => self.on_event(event),
                    None => return Err("the SHIP node has stopped".into()),
                },
                changed = status.changed() => {
                    changed?;
                    let status = status.borrow_and_update().clone();
                    self.follow_charger(&status);
                }
                true = peers.changed() => self.reconcile(),
                _ = pace.tick() => self.pace(),
                () = wake => self.wake(),
            }
            self.listen();
        }
        self.node.ship().shutdown().await;
        Ok(())
    }

    fn on_event(&mut self, event: node::Event) {
        match event {
            node::Event::Waiting { ski, address } => {
                info!(%ski, %address, "a peer waits for your trust: eebus-charger trust {ski}");
            }
            node::Event::Connected { ski, .. } => {
                self.view.send_modify(|view| {
                    view.seen.insert(ski);
                });
            }
            node::Event::Spine(event) => {
                let now = self.node.now();
                if let Some(vehicle) = &mut self.vehicle {
                    vehicle.handle(&event, self.node.engine(), now);
                }
                if let Event::Fault { peer, .. } | Event::WriteRefused { peer, .. } = &event {
                    self.news.wrong(self.node.ski(*peer), &event, now.instant);
                }
            }
            _ => {}
        }
    }

    /// The vehicle comes and goes, the station fails and recovers.
    fn follow_charger(&mut self, status: &Status) {
        let now = self.node.now();
        let session = status.session.as_ref();
        if self.vehicle.as_ref().is_some_and(|v| session.is_none_or(|s| s.id != v.session()))
            && let Some(vehicle) = self.vehicle.take()
        {
            vehicle.unplug(self.node.engine());
        }
        if self.vehicle.is_none()
            && let Some(session) = session
        {
            let is_guard_known = self.charger.is_guard_known();
            let safe = self.charger.safe_current();
            let path = &self.station_path;
            let engine = self.node.engine();
            match Vehicle::plug(path, session.id, status, safe, is_guard_known, engine, now) {
                Ok(vehicle) => self.vehicle = Some(vehicle),
                Err(error) => warn!("the vehicle cannot be shown to peers: {error}"),
            }
        }
        if let Some(vehicle) = &mut self.vehicle {
            vehicle.show(status, self.node.engine(), now);
        }
        if status.fault != self.fault {
            self.fault = status.fault;
            let engine = self.node.engine();
            let told = match &status.fault {
                Some(fault) => self.station.fail(engine, fault.code(), now),
                None => self.station.recover(engine, now),
            };
            told.expect("the station's entity stays");
        }
    }

    fn pace(&mut self) {
        self.wake();
        if let Some(vehicle) = &mut self.vehicle {
            vehicle.renew();
        }
    }

    fn wake(&mut self) {
        let status = self.charger.status();
        let now = self.node.now();
        if let Some(vehicle) = &mut self.vehicle {
            vehicle.tick(self.node.engine(), now);
            vehicle.measure(&status, self.node.engine(), now);
        }
    }

    /// Takes what the limits have to tell. What the charger has to know comes before what people
    /// and the web are told.
    fn listen(&mut self) {
        let now = self.node.now().instant;
        let Some(vehicle) = &mut self.vehicle else {
            return;
        };
        let facts: Vec<opev::Fact> = std::iter::from_fn(|| vehicle.poll()).collect();
        if facts.iter().any(|fact| matches!(fact, opev::Fact::Guard(_))) {
            self.charger.set_guard_known(true);
        }
        // What overload protection allows is stated as soon as that is another thing, and every
        // second.
        if let Some(ceiling) = vehicle.ceiling(self.charger.clock().now()) {
            self.charger.state_opev(vehicle.session(), ceiling);
        }
        for fact in facts {
            match fact {
                opev::Fact::Guard(peer) => {
                    // It is connected: the end of its connection has not been told yet.
                    let Some(ski) = self.node.ski(peer) else { continue };
                    info!(%ski, "an energy guard has bound the vehicle's limits");
                    self.guard.send_if_modified(|guard| guard.replace(ski) != Some(ski));
                }
                opev::Fact::Written(written) => {
                    self.news.written(self.node.ski(written.peer), &written, now);
                }
                _ => {}
            }
        }
        let heard = vehicle.heard();
        if heard != self.heard {
            self.heard = heard;
            let elapsed = self.charger.clock().now().since_origin();
            let heard =
                heard.map(|heard| Instant::from_origin(elapsed.saturating_sub(now - heard)));
            self.view.send_modify(|view| view.heard = heard);
        }
    }

    /// Whom the user no longer trusts guards no longer (CH-177). A guard that was kept without its
    /// SKI is gone when nobody is left who could be it.
    fn reconcile(&mut self) {
        if !self.charger.is_guard_known() {
            return;
        }
        let guard = *self.guard.borrow();
        let is_trusted = |peer: &ship::net::Peer| {
            peer.standing == Standing::Trusted && guard.is_none_or(|guard| guard == peer.ski)
        };
        if self.node.ship().peers().iter().any(is_trusted) {
            return;
        }
        self.charger.set_guard_known(false);
        self.guard.send_replace(None);
        if let Some(vehicle) = &mut self.vehicle {
            vehicle.forget_guard(self.node.engine());
        }
    }
}

/// Why the task has stopped before the program ends.
type Lost = Box<dyn std::error::Error + Send + Sync>;

/// Keeps which guard is known, one write after the other, until nobody is left to say so. What
/// cannot be written is tried again.
async fn keep(charger: Handle, mut guard: watch::Receiver<Option<Ski>>) -> Result<(), Lost> {
    while guard.changed().await.is_ok() {
        loop {
            let known = *guard.borrow_and_update();
            let Err(error) = charger.keep_guard(known).await else { break };
            warn!("whether an energy guard is known is not kept yet: {error}");
            tokio::select! {
                changed = guard.changed() => if changed.is_err() { return Ok(()) },
                () = sleep(AGAIN) => {}
            }
        }
    }
    Ok(())
}
