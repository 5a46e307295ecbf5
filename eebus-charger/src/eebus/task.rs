//! The task: it waits for the network, the charger and the clock.

use std::time::Duration;

use ship::Ski;
use spine::engine::Event;
use spine::node::{self, Node};
use spine::usecases::evsecc;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use super::View;
use super::vehicle::Vehicle;
use crate::core::charger::Status;
use crate::core::fault::Fault;
use crate::port::Handle;
use crate::run::Ending;

/// How often ceilings are stated again and readings looked at.
const PACE: Duration = Duration::from_secs(1);

/// What runs between the network and the charger.
pub struct Task {
    node: Node,
    charger: Handle,
    station: evsecc::Evse,
    station_path: Vec<u32>,
    vehicle: Option<Vehicle>,
    fault: Option<Fault>,
    view: watch::Sender<View>,
    forgotten: mpsc::Receiver<Ski>,
}

impl Task {
    pub(super) fn new(
        node: Node,
        charger: Handle,
        station_path: Vec<u32>,
        view: watch::Sender<View>,
        forgotten: mpsc::Receiver<Ski>,
    ) -> Self {
        let station = evsecc::Evse::new(&station_path);
        Self { node, charger, station, station_path, vehicle: None, fault: None, view, forgotten }
    }

    /// Runs until the program ends; then says goodbye to the peers.
    ///
    /// # Errors
    ///
    /// The node or the charger has stopped before.
    pub async fn run(
        mut self,
        until: Ending,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut status = self.charger.watch();
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ending = until.begun();
        tokio::pin!(ending);
        self.follow_charger(&status.borrow_and_update().clone());
        loop {
            let deadline = self.vehicle.as_ref().and_then(Vehicle::deadline);
            let wake = self.node.until(deadline);
            tokio::select! {
                () = &mut ending => break,
                event = self.node.next() => match event {
                    Some(event) => self.on_event(event).await,
                    None => return Err("the SHIP node has stopped".into()),
                },
                changed = status.changed() => {
                    changed?;
                    let status = status.borrow_and_update().clone();
                    self.follow_charger(&status);
                }
                Some(ski) = self.forgotten.recv() => self.forget(ski).await,
                _ = pace.tick() => self.pace(),
                () = wake => {
                    let now = self.node.now();
                    if let Some(vehicle) = &mut self.vehicle {
                        vehicle.tick(self.node.engine(), now);
                    }
                }
            }
            self.state_ceiling().await;
        }
        self.node.ship().shutdown().await;
        Ok(())
    }

    async fn on_event(&mut self, event: node::Event) {
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
                if let Event::Fault { peer, fault } = &event {
                    let ski = self.node.ski(*peer).map(|ski| ski.to_string());
                    warn!(peer = ski.as_deref().unwrap_or("gone"), "{fault}");
                }
                if let Event::WriteRefused { peer, function, refusal, .. } = &event {
                    let ski = self.node.ski(*peer).map(|ski| ski.to_string());
                    warn!(peer = ski.as_deref().unwrap_or("gone"), "refused {function}: {refusal}");
                }
                let now = self.node.now();
                if let Some(vehicle) = &mut self.vehicle {
                    vehicle.handle(&event, self.node.engine(), now);
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
        let status = self.charger.status();
        let now = self.node.now();
        if let Some(vehicle) = &mut self.vehicle {
            vehicle.measure(&status, self.node.engine(), now);
            vehicle.renew();
        }
    }

    /// States what overload protection allows, as soon as that is another thing, and every
    /// second.
    async fn state_ceiling(&mut self) {
        let Some(vehicle) = &mut self.vehicle else {
            return;
        };
        if let Some(ceiling) = vehicle.ceiling(self.charger.clock().now()) {
            self.charger.state_opev(vehicle.session(), ceiling);
        }
        let guard = vehicle.guard().and_then(|peer| self.node.ski(peer));
        if guard.is_some() && self.view.borrow().guard != guard {
            self.view.send_modify(|view| view.guard = guard);
        }
        if vehicle.takes_guard()
            && let Err(error) = self.charger.set_guard_known(true).await
        {
            warn!("that an energy guard is known cannot be kept: {error}");
        }
    }

    /// The user no longer trusts a peer: if it was the guard, nobody guards any longer (CH-177).
    async fn forget(&mut self, ski: Ski) {
        let is_guard = self.view.borrow().guard == Some(ski);
        let is_last = self
            .node
            .ship()
            .peers()
            .iter()
            .all(|peer| peer.ski == ski || peer.standing != ship::trust::Standing::Trusted);
        if !is_guard && !is_last {
            return;
        }
        self.view.send_modify(|view| view.guard = None);
        if let Some(vehicle) = &mut self.vehicle {
            vehicle.forget_guard(self.node.engine());
        }
        if let Err(error) = self.charger.set_guard_known(false).await {
            warn!("that no energy guard is known cannot be kept: {error}");
        }
    }
}
