//! A device on the network: an engine above a SHIP node.
//!
//! The engine says what is due and when; this is the loop that waits. The application owns the
//! [`Node`] and asks it for the next event; between events it may do with the engine what it
//! likes, and whatever the engine wants to send leaves with the next call.
//!
//! ```no_run
//! use spine::device::LocalDevice;
//! use spine::engine::Mode;
//! use spine::model::DeviceType;
//! use spine::node::{Event, Node};
//!
//! # async fn run(config: ship::net::Config) -> Result<(), Box<dyn std::error::Error>> {
//! let device = LocalDevice::new("d:_n:Example_Box-7".into(), DeviceType::Generic);
//! let engine = spine::Engine::new(device, Mode::Tolerant);
//! let mut node = Node::start(config, engine).await?;
//! while let Some(event) = node.next().await {
//!     match event {
//!         Event::Waiting { ski, address } => println!("{ski} at {address} waits for you"),
//!         Event::Spine(event) => println!("{event:?}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod outbox;

use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::time::{SystemTime, UNIX_EPOCH};

use ship::Ski;
use ship::net::{Config, Event as ShipEvent, Events, Handle, Reason, StartError};

use crate::engine::{self, Output, PeerId};
use crate::model::UtcTime;
use crate::{Engine, Instant, Now};
use outbox::Outbox;

/// A device on the network.
#[derive(Debug)]
pub struct Node {
    engine: Engine,
    ship: Handle,
    events: Events,
    /// Who is connected, and under which number the engine knows them.
    peers: BTreeMap<Ski, PeerId>,
    last_peer: u64,
    outbox: Outbox,
    origin: tokio::time::Instant,
}

/// What the application hears.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// An unknown peer waits for the user; decide with the node's [`Handle`].
    Waiting {
        /// Its proven SKI.
        ski: Ski,
        /// Where it is connected from, or was dialled at.
        address: String,
    },
    /// A trusted peer is connected.
    Connected {
        /// Its SKI.
        ski: Ski,
        /// The number under which the engine knows it, until it is disconnected.
        peer: PeerId,
    },
    /// A peer is no longer connected; the engine's [`engine::Event::Gone`] follows.
    Disconnected {
        /// Its SKI.
        ski: Ski,
        /// Why.
        reason: Reason,
    },
    /// The engine tells something.
    Spine(engine::Event),
}

impl Node {
    /// Opens the port and starts SHIP on the current runtime.
    ///
    /// # Errors
    /// Whatever keeps SHIP from starting.
    pub async fn start(config: Config, engine: Engine) -> Result<Self, StartError> {
        let (ship, events) = ship::net::Node::start(config).await?;
        Ok(Self {
            engine,
            ship,
            events,
            peers: BTreeMap::new(),
            last_peer: 0,
            outbox: Outbox::default(),
            origin: tokio::time::Instant::now(),
        })
    }

    /// The next event; `None` when SHIP has stopped.
    ///
    /// Nothing is lost if the future is dropped, so that it can stand in a `select!`.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.flush() {
                return Some(event);
            }
            let wake =
                self.engine.deadline().into_iter().chain(self.outbox.retry(self.now())).min();
            tokio::select! {
                event = self.events.next() => {
                    if let Some(event) = self.on_ship(event?) {
                        return Some(event);
                    }
                }
                () = until(self.origin, wake) => {
                    let now = self.now();
                    self.engine.tick(now);
                }
            }
        }
    }

    /// The engine, to be asked and told.
    pub const fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// The time, for what the engine is told.
    pub fn now(&self) -> Now {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let utc = UtcTime {
            seconds: i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX),
            nanos: elapsed.subsec_nanos(),
        };
        Now { instant: Instant::from_origin(self.origin.elapsed()), utc }
    }

    /// Waits until a deadline on the node's clock; for ever without one.
    pub fn until(&self, deadline: Option<Instant>) -> impl Future<Output = ()> + use<> {
        until(self.origin, deadline)
    }

    /// SHIP: whom to trust, who is connected, how to stop.
    pub const fn ship(&self) -> &Handle {
        &self.ship
    }

    /// The SKI of a connected peer.
    pub fn ski(&self, peer: PeerId) -> Option<Ski> {
        self.peers.iter().find(|(_, id)| **id == peer).map(|(ski, _)| *ski)
    }

    /// The number under which the engine knows a connected peer.
    pub fn peer(&self, ski: Ski) -> Option<PeerId> {
        self.peers.get(&ski).copied()
    }

    /// Sends what the engine has to say; stops at the first thing for the application.
    pub fn flush(&mut self) -> Option<Event> {
        while let Some(output) = self.engine.poll() {
            match output {
                Output::Datagram { peer, datagram } => self.outbox.push(peer, datagram),
                Output::Close { peer } => self.give_up(peer, "it floods us"),
                Output::Event(event) => {
                    self.send();
                    return Some(Event::Spine(event));
                }
            }
        }
        self.send();
        None
    }

    fn send(&mut self) {
        let (ship, peers) = (&self.ship, &self.peers);
        let overflown = self.outbox.send(|peer, datagram| {
            let ski = peers.iter().find(|(_, id)| **id == peer).map(|(ski, _)| *ski);
            ski.map(|ski| ship.send(ski, datagram.clone()))
        });
        for peer in overflown {
            self.give_up(peer, "it does not read what it is sent");
        }
    }

    /// Ends what there is with a peer; it may connect again.
    fn give_up(&mut self, peer: PeerId, why: &str) {
        let Some(ski) = self.ski(peer) else {
            return;
        };
        tracing::warn!(%ski, "the peer is given up: {why}");
        self.peers.remove(&ski);
        self.outbox.forget(peer);
        self.engine.disconnected(peer);
        self.ship.disconnect(ski);
    }

    fn on_ship(&mut self, event: ShipEvent) -> Option<Event> {
        let now = self.now();
        match event {
            ShipEvent::Waiting { ski, address } => Some(Event::Waiting { ski, address }),
            ShipEvent::Connected { ski, .. } => {
                self.last_peer += 1;
                let peer = PeerId(self.last_peer);
                let connected = match self.peers.insert(ski, peer) {
                    // A newer connection of the same peer is a new session.
                    Some(before) => {
                        self.outbox.forget(before);
                        self.engine.replaced(before, peer, now)
                    }
                    None => self.engine.connected(peer, now),
                };
                if let Err(full) = connected {
                    self.give_up(peer, &full.to_string());
                    return None;
                }
                Some(Event::Connected { ski, peer })
            }
            ShipEvent::Data { ski, payload } => {
                if let Some(peer) = self.peers.get(&ski) {
                    self.engine.datagram(*peer, payload.as_str().as_bytes(), now);
                }
                None
            }
            ShipEvent::Disconnected { ski, reason } => {
                if let Some(peer) = self.peers.remove(&ski) {
                    self.outbox.forget(peer);
                    self.engine.disconnected(peer);
                }
                Some(Event::Disconnected { ski, reason })
            }
            _ => None,
        }
    }
}

async fn until(origin: tokio::time::Instant, deadline: Option<Instant>) {
    // Beyond the end of the runtime's clock is for ever, too.
    match deadline.and_then(|deadline| origin.checked_add(deadline.since_origin())) {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
