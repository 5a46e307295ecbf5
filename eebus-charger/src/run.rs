//! A charger with everything that belongs to it: start, supervision, orderly end.
//!
//! ```text
//! state directory (locked) -> settings, memory, identity
//!        -> port task (own thread) + hub -> EEBUS on the network, API on the Unix socket,
//!           web application (own thread)
//! ```
//!
//! Tasks are supervised together: a charger of which a part has died is in no known state, so
//! that the loss of any task ends the program ([`Error::Lost`]). The board is left at the safe
//! current at most, if the port task can still say so; a board that hears nothing any more does
//! the same by its own watchdog (CH-420). Release builds abort on a panic, for the same reason
//! and with the same effect (CH-421); whoever supervises the process starts it again.

use core::convert::Infallible;
use core::fmt;
use core::time::Duration;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ship::Ski;
use ship::identity::{Identity, IdentityError};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tracing::{error, warn};

use crate::api::events::{self, Events};
use crate::api::{self, Api, socket};
use crate::clock::Clock;
use crate::core::charger::Config;
use crate::eebus::{self, Eebus};
use crate::hardware::simulator::{Probe, Setup, Simulated, Simulator};
use crate::port::{self, Handle, PortLost};
use crate::store::{self, Notebook, Settings, StateDir};
use crate::web;

/// The standard port of SHIP.
pub const SHIP_PORT: u16 = 4712;
/// The file with certificate and key in the state directory.
const IDENTITY: &str = "identity.pem";
/// How long the tasks may take to end in an orderly way.
const ENDING: Duration = Duration::from_secs(5);
/// How long the port task may take for its last word to the board.
const PARTING: Duration = Duration::from_secs(1);

/// How to run.
pub struct Options {
    /// Where the state lives.
    pub state_dir: PathBuf,
    /// What to simulate.
    pub simulator: Setup,
    /// Who watches the simulated pilot.
    pub probe: Option<Probe>,
    /// The EEBUS side.
    pub network: Network,
    /// The web application; none if there is to be none.
    pub web: Option<web::Options>,
}

/// How to be on the network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Network {
    /// Where SHIP listens.
    pub listen: SocketAddr,
    /// Whom to dial.
    pub dial: Vec<SocketAddr>,
    /// Whom to trust from now on.
    pub trust: Vec<Ski>,
    /// Whether to announce the charger over mDNS.
    pub announce: bool,
}

/// A charger that runs.
#[derive(Debug)]
pub struct Running {
    /// Its own SKI.
    pub ski: Ski,
    /// Where SHIP listens.
    pub address: SocketAddr,
    /// Where the web application listens, if there is one.
    pub web: Option<SocketAddr>,
    /// Where plain HTTP leads there, if anywhere.
    pub http: Option<SocketAddr>,
    /// Where its state lives.
    pub state_dir: PathBuf,
    /// The handle on it.
    pub charger: Handle,
    ending: watch::Sender<bool>,
    tasks: Tasks,
    hub: JoinHandle<Result<Infallible, PortLost>>,
    port: oneshot::Receiver<()>,
}

/// The identity in a state directory, created if there is none.
///
/// # Errors
///
/// If it cannot be read or created.
pub fn identity(state_dir: &Path) -> Result<Identity, Error> {
    let path = state_dir.join(IDENTITY);
    Identity::load_or_create(&path, "eebus-charger")
        .map_err(|source| Error::Identity { path, source })
}

/// Starts a charger on the simulator and everything around it.
///
/// # Errors
///
/// If anything that it needs is missing, taken or strange; nothing runs then.
pub async fn start(options: Options) -> Result<Running, Error> {
    let dir = StateDir::open(&options.state_dir)?;
    let settings: Settings = dir.load()?.unwrap_or_default();
    let notebook = Notebook::open(dir)?;
    let identity = identity(notebook.dir().path())?;
    let listener = socket::listen(notebook.dir()).map_err(Error::Socket)?;
    let web = options.web.map(|web| web::bind(web, notebook.dir().path())).transpose();
    let web = web.map_err(Error::Web)?;

    let clock = Clock::start();
    let setup = options.simulator;
    let mut board = Simulator::new(setup, clock.now());
    if let Some(probe) = options.probe {
        board.watch(probe);
    }
    let (board, remote) = Simulated::new(board);
    let config = Config {
        capabilities: setup.capabilities,
        supply: setup.supply,
        user_max: settings.user_max(),
        safe_current: settings.safe_current(),
        next_session: notebook.memory().next(),
    };
    let (port, hub, charger) = port::assemble(config, board, notebook.clone(), clock);
    let port = port.spawn().map_err(Error::Thread)?;

    let (ending, watching) = watch::channel(false);
    let until = Ending::new(watching);
    let mut tasks = Tasks::default();
    let hub = tokio::spawn(hub.run());

    let ski = identity.ski();
    let state_dir = options.state_dir;
    let eebus = eebus::start(identity, &options.network, &state_dir, charger.clone()).await;
    let Eebus { ship, peers, task } = match eebus {
        Ok(eebus) => eebus,
        Err(error) => {
            charger.stop();
            return Err(Error::Eebus(error));
        }
    };
    let address = ship.address().unwrap_or(options.network.listen);
    tasks.spawn("eebus", task.run(until.clone()));
    let peers = Some(peers);

    let api = Api::new(charger.clone(), peers, Some(remote), events::STREAMS);
    let recording = api.curve.clone().run(charger.clone(), until.clone());
    tasks.spawn("curve", async {
        recording.await;
        Ok(())
    });
    let telling = Events::run(api.clone(), until.clone());
    tasks.spawn("events", async {
        telling.await;
        Ok(())
    });
    let router = api::router(api);
    let (mut https, mut http) = (None, None);
    if let Some(web) = web {
        (https, http) = (Some(web.https()), web.http());
        let serving = web.spawn(router.clone(), until.clone()).map_err(Error::Web)?;
        tasks.spawn("web", async { Ok(serving.await?) });
    }
    tasks.spawn("api", async move {
        axum::serve(listener, router).with_graceful_shutdown(until.begun()).await?;
        Ok(())
    });

    Ok(Running { ski, address, web: https, http, state_dir, charger, ending, tasks, hub, port })
}

impl Running {
    /// Runs until `stop` resolves, then ends in an orderly way.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] if a task ended before.
    pub async fn until(mut self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let lost = tokio::select! {
            () = stop => None,
            lost = self.tasks.lost() => Some(lost),
            hub = &mut self.hub => Some(Error::hub(hub)),
            _ = &mut self.port => Some(Error::Lost { task: "port", why: None }),
        };
        if let Some(lost) = &lost {
            error!("{lost}");
        }
        let ended = self.end().await;
        lost.map_or(ended, Err)
    }

    /// The tasks end while the port task still serves them; the board has the last word.
    async fn end(self) -> Result<(), Error> {
        let Self { ending, mut tasks, hub, port, charger, state_dir, .. } = self;
        ending.send_replace(true);
        let ended = async { while tasks.0.join_next().await.is_some() {} };
        if tokio::time::timeout(ENDING, ended).await.is_err() {
            warn!("a task did not end in time");
        }
        charger.stop();
        // Whether it parted now or was lost before: it is over.
        let _ = tokio::time::timeout(PARTING, port).await;
        hub.abort();
        std::fs::remove_file(socket::path(&state_dir)).map_err(Error::Socket)
    }
}

/// Says when it is time for a task to end.
#[derive(Clone, Debug)]
pub struct Ending(watch::Receiver<bool>);

impl Ending {
    /// An end that begins when `begins` turns true, or is gone.
    pub const fn new(begins: watch::Receiver<bool>) -> Self {
        Self(begins)
    }

    /// Resolves when the program wants to end.
    pub async fn begun(mut self) {
        // A supervisor that is gone wants the same.
        let _ = self.0.wait_for(|ending| *ending).await;
    }
}

/// The supervised tasks. Each one ends only when the program does.
#[derive(Debug, Default)]
struct Tasks(JoinSet<(&'static str, Result<(), BoxError>)>);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Tasks {
    fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = Result<(), BoxError>> + Send + 'static,
    ) {
        self.0.spawn(async move { (name, task.await) });
    }

    /// Resolves with the first task that ends.
    async fn lost(&mut self) -> Error {
        match self.0.join_next().await {
            Some(Ok((task, ended))) => Error::Lost { task, why: ended.err() },
            Some(Err(panicked)) => Error::Lost { task: "task", why: Some(panicked.into()) },
            None => Error::Lost { task: "supervisor", why: None },
        }
    }
}

/// Why a charger does not run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The state directory cannot be used.
    Store(store::Error),
    /// There is no identity, or one that cannot be used.
    Identity {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        source: IdentityError,
    },
    /// The EEBUS side cannot start.
    Eebus(eebus::Error),
    /// The web application cannot be served.
    Web(web::Error),
    /// The API's socket cannot be served.
    Socket(io::Error),
    /// The system has no thread for the port task.
    Thread(io::Error),
    /// A task has ended that must not.
    Lost {
        /// Which.
        task: &'static str,
        /// Why, as far as it said.
        why: Option<BoxError>,
    },
}

impl Error {
    fn hub(ended: Result<Result<Infallible, PortLost>, JoinError>) -> Self {
        match ended {
            Ok(Err(lost)) => Self::Lost { task: "port", why: Some(lost.into()) },
            Err(panicked) => Self::Lost { task: "hub", why: Some(panicked.into()) },
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Identity { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Eebus(error) => error.fmt(f),
            Self::Web(error) => error.fmt(f),
            Self::Socket(error) => write!(f, "cannot serve the socket of the API: {error}"),
            Self::Thread(error) => write!(f, "no thread for the port task: {error}"),
            Self::Lost { task, why: Some(why) } => write!(f, "the {task} task is lost: {why}"),
            Self::Lost { task, why: None } => write!(f, "the {task} task is lost"),
        }
    }
}

impl std::error::Error for Error {}
