//! The router as a service, with a charger on tokio's paused clock behind it.

use std::sync::Mutex;

use axum::body::Body;
use axum::http::{Method, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use ship::Ski;
use tower::ServiceExt;

use super::*;
use crate::clock::Clock;
use crate::core::limits::OpevReason;
use crate::core::units::{MilliAmps, PhaseCurrents};
use crate::ending::Ending;
use crate::hardware::simulator::{Setup, Simulated, Simulator};
use crate::peers::{Decision, Peer, PeerState, PeersError};
use crate::port;
use crate::store::{Notebook, Settings, StateDir};

const OWN: Ski = Ski::new([1; 20]);
const MANAGER: Ski = Ski::new([2; 20]);
const STRANGER: Ski = Ski::new([3; 20]);

/// A node with one trusted manager and one stranger who waits.
struct Node {
    trusted: Mutex<Vec<Ski>>,
    waiting: Mutex<Vec<Ski>>,
}

impl Node {
    fn remove(list: &Mutex<Vec<Ski>>, ski: Ski) -> Result<(), PeersError> {
        let mut list = list.lock().expect("nobody panics");
        let at = list.iter().position(|peer| *peer == ski).ok_or(PeersError::Unknown)?;
        list.remove(at);
        Ok(())
    }
}

impl Peers for Node {
    fn ski(&self) -> Ski {
        OWN
    }

    fn trusted(&self) -> Vec<Peer> {
        let peer = |ski| Peer {
            ski,
            name: Some("Home manager".into()),
            state: PeerState::Connected,
            is_guard: ski == MANAGER,
            heartbeat_age: Some(Duration::from_millis(1200)),
        };
        self.trusted.lock().expect("nobody panics").iter().copied().map(peer).collect()
    }

    fn waiting(&self) -> Vec<Ski> {
        self.waiting.lock().expect("nobody panics").clone()
    }

    fn trust(&self, ski: Ski) -> Decision<'_> {
        Box::pin(async move {
            if ski == OWN {
                return Err(PeersError::Own);
            }
            let _ = Self::remove(&self.waiting, ski);
            let mut trusted = self.trusted.lock().expect("nobody panics");
            if !trusted.contains(&ski) {
                trusted.push(ski);
            }
            Ok(())
        })
    }

    fn deny(&self, ski: Ski) -> Decision<'_> {
        Box::pin(async move { Self::remove(&self.waiting, ski) })
    }

    fn untrust(&self, ski: Ski) -> Decision<'_> {
        Box::pin(async move { Self::remove(&self.trusted, ski) })
    }
}

struct Bench {
    _place: tempfile::TempDir,
    _ending: tokio::sync::watch::Sender<bool>,
    router: Router,
    charger: Handle,
}

fn bench() -> Bench {
    let place = tempfile::tempdir().expect("a temporary directory");
    let dir = StateDir::open(place.path()).expect("it is free");
    let notebook = Notebook::open(dir).expect("it is empty");
    let clock = Clock::start();
    let setup = Setup { plug_after: None, ..Setup::default() };
    let (board, remote) = Simulated::new(Simulator::new(setup, clock.now()));
    let settings = Settings { user_max_ma: Some(20_000), ..Settings::default() };
    let config = port::config(setup.capabilities, setup.supply, &settings, &notebook);
    let (port, hub, charger) = port::assemble(config, board, notebook, clock);
    tokio::spawn(port.drive());
    tokio::spawn(hub.run());
    let node = Node { trusted: vec![MANAGER].into(), waiting: vec![STRANGER].into() };
    let peers: Option<Arc<dyn Peers>> = Some(Arc::new(node));
    let api = Api::new(charger.clone(), peers, Some(remote), events::STREAMS);
    let (ending, until) = tokio::sync::watch::channel(false);
    let until = Ending::new(until);
    tokio::spawn(api.curve.clone().run(charger.clone(), until.clone()));
    tokio::spawn(Events::run(api.clone(), until));
    Bench { _place: place, _ending: ending, router: router(api), charger }
}

impl Bench {
    async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> (u16, String, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())
            .expect("it is a request");
        let response = self.router.clone().oneshot(request).await.expect("it answers");
        let status = response.status().as_u16();
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.map_or("", |kind| kind.to_str().expect("it is text")).to_owned();
        let bytes = response.into_body().collect().await.expect("it is whole").to_bytes();
        (status, kind, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, _, document) = self.ask(Method::GET, path, Body::empty()).await;
        assert_eq!(status, 200, "{document}");
        document
    }

    async fn post(&self, path: &str) -> Value {
        let (status, _, document) = self.ask(Method::POST, path, Body::empty()).await;
        assert_eq!(status, 200, "{document}");
        document
    }
}

#[tokio::test(start_paused = true)]
async fn the_status_is_one_document_of_everything() {
    let bench = bench();
    let plugged = bench.post("/api/v1/sim/plug").await;
    assert_eq!(plugged["vehicle_connected"], true);
    tokio::time::sleep(Duration::from_secs(400)).await;

    let status = bench.get("/api/v1/status").await;
    let fixed = |name: &str| status[name].clone();
    assert_eq!(fixed("state"), "charging");
    assert_eq!(fixed("colour"), "green");
    assert_eq!(fixed("offered_ma"), json!([16_000, 16_000, 16_000]));
    assert_eq!(fixed("current_ma"), json!([15_996, 15_996, 15_996]));
    assert_eq!(fixed("voltage_mv"), json!([230_000, 230_000, 230_000]));
    assert_eq!(
        fixed("limit"),
        json!({
            "effective_ma": 16_000,
            "binding": ["hw", "supply"],
            "text": "16 A: maximum of the charger",
            "reasons": [
                { "source": "hw", "reason": "hardware", "ma": [16_000, 16_000, 16_000] },
                { "source": "supply", "reason": "supply", "ma": [16_000, 16_000, 16_000] },
                { "source": "user_max", "reason": "user_max", "ma": [20_000, 20_000, 20_000] },
            ],
        })
    );
    assert_eq!(
        fixed("ems"),
        json!({
            "state": "connected",
            "name": "Home manager",
            "ski": MANAGER.to_string(),
            "heartbeat_age_ms": 1200,
        })
    );
    assert_eq!(fixed("stale"), false);
    assert_eq!(fixed("version"), env!("CARGO_PKG_VERSION"));
    assert!((400..403).contains(&fixed("uptime_s").as_u64().expect("a number")), "{status}");
    let session = fixed("session");
    assert_eq!(session["id"], 1);
    assert!((380..400).contains(&session["charging_s"].as_u64().expect("a number")), "{session}");
    assert!((1_100..1_300).contains(&session["energy_wh"].as_u64().expect("a number")));
    let start = session["start"].as_str().expect("a time");
    assert!(start.ends_with('Z') && start.len() == "2026-03-04T16:58:40Z".len(), "{start}");
    assert!(status.get("fault").is_none(), "what is not known is absent");

    let unplugged = bench.post("/api/v1/sim/unplug").await;
    assert_eq!(unplugged["vehicle_connected"], false);
    assert_eq!(unplugged["offered_ma"], json!([0, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn the_limits_show_every_slot() {
    let bench = bench();
    bench.post("/api/v1/sim/plug").await;
    let session = bench.charger.status().session.expect("a vehicle is connected").id;
    let ceiling = crate::core::charger::OpevCeiling {
        limit: Some(PhaseCurrents([10, 11, 12].map(MilliAmps::amps))),
        reason: OpevReason::Limit,
        until: Some(bench.charger.clock().now() + Duration::from_secs(5)),
    };
    bench.charger.state_opev(session, ceiling);
    tokio::time::sleep(Duration::from_millis(50)).await;

    let limits = bench.get("/api/v1/limits").await;
    assert_eq!(limits["effective_ma"], json!([10_000, 11_000, 12_000]));
    assert_eq!(limits["binding"], json!(["opev"]));
    let slots = limits["slots"].as_array().expect("a list");
    let ids: Vec<&Value> = slots.iter().map(|slot| &slot["id"]).collect();
    assert_eq!(ids, ["hw", "supply", "opev", "user_max"]);
    assert_eq!(slots[2]["ma"], json!([10_000, 11_000, 12_000]));
    assert!(slots[2]["valid_until"].is_string() && slots[0].get("valid_until").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_command_answers_with_its_effect_and_can_be_repeated() {
    let bench = bench();
    bench.post("/api/v1/sim/plug").await;
    for _ in 0..2 {
        let paused = bench.post("/api/v1/charge/pause").await;
        assert_eq!(paused["limit"]["text"], "0 A: paused by the user");
        assert_eq!(paused["offered_ma"], json!([0, 0, 0]));
    }
    for _ in 0..2 {
        let resumed = bench.post("/api/v1/charge/start").await;
        assert_eq!(resumed["limit"]["effective_ma"], 16_000);
    }
}

#[tokio::test(start_paused = true)]
async fn peers_are_trusted_and_refused() {
    let bench = bench();
    let list = |document: &Value| -> Vec<String> {
        let peers = document["peers"].as_array().expect("a list").iter();
        peers.map(|peer| peer["ski"].as_str().expect("an SKI").to_owned()).collect()
    };
    let eebus = bench.get("/api/v1/eebus").await;
    assert_eq!((&eebus["ski"], &eebus["state"]), (&json!(OWN.to_string()), &json!("connected")));
    let requests = bench.get("/api/v1/eebus/requests").await;
    assert_eq!(requests, json!([{ "ski": STRANGER.to_string() }]));

    let accept = format!("/api/v1/eebus/requests/{STRANGER}/accept");
    for _ in 0..2 {
        let both = vec![MANAGER.to_string(), STRANGER.to_string()];
        assert_eq!(list(&bench.post(&accept).await), both);
    }
    let path = format!("/api/v1/eebus/{MANAGER}");
    let (status, _, left) = bench.ask(Method::DELETE, &path, Body::empty()).await;
    assert_eq!((status, list(&left)), (200, vec![STRANGER.to_string()]));

    let pair = json!({ "ski": format!("{MANAGER:#}") }).to_string();
    let (status, _, again) = bench.ask(Method::POST, "/api/v1/eebus/pair", pair).await;
    assert_eq!((status, list(&again).len()), (200, 2));
}

#[tokio::test(start_paused = true)]
async fn ch_092_the_curve_tells_the_session_and_why() {
    let bench = bench();
    let path = "/api/v1/sessions/current/curve";
    let (status, _, problem) = bench.ask(Method::GET, path, Body::empty()).await;
    assert_eq!(status, 404);
    assert_eq!(problem["type"], "urn:eebus-charger:problem:no-session");

    bench.post("/api/v1/sim/plug").await;
    while bench.get("/api/v1/status").await["session"].is_null() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(bench.get(path).await["session"], 1, "there as soon as the session is");
    tokio::time::sleep(Duration::from_secs(30)).await;
    bench.post("/api/v1/charge/pause").await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let curve = bench.get(path).await;
    assert_eq!(curve["session"], 1);
    let points = curve["points"].as_array().expect("a list");
    assert!((58..=61).contains(&points.len()), "{}", points.len());
    let point = |second: u64| {
        let found = points.iter().find(|point| point["t_s"] == second);
        found.unwrap_or_else(|| panic!("there is no second {second}"))
    };
    assert!(point(20)["power_w"].as_i64() > Some(10_000), "{}", point(20));
    assert_eq!(point(20)["reason"], "hardware");
    let paused = point(50);
    assert_eq!((&paused["reason"], &paused["limit_ma"]), (&json!("paused"), &json!(0)));
    assert_eq!((&paused["power_w"], &paused["offered_ma"]), (&json!(0), &json!(0)));
    assert!(paused["energy_wh"].as_u64() > Some(50), "{paused}");

    let few = bench.get(&format!("{path}?points=10")).await;
    assert!(few["points"].as_array().expect("a list").len() <= 10);
}

#[tokio::test(start_paused = true)]
async fn ch_710_the_stream_tells_what_changes_within_half_a_second() {
    let bench = bench();
    let request = Request::get("/api/v1/events").body(Body::empty()).expect("it is a request");
    let response = bench.router.clone().oneshot(request).await.expect("it answers");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = response.into_body();
    let mut next = async || {
        let frame = body.frame().await.expect("it goes on").expect("it is whole");
        String::from_utf8(frame.into_data().expect("data").to_vec()).expect("text")
    };
    let whole = next().await;
    assert!(whole.starts_with("retry: 2000\nid: 0\nevent: status\ndata: {"), "{whole}");
    assert!(whole.contains("\"vehicle_connected\":false") && whole.ends_with("}\n\n"), "{whole}");

    let start = tokio::time::Instant::now();
    bench.post("/api/v1/sim/plug").await;
    let plugged = tokio::time::Instant::now();
    let mut events = 0;
    while !next().await.contains("\"vehicle_connected\":true") {
        events += 1;
    }
    assert!(plugged.elapsed() <= Duration::from_millis(500));
    assert!(events <= 2 * start.elapsed().as_secs() + 2, "{events} in {:?}", start.elapsed());

    // Nothing happens but time, which is told every second, and every 15 s the heartbeat.
    let start = tokio::time::Instant::now();
    let (mut events, mut heartbeats) = (0, 0);
    while start.elapsed() < Duration::from_secs(60) {
        match next().await.as_str() {
            ":\n\n" => heartbeats += 1,
            _ => events += 1,
        }
    }
    assert_eq!(heartbeats, 4);
    assert!((59..=121).contains(&events), "{events}");
}

#[tokio::test(start_paused = true)]
async fn errors_are_problem_documents() {
    let bench = bench();
    let own = json!({ "ski": OWN.to_string() }).to_string();
    let large = json!({ "ski": "0".repeat(BODY) }).to_string();
    let deny = format!("/api/v1/eebus/requests/{MANAGER}/deny");
    let wrong = [
        (Method::GET, "/", String::new(), 404, "not-found"),
        (Method::GET, "/api/v1/nothing", String::new(), 404, "not-found"),
        (Method::DELETE, "/api/v1/status", String::new(), 405, "method-not-allowed"),
        (Method::GET, "/api/v1/charge/pause", String::new(), 405, "method-not-allowed"),
        (Method::GET, "/api/v1/sessions/current/curve?points=3", String::new(), 400, "unreadable"),
        (
            Method::GET,
            "/api/v1/sessions/current/curve?points=601",
            String::new(),
            400,
            "unreadable",
        ),
        (Method::GET, "/api/v1/sessions/current/curve?points=-1", String::new(), 400, "unreadable"),
        (Method::GET, "/api/v1/sessions/current/curve?point=10", String::new(), 400, "unreadable"),
        (Method::POST, "/api/v1/eebus/pair", "{".into(), 400, "unreadable"),
        (Method::POST, "/api/v1/eebus/pair", "{}".into(), 422, "unreadable"),
        (Method::POST, "/api/v1/eebus/pair", large, 413, "unreadable"),
        (Method::POST, "/api/v1/eebus/pair", own, 409, "not-trusted"),
        (Method::DELETE, "/api/v1/eebus/0123", String::new(), 400, "unreadable"),
        (Method::POST, &deny, String::new(), 404, "unknown-peer"),
    ];
    for (method, path, body, status, kind) in wrong {
        let (code, media, problem) = bench.ask(method.clone(), path, body).await;
        assert_eq!((code, media.as_str()), (status, "application/problem+json"), "{method} {path}");
        assert_eq!(problem["type"], format!("urn:eebus-charger:problem:{kind}"), "{path}");
        assert_eq!(problem["status"], status);
    }
}

#[tokio::test(start_paused = true)]
async fn the_health_says_nothing_but_that_it_answers() {
    let bench = bench();
    let (status, _, body) = bench.ask(Method::GET, "/api/v1/health", Body::empty()).await;
    assert_eq!((status, body), (204, Value::Null));
}
