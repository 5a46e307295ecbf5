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
use crate::api::socket::Socket;
use crate::api::{self, Api};
use crate::clock::Clock;
pub use crate::eebus::Network;
use crate::eebus::{self, Eebus};
use crate::ending::Ending;
use crate::hardware::simulator::{Probe, Remote, Setup, Simulated, Simulator};
use crate::port::{self, Handle, Hub, PortLost};
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
    supervisor: Supervisor,
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
    let web = options.web.map(|web| web::bind(web, notebook.dir().path())).transpose();
    let web = web.map_err(Error::Web)?;

    let clock = Clock::start();
    let setup = options.simulator;
    let mut board = Simulator::new(setup, clock.now());
    if let Some(probe) = options.probe {
        board.watch(probe);
    }
    let (board, remote) = Simulated::new(board);
    let config = port::config(setup.capabilities, setup.supply, &settings, &notebook);
    let (port, hub, charger) = port::assemble(config, board, notebook.clone(), clock);
    let port = port.spawn().map_err(Error::Thread)?;
    let mut supervisor = Supervisor::new(charger, hub, port);

    let around = Around { notebook, identity, network: options.network, remote, web };
    match around.start(&mut supervisor).await {
        Ok(here) => Ok(Running {
            ski: here.ski,
            address: here.ship,
            web: here.web,
            http: here.http,
            state_dir: options.state_dir,
            charger: supervisor.charger.clone(),
            supervisor,
        }),
        Err(error) => {
            supervisor.end().await;
            Err(error)
        }
    }
}

/// What a charger has around its port task, ready to start.
struct Around {
    notebook: Notebook,
    identity: Identity,
    network: Network,
    remote: Remote,
    web: Option<web::Bound>,
}

/// Who and where it is then.
struct Here {
    ski: Ski,
    ship: SocketAddr,
    web: Option<SocketAddr>,
    http: Option<SocketAddr>,
}

impl Around {
    /// Whatever has started when something fails is the supervisor's.
    async fn start(self, supervisor: &mut Supervisor) -> Result<Here, Error> {
        let Self { notebook, identity, network, remote, web } = self;
        let (charger, until) = (supervisor.charger.clone(), supervisor.until());
        let tasks = &mut supervisor.tasks;

        let (ski, listen) = (identity.ski(), network.listen);
        let state_dir = notebook.dir().path();
        let eebus = eebus::start(identity, &network, state_dir, charger.clone()).await;
        let Eebus { ship, peers, task } = eebus.map_err(Error::Eebus)?;
        let ship = ship.address().unwrap_or(listen);
        tasks.spawn("eebus", task.run(until.clone()));

        let api = Api::new(charger.clone(), Some(peers), Some(remote), events::STREAMS);
        let recording = api.curve.clone().run(charger, until.clone());
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
        let socket = Socket::listen(notebook.dir()).map_err(Error::Socket)?;
        tasks.spawn("api", async { Ok(socket.serve(router, until).await?) });
        Ok(Here { ski, ship, web: https, http })
    }
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
            lost = self.supervisor.lost() => Some(lost),
        };
        if let Some(lost) = &lost {
            error!("{lost}");
        }
        self.supervisor.end().await;
        lost.map_or(Ok(()), Err)
    }
}

/// Knows everything that runs, notices what no longer does, and ends it all in order.
#[derive(Debug)]
struct Supervisor {
    charger: Handle,
    ending: watch::Sender<bool>,
    tasks: Tasks,
    hub: JoinHandle<Result<Infallible, PortLost>>,
    port: oneshot::Receiver<()>,
}

impl Supervisor {
    /// Of a port task that runs in its thread, and its hub, which starts now.
    fn new(charger: Handle, hub: Hub, port: oneshot::Receiver<()>) -> Self {
        let ending = watch::Sender::new(false);
        Self { charger, ending, tasks: Tasks::default(), hub: tokio::spawn(hub.run()), port }
    }

    fn until(&self) -> Ending {
        Ending::new(self.ending.subscribe())
    }

    /// Resolves with the first loss.
    async fn lost(&mut self) -> Error {
        tokio::select! {
            lost = self.tasks.lost() => lost,
            hub = &mut self.hub => Error::hub(hub),
            _ = &mut self.port => Error::Lost { task: "port", why: None },
        }
    }

    /// The tasks end while the port task still serves them; the board has the last word.
    async fn end(self) {
        let Self { charger, ending, mut tasks, hub, port } = self;
        ending.send_replace(true);
        let ended = async { while tasks.0.join_next().await.is_some() {} };
        if tokio::time::timeout(ENDING, ended).await.is_err() {
            warn!("a task did not end in time");
            tasks.0.shutdown().await;
        }
        charger.stop();
        // One that was lost before has been waited for.
        if !port.is_terminated() && tokio::time::timeout(PARTING, port).await.is_err() {
            warn!("the port task did not end in time");
        }
        if !hub.is_finished() {
            hub.abort();
            let _ = hub.await;
        }
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::sync::Arc;

    use super::*;
    use crate::api::socket;

    const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    #[tokio::test]
    async fn what_has_started_ends_when_the_rest_cannot_start() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let taken = TcpListener::bind(ANY).expect("a free port");
        let board = Arc::new(());
        let watched = Arc::clone(&board);
        let options = |listen| Options {
            state_dir: place.path().to_owned(),
            simulator: Setup::default(),
            probe: Some(Box::new({
                let watched = Arc::clone(&watched);
                move |_| drop(Arc::clone(&watched))
            })),
            network: Network {
                listen,
                dial: Vec::new(),
                trust: Vec::new(),
                announce: false,
                browse: false,
                capture: None,
            },
            web: Some(web::Options::new(ANY)),
        };
        let address = taken.local_addr().expect("it is bound");
        let refused = start(options(address)).await.expect_err("the port is taken");
        assert!(matches!(refused, Error::Eebus(_)), "{refused}");
        assert_eq!(Arc::strong_count(&board), 2, "the board is let go");
        assert!(!socket::path(place.path()).exists());

        // Nothing is left that holds the directory, and a socket that is gone is no error.
        let running = start(options(ANY)).await.expect("the directory is free");
        std::fs::remove_file(socket::path(place.path())).expect("it is there");
        running.until(async {}).await.expect("it ends in an orderly way");
        assert_eq!(Arc::strong_count(&board), 2, "the board is let go");
        drop(StateDir::open(place.path()).expect("the directory is free again"));
    }

    #[tokio::test]
    async fn a_lost_port_task_ends_the_rest() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let options = Options {
            state_dir: place.path().to_owned(),
            simulator: Setup::default(),
            probe: None,
            network: Network {
                listen: ANY,
                dial: Vec::new(),
                trust: Vec::new(),
                announce: false,
                browse: false,
                capture: None,
            },
            web: None,
        };
        let running = start(options).await.expect("it has what it needs");
        running.charger.stop();
        let lost = running.until(core::future::pending()).await.expect_err("it is lost");
        assert!(matches!(lost, Error::Lost { .. }), "{lost}");
        drop(StateDir::open(place.path()).expect("the directory is free again"));
    }
}
