//! How long a lower limit takes from the energy guard to the pilot.
//!
//!     cargo bench -p conformance --bench reaction
//!
//! Guard and charger run in this process and talk over TCP, TLS and WebSocket on the loopback
//! interface. A sample starts before the guard is told the limit, which is then encoded and
//! written, and ends when the simulated board has changed its pilot. Only decreases count, from
//! 16.0 A to 6.0 A in steps of 0.1 A while the car charges: the charger follows them at once,
//! whereas on the way up it spares the car (CH-570). At most 20 writes a second.
//!
//! It takes two and a half minutes, of which the ways up are the larger part, and fails unless 99
//! of 100 samples stay below 20 ms.

use core::fmt;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eebus_charger::core::units::MilliAmps;
use eebus_charger::hardware::simulator::Setup;
use eebus_charger::run::{self, Network, Options, Running};
use ship::Ski;
use ship::identity::Identity;
use ship::net::{Config, Target};
use spine::Engine;
use spine::device::{EntityPlan, LocalDevice};
use spine::engine::Mode;
use spine::model::{DeviceType, EntityType};
use spine::node::{Event, Node};
use spine::units;
use spine::usecases::{Change, Client, Partner, opev};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;
use tokio::time::{sleep_until, timeout};

const SAMPLES: usize = 1_000;
const HIGHEST: MilliAmps = MilliAmps::amps(16);
const LOWEST: MilliAmps = MilliAmps::amps(6);
const STEP: MilliAmps = MilliAmps(100);
/// From one write to the next at least: 20 a second.
const PAUSE: Duration = Duration::from_millis(50);
/// What 99 of 100 samples stay below.
const GOAL: Duration = Duration::from_millis(20);
/// The car is found, or the offer is high again.
const SETTLED: Duration = Duration::from_secs(60);
/// A limit that has not arrived by then never will.
const LOST: Duration = Duration::from_secs(5);

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("the system has threads");
    match runtime.block_on(bench()) {
        Ok(samples) => samples.judge(),
        Err(why) => {
            eprintln!("reaction: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn bench() -> Result<Samples, Failure> {
    let identity = Identity::create("guard")?;
    let dir = tempfile::tempdir()?;
    let (charger, pilot) = charger(dir.path(), identity.ski()).await?;
    let mut guard = Guard::start(identity, &charger, pilot).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(charger.until(async { drop(stopped.await) }));

    let samples = guard.sample().await?;

    guard.node.ship().shutdown().await;
    drop(stop);
    running.await??;
    Ok(samples)
}

/// A change of the pilot: when, and what it offers from then on.
type Changed = (Instant, MilliAmps);

/// Our charger as it is out of the box, with a probe at its pilot.
async fn charger(
    state_dir: &Path,
    guard: Ski,
) -> Result<(Running, UnboundedReceiver<Changed>), run::Error> {
    let (changed, pilot) = mpsc::unbounded_channel();
    let options = Options {
        state_dir: state_dir.to_owned(),
        simulator: Setup { plug_after: Some(Duration::ZERO), ..Setup::default() },
        probe: Some(Box::new(move |change| {
            let now = Instant::now();
            // At the end nobody listens any more.
            let _ = changed.send((now, change.offered));
        })),
        web: None,
        network: Network {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            dial: Vec::new(),
            trust: vec![guard],
            announce: false,
            browse: false,
            capture: None,
        },
    };
    Ok((run::start(options).await?, pilot))
}

/// An energy guard, and the pilot that it is to move.
struct Guard {
    node: Node,
    client: Client,
    guard: opev::Guard,
    car: Option<Partner>,
    /// Whether the last limit has been answered.
    is_answered: bool,
    pilot: UnboundedReceiver<Changed>,
}

impl Guard {
    async fn start(
        identity: Identity,
        charger: &Running,
        pilot: UnboundedReceiver<Changed>,
    ) -> Result<Self, Failure> {
        let mut config = Config::new(identity, "i:32473_u:Guard");
        config.trust.trust(charger.ski)?;
        config.targets =
            vec![Target { address: charger.address.to_string(), ski: Some(charger.ski) }];

        let device =
            LocalDevice::new("d:_i:32473_Guard".into(), DeviceType::EnergyManagementSystem);
        let mut engine = Engine::new(device, Mode::Tolerant);
        let mut plan = EntityPlan::new(EntityType::CEM);
        opev::Guard::plan(&mut plan);
        let entity = engine.add_entity(plan)?;
        let mut node = Node::start(config, engine).await?;
        let now = node.now();
        let client = Client::new(&entity, &[opev::GUARD], node.engine(), now);
        let guard = opev::Guard::new(&entity, node.engine(), now)?;
        Ok(Self { node, client, guard, car: None, is_answered: false, pilot })
    }

    async fn sample(&mut self) -> Result<Samples, Failure> {
        timeout(SETTLED, async {
            while self.car.is_none() {
                let event = self.node.next().await;
                self.on_event(event)?;
            }
            Ok::<_, Failure>(())
        })
        .await
        .map_err(|_| "the guard does not find the car")??;

        let mut samples = Vec::with_capacity(SAMPLES);
        let mut limit = LOWEST;
        while samples.len() < SAMPLES {
            if limit == LOWEST {
                limit = HIGHEST;
                self.write(limit, SETTLED).await?;
            }
            limit = MilliAmps(limit.0 - STEP.0);
            samples.push(self.write(limit, LOST).await?);
        }
        Ok(Samples::new(samples))
    }

    /// Writes a limit, and waits for the pilot and for the answer; how long the pilot took.
    async fn write(&mut self, limit: MilliAmps, patience: Duration) -> Result<Duration, Failure> {
        let car = self.car.clone().ok_or("the car has gone")?;
        let current = Some(units::MilliAmps(i64::from(limit.0)));
        self.is_answered = false;

        let start = Instant::now();
        let now = self.node.now();
        self.guard.limit(&car, [current; 3], &self.client, self.node.engine(), now);

        let followed = timeout(patience, self.follow(limit)).await;
        let reached = followed.map_err(|_| format!("the pilot does not offer {limit}"))??;
        sleep_until((start + PAUSE).into()).await;
        Ok(reached - start)
    }

    /// When the pilot offers the limit; returns once the answer has come as well.
    async fn follow(&mut self, limit: MilliAmps) -> Result<Instant, Failure> {
        let mut reached = None;
        loop {
            if let (Some(reached), true) = (reached, self.is_answered) {
                return Ok(reached);
            }
            tokio::select! {
                event = self.node.next() => self.on_event(event)?,
                changed = self.pilot.recv() => match changed {
                    Some((at, offered)) if offered == limit => reached = Some(at),
                    Some(_) => {}
                    None => return Err("the board is gone".into()),
                },
            }
        }
    }

    fn on_event(&mut self, event: Option<Event>) -> Result<(), Failure> {
        let event = match event {
            Some(Event::Spine(event)) => event,
            Some(Event::Disconnected { reason, .. }) => {
                return Err(format!("disconnected: {reason}").into());
            }
            Some(_) => return Ok(()),
            None => return Err("the SHIP node has stopped".into()),
        };
        let now = self.node.now();
        let engine = self.node.engine();
        self.client.handle(&event, engine, now);
        self.guard.handle(&event, &mut self.client, engine, now);
        while let Some(change) = self.client.poll() {
            match change {
                Change::Found(_, car) => self.car = Some(car),
                Change::Lost(..) => self.car = None,
            }
        }
        while let Some(answer) = self.guard.poll() {
            match answer {
                opev::Answer::Accepted(_) => self.is_answered = true,
                opev::Answer::Failed(_, why) => return Err(format!("refused: {why}").into()),
                // It is written as soon as it can be.
                _ => {}
            }
        }
        Ok(())
    }
}

/// The samples, the fastest first.
struct Samples(Vec<Duration>);

impl Samples {
    fn new(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self(samples)
    }

    /// What so many of 100 samples do not exceed (nearest rank).
    fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent).div_ceil(100) - 1]
    }

    fn judge(&self) -> ExitCode {
        let p99 = self.percentile(99);
        println!("reaction.p50_ms: {}", Millis(self.percentile(50)));
        println!("reaction.p99_ms: {}", Millis(p99));
        println!("reaction.max_ms: {}", Millis(self.percentile(100)));
        if p99 < GOAL {
            return ExitCode::SUCCESS;
        }
        eprintln!("reaction: 99 of 100 limits must arrive in less than {} ms", Millis(GOAL));
        ExitCode::FAILURE
    }
}

struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0.as_secs_f64() * 1e3)
    }
}
