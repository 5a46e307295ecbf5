//! An energy manager on the use cases of `spine`: it takes every car and one limit for all.

use ship::Ski;
use ship::identity::Identity;
use ship::net::{Config, Handle};
use spine::Engine;
use spine::device::{EntityPlan, LocalDevice};
use spine::engine::{Event, Mode};
use spine::model::{DeviceType, EntityType};
use spine::node::{self, Node};
use spine::units::MilliAmps;
use spine::usecases::{Change, Client, Partner, Play, evcc, evcem, evsecc, opev};
use tokio::sync::{mpsc, watch};

use crate::tester::{Step, fail};

const SHIP_ID: &str = "i:32473_u:Manager-under-test";
const PLAYS: [Play; 4] = [evsecc::CEM, evcc::CEM, evcem::CEM, opev::GUARD];

/// What is needed to use the manager.
pub(super) struct Manager {
    limits: mpsc::Sender<[u32; 3]>,
    measured: watch::Receiver<[u32; 3]>,
}

impl Manager {
    /// A manager that limits nothing, its SHIP node and its SHIP ID.
    pub(super) async fn start(trusted: Ski) -> (Handle, String, Self) {
        let device = LocalDevice::new(
            "d:_i:32473_Manager-under-test".into(),
            DeviceType::EnergyManagementSystem,
        );
        let mut engine = Engine::new(device, Mode::Strict);
        let mut plan = EntityPlan::new(EntityType::CEM);
        for play in PLAYS {
            play.plan(&mut plan);
        }
        opev::Guard::plan(&mut plan);
        let entity = engine.add_entity(plan).expect("an entity at the top needs no parent");

        let identity = Identity::create("manager under test").expect("the system has randomness");
        let mut config = Config::new(identity, SHIP_ID);
        config.trust.trust(trusted).expect("there is room for one");
        let mut node = Node::start(config, engine).await.expect("nothing can be taken");
        let ship = node.ship().clone();
        let now = node.now();
        let client = Client::new(&entity, &PLAYS, node.engine(), now);
        let guard =
            opev::Guard::new(&entity, node.engine(), now).expect("it was planned for the guard");
        let (limits, ordered) = mpsc::channel(1);
        let (seen, measured) = watch::channel([0; 3]);
        tokio::spawn(Running { node, client, guard, limit: [None; 3], seen }.run(ordered));
        (ship, SHIP_ID.to_owned(), Self { limits, measured })
    }

    pub(super) async fn limit(&self, limits: [u32; 3]) -> Step {
        let sent = self.limits.send(limits).await;
        sent.or_else(|_| fail("the manager has stopped"))
    }

    pub(super) fn measured(&self) -> Vec<u32> {
        self.measured.borrow().to_vec()
    }
}

/// The manager itself.
struct Running {
    node: Node,
    client: Client,
    guard: opev::Guard,
    limit: [Option<MilliAmps>; 3],
    seen: watch::Sender<[u32; 3]>,
}

impl Running {
    async fn run(mut self, mut ordered: mpsc::Receiver<[u32; 3]>) {
        loop {
            tokio::select! {
                event = self.node.next() => match event {
                    Some(node::Event::Spine(event)) => self.on_event(&event),
                    Some(_) => {}
                    None => return,
                },
                Some(limits) = ordered.recv() => {
                    self.limit = limits.map(|limit| Some(MilliAmps(limit.into())));
                    let cars: Vec<_> = self.client.partners(&opev::OPEV).cloned().collect();
                    cars.iter().for_each(|car| self.order(car));
                }
            }
        }
    }

    fn on_event(&mut self, event: &Event) {
        let now = self.node.now();
        self.client.handle(event, self.node.engine(), now);
        self.guard.handle(event, &mut self.client, self.node.engine(), now);
        while let Some(change) = self.client.poll() {
            if let Change::Found(name, car) = change
                && name == opev::OPEV.name
            {
                self.order(&car);
            }
        }
        while self.guard.poll().is_some() {}
        if let Event::Data { peer, feature, .. } = event {
            let car = Partner { peer: *peer, entity: feature.entity.clone() };
            let currents = evcem::Meter::new(self.node.engine(), &car).currents();
            let known = |current: Option<MilliAmps>| {
                current.map_or(0, |current| u32::try_from(current.0).unwrap_or_default())
            };
            self.seen.send_replace(currents.map(known));
        }
    }

    fn order(&mut self, car: &Partner) {
        let now = self.node.now();
        self.guard.limit(car, self.limit, &self.client, self.node.engine(), now);
    }
}
