//! Being found on the local network: the service `_ship._tcp` (SHIP 1.1.0 §7).

use std::fmt;
use std::format;
use std::net::SocketAddr;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use eebus_json::Instant;
use mdns_sd::{ServiceDaemon, ServiceInfo};

use super::SERVICE;
use super::renewal::{Renewal, Step};
use crate::discovery::PATH;
use crate::identity::Ski;

/// A TXT record has at most this many octets (§7.3.2).
const MAX_TXT: usize = 400;

/// How a node presents itself. Hints for people: nothing is decided by them.
///
/// Texts have 1 to 32 octets and neither spaces, control characters nor `;` (the requirements for
/// the installation process, 220); what is `None` is left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Announcement {
    /// Name of the service instance, 1 to 63 octets. mDNS adds a number if it is taken.
    pub instance: String,
    /// The manufacturer's name.
    pub brand: Option<String>,
    /// What it is: `Wallbox`, `EnergyManagementSystem`.
    pub device_type: Option<String>,
    /// The product.
    pub model: Option<String>,
    /// The number printed on the device.
    pub serial: Option<String>,
    /// What it is, by number: 1 grid connection point hub, 2 energy management system,
    /// 3 e-mobility, 4 HVAC, 5 inverter, 6 domestic appliance, 7 metering.
    pub categories: Vec<u8>,
}

impl Announcement {
    /// The TXT record, in the order in which some peers need it: what is mandatory first.
    fn txt(
        &self,
        ship_id: &str,
        ski: Ski,
    ) -> Result<Vec<(&'static str, String)>, AnnouncementError> {
        let optional = [
            ("brand", &self.brand),
            ("type", &self.device_type),
            ("model", &self.model),
            ("serial", &self.serial),
        ];
        let mut txt = vec![
            ("txtvers", "1".into()),
            ("id", ship_id.into()),
            ("path", PATH.into()),
            // Lower case: openeebus never dials a node that announces upper case.
            ("ski", ski.to_string()),
            // Never auto accept.
            ("register", "false".into()),
            ("ecc", "false".into()),
        ];
        check("id", ship_id, 63)?;
        for (key, value) in optional {
            if let Some(value) = value {
                check(key, value, 32)?;
                txt.push((key, value.clone()));
            }
        }
        if !self.categories.is_empty() {
            let numbers: Vec<String> = self.categories.iter().map(u8::to_string).collect();
            txt.push(("cat", numbers.join(",")));
        }
        let octets: usize = txt.iter().map(|(key, value)| 1 + key.len() + 1 + value.len()).sum();
        if octets > MAX_TXT { Err(AnnouncementError::TooLong) } else { Ok(txt) }
    }
}

fn check(key: &'static str, value: &str, max: usize) -> Result<(), AnnouncementError> {
    let is_allowed = |c: char| !c.is_control() && !c.is_whitespace() && c != ';';
    if (1..=max).contains(&value.len()) && value.chars().all(is_allowed) {
        Ok(())
    } else {
        Err(AnnouncementError::Value(key))
    }
}

/// What a node is called in the network.
pub(in crate::net) fn host(ski: Ski) -> String {
    format!("ship-{}.local.", &ski.to_string()[..12])
}

/// Announces a node.
pub(super) struct Announcer {
    daemon: ServiceDaemon,
    info: ServiceInfo,
    renewal: Renewal,
}

impl Announcer {
    /// Says goodbye for a node that listens at `local`, because somebody may know it from before;
    /// announces it with the next ticks. Needs no runtime: the library has its own thread.
    pub(super) fn start(
        daemon: ServiceDaemon,
        announcement: &Announcement,
        ship_id: &str,
        ski: Ski,
        local: SocketAddr,
        now: Instant,
    ) -> Result<Self, AnnouncementError> {
        let txt = announcement.txt(ship_id, ski)?;
        if !(1..=63).contains(&announcement.instance.len()) {
            return Err(AnnouncementError::Value("instance"));
        }
        // openeebus dials the host name and not the addresses, so the name is announced, too.
        // Letters, digits and hyphens only: it is also the name in TLS.
        let host = host(ski);
        let info = |address: &str| {
            ServiceInfo::new(
                SERVICE,
                &announcement.instance,
                &host,
                address,
                local.port(),
                txt.as_slice(),
            )
        };
        let info = if local.ip().is_unspecified() {
            info("")?.enable_addr_auto()
        } else {
            info(&local.ip().to_string())?
        };
        // Only what was registered can be withdrawn.
        daemon.register(info.clone())?;
        daemon.unregister(info.get_fullname())?;
        Ok(Self { daemon, info, renewal: Renewal::new(now) })
    }

    /// Whether a trusted peer is missing, from now on.
    pub(super) fn missing(&mut self, is_missing: bool, now: Instant) {
        self.renewal.missing(is_missing, now);
    }

    /// When to call [`Announcer::tick`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.renewal.deadline()
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Instant) {
        let done = match self.renewal.tick(now) {
            Some(Step::Withdraw) => self.daemon.unregister(self.info.get_fullname()).map(drop),
            Some(Step::Register) => {
                self.daemon.register(self.info.clone()).inspect_err(|_| self.renewal.failed(now))
            }
            None => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "mdns does not take the record of this node");
        }
    }

    /// Says goodbye.
    pub(super) async fn stop(self) {
        if let Ok(said) = self.daemon.unregister(self.info.get_fullname()) {
            let _ = said.recv_async().await;
        }
    }
}

/// A node that cannot be announced.
#[derive(Debug)]
#[non_exhaustive]
pub enum AnnouncementError {
    /// The value of this TXT key is empty, too long, or has characters that are not allowed.
    Value(&'static str),
    /// The TXT record has more than 400 octets.
    TooLong,
    /// mDNS does not work here.
    Mdns(mdns_sd::Error),
}

impl From<mdns_sd::Error> for AnnouncementError {
    fn from(error: mdns_sd::Error) -> Self {
        Self::Mdns(error)
    }
}

impl fmt::Display for AnnouncementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(key) => write!(f, "mdns: invalid value for {key}"),
            Self::TooLong => write!(f, "mdns: record of more than {MAX_TXT} octets"),
            Self::Mdns(error) => write!(f, "mdns: {error}"),
        }
    }
}

impl std::error::Error for AnnouncementError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discovery::Txt;

    fn wallbox() -> Announcement {
        Announcement {
            instance: "EVSE-One-0001".into(),
            brand: Some("Example".into()),
            device_type: Some("Wallbox".into()),
            model: Some("EVSE-One".into()),
            serial: Some("0001".into()),
            categories: vec![3],
        }
    }

    fn ski() -> Ski {
        "B55228FC75F601DA794FF2F9741CF699910FC9C9".parse().expect("an SKI")
    }

    #[test]
    fn a_record_has_the_mandatory_keys_first_and_the_ski_in_lower_case() {
        let txt = wallbox().txt("i:55555_u:EVSE-One-0001", ski()).expect("valid");
        let strings: Vec<String> = txt.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            strings,
            [
                "txtvers=1",
                "id=i:55555_u:EVSE-One-0001",
                "path=/ship/",
                "ski=b55228fc75f601da794ff2f9741cf699910fc9c9",
                "register=false",
                "ecc=false",
                "brand=Example",
                "type=Wallbox",
                "model=EVSE-One",
                "serial=0001",
                "cat=3",
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_left_out_rather_than_empty() {
        let txt = Announcement { instance: "x".into(), ..Announcement::default() };
        assert_eq!(txt.txt("i:1_u:2", ski()).expect("valid").len(), 6);
        let empty = Announcement { brand: Some(String::new()), ..wallbox() };
        assert!(matches!(empty.txt("i:1_u:2", ski()), Err(AnnouncementError::Value("brand"))));
    }

    #[test]
    fn values_that_peers_cannot_read_are_refused() {
        for brand in ["with space", "semi;colon", "new\nline", &"x".repeat(33)] {
            let wrong = Announcement { brand: Some(brand.into()), ..wallbox() };
            assert!(wrong.txt("i:1_u:2", ski()).is_err(), "{brand:?}");
        }
        assert!(matches!(
            wallbox().txt(&"x".repeat(64), ski()),
            Err(AnnouncementError::Value("id"))
        ));
        let long = Announcement { categories: vec![100; 100], ..wallbox() };
        assert!(matches!(long.txt("i:1_u:2", ski()), Err(AnnouncementError::TooLong)));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let txt = wallbox().txt("i:55555_u:EVSE-One-0001", ski()).expect("valid");
        let read = Txt::of_pairs(txt.iter().map(|(key, value)| (*key, value.as_bytes())));
        let read = read.expect("a record");
        assert_eq!((read.ski, read.ship_id.as_deref()), (ski(), Some("i:55555_u:EVSE-One-0001")));
        assert_eq!((&*read.path, read.register, read.ecc), (PATH, false, false));
        assert_eq!(read.brand.as_deref(), Some("Example"));
        assert_eq!(read.device_type.as_deref(), Some("Wallbox"));
        assert_eq!(read.model.as_deref(), Some("EVSE-One"));
        assert_eq!(read.serial.as_deref(), Some("0001"));
        assert_eq!(read.categories, [3]);
    }
}
