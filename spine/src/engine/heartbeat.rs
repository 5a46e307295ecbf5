//! Heartbeats: the sign of life of a DeviceDiagnosis server (PS, deviceDiagnosisHeartbeatData).

use alloc::vec::Vec;
use core::time::Duration;

use super::{Engine, Misuse, Relation};
use crate::model::{DeviceDiagnosisHeartbeatData, FeatureAddress, Function};
use crate::{Instant, Now};

/// The heartbeats that our features send.
#[derive(Debug)]
pub(super) struct Heartbeats(Vec<Heartbeat>);

#[derive(Debug)]
struct Heartbeat {
    feature: FeatureAddress,
    /// What is promised to the peers.
    timeout: Duration,
    counter: u64,
    next: Instant,
}

impl Heartbeat {
    /// Half of what is promised: some peers take the promise for a deadline.
    fn interval(&self) -> Duration {
        (self.timeout / 2).max(Duration::from_secs(1))
    }

    fn beat(&mut self, now: Now) -> DeviceDiagnosisHeartbeatData {
        self.counter += 1;
        self.next = now.instant + self.interval();
        DeviceDiagnosisHeartbeatData {
            timestamp: Some(now.utc.into()),
            heartbeat_counter: Some(self.counter),
            heartbeat_timeout: Some(self.timeout.into()),
        }
    }
}

impl Heartbeats {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.iter().map(|heartbeat| heartbeat.next).min()
    }

    pub(super) fn forget(&mut self, path: &[u32]) {
        self.0.retain(|heartbeat| heartbeat.feature.entity != path);
    }

    fn find(&mut self, feature: &FeatureAddress) -> Option<&mut Heartbeat> {
        self.0.iter_mut().find(|heartbeat| heartbeat.feature == *feature)
    }
}

impl Engine {
    /// Lets a DeviceDiagnosis server of ours beat; each beat promises the next within `timeout`.
    ///
    /// Of several use cases on one entity the shortest time counts. The counter goes on where a
    /// stopped heartbeat left it.
    ///
    /// # Errors
    /// [`Misuse::UnknownLocal`] if the feature does not serve the heartbeat.
    pub fn start_heartbeat(
        &mut self,
        feature: &FeatureAddress,
        timeout: Duration,
        now: Now,
    ) -> Result<(), Misuse> {
        let feature = self.own(feature)?;
        let counter = self
            .data::<DeviceDiagnosisHeartbeatData>(&feature)
            .and_then(|data| data.heartbeat_counter)
            .unwrap_or(0);
        let mut heartbeat = match self.heartbeats.find(&feature) {
            Some(running) if running.timeout <= timeout => return Ok(()),
            _ => Heartbeat { feature: feature.clone(), timeout, counter, next: now.instant },
        };
        self.renew(&feature, heartbeat.beat(now))?;
        self.heartbeats.0.retain(|other| other.feature != feature);
        self.heartbeats.0.push(heartbeat);
        Ok(())
    }

    /// Stops a heartbeat: the peers will take us for lost.
    pub fn stop_heartbeat(&mut self, feature: &FeatureAddress) {
        self.heartbeats.0.retain(|heartbeat| {
            heartbeat.feature.entity != feature.entity
                || heartbeat.feature.feature != feature.feature
        });
    }

    pub(super) fn beat(&mut self, now: Now) {
        let due = self.heartbeats.0.iter_mut().filter(|h| h.next <= now.instant);
        let beats: Vec<_> = due.map(|h| (h.feature.clone(), h.beat(now))).collect();
        for (feature, beat) in beats {
            // The entity would have taken its heartbeat with it.
            let _ = self.renew(&feature, beat);
        }
    }

    /// A new subscriber gets a beat at once, and a fresh one: some disconnect at an old one.
    pub(super) fn beat_for(&mut self, relation: &Relation, now: Now) {
        let Some(heartbeat) = self.heartbeats.find(&relation.server) else {
            return;
        };
        let beat = heartbeat.beat(now);
        let _ = self.store(&relation.server, beat.into());
        let function = Function::DeviceDiagnosisHeartbeatData;
        self.notify(relation.peer, &relation.server, &relation.client, function);
    }
}
