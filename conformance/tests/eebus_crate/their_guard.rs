//! Their energy guard limits a car at our charger.

use std::time::Duration;

use eebus::model::{AddressDevice, DeviceType, EntityType, FeatureType, Role};
use eebus::runtime::Hub;
use eebus::spine::{Engine, LocalDevice, LocalEntity, LocalFeature, SpineEvent};
use eebus::usecases::emobility::charging::{
    self, ChargingCurrents, GuardEvent, OverloadGuardActor,
};
use eebus::usecases::emobility::opev;
use eebus_charger::core::units::MilliAmps;

use crate::charger::{self, Charger};
use crate::theirs::{self, Actor, Device};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

/// Their guard, and the car that it has found.
pub(crate) struct Guard {
    actor: OverloadGuardActor,
    car: Option<AddressDevice>,
}

/// Their device with an energy manager's entity.
pub(crate) fn guard() -> (Engine, Guard) {
    let mut device = LocalDevice::new("i:32473", "Guard", DeviceType::EnergyManagementSystem)
        .expect("a proper address");
    let entity = LocalEntity::new([1], EntityType::CEM)
        .with_feature(LocalFeature::new(1, FeatureType::Generic, Role::Client))
        .with_feature(OverloadGuardActor::device_diagnosis_feature(2));
    device.add_entity(entity).expect("it is the first");
    let client = device.address_of(&[1], 1);
    let diagnosis = device.address_of(&[1], 2);
    let mut engine = Engine::new(device);
    engine.add_use_case([1], 1, &opev::ENERGY_GUARD);
    let actor = OverloadGuardActor::new(client, diagnosis, Duration::ZERO);
    actor.publish_state(&mut engine, Duration::ZERO);
    (engine, Guard { actor, car: None })
}

impl Actor for Guard {
    type Order = f64;

    fn meet(&mut self, engine: &mut Engine, peer: &AddressDevice, now: Duration) {
        let found = engine.peer(peer).and_then(|peer| charging::locate(peer, opev::PURPOSE));
        match found {
            Some(car) if self.car.is_none() => {
                self.car = Some(car.device.clone());
                self.actor.attach(engine, car, now);
            }
            _ => {}
        }
    }

    fn hear(&mut self, engine: &mut Engine, event: &SpineEvent, now: Duration) -> Option<String> {
        Some(match self.actor.handle_event(engine, event, now)? {
            GuardEvent::Accepted { currents, .. } => {
                format!("accepted {:?}", currents.phases().collect::<Vec<_>>())
            }
            other => format!("{other:?}"),
        })
    }

    fn tick(&mut self, engine: &mut Engine, now: Duration) -> Option<String> {
        self.actor.handle_timeout(engine, now);
        None
    }

    fn deadline(&self) -> Option<Duration> {
        Some(self.actor.poll_timeout())
    }

    fn obey(&mut self, amps: f64) {
        let car = self.car.as_ref().expect("a car was found before it is limited");
        self.actor.require(car, ChargingCurrents::same(amps));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_dials_limits_the_car() {
    let (place, ours) = charger::place();
    let (engine, actor) = guard();
    let node = theirs::node("i:32473_u:Guard", ours);
    let charger = Charger::start(place, theirs::ski(&node), None).await;
    let mut hub = Hub::new(node, engine);
    hub.dial(charger.address);
    limits(Device::start(hub, actor), charger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_is_dialled_limits_the_car() {
    let (place, ours) = charger::place();
    let (engine, actor) = guard();
    let (hub, address) = theirs::listen(theirs::node("i:32473_u:Guard", ours), engine).await;
    let guard = Device::start(hub, actor);
    let charger = Charger::start(place, guard.ski, Some(address)).await;
    limits(guard, charger).await;
}

/// What the guard writes is accepted, and pilot and car follow.
async fn limits(mut guard: Device<Guard>, mut charger: Charger) {
    guard.reports("Connected", SECONDS(10)).await;
    // The car comes while they are connected.
    let ready = guard.reports("Ready", SECONDS(10)).await;
    for phase in ["A", "B", "C"] {
        assert!(ready.contains(&format!("({phase}, (6.0, 16.0))")), "{ready}");
    }
    for amps in [10, 6, 8] {
        guard.order(f64::from(amps));
        charger.offers(MilliAmps::amps(amps), SECONDS(12)).await;
        let accepted = format!("accepted [(A, {amps}.0), (B, {amps}.0), (C, {amps}.0)]");
        guard.reports(&accepted, SECONDS(5)).await;
        charger.feeds(MilliAmps::amps(amps), SECONDS(5)).await;
    }
    charger.stop().await;
    guard.reports("Disconnected", SECONDS(5)).await;
}
