//! An energy manager: it connects to a charger, follows what the charger reports, and limits the
//! current of the car (OPEV).
//!
//!     cargo run --release -p examples --example energy_manager -- \
//!         --state-dir manager --peer 127.0.0.1:4712 --ski SKI --limit 10,10,10
//!
//! SKI is the charger's; the charger has to trust the manager's, which `--print-ski` prints. Without
//! `--peer` the charger is looked for in the local network. With `--interactive` it takes
//! `limit 10,10,10`, `limit off`, `heartbeat off`, `heartbeat on` and `quit` from standard input.
//! Every line that it prints is one thing that happened.

use std::io::stdin;
use std::path::PathBuf;
use std::str::FromStr;
use std::thread;

use clap::Parser;
use ship::Ski;
use ship::identity::Identity;
use ship::net::{Config, Target, shown};
use ship::trust::TrustFile;
use spine::Engine;
use spine::device::{EntityPlan, LocalDevice};
use spine::engine::{Event, Misuse, Mode};
use spine::model::{DeviceType, EntityType};
use spine::node::{self, Node};
use spine::units::MilliAmps;
use spine::usecases::{Change, Client, Partner, evcc, evcem, evsecc, opev};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver};

/// An energy manager that limits the current of a car
#[derive(Parser)]
struct Args {
    /// Where the manager keeps its identity and whom it trusts
    #[arg(long)]
    state_dir: PathBuf,
    /// The charger's address, as 127.0.0.1:4712; without, it is looked for by mDNS
    #[arg(long)]
    peer: Option<String>,
    /// The charger's SKI; it is trusted from now on
    #[arg(long, required_unless_present = "print_ski")]
    ski: Option<Ski>,
    /// The current on each phase in amperes, as 10,10,10 or 6.5,6.5,6.5; or off
    #[arg(long, default_value = "off")]
    limit: Limit,
    /// Take commands from standard input
    #[arg(long)]
    interactive: bool,
    /// Print the manager's own SKI, and end
    #[arg(long)]
    print_ski: bool,
}

/// What the car may draw on each phase.
#[derive(Clone, Copy)]
struct Limit([Option<MilliAmps>; 3]);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self([None; 3]));
        }
        let phases: Vec<_> =
            text.split(',').map(milliamps).collect::<Option<_>>().unwrap_or_default();
        match phases[..] {
            [a, b, c] => Ok(Self([Some(a), Some(b), Some(c)])),
            _ => Err("three currents in amperes, as 10,10,10, or off".into()),
        }
    }
}

/// Amperes with at most three decimals.
fn milliamps(text: &str) -> Option<MilliAmps> {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 4
        || decimals.len() > 3
        || !digits(whole)
        || !digits(decimals)
    {
        return None;
    }
    format!("{whole}{decimals:0<3}").parse().ok().map(MilliAmps)
}

/// The use cases of the manager, and the cars that they found.
struct Manager {
    client: Client,
    guard: opev::Guard,
    limit: Limit,
}

impl Manager {
    fn event(&mut self, event: &Event, node: &mut Node) {
        let now = node.now();
        let engine = node.engine();
        self.client.handle(event, engine, now);
        self.guard.handle(event, &mut self.client, engine, now);
        while let Some(change) = self.client.poll() {
            self.change(&change, node);
        }
        while let Some(answer) = self.guard.poll() {
            match answer {
                opev::Answer::Accepted(_) => println!("limit accepted"),
                opev::Answer::Failed(_, failure) => {
                    println!("limit refused: {}", shown(&failure.to_string()));
                }
                opev::Answer::NotKept(_) => println!("limit acknowledged, but not kept"),
                other => println!("limit waits: {other:?}"),
            }
        }
        if let Event::Data { peer, feature, .. } = event {
            let partner = Partner { peer: *peer, entity: feature.entity.clone() };
            if self.client.partners(&evcem::EVCEM).any(|p| *p == partner) {
                report(node.engine(), &partner);
            }
        }
    }

    fn change(&mut self, change: &Change, node: &mut Node) {
        match change {
            Change::Found(name, partner) if *name == opev::OPEV.name => {
                println!("vehicle connected");
                self.order(&partner.clone(), node);
            }
            Change::Lost(name, _) if *name == opev::OPEV.name => println!("vehicle disconnected"),
            Change::Found(name, _) => println!("found {name}"),
            Change::Lost(name, _) => println!("lost {name}"),
        }
    }

    /// Every car needs an order, even if it is that nothing is limited: before the first one it
    /// keeps to its safe current.
    fn order(&mut self, partner: &Partner, node: &mut Node) {
        let now = node.now();
        self.guard.limit(partner, self.limit.0, &self.client, node.engine(), now);
    }

    fn command(&mut self, line: &str, node: &mut Node) -> Result<(), String> {
        let now = node.now();
        let gone = |error: Misuse| error.to_string();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("limit", limit) => {
                self.limit = limit.parse()?;
                let cars: Vec<_> = self.client.partners(&opev::OPEV).cloned().collect();
                for car in cars {
                    self.order(&car, node);
                }
                Ok(())
            }
            ("heartbeat", "on") => self.guard.start_heartbeat(node.engine(), now).map_err(gone),
            ("heartbeat", "off") => self.guard.stop_heartbeat(node.engine()).map_err(gone),
            _ => Err("limit A,A,A | limit off | heartbeat on|off | quit".into()),
        }
    }
}

/// One line of what the car draws and may draw.
fn report(engine: &Engine, partner: &Partner) {
    let meter = evcem::Meter::new(engine, partner);
    let currents = meter.currents().map(|c| c.map_or("-".into(), |c| c.to_string())).join(", ");
    let limits = opev::limits(engine, partner)
        .map(|limit| match limit {
            Some(limit) if limit.is_active => limit.value.map_or("-".into(), |v| v.to_string()),
            _ => "off".into(),
        })
        .join(", ");
    let state = evcc::Vehicle::new(engine, partner).state();
    println!("currents {currents} | limits {limits} | state {state:?}");
}

/// The lines of standard input, read in a thread of their own: one that still waits for a line
/// does not keep the program from ending, as tokio's would.
fn lines(wanted: bool) -> Receiver<String> {
    let (line, lines) = mpsc::channel(1);
    if wanted {
        thread::spawn(move || {
            let mut read = stdin().lines().map_while(Result::ok);
            read.all(|read| line.blocking_send(read).is_ok())
        });
    }
    lines
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    std::fs::create_dir_all(&args.state_dir)?;
    let identity = Identity::load_or_create(&args.state_dir.join("identity.pem"), "manager")?;
    let own = identity.ski().to_string();
    if args.print_ski {
        println!("{own}");
        return Ok(());
    }

    // SHIP: who we are, whom we trust, whom we dial.
    let (file, mut trust) = TrustFile::open(args.state_dir.join("trust.json"))?;
    if let Some(ski) = args.ski
        && trust.trust(ski)?
    {
        file.save(&trust)?;
    }
    let unique = format!("Manager-{}", &own[..12]);
    let mut config = Config::new(identity, format!("i:32473_u:{unique}"));
    config.trust = trust;
    config.trust_file = Some(file);
    match args.peer {
        Some(address) => config.targets = vec![Target { address, ski: args.ski }],
        None => config.browse = true,
    }

    // SPINE: a device with one entity, which plays the manager in four use cases.
    let device = LocalDevice::new(
        format!("d:_i:32473_{unique}").as_str().into(),
        DeviceType::EnergyManagementSystem,
    );
    let mut engine = Engine::new(device, Mode::Tolerant);
    let mut plan = EntityPlan::new(EntityType::CEM);
    for play in [evsecc::CEM, evcc::CEM, evcem::CEM] {
        play.plan(&mut plan);
    }
    opev::Guard::plan(&mut plan);
    let entity = engine.add_entity(plan)?;

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut node = Node::start(config, engine).await?;
    println!("SKI {own}");
    let now = node.now();
    let plays = [evsecc::CEM, evcc::CEM, evcem::CEM, opev::GUARD];
    let client = Client::new(&entity, &plays, node.engine(), now);
    let guard = opev::Guard::new(&entity, node.engine(), now)?;
    let mut manager = Manager { client, guard, limit: args.limit };

    let mut lines = lines(args.interactive);
    loop {
        tokio::select! {
            event = node.next() => match event {
                Some(node::Event::Spine(event)) => manager.event(&event, &mut node),
                Some(node::Event::Connected { ski, .. }) => println!("connected {ski}"),
                Some(node::Event::Disconnected { ski, reason }) => {
                    println!("disconnected {ski}: {}", shown(&reason.to_string()));
                }
                Some(other) => println!("{other:?}"),
                None => return Ok(()),
            },
            line = lines.recv(), if args.interactive => match line.as_deref().map(str::trim) {
                None | Some("quit") => break,
                Some("") => {}
                Some(line) => if let Err(why) = manager.command(line, &mut node) {
                    println!("{why}");
                },
            },
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    node.ship().shutdown().await;
    Ok(())
}
