//! Our charger, whole and in this process, with somebody who watches its pilot.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use eebus_charger::api::socket;
use eebus_charger::core::units::MilliAmps;
use eebus_charger::hardware::simulator::{PilotChange, Setup};
use eebus_charger::run::{self, Network, Options};
use eebus_charger::store::StateDir;
use serde_json::{Value, json};
use ship::Ski;
use tokio::sync::oneshot;

/// How long a charger may take to start, to end, and to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much faster than a real one the simulated car reacts.
const SPEED: u32 = 10;

/// A charger that runs.
pub(crate) struct Charger {
    state_dir: PathBuf,
    pilot: Arc<Pilot>,
    stop: Option<oneshot::Sender<()>>,
    runs: Option<JoinHandle<Result<(), run::Error>>>,
    pub(crate) ski: Ski,
    pub(crate) address: SocketAddr,
}

/// What the pilot has offered, and when.
#[derive(Default)]
struct Pilot {
    offers: Mutex<Vec<(Instant, MilliAmps)>>,
    changed: Condvar,
}

impl Charger {
    /// Who the charger with this place is, before it runs.
    pub(crate) fn ski_of(place: &Path) -> Ski {
        let state_dir = StateDir::open(&state_dir(place)).expect("it is nobody else's");
        run::identity(state_dir.path()).expect("it is created").ski()
    }

    /// Starts a charger with a car that is plugged in already. It dials a peer, if there is one.
    pub(crate) fn start(place: &Path, listen: SocketAddr, dial: Option<SocketAddr>) -> Self {
        let state_dir = state_dir(place);
        let pilot = Arc::new(Pilot::default());
        let watcher = Arc::clone(&pilot);
        let options = Options {
            state_dir: state_dir.clone(),
            simulator: Setup { plug_after: Some(Duration::ZERO), speed: SPEED, ..Setup::default() },
            probe: Some(Box::new(move |change| watcher.change(change))),
            web: None,
            network: Network {
                listen,
                dial: dial.into_iter().collect(),
                trust: Vec::new(),
                announce: false,
                browse: false,
                capture: None,
            },
        };
        let (stop, stopped) = oneshot::channel();
        let (started, starting) = mpsc::channel();
        let runs = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("the system has what it needs").block_on(async {
                let running = run::start(options).await?;
                let here = (running.ski, running.address);
                started.send(here).expect("the test waits for it");
                // A test that is gone wants the charger to end as well.
                running.until(async { stopped.await.unwrap_or_default() }).await
            })
        });
        match starting.recv_timeout(PATIENCE) {
            Ok((ski, address)) => {
                Self { state_dir, pilot, stop: Some(stop), runs: Some(runs), ski, address }
            }
            Err(_) if runs.is_finished() => panic!("it does not start: {:?}", runs.join()),
            Err(_) => panic!("it does not start within {PATIENCE:?}"),
        }
    }

    /// The user trusts a peer.
    pub(crate) fn trust(&self, ski: Ski) {
        self.call("POST", "eebus/pair", Some(&json!({ "ski": ski.to_string() })));
    }

    /// Waits until a peer is seen to wait for the user's trust.
    pub(crate) fn waits_for_trust(&self, ski: Ski, within: Duration) {
        let ski = ski.to_string();
        self.until(within, "the peer waits for trust", |charger| {
            let waiting = charger.call("GET", "eebus/requests", None);
            waiting.as_array().expect("a list").iter().any(|peer| peer["ski"] == *ski)
        });
    }

    /// Moves the simulated car: `plug` or `unplug`.
    pub(crate) fn simulate(&self, what: &str) {
        self.call("POST", &format!("sim/{what}"), None);
    }

    /// Waits until the pilot offers this current.
    pub(crate) fn offers(&self, current: MilliAmps, within: Duration) {
        let offers = self.pilot.offers.lock().expect("nobody panics with it");
        let is_other = |offers: &mut Vec<(Instant, MilliAmps)>| {
            offers.last().is_none_or(|(_, offer)| *offer != current)
        };
        let waited = self.pilot.changed.wait_timeout_while(offers, within, is_other);
        let is_late = waited.expect("nobody panics with it").1.timed_out();
        assert!(!is_late, "the pilot does not offer {current} within {within:?}");
    }

    fn until(&self, within: Duration, what: &str, is_reached: impl Fn(&Self) -> bool) {
        let end = Instant::now() + within;
        while !is_reached(self) {
            assert!(Instant::now() < end, "not within {within:?}: {what}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the charger in an orderly way.
    pub(crate) fn stop(&mut self) {
        let ended = self.end().expect("it runs");
        ended.expect("no panic").expect("an orderly end");
    }

    fn end(&mut self) -> Option<thread::Result<Result<(), run::Error>>> {
        self.stop = None;
        self.runs.take().map(JoinHandle::join)
    }

    /// Asks the API. One request a connection, so that nothing more of HTTP is needed.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = UnixStream::connect(socket::path(&self.state_dir)).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
        write!(
            stream,
            "{method} /api/v1/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, document) = answer.split_once("\r\n\r\n").expect("an answer of HTTP");
        assert!(head.starts_with("HTTP/1.1 200 "), "{method} {path}: {answer}");
        serde_json::from_str(document).expect("a document")
    }
}

fn state_dir(place: &Path) -> PathBuf {
    place.join("charger")
}

impl Drop for Charger {
    fn drop(&mut self) {
        if thread::panicking() && self.runs.is_some() {
            eprintln!("--- the pilot has offered:");
            let offers = self.pilot.offers.lock().expect("nobody panics with it");
            for (at, offer) in offers.iter() {
                eprintln!("{:?} ago: {offer}", at.elapsed());
            }
        }
        let _ = self.end();
    }
}

impl Pilot {
    fn change(&self, change: PilotChange) {
        let now = Instant::now();
        self.offers.lock().expect("nobody panics with it").push((now, change.offered));
        self.changed.notify_all();
    }
}
