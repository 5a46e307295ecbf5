//! How many connections there may be, in total and from where (CH-670, CH-674).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much the server takes at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Connections in total.
    pub connections: usize,
    /// Connections from one address; of IPv6 from one network of 64 bits.
    pub per_address: usize,
}

impl Limits {
    /// The bounds of CH-674.
    pub const DEFAULT: Self = Self { connections: 128, per_address: 32 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Lets connections in and counts them.
#[derive(Clone, Debug)]
pub(super) struct Doorman {
    limits: Limits,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Visit {
    inside: Arc<Mutex<Inside>>,
    from: IpAddr,
}

impl Doorman {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, inside: Arc::default() }
    }

    /// Lets a connection in, or not: too many there, or it comes from far away.
    pub(super) fn admit(&self, from: IpAddr) -> Option<Visit> {
        if !is_near(from) {
            return None;
        }
        let from = network(from);
        let mut inside = lock(&self.inside);
        if inside.total >= self.limits.connections {
            return None;
        }
        let count = inside.by_address.entry(from).or_default();
        if *count >= self.limits.per_address {
            return None;
        }
        *count += 1;
        inside.total += 1;
        drop(inside);
        Some(Visit { inside: Arc::clone(&self.inside), from })
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut inside = lock(&self.inside);
        inside.total -= 1;
        if let Some(count) = inside.by_address.get_mut(&self.from) {
            *count -= 1;
            if *count == 0 {
                inside.by_address.remove(&self.from);
            }
        }
    }
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    // Nothing in between can panic, and the counts are right after every statement.
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whoever can choose any address of an IPv6 network counts as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

/// The application is for the local network: private, link-local and unique local addresses
/// (CH-670).
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("it is an address")
    }

    #[test]
    fn ch_674_connections_are_bounded_in_total_and_for_each_address() {
        let doorman = Doorman::new(Limits { connections: 5, per_address: 2 });
        let admit = |from| doorman.admit(ip(from));
        let mut visits = vec![admit("127.0.0.1").expect("the first one")];
        visits.push(admit("127.0.0.1").expect("the second one"));
        assert!(admit("127.0.0.1").is_none(), "the third one from there");
        assert!(admit("::ffff:127.0.0.1").is_none(), "the same address in other words");
        visits.push(admit("fd00::1").expect("from elsewhere"));
        visits.push(admit("fd00::2").expect("from the same network"));
        assert!(admit("fd00::3").is_none(), "a third one from that network");
        visits.push(admit("fd00:0:0:1::1").expect("from another network"));
        assert!(admit("192.168.0.2").is_none(), "the house is full");
        visits.remove(0);
        visits.push(admit("192.168.0.2").expect("somebody has left"));
        visits.clear();
        assert!(doorman.inside.lock().expect("nobody panics").by_address.is_empty());
    }

    #[test]
    fn ch_670_nobody_from_the_internet_is_let_in() {
        let doorman = Doorman::new(Limits::DEFAULT);
        for far in ["192.0.2.1", "2001:db8::1", "::ffff:198.51.100.7", "0.0.0.0"] {
            assert!(doorman.admit(ip(far)).is_none(), "{far}");
        }
        for near in ["10.1.2.3", "172.16.0.9", "192.168.0.7", "169.254.1.1", "fe80::1", "fd12::1"] {
            assert!(doorman.admit(ip(near)).is_some(), "{near}");
        }
    }
}
