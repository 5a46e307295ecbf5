//! Records the curve of the running session for whoever draws it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::{MissedTickBehavior, interval};

use crate::core::curve::{Curve, Point, SAMPLE};
use crate::core::session::Session;
use crate::ending::Ending;
use crate::port::Handle;

/// The recorded curve.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Mutex<Curve>>);

impl Recorder {
    /// Records what a charger does, until the program ends.
    pub async fn run(self, charger: Handle, until: Ending) {
        let mut sampling = interval(SAMPLE);
        // A sample that came too late is not made up for.
        sampling.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut ending = core::pin::pin!(until.begun());
        loop {
            tokio::select! {
                _ = sampling.tick() => {
                    let (status, now) = (charger.status(), charger.clock().now());
                    self.lock().sample(&status, now);
                }
                () = &mut ending => return,
            }
        }
    }

    /// The running session and its curve in at most so many points; none without a session.
    ///
    /// Whoever has just read of a session finds it here, too, before the next sample is due.
    pub fn read(&self, charger: &Handle, most: usize) -> Option<(Session, Vec<Point>)> {
        let (status, now) = (charger.status(), charger.clock().now());
        let mut curve = self.lock();
        if curve.session().map(|session| session.id) != status.session.as_ref().map(|new| new.id) {
            curve.sample(&status, now);
        }
        Some((*curve.session()?, curve.points(most)))
    }

    fn lock(&self) -> MutexGuard<'_, Curve> {
        // A panic in between leaves at worst a curve without its last point.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
