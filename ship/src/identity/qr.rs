//! The text of the QR code on a device: everything that it takes to trust it
//! (SHIP Requirements for Installation Process 1.1.0, 310; Pairing Service 1.0.0, table 2).
//!
//! Read tolerantly: either case, any grouping, unknown keys skipped, the end optional. Written
//! strictly, in the order of the standard.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::{Curve, Fingerprint, Ski, hex};
use crate::pairing::Secret;
use crate::pin::Pin;
use crate::trust::{is_ship_id, is_shown};

/// No QR code holds more octets.
const MAX: usize = 4296;
/// The longest public key, of a curve with 384 bits, and some room.
const MAX_KEY: usize = 128;
/// The longest address of a certificate.
const MAX_URL: usize = 512;
/// So many categories are read.
const MAX_CATEGORIES: usize = 32;

/// Electrical power in whole watts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Watts(pub i32);

/// What a device can produce and consume (SRIP-310/12 to /14).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NominalPower {
    /// Not above 0 W.
    pub production: Watts,
    /// Not below 0 W.
    pub consumption: Watts,
}

/// What a text says about the key on one curve.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyFacts {
    /// The key: 1 to 128 octets.
    pub public_key: Option<Box<[u8]>>,
    /// Where the certificate is found: an address of its own for each device (SRIP 3.2.2), at most
    /// 512 octets.
    pub certificate_url: Option<Box<str>>,
    /// The fingerprint of the certificate.
    pub fingerprint: Option<Fingerprint>,
}

/// The content of a QR text.
///
/// ```
/// use ship::identity::QrText;
///
/// let scanned: QrText = "SHIP;SKI:B552 28FC 75F6 01DA 794F F2F9 741C F699 910F C9C9;\
///     ID:i:55555_u:EVSE-One-0001;BRAND:Example;CAT:3;NOMINALPOWER:0,11000;ENDSHIP;".parse()?;
/// assert_eq!(scanned.ski.to_string(), "b55228fc75f601da794ff2f9741cf699910fc9c9");
/// assert_eq!(scanned.categories, [3]);
/// # Ok::<(), ship::identity::QrError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QrText {
    /// `SKI`: who the device is.
    pub ski: Ski,
    /// `PIN`, if the device demands one.
    pub pin: Option<Pin>,
    /// `ID`: its SHIP ID. Has to be there to be written.
    pub ship_id: Option<Box<str>>,
    /// `BRAND`, 1 to 32 octets, as in mDNS.
    pub brand: Option<Box<str>>,
    /// `TYPE`, 1 to 32 octets, as in mDNS.
    pub device_type: Option<Box<str>>,
    /// `MODEL`, 1 to 32 octets, as in mDNS.
    pub model: Option<Box<str>>,
    /// `SERIAL`, 1 to 32 octets, as in mDNS.
    pub serial: Option<Box<str>>,
    /// `CAT`: what it is, by number, as in mDNS.
    pub categories: Vec<u8>,
    /// `NOMINALPOWER`.
    pub nominal_power: Option<NominalPower>,
    /// `BSKI`: the SKI on brainpoolP256r1.
    pub brainpool_p256r1_ski: Option<Ski>,
    /// `B2SKI`: the SKI on brainpoolP384r1.
    pub brainpool_p384r1_ski: Option<Ski>,
    /// `PKEY`, `CERTURL`, `FPH256`: the key on secp256r1.
    pub secp256r1: KeyFacts,
    /// `PBKEY`, `CERTBURL`, `BFPH256`: the key on brainpoolP256r1.
    pub brainpool_p256r1: KeyFacts,
    /// `PB2KEY`, `CERTB2URL`, `B2FPH256`: the key on brainpoolP384r1.
    pub brainpool_p384r1: KeyFacts,
    /// `SPSEC`: the secret of the Pairing Service.
    pub secret: Option<Secret>,
}

/// How the keys of a text are called for one curve.
struct Names {
    public_key: &'static str,
    certificate_url: &'static str,
    fingerprint: &'static str,
}

const NAMES: [Names; 3] = [
    Names { public_key: "PKEY", certificate_url: "CERTURL", fingerprint: "FPH256" },
    Names { public_key: "PBKEY", certificate_url: "CERTBURL", fingerprint: "BFPH256" },
    Names { public_key: "PB2KEY", certificate_url: "CERTB2URL", fingerprint: "B2FPH256" },
];

impl QrText {
    /// A text that says no more than who the device is.
    pub fn new(ski: Ski, ship_id: impl Into<Box<str>>) -> Self {
        Self { ship_id: Some(ship_id.into()), ..Self::of(ski) }
    }

    fn of(ski: Ski) -> Self {
        Self {
            ski,
            pin: None,
            ship_id: None,
            brand: None,
            device_type: None,
            model: None,
            serial: None,
            categories: Vec::new(),
            nominal_power: None,
            brainpool_p256r1_ski: None,
            brainpool_p384r1_ski: None,
            secp256r1: KeyFacts::default(),
            brainpool_p256r1: KeyFacts::default(),
            brainpool_p384r1: KeyFacts::default(),
            secret: None,
        }
    }

    /// What is known about the key on a curve.
    pub fn key(&self, curve: Curve) -> &KeyFacts {
        match curve {
            Curve::Secp256r1 => &self.secp256r1,
            Curve::BrainpoolP256r1 => &self.brainpool_p256r1,
            Curve::BrainpoolP384r1 => &self.brainpool_p384r1,
        }
    }

    fn key_mut(&mut self, curve: Curve) -> &mut KeyFacts {
        match curve {
            Curve::Secp256r1 => &mut self.secp256r1,
            Curve::BrainpoolP256r1 => &mut self.brainpool_p256r1,
            Curve::BrainpoolP384r1 => &mut self.brainpool_p384r1,
        }
    }

    /// The text. It may hold a PIN and a secret: do not log it.
    pub fn write(&self) -> Result<String, QrError> {
        let mut out = Writer(String::from("SHIP;"));
        out.put("SKI", &grouped(&self.ski.to_string().to_uppercase()));
        if let Some(pin) = &self.pin {
            out.put("PIN", &grouped(&pin.reveal()));
        }
        out.text("ID", Some(self.ship_id.as_deref().ok_or(QrError::Missing("ID"))?), 63)?;
        out.text("BRAND", self.brand.as_deref(), 32)?;
        out.text("TYPE", self.device_type.as_deref(), 32)?;
        out.text("MODEL", self.model.as_deref(), 32)?;
        out.text("SERIAL", self.serial.as_deref(), 32)?;
        if !self.categories.is_empty() {
            let numbers: Vec<String> = self.categories.iter().map(u8::to_string).collect();
            out.put("CAT", &numbers.join(","));
        }
        if let Some(NominalPower { production, consumption }) = self.nominal_power {
            if production > Watts(0) || consumption < Watts(0) {
                return Err(QrError::Invalid("NOMINALPOWER"));
            }
            out.put("NOMINALPOWER", &format!("{},{}", production.0, consumption.0));
        }
        for (name, ski) in
            [("BSKI", self.brainpool_p256r1_ski), ("B2SKI", self.brainpool_p384r1_ski)]
        {
            if let Some(ski) = ski {
                out.put(name, &grouped(&ski.to_string().to_uppercase()));
            }
        }
        let keys = || Curve::ALL.into_iter().map(|curve| self.key(curve)).zip(&NAMES);
        for (key, names) in keys() {
            if let Some(octets) = &key.public_key {
                if !(1..=MAX_KEY).contains(&octets.len()) {
                    return Err(QrError::Invalid(names.public_key));
                }
                let mut digits = String::new();
                // A String takes everything.
                let _ = hex::upper(octets, &mut digits);
                out.put(names.public_key, &digits);
            }
        }
        for (key, names) in keys() {
            out.text(names.certificate_url, key.certificate_url.as_deref(), MAX_URL)?;
        }
        for (key, names) in keys() {
            if let Some(fingerprint) = key.fingerprint {
                out.put(names.fingerprint, &fingerprint.to_string());
            }
        }
        if let Some(secret) = &self.secret {
            out.put("SPSEC", &secret.reveal());
        }
        out.0.push_str("ENDSHIP;");
        if out.0.len() > MAX { Err(QrError::TooLong) } else { Ok(out.0) }
    }

    /// Takes one element; one that is not known is skipped.
    fn take(&mut self, name: &str, value: &str) -> Result<(), QrError> {
        match name {
            "PIN" => self.pin = Some(value.parse().map_err(|_| QrError::Invalid("PIN"))?),
            "ID" if is_ship_id(value) => self.ship_id = Some(value.into()),
            "ID" => return Err(QrError::Invalid("ID")),
            "BRAND" => self.brand = hint(value, 128),
            "TYPE" => self.device_type = hint(value, 128),
            "MODEL" => self.model = hint(value, 128),
            "SERIAL" => self.serial = hint(value, 128),
            "CAT" => {
                let numbers = value.split(',').filter_map(|number| number.trim().parse().ok());
                self.categories = numbers.take(MAX_CATEGORIES).collect();
            }
            "NOMINALPOWER" => self.nominal_power = nominal_power(value),
            "BSKI" => {
                self.brainpool_p256r1_ski =
                    Some(value.parse().map_err(|_| QrError::Invalid("BSKI"))?);
            }
            "B2SKI" => {
                self.brainpool_p384r1_ski =
                    Some(value.parse().map_err(|_| QrError::Invalid("B2SKI"))?);
            }
            "SPSEC" => {
                self.secret = Some(value.parse().map_err(|_| QrError::Invalid("SPSEC"))?);
            }
            _ => {
                for (curve, names) in Curve::ALL.into_iter().zip(&NAMES) {
                    self.take_key(curve, names, name, value)?;
                }
            }
        }
        Ok(())
    }

    fn take_key(
        &mut self,
        curve: Curve,
        names: &Names,
        name: &str,
        value: &str,
    ) -> Result<(), QrError> {
        let facts = self.key_mut(curve);
        if name == names.fingerprint {
            let fingerprint = value.parse().map_err(|_| QrError::Invalid(names.fingerprint))?;
            facts.fingerprint = Some(fingerprint);
        } else if name == names.public_key {
            facts.public_key = public_key(value);
        } else if name == names.certificate_url {
            facts.certificate_url = hint(value, MAX_URL);
        }
        Ok(())
    }
}

/// Text for people or to be looked up; nothing is decided by it, so what is odd is left out.
fn hint(value: &str, max: usize) -> Option<Box<str>> {
    let is_fine = (1..=max).contains(&value.len()) && value.chars().all(is_shown);
    is_fine.then(|| value.into())
}

fn nominal_power(value: &str) -> Option<NominalPower> {
    let (production, consumption) = value.split_once(',')?;
    let [production, consumption] =
        [production, consumption].map(|number| number.trim().parse().ok().map(Watts));
    let power = NominalPower { production: production?, consumption: consumption? };
    (power.production <= Watts(0) && power.consumption >= Watts(0)).then_some(power)
}

fn public_key(value: &str) -> Option<Box<[u8]>> {
    let digits: Option<Vec<u8>> = value
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    (digits.len() <= 2 * MAX_KEY)
        .then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Groups of four digits, as people compare them (SRIP-310/9).
fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 4);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && i % 4 == 0 {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

struct Writer(String);

impl Writer {
    fn put(&mut self, name: &str, value: &str) {
        self.0.push_str(name);
        self.0.push(':');
        self.0.push_str(value);
        self.0.push(';');
    }

    /// There is no way to escape anything, and some readers take no spaces (SRIP-220/1 to /3).
    fn text(&mut self, name: &'static str, value: Option<&str>, max: usize) -> Result<(), QrError> {
        let Some(value) = value else {
            return Ok(());
        };
        let is_allowed = |c: char| is_shown(c) && !c.is_whitespace() && c != ';';
        if !(1..=max).contains(&value.len()) || !value.chars().all(is_allowed) {
            return Err(QrError::Invalid(name));
        }
        self.put(name, value);
        Ok(())
    }
}

/// Why a text is no QR text of SHIP, or cannot be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum QrError {
    /// It does not begin with `SHIP;`.
    NotShip,
    /// It has more octets than a QR code.
    TooLong,
    /// This element is missing.
    Missing(&'static str),
    /// The value of this element is invalid.
    Invalid(&'static str),
    /// An element occurs twice and says different things.
    Twice,
}

impl fmt::Display for QrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotShip => f.write_str("not a QR text of SHIP"),
            Self::TooLong => write!(f, "QR text of more than {MAX} octets"),
            Self::Missing(name) => write!(f, "QR text lacks {name}"),
            Self::Invalid(name) => write!(f, "QR text has an invalid {name}"),
            Self::Twice => f.write_str("QR text says two things about the same"),
        }
    }
}

impl core::error::Error for QrError {}

impl FromStr for QrText {
    type Err = QrError;

    fn from_str(text: &str) -> Result<Self, QrError> {
        if text.len() > MAX {
            return Err(QrError::TooLong);
        }
        let mut elements = text.split(';').map(str::trim);
        if !elements.next().is_some_and(|first| first.eq_ignore_ascii_case("SHIP")) {
            return Err(QrError::NotShip);
        }
        let mut seen: Vec<(String, &str)> = Vec::new();
        for element in elements.filter(|element| !element.is_empty()) {
            if element.eq_ignore_ascii_case("ENDSHIP") {
                break;
            }
            // Values such as addresses have colons, too.
            let Some((name, value)) = element.split_once(':') else {
                continue;
            };
            let element = (name.trim().to_ascii_uppercase(), value.trim());
            match seen.iter().find(|(name, _)| *name == element.0) {
                None => seen.push(element),
                Some((_, value)) if *value == element.1 => {}
                Some(_) => return Err(QrError::Twice),
            }
        }
        let ski = seen.iter().find(|(name, _)| name == "SKI").ok_or(QrError::Missing("SKI"))?.1;
        let mut qr = Self::of(ski.parse().map_err(|_| QrError::Invalid("SKI"))?);
        for (name, value) in &seen {
            qr.take(name, value)?;
        }
        Ok(qr)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// Annex A.2 of the Pairing Service.
    const STANDARD: &str = "SHIP;SKI:A805 56A2 43F5 7CA1 7B0D 577A 59B7 11B7 9EB4 856C;ID:i:983327_u:C8277H008F-3;BRAND:EXAMPLEBRAND;TYPE:EMS;MODEL:EEB01devA814;SERIAL:C8277H008F-3;CAT:2;FPH256:C74B7855D3479415F62CC01E5F6D9A93EBC676057D85417ADA16FD1384338943;SPSEC:7A37DCF81BDB50F8E92CFA4160CCB3DE;ENDSHIP;";

    fn read(text: &str) -> QrText {
        text.parse().expect(text)
    }

    fn full() -> QrText {
        let facts = |n: u8| KeyFacts {
            public_key: Some(vec![4, n, 0xfe].into()),
            certificate_url: Some("https://example.com:8443/0001.pem".into()),
            fingerprint: Some(Fingerprint::new([n; 32])),
        };
        QrText {
            pin: Some("5f3a01ce7".parse().expect("a PIN")),
            brand: Some("Example".into()),
            device_type: Some("Wallbox".into()),
            model: Some("EVSE-One".into()),
            serial: Some("0001".into()),
            categories: vec![3, 2],
            nominal_power: Some(NominalPower {
                production: Watts(-600),
                consumption: Watts(11_000),
            }),
            brainpool_p256r1_ski: Some(Ski::new([2; 20])),
            brainpool_p384r1_ski: Some(Ski::new([3; 20])),
            secp256r1: facts(1),
            brainpool_p256r1: facts(2),
            brainpool_p384r1: facts(3),
            secret: Some(Secret::new([7; 16])),
            ..QrText::new(Ski::new([0xab; 20]), "i:55555_u:EVSE-One-0001")
        }
    }

    #[test]
    fn the_standards_own_example_is_written_as_it_is_read() {
        let qr = read(STANDARD);
        assert_eq!(qr.ship_id.as_deref(), Some("i:983327_u:C8277H008F-3"));
        assert_eq!(qr.categories, [2]);
        assert_eq!(qr.write().as_deref(), Ok(STANDARD));
    }

    #[test]
    fn everything_is_written_in_order_and_read_again() {
        let text = full().write().expect("valid");
        let names: Vec<&str> =
            text.split(';').map(|element| element.split(':').next().expect("a name")).collect();
        assert_eq!(
            names,
            [
                "SHIP",
                "SKI",
                "PIN",
                "ID",
                "BRAND",
                "TYPE",
                "MODEL",
                "SERIAL",
                "CAT",
                "NOMINALPOWER",
                "BSKI",
                "B2SKI",
                "PKEY",
                "PBKEY",
                "PB2KEY",
                "CERTURL",
                "CERTBURL",
                "CERTB2URL",
                "FPH256",
                "BFPH256",
                "B2FPH256",
                "SPSEC",
                "ENDSHIP",
                "",
            ]
        );
        assert!(text.contains(";PIN:5F3A 01CE 7;"), "{text}");
        assert!(text.contains(";NOMINALPOWER:-600,11000;"), "{text}");
        assert_eq!(read(&text), full());
    }

    #[test]
    fn what_the_go_stack_writes_is_read() {
        let qr = read(
            "SHIP;SKI:a80556a243f57ca17b0d577a59b711b79eb4856c;ID:x;FPH256:c74b7855d3479415f62cc01e5f6d9a93ebc676057d85417ada16fd1384338943;SPSEC:7a37dcf81bdb50f8e92cfa4160ccb3de;",
        );
        let standard = read(STANDARD);
        assert_eq!(qr.ski, standard.ski);
        assert_eq!(qr.secp256r1, standard.secp256r1);
        assert_eq!(qr.secret, standard.secret);
    }

    #[test]
    fn spaces_case_order_and_unknown_elements_are_no_matter() {
        let qr = read(
            " ship ; id : i:1_u:x ;VENDOR:1;FLAG; ski : a805 56a2 43f5 7ca1 7b0d 577a 59b7 11b7 9eb4 856c;CERTURL:https://a:1/b;;ENDSHIP;SKI:00",
        );
        assert_eq!(qr.ski, read(STANDARD).ski);
        assert_eq!(qr.ship_id.as_deref(), Some("i:1_u:x"));
        assert_eq!(qr.secp256r1.certificate_url.as_deref(), Some("https://a:1/b"));
    }

    #[test]
    fn hints_that_cannot_be_read_are_left_out() {
        let ski = "SHIP;SKI:A80556A243F57CA17B0D577A59B711B79EB4856C;";
        for odd in [
            "NOMINALPOWER:x,1",
            "NOMINALPOWER:1,1",
            "NOMINALPOWER:0,-1",
            "NOMINALPOWER:11000",
            "NOMINALPOWER:0,9999999999",
            "CAT:x,,256",
            "BRAND:",
            "BRAND:\u{1b}[2J",
            "MODEL:\u{202e}x",
            "PKEY:0",
            "PKEY:GG",
        ] {
            let qr = read(&(ski.to_string() + odd));
            assert_eq!(qr, QrText::of(qr.ski), "{odd}");
        }
        assert_eq!(read(&(ski.to_string() + "CAT: 3 ,x,2")).categories, [3, 2]);
        assert_eq!(
            read(&(ski.to_string() + "BRAND:two words")).brand.as_deref(),
            Some("two words")
        );
    }

    #[test]
    fn what_trust_would_rest_on_has_to_be_right() {
        let ski = "SKI:A80556A243F57CA17B0D577A59B711B79EB4856C";
        for (text, error) in [
            (String::new(), QrError::NotShip),
            ("SHIPP:00#00".into(), QrError::NotShip),
            ("SHIP;ID:x;".into(), QrError::Missing("SKI")),
            ("SHIP;SKI:00;".into(), QrError::Invalid("SKI")),
            (format!("SHIP;{ski};{ski}0;"), QrError::Twice),
            (format!("SHIP;{ski};ID:x;ID:y;"), QrError::Twice),
            (format!("SHIP;{ski};ID:;"), QrError::Invalid("ID")),
            (format!("SHIP;{ski};PIN:1234567;"), QrError::Invalid("PIN")),
            (format!("SHIP;{ski};SPSEC:00;"), QrError::Invalid("SPSEC")),
            (format!("SHIP;{ski};FPH256:00;"), QrError::Invalid("FPH256")),
            (format!("SHIP;{ski};B2FPH256:00;"), QrError::Invalid("B2FPH256")),
            (format!("SHIP;{ski};BSKI:00;"), QrError::Invalid("BSKI")),
            (format!("SHIP;{ski};X:{};", "x".repeat(MAX)), QrError::TooLong),
        ] {
            assert_eq!(text.parse::<QrText>(), Err(error), "{text}");
        }
        assert_eq!(read(&format!("SHIP;{ski};{ski};")).ski, read(STANDARD).ski);
    }

    #[test]
    fn what_readers_would_stumble_over_is_not_written() {
        for (wrong, error) in [
            (QrText { ship_id: None, ..full() }, QrError::Missing("ID")),
            (QrText { ship_id: Some("a;b".into()), ..full() }, QrError::Invalid("ID")),
            (QrText { brand: Some("two words".into()), ..full() }, QrError::Invalid("BRAND")),
            (QrText { model: Some("x".repeat(33).into()), ..full() }, QrError::Invalid("MODEL")),
            (QrText { serial: Some("".into()), ..full() }, QrError::Invalid("SERIAL")),
            (
                QrText {
                    nominal_power: Some(NominalPower {
                        production: Watts(1),
                        consumption: Watts(0),
                    }),
                    ..full()
                },
                QrError::Invalid("NOMINALPOWER"),
            ),
            (
                QrText {
                    secp256r1: KeyFacts { public_key: Some([].into()), ..KeyFacts::default() },
                    ..full()
                },
                QrError::Invalid("PKEY"),
            ),
            (QrText { categories: vec![255; 1200], ..full() }, QrError::TooLong),
        ] {
            assert_eq!(wrong.write(), Err(error));
        }
    }

    #[test]
    fn pin_and_secret_do_not_show() {
        let shown = format!("{:?}", full());
        assert!(!shown.contains("5F3A") && !shown.contains("0707"), "{shown}");
    }
}
