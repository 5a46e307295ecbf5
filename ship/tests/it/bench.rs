//! What the stories are told with: nodes, streams between them, and patience.

use std::time::Duration;

use ship::identity::Identity;
use ship::net::{Config, Event, Events, Handle, Node, Peer, PeerState, Target};
use ship::{Raw, Role, Ski};
use tokio::time::timeout;

/// A node and what it tells.
pub(crate) struct Bench {
    pub(crate) node: Handle,
    pub(crate) events: Events,
}

pub(crate) fn config(name: &str) -> Config {
    Config::new(Identity::create(name).expect("an identity"), name)
}

/// Two configurations, the one with the smaller SKI first.
pub(crate) fn by_ski(names: [&str; 2]) -> [Config; 2] {
    let mut configs = names.map(config);
    configs.sort_by_key(|config| config.identity.ski());
    configs
}

/// Two nodes that trust each other.
pub(crate) fn friends(names: [&str; 2]) -> [Config; 2] {
    let mut configs = by_ski(names);
    let skis = [configs[0].identity.ski(), configs[1].identity.ski()];
    configs[0].trust.trust(skis[1]).expect("room");
    configs[1].trust.trust(skis[0]).expect("room");
    configs
}

/// Has `config` listen on the loopback interface, at any port.
pub(crate) fn listening(mut config: Config) -> Config {
    config.listen = Some("127.0.0.1:0".parse().expect("an address"));
    config
}

/// Has `config` dial `other`.
pub(crate) fn dialling(mut config: Config, other: &Bench) -> Config {
    let address = other.node.address().expect("it listens");
    config.targets.push(Target { address: address.to_string(), ski: Some(other.node.ski()) });
    config
}

pub(crate) fn payload(text: &str) -> Raw {
    Raw::new(&format!("{{\"datagram\":\"{text}\"}}")).expect("JSON")
}

impl Bench {
    pub(crate) async fn start(config: Config) -> Self {
        let (node, events) = Node::start(config).await.expect("it starts");
        Self { node, events }
    }

    pub(crate) fn ski(&self) -> Ski {
        self.node.ski()
    }

    /// Joins the two over a stream in memory; `self` is the one that dials.
    pub(crate) async fn join(&self, other: &Self) {
        let (here, there) = tokio::io::duplex(64 * 1024);
        assert!(other.node.attach(there, Role::Server, None, "memory").await);
        assert!(self.node.attach(here, Role::Client, Some(other.ski()), "memory").await);
    }

    /// The next event that is not about names.
    pub(crate) async fn next(&mut self) -> Event {
        let event = timeout(Duration::from_secs(60), self.next_if_ever()).await;
        event.expect("an event in time")
    }

    async fn next_if_ever(&mut self) -> Event {
        loop {
            match self.events.next().await.expect("the node runs") {
                Event::ShipId { .. } => {}
                event => return event,
            }
        }
    }

    pub(crate) async fn connected(&mut self) -> Ski {
        match self.next().await {
            Event::Connected { ski, .. } => ski,
            other => panic!("connected, not {other:?}"),
        }
    }

    pub(crate) async fn waiting(&mut self) -> Ski {
        match self.next().await {
            Event::Waiting { ski, .. } => ski,
            other => panic!("waiting, not {other:?}"),
        }
    }

    pub(crate) async fn disconnected(&mut self) -> String {
        match self.next().await {
            Event::Disconnected { reason, .. } => reason.to_string(),
            other => panic!("disconnected, not {other:?}"),
        }
    }

    pub(crate) async fn data(&mut self) -> String {
        match self.next().await {
            Event::Data { payload, .. } => payload.as_str().to_owned(),
            other => panic!("data, not {other:?}"),
        }
    }

    /// No event comes for this time.
    pub(crate) async fn silence(&mut self, duration: Duration) {
        if let Ok(event) = timeout(duration, self.next_if_ever()).await {
            panic!("no event, not {event:?}");
        }
    }

    /// Both can send to each other.
    pub(crate) async fn talks_to(&mut self, other: &mut Self) {
        self.node.send(other.ski(), payload("there")).expect("connected");
        assert_eq!(other.data().await, payload("there").as_str());
        other.node.send(self.ski(), payload("back")).expect("connected");
        assert_eq!(self.data().await, payload("back").as_str());
    }

    pub(crate) fn peer(&self, ski: Ski) -> Option<Peer> {
        self.node.peers().into_iter().find(|peer| peer.ski == ski)
    }

    pub(crate) fn state(&self, ski: Ski) -> Option<PeerState> {
        self.peer(ski).map(|peer| peer.state)
    }

    /// Waits until the peer is in this state.
    pub(crate) async fn until(&mut self, ski: Ski, state: PeerState) {
        let reached = async {
            while self.state(ski) != Some(state) {
                assert!(self.node.changed().await, "the node runs");
            }
        };
        timeout(Duration::from_secs(60), reached).await.expect("the state in time");
    }
}
