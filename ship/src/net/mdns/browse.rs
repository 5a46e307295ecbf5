//! Finding others: the question for `_ship._tcp`, and what comes back.

use core::time::Duration;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};

use eebus_json::Instant;
use mdns_sd::{Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent};

use super::{RETRY, SERVICE, Seen};
use crate::discovery::{Neighbour, Txt};
use crate::net::link::shown;

/// While a trusted peer is missing the question is asked anew so often. The library's own
/// questions become rare, down to one in an hour.
const AGAIN: Duration = Duration::from_secs(45);
/// Some time for somebody who has just gone to come back.
const MISSED: Duration = Duration::from_secs(1);

/// Asks, and hears the answers.
pub(super) struct Browser {
    daemon: ServiceDaemon,
    answers: Option<Receiver<ServiceEvent>>,
    ask_at: Option<Instant>,
    is_missing: bool,
}

impl Browser {
    /// Asks with the next tick.
    pub(super) fn new(daemon: ServiceDaemon, now: Instant) -> Self {
        Self { daemon, answers: None, ask_at: Some(now), is_missing: false }
    }

    pub(super) fn missing(&mut self, is_missing: bool, now: Instant) {
        if is_missing && !self.is_missing {
            let soon = now + MISSED;
            self.ask_at = Some(self.ask_at.map_or(soon, |at| at.min(soon)));
        }
        self.is_missing = is_missing;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.ask_at
    }

    pub(super) fn tick(&mut self, now: Instant) {
        if self.ask_at.is_none_or(|at| now < at) {
            return;
        }
        // A question that is asked again is answered from the cache as well: what there was no
        // room for has another chance.
        self.ask_at = match self.daemon.browse(SERVICE) {
            Ok(answers) => {
                self.answers = Some(answers);
                self.is_missing.then(|| now + AGAIN)
            }
            Err(error) => {
                tracing::warn!(%error, "mdns does not take a question");
                Some(now + RETRY)
            }
        };
    }

    pub(super) async fn seen(&mut self, now: Instant) -> Option<Seen> {
        while let Some(answers) = &self.answers {
            match answers.recv_async().await {
                Ok(ServiceEvent::ServiceResolved(service)) => {
                    // It may have been the announcement of a SHIP node before.
                    let gone = || Seen::Gone(instance(&service.fullname).into());
                    return Some(neighbour(&service).map_or_else(gone, Seen::There));
                }
                Ok(ServiceEvent::ServiceRemoved(_, name)) => {
                    return Some(Seen::Gone(instance(&name).into()));
                }
                Ok(_) => {}
                Err(_) => {
                    // So much came that the library gave up.
                    self.answers = None;
                    self.ask_at = Some(now + RETRY);
                    return None;
                }
            }
        }
        core::future::pending().await
    }
}

/// The name of the instance, without that of the service.
fn instance(name: &str) -> &str {
    name.strip_suffix(SERVICE).map_or(name, |name| name.trim_end_matches('.'))
}

fn neighbour(service: &ResolvedService) -> Option<Neighbour> {
    let strings = service.txt_properties.iter();
    let pairs = strings.filter_map(|string| Some((string.key(), string.val()?)));
    let name = instance(&service.fullname);
    let txt = match Txt::of_pairs(pairs) {
        Ok(txt) => txt,
        Err(error) => {
            tracing::debug!(name = %shown(name), %error, "announcement of no SHIP node");
            return None;
        }
    };
    let addresses = service.addresses.iter().filter_map(|ip| address(ip, service.port)).collect();
    Some(Neighbour { name: name.into(), txt, addresses })
}

/// An address of one link is of use only together with the interface on which it was heard.
fn address(ip: &ScopedIp, port: u16) -> Option<SocketAddr> {
    match ip {
        ScopedIp::V4(v4) => Some(SocketAddrV4::new(*v4.addr(), port).into()),
        ScopedIp::V6(v6) => {
            let ip = *v6.addr();
            let scope = if ip.is_unicast_link_local() { v6.scope_id().index } else { 0 };
            Some(SocketAddrV6::new(ip, port, 0, scope).into())
        }
        _ => None,
    }
}
