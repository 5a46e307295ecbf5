//! The charger as a program, and a peer that does everything wrong, at every layer.
//!
//! A well-behaved energy manager limits the car to 10 A and keeps its heart beating. Beside it,
//! and then over its own connection, the hostile list is played. The charger answers as the
//! standard says or disconnects, writes a line about it, goes on charging under the last limit or
//! the safe current, and needs no more memory for it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use conformance::tester::identity::{Identity, Ski};
use conformance::tester::link::{Link, Transcript, Wire, secure, straight};
use conformance::tester::manager::{Limit, Manager};
use conformance::tester::ship::Ship;
use conformance::tester::spine::{Outgoing, Spine, at};
use conformance::tester::tool::Tool;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const MINUTE: Duration = Duration::from_secs(60);

/// A charger that runs; killed when it is dropped.
struct Charger {
    binary: PathBuf,
    dir: tempfile::TempDir,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    address: String,
}

impl Charger {
    /// Starts the program, built by the same cargo with the same profile.
    fn start(trusted: &Identity) -> Self {
        let here = std::env::current_exe().expect("this test");
        let profile = here.parent().and_then(Path::parent).expect("target/PROFILE/deps");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "eebus-charger", "--bin", "eebus-charger"]);
        if profile.file_name().is_some_and(|name| name == "release") {
            build.arg("--release");
        }
        build.arg("--target-dir").arg(profile.parent().expect("target"));
        assert!(build.status().expect("cargo").success(), "the charger does not build");

        let binary = profile.join("eebus-charger");
        let dir = tempfile::tempdir().expect("a directory");
        let mut child = Command::new(&binary)
            .arg("--state-dir")
            .arg(dir.path())
            .args([
                "--ship",
                "127.0.0.1:0",
                "--no-mdns",
                "--web",
                "off",
                "--sim-plug",
                "0",
                "--trust",
            ])
            .arg(ski(trusted))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the charger starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("SHIP")?.trim().to_owned()))
            .expect("the charger says where it listens");
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        let stderr = child.stderr.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().expect("nobody panics with it").push(line);
            }
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { binary, dir, child, log, address }
    }

    fn status(&self) -> Value {
        let output = Command::new(&self.binary)
            .arg("--state-dir")
            .arg(self.dir.path())
            .args(["status", "--json"])
            .output()
            .expect("the charger answers");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn offered(&self) -> u64 {
        self.status()["offered_ma"][0].as_u64().expect("milliamperes")
    }

    fn log_lines(&self) -> usize {
        self.log.lock().expect("nobody panics with it").len()
    }

    /// What the program occupies, in KiB.
    fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).expect("it runs");
        let line = text.lines().find(|line| line.starts_with("VmRSS")).expect("a resident size");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    async fn wire(&self) -> Box<dyn Wire> {
        Box::new(TcpStream::connect(&self.address).await.expect("the port is open"))
    }

    async fn link(&self, identity: &Identity) -> Link {
        let link = Link::dial(self.wire().await, identity, straight(), Transcript::default()).await;
        link.unwrap_or_else(|refused| panic!("{refused}"))
    }

    async fn manager(&self, identity: &Identity) -> Manager {
        let deadline = Instant::now() + MINUTE;
        loop {
            let ship = Ship::new(self.link(identity).await).up_to_data().await;
            let ship = ship.expect("the manager is trusted");
            let spine = Spine::new(ship, Tool::energy_manager("d:_n:Test_Manager"));
            let manager = Manager::meet(spine).await.expect("the charger answers");
            if manager.has_entity(&[1, 1]) {
                return manager;
            }
            assert!(Instant::now() < deadline, "no car");
            sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Drop for Charger {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ski(identity: &Identity) -> String {
    let certified = identity.certified();
    Ski::of_certificate(&certified.cert[0]).expect("our own").to_string()
}

async fn limited(charger: &Charger, identity: &Identity, amperes: i64) -> Manager {
    let mut manager = charger.manager(identity).await;
    manager.beat();
    manager.bind_limits().await.expect("bound");
    let limits: Vec<_> = manager.limits().await.expect("described");
    let limits: Vec<_> =
        limits.into_iter().map(|id| Limit { id, is_active: true, value: (amperes, 0) }).collect();
    assert_eq!(manager.write(&limits).await.expect("answered"), 0);
    until(&mut manager, charger, u64::try_from(amperes * 1000).expect("positive")).await;
    manager
}

/// Keeps the manager alive until the charger offers a current.
async fn until(manager: &mut Manager, charger: &Charger, current: u64) {
    let deadline = Instant::now() + MINUTE;
    while charger.offered() != current {
        assert!(Instant::now() < deadline, "{} instead of {current} mA", charger.offered());
        manager.spine.pass(Duration::from_millis(200)).await;
    }
}

/// What a stranger does to the port.
#[derive(Clone, Copy, Debug)]
enum Stranger {
    TcpGarbage,
    TcpSilence,
    PlainHttp,
    TlsGarbage,
    HttpGarbage,
    HttpWithoutUpgrade,
    HugeHeader,
    TextFrame,
    WrongType,
    TypeAlone,
    BrokenJson,
    DeepJson,
    Oversized,
    DataBeforeHello,
}

const STRANGERS: [Stranger; 14] = [
    Stranger::TcpGarbage,
    Stranger::TcpSilence,
    Stranger::PlainHttp,
    Stranger::TlsGarbage,
    Stranger::HttpGarbage,
    Stranger::HttpWithoutUpgrade,
    Stranger::HugeHeader,
    Stranger::TextFrame,
    Stranger::WrongType,
    Stranger::TypeAlone,
    Stranger::BrokenJson,
    Stranger::DeepJson,
    Stranger::Oversized,
    Stranger::DataBeforeHello,
];

/// Does it, and waits until the charger has ended the connection, ten and some seconds at most.
async fn play(charger: &Charger, stranger: Stranger) {
    let identity = Identity::fresh();
    match stranger {
        Stranger::TcpGarbage => raw(charger.wire().await, &[0xa5; 4096]).await,
        Stranger::TcpSilence => raw(charger.wire().await, b"").await,
        Stranger::PlainHttp => raw(charger.wire().await, b"GET /ship/ HTTP/1.1\r\n\r\n").await,
        Stranger::TlsGarbage => {
            // A record that announces a ClientHello and is not one.
            raw(charger.wire().await, b"\x16\x03\x01\x00\x10\x01\x00\x00\x0cgarbagegarbage").await;
        }
        Stranger::HttpGarbage => upgrade(charger, &identity, b"\0\x01\x02\x03\r\n\r\n").await,
        Stranger::HttpWithoutUpgrade => {
            upgrade(charger, &identity, b"GET /ship/ HTTP/1.1\r\nHost: x\r\n\r\n").await;
        }
        Stranger::HugeHeader => {
            let head = format!("GET /ship/ HTTP/1.1\r\nHost: x\r\nX: {}", "a".repeat(1 << 20));
            upgrade(charger, &identity, head.as_bytes()).await;
        }
        Stranger::TextFrame => {
            let mut link = charger.link(&identity).await;
            link.send_text("hello").await;
            ended(link).await;
        }
        Stranger::WrongType => message(charger, &identity, &[0x77, b'{', b'}']).await,
        Stranger::TypeAlone => message(charger, &identity, &[1]).await,
        Stranger::BrokenJson => message(charger, &identity, b"\x01{\"connectionHello\":[").await,
        Stranger::DeepJson => {
            message(charger, &identity, &[&[1], "[".repeat(200_000).as_bytes()].concat()).await;
        }
        Stranger::Oversized => message(charger, &identity, &vec![b' '; 100 << 20]).await,
        Stranger::DataBeforeHello => message(charger, &identity, b"\x02{\"data\":[]}").await,
    }
}

async fn raw(mut wire: Box<dyn Wire>, octets: &[u8]) {
    let _ = wire.write_all(octets).await;
    drain(wire).await;
}

async fn upgrade(charger: &Charger, identity: &Identity, octets: &[u8]) {
    let mut tls = secure(charger.wire().await, identity).await.expect("TLS");
    let _ = tls.write_all(octets).await;
    let _ = tls.flush().await;
    drain(tls).await;
}

/// Reads until the other end closes; that it does is what is asked for.
async fn drain(mut stream: impl tokio::io::AsyncRead + Unpin) {
    let mut buffer = vec![0; 4096];
    let closed = async { while matches!(stream.read(&mut buffer).await, Ok(1..)) {} };
    timeout(Duration::from_secs(15), closed).await.expect("the charger ends the connection");
}

/// Sends a message where the charger expects an init message.
async fn message(charger: &Charger, identity: &Identity, octets: &[u8]) {
    let mut link = charger.link(identity).await;
    link.send(octets).await;
    ended(link).await;
}

async fn ended(mut link: Link) {
    use conformance::tester::link::Arrival;
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        match link.next(deadline).await {
            Arrival::Closed(_) => return,
            Arrival::Message(_) => {}
            Arrival::Nothing => panic!("the charger keeps the connection"),
        }
    }
}

/// What the trusted manager itself may get wrong, and the number that answers it.
fn mistakes() -> Vec<(&'static str, Outgoing, u64)> {
    let limits = |value: &str| {
        format!(
            r#"{{"function":"loadControlLimitListData"}},{{"filter":[[{{"cmdControl":[{{"partial":[]}}]}}]]}},{{"loadControlLimitListData":[{{"loadControlLimitData":[[{{"limitId":1}},{{"isLimitActive":true}}{value}]]}}]}}"#
        )
    };
    let outgoing = |classifier, cmd: String, feature| Outgoing {
        source: at(&[1], 1),
        destination: at(&[1, 1], feature),
        classifier,
        reference: None,
        ack: Some(true),
        cmd,
    };
    vec![
        ("an unknown function", outgoing("read", r#"{"vendorData":[]}"#.into(), 1), 6),
        (
            "an unknown feature",
            outgoing("read", r#"{"loadControlLimitListData":[]}"#.into(), 99),
            4,
        ),
        ("no command", outgoing("read", String::new(), 1), 1),
        (
            "a limit of -1 A",
            outgoing("write", limits(r#",{"value":[{"number":-1},{"scale":0}]}"#), 0),
            7,
        ),
        (
            "a limit of 1e300 A",
            outgoing("write", limits(r#",{"value":[{"number":1e300},{"scale":0}]}"#), 0),
            1,
        ),
        (
            "a limit of 1e400 A",
            outgoing("write", limits(r#",{"value":[{"number":1e400},{"scale":0}]}"#), 0),
            1,
        ),
        (
            "a limit that is no number",
            outgoing("write", limits(r#",{"value":[{"number":"ten"}]}"#), 0),
            1,
        ),
        (
            "a limit with a hostile scale",
            outgoing("write", limits(r#",{"value":[{"number":1},{"scale":32767}]}"#), 0),
            // Above what the car can take it is no limit; the other phases keep theirs.
            0,
        ),
        ("a limit without a number", outgoing("write", limits(r#",{"value":[]}"#), 0), 0),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charger_survives_everything_and_goes_on_charging() {
    let identity = Identity::fresh();
    let charger = Arc::new(Charger::start(&identity));
    let mut manager = limited(&charger, &identity, 10).await;
    let before = charger.resident();

    // Strangers, beside the manager. Those that are silent take their time, so all come at once.
    for group in STRANGERS.chunks(3) {
        let lines = charger.log_lines();
        let mut strangers = JoinSet::new();
        for stranger in group {
            let charger = Arc::clone(&charger);
            strangers.spawn(async move { play(&charger, *stranger).await });
        }
        while !strangers.is_empty() {
            manager.spine.pass(Duration::from_millis(200)).await;
            while let Some(played) = strangers.try_join_next() {
                played.unwrap_or_else(|failed| panic!("{group:?}: {failed}"));
            }
        }
        assert_eq!(charger.offered(), 10_000, "after {group:?}");
        assert!(charger.log_lines() >= lines + group.len(), "a line about each of {group:?}");
    }
    assert!(!manager.spine.is_closed(), "the manager's connection has nothing to do with it");

    // The manager's own mistakes: answered by number, and nothing changes.
    let server = manager.server(&[1, 1], "LoadControl").expect("there");
    for (what, mut outgoing, number) in mistakes() {
        if outgoing.classifier == "write" {
            outgoing.destination = server.clone();
            outgoing.source = at(&[1], conformance::tester::tool::cem::LOAD_CONTROL);
        }
        let counter = manager.spine.send(outgoing).await;
        let answer = manager.spine.expect_result(counter).await;
        let answer = answer.unwrap_or_else(|stop| panic!("{what}: {stop:?}"));
        assert_eq!(answer, number, "{what}");
        assert_eq!(charger.offered(), 10_000, "{what}");
    }

    // Its broken frames are dropped, or end its connection: then the safe current applies.
    for octets in [
        &b"\x02{\"data\":[{\"header\":"[..],
        b"\x02",
        b"\x02{\"data\":[{\"header\":[{\"protocolId\":\"ee1.0\"}]},{\"payload\":{\"datagram\":[]}}]}",
        b"\x55garbage",
    ] {
        manager.spine.ship.link.send(octets).await;
        manager.spine.pass(Duration::from_millis(300)).await;
        assert_eq!(charger.offered(), 10_000);
    }
    manager.spine.ship.link.send(&vec![2; 100 << 20]).await;
    let deadline = Instant::now() + Duration::from_secs(6);
    while charger.offered() != 6_000 {
        assert!(
            Instant::now() < deadline,
            "{} mA after the loss of the manager",
            charger.offered()
        );
        sleep(Duration::from_millis(100)).await;
    }

    // It may come again.
    let manager = limited(&charger, &identity, 8).await;
    let after = charger.resident();
    println!("resident memory: {before} KiB before, {after} KiB after");
    assert!(after < before + 16 * 1024, "{before} KiB before, {after} KiB after");
    drop(manager);
}
