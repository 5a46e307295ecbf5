//! Which network the charger is in.

use core::time::Duration;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use if_addrs::{IfOperStatus, Interface};
use tokio::time::Instant;

use super::documents::NetworkDocument;

/// So long what was seen counts.
const LASTS: Duration = Duration::from_secs(10);

/// Looks at the network now and then.
#[derive(Clone, Debug, Default)]
pub struct Network(Arc<Mutex<Option<Seen>>>);

#[derive(Debug)]
struct Seen {
    at: Instant,
    document: Option<NetworkDocument>,
}

impl Network {
    /// The network in use; none without one.
    pub(super) fn document(&self) -> Option<NetworkDocument> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(seen) = &*seen
            && now - seen.at < LASTS
        {
            return seen.document.clone();
        }
        // A system that does not say has none.
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let document = active(&interfaces, kind);
        *seen = Some(Seen { at: now, document: document.clone() });
        document
    }
}

/// The interface that counts if several are up: a wire before radio (CH-048), then by name;
/// an address of IPv4 before one of IPv6.
fn active(interfaces: &[Interface], kind: impl Fn(&str) -> Kind) -> Option<NetworkDocument> {
    let is_up = |interface: &&Interface| {
        let is_down =
            matches!(interface.oper_status, IfOperStatus::Down | IfOperStatus::LowerLayerDown);
        !interface.is_loopback() && !interface.is_link_local() && !is_down
    };
    let best = interfaces.iter().filter(is_up).min_by_key(|interface| {
        (kind(&interface.name), interface.name.as_str(), matches!(interface.ip(), IpAddr::V6(_)))
    })?;
    let active = match kind(&best.name) {
        Kind::Ethernet | Kind::Virtual => "ethernet",
        Kind::Wifi => "wifi",
    };
    Some(NetworkDocument {
        active: active.into(),
        interface: best.name.clone(),
        address: best.ip().to_string(),
    })
}

/// What an interface is, the preferred first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    Ethernet,
    Wifi,
    /// Made of software: it is the network of a container, or not one of the house.
    Virtual,
}

/// What Linux says about an interface.
fn kind(name: &str) -> Kind {
    let is = |what: &str| Path::new("/sys/class/net").join(name).join(what).exists();
    if is("wireless") {
        Kind::Wifi
    } else if is("device") {
        Kind::Ethernet
    } else {
        Kind::Virtual
    }
}

#[cfg(test)]
mod tests {
    use if_addrs::{IfAddr, Ifv4Addr};

    use super::*;

    fn interface(name: &str, ip: &str, oper_status: IfOperStatus) -> Interface {
        let ip = ip.parse().expect("an address");
        let netmask = [255, 255, 255, 0].into();
        let addr = IfAddr::V4(Ifv4Addr { ip, netmask, prefixlen: 24, broadcast: None });
        Interface { name: name.into(), addr, index: None, oper_status, is_p2p: false }
    }

    #[test]
    fn ch_048_a_wire_goes_before_radio() {
        use IfOperStatus::{Down, Up};
        let kind = |name: &str| match &name[..2] {
            "et" => Kind::Ethernet,
            "wl" => Kind::Wifi,
            _ => Kind::Virtual,
        };
        let seen =
            |interfaces: &[Interface]| active(interfaces, kind).map(|n| (n.active, n.address));
        let lo = interface("lo", "127.0.0.1", Up);
        let docker = interface("docker0", "172.17.0.1", Up);
        let wlan = interface("wlan0", "192.168.1.8", Up);
        let eth = interface("eth0", "192.168.1.7", Up);
        let pulled = interface("eth0", "192.168.1.7", Down);
        assert_eq!(
            seen(&[lo.clone(), docker.clone(), wlan.clone(), eth]),
            Some(("ethernet".into(), "192.168.1.7".into()))
        );
        assert_eq!(
            seen(&[lo.clone(), docker, wlan, pulled]),
            Some(("wifi".into(), "192.168.1.8".into()))
        );
        assert_eq!(seen(&[lo]), None);
    }
}
