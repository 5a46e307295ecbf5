//! The web application from outside.

mod hostile;
mod jitter;

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::https::Browser;
use crate::program::{Charger, call, place};

const SECONDS: fn(u64) -> Duration = Duration::from_secs;

/// A charger with a web application, and where that is.
fn charger(args: &[&str]) -> (Charger, String) {
    let args: Vec<&str> = ["--web", "127.0.0.1:0"].iter().chain(args).copied().collect();
    let charger = Charger::start(&args);
    let web = charger.web.clone().expect("it says where the web is");
    (charger, web)
}

/// All addresses of assets in a text.
fn assets(text: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let at = text.match_indices("/assets/").map(|(at, _)| &text[at..]);
    at.map(|rest| &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]).collect()
}

#[tokio::test]
async fn ch_675_the_page_and_all_that_it_loads_are_there_and_small() {
    let (_charger, web) = charger(&["--sim-plug", "never"]);
    let mut browser = Browser::open(&web).await.expect("it listens");
    let page = browser.get("/").await.expect("it answers");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "no-store");

    let mut found: Vec<String> = assets(page.text()).into_iter().map(Into::into).collect();
    let mut packed = 0;
    let mut done = 0;
    while let Some(path) = found.get(done).cloned() {
        done += 1;
        let plain = browser.get(&path).await.expect("it answers");
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        for path in assets(plain.text()) {
            if !found.iter().any(|known| known == path) {
                found.push(path.into());
            }
        }

        let encoding = [("accept-encoding", "gzip, br")];
        let brotli = browser.ask("GET", &path, &encoding).await.expect("it answers");
        if brotli.header("content-encoding") == "br" {
            let mut text = Vec::new();
            brotli::Decompressor::new(&brotli.body[..], 4096)
                .read_to_end(&mut text)
                .expect("brotli");
            assert_eq!(text, plain.body, "{path}");
        }
        packed += brotli.body.len();
        let gzip = browser.ask("GET", &path, &[("accept-encoding", "gzip")]).await;
        let gzip = gzip.expect("it answers");
        if gzip.header("content-encoding") == "gzip" {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut text).expect("gzip");
            assert_eq!(text, plain.body, "{path}");
        }
        let known = [("if-none-match", plain.header("etag"))];
        let known = browser.ask("GET", &path, &known).await.expect("it answers");
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
    }
    assert!(found.iter().any(|path| path.ends_with(".js")), "{found:?}");
    assert!(found.iter().any(|path| path.ends_with(".css")), "{found:?}");
    assert!(packed < 60_000, "{packed} bytes with every language");
}

#[tokio::test]
async fn ch_683_every_answer_carries_the_headers() {
    let (_charger, web) = charger(&["--sim-plug", "never"]);
    let mut browser = Browser::open(&web).await.expect("it listens");
    for path in ["/", "/api/v1/status", "/nothing"] {
        let answer = browser.get(path).await.expect("it answers");
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
             font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("permissions-policy"), "camera=(), microphone=(), geolocation=()");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        for absent in ["strict-transport-security", "access-control-allow-origin", "server"] {
            assert!(!answer.headers.contains_key(absent), "{absent}");
        }
    }
}

#[tokio::test]
async fn it_shows_what_the_charger_does_and_changes_nothing() {
    let (charger, web) = charger(&["--sim-plug", "0"]);
    let mut browser = Browser::open(&web).await.expect("it listens");
    let status = browser.get("/api/v1/status").await.expect("it answers").json();
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    for (method, path) in [
        ("POST", "/api/v1/charge/pause"),
        ("POST", "/api/v1/sim/unplug"),
        ("PUT", "/api/v1/status"),
        ("DELETE", "/api/v1/eebus/0123456789abcdef0123456789abcdef01234567"),
    ] {
        let refused = browser.ask(method, path, &[]).await.expect("it answers");
        assert_eq!(refused.status, 403, "{method} {path}");
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(refused.json()["type"], "urn:eebus-charger:problem:read-only");
    }
    let status = charger.until(SECONDS(5), |status| status["state"] == "ready_b2");
    assert_eq!(status["vehicle_connected"], true);
}

#[tokio::test]
async fn ch_710_a_stream_follows_the_charger_and_ends_with_it() {
    let (charger, web) = charger(&["--sim-plug", "never"]);
    let mut browser = Browser::open(&web).await.expect("it listens");
    let response = browser.begin("GET", "/api/v1/events", &[]).await.expect("it answers");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = response.into_body();
    let mut next = async || {
        let frame =
            timeout(SECONDS(3), events.frame()).await.expect("there is one every second")?;
        let data = frame.expect("it is whole").into_data().expect("it is data");
        Some(String::from_utf8(data.into()).expect("it is text"))
    };
    let whole = next().await.expect("it begins");
    assert!(whole.contains("event: status") && whole.contains("\"state\":\"idle\""), "{whole}");

    let plugged = Instant::now();
    charger.call(&["sim", "plug"]).ok();
    while !next().await.expect("it goes on").contains("\"vehicle_connected\":true") {}
    // The pilot has to be steady for 0.9 s before a vehicle counts as plugged in.
    assert!(plugged.elapsed() < SECONDS(3), "{:?}", plugged.elapsed());

    let terminated = Instant::now();
    charger.terminate();
    while next().await.is_some() {}
    assert!(terminated.elapsed() < SECONDS(3), "{:?}", terminated.elapsed());
}

#[tokio::test]
async fn ch_061_plain_http_leads_to_the_web() {
    let (charger, web) = charger(&["--sim-plug", "never", "--http", "127.0.0.1:0"]);
    let http = charger.http.clone().expect("it says where");
    let mut browser = Browser::plain(&http).await.expect("it listens");
    for path in ["/", "/api/v1/status?a=%20b", "//evil.example/"] {
        let led = browser.get(path).await.expect("it answers");
        assert_eq!((led.status, led.body.len()), (308, 0), "{path}");
        assert_eq!(led.header("location"), format!("https://{web}{path}"));
    }
    let foreign = browser.ask("GET", "/", &[("host", "evil.example")]).await.expect("it answers");
    assert_eq!((foreign.status, foreign.header("location")), (421, ""));
}

#[test]
fn ch_062_the_certificate_of_the_web_is_another_one_and_losing_it_keeps_the_ski() {
    let (charger, _) = charger(&["--sim-plug", "never"]);
    let ski = charger.ski.clone();
    let place = charger.terminate();
    let file = place.path().join("state/web.pem");
    let mode = fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let web = fs::read_to_string(&file).expect("it is text");
    let ship = fs::read_to_string(place.path().join("state/identity.pem")).expect("it is text");
    assert_ne!(web, ship);

    let again = Charger::start_in(place, &["--web", "127.0.0.1:0", "--sim-plug", "never"]);
    let place = again.terminate();
    assert_eq!(fs::read_to_string(&file).expect("it is text"), web, "it is kept");
    fs::remove_file(&file).expect("it was there");
    let again = Charger::start_in(place, &["--web", "127.0.0.1:0", "--sim-plug", "never"]);
    assert_eq!(again.ski, ski);
    assert_ne!(fs::read_to_string(&file).expect("it is text"), web);
}

#[test]
fn a_web_port_that_is_taken_is_named() {
    let (charger, web) = charger(&["--sim-plug", "never"]);
    let second = call(&place(), &["run", "--no-mdns", "--ship", "127.0.0.1:0", "--web", &web]);
    assert_eq!(second.code, Some(4));
    assert!(second.stderr.contains(&web), "{}", second.stderr);
    assert_eq!(charger.status()["state"], "idle", "the first one goes on");
}
