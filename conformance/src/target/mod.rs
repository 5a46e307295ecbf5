//! The device under test: where it is, and what it is.

mod memory;

use core::net::SocketAddr;
use core::time::Duration;
use std::io;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

pub use memory::Memory;

use crate::device::{Action, Hook, Look};
use crate::tester::identity::Ski;
use crate::tester::link::Wire;
use crate::tester::{Step, Stop};

/// What the parameter sheet says of a device.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// `PAR_shipSvc`: it accepts connections.
    pub has_ship_service: bool,
    /// `PAR_shipVersion`: what it announces, as major and minor.
    pub ship_version: (u64, u64),
    /// `PAR_shipId`, if it is known.
    pub ship_id: Option<String>,
    /// `PAR_queryAccessMethods`: it asks its peers for their access methods.
    pub queries_access_methods: bool,
    /// `PAR_initiateClose`: it announces the end of a connection whose trust is withdrawn.
    pub initiates_close: bool,
    /// `PAR_helloProlongationCount`: how many prolongations it grants, at least 2.
    pub prolongations: u32,
    /// `PAR_clientDetailedDiscoverySupported`: it reads the discovery of its peers.
    pub discovers: bool,
    /// `PAR_clientSubscriptionSupported`: it subscribes to the NodeManagement of its peers.
    pub subscribes: bool,
    /// `PAR_initialTimeoutSupported`: it reacts to a peer that never answers.
    pub has_initial_timeout: bool,
    /// How long to wait for the device to dial.
    pub dials_within: Duration,
}

/// Everything that our own devices do.
impl Default for Sheet {
    fn default() -> Self {
        Self {
            has_ship_service: true,
            ship_version: (1, 0),
            ship_id: None,
            queries_access_methods: true,
            initiates_close: true,
            prolongations: 2,
            discovers: true,
            subscribes: true,
            has_initial_timeout: true,
            dials_within: Duration::from_secs(60),
        }
    }
}

impl Sheet {
    /// Sets one line of the sheet, such as `queryAccessMethods=no`.
    ///
    /// # Errors
    ///
    /// The line is not understood; how it should look.
    pub fn set(&mut self, line: &str) -> Result<(), String> {
        let (name, value) = line.split_once('=').ok_or_else(|| format!("{line}: NAME=VALUE"))?;
        let flag = match value {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(format!("{name} is yes or no, not {value}")),
        };
        match name {
            "shipSvc" => self.has_ship_service = flag?,
            "shipVersion" => {
                let version = value
                    .split_once('.')
                    .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
                self.ship_version = version.ok_or_else(|| format!("{name} is 1.0 or 1.1"))?;
            }
            "shipId" => self.ship_id = Some(value.to_owned()),
            "queryAccessMethods" => self.queries_access_methods = flag?,
            "initiateClose" => self.initiates_close = flag?,
            "helloProlongationCount" => {
                self.prolongations = value.parse().map_err(|_| format!("{name} is a number"))?;
            }
            "clientDetailedDiscoverySupported" => self.discovers = flag?,
            "clientSubscriptionSupported" => self.subscribes = flag?,
            "initialTimeoutSupported" => self.has_initial_timeout = flag?,
            _ => return Err(format!("{name} is not a parameter that a case asks for")),
        }
        Ok(())
    }
}

/// A device under test.
#[derive(Debug)]
pub enum Target {
    /// Our own, in this process.
    Memory(Memory),
    /// Somewhere on the network, in real time.
    Network(Network),
}

/// A device on the network.
#[derive(Debug)]
pub struct Network {
    address: SocketAddr,
    listener: Option<TcpListener>,
    hook: Hook,
    sheet: Sheet,
}

impl Network {
    /// A device that listens on `address`. It reaches the tool on `listen`, if at all.
    ///
    /// # Errors
    ///
    /// The port cannot be opened.
    pub async fn new(
        address: SocketAddr,
        listen: Option<SocketAddr>,
        hook: Hook,
        sheet: Sheet,
    ) -> io::Result<Self> {
        let listener = match listen {
            Some(listen) => Some(TcpListener::bind(listen).await?),
            None => None,
        };
        Ok(Self { address, listener, hook, sheet })
    }
}

impl Target {
    /// What its parameter sheet says.
    pub const fn sheet(&self) -> &Sheet {
        match self {
            Self::Memory(memory) => &memory.sheet,
            Self::Network(network) => &network.sheet,
        }
    }

    /// Opens a byte stream to its SHIP service.
    ///
    /// # Errors
    ///
    /// It has none, or does not answer.
    pub async fn dial(&mut self) -> Step<Box<dyn Wire>> {
        match self {
            Self::Memory(memory) => Ok(Box::new(memory.dial().await?)),
            Self::Network(network) if network.sheet.has_ship_service => {
                let stream = TcpStream::connect(network.address);
                match timeout(Duration::from_secs(10), stream).await {
                    Ok(Ok(stream)) => Ok(Box::new(stream)),
                    Ok(Err(error)) => Err(Stop::Failed(format!("{}: {error}", network.address))),
                    Err(_) => Err(Stop::Failed(format!("{} does not answer", network.address))),
                }
            }
            Self::Network(_) => Err(Stop::NotApplicable("PAR_shipSvc is no".to_owned())),
        }
    }

    /// Waits until the device opens a byte stream to the tool, whose key is `tool`.
    ///
    /// # Errors
    ///
    /// It does not within [`Sheet::dials_within`], or there is no way for it to do so.
    pub async fn accept(&mut self, tool: Ski) -> Step<Box<dyn Wire>> {
        match self {
            Self::Memory(memory) => Ok(Box::new(memory.accept(tool).await?)),
            Self::Network(Network { listener: Some(listener), sheet, .. }) => {
                match timeout(sheet.dials_within, listener.accept()).await {
                    Ok(Ok((stream, _))) => Ok(Box::new(stream)),
                    Ok(Err(error)) => Err(Stop::Failed(format!("accept: {error}"))),
                    Err(_) => Err(Stop::Failed("the device does not dial".to_owned())),
                }
            }
            Self::Network(_) => {
                Err(Stop::NotApplicable("the tool listens on no address".to_owned()))
            }
        }
    }

    /// Has something done to the device.
    ///
    /// # Errors
    ///
    /// It cannot be done, or failed.
    pub async fn act(&mut self, action: Action) -> Step {
        match self {
            Self::Memory(memory) => memory.act(&action).await,
            Self::Network(network) => network.hook.act(&action).await,
        }
    }

    /// Looks at the device.
    ///
    /// # Errors
    ///
    /// It cannot be seen.
    pub async fn look(&mut self, look: Look) -> Step<Vec<u32>> {
        match self {
            Self::Memory(memory) => memory.look(look),
            Self::Network(network) => network.hook.look(look).await,
        }
    }
}
