//! An energy manager of ours, in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use ship::Ski;
use ship::identity::Identity;
use ship::net::{Config, Target};
use spine::Engine;
use spine::device::{EntityPlan, LocalDevice};
use spine::engine::Mode;
use spine::model::{DeviceType, EntityType};
use spine::node::{Event, Node};
use spine::units::MilliAmps;
use spine::usecases::{Client, Partner, UseCase, evcc, evcem, evsecc, opev};
use tokio::time::{Instant, timeout_at};

/// How often a condition is looked at while nothing happens.
const AGAIN: Duration = Duration::from_millis(50);
/// How many events a failure shows.
const TAIL: usize = 40;

/// A manager that guards the car at the charger.
pub(crate) struct Manager {
    pub(crate) node: Node,
    client: Client,
    guard: opev::Guard,
    happened: Vec<String>,
}

impl Manager {
    /// Starts a manager that listens on any free port. It dials a charger, if there is one, and
    /// then trusts it.
    pub(crate) async fn start(identity: Identity, charger: Option<(SocketAddr, Ski)>) -> Self {
        let unique = format!("Manager-{}", &identity.ski().to_string()[..12]);
        let mut config = Config::new(identity, format!("i:32473_u:{unique}"));
        config.listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        if let Some((address, ski)) = charger {
            config.trust.trust(ski).expect("it is the first");
            config.targets = vec![Target { address: address.to_string(), ski: Some(ski) }];
        }

        let address = format!("d:_i:32473_{unique}");
        let device = LocalDevice::new(address.as_str().into(), DeviceType::EnergyManagementSystem);
        let mut engine = Engine::new(device, Mode::Tolerant);
        let mut plan = EntityPlan::new(EntityType::CEM);
        for play in [evsecc::CEM, evcc::CEM, evcem::CEM] {
            play.plan(&mut plan);
        }
        opev::Guard::plan(&mut plan);
        let entity = engine.add_entity(plan).expect("it needs no parent");

        let mut node = Node::start(config, engine).await.expect("the port is free");
        let now = node.now();
        let plays = [evsecc::CEM, evcc::CEM, evcem::CEM, opev::GUARD];
        let client = Client::new(&entity, &plays, node.engine(), now);
        let guard = opev::Guard::new(&entity, node.engine(), now).expect("it is planned for this");
        Self { node, client, guard, happened: Vec::new() }
    }

    /// Goes on until this is reached.
    pub(crate) async fn until<T>(
        &mut self,
        within: Duration,
        what: &str,
        mut reached: impl FnMut(&mut Self) -> Option<T>,
    ) -> T {
        let end = Instant::now() + within;
        loop {
            if let Some(reached) = reached(self) {
                return reached;
            }
            let now = Instant::now();
            assert!(now < end, "not within {within:?}: {what}");
            self.go_on_until(now + AGAIN).await;
        }
    }

    /// The first of the peers' entities that play the other part in a use case.
    pub(crate) fn partner(&self, use_case: &UseCase) -> Option<Partner> {
        self.client.partners(use_case).next().cloned()
    }

    /// The car, once there is one that can be limited.
    pub(crate) fn car(&self) -> Option<Partner> {
        self.partner(&opev::OPEV)
    }

    /// What the car draws on each phase.
    pub(crate) fn currents(&mut self) -> [Option<MilliAmps>; 3] {
        let Some(car) = self.car() else {
            return [None; 3];
        };
        evcem::Meter::new(self.node.engine(), &car).currents()
    }

    /// Limits the car, and waits for what the charger says to that.
    pub(crate) async fn limit(&mut self, limit: Option<MilliAmps>) -> opev::Answer {
        let car = self.car().expect("there is a car to limit");
        let now = self.node.now();
        self.guard.limit(&car, [limit; 3], &self.client, self.node.engine(), now);
        self.until(Duration::from_secs(5), "the answer to a limit", |manager| {
            let answers = core::iter::from_fn(|| manager.guard.poll());
            answers.into_iter().find(|answer| !matches!(answer, opev::Answer::Postponed(..)))
        })
        .await
    }

    async fn go_on_until(&mut self, end: Instant) {
        let Ok(event) = timeout_at(end, self.node.next()).await else {
            return;
        };
        let event = event.expect("the node runs as long as the test");
        self.happened.push(format!("{event:?}"));
        if let Event::Spine(event) = event {
            let now = self.node.now();
            let engine = self.node.engine();
            self.client.handle(&event, engine, now);
            self.guard.handle(&event, &mut self.client, engine, now);
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- our manager has heard:");
            for line in &self.happened[self.happened.len().saturating_sub(TAIL)..] {
                eprintln!("{}", line.chars().take(400).collect::<String>());
            }
        }
    }
}
