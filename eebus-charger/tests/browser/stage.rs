//! A charger with its page, a car and an energy manager, and a browser in front of it.

use std::net::SocketAddr;
use std::time::Duration;

use eebus_charger::hardware::simulator::Setup;
use eebus_charger::run::{self, Network, Options, Running};
use eebus_charger::{port, web};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::browser::{Browser, View};
use crate::manager::{Manager, Plan};

/// Any free port of this machine.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub(crate) struct Stage {
    pub(crate) browser: Browser,
    pub(crate) manager: Manager,
    pub(crate) charger: Charger,
}

/// A charger in this process.
pub(crate) struct Charger {
    pub(crate) handle: port::Handle,
    place: TempDir,
    web: SocketAddr,
    ship: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), run::Error>>,
}

impl Stage {
    /// A car charges under the eyes of an energy manager, and the page shows it.
    pub(crate) async fn set(view: View) -> Self {
        let plan = Plan::new();
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut options = options(&place, ANY, ANY);
        options.network.trust = vec![plan.ski()];
        let charger = run::start(options).await.expect("it starts");
        let (ski, ship) = (charger.ski, charger.address);
        let charger = Charger::new(charger, place);
        let manager = plan.start(ship, ski).await;
        let browser = Browser::start(view).await;
        browser.open(&charger.address()).await;
        browser.until("word", |word| word == "Charging").await;
        browser.until("strip", |strip| strip.contains("Connected")).await;
        Self { browser, manager, charger }
    }
}

impl Charger {
    fn new(running: Running, place: TempDir) -> Self {
        let (stop, stopped) = oneshot::channel();
        let web = running.web.expect("it has a page");
        let (handle, ship) = (running.charger.clone(), running.address);
        let ended = tokio::spawn(running.until(async {
            // Dropped or used: both mean the end.
            let _ = stopped.await;
        }));
        Self { handle, place, web, ship, stop, ended }
    }

    /// Where the page is.
    pub(crate) fn address(&self) -> String {
        format!("https://{}/", self.web)
    }

    /// Unplugs the simulated car.
    pub(crate) async fn unplug(&self) {
        let socket = self.place.path().join("state/api.sock");
        let mut socket = UnixStream::connect(socket).await.expect("the API is there");
        let request =
            b"POST /api/v1/sim/unplug HTTP/1.1\r\nhost: charger\r\nconnection: close\r\n\r\n";
        socket.write_all(request).await.expect("it takes a request");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    /// Ends the charger, waits, and starts it again at the same addresses.
    pub(crate) async fn restart(self, pause: impl Future<Output = ()>) -> Self {
        let Self { handle, place, web, ship, stop, ended } = self;
        drop(stop);
        ended.await.expect("it does not panic").expect("it ends in an orderly way");
        // The handle holds the state directory.
        drop(handle);
        pause.await;
        let charger = run::start(options(&place, web, ship)).await.expect("it starts");
        Self::new(charger, place)
    }
}

fn options(place: &TempDir, web: SocketAddr, ship: SocketAddr) -> Options {
    Options {
        state_dir: place.path().join("state"),
        simulator: Setup { plug_after: Some(Duration::ZERO), speed: 20, ..Setup::default() },
        probe: None,
        network: Network {
            listen: ship,
            dial: Vec::new(),
            trust: Vec::new(),
            announce: false,
            browse: false,
            capture: None,
        },
        web: Some(web::Options::new(web)),
    }
}
