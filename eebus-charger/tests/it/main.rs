//! The program from outside: what it prints, what it keeps, and how it ends.

mod guard;
mod https;
mod program;
mod texts;
mod watched;
mod web;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use program::{Charger, call, place};
use rustix::fs::{OFlags, fcntl_setfl};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

#[test]
fn it_charges_with_sixteen_amperes_without_any_configuration() {
    let charger = Charger::start(&["--sim-speed", "10"]);
    assert_eq!(charger.status()["vehicle_connected"], false);
    let status = charger.until(SECONDS(20), |status| status["state"] == "charging");
    assert_eq!(status["offered_ma"], serde_json::json!([16_000, 16_000, 16_000]));
    assert_eq!(status["limit"]["binding"], serde_json::json!(["hw", "supply"]));
    charger.until(SECONDS(20), |status| status["power_w"].as_i64() > Some(10_000));
    charger.until(SECONDS(20), |status| status["session"]["energy_wh"].as_i64() > Some(0));
}

#[test]
fn it_pauses_and_resumes_and_its_car_comes_and_goes() {
    let charger = Charger::start(&["--sim-speed", "20", "--sim-plug", "0"]);
    charger.until(SECONDS(20), |status| status["state"] == "charging");
    assert!(charger.call(&["pause"]).ok().contains("0 A: paused by the user"));
    charger.until(SECONDS(5), |status| status["state"] == "wait_limit");
    assert_eq!(charger.status()["offered_ma"], serde_json::json!([0, 0, 0]));
    assert!(charger.call(&["status"]).ok().contains("paused by the user"));
    charger.call(&["resume"]).ok();
    charger.until(SECONDS(20), |status| status["state"] == "charging");
    assert!(charger.call(&["sim", "unplug"]).ok().contains("ready"));
    assert_eq!(charger.status()["vehicle_connected"], false);
    charger.call(&["sim", "plug"]).ok();
    assert_eq!(charger.status()["session"]["id"], 2);
}

#[test]
fn it_ends_orderly_by_a_signal_and_goes_on_counting_its_sessions() {
    let place = place();
    let charger = Charger::start_in(place, &["--sim-plug", "0"]);
    let ski = charger.ski.clone();
    charger.until(SECONDS(5), |status| status["session"]["id"] == 1);
    let place = charger.terminate();

    let state = place.path().join("state");
    assert!(!state.join("api.sock").exists(), "the socket is gone");
    let mode = |path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!(mode(state.clone()), 0o700);
    assert_eq!(mode(state.join("identity.pem")), 0o600);

    let charger = Charger::start_in(place, &["--sim-plug", "0"]);
    assert_eq!(charger.ski, ski, "the identity is kept");
    assert_eq!(mode(charger.state().join("api.sock")), 0o600);
    charger.until(SECONDS(5), |status| status["session"]["id"] == 2);
}

#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let (_reader, mut log) = std::io::pipe().expect("there is room");
    fcntl_setfl(&log, OFlags::NONBLOCK).expect("it is ours");
    while log.write(&[b'.'; 1024]).is_ok() {}
    while log.write(b".").is_ok() {}
    fcntl_setfl(&log, OFlags::empty()).expect("it is ours");

    let args = ["--sim-plug", "0", "--sim-speed", "20"];
    let charger = Charger::start_logging(place(), &args, "debug", log);
    charger.until(SECONDS(20), |status| status["state"] == "charging");
    charger.call(&["pause"]).ok();
    charger.until(SECONDS(5), |status| status["state"] == "wait_limit");
    charger.terminate();
}

#[test]
fn a_killed_charger_leaves_nothing_that_keeps_the_next_one_from_starting() {
    let charger = Charger::start(&["--sim-plug", "never"]);
    let place = charger.kill();
    assert!(place.path().join("state/api.sock").exists());
    let refused = call(&place, &["status"]);
    assert_eq!(refused.code, Some(3));
    assert!(refused.stderr.contains("no charger runs in"), "{}", refused.stderr);
    assert_eq!(Charger::start_in(place, &["--sim-plug", "never"]).status()["state"], "idle");
}

#[test]
fn a_second_charger_on_the_same_directory_is_refused() {
    let charger = Charger::start(&["--sim-plug", "never"]);
    let second = charger.call(&["run"]);
    assert_eq!(second.code, Some(4));
    assert!(second.stderr.contains("is in use by another charger"), "{}", second.stderr);
    assert_eq!(charger.status()["state"], "idle", "the first one goes on");
}

#[test]
fn a_second_charger_on_the_same_port_is_refused() {
    let charger = Charger::start(&["--sim-plug", "never"]);
    let second = call(&place(), &["run", "--no-mdns", "--web", "off", "--ship", &charger.address]);
    assert_eq!(second.code, Some(4));
    assert!(second.stderr.contains(&charger.address), "{}", second.stderr);
    assert_eq!(charger.status()["state"], "idle", "the first one goes on");
}

#[test]
fn trust_is_kept_over_a_restart_until_it_is_taken_back() {
    const PEER: &str = "0123456789abcdef0123456789abcdef01234567";
    let charger = Charger::start(&["--sim-plug", "never"]);
    assert_eq!(charger.status()["peers"], serde_json::json!([]));
    charger.call(&["trust", PEER]).ok();
    let place = charger.terminate();

    let charger = Charger::start_in(place, &["--sim-plug", "never"]);
    assert_eq!(charger.status()["peers"][0]["ski"], PEER);
    charger.call(&["untrust", PEER]).ok();
    assert_eq!(charger.status()["peers"], serde_json::json!([]));
    let nobody = charger.call(&["untrust", PEER]);
    assert_eq!(nobody.code, Some(1), "{}", nobody.stderr);
}

#[test]
fn a_forged_file_is_refused_and_not_overwritten() {
    for (file, text) in [
        ("state.json", r#"{"format":"eebus-charger state","version":1,"guard_known":"no"}"#),
        ("settings.json", r#"{"format":"eebus-charger settings","version":9}"#),
        ("trust.json", r#"{"version":1,"trusted":[],"refused":[],"autoAccept":true}"#),
        ("identity.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"),
    ] {
        let place = place();
        let state = place.path().join("state");
        fs::create_dir(&state).expect("it is created");
        fs::write(state.join(file), text).expect("it is written");
        fs::set_permissions(state.join(file), fs::Permissions::from_mode(0o600))
            .expect("it is ours");
        let refused = call(&place, &["run", "--web", "off"]);
        assert_eq!(refused.code, Some(1), "{file}: {}", refused.stderr);
        assert!(refused.stderr.contains(file), "{file}: {}", refused.stderr);
        assert_eq!(fs::read_to_string(state.join(file)).expect("it is there"), text);
    }
}

#[test]
fn settings_bound_the_offer() {
    let place = place();
    let state = place.path().join("state");
    fs::create_dir(&state).expect("it is created");
    let text = r#"{"format":"eebus-charger settings","version":1,"user_max_ma":8000}"#;
    fs::write(state.join("settings.json"), text).expect("it is written");
    let charger = Charger::start_in(place, &["--sim-plug", "0"]);
    let status = charger.until(SECONDS(5), |status| status["state"] == "ready_b2");
    assert_eq!(status["limit"]["text"], "8 A: maximum set by the user");
    assert_eq!(status["offered_ma"], serde_json::json!([8_000, 8_000, 8_000]));
}

#[test]
fn the_ski_is_printed_without_a_running_charger_and_beside_one() {
    let place = place();
    let first = call(&place, &["ski"]).ok();
    assert_eq!(first.trim().len(), 40, "{first}");
    let charger = Charger::start_in(place, &["--sim-plug", "never"]);
    assert_eq!(charger.ski, first.trim());
    assert_eq!(charger.call(&["ski"]).ok(), first);
}

#[test]
fn all_who_ask_for_the_ski_at_once_get_the_same_one() {
    let place = place();
    let skis: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| call(&place, &["ski"]).ok())).collect();
        asked.into_iter().map(|asked| asked.join().expect("it is printed")).collect()
    });
    let charger = Charger::start_in(place, &["--sim-plug", "never"]);
    assert!(skis.iter().all(|ski| ski.trim() == charger.ski), "{skis:?}");
}

#[test]
fn a_wrong_command_line_says_what_was_meant() {
    let place = place();
    let wrong = call(&place, &["--sim-plugg", "2"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("--sim-plug"), "{}", wrong.stderr);
    let wrong = call(&place, &["--ship", "4712"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("did you mean 0.0.0.0:4712?"), "{}", wrong.stderr);
    assert!(!place.path().join("state").exists(), "nothing was started");
}

#[test]
fn what_is_printed_into_a_pipe_is_plain() {
    let charger = Charger::start(&["--sim-plug", "never"]);
    let shown = charger.call(&["status"]).ok();
    assert!(shown.starts_with("ready since ") && !shown.contains('\u{1b}'), "{shown:?}");
    assert!(call(&place(), &["--version"]).ok().starts_with("eebus-charger "));
    assert!(call(&place(), &["--help"]).ok().contains("Exit codes:"));
}
