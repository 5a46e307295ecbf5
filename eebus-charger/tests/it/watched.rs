//! A charger whose port task is timed, and a flood for its web.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eebus_charger::api::events::{Events, STREAMS};
use eebus_charger::api::{self, Api};
use eebus_charger::clock::Clock;
use eebus_charger::ending::Ending;
use eebus_charger::hardware::simulator::{Setup, Simulator};
use eebus_charger::port::{self, Handle, TICK};
use eebus_charger::ports::{Capabilities, EvsePort, PortBusy, PortCommand, PortSnapshot};
use eebus_charger::store::{Notebook, Settings, StateDir};
use eebus_charger::web;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::https::Browser;

/// A board that notes when the port task looks at it.
struct Watched {
    board: Simulator,
    last: Option<Instant>,
    gaps: Arc<Mutex<Vec<Duration>>>,
}

impl EvsePort for Watched {
    fn capabilities(&self) -> Capabilities {
        self.board.capabilities()
    }

    fn command(&mut self, command: PortCommand, now: eebus_json::Instant) -> Result<(), PortBusy> {
        self.board.command(command, now)
    }

    fn advance(&mut self, now: eebus_json::Instant) {
        let turn = Instant::now();
        if let Some(last) = self.last.replace(turn) {
            self.gaps.lock().expect("nobody panics with it").push(turn - last);
        }
        self.board.advance(now);
    }

    fn snapshot(&self) -> Option<PortSnapshot> {
        self.board.snapshot()
    }
}

/// A charger in this process, on a board that is watched: port task, hub, API and web as the
/// program has them, but no EEBUS.
pub(crate) struct Charger {
    _place: TempDir,
    _ending: watch::Sender<bool>,
    pub(crate) charger: Handle,
    pub(crate) web: String,
    gaps: Arc<Mutex<Vec<Duration>>>,
}

impl Charger {
    pub(crate) fn start() -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        let dir = StateDir::open(place.path()).expect("it is free");
        let notebook = Notebook::open(dir).expect("it is empty");
        let clock = Clock::start();
        let setup = Setup { plug_after: Some(Duration::ZERO), speed: 20, ..Setup::default() };
        let gaps = Arc::<Mutex<Vec<_>>>::default();
        let board = Simulator::new(setup, clock.now());
        let board = Watched { board, last: None, gaps: Arc::clone(&gaps) };
        let settings = Settings::default();
        let config = port::config(setup.capabilities, setup.supply, &settings, &notebook);
        let (port, hub, charger) = port::assemble(config, board, notebook, clock);
        drop(port.spawn().expect("the system has a thread"));
        tokio::spawn(hub.run());

        let (ending, until) = watch::channel(false);
        let until = Ending::new(until);
        let api = Api::new(charger.clone(), None, None, STREAMS);
        tokio::spawn(api.curve.clone().run(charger.clone(), until.clone()));
        tokio::spawn(Events::run(api.clone(), until.clone()));
        let options = web::Options::new("127.0.0.1:0".parse().expect("an address"));
        let bound = web::bind(options, place.path()).expect("there is a port");
        let web = bound.https().to_string();
        drop(bound.spawn(api::router(api), until).expect("the system has a thread"));
        Self { _place: place, _ending: ending, charger, web, gaps }
    }

    /// How late the port task came to each of its turns since the last call, the latest last.
    pub(crate) fn lateness(&self) -> Vec<Duration> {
        let gaps = std::mem::take(&mut *self.gaps.lock().expect("nobody panics with it"));
        let mut late: Vec<_> = gaps.into_iter().map(|gap| gap.saturating_sub(TICK)).collect();
        late.sort();
        late
    }
}

impl Drop for Charger {
    fn drop(&mut self) {
        self.charger.stop();
    }
}

/// Asks for the status so many times a second over eight connections; returns how many answers
/// came.
pub(crate) async fn flood(web: &str, per_second: u32, duration: Duration) -> u32 {
    const CLIENTS: u32 = 8;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let web = web.to_owned();
        clients.spawn(async move {
            let mut browser = Browser::open(&web).await.expect("there is room");
            let mut pace = interval(Duration::from_secs(1) * CLIENTS / per_second);
            let end = tokio::time::Instant::now() + duration;
            let mut answered = 0;
            while pace.tick().await < end {
                let answer = browser.get("/api/v1/status").await.expect("it answers");
                assert_eq!(answer.status, 200);
                answered += 1;
            }
            answered
        });
    }
    clients.join_all().await.into_iter().sum()
}
