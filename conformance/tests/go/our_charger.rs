//! An energy manager on the Go stack limits a car at our charger.

use std::net::{Ipv4Addr, SocketAddr};
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
    let mut home = Home::where_the_charger_dials();
    home.pairs();
    home.sees_the_station_and_the_car();
    home.limit("8 8 8");
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
fn whoever_returns_is_accepted_again() {
    let mut home = Home::where_the_manager_dials();
    home.pairs();
    home.sees_the_station_and_the_car();
    home.limit("8 8 8");
    home.offers(8, SECONDS(10));

    home.manager.kill();
    home.offers(6, SECONDS(6));
    home.manager = home.next_manager();
    home.connects(SECONDS(10));
    home.sees_the_station_and_the_car();
    home.limit("7 7 7");
    home.offers(7, SECONDS(10));

    home.manager.mark();
    home.charger.stop();
    home.manager.wait(SECONDS(5), "the end", |line| line["ev"] == "disconnected");
    home.manager.mark();
    home.charger = Charger::start(home.place.path(), home.charger.address, None);
    // The guard is known: its car is not left alone with the full current.
    home.offers(6, SECONDS(5));
    home.connects(SECONDS(10));
    home.sees_the_station_and_the_car();
    home.limit("9 9 9");
    home.offers(9, SECONDS(10));
}

/// A charger of ours and a manager of theirs.
struct Home {
    charger: Charger,
    manager: Peer,
    place: TempDir,
}

impl Home {
    fn where_the_manager_dials() -> Self {
        let place = place();
        let charger = Charger::start(place.path(), any_port(), None);
        let manager = manager(&place, charger.ski, 0, Some(charger.address));
        Self { charger, manager, place }
    }

    fn where_the_charger_dials() -> Self {
        let place = place();
        let port = free_port();
        let manager = manager(&place, Charger::ski_of(place.path()), port, None);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let charger = Charger::start(place.path(), any_port(), Some(address));
        Self { charger, manager, place }
    }

    /// The manager that was killed starts again.
    fn next_manager(&self) -> Peer {
        manager(&self.place, self.charger.ski, 0, Some(self.charger.address))
    }

    /// Nobody is accepted before the user says so.
    fn pairs(&self) {
        self.charger.waits_for_trust(self.manager.ski, SECONDS(10));
        assert!(self.manager.said(|line| line["ev"] == "connected").is_none());
        self.charger.trust(self.manager.ski);
        self.connects(SECONDS(10));
    }

    fn connects(&self, within: Duration) {
        self.manager.wait(within, "connected", |line| line["ev"] == "connected");
    }

    /// The manager sees who is there, and all that they play.
    fn sees_the_station_and_the_car(&mut self) {
        let station = self.manager.reads(SECONDS(10), "the station", |line| {
            line["entityType"] == "EVSE" && line["useCases"]["cem-evsecc"] == json!([1, 2])
        });
        assert_eq!(station["evse.state"], json!(["normalOperation", ""]), "{station}");
        let car = self.manager.reads(SECONDS(10), "the car and its limits", |line| {
            line["entityType"] == "EV" && line["opev.limits"].is_array()
        });
        let useful = [
            ("cem-evcc", json!([1, 2, 3, 6, 7, 8])),
            ("cem-evcem", json!([1, 2, 3])),
            ("cem-opev", json!([1, 2, 3])),
        ];
        for (use_case, scenarios) in useful {
            assert_eq!(car["useCases"][use_case], scenarios, "{car}");
        }
        assert_eq!(car["ev.connected"], true, "{car}");
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

fn place() -> TempDir {
    tempdir().expect("a temporary directory")
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn manager(place: &TempDir, remote: Ski, port: u16, dial: Option<SocketAddr>) -> Peer {
    Peer::start(&Setup { program: "energymanager", place: place.path(), remote, port, dial })
}
