//! The announcements that are remembered: few enough for any network, and arranged so that no
//! forged one keeps a peer from being found.
//!
//! Of each SKI so many instances are kept. If there are more, one that has been tried in vain makes
//! room, never one where the key was proven. Whoever was proven once is remembered with his
//! address even if his record has gone: some devices lose their record, but not their address.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use super::Neighbour;
use crate::identity::Ski;

/// Announcements that are remembered.
const MOST: usize = 256;
/// Of those, so many claim the same SKI.
const MOST_OF_ONE: usize = 8;
/// Addresses of one announcement.
const MOST_ADDRESSES: usize = 8;

/// Where to dial.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) path: Box<str>,
}

/// What an announcement has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum News {
    /// There is something that was not known: look there.
    Fresh,
    /// Something that does not matter for dialling.
    Detail,
    /// Nothing.
    Same,
    /// It is our own, has no address, or there is no room for it.
    Ignored,
}

#[derive(Debug)]
struct Entry {
    neighbour: Neighbour,
    /// Whether the record is there now.
    is_visible: bool,
    /// Grows with every new announcement.
    number: u64,
    /// Where the key was proven the last time.
    proven: Option<SocketAddr>,
    failures: u32,
}

/// The announcements that are remembered.
#[derive(Debug)]
pub(crate) struct Neighbours {
    own: Ski,
    entries: BTreeMap<Box<str>, Entry>,
    last_number: u64,
}

impl Neighbours {
    /// Nobody is seen yet by the node that has this SKI.
    pub(crate) fn new(own: Ski) -> Self {
        Self { own, entries: BTreeMap::new(), last_number: 0 }
    }

    /// An announcement was heard, or heard again. `is_wanted` says who is looked for: others do
    /// not take their room.
    pub(crate) fn heard(
        &mut self,
        mut neighbour: Neighbour,
        is_wanted: impl Fn(Ski) -> bool,
    ) -> News {
        neighbour.addresses = usable(neighbour.addresses);
        let ski = neighbour.txt.ski;
        if ski == self.own || neighbour.addresses.is_empty() {
            // The record may have been another one before.
            self.gone(&neighbour.name);
            return News::Ignored;
        }
        if let Some(entry) = self.entries.get_mut(&neighbour.name)
            && entry.neighbour.txt.ski == ski
        {
            let is_same = entry.neighbour.addresses == neighbour.addresses
                && entry.neighbour.txt.path == neighbour.txt.path;
            let was_visible = core::mem::replace(&mut entry.is_visible, true);
            if was_visible && entry.neighbour == neighbour {
                return News::Same;
            }
            entry.neighbour = neighbour;
            return if is_same && was_visible { News::Detail } else { News::Fresh };
        }
        if !self.make_room(&neighbour, &is_wanted) {
            return News::Ignored;
        }
        self.last_number += 1;
        let entry = Entry {
            is_visible: true,
            number: self.last_number,
            proven: None,
            failures: 0,
            neighbour,
        };
        self.entries.insert(entry.neighbour.name.clone(), entry);
        News::Fresh
    }

    fn make_room(&mut self, new: &Neighbour, is_wanted: &impl Fn(Ski) -> bool) -> bool {
        // Its name is taken: by another claim of the same instance, which it replaces unless
        // that one is true.
        if let Some(entry) = self.entries.get(&new.name) {
            if entry.proven.is_some() && is_wanted(entry.neighbour.txt.ski) {
                return false;
            }
            self.entries.remove(&new.name);
        }
        let ski = new.txt.ski;
        let same = || self.entries.values().filter(|entry| entry.neighbour.txt.ski == ski);
        if same().count() >= MOST_OF_ONE {
            let tried = same().filter(|entry| entry.proven.is_none() && entry.failures > 0);
            let worst = tried.max_by_key(|entry| entry.failures);
            let Some(name) = worst.map(|entry| entry.neighbour.name.clone()) else {
                return false;
            };
            self.entries.remove(&name);
        }
        if self.entries.len() >= MOST {
            let unwanted = |entry: &&Entry| !is_wanted(entry.neighbour.txt.ski);
            let oldest = self.entries.values().filter(unwanted).min_by_key(|entry| entry.number);
            let Some(name) = oldest.map(|entry| entry.neighbour.name.clone()) else {
                return false;
            };
            self.entries.remove(&name);
        }
        true
    }

    /// A record was withdrawn, or has run out. `false`: it was not known.
    pub(crate) fn gone(&mut self, name: &str) -> bool {
        let Some(entry) = self.entries.get_mut(name) else {
            return false;
        };
        let was_visible = core::mem::replace(&mut entry.is_visible, false);
        if entry.proven.is_none() {
            self.entries.remove(name);
        }
        was_visible
    }

    /// The key of this SKI was proven there.
    pub(crate) fn proven(&mut self, ski: Ski, address: SocketAddr) {
        // It may be where nobody announces it any more.
        let is_there = |entry: &Entry| {
            entry.neighbour.addresses.contains(&address) || entry.proven == Some(address)
        };
        // Where it was before, and is not seen any more, it is no longer.
        self.entries.retain(|_, entry| {
            entry.neighbour.txt.ski != ski || entry.is_visible || is_there(entry)
        });
        for entry in self.entries.values_mut().filter(|entry| entry.neighbour.txt.ski == ski) {
            let is_there = is_there(entry);
            entry.proven = is_there.then_some(address);
            if is_there {
                entry.failures = 0;
            }
        }
    }

    /// Somebody else was there, or nobody.
    pub(crate) fn failed(&mut self, ski: Ski, address: SocketAddr) {
        for entry in self.entries.values_mut() {
            if entry.neighbour.txt.ski == ski && entry.neighbour.addresses.contains(&address) {
                entry.failures = entry.failures.saturating_add(1);
            }
        }
    }

    /// Where the peer with this SKI may be dialled: where its key was proven the last time; then
    /// the first address of each announcement, the second ones, and so on. So a forged one with
    /// many addresses does not delay the true one.
    pub(crate) fn endpoints(&self, ski: Ski) -> Vec<Endpoint> {
        let mut claims: Vec<&Entry> =
            self.entries.values().filter(|entry| entry.neighbour.txt.ski == ski).collect();
        claims.sort_by_key(|entry| entry.number);
        let mut endpoints: Vec<Endpoint> = Vec::new();
        let mut add = |entry: &Entry, address: SocketAddr| {
            if endpoints.iter().all(|known| known.address != address) {
                endpoints.push(Endpoint { address, path: entry.neighbour.txt.path.clone() });
            }
        };
        for entry in &claims {
            if let Some(proven) = entry.proven {
                add(entry, proven);
            }
        }
        for place in 0..MOST_ADDRESSES {
            for entry in &claims {
                if let Some(address) = entry.neighbour.addresses.get(place) {
                    add(entry, *address);
                }
            }
        }
        endpoints
    }

    /// Who is seen just now, in the order of the names.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &Neighbour> {
        self.entries.values().filter(|entry| entry.is_visible).map(|entry| &entry.neighbour)
    }
}

/// The addresses that can be dialled, the best ones first, and not too many.
fn usable(mut addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let rank = |address: &SocketAddr| match address {
        _ if address.port() == 0 || address.ip().is_unspecified() => None,
        _ if address.ip().is_multicast() => None,
        _ if address.ip().is_loopback() => Some(4),
        SocketAddr::V4(v4) if v4.ip().is_broadcast() => None,
        SocketAddr::V4(v4) if v4.ip().is_link_local() => Some(2),
        SocketAddr::V4(_) => Some(0),
        // Without the interface nobody can tell which link is meant.
        SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() => (v6.scope_id() != 0).then_some(3),
        SocketAddr::V6(_) => Some(1),
    };
    addresses.retain(|address| rank(address).is_some());
    addresses.sort_by_key(|address| (rank(address), order(address.ip()), address.port()));
    addresses.dedup();
    addresses.truncate(MOST_ADDRESSES);
    addresses
}

/// Any order will do that is the same every time.
fn order(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;
    use crate::discovery::Txt;

    const OWN: Ski = Ski::new([1; 20]);
    const PEER: Ski = Ski::new([2; 20]);

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn announced(name: &str, ski: Ski, addresses: &[&str]) -> Neighbour {
        let ski = ski.to_string();
        Neighbour {
            name: name.into(),
            txt: Txt::of_pairs([("txtvers", &b"1"[..]), ("ski", ski.as_bytes())])
                .expect("a record"),
            addresses: addresses.iter().map(|address| at(address)).collect(),
        }
    }

    fn neighbours() -> Neighbours {
        Neighbours::new(OWN)
    }

    fn hear(neighbours: &mut Neighbours, neighbour: Neighbour) -> News {
        neighbours.heard(neighbour, |ski| ski == PEER)
    }

    fn endpoints(neighbours: &Neighbours) -> Vec<SocketAddr> {
        neighbours.endpoints(PEER).into_iter().map(|endpoint| endpoint.address).collect()
    }

    #[test]
    fn our_own_announcement_is_not_remembered() {
        let mut all = neighbours();
        assert_eq!(hear(&mut all, announced("we", OWN, &["192.0.2.1:4712"])), News::Ignored);
        assert_eq!(all.visible().count(), 0);
        assert_eq!(all.endpoints(OWN), []);
    }

    #[test]
    fn addresses_are_tried_in_a_sensible_order_and_some_not_at_all() {
        let mut all = neighbours();
        let addresses = [
            "127.0.0.1:4712",
            "[fe80::7]:4712",
            "[fe80::7%3]:4712",
            "[2001:db8::7]:4712",
            "192.0.2.8:4712",
            "192.0.2.7:4712",
            "169.254.1.1:4712",
            "224.0.0.1:4712",
            "0.0.0.0:4712",
            "192.0.2.9:0",
            "192.0.2.7:4712",
        ];
        assert_eq!(hear(&mut all, announced("a", PEER, &addresses)), News::Fresh);
        let order = [
            "192.0.2.7:4712",
            "192.0.2.8:4712",
            "[2001:db8::7]:4712",
            "169.254.1.1:4712",
            "[fe80::7%3]:4712",
            "127.0.0.1:4712",
        ];
        assert_eq!(endpoints(&all), order.map(at));
        assert_eq!(hear(&mut all, announced("b", PEER, &["[fe80::7]:4712"])), News::Ignored);
    }

    #[test]
    fn a_repetition_is_no_news_but_a_change_and_a_return_are() {
        let mut all = neighbours();
        let first = announced("a", PEER, &["192.0.2.7:4712", "192.0.2.8:4712"]);
        let reversed = announced("a", PEER, &["192.0.2.8:4712", "192.0.2.7:4712"]);
        assert_eq!(hear(&mut all, first.clone()), News::Fresh);
        assert_eq!(hear(&mut all, reversed), News::Same);
        let mut named = first;
        named.txt.brand = Some("Example".into());
        assert_eq!(hear(&mut all, named), News::Detail);
        let moved = announced("a", PEER, &["192.0.2.9:4712"]);
        assert_eq!(hear(&mut all, moved.clone()), News::Fresh);
        assert_eq!(endpoints(&all), [at("192.0.2.9:4712")]);
        assert!(all.gone("a") && !all.gone("a"));
        assert_eq!(endpoints(&all), []);
        assert_eq!(hear(&mut all, moved), News::Fresh);
    }

    #[test]
    fn every_claim_of_an_ski_is_tried_and_the_proven_one_first() {
        let mut all = neighbours();
        let many: Vec<String> = (1..=20).map(|n| format!("192.0.2.{n}:1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        hear(&mut all, announced("forged", PEER, &many));
        hear(&mut all, announced("true", PEER, &["198.51.100.7:4712", "198.51.100.8:4712"]));
        assert_eq!(endpoints(&all)[..2], [at("192.0.2.1:1"), at("198.51.100.7:4712")]);
        assert_eq!(endpoints(&all).len(), MOST_ADDRESSES + 2);

        all.proven(PEER, at("198.51.100.8:4712"));
        assert_eq!(endpoints(&all)[0], at("198.51.100.8:4712"));
        // Its record may go, and the address is still worth trying.
        all.gone("true");
        assert_eq!(all.visible().count(), 1);
        assert_eq!(endpoints(&all)[0], at("198.51.100.8:4712"));
        // Until it is somewhere else.
        hear(&mut all, announced("new", PEER, &["203.0.113.7:4712"]));
        all.proven(PEER, at("203.0.113.7:4712"));
        assert_eq!(endpoints(&all)[0], at("203.0.113.7:4712"));
        assert!(!endpoints(&all).contains(&at("198.51.100.8:4712")));
    }

    #[test]
    fn who_is_found_where_nobody_announces_it_any_more_is_looked_for_there_again() {
        for is_withdrawn in [false, true] {
            let mut all = neighbours();
            hear(&mut all, announced("a", PEER, &["192.0.2.7:1"]));
            all.proven(PEER, at("192.0.2.7:1"));
            hear(&mut all, announced("a", PEER, &["192.0.2.8:1"]));
            if is_withdrawn {
                all.gone("a");
            }
            all.proven(PEER, at("192.0.2.7:1"));
            assert_eq!(endpoints(&all), [at("192.0.2.7:1"), at("192.0.2.8:1")]);
        }
    }

    #[test]
    fn a_flood_of_claims_is_bounded_and_those_tried_in_vain_make_room() {
        let mut all = neighbours();
        for n in 0..100 {
            hear(&mut all, announced(&format!("forged {n}"), PEER, &[&format!("192.0.2.{n}:1")]));
        }
        assert_eq!(endpoints(&all).len(), MOST_OF_ONE);
        let real = announced("true", PEER, &["198.51.100.7:4712"]);
        assert_eq!(hear(&mut all, real.clone()), News::Ignored);
        all.failed(PEER, at("192.0.2.3:1"));
        assert_eq!(hear(&mut all, real.clone()), News::Fresh);
        assert!(!endpoints(&all).contains(&at("192.0.2.3:1")));
        // Once proven, nothing pushes it out, and nobody takes its name.
        all.proven(PEER, at("198.51.100.7:4712"));
        all.failed(PEER, at("198.51.100.7:4712"));
        for n in 0..8 {
            all.failed(PEER, at(&format!("192.0.2.{n}:1")));
            hear(&mut all, announced(&format!("more {n}"), PEER, &[&format!("203.0.113.{n}:1")]));
        }
        hear(&mut all, announced("true", Ski::new([9; 20]), &["203.0.113.99:1"]));
        assert_eq!(endpoints(&all)[0], at("198.51.100.7:4712"));
    }

    #[test]
    fn strangers_do_not_take_the_room_of_those_who_are_looked_for() {
        let mut all = neighbours();
        for n in 0..1000_u32 {
            let mut octets = [7; 20];
            octets[..4].copy_from_slice(&n.to_be_bytes());
            let stranger = announced(&format!("{n}"), Ski::new(octets), &["192.0.2.1:1"]);
            hear(&mut all, stranger);
        }
        assert_eq!(all.visible().count(), MOST);
        let real = announced("true", PEER, &["198.51.100.7:4712"]);
        assert_eq!(hear(&mut all, real), News::Fresh);
        assert_eq!(all.visible().count(), MOST);
        let more = announced("more", Ski::new([8; 20]), &["192.0.2.1:1"]);
        hear(&mut all, more);
        assert_eq!(endpoints(&all), [at("198.51.100.7:4712")]);
    }

    #[test]
    fn an_instance_that_claims_another_ski_is_another_one() {
        let mut all = neighbours();
        hear(&mut all, announced("a", PEER, &["192.0.2.7:1"]));
        hear(&mut all, announced("a", Ski::new([9; 20]), &["192.0.2.7:1"]));
        assert_eq!(endpoints(&all), []);
        assert_eq!(all.endpoints(Ski::new([9; 20])).len(), 1);
        let none = announced("a", Ski::new([9; 20]), &[]);
        assert_eq!(hear(&mut all, none), News::Ignored);
        assert_eq!(all.visible().count(), 0);
    }
}
