//! The Pairing Service with the Go stack's own example programs, in either role, over real mDNS.
//!
//! They use fixed ports and look for each other on every interface, so that each of these tests
//! has the network for itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ship::identity::{Fingerprint, Identity, QrText};
use ship::net::{Announcement, Config, Event, Events, Handle, Node, Target};
use ship::pairing::{Party, Secret};
use ship::trust::Mechanism;
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/go/bin");
const PATIENCE: Duration = Duration::from_secs(60);
/// Where the Go listener is.
const PORT: u16 = 4712;

static NETWORK: Mutex<()> = Mutex::const_new(());

/// A Go program and what it prints. It is killed when it is dropped.
struct Program {
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
    said: Vec<String>,
}

impl Program {
    fn start(name: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new(Path::new(PROGRAMS).join(name))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{PROGRAMS}: {error}; ./test builds the Go peers"));
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let (to, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = to.send(line);
            }
        });
        Self { process, lines, said: Vec::new() }
    }

    /// The rest of the first line that has this in it.
    async fn says(&mut self, what: &str) -> String {
        let said = async {
            loop {
                let line = self.lines.recv().await.expect("it runs");
                self.said.push(line.clone());
                if let Some((_, rest)) = line.split_once(what) {
                    return rest.trim().to_string();
                }
            }
        };
        timeout(PATIENCE, said).await.unwrap_or_else(|_| panic!("it has not said {what:?}"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error here says that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            while let Ok(line) = self.lines.try_recv() {
                self.said.push(line);
            }
            let from = self.said.len().saturating_sub(60);
            eprintln!("--- the peer said:\n{}", self.said[from..].join("\n"));
        }
    }
}

fn config(ship_id: &str) -> Config {
    let identity = Identity::create(ship_id).expect("the system has what it needs");
    let instance = format!("pairing-{}", &identity.ski().to_string()[..8]);
    let mut config = Config::new(identity, ship_id);
    config.listen = Some("0.0.0.0:0".parse().expect("an address"));
    config.announcement = Some(Announcement {
        instance,
        brand: Some("Example".into()),
        device_type: Some("EMS".into()),
        model: Some("Test".into()),
        serial: Some("1".into()),
        categories: vec![2],
    });
    config
}

fn fingerprint(config: &Config) -> Fingerprint {
    Fingerprint::of_certificate(config.identity.certificate())
}

async fn until<T>(events: &mut Events, what: &str, mut is_it: impl FnMut(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.next().await.expect("the node runs");
            eprintln!("{event:?}");
            if let Some(found) = is_it(event) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}

async fn start(config: Config) -> (Handle, Events) {
    Node::start(config).await.expect("it starts")
}

#[tokio::test]
#[ignore = "needs the Go peers"]
async fn a_go_listener_trusts_us_for_its_secret() {
    let _network = NETWORK.lock().await;
    let secret = "1234567890abcdef1234567890abcdef";
    let mut listener = Program::start("pairing-listener", &["--secret", secret]);
    let text = listener.says("QR Data:").await;
    let qr: QrText = text.parse().expect("its QR text");
    assert_eq!(qr.secret, Some(secret.parse().expect("a secret")));
    let asked = Party {
        ship_id: qr.ship_id.clone().expect("it says its SHIP ID"),
        fingerprint: qr.secp256r1.fingerprint.expect("it says its fingerprint"),
    };

    let mut unit = config("i:55555_u:unit");
    unit.targets.push(Target { address: format!("127.0.0.1:{PORT}"), ski: Some(qr.ski) });
    unit.trust.trust_by(qr.ski, Mechanism::UserInput).expect("there is room");
    let (unit, mut events) = start(unit).await;
    unit.petition(qr.ski, asked, qr.secret.expect("it says its secret"))
        .await
        .expect("it is trusted and we are announced");
    listener.says("automatically trusted via SHIP Pairing Service").await;
    let connected = until(&mut events, "connected", |event| match event {
        Event::Connected { ski, .. } => Some(ski),
        _ => None,
    });
    assert_eq!(connected.await, qr.ski);
    unit.shutdown().await;
}

#[tokio::test]
#[ignore = "needs the Go peers"]
async fn a_go_announcer_is_trusted_for_our_secret() {
    let _network = NETWORK.lock().await;
    let mut device = config("i:55555_u:device");
    let secret = Secret::create().expect("random numbers");
    device.secret = Some(secret.clone());
    let mut qr = QrText::new(device.identity.ski(), "i:55555_u:device");
    qr.secp256r1.fingerprint = Some(fingerprint(&device));
    qr.secret = Some(secret);
    let (device, mut events) = start(device).await;

    let text = qr.write().expect("valid");
    let _announcer = Program::start("pairing-announcer", &[&text]);
    let party = until(&mut events, "a request", |event| match event {
        Event::ControlUnit { party } => Some(party),
        _ => None,
    });
    let party = party.await;
    let connected = until(&mut events, "connected", |event| match event {
        Event::Connected { ski, .. } => Some(ski),
        _ => None,
    });
    let ski = connected.await;
    let peers = device.peers();
    let unit = peers.iter().find(|peer| peer.ski == ski).expect("it is known");
    assert_eq!(unit.levels.user, 64);
    assert_eq!(unit.ship_id.as_ref(), Some(&party.ship_id));
    device.shutdown().await;
}
