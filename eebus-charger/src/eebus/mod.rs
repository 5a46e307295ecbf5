//! The charger as a device of EEBUS: use cases on the one side, the charger's handle on the other.
//!
//! ```text
//! energy manager -- SHIP -- spine::node -- use cases -- port::Handle -- port task -- board
//! ```
//!
//! The entity of the charging station is there from the start; that of the vehicle comes and
//! goes with the plug (CH-640). What overload protection allows is stated to the charger as a
//! ceiling, and stated again every second: should this task hang, the ceiling lapses and the safe
//! current applies (CH-600, CH-602).
//!
//! What a limit means is for [`spine::usecases::opev`] to say, what follows from it for
//! [`crate::core`]. The task knows one rule of its own: whose unpairing ends the guard's limits.

mod news;
mod peers;
mod reading;
mod task;
mod vehicle;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ship::Ski;
use ship::identity::Identity;
use ship::net::{Announcement, Capture, Config, StartError, Target};
use ship::trust::{TrustFile, TrustFileError, TrustIsFull};
use spine::device::{EntityPlan, LocalDevice};
use spine::engine::Mode;
use spine::model::{DeviceClassificationManufacturerData, DeviceType, EntityType, PowerSource};
use spine::node::Node;
use spine::usecases::evsecc;
use spine::{Engine, Instant};
use tokio::sync::watch;

use crate::port::Handle;
use peers::Connections;
pub use task::Task;

/// The file with the decisions of the user in the state directory.
const TRUST: &str = "trust.json";

/// Octets that a recording may take: some hours of a session.
const RECORDED: u64 = 64 << 20;

/// Private enterprise number of examples (RFC 5612): the project has none of its own.
const VENDOR: u32 = 32_473;

/// How to be on the network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Network {
    /// Where SHIP listens.
    pub listen: SocketAddr,
    /// Whom to dial.
    pub dial: Vec<SocketAddr>,
    /// Whom to trust from now on.
    pub trust: Vec<Ski>,
    /// Whether to announce the charger over mDNS.
    pub announce: bool,
    /// Whether to look for trusted peers over mDNS. Energy managers mostly come by themselves.
    pub browse: bool,
    /// Where to record every message of SHIP; nowhere without it.
    pub capture: Option<PathBuf>,
}

/// What the task shows of itself to those who ask about peers.
#[derive(Clone, Debug, Default)]
struct View {
    /// When the last heartbeat of the guard came, on the charger's clock.
    heard: Option<Instant>,
    /// The peers that were connected since the start.
    seen: BTreeSet<Ski>,
}

/// The EEBUS side of a charger, started.
pub struct Eebus {
    /// The SHIP node.
    pub ship: ship::net::Handle,
    /// The peers, for the API.
    pub peers: Arc<dyn crate::peers::Peers>,
    /// What has to run.
    pub task: Task,
}

/// Opens the port and announces the charger. The decisions of the user are loaded before.
///
/// # Errors
///
/// If the trust file is strange, or the port is taken.
pub(crate) async fn start(
    identity: Identity,
    network: &Network,
    state_dir: &Path,
    charger: Handle,
) -> Result<Eebus, Error> {
    let (file, mut trust) = TrustFile::open(state_dir.join(TRUST)).map_err(Error::Trust)?;
    let mut is_new = false;
    for ski in &network.trust {
        is_new |= trust.trust(*ski).map_err(Error::Full)?;
    }
    if is_new {
        file.save(&trust).map_err(Error::Trust)?;
    }

    let unique = unique(identity.ski());
    let mut config = config(identity);
    config.listen = Some(network.listen);
    config.targets = network
        .dial
        .iter()
        .map(|address| Target { address: address.to_string(), ski: None })
        .collect();
    config.trust = trust;
    config.trust_file = Some(file);
    config.announcement = network.announce.then(|| announcement(&unique));
    config.browse = network.browse;
    if let Some(path) = &network.capture {
        let capture = Capture::create(path, RECORDED);
        config.capture = Some(capture.map_err(|error| Error::Capture(path.clone(), error))?);
    }
    assemble(config, charger).await
}

/// The SHIP node of a charger as it is out of the box: it neither listens nor dials, trusts nobody
/// and keeps nothing.
pub fn config(identity: Identity) -> Config {
    let unique = unique(identity.ski());
    Config::new(identity, format!("i:{VENDOR}_u:{unique}"))
}

/// Puts the use cases between a SHIP node and a charger. [`config`] is what to start from.
///
/// # Errors
///
/// If the node cannot start.
pub async fn assemble(config: Config, charger: Handle) -> Result<Eebus, Error> {
    let (engine, station) = device(&unique(config.identity.ski()));
    let node = Node::start(config, engine).await.map_err(Error::Start)?;
    let ship = node.ship().clone();
    let (view, viewed) = watch::channel(View::default());
    let (guard, guarded) = watch::channel(charger.guard());
    let peers = Connections::new(ship.clone(), viewed, guarded, charger.clock());
    let task = Task::new(node, charger, station, view, guard);
    Ok(Eebus { ship, peers: Arc::new(peers), task })
}

/// What tells this charger from others of its kind.
fn unique(ski: Ski) -> String {
    let ski = ski.to_string();
    format!("Charger-{}", &ski[..12])
}

fn announcement(unique: &str) -> Announcement {
    Announcement {
        instance: format!("eebus-charger-{unique}"),
        brand: Some("eebus-charger".into()),
        device_type: Some("Wallbox".into()),
        model: Some("Reference".into()),
        serial: Some(unique.into()),
        categories: vec![3],
    }
}

/// The device with the entity of the charging station, and the path of that.
fn device(unique: &str) -> (Engine, Vec<u32>) {
    let address = format!("d:_i:{VENDOR}_{unique}");
    let device = LocalDevice::new(address.as_str().into(), DeviceType::ChargingStation);
    let mut engine = Engine::new(device, Mode::Tolerant);
    let mut plan = EntityPlan::new(EntityType::EVSE);
    let name_plate = DeviceClassificationManufacturerData {
        device_name: Some("eebus-charger".into()),
        device_code: Some("reference".into()),
        serial_number: Some(unique.into()),
        software_revision: Some(env!("CARGO_PKG_VERSION").into()),
        vendor_name: Some("eebus-charger".into()),
        vendor_code: Some(format!("i:{VENDOR}")),
        brand_name: Some("eebus-charger".into()),
        power_source: Some(PowerSource::Mains3Phase),
        manufacturer_label: Some("eebus-charger".into()),
        ..Default::default()
    };
    evsecc::Evse::plan(&mut plan, name_plate);
    let station = engine.add_entity(plan).expect("an entity at the top needs no parent");
    (engine, station)
}

/// Why the EEBUS side cannot start.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The trust file cannot be used; it is left as it is.
    Trust(TrustFileError),
    /// More peers than a charger can trust.
    Full(TrustIsFull),
    /// The recording cannot begin.
    Capture(PathBuf, io::Error),
    /// SHIP cannot start: the port, mostly.
    Start(StartError),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trust(error) => {
                write!(f, "{TRUST} in the state directory cannot be used: {error}")
            }
            Self::Full(error) => error.fmt(f),
            Self::Capture(path, error) => write!(f, "cannot record to {}: {error}", path.display()),
            Self::Start(error) => write!(f, "SHIP: {error}"),
        }
    }
}

impl std::error::Error for Error {}
