//! The command line: what can be asked for, and the exit code that answers.

mod args;
mod client;
mod show;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use ship::net::StartError;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

use self::args::{Args, Command, LogLevel, RunArgs, SimCommand};
use self::client::Client;
use crate::api::documents::StatusDocument;
use crate::eebus;
use crate::hardware::simulator::Setup;
use crate::run::{self, Network, Options};
use crate::store;
use crate::web;

/// The program. The exit codes are part of its interface, see `--help`.
pub fn main() -> ExitCode {
    let args = match Args::parse().checked() {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    match execute(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            show::failure(&failure.text);
            ExitCode::from(failure.code)
        }
    }
}

/// What went wrong, as exit code and for people.
#[derive(Debug)]
struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// It did not work.
    const FAILED: u8 = 1;
    /// No charger runs there.
    const NOT_RUNNING: u8 = 3;
    /// The state directory or the port belongs to another process.
    const IN_USE: u8 = 4;

    fn new(error: impl std::fmt::Display) -> Self {
        Self { code: Self::FAILED, text: error.to_string() }
    }
}

impl From<run::Error> for Failure {
    fn from(error: run::Error) -> Self {
        let code = match &error {
            run::Error::Store(store::Error::InUse { .. }) => Self::IN_USE,
            run::Error::Eebus(eebus::Error::Start(StartError::Listen(_, error)))
                if error.kind() == io::ErrorKind::AddrInUse =>
            {
                Self::IN_USE
            }
            run::Error::Web(web::Error::Listen(_, error))
                if error.kind() == io::ErrorKind::AddrInUse =>
            {
                Self::IN_USE
            }
            _ => Self::FAILED,
        };
        Self { code, text: error.to_string() }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        run::Error::Store(error).into()
    }
}

fn execute(args: Args) -> Result<(), Failure> {
    let state_dir = match args.state_dir {
        Some(given) => given,
        None => store::default_path()?,
    };
    match args.command {
        None => run(&state_dir, args.run, args.log),
        Some(Command::Run(run_args)) => run(&state_dir, run_args, args.log),
        Some(Command::Ski) => ski(&state_dir),
        Some(command) => talk(&state_dir, command),
    }
}

fn run(state_dir: &Path, args: RunArgs, log: LogLevel) -> Result<(), Failure> {
    let _log = show::log(log);
    let setup = Setup::default();
    let options = Options {
        state_dir: state_dir.to_owned(),
        simulator: Setup {
            plug_after: args.sim_plug.map_or(setup.plug_after, |plug| plug.0),
            speed: args.sim_speed.unwrap_or(setup.speed),
            ..setup
        },
        probe: None,
        web: web(&args),
        network: Network {
            listen: args.ship.unwrap_or(args::SHIP),
            dial: args.peer,
            trust: args.trust,
            announce: !args.no_mdns,
            browse: args.browse,
            capture: args.capture,
        },
    };
    runtime(Builder::new_multi_thread().worker_threads(2))?.block_on(async {
        // Before anything runs that would have to be ended.
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::new)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::new)?;
        let running = run::start(options).await?;
        show::started(&running);
        running
            .until(async {
                tokio::select! {
                    _ = terminate.recv() => info!("asked to end"),
                    _ = interrupt.recv() => info!("interrupted"),
                }
            })
            .await?;
        Ok(())
    })
}

/// The web application that is asked for.
fn web(args: &RunArgs) -> Option<web::Options> {
    let https = args.web.map_or(Some(args::WEB), |web| web.0)?;
    Some(web::Options { http: args.http, ..web::Options::new(https) })
}

fn ski(state_dir: &Path) -> Result<(), Failure> {
    store::create_dir(state_dir)?;
    // Without the lock, so that it neither needs a charger nor keeps one from starting: of
    // several processes that create an identity, one does, and all have that.
    show::line(&run::identity(state_dir)?.ski().to_string());
    Ok(())
}

/// Everything that a running charger is asked for.
fn talk(state_dir: &Path, command: Command) -> Result<(), Failure> {
    let client = Client::new(state_dir);
    runtime(&mut Builder::new_current_thread())?.block_on(async {
        match command {
            Command::Run(_) | Command::Ski => unreachable!("these need no running charger"),
            Command::Trust { ski } => {
                client.trust(ski).await?;
                show::done(&format!("{ski} is trusted"));
            }
            Command::Untrust { ski } => {
                client.untrust(ski).await?;
                show::done(&format!("{ski} is not trusted any more"));
            }
            Command::Pause => effect(&client.post("charge/pause").await?),
            Command::Resume => effect(&client.post("charge/start").await?),
            Command::Sim(SimCommand::Plug) => effect(&client.post("sim/plug").await?),
            Command::Sim(SimCommand::Unplug) => effect(&client.post("sim/unplug").await?),
            Command::Status { json } => {
                let text = client.status().await?;
                if json {
                    show::line(&text);
                } else {
                    show::status(&serde_json::from_str(&text).map_err(Failure::new)?);
                }
            }
        }
        Ok(())
    })
}

fn effect(status: &StatusDocument) {
    show::done(&format!("{}, {}", status.text, status.limit.text));
}

fn runtime(builder: &mut Builder) -> Result<Runtime, Failure> {
    builder.enable_all().build().map_err(Failure::new)
}
