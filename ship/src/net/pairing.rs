//! Pairing requests on the local network: the service `_shippairing._tcp` (Pairing Service 1.0.0
//! §5).
//!
//! Nothing listens where a request is announced; its TXT record is all there is. The library hands
//! out a key once even if a record has it twice, so that such a record is judged by the first.

use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

use mdns_sd::{Receiver, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use tokio::time::{Instant, sleep_until};

use super::link::shown;
use super::mdns::RETRY;
use crate::identity::Ski;
use crate::pairing::Request;

const SERVICE: &str = "_shippairing._tcp.local.";

/// What was seen.
#[derive(Debug)]
pub(super) enum Notice {
    /// A request, by the name of its instance.
    There(String, Request),
    /// The instance of this name is no longer announced.
    Gone(String),
}

/// Requests of others, and our own.
pub(super) struct Notices {
    daemon: ServiceDaemon,
    answers: Option<Receiver<ServiceEvent>>,
    /// When to look again.
    listen_at: Option<Instant>,
    /// The full names of what we announce.
    ours: BTreeMap<(Ski, u32), String>,
}

impl Notices {
    pub(super) fn new(daemon: ServiceDaemon) -> Self {
        Self { daemon, answers: None, listen_at: None, ours: BTreeMap::new() }
    }

    /// Looks for requests from now on.
    pub(super) fn listen(&mut self) {
        match self.daemon.browse(SERVICE) {
            Ok(answers) => self.answers = Some(answers),
            Err(error) => {
                tracing::warn!(%error, "mdns does not look for pairing requests");
                self.listen_at = Some(Instant::now() + RETRY);
            }
        }
    }

    /// The next thing that is seen. Nothing is lost if the future is dropped.
    pub(super) async fn seen(&mut self) -> Notice {
        loop {
            if let Some(at) = self.listen_at {
                sleep_until(at).await;
                self.listen_at = None;
                self.listen();
                continue;
            }
            let Some(answers) = &self.answers else {
                return core::future::pending().await;
            };
            match answers.recv_async().await {
                Ok(ServiceEvent::ServiceResolved(service)) => {
                    let name = service.fullname.clone();
                    return match request(&service) {
                        Some(request) => Notice::There(name, request),
                        None => Notice::Gone(name),
                    };
                }
                Ok(ServiceEvent::ServiceRemoved(_, name)) => return Notice::Gone(name),
                Ok(_) => {}
                Err(_) => {
                    // So much came that the library gave up: what matters comes again.
                    self.answers = None;
                    self.listen_at = Some(Instant::now() + RETRY);
                }
            }
        }
    }

    /// Announces our request to a peer. `instance` and `host` are those of our SHIP service, and so
    /// is the port, where nobody has to listen for this.
    pub(super) fn announce(
        &mut self,
        peer: Ski,
        number: u32,
        request: &Request,
        instance: &str,
        host: &str,
        port: u16,
    ) {
        let name = name(instance, number);
        let txt = request.txt();
        let registered =
            ServiceInfo::new(SERVICE, &name, host, "", port, txt.as_slice()).and_then(|info| {
                let info = info.enable_addr_auto();
                let name = info.get_fullname().into();
                self.daemon.register(info).map(|()| name)
            });
        match registered {
            Ok(name) => {
                self.ours.insert((peer, number), name);
            }
            Err(error) => tracing::warn!(%error, "mdns does not take a pairing request"),
        }
    }

    /// Withdraws it.
    pub(super) fn withdraw(&mut self, peer: Ski, number: u32) {
        if let Some(name) = self.ours.remove(&(peer, number))
            && let Err(error) = self.daemon.unregister(&name)
        {
            tracing::warn!(%error, "mdns does not withdraw a pairing request");
        }
    }

    /// Withdraws whatever we have announced to a peer.
    pub(super) fn withdraw_all(&mut self, peer: Ski) {
        let numbers: Vec<u32> =
            self.ours.keys().filter(|(ski, _)| *ski == peer).map(|(_, number)| *number).collect();
        for number in numbers {
            self.withdraw(peer, number);
        }
    }
}

/// Whatever is announced is withdrawn.
impl Drop for Notices {
    fn drop(&mut self) {
        for name in self.ours.values() {
            // A library that has stopped announces nothing.
            let _ = self.daemon.unregister(name);
        }
    }
}

/// The name of our service with a number behind it, in a label of 63 octets.
fn name(instance: &str, number: u32) -> String {
    let end = format!("-pairing#{number}");
    let mut room = instance.len().min(63 - end.len());
    while !instance.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{end}", &instance[..room])
}

fn request(service: &ResolvedService) -> Option<Request> {
    let strings = service.txt_properties.iter();
    // What is not text is none of ours.
    let strings = strings.map(|string| {
        let value = string.val().and_then(|octets| core::str::from_utf8(octets).ok());
        (string.key(), value.unwrap_or(""))
    });
    match Request::read(strings) {
        Ok(request) => Some(request),
        Err(error) => {
            let name = shown(&service.fullname);
            tracing::debug!(%name, %error, "announcement of no pairing request");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_library_that_does_not_look_is_asked_again_every_five_seconds() {
        let daemon = ServiceDaemon::new().expect("mdns");
        let stopped = daemon.shutdown().expect("it runs");
        let _ = stopped.recv();
        // Its thread says so before it ends.
        while daemon.browse(SERVICE).is_ok() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let begun = Instant::now();
        let mut notices = Notices::new(daemon);
        notices.listen();
        assert_eq!(notices.listen_at, Some(begun + RETRY));
        // That the future is dropped again and again does not put it off.
        for _ in 0..7 {
            let seen = timeout(Duration::from_secs(1), notices.seen()).await;
            assert!(seen.is_err());
        }
        assert_eq!(notices.listen_at, Some(begun + 2 * RETRY));
    }

    #[test]
    fn a_name_fits_into_a_label() {
        assert_eq!(name("HEMS-7", 3), "HEMS-7-pairing#3");
        let long = name(&"ü".repeat(40), u32::MAX);
        assert!(long.len() <= 63 && long.ends_with("ü-pairing#4294967295"), "{long}");
    }
}
