//! Our energy guard limits their car.

use std::time::Duration;

use eebus::model::{AddressDevice, DeviceType, EntityType};
use eebus::runtime::Hub;
use eebus::spine::{Engine, LocalDevice, LocalEntity, SpineEvent};
use eebus::usecases::emobility::charging::{self, ChargingCurrents, EvActor, EvCharging};
use eebus::usecases::emobility::opev;
use ship::identity::Identity;
use spine::units::MilliAmps;
use spine::usecases::opev as ours;

use crate::manager::Manager;
use crate::theirs::{self, Actor, Device};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
/// What the car can charge with, in amperes.
const RANGE: (f64, f64) = (6.0, 16.0);

/// Their car.
pub(crate) struct Car(EvActor);

/// Their device with a station's entity and a car's below it.
pub(crate) fn car() -> (Engine, Car) {
    let mut device = LocalDevice::new("i:32473", "Wallbox", DeviceType::ChargingStation)
        .expect("a proper address");
    device.add_entity(LocalEntity::new([1], EntityType::EVSE)).expect("it is the first");
    let entity = LocalEntity::new([1, 1], EntityType::EV)
        .with_feature(charging::load_control_feature(1))
        .with_feature(charging::electrical_connection_feature(2));
    device.add_entity(entity).expect("it is below the first");
    let load_control = device.address_of(&[1, 1], 1);
    let connection = device.address_of(&[1, 1], 2);
    let mut engine = Engine::new(device);
    engine.add_use_case([1, 1], 1, &opev::EV);
    let safe = ChargingCurrents::same(RANGE.0);
    let charging = EvCharging::new(safe, Duration::ZERO).with_range(RANGE.0, RANGE.1);
    let actor =
        EvActor::new(opev::PURPOSE, charging, load_control, connection, charging::PHASES, RANGE);
    actor.publish(&mut engine, Duration::ZERO);
    (engine, Car(actor))
}

impl Actor for Car {
    type Order = ();

    fn meet(&mut self, engine: &mut Engine, peer: &AddressDevice, now: Duration) {
        let found = engine.peer(peer).and_then(|peer| charging::locate_guard(peer, opev::PURPOSE));
        match found {
            Some(diagnosis) if self.0.watching().is_none() => self.0.watch(engine, diagnosis, now),
            _ => {}
        }
    }

    fn hear(&mut self, engine: &mut Engine, event: &SpineEvent, now: Duration) -> Option<String> {
        let event = self.0.handle_event(engine, event, now)?;
        Some(self.says(&event))
    }

    fn tick(&mut self, engine: &mut Engine, now: Duration) -> Option<String> {
        let event = self.0.handle_timeout(engine, now)?;
        Some(self.says(&event))
    }

    fn deadline(&self) -> Option<Duration> {
        self.0.poll_timeout()
    }

    fn obey(&mut self, (): ()) {}
}

impl Car {
    /// The current that the car keeps to by now, and what it says.
    fn says(&self, event: &charging::EvEvent) -> String {
        let currents: Vec<_> = self.0.charging().effective_currents().phases().collect();
        format!("keeps to {currents:?}: {event:?}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_car_that_is_dialled_keeps_to_the_limit() {
    let identity = Identity::create("manager").expect("the system has what it needs");
    let (engine, actor) = car();
    let node = theirs::node("i:32473_u:Wallbox", identity.ski());
    let (hub, address) = theirs::listen(node, engine).await;
    let car = Device::start(hub, actor);
    let manager = Manager::start(identity, Some((address, car.ski))).await;
    limits(manager, car).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_car_that_dials_keeps_to_the_limit() {
    let identity = Identity::create("manager").expect("the system has what it needs");
    let (engine, actor) = car();
    let node = theirs::node("i:32473_u:Wallbox", identity.ski());
    let theirs = theirs::ski(&node);
    let manager = Manager::start(identity, None).await;
    manager.node.ship().trust(theirs).await.expect("it is the first");
    let mut hub = Hub::new(node, engine);
    hub.dial(manager.node.ship().address().expect("it listens"));
    limits(manager, Device::start(hub, actor)).await;
}

/// What the guard writes is accepted, shown and kept to.
async fn limits(mut manager: Manager, mut car: Device<Car>) {
    manager.until(SECONDS(10), "a car", |manager| manager.car()).await;
    for amps in [10, 6, 8] {
        let limit = MilliAmps(amps * 1_000);
        let answer = manager.limit(Some(limit)).await;
        assert!(matches!(answer, ours::Answer::Accepted(_)), "{answer:?}");
        let all = format!("keeps to [(A, {amps}.0), (B, {amps}.0), (C, {amps}.0)]");
        car.reports(&all, SECONDS(5)).await;
        shows(&mut manager, limit).await;
    }
    assert_eq!(manager.currents(), [None; 3], "this car measures nothing");
}

/// The car shows this limit on each phase, in force.
async fn shows(manager: &mut Manager, limit: MilliAmps) {
    manager
        .until(SECONDS(5), "the car shows its limit", |manager| {
            let car = manager.car()?;
            let shown = ours::limits(manager.node.engine(), &car);
            shown
                .iter()
                .flatten()
                .all(|shown| shown.is_active && shown.value == Some(limit))
                .then_some(())
        })
        .await;
}
