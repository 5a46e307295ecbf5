//! Runs the official EEBUS test cases against a device on the network, or against our own.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;
use std::process::ExitCode;

use conformance::broken::Distortion;
use conformance::cases::{self, Actor, Procedure};
use conformance::catalogue::Suite;
use conformance::coverage;
use conformance::device::{Action, Hook};
use conformance::replay;
use conformance::report;
use conformance::run::{self, Outcome, Verdict};
use conformance::target::{Network, Sheet, Target};
use conformance::tester::identity::Identity;

const HELP: &str = "\
Runs the official EEBUS test cases.

conformance list
    Names the cases that can be run.

conformance ski --identity FILE
    Prints the test tool's SKI, which the device has to trust first. The identity is created if
    the file does not exist.

conformance coverage
    Runs everything against our own charger and energy manager in memory, on a clock that is
    paused, and against broken devices that the cases have to notice. Prints how much of each suite
    passes and what is missing.

conformance results
    The same without the broken devices: each case and its verdict.

conformance replay FILE
    Reads a recording, as `eebus-charger --capture FILE` makes it, with our own readers: says what
    they refuse, and where the peers write otherwise than the standard. Exit code 1 if anything is
    refused.

conformance run [--target ADDR:PORT --identity FILE] [OPTION]... [CASE]...
    Runs the cases named, in full or by their first letters (TC_SHIP_HELLO); all of them if none.

    --target ADDR:PORT    the device's SHIP service; without it our own devices in memory are run,
                          and the options that follow mean nothing, --actor apart
    --identity FILE       the test tool's key and certificate
    --actor ACTOR         charger or manager: leaves out what the other one has to do
    --listen ADDR:PORT    where the device reaches the tool; without it the cases in which the
                          device dials are not applicable
    --hook COMMAND        what does things to the device: it is run as COMMAND plug, COMMAND unplug,
                          COMMAND trust SKI, COMMAND untrust SKI, and for an energy manager
                          COMMAND limit MA MA MA; for COMMAND offered, COMMAND drawn and, for an
                          energy manager, COMMAND measured it prints the current of each phase in
                          mA; exit code 3 says that the device cannot do it
    --sheet NAME=VALUE    a line of the parameter sheet, without PAR_: shipSvc, shipVersion, shipId,
                          queryAccessMethods, initiateClose, helloProlongationCount,
                          clientDetailedDiscoverySupported, clientSubscriptionSupported,
                          initialTimeoutSupported
    --json                prints the report as JSON
    --brief               prints each case and its verdict, as the files in conformance/expected
    --transcript          prints every message of a case that failed

Exit codes: 0 nothing failed, 1 a case failed, 2 wrong usage.
";

/// Between two cases, so that the device can see the end of the first.
const PAUSE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match command(&runtime.expect("a runtime")) {
        Ok(code) => code,
        Err(why) => {
            eprintln!("conformance: {why}\n`conformance --help` shows the usage");
            ExitCode::from(2)
        }
    }
}

/// The command line, read.
#[derive(Default)]
struct Options {
    target: Option<SocketAddr>,
    identity: Option<PathBuf>,
    actor: Option<Actor>,
    listen: Option<SocketAddr>,
    hook: Option<String>,
    sheet: Sheet,
    prints_json: bool,
    is_brief: bool,
    prints_transcript: bool,
    words: Vec<String>,
}

fn command(runtime: &tokio::runtime::Runtime) -> Result<ExitCode, String> {
    let options = read(lexopt::Parser::from_env())?;
    match options.words.first().map(String::as_str) {
        None => print!("{HELP}"),
        Some("list") => list(),
        Some("ski") => println!("{}", identity(&options)?.ski),
        Some("coverage") => print!("{}", coverage::measure()),
        Some("results") => print!("{}", coverage::results(&coverage::run_all())),
        Some("replay") => return replay(&options),
        Some("run") => {
            let procedures = chosen(&options)?;
            let outcomes = match options.target {
                Some(address) => runtime.block_on(on_the_network(address, procedures, &options))?,
                None => in_memory(procedures, &options),
            };
            return Ok(conclude(&outcomes, &options));
        }
        Some(other) => return Err(format!("no command {other}")),
    }
    Ok(ExitCode::SUCCESS)
}

fn read(mut parser: lexopt::Parser) -> Result<Options, String> {
    use lexopt::prelude::*;

    let mut options = Options::default();
    let wrong = |error: lexopt::Error| error.to_string();
    while let Some(argument) = parser.next().map_err(wrong)? {
        match argument {
            Short('h') | Long("help") => {
                options.words.clear();
                return Ok(options);
            }
            Long("target") => options.target = Some(value(&mut parser)?),
            Long("actor") => {
                options.actor = Some(match value::<String>(&mut parser)?.as_str() {
                    "charger" => Actor::Charger,
                    "manager" => Actor::Manager,
                    other => return Err(format!("--actor is charger or manager, not {other}")),
                });
            }
            Long("listen") => options.listen = Some(value(&mut parser)?),
            Long("identity") => options.identity = Some(value(&mut parser)?),
            Long("hook") => options.hook = Some(value(&mut parser)?),
            Long("sheet") => options.sheet.set(&value::<String>(&mut parser)?)?,
            Long("json") => options.prints_json = true,
            Long("brief") => options.is_brief = true,
            Long("transcript") => options.prints_transcript = true,
            Value(word) => options.words.push(word.string().map_err(wrong)?),
            other => return Err(wrong(other.unexpected())),
        }
    }
    Ok(options)
}

fn value<T>(parser: &mut lexopt::Parser) -> Result<T, String>
where
    T: core::str::FromStr<Err: core::fmt::Display>,
{
    let value = parser.value().map_err(|error| error.to_string())?;
    let value = value.to_str().ok_or("a value is not text")?;
    value.parse().map_err(|error| format!("{value}: {error}"))
}

fn replay(options: &Options) -> Result<ExitCode, String> {
    let [_, path] = &options.words[..] else { return Err("replay takes one FILE".to_owned()) };
    let recording = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let replay = replay::replay(&recording).map_err(|why| format!("{path}: {why}"))?;
    print!("{replay}");
    Ok(ExitCode::from(u8::from(!replay.refused.is_empty())))
}

fn list() {
    for procedure in cases::all() {
        let (_, entry) = procedure.entry();
        println!("{:<22} {}", entry.id, entry.title);
    }
    println!();
    for suite in Suite::ALL {
        let all = cases::all();
        let runnable = all.iter().filter(|procedure| procedure.entry().0 == suite).count();
        println!("{suite}: {runnable} of {}", suite.entries().len());
    }
}

fn identity(options: &Options) -> Result<Identity, String> {
    let path = options.identity.as_ref().ok_or("--identity FILE is missing")?;
    let shown = path.display();
    match std::fs::read_to_string(path) {
        Ok(pem) => Identity::from_pem(&pem).map_err(|error| format!("{shown}: {error}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let identity = Identity::fresh();
            std::fs::write(path, identity.to_pem()).map_err(|error| format!("{shown}: {error}"))?;
            Ok(identity)
        }
        Err(error) => Err(format!("{shown}: {error}")),
    }
}

fn chosen(options: &Options) -> Result<Vec<Procedure>, String> {
    let words = &options.words[1..];
    let all = cases::all();
    for word in words {
        if !all.iter().any(|procedure| procedure.id().starts_with(word.as_str())) {
            return Err(format!("no case {word}; `conformance list` names them"));
        }
    }
    let is_chosen = |procedure: &Procedure| {
        let is_meant =
            options.actor.is_none_or(|actor| [Actor::Any, actor].contains(&procedure.actor()));
        let is_named = words.iter().any(|word| procedure.id().starts_with(word.as_str()));
        is_meant && (words.is_empty() || is_named)
    };
    Ok(all.into_iter().filter(is_chosen).collect())
}

/// Shows what came of one case, unless all is shown at the end.
fn show(outcome: &Outcome, options: &Options) {
    if options.prints_json || options.is_brief {
        return;
    }
    println!("{}", report::line(outcome));
    if options.prints_transcript && matches!(outcome.verdict, Verdict::Failed(_)) {
        outcome.transcript.iter().for_each(|line| println!("    {line}"));
    }
}

fn conclude(outcomes: &[Outcome], options: &Options) -> ExitCode {
    if options.prints_json {
        println!("{}", report::json(outcomes));
    } else if options.is_brief {
        print!("{}", coverage::results(outcomes));
    } else {
        println!("\n{}", report::sum(outcomes));
    }
    let has_failed = outcomes.iter().any(|o| matches!(o.verdict, Verdict::Failed(_)));
    ExitCode::from(u8::from(has_failed))
}

fn in_memory(procedures: Vec<Procedure>, options: &Options) -> Vec<Outcome> {
    let one = |procedure| {
        let outcome = coverage::in_memory(procedure, Distortion::none());
        show(&outcome, options);
        outcome
    };
    procedures.into_iter().map(one).collect()
}

async fn on_the_network(
    address: SocketAddr,
    procedures: Vec<Procedure>,
    options: &Options,
) -> Result<Vec<Outcome>, String> {
    let identity = identity(options)?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for procedure in procedures {
        if !outcomes.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
        let hook = Hook::new(options.hook.clone());
        let network = Network::new(address, options.listen, hook, options.sheet.clone());
        let network = network.await.map_err(|error| format!("--listen: {error}"))?;
        let mut target = Target::Network(network);
        if procedure.actor() == Actor::Charger {
            // A car that the case before has left; without a hook the case itself will say so.
            let _ = target.act(Action::Unplug).await;
        }
        let outcome = run::run(procedure, target, identity.clone(), Distortion::none()).await;
        show(&outcome, options);
        outcomes.push(outcome);
    }
    Ok(outcomes)
}
