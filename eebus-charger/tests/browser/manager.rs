//! An energy manager that protects the house connection from overload (OPEV).

use std::net::SocketAddr;

use ship::Ski;
use ship::identity::Identity;
use ship::net::{Config, Target};
use ship::trust::TrustFile;
use spine::Engine;
use spine::device::{EntityPlan, LocalDevice};
use spine::engine::Mode;
use spine::model::{DeviceType, EntityType};
use spine::node::{Event, Node};
use spine::units::MilliAmps;
use spine::usecases::{Change, Client, evcc, evcem, evsecc, opev};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A limit on every phase in A; none if nothing is limited.
type Limit = Option<i64>;

/// The identity of a manager that does not run yet.
pub(crate) struct Plan {
    place: TempDir,
    identity: Identity,
}

/// A manager that runs until it is dropped.
pub(crate) struct Manager {
    limits: mpsc::UnboundedSender<Limit>,
    task: JoinHandle<()>,
    _place: TempDir,
}

impl Plan {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        let identity = Identity::load_or_create(&place.path().join("identity.pem"), "manager");
        Self { place, identity: identity.expect("it can be made") }
    }

    pub(crate) fn ski(&self) -> Ski {
        self.identity.ski()
    }

    /// Dials a charger and limits its cars, at first to nothing in particular.
    pub(crate) async fn start(self, charger: SocketAddr, ski: Ski) -> Manager {
        let (file, mut trust) =
            TrustFile::open(self.place.path().join("trust.json")).expect("it is new");
        trust.trust(ski).expect("there is room");
        let mut config = Config::new(self.identity, "i:32473_u:Manager".to_owned());
        config.trust = trust;
        config.trust_file = Some(file);
        config.targets = vec![Target { address: charger.to_string(), ski: Some(ski) }];

        let device =
            LocalDevice::new("d:_i:32473_Manager".into(), DeviceType::EnergyManagementSystem);
        let mut engine = Engine::new(device, Mode::Tolerant);
        let mut plan = EntityPlan::new(EntityType::CEM);
        for play in [evsecc::CEM, evcc::CEM, evcem::CEM] {
            play.plan(&mut plan);
        }
        opev::Guard::plan(&mut plan);
        let entity = engine.add_entity(plan).expect("there is room");

        let mut node = Node::start(config, engine).await.expect("it starts");
        let now = node.now();
        let plays = [evsecc::CEM, evcc::CEM, evcem::CEM, opev::GUARD];
        let mut client = Client::new(&entity, &plays, node.engine(), now);
        let mut guard = opev::Guard::new(&entity, node.engine(), now).expect("it is planned");
        let (limits, mut wanted) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut limit = [None; 3];
            loop {
                let event = tokio::select! {
                    event = node.next() => event,
                    Some(amps) = wanted.recv() => {
                        limit = [Limit::map(amps, |amps| MilliAmps(amps * 1000)); 3];
                        let now = node.now();
                        let cars: Vec<_> = client.partners(&opev::OPEV).cloned().collect();
                        for car in cars {
                            guard.limit(&car, limit, &client, node.engine(), now);
                        }
                        continue;
                    }
                };
                let Some(event) = event else { break };
                let Event::Spine(event) = event else { continue };
                let now = node.now();
                client.handle(&event, node.engine(), now);
                guard.handle(&event, &mut client, node.engine(), now);
                while let Some(change) = client.poll() {
                    if let Change::Found(name, car) = change
                        && name == opev::OPEV.name
                    {
                        guard.limit(&car, limit, &client, node.engine(), now);
                    }
                }
                while guard.poll().is_some() {}
            }
        });
        Manager { limits, task, _place: self.place }
    }
}

impl Manager {
    pub(crate) fn limit(&self, amps: Limit) {
        self.limits.send(amps).expect("it runs");
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.task.abort();
    }
}
