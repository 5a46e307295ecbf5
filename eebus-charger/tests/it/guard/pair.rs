//! A charger and an energy manager in this process, over streams in memory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eebus_charger::clock::Clock;
use eebus_charger::eebus::{self, Eebus};
use eebus_charger::ending::Ending;
use eebus_charger::hardware::simulator::{Setup, Simulator};
use eebus_charger::peers::Peers;
use eebus_charger::port::{self, Handle};
use eebus_charger::store::{Notebook, Settings, StateDir};
use ship::identity::Identity;
use ship::{Role, Ski};
use spine::Engine;
use spine::device::{EntityPlan, LocalDevice};
use spine::engine::{Event, Mode};
use spine::model::{DeviceType, EntityType, Function};
use spine::node::{self, Node};
use spine::units::{MilliAmps, Watts};
use spine::usecases::{Client, Partner, Play, evcc, evcem, evsecc, opev};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const PLAYS: [Play; 4] = [evsecc::CEM, evcc::CEM, evcem::CEM, opev::GUARD];

/// A charger with its car plugged in.
pub(super) struct Charger {
    pub(super) handle: Handle,
    pub(super) notebook: Notebook,
    pub(super) peers: Arc<dyn Peers>,
    ship: ship::net::Handle,
    ending: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Charger {
    pub(super) async fn start(state: &Path, setup: Setup, trusted: &[Ski]) -> Self {
        let dir = StateDir::open(state).expect("nobody else has it");
        let notebook = Notebook::open(dir).expect("it is ours");
        let clock = Clock::start();
        let settings = Settings::default();
        let config = port::config(setup.capabilities, setup.supply, &settings, &notebook);
        let board = Simulator::new(setup, clock.now());
        let (port, hub, handle) = port::assemble(config, board, notebook.clone(), clock);

        let identity = Identity::load_or_create(&state.join("identity.pem"), "charger");
        let mut config = eebus::config(identity.expect("there is randomness"));
        for ski in trusted {
            config.trust.trust(*ski).expect("there is room");
        }
        let assembled = eebus::assemble(config, handle.clone()).await;
        let Eebus { ship, peers, task } = assembled.expect("nothing can be taken");
        let (ending, begins) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(port.drive()),
            tokio::spawn(async move { hub.run().await.map(drop).expect("the port turns") }),
            tokio::spawn(async move { task.run(Ending::new(begins)).await.expect("it ends") }),
        ];
        Self { handle, notebook, peers, ship, ending, tasks }
    }

    /// Ends everything, so that the state directory is free.
    pub(super) async fn end(self) {
        let Self { handle, ending, mut tasks, .. } = self;
        ending.send_replace(true);
        tasks.pop().expect("the EEBUS side").await.expect("it ends in an orderly way");
        handle.stop();
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
    }
}

/// What a manager has seen of the car.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) is_bound: bool,
    /// When currents came.
    pub(super) measured: Vec<Instant>,
    /// When limits were taken.
    pub(super) accepted: Vec<Instant>,
    pub(super) powers: [Option<Watts>; 3],
    pub(super) connected_phases: Option<u32>,
}

/// An energy manager that limits every car when it is told to, and not before.
pub(super) struct Manager {
    ship: ship::net::Handle,
    limits: mpsc::Sender<[Option<MilliAmps>; 3]>,
    pub(super) seen: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

impl Manager {
    pub(super) async fn start(identity: Identity, charger: &Charger) -> Self {
        let address = "d:_i:32473_Manager".into();
        let device = LocalDevice::new(address, DeviceType::EnergyManagementSystem);
        let mut engine = Engine::new(device, Mode::Strict);
        let mut plan = EntityPlan::new(EntityType::CEM);
        PLAYS.iter().for_each(|play| play.plan(&mut plan));
        opev::Guard::plan(&mut plan);
        let entity = engine.add_entity(plan).expect("at the top");

        let mut config = ship::net::Config::new(identity, "i:32473_u:Manager");
        config.trust.trust(charger.peers.ski()).expect("there is room");
        let mut node = Node::start(config, engine).await.expect("nothing can be taken");
        let ship = node.ship().clone();
        let now = node.now();
        let client = Client::new(&entity, &PLAYS, node.engine(), now);
        let guard = opev::Guard::new(&entity, node.engine(), now).expect("it is planned");
        let (limits, ordered) = mpsc::channel(8);
        let (tell, seen) = watch::channel(Seen::default());
        let task = tokio::spawn(Running { node, client, guard, tell }.run(ordered));
        let manager = Self { ship, limits, seen, task };
        manager.connect(charger).await;
        manager
    }

    pub(super) async fn connect(&self, charger: &Charger) {
        let (ours, its) = tokio::io::duplex(64 * 1024);
        charger.ship.attach(its, Role::Server, None, "manager").await;
        let expected = Some(charger.peers.ski());
        self.ship.attach(ours, Role::Client, expected, "charger").await;
    }

    pub(super) async fn limit(&self, amps: i64) {
        let limit = [Some(MilliAmps(amps * 1_000)); 3];
        self.limits.send(limit).await.expect("the manager runs");
    }

    /// Waits until it has seen something.
    pub(super) async fn sees(&mut self, what: impl FnMut(&Seen) -> bool) -> Seen {
        let waited = tokio::time::timeout(Duration::from_secs(120), self.seen.wait_for(what));
        waited.await.expect("in time").expect("the manager runs").clone()
    }

    /// It is gone.
    pub(super) fn kill(self) {
        self.task.abort();
    }
}

struct Running {
    node: Node,
    client: Client,
    guard: opev::Guard,
    tell: watch::Sender<Seen>,
}

impl Running {
    async fn run(mut self, mut ordered: mpsc::Receiver<[Option<MilliAmps>; 3]>) {
        loop {
            tokio::select! {
                event = self.node.next() => match event {
                    Some(node::Event::Spine(event)) => self.on_event(&event),
                    Some(_) => {}
                    None => return,
                },
                Some(limit) = ordered.recv() => {
                    let now = self.node.now();
                    for car in self.client.partners(&opev::OPEV) {
                        self.guard.limit(car, limit, &self.client, self.node.engine(), now);
                    }
                }
            }
        }
    }

    fn on_event(&mut self, event: &Event) {
        let now = self.node.now();
        let engine = self.node.engine();
        self.client.handle(event, engine, now);
        self.guard.handle(event, &mut self.client, engine, now);
        while self.client.poll().is_some() {}
        while let Some(answer) = self.guard.poll() {
            if let opev::Answer::Accepted(_) = answer {
                self.tell.send_modify(|seen| seen.accepted.push(Instant::now()));
            }
        }
        let function = Function::LoadControlLimitListData;
        let is_bound = |car: &Partner| self.client.is_bound(car, function);
        let is_bound = self.client.partners(&opev::OPEV).any(is_bound);
        self.tell
            .send_if_modified(|seen| std::mem::replace(&mut seen.is_bound, is_bound) != is_bound);
        if let Event::Data { peer, feature, function, .. } = event {
            let car = Partner { peer: *peer, entity: feature.entity.clone() };
            let meter = evcem::Meter::new(engine, &car);
            let (powers, phases) = (meter.powers(), meter.connected_phases());
            self.tell.send_modify(|seen| {
                (seen.powers, seen.connected_phases) = (powers, phases);
                if *function == Function::MeasurementListData {
                    seen.measured.push(Instant::now());
                }
            });
        }
    }
}
