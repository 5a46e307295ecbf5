//! Our energy manager limits a car at a charger on the Go stack.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use ship::Ski;
use ship::identity::Identity;
use spine::engine::Failure;
use spine::model::ErrorNumber;
use spine::units::MilliAmps;
use spine::usecases::{Partner, evcc, evsecc, opev};
use tempfile::tempdir;

use crate::manager::Manager;
use crate::peer::{Peer, Setup, free_port};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

#[tokio::test]
#[ignore = "needs the Go peers"]
async fn limits_are_accepted_and_the_currents_follow() {
    let place = tempdir().expect("a temporary directory");
    let identity = Identity::create("manager").expect("the system has what it needs");
    let port = free_port();
    let mut charger = charger(place.path(), identity.ski(), port, None);
    charger.tell("period 1");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut manager = Manager::start(identity, Some((address, charger.ski))).await;

    // A station without a car, then a car with what it may draw and draws.
    let station = manager.station(SECONDS(15)).await;
    let name_plate = evsecc::Station::new(manager.node.engine(), &station).name_plate().cloned();
    let name = name_plate.expect("it is read before").device_name;
    assert_eq!(name.as_deref(), Some("GoCharger"));
    assert_eq!(manager.car(), None);
    charger.tell("plug iec61851");
    manager.sees_a_car().await;
    manager.measures(16).await;
    let is_known = |manager: &mut Manager| {
        let car = manager.car()?;
        let vehicle = evcc::Vehicle::new(manager.node.engine(), &car);
        let is_known = vehicle.standard() == Some(evcc::Standard::Iec61851)
            && vehicle.is_asymmetric() == Some(false)
            && vehicle.state() == Some(evcc::State::Normal);
        is_known.then_some(())
    };
    manager.until(SECONDS(5), "a car that charges as in IEC 61851", is_known).await;

    for amps in [10, 6] {
        manager.limits(Some(amps)).await;
        manager.measures(amps).await;
    }
    // This charger permits 0.1 A beside 6 A to 16 A: that is how it wants to be paused.
    assert_accepted(manager.limit(Some(MilliAmps::ZERO)).await);
    manager.shows(Some(MilliAmps(100))).await;
    manager.measures(0).await;
    manager.limits(None).await;
    manager.measures(16).await;

    // A charger that refuses is heard, and so is one that follows again.
    charger.tell("deny on");
    charger.wait(SECONDS(10), "that it refuses from now on", |said| said["ev"] == "deny");
    let refused = manager.limit(Some(MilliAmps(9_000))).await;
    let opev::Answer::Failed(_, Failure::Refused(refusal)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(refusal.number, ErrorNumber::COMMAND_REJECTED);
    charger.tell("deny off");
    charger.wait(SECONDS(10), "that it follows again", |said| said["ev"] == "deny");
    manager.limits(Some(9)).await;
    manager.measures(9).await;

    charger.tell("unplug");
    manager.misses_the_car(SECONDS(5)).await;
    charger.tell("plug iso15118-2ed2");
    manager.sees_a_car().await;
    manager.limits(Some(8)).await;
    manager.measures(8).await;
}

#[tokio::test]
#[ignore = "needs the Go peers"]
async fn a_charger_that_dials_is_trusted_and_found_again_after_its_death() {
    let place = tempdir().expect("a temporary directory");
    let identity = Identity::create("manager").expect("the system has what it needs");
    let mut manager = Manager::start(identity, None).await;
    let address = manager.node.ship().address().expect("it listens");
    let mut charger = charger(place.path(), manager.node.ship().ski(), 0, Some(address));
    charger.tell("period 1");

    let ski = charger.ski;
    let waits = |manager: &mut Manager| {
        manager.node.ship().waiting().iter().any(|peer| peer.ski == ski).then_some(())
    };
    manager.until(SECONDS(10), "the charger waits for trust", waits).await;
    manager.node.ship().trust(ski).await.expect("there is room");
    manager.station(SECONDS(15)).await;
    charger.tell("plug iec61851");
    manager.sees_a_car().await;
    manager.limits(Some(10)).await;
    manager.measures(10).await;

    charger.kill();
    manager.misses_the_car(SECONDS(5)).await;
    charger = self::charger(place.path(), manager.node.ship().ski(), 0, Some(address));
    assert_eq!(charger.ski, ski, "it is the same one");
    manager.station(SECONDS(15)).await;
    charger.tell("plug iec61851");
    manager.sees_a_car().await;
    manager.limits(Some(7)).await;
    manager.measures(7).await;
}

/// What the stories ask of a manager.
impl Manager {
    /// The charging station, once it has been read.
    async fn station(&mut self, within: Duration) -> Partner {
        self.until(within, "the station and its name plate", |manager| {
            let station = manager.partner(&evsecc::EVSECC)?;
            evsecc::Station::new(manager.node.engine(), &station).name_plate()?;
            Some(station)
        })
        .await
    }

    /// A car, with its limits and the currents that it draws.
    async fn sees_a_car(&mut self) {
        self.until(SECONDS(10), "a car with limits and currents", |manager| {
            let car = manager.car()?;
            let limits = opev::limits(manager.node.engine(), &car);
            let is_all = limits.iter().all(Option::is_some)
                && manager.currents().iter().all(Option::is_some);
            is_all.then_some(())
        })
        .await;
    }

    async fn misses_the_car(&mut self, within: Duration) {
        let is_gone = |manager: &mut Self| manager.car().is_none().then_some(());
        self.until(within, "the car is gone", is_gone).await;
    }

    /// Limits the car, which is accepted and shown.
    async fn limits(&mut self, amps: Option<i64>) {
        let limit = amps.map(|amps| MilliAmps(amps * 1_000));
        assert_accepted(self.limit(limit).await);
        self.shows(limit).await;
    }

    /// The charger publishes this limit on each phase.
    async fn shows(&mut self, limit: Option<MilliAmps>) {
        let what = format!("the charger shows {limit:?}");
        self.until(SECONDS(5), &what, |manager| {
            let car = manager.car()?;
            let shown = opev::limits(manager.node.engine(), &car).map(|shown| {
                let shown = shown?;
                Some(if shown.is_active { shown.value } else { None })
            });
            (shown == [Some(limit); 3]).then_some(())
        })
        .await;
    }

    /// The car draws this current on each phase.
    async fn measures(&mut self, amps: i64) {
        let drawn = [Some(MilliAmps(amps * 1_000)); 3];
        let what = format!("{amps} A on each phase");
        self.until(SECONDS(5), &what, |manager| (manager.currents() == drawn).then_some(())).await;
    }
}

#[track_caller]
fn assert_accepted(answer: opev::Answer) {
    assert!(matches!(answer, opev::Answer::Accepted(_)), "{answer:?}");
}

fn charger(place: &Path, remote: Ski, port: u16, dial: Option<SocketAddr>) -> Peer {
    Peer::start(&Setup { program: "charger", place, remote, port, dial })
}
