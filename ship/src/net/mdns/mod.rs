//! mDNS: being found on the local network, and finding others (SHIP 1.1.0 §7).
//!
//! The library has a thread of its own, watches the interfaces that come and go, and keeps a cache;
//! it needs no runtime. What the records mean is for [`crate::discovery`] to say.

mod announce;
mod browse;
mod renewal;

use core::time::Duration;
use std::boxed::Box;
use std::net::SocketAddr;

use eebus_json::Instant;
use mdns_sd::ServiceDaemon;

use crate::discovery::Neighbour;
use crate::identity::Ski;
use crate::net::pairing::Notices;
use announce::Announcer;
pub(super) use announce::host;
pub use announce::{Announcement, AnnouncementError};
use browse::Browser;

/// The service of SHIP nodes.
const SERVICE: &str = "_ship._tcp.local.";
/// The library could not take what was asked of it, or has given up: it is asked again then.
pub(super) const RETRY: Duration = Duration::from_secs(5);
/// So long a goodbye may take.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// What was seen.
#[derive(Debug)]
pub(super) enum Seen {
    /// An announcement, new or not.
    There(Neighbour),
    /// The instance of this name is no longer announced.
    Gone(Box<str>),
}

/// How the node takes part in mDNS.
pub(super) struct Mdns {
    daemon: ServiceDaemon,
    announcer: Option<Announcer>,
    browser: Option<Browser>,
}

impl Mdns {
    /// Starts to take part, without any effect yet.
    pub(super) fn start() -> Result<Self, AnnouncementError> {
        Ok(Self { daemon: ServiceDaemon::new()?, announcer: None, browser: None })
    }

    /// Announces the node that listens at `local`.
    pub(super) fn announce(
        &mut self,
        announcement: &Announcement,
        ship_id: &str,
        ski: Ski,
        local: SocketAddr,
        now: Instant,
    ) -> Result<(), AnnouncementError> {
        let daemon = self.daemon.clone();
        self.announcer = Some(Announcer::start(daemon, announcement, ship_id, ski, local, now)?);
        Ok(())
    }

    /// Looks for other nodes.
    pub(super) fn browse(&mut self, now: Instant) {
        self.browser = Some(Browser::new(self.daemon.clone(), now));
    }

    /// Takes part in the Pairing Service.
    pub(super) fn notices(&self) -> Notices {
        Notices::new(self.daemon.clone())
    }

    /// Whether a trusted peer is missing, from now on.
    pub(super) fn missing(&mut self, is_missing: bool, now: Instant) {
        if let Some(announcer) = &mut self.announcer {
            announcer.missing(is_missing, now);
        }
        if let Some(browser) = &mut self.browser {
            browser.missing(is_missing, now);
        }
    }

    /// The next thing that is seen; `None`: the deadline is another one now. Nothing is lost if
    /// the future is dropped.
    pub(super) async fn seen(&mut self, now: Instant) -> Option<Seen> {
        match &mut self.browser {
            Some(browser) => browser.seen(now).await,
            None => core::future::pending().await,
        }
    }

    /// When to call [`Mdns::tick`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        let announcer = self.announcer.as_ref().and_then(Announcer::deadline);
        let browser = self.browser.as_ref().and_then(Browser::deadline);
        announcer.into_iter().chain(browser).min()
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Instant) {
        if let Some(announcer) = &mut self.announcer {
            announcer.tick(now);
        }
        if let Some(browser) = &mut self.browser {
            browser.tick(now);
        }
    }

    /// Says goodbye and stops.
    pub(super) async fn stop(self) {
        let goodbye = async {
            if let Some(announcer) = self.announcer {
                announcer.stop().await;
            }
            if let Ok(stopped) = self.daemon.shutdown() {
                let _ = stopped.recv_async().await;
            }
        };
        let _ = tokio::time::timeout(GOODBYE_WITHIN, goodbye).await;
    }
}
