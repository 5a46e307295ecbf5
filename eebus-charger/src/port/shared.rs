//! What the port task and the rest of the program share: two snapshots, replaced whole.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::fmt;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use eebus_json::Instant;

use crate::core::charger::{Controls, Status};

/// Two snapshots and a few flags; nobody ever waits for anybody here.
pub(super) struct Shared {
    controls: ArcSwap<Controls>,
    status: ArcSwap<Status>,
    /// When the port task last ended a turn, in ms after the clock's origin.
    ticked: AtomicU64,
    stopping: AtomicBool,
    wake: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Shared {
    pub(super) fn new(controls: Controls, status: Arc<Status>, now: Instant) -> Self {
        let shared = Self {
            controls: ArcSwap::from_pointee(controls),
            status: ArcSwap::new(status),
            ticked: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            wake: OnceLock::new(),
        };
        shared.tick(now);
        shared
    }

    pub(super) fn controls(&self) -> Controls {
        **self.controls.load()
    }

    /// Changes what is wanted and wakes the port task. Writers do not lose each other's changes.
    pub(super) fn want(&self, change: impl Fn(&mut Controls)) {
        self.controls.rcu(|controls| {
            let mut controls = **controls;
            change(&mut controls);
            controls
        });
        self.wake();
    }

    /// Says that what is wanted still holds. That is no news: the next tick is soon enough.
    pub(super) fn renew(&self, now: Instant) {
        self.controls.rcu(|controls| Controls { renewed: now, ..**controls });
    }

    pub(super) fn status(&self) -> Arc<Status> {
        self.status.load_full()
    }

    pub(super) fn show(&self, status: Arc<Status>) {
        self.status.store(status);
    }

    pub(super) fn tick(&self, now: Instant) {
        let ms = u64::try_from(now.since_origin().as_millis()).unwrap_or(u64::MAX);
        self.ticked.store(ms, Ordering::Relaxed);
    }

    /// When the port task last ended a turn.
    pub(super) fn ticked(&self) -> Instant {
        Instant::from_origin(Duration::from_millis(self.ticked.load(Ordering::Relaxed)))
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.wake();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Says how to wake the port task; whoever drives it does so once.
    pub(super) fn on_wake(&self, wake: impl Fn() + Send + Sync + 'static) {
        let first = self.wake.set(Box::new(wake));
        debug_assert!(first.is_ok(), "a port is driven by one driver");
    }

    fn wake(&self) {
        // Before the driver runs there is nobody to wake: its first turn comes anyway.
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("controls", &self.controls())
            .field("ticked", &self.ticked())
            .finish_non_exhaustive()
    }
}
