//! Being found, over real multicast. Between two of our own library the loopback interface is
//! enough, so these tests run everywhere.

use std::time::Duration;

use mdns_sd::{Receiver, ResolvedService, ServiceDaemon, ServiceEvent};
use ship::Ski;
use ship::net::{Announcement, Config};
use tokio::time::timeout;

use crate::bench::{Bench, config};

const NOT_SEEN: &str = "seen in time: is any interface up?";

/// A node that is announced under a name of its own.
fn announced(name: &str) -> Config {
    let mut config = config(name);
    config.listen = Some("0.0.0.0:0".parse().expect("an address"));
    let ski = config.identity.ski();
    config.announcement = Some(Announcement {
        instance: instance(ski),
        brand: Some("Example".into()),
        categories: vec![3],
        ..Announcement::default()
    });
    config
}

fn instance(ski: Ski) -> String {
    format!("ship-test-{}", &ski.to_string()[..8])
}

/// Somebody who looks for nodes, and cares for one of them.
struct Watcher {
    instance: String,
    found: Receiver<ServiceEvent>,
    _daemon: ServiceDaemon,
}

impl Watcher {
    fn of(ski: Ski) -> Self {
        let daemon = ServiceDaemon::new().expect("a socket");
        let found = daemon.browse("_ship._tcp.local.").expect("a query");
        Self { instance: instance(ski), found, _daemon: daemon }
    }

    async fn found(&self) -> Box<ResolvedService> {
        let found = async {
            loop {
                match self.found.recv_async().await.expect("a running daemon") {
                    ServiceEvent::ServiceResolved(info)
                        if info.get_fullname().starts_with(&self.instance) =>
                    {
                        return info;
                    }
                    _ => {}
                }
            }
        };
        timeout(Duration::from_secs(10), found).await.expect(NOT_SEEN)
    }

    async fn gone(&self) {
        let gone = async {
            loop {
                match self.found.recv_async().await.expect("a running daemon") {
                    ServiceEvent::ServiceRemoved(_, name) if name.starts_with(&self.instance) => {
                        return;
                    }
                    _ => {}
                }
            }
        };
        timeout(Duration::from_secs(10), gone).await.expect(NOT_SEEN);
    }
}

#[tokio::test]
async fn a_node_is_found_by_its_name_and_says_goodbye() {
    let config = announced("i:55555_u:mdns-test");
    let ski = config.identity.ski();
    let watcher = Watcher::of(ski);
    let bench = Bench::start(config).await;
    let port = bench.node.address().expect("it listens").port();

    let info = watcher.found().await;
    assert_eq!(info.get_port(), port);
    assert_eq!(info.get_property_val_str("ski"), Some(ski.to_string().as_str()));
    assert_eq!(info.get_property_val_str("path"), Some("/ship/"));
    assert_eq!(info.get_property_val_str("register"), Some("false"));
    assert!(!info.get_addresses().is_empty(), "openeebus dials the host name");

    bench.node.shutdown().await;
    watcher.gone().await;
}

#[tokio::test]
async fn a_node_that_misses_a_trusted_peer_for_a_minute_is_announced_anew() {
    let mut config = announced("i:55555_u:missing");
    let ski = config.identity.ski();
    config.trust.trust(Ski::new([7; 20])).expect("room");
    let watcher = Watcher::of(ski);
    let bench = Bench::start(config).await;
    watcher.found().await;

    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    watcher.gone().await;
    watcher.found().await;
    bench.node.shutdown().await;
}
