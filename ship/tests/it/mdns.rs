//! Being found, over real multicast.

use std::net::UdpSocket;
use std::time::Duration;

use mdns_sd::{ServiceDaemon, ServiceEvent};
use ship::net::Announcement;
use tokio::time::timeout;

use crate::bench::{Bench, config};

/// mDNS needs an interface other than loopback that does multicast.
fn has_multicast() -> bool {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.connect("224.0.0.251:5353").is_ok()
        && socket.local_addr().is_ok_and(|address| !address.ip().is_loopback())
}

#[tokio::test]
async fn a_node_is_found_by_its_name_and_says_goodbye() {
    if !has_multicast() {
        eprintln!("skipped: no interface for multicast");
        return;
    }
    let mut config = config("i:55555_u:mdns-test");
    config.listen = Some("0.0.0.0:0".parse().expect("an address"));
    let ski = config.identity.ski();
    config.announcement = Some(Announcement {
        instance: format!("ship-test-{}", &ski.to_string()[..8]),
        brand: Some("Example".into()),
        categories: vec![3],
        ..Announcement::default()
    });
    let daemon = ServiceDaemon::new().expect("a socket");
    let found = daemon.browse("_ship._tcp.local.").expect("a query");
    let bench = Bench::start(config).await;
    let port = bench.node.address().expect("it listens").port();
    let ours = |name: &str| name.starts_with("ship-test-");

    let resolved = async {
        loop {
            match found.recv_async().await.expect("a running daemon") {
                ServiceEvent::ServiceResolved(info) if ours(info.get_fullname()) => return info,
                _ => {}
            }
        }
    };
    let info = timeout(Duration::from_secs(10), resolved).await.expect("found in time");
    assert_eq!(info.get_port(), port);
    assert_eq!(info.get_property_val_str("ski"), Some(ski.to_string().as_str()));
    assert_eq!(info.get_property_val_str("path"), Some("/ship/"));
    assert_eq!(info.get_property_val_str("register"), Some("false"));
    assert!(!info.get_addresses().is_empty(), "openeebus dials the host name");

    bench.node.shutdown().await;
    let removed = async {
        loop {
            match found.recv_async().await.expect("a running daemon") {
                ServiceEvent::ServiceRemoved(_, name) if ours(&name) => return,
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(10), removed).await.expect("gone in time");
}
