//! Being found and finding, over real multicast. Between two of our own library the loopback
//! interface is enough, so these tests run everywhere.

use std::net::Ipv6Addr;
use std::time::Duration;

use mdns_sd::{Receiver, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use ship::Ski;
use ship::discovery::Neighbour;
use ship::net::{Announcement, Config, PeerState};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use crate::bench::{Bench, config, friends};
use crate::raw::{Card, Raw};

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

/// A node that looks around and trusts this peer.
fn looking(peer: Ski) -> Config {
    let mut config = config("i:55555_u:looking");
    config.browse = true;
    config.trust.trust(peer).expect("room");
    config
}

/// Waits until the node sees an instance, or does not see it any more.
async fn sees(bench: &mut Bench, name: &str, is_seen: bool) -> Option<Neighbour> {
    let seen = async {
        loop {
            let found = bench.node.visible().into_iter().find(|it| &*it.name == name);
            if found.is_some() == is_seen {
                return found;
            }
            assert!(bench.node.changed().await, "the node runs");
        }
    };
    timeout(Duration::from_secs(15), seen).await.expect(NOT_SEEN)
}

/// An announcement by hand, which may lie.
struct Record {
    daemon: ServiceDaemon,
    name: String,
}

impl Record {
    fn new(name: &str, ski: Ski, addresses: &str, port: u16) -> Self {
        let daemon = ServiceDaemon::new().expect("a socket");
        let record = Self { daemon, name: name.into() };
        record.set(ski, addresses, port);
        record
    }

    fn set(&self, ski: Ski, addresses: &str, port: u16) {
        // Not what our own announcements look like: upper case, no `register`, spaces.
        let txt = [
            ("txtvers", "1".to_string()),
            ("id", "Somebody".into()),
            ("path", "/ship/".into()),
            ("ski", ski.to_string().to_uppercase()),
            ("brand", "Some Body".into()),
        ];
        let host = format!("{}.local.", self.name);
        let service = "_ship._tcp.local.";
        let info = ServiceInfo::new(service, &self.name, &host, addresses, port, &txt[..]);
        self.daemon.register(info.expect("a record")).expect("announced");
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let _ = self.daemon.shutdown();
    }
}

#[tokio::test]
async fn a_trusted_peer_is_found_and_dialled_and_nobody_else() {
    let mut peer = announced("i:55555_u:peer");
    let stranger = announced("i:55555_u:stranger");
    let ski = peer.identity.ski();
    let strange = instance(stranger.identity.ski());
    let config = looking(ski);
    peer.trust.trust(config.identity.ski()).expect("room");
    let mut stranger = Bench::start(stranger).await;
    let mut peer = Bench::start(peer).await;
    let mut bench = Bench::start(config).await;

    assert_eq!(bench.connected().await, ski);
    peer.connected().await;
    bench.talks_to(&mut peer).await;
    let seen = sees(&mut bench, &instance(ski), true).await.expect("seen");
    assert_eq!(seen.txt.ship_id.as_deref(), Some("i:55555_u:peer"));
    assert_eq!(seen.txt.categories, [3]);
    assert!(!seen.addresses.is_empty());
    // The stranger is shown to the user, and left alone.
    sees(&mut bench, &strange, true).await;
    stranger.silence(Duration::from_secs(3)).await;
    // A choice of the user has it dialled.
    bench.node.trust(stranger.ski()).await.expect("room");
    assert_eq!(stranger.waiting().await, bench.ski());

    peer.node.shutdown().await;
    bench.disconnected().await;
    sees(&mut bench, &instance(ski), false).await;
}

#[tokio::test]
async fn a_node_neither_sees_nor_dials_itself() {
    let mut config = announced("i:55555_u:alone");
    config.browse = true;
    let ski = config.identity.ski();
    let watcher = Watcher::of(ski);
    let bench = Bench::start(config).await;
    watcher.found().await;
    sleep(Duration::from_secs(2)).await;
    assert!(bench.node.visible().iter().all(|it| it.txt.ski != ski));
    assert_eq!(bench.node.peers(), []);
}

/// Accepts connections and presents this card; tells when somebody came.
async fn serve(listener: &TcpListener, card: &Card) -> Option<Raw<tokio::net::TcpStream>> {
    let (stream, _) = listener.accept().await.expect("a connection");
    let stream = card.accept(stream).await.ok()?;
    Some(Raw::upgraded(stream).await)
}

#[tokio::test]
async fn claims_that_are_forged_or_stale_do_not_keep_the_real_peer_away() {
    let [real, forger] = [Card::honest(), Card::honest()];
    let honest = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let trap = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    // A port where nobody is any more.
    let stale = port(&TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let name = |kind: &str| format!("ship-{kind}-{}", &real.ski.to_string()[..8]);

    let mut bench = Bench::start(looking(real.ski)).await;
    let _stale = Record::new(&name("stale"), real.ski, "127.0.0.1", stale);
    let _forged = Record::new(&name("forged"), real.ski, "127.0.0.1", port(&trap));
    sees(&mut bench, &name("stale"), true).await;
    sees(&mut bench, &name("forged"), true).await;
    let trapped = tokio::spawn(async move {
        let mut count = 0;
        while timeout(Duration::from_secs(6), serve(&trap, &forger)).await.is_ok() {
            count += 1;
        }
        count
    });
    // The forger was first; the real one comes later.
    sleep(Duration::from_secs(4)).await;
    let begun = Instant::now();
    let _true = Record::new(&name("true"), real.ski, "127.0.0.1", port(&honest));
    let served = timeout(Duration::from_secs(15), serve(&honest, &real)).await;
    let mut raw = served.expect("dialled in time").expect("the key that is expected");
    raw.serves().await;
    assert_eq!(bench.connected().await, real.ski);
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    // The forger was tried, and has nothing to do with a session.
    assert!(trapped.await.expect("no panic") > 0);
    assert_eq!(bench.state(real.ski), Some(PeerState::Connected));

    // From now on the real one is the first to be tried.
    drop(raw);
    bench.disconnected().await;
    let served = timeout(Duration::from_secs(6), serve(&honest, &real)).await;
    served.expect("dialled in time").expect("the key that is expected").serves().await;
    bench.connected().await;
}

#[tokio::test]
async fn a_peer_that_moves_is_followed() {
    let card = Card::honest();
    let [before, after] = [
        TcpListener::bind("127.0.0.1:0").await.expect("a port"),
        TcpListener::bind("127.0.0.1:0").await.expect("a port"),
    ];
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    let name = format!("ship-moves-{}", &card.ski.to_string()[..8]);
    let mut bench = Bench::start(looking(card.ski)).await;
    let record = Record::new(&name, card.ski, "127.0.0.1", port(&before));
    let mut raw = serve(&before, &card).await.expect("the key that is expected");
    raw.serves().await;
    bench.connected().await;

    // It was switched off, and is on again with another port.
    record.set(card.ski, "127.0.0.1", port(&after));
    drop((raw, before));
    bench.disconnected().await;
    let served = timeout(Duration::from_secs(15), serve(&after, &card)).await;
    served.expect("dialled in time").expect("the key that is expected").serves().await;
    bench.connected().await;
}

/// The addresses of this machine's links, with the names of the interfaces.
fn link_local() -> Vec<(Ipv6Addr, String)> {
    let known = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    let address = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let ip = Ipv6Addr::from_bits(u128::from_str_radix(fields[0], 16).ok()?);
        ip.is_unicast_link_local().then(|| (ip, fields[5].to_string()))
    };
    known.lines().filter_map(address).collect()
}

/// Says what it did where there is no such address; the loopback interface has none.
#[tokio::test]
async fn a_peer_is_dialled_over_the_address_of_one_link() {
    let Some((ip, interface)) = link_local().into_iter().next() else {
        eprintln!("not tested: no interface of this machine has an IPv6 address of its link");
        return;
    };
    let [mut one, mut two] = friends(["one", "two"]);
    two.listen = Some("[::]:0".parse().expect("an address"));
    let mut two = Bench::start(two).await;
    let port = two.node.address().expect("it listens").port();
    let address = format!("[{ip}%{interface}]:{port}");
    one.targets.push(address.parse().expect("an address"));
    let mut one = Bench::start(one).await;
    one.connected().await;
    two.connected().await;
    one.talks_to(&mut two).await;
}
