//! What can be written on the command line.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use ship::Ski;

use crate::run::SHIP_PORT;
use crate::web::HTTPS_PORT;

/// What may be meant as the port of plain HTTP if none is given.
const HTTP_PORT: u16 = 8080;

/// Where SHIP listens if nobody says.
pub(super) const SHIP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SHIP_PORT);

/// Where the web application listens if nobody says: it has no login yet.
pub(super) const WEB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), HTTPS_PORT);

/// A reference EV charger that speaks EEBUS.
///
/// Without a command it runs: an 11 kW charger on a simulated board, with a simulated car that is
/// plugged in after two seconds.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, subcommand_precedence_over_arg = true)]
pub(super) struct Args {
    /// Where the charger keeps its identity, settings and trusted peers
    /// [default: the platform's place for state, such as ~/.local/state/eebus-charger]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    pub(super) state_dir: Option<PathBuf>,

    /// How much to log on standard error
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info")]
    #[arg(help_heading = "Everywhere")]
    pub(super) log: LogLevel,

    #[command(flatten)]
    pub(super) run: RunArgs,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; for `run`: ended by SIGTERM or SIGINT
  1  it did not work, standard error says why
  2  the command line is wrong
  3  no charger runs in this state directory
  4  the state directory or the port belongs to another process";

/// What `run` takes.
#[derive(clap::Args, Clone, Debug, Default, PartialEq)]
pub(super) struct RunArgs {
    /// Where SHIP listens [default: 0.0.0.0:4712]
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    pub(super) ship: Option<SocketAddr>,

    /// A peer to dial; may be given several times
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    pub(super) peer: Vec<SocketAddr>,

    /// A peer to trust from now on, by its SKI; may be given several times
    #[arg(long, value_name = "SKI", value_parser = ski)]
    pub(super) trust: Vec<Ski>,

    /// Do not announce the charger on the local network
    #[arg(long)]
    pub(super) no_mdns: bool,

    /// Look for trusted peers on the local network and dial them
    #[arg(long)]
    pub(super) browse: bool,

    /// Record every message of SHIP in this file, one JSON object a line; PINs are left out
    #[arg(long, value_name = "FILE")]
    pub(super) capture: Option<PathBuf>,

    /// Where the web application listens, or `off`: read-only, for anybody who reaches it
    /// [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR:PORT|off", value_parser = web)]
    pub(super) web: Option<WebAt>,

    /// Where plain HTTP listens that leads to the web application [default: nowhere]
    #[arg(long, value_name = "ADDR:PORT", value_parser = http)]
    pub(super) http: Option<SocketAddr>,

    /// How much faster than real the simulated car reacts and its battery fills [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub(super) sim_speed: Option<u32>,

    /// When the simulated car is plugged in: seconds after the start, or `never` [default: 2]
    #[arg(long, value_name = "SECONDS|never", value_parser = plug, allow_negative_numbers = true)]
    pub(super) sim_plug: Option<PlugAfter>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the charger (this is what happens without a command)
    Run(RunArgs),
    /// Print the charger's own SKI; creates its identity if there is none
    Ski,
    /// Trust a peer, whether it waits for that or has yet to come
    Trust {
        /// The peer's SKI, 40 hexadecimal digits
        #[arg(value_parser = ski)]
        ski: Ski,
    },
    /// Take the trust in a peer back; its connection ends
    Untrust {
        /// The peer's SKI, 40 hexadecimal digits
        #[arg(value_parser = ski)]
        ski: Ski,
    },
    /// Pause the charging until `resume` or the vehicle is unplugged
    Pause,
    /// Let a paused session go on
    Resume,
    /// Move the simulated car
    #[command(subcommand)]
    Sim(SimCommand),
    /// Show what the charger does
    Status {
        /// Print the document of the API, `GET /api/v1/status`
        #[arg(long)]
        json: bool,
    },
}

/// What the simulated car can do.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum SimCommand {
    /// Plug it in
    Plug,
    /// Unplug it
    Unplug,
}

/// How much to log.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogLevel {
    /// Nothing
    Off,
    /// What does not work
    Error,
    /// And what is strange
    Warn,
    /// And what happens
    Info,
    /// And how
    Debug,
    /// And every message
    Trace,
}

/// When the simulated car comes; never if `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlugAfter(pub(super) Option<Duration>);

/// Where the web application listens; nowhere if `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WebAt(pub(super) Option<SocketAddr>);

impl Args {
    /// What would have no effect is refused: options of `run` before another command, and a way
    /// to a web application that is off.
    pub(super) fn checked(mut self) -> Result<Self, clap::Error> {
        let refused = |text| Err(Self::command().error(ErrorKind::ArgumentConflict, text));
        let run = match &mut self.command {
            None => &self.run,
            Some(Command::Run(run)) => {
                run.join(std::mem::take(&mut self.run));
                run
            }
            Some(_) if self.run == RunArgs::default() => return Ok(self),
            Some(_) => {
                return refused("these options belong to `run`, and another command was given");
            }
        };
        if run.http.is_some() && run.web == Some(WebAt(None)) {
            return refused("`--http` leads to the web application, which is off");
        }
        Ok(self)
    }
}

impl RunArgs {
    /// `eebus-charger --peer A run --peer B` is both; of single values the later one counts.
    fn join(&mut self, before: Self) {
        self.ship = self.ship.or(before.ship);
        self.peer.splice(0..0, before.peer);
        self.trust.splice(0..0, before.trust);
        self.no_mdns |= before.no_mdns;
        self.browse |= before.browse;
        self.capture = self.capture.take().or(before.capture);
        self.web = self.web.or(before.web);
        self.http = self.http.or(before.http);
        self.sim_speed = self.sim_speed.or(before.sim_speed);
        self.sim_plug = self.sim_plug.or(before.sim_plug);
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    located(text, Ipv4Addr::UNSPECIFIED, SHIP_PORT)
}

fn http(text: &str) -> Result<SocketAddr, String> {
    located(text, Ipv4Addr::LOCALHOST, HTTP_PORT)
}

fn web(text: &str) -> Result<WebAt, String> {
    if text == "off" {
        return Ok(WebAt(None));
    }
    let located = located(text, Ipv4Addr::LOCALHOST, HTTPS_PORT);
    located.map(|address| WebAt(Some(address))).map_err(|wrong| format!("{wrong} or `off`"))
}

/// An address with a port; `host` and `port` are what may have been meant if one is missing.
fn located(text: &str, host: Ipv4Addr, port: u16) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let wrong = "an IP address and a port are needed, such as 192.0.2.7:4712 or [2001:db8::7]:4712";
    Err(match (text.parse::<IpAddr>(), text.trim_start_matches(':').parse::<u16>()) {
        (Ok(ip), _) => format!("{wrong}; did you mean {}?", SocketAddr::new(ip, port)),
        (_, Ok(port)) => format!("{wrong}; did you mean {host}:{port}?"),
        _ => wrong.into(),
    })
}

fn ski(text: &str) -> Result<Ski, String> {
    text.parse().map_err(|_| {
        let digits = text.chars().filter(char::is_ascii_hexdigit).count();
        format!("an SKI has 40 hexadecimal digits, this one has {digits}")
    })
}

fn plug(text: &str) -> Result<PlugAfter, String> {
    if text == "never" {
        return Ok(PlugAfter(None));
    }
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match seconds {
        Some(seconds) if seconds <= Duration::from_secs(1_000_000) => Ok(PlugAfter(Some(seconds))),
        _ => Err("a number of seconds, such as 2, or the word `never` is needed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKI: &str = "b55228fc75f601da794ff2f9741cf699910fc9c9";

    fn parse(line: &str) -> Result<Args, String> {
        let words = std::iter::once("eebus-charger").chain(line.split_whitespace());
        Args::try_parse_from(words).and_then(Args::checked).map_err(|error| error.to_string())
    }

    fn run_args(line: &str) -> RunArgs {
        let args = parse(line).expect("it is right");
        match args.command {
            None => args.run,
            Some(Command::Run(run)) => run,
            Some(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn run_is_what_happens_without_a_command() {
        let options = format!("--ship [::1]:0 --peer 192.0.2.7:4712 --trust {SKI} --no-mdns");
        let without = run_args(&format!("{options} --sim-speed 60 --sim-plug 0.5"));
        assert_eq!(without, run_args(&format!("run {options} --sim-speed 60 --sim-plug 0.5")));
        assert_eq!(without, run_args(&format!("{options} run --sim-speed 60 --sim-plug 0.5")));
        assert_eq!(without.sim_plug, Some(PlugAfter(Some(Duration::from_millis(500)))));
        assert_eq!(run_args("--sim-plug never").sim_plug, Some(PlugAfter(None)));
        assert_eq!(run_args("").ship, None);
    }

    #[test]
    fn the_state_directory_stands_anywhere() {
        for line in ["--state-dir there status --json", "status --json --state-dir there"] {
            let args = parse(line).expect("it is right");
            assert_eq!(args.state_dir, Some("there".into()));
            assert!(matches!(args.command, Some(Command::Status { json: true })));
        }
        assert!(parse("sim unplug --state-dir there").is_ok());
    }

    #[test]
    fn what_is_wrong_says_what_was_meant() {
        let wrong = [
            ("--ship 4712", "did you mean 0.0.0.0:4712?"),
            ("--ship 192.0.2.7", "did you mean 192.0.2.7:4712?"),
            ("--http 192.0.2.7", "did you mean 192.0.2.7:8080?"),
            ("--web off --http 192.0.2.7:80", "the web application, which is off"),
            ("--web off run --http 192.0.2.7:80", "the web application, which is off"),
            ("--peer heaven", "an IP address and a port are needed"),
            ("--sim-sped 2", "--sim-speed"),
            ("--sim-speed 0", "1..=3600"),
            ("--sim-plug nver", "the word `never`"),
            ("--sim-plug -1", "seconds"),
            ("--log loud", "possible values: off, error"),
            ("trust 0123", "40 hexadecimal digits, this one has 4"),
            ("stats", "similar subcommand exists: 'status'"),
            ("sim plugg", "'plug'"),
            ("--sim-speed 2 status", "these options belong to `run`"),
        ];
        for (line, expected) in wrong {
            let error = parse(line).expect_err("it is wrong");
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
