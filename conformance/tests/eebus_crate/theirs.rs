//! An actor of the crate on the crate's own hub, driven as its examples do it.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use eebus::cert::{self, CertParams};
use eebus::model::AddressDevice;
use eebus::runtime::{Hub, HubEvent, Node, TrustStore};
use eebus::spine::{Engine, SpineEvent};
use eebus::tls::ShipTls;
use ship::Ski;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// How often the hub looks whether there is an order: its `next` must not be interrupted.
const LOOK: Duration = Duration::from_millis(20);

/// An actor of the crate.
pub(crate) trait Actor: Send + 'static {
    /// What it is told to do.
    type Order: Send + 'static;

    /// What is known of a peer has changed: looks for the other part.
    fn meet(&mut self, engine: &mut Engine, peer: &AddressDevice, now: Duration);
    /// An event of the engine; what follows from it.
    fn hear(&mut self, engine: &mut Engine, event: &SpineEvent, now: Duration) -> Option<String>;
    /// Its time has come; what follows from it.
    fn tick(&mut self, engine: &mut Engine, now: Duration) -> Option<String>;
    /// When its time comes.
    fn deadline(&self) -> Option<Duration>;
    /// Does what it is told.
    fn obey(&mut self, order: Self::Order);
}

/// A device on the crate. Its events are kept as the texts that they print as.
pub(crate) struct Device<A: Actor> {
    pub(crate) ski: Ski,
    orders: UnboundedSender<A::Order>,
    reports: UnboundedReceiver<String>,
    happened: Vec<String>,
    task: JoinHandle<()>,
}

/// A node with a fresh key that trusts one peer.
pub(crate) fn node(ship_id: &str, trust: Ski) -> Node {
    let identity = cert::self_signed(CertParams::new(ship_id)).expect("a certificate");
    let store = TrustStore::new();
    store.trust(trust.to_string().parse().expect("an SKI"));
    Node::new(ship_id, ShipTls::new(identity), store)
}

/// The SKI of a node.
pub(crate) fn ski(node: &Node) -> Ski {
    node.ski().to_string().parse().expect("an SKI")
}

/// A hub that listens on any free port, and where that is.
pub(crate) async fn listen(node: Node, engine: Engine) -> (Hub, SocketAddr) {
    let mut hub = Hub::new(node, engine);
    let address = hub.listen("127.0.0.1:0").await.expect("a free port");
    (hub, address)
}

impl<A: Actor> Device<A> {
    /// Lets the actor live on a hub.
    pub(crate) fn start(hub: Hub, actor: A) -> Self {
        let ski = hub.ski().to_string().parse().expect("an SKI");
        let (orders, ordered) = mpsc::unbounded_channel();
        let (report, reports) = mpsc::unbounded_channel();
        let task = tokio::spawn(drive(hub, actor, ordered, report));
        Self { ski, orders, reports, happened: Vec::new(), task }
    }

    /// Gives an order.
    pub(crate) fn order(&self, order: A::Order) {
        assert!(self.orders.send(order).is_ok(), "their hub has stopped");
    }

    /// Waits for something that prints so; returns all of it.
    pub(crate) async fn reports(&mut self, start: &str, within: Duration) -> String {
        let end = Instant::now() + within;
        while let Ok(report) = timeout_at(end, self.reports.recv()).await {
            let report = report.expect("their hub runs as long as the test");
            self.happened.push(report.clone());
            if report.starts_with(start) {
                return report;
            }
        }
        panic!("not within {within:?}: {start}");
    }
}

impl<A: Actor> Drop for Device<A> {
    fn drop(&mut self) {
        self.task.abort();
        if thread::panicking() {
            eprintln!("--- their device says:");
            for line in &self.happened {
                eprintln!("{}", line.chars().take(600).collect::<String>());
            }
        }
    }
}

async fn drive<A: Actor>(
    mut hub: Hub,
    mut actor: A,
    mut orders: UnboundedReceiver<A::Order>,
    reports: UnboundedSender<String>,
) {
    // That nobody listens any more is the end of the test.
    let report = |event: &dyn Debug| drop(reports.send(format!("{event:?}")));
    loop {
        let look = hub.now() + LOOK;
        hub.wake_at(actor.deadline().map_or(look, |deadline| deadline.min(look)));
        let event = match hub.next().await {
            Ok(event) => event,
            Err(error) => return report(&error),
        };
        let now = hub.now();
        let engine = hub.engine_mut();
        let said = match &event {
            HubEvent::Tick => {
                while let Ok(order) = orders.try_recv() {
                    actor.obey(order);
                }
                actor.tick(engine, now)
            }
            HubEvent::PeerDiscovered { device, .. } => {
                report(&event);
                actor.meet(engine, device, now);
                None
            }
            HubEvent::Spine(event) => {
                report(event);
                if let SpineEvent::DiscoveryUpdated { device }
                | SpineEvent::UseCasesUpdated { device } = event
                {
                    actor.meet(engine, device, now);
                }
                actor.hear(engine, event, now)
            }
            other => {
                report(other);
                None
            }
        };
        if let Some(said) = said {
            drop(reports.send(said));
        }
    }
}
