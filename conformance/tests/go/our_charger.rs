//! An energy manager on the Go stack limits a car at our charger.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use eebus_charger::core::units::MilliAmps;
use serde_json::{Value, json};
use ship::Ski;
use tempfile::{TempDir, tempdir};

use crate::charger::Charger;
use crate::peer::{Peer, Setup, free_port};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
const AMPS: fn(u32) -> MilliAmps = MilliAmps::amps;

#[test]
#[ignore = "needs the Go peers"]
fn limits_are_acknowledged_and_followed_by_the_pilot() {
    let mut home = Home::where_the_manager_dials();
    home.pairs();
    home.sees_the_station_and_the_car();
    // A manager that has bound the limits and not yet written holds the car at its safe current.
    home.offers(6, SECONDS(10));

    home.limit("off");
    home.offers(16, SECONDS(20));
    home.measures(16);
    for amps in [10, 6] {
        home.limit(&format!("{amps} {amps} {amps}"));
        home.offers(amps, SECONDS(2));
        home.measures(amps);
    }
    home.limit("0 0 0");
    home.offers(0, SECONDS(2));
    home.measures(0);
    home.limit("off");
    home.offers(16, SECONDS(60));
    home.measures(16);
}

#[test]
#[ignore = "needs the Go peers"]
fn without_heartbeats_and_before_the_first_limit_the_safe_current_applies() {
    let mut home = Home::where_the_manager_dials();
    home.pairs();
    home.sees_the_station_and_the_car();
    // One pilot for three phases: the lowest counts.
    home.limit("9 8 10");
    home.offers(8, SECONDS(10));

    home.manager.tell("hb stop");
    home.offers(6, SECONDS(6));
    home.manager.tell("hb start");
    home.offers(8, SECONDS(10));

    home.manager.mark();
    home.charger.simulate("unplug");
    home.offers(0, SECONDS(2));
    home.hears("cem-evcc-EvDisconnected");
    home.manager.mark();
    home.charger.simulate("plug");
    home.hears("cem-evcc-EvConnected");
    home.offers(6, SECONDS(5));
    home.sees_the_station_and_the_car();
    home.limit("9 9 9");
    home.offers(9, SECONDS(10));
    home.measures(9);
}

#[test]
#[ignore = "needs the Go peers"]
fn a_manager_that_dials_is_accepted_again_whoever_was_away() {
    let mut home = Home::where_the_manager_dials();
    home.pairs();
    home.is_killed_and_comes_back();
    home.charger_stops_and_comes_back();
}

#[test]
#[ignore = "needs the Go peers"]
fn a_charger_that_dials_finds_the_manager_again_whoever_was_away() {
    let mut home = Home::where_the_charger_dials();
    home.pairs();
    home.is_killed_and_comes_back();
    home.charger_stops_and_comes_back();
}

/// A charger of ours and a manager of theirs.
struct Home {
    charger: Charger,
    manager: Peer,
    /// Where the manager listens, if the charger dials.
    dialled: Option<SocketAddr>,
    place: TempDir,
}

impl Home {
    fn where_the_manager_dials() -> Self {
        let place = tempdir().expect("a temporary directory");
        let charger = Charger::start(place.path(), on_port(0), None);
        let manager = manager(place.path(), charger.ski, Dialling::To(charger.address));
        Self { charger, manager, dialled: None, place }
    }

    fn where_the_charger_dials() -> Self {
        let place = tempdir().expect("a temporary directory");
        let address = on_port(free_port());
        let ski = Charger::ski_of(place.path());
        let manager = manager(place.path(), ski, Dialling::From(address));
        let charger = Charger::start(place.path(), on_port(0), Some(address));
        Self { charger, manager, dialled: Some(address), place }
    }

    /// SIGKILL: within 6 s the car keeps to its safe current, and when the manager is back its
    /// limits are followed again.
    fn is_killed_and_comes_back(&mut self) {
        self.sees_the_station_and_the_car();
        self.limit("8 8 8");
        self.offers(8, SECONDS(10));
        self.manager.kill();
        self.offers(6, SECONDS(6));
        let dialling = match self.dialled {
            Some(address) => Dialling::From(address),
            None => Dialling::To(self.charger.address),
        };
        self.manager = manager(self.place.path(), self.charger.ski, dialling);
        self.connects();
        self.sees_the_station_and_the_car();
        self.limit("7 7 7");
        self.offers(7, SECONDS(10));
    }

    /// The charger ends in an orderly way and starts again; the guard is known, so that its car is
    /// not left alone with the full current.
    fn charger_stops_and_comes_back(&mut self) {
        self.manager.mark();
        self.charger.stop();
        self.manager.wait(SECONDS(5), "the end", |line| line["ev"] == "disconnected");
        self.manager.mark();
        self.charger = Charger::start(self.place.path(), self.charger.address, self.dialled);
        self.offers(6, SECONDS(5));
        self.connects();
        self.sees_the_station_and_the_car();
        self.limit("9 9 9");
        self.offers(9, SECONDS(10));
    }

    /// Nobody is accepted before the user says so.
    fn pairs(&self) {
        self.charger.waits_for_trust(self.manager.ski, SECONDS(10));
        assert!(self.manager.said(|line| line["ev"] == "connected").is_none());
        self.charger.trust(self.manager.ski);
        self.connects();
    }

    fn connects(&self) {
        self.manager.wait(SECONDS(10), "connected", |line| line["ev"] == "connected");
    }

    /// The manager sees who is there, and all that they play.
    fn sees_the_station_and_the_car(&mut self) {
        self.manager.reads(SECONDS(10), "a station that works", |line| {
            line["entityType"] == "EVSE"
                && line["useCases"]["cem-evsecc"] == json!([1, 2])
                && line["evse.state"] == json!(["normalOperation", ""])
        });
        let use_cases = [
            ("cem-evcc", json!([1, 2, 3, 6, 7, 8])),
            ("cem-evcem", json!([1, 2, 3])),
            ("cem-opev", json!([1, 2, 3])),
        ];
        self.manager.reads(SECONDS(10), "a car and its limits", |line| {
            line["entityType"] == "EV"
                && line["ev.connected"] == true
                && line["opev.limits"].as_array().is_some_and(|limits| limits.len() == 3)
                && use_cases.iter().all(|(name, scenarios)| line["useCases"][name] == *scenarios)
        });
    }

    /// The manager hears of something about a use case.
    fn hears(&self, event: &str) {
        self.manager.wait(SECONDS(5), event, |line| line["event"] == *event);
    }

    /// The manager writes a limit, which the charger acknowledges.
    fn limit(&mut self, limit: &str) {
        let command = format!("opev {limit}");
        self.manager.tell(&command);
        let what = format!("the result of {command}");
        let result = self.manager.wait(SECONDS(5), &what, |line| line["ev"] == "result");
        assert_eq!(result["cmd"], *command, "{result}");
        assert_eq!(result["errorNumber"], 0, "{result}");
    }

    /// The pilot offers this current, within this time.
    fn offers(&self, amps: u32, within: Duration) {
        self.charger.offers(AMPS(amps), within);
    }

    /// The manager has heard that the car draws this current on each phase.
    fn measures(&mut self, amps: u32) {
        let is_it = |current: &Value| {
            current.as_f64().is_some_and(|current| (current - f64::from(amps)).abs() < 0.3)
        };
        self.manager.reads(SECONDS(10), &format!("{amps} A on each phase"), |line| {
            let currents = line["ev.currents"].as_array();
            currents.is_some_and(|phases| phases.len() == 3 && phases.iter().all(is_it))
        });
    }
}

fn on_port(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Which side dials.
enum Dialling {
    /// The manager, to there.
    To(SocketAddr),
    /// The other side; the manager listens there.
    From(SocketAddr),
}

fn manager(place: &Path, remote: Ski, dialling: Dialling) -> Peer {
    let (port, dial) = match dialling {
        Dialling::To(address) => (0, Some(address)),
        Dialling::From(address) => (address.port(), None),
    };
    Peer::start(&Setup { program: "energymanager", place, remote, port, dial })
}
