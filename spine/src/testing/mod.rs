//! Two engines, a link and a virtual clock: stories in memory. Beside them what holds for all data
//! ([`laws`]), and arbitrary data to try it on ([`arbitrary`]).
//!
//! ```
//! use core::time::Duration;
//! use spine::device::LocalDevice;
//! use spine::engine::Mode;
//! use spine::model::DeviceType;
//! use spine::testing::{Pair, Side};
//!
//! let side = |address: &str| {
//!     let device = LocalDevice::new(address.into(), DeviceType::Generic);
//!     Side::new(spine::Engine::new(device, Mode::Strict), ())
//! };
//! let mut pair = Pair::new(side("d:_n:Example_A"), side("d:_n:Example_B"));
//! pair.connect();
//! pair.run(Duration::from_secs(10));
//! let peer = pair.left.engine.peer(Pair::<(), ()>::PEER).expect("connected");
//! assert_eq!(peer.address().expect("discovered").to_string(), "d:_n:Example_B");
//! ```

pub mod arbitrary;
pub mod laws;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::engine::{Event, Output, PeerId};
use crate::model::UtcTime;
use crate::{Engine, Instant, Now};

/// What sits on top of an engine: a use case, or several.
pub trait Party {
    /// The engine tells something.
    fn event(&mut self, event: &Event, engine: &mut Engine, now: Now) {
        let _ = (event, engine, now);
    }

    /// The time that [`Self::deadline`] named has come.
    fn tick(&mut self, engine: &mut Engine, now: Now) {
        let _ = (engine, now);
    }

    /// When [`Self::tick`] is due.
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Party for () {}

/// One engine and what sits on top of it.
#[derive(Debug)]
pub struct Side<P> {
    /// The engine.
    pub engine: Engine,
    /// What sits on top of it.
    pub party: P,
    /// Everything the engine has told so far.
    pub events: Vec<Event>,
}

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// From left to right.
    Right,
    /// From right to left.
    Left,
}

/// Decides what becomes of a datagram: it may be changed, or lost (`None`).
pub type Link = Box<dyn FnMut(Way, String) -> Option<String>>;

/// Two engines, connected or not, on one virtual clock.
pub struct Pair<L, R> {
    /// The one side.
    pub left: Side<L>,
    /// The other side.
    pub right: Side<R>,
    /// The time.
    pub now: Now,
    /// Every datagram that was sent, whatever became of it.
    pub wire: Vec<(Way, String)>,
    link: Link,
    is_connected: bool,
}

impl<P: Party> Side<P> {
    /// An engine with something on top.
    pub const fn new(engine: Engine, party: P) -> Self {
        Self { engine, party, events: Vec::new() }
    }

    /// Takes the engine's outputs: events go to the party, datagrams are returned.
    fn drain(&mut self, now: Now) -> Vec<String> {
        let mut datagrams = Vec::new();
        while let Some(output) = self.engine.poll() {
            match output {
                Output::Datagram { datagram, .. } => datagrams.push(datagram.as_str().into()),
                // The link of a test has no end of its own.
                Output::Close { .. } => {}
                Output::Event(event) => {
                    self.party.event(&event, &mut self.engine, now);
                    self.events.push(event);
                }
            }
        }
        datagrams
    }

    fn deadline(&self) -> Option<Instant> {
        self.engine.deadline().into_iter().chain(self.party.deadline()).min()
    }

    fn tick(&mut self, now: Now) {
        self.engine.tick(now);
        self.party.tick(&mut self.engine, now);
    }
}

impl<L: Party, R: Party> Pair<L, R> {
    /// The number under which each side knows the other.
    pub const PEER: PeerId = PeerId(1);

    /// Two sides that are not connected yet, in May 2026.
    pub fn new(left: Side<L>, right: Side<R>) -> Self {
        Self {
            left,
            right,
            now: Now {
                instant: Instant::ORIGIN,
                utc: UtcTime { seconds: 1_777_888_800, nanos: 0 },
            },
            wire: Vec::new(),
            link: Box::new(|_, text| Some(text)),
            is_connected: false,
        }
    }

    /// Lets every datagram pass through `link` from now on.
    pub fn through(&mut self, link: impl FnMut(Way, String) -> Option<String> + 'static) {
        self.link = Box::new(link);
    }

    /// Connects the sides and lets them talk until both are silent.
    ///
    /// # Panics
    /// If an engine has no room for a peer.
    pub fn connect(&mut self) {
        self.is_connected = true;
        for engine in [&mut self.left.engine, &mut self.right.engine] {
            engine.connected(Self::PEER, self.now).expect("one peer is not too many");
        }
        self.settle();
    }

    /// Cuts the connection.
    pub fn disconnect(&mut self) {
        self.is_connected = false;
        self.left.engine.disconnected(Self::PEER);
        self.right.engine.disconnected(Self::PEER);
        self.settle();
    }

    /// Delivers datagrams until both sides are silent; the clock stands still.
    ///
    /// # Panics
    /// If they are not after 10,000 datagrams: then they answer each other for ever.
    pub fn settle(&mut self) {
        let mut queue = VecDeque::new();
        for _ in 0..10_000 {
            let left = self.left.drain(self.now).into_iter().map(|text| (Way::Right, text));
            queue.extend(left);
            let right = self.right.drain(self.now).into_iter().map(|text| (Way::Left, text));
            queue.extend(right);
            let Some((way, text)) = queue.pop_front() else {
                return;
            };
            self.wire.push((way, text.clone()));
            if !self.is_connected {
                continue;
            }
            if let Some(text) = (self.link)(way, text) {
                let to = match way {
                    Way::Right => &mut self.right.engine,
                    Way::Left => &mut self.left.engine,
                };
                to.datagram(Self::PEER, text.as_bytes(), self.now);
            }
        }
        panic!("the sides never fall silent");
    }

    /// Lets time pass, from deadline to deadline.
    pub fn run(&mut self, elapsed: Duration) {
        let end = self.now.plus(elapsed);
        self.settle();
        loop {
            let next = self.left.deadline().into_iter().chain(self.right.deadline()).min();
            let Some(next) = next.filter(|next| *next <= end.instant) else {
                break;
            };
            self.now = self.now.plus(next - self.now.instant);
            self.left.tick(self.now);
            self.right.tick(self.now);
            self.settle();
        }
        self.now = end;
        self.settle();
    }
}
