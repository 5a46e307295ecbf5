//! The certificate of the web application: self-signed, renewed in time, independent of SHIP's.
//!
//! Browsers know it by itself, not by who signed it: the user confirms it once (CH-060). It says
//! the names and addresses that the charger goes by, and is made anew, with a new key, when one
//! of them is missing, 30 days before it ends, or when it cannot be read (CH-671). Nobody pins
//! it, so that nothing is lost with it: the SKI is another key's (CH-062).

use core::fmt;
use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;
use std::{fs, io};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tracing::warn;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::store;

/// The file with certificate and key in the state directory.
const FILE: &str = "web.pem";
/// More than a certificate and a key need.
const MOST: u64 = 64 * 1024;
/// The longest that browsers accept.
const VALIDITY: Duration = Duration::from_secs(397 * 24 * 3600);
/// So long before its end a certificate is renewed.
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 3600);
/// A certificate is valid from a day before it is made, for clocks that are behind.
const SLACK: Duration = Duration::from_secs(24 * 3600);
/// A clock before this has not been set: the seconds since 1970 of the build.
const BUILT: u64 = parse(env!("BUILT"));
/// How long a certificate is valid that is made without a clock.
const WITHOUT_CLOCK: Duration = Duration::from_secs(20 * 365 * 24 * 3600);
/// The address of the charger's own hotspot (CH-042).
const HOTSPOT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 0, 1));

/// The names and addresses that the charger goes by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Names {
    /// The names, `charger` and `charger.local`.
    pub hosts: Vec<String>,
    /// The addresses that it listens on.
    pub addresses: Vec<IpAddr>,
}

impl Names {
    /// The names of this machine, and the addresses behind the one that is listened on.
    pub fn of(listen: IpAddr) -> Self {
        let hosts = host().map(|host| names(&host)).unwrap_or_default();
        let addresses = if listen.is_unspecified() {
            let found = if_addrs::get_if_addrs().unwrap_or_default();
            let found = found.into_iter().map(|interface| interface.ip());
            // A browser cannot name the interface that a link-local address needs.
            let usable = |ip: &IpAddr| match ip {
                IpAddr::V4(_) => true,
                IpAddr::V6(v6) => listen.is_ipv6() && !v6.is_unicast_link_local(),
            };
            found.filter(usable).collect()
        } else {
            vec![listen.to_canonical()]
        };
        Self { hosts, addresses }
    }

    /// What the certificate says: these, and what is true of every charger.
    fn all(&self) -> (Vec<String>, Vec<IpAddr>) {
        let mut hosts = self.hosts.clone();
        hosts.push("localhost".into());
        let always = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into(), HOTSPOT];
        let mut addresses: Vec<IpAddr> = always.into_iter().chain(self.addresses.clone()).collect();
        addresses.sort();
        addresses.dedup();
        (hosts, addresses)
    }
}

/// Under which names a machine may be asked for that calls itself so: in full, as a domain has
/// it, and as the neighbours know it (CH-671).
fn names(host: &str) -> Vec<String> {
    let label = host.split('.').next().unwrap_or(host);
    let mut names = vec![format!("{label}.local"), label.to_owned()];
    if !names.iter().any(|name| name == host) {
        names.push(host.to_owned());
    }
    names
}

/// What this machine calls itself, if a certificate and a browser can name it.
fn host() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    (name.len() <= 253 && name != "localhost" && name.split('.').all(is_label)).then_some(name)
}

/// The certificate in a state directory, if it is good for these names at this time, else a new
/// one that takes its place. Also says whether it is new.
///
/// # Errors
///
/// If none can be made or stored.
pub fn current(
    state_dir: &Path,
    names: &Names,
    now: SystemTime,
) -> Result<(Arc<CertifiedKey>, bool), Error> {
    let path = state_dir.join(FILE);
    match read(&path) {
        Ok(Some(pem)) => match usable(&pem, names, now) {
            Ok(key) => return Ok((key, false)),
            Err(why) => warn!("the certificate of the web is made anew: {why}"),
        },
        Ok(None) => {}
        Err(error) => warn!("the certificate of the web is made anew: {error}"),
    }
    let pem = make(names, now).map_err(|error| Error::Make(error.to_string()))?;
    store::write(&path, &pem).map_err(Error::Store)?;
    let key = load(&pem).map_err(|why| Error::Make(why.into()))?;
    Ok((Arc::new(key), true))
}

fn read(path: &Path) -> io::Result<Option<String>> {
    use std::io::Read;
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MOST).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// The certificate in this text, if it is good.
fn usable(pem: &str, names: &Names, now: SystemTime) -> Result<Arc<CertifiedKey>, &'static str> {
    let key = load(pem)?;
    let certificate = key.cert.first().ok_or("it holds no certificate")?;
    let (_, certificate) =
        X509Certificate::from_der(certificate).map_err(|_| "it is no certificate")?;

    let now = seconds(now);
    let validity = certificate.validity();
    let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let (from, until) = (u64::try_from(from).unwrap_or(0), u64::try_from(until).unwrap_or(0));
    if is_set(now) {
        if now < from || now + RENEWAL.as_secs() >= until {
            return Err("its time is over");
        }
        if until - from > VALIDITY.as_secs() {
            return Err("it was made without a clock");
        }
    }

    let stated = certificate.subject_alternative_name().ok().flatten();
    let stated = &stated.ok_or("it states no names")?.value.general_names;
    let (hosts, addresses) = names.all();
    let states_host = |host: &String| {
        stated.iter().any(|name| matches!(name, GeneralName::DNSName(n) if n == host))
    };
    let states_address = |address: &IpAddr| {
        let octets = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        stated.iter().any(|name| matches!(name, GeneralName::IPAddress(ip) if *ip == octets))
    };
    if !hosts.iter().all(states_host) || !addresses.iter().all(states_address) {
        return Err("the charger goes by another name or address now");
    }
    Ok(Arc::new(key))
}

/// Certificate and key that fit, as TLS takes them.
fn load(pem: &str) -> Result<CertifiedKey, &'static str> {
    let certificate =
        CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| "it holds no certificate")?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| "it holds no key")?;
    CertifiedKey::from_der(vec![certificate], key, &ring::default_provider())
        .map_err(|_| "its key is not the certificate's")
}

fn make(names: &Names, now: SystemTime) -> Result<String, rcgen::Error> {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let (hosts, addresses) = names.all();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "eebus-charger");
    for host in hosts {
        params.subject_alt_names.push(SanType::DnsName(host.try_into()?));
    }
    params.subject_alt_names.extend(addresses.into_iter().map(SanType::IpAddress));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Browsers refuse a second certificate with the number of the first.
    let mut number = [0; 16];
    ring::default_provider()
        .secure_random
        .fill(&mut number)
        .map_err(|_| rcgen::Error::RingUnspecified)?;
    number[0] = (number[0] & 0x7f) | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&number));

    let epoch = date_time_ymd(1970, 1, 1);
    let now = seconds(now);
    let (from, validity) = if is_set(now) {
        (now.saturating_sub(SLACK.as_secs()), VALIDITY)
    } else {
        (BUILT, WITHOUT_CLOCK)
    };
    params.not_before = epoch + Duration::from_secs(from);
    params.not_after = params.not_before + validity;
    Ok(params.self_signed(&pair)?.pem() + &pair.serialize_pem())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Whether a clock that says this has been set.
const fn is_set(now: u64) -> bool {
    now >= BUILT
}

const fn parse(text: &str) -> u64 {
    match u64::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("the build says a number"),
    }
}

/// There is no certificate.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// None could be made.
    Make(String),
    /// A new one could not be stored.
    Store(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make(why) => write!(f, "it cannot be made: {why}"),
            Self::Store(error) => write!(f, "it cannot be stored: {error}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn names(addresses: &[&str]) -> Names {
        let addresses = addresses.iter().map(|ip| ip.parse().expect("it is an address"));
        Names {
            hosts: vec!["charger".into(), "charger.local".into()],
            addresses: addresses.collect(),
        }
    }

    fn der(key: &CertifiedKey) -> Vec<u8> {
        key.cert[0].to_vec()
    }

    fn some_day() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(BUILT) + 100 * DAY
    }

    #[test]
    fn ch_671_it_is_kept_until_30_days_before_its_end() {
        let dir = tempfile::tempdir().expect("a directory");
        let (first, is_new) = current(dir.path(), &names(&[]), some_day()).expect("made");
        assert!(is_new);
        let mode = fs::metadata(dir.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let at =
            |days: u32| current(dir.path(), &names(&[]), some_day() + days * DAY).expect("there");
        assert_eq!(der(&at(365).0), der(&first));
        let (next, is_new) = at(366);
        assert!(is_new);
        assert_ne!(der(&next), der(&first));
        let (_, certificate) = X509Certificate::from_der(&next.cert[0]).expect("x.509");
        let validity = certificate.validity();
        let days = (validity.not_after.timestamp() - validity.not_before.timestamp()) / 86_400;
        assert_eq!(days, 397);
    }

    #[test]
    fn ch_671_a_new_address_makes_a_new_certificate_and_one_that_is_gone_does_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let now = |names| current(dir.path(), &names, some_day()).expect("there");
        now(names(&["192.168.7.2"]));
        assert!(!now(names(&[])).1);
        assert!(!now(names(&["127.0.0.1", "::1", "192.168.0.1"])).1, "these are always there");
        assert!(now(names(&["192.168.7.2", "fd00::7"])).1);
        assert!(!now(names(&["192.168.7.2"])).1);
        let renamed = Names { hosts: vec!["garage".into()], addresses: Vec::new() };
        assert!(now(renamed).1);
    }

    #[test]
    fn ch_671_without_a_clock_it_is_valid_long_and_made_anew_once_the_time_is_known() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |time| current(dir.path(), &names(&[]), time).expect("there").1;
        assert!(at(SystemTime::UNIX_EPOCH));
        assert!(!at(SystemTime::UNIX_EPOCH + DAY), "still no clock");
        assert!(at(some_day()));
        assert!(!at(some_day()));
    }

    #[test]
    fn what_cannot_be_read_is_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = || current(dir.path(), &names(&[]), some_day()).expect("there").1;
        at();
        let path = dir.path().join(FILE);
        let good = fs::read_to_string(&path).expect("there");
        let key = good.find("-----BEGIN PRIVATE").expect("a key");
        at();
        for damaged in [String::new(), "no PEM".into(), good[..key].into(), good[key..].into()] {
            fs::write(&path, damaged).expect("written");
            assert!(at());
            assert!(!at());
        }
        let other = make(&names(&[]), some_day()).expect("made");
        let other_key = &other[other.find("-----BEGIN PRIVATE").expect("a key")..];
        fs::write(&path, format!("{}{other_key}", &good[..key])).expect("written");
        assert!(at(), "a key of another certificate");
    }

    #[test]
    fn a_machine_is_known_by_its_label_in_the_neighbourhood_and_in_full() {
        assert_eq!(super::names("evse"), ["evse.local", "evse"]);
        assert_eq!(super::names("evse.local"), ["evse.local", "evse"]);
        assert_eq!(super::names("evse.fritz.box"), ["evse.local", "evse", "evse.fritz.box"]);
    }

    #[test]
    fn the_names_of_this_machine_can_be_certified() {
        let names = Names::of(Ipv4Addr::UNSPECIFIED.into());
        make(&names, SystemTime::now()).expect("made");
        let one = Names::of("::ffff:192.168.1.7".parse().expect("an address"));
        assert_eq!(one.addresses, ["192.168.1.7".parse::<IpAddr>().expect("an address")]);
    }
}
