//! The TXT record of `_ship._tcp`: read as tolerantly as the field needs (SHIP 1.1.0 §7.3.2).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::PATH;
use crate::identity::Ski;
use crate::trust::is_ship_id;

/// More octets than this are no record of a SHIP node: 400 are allowed.
const MAX_RECORD: usize = 4096;
/// Characters of a text that are kept: 32 octets are allowed, some send more.
const MAX_TEXT: usize = 64;
/// Octets of a path: 32 are allowed.
const MAX_PATH: usize = 128;
/// Category numbers that are kept: there are seven.
const MAX_CATEGORIES: usize = 16;

/// What a node says of itself. Claims, for people and as a hint whom to dial: nothing here is
/// proven.
///
/// ```
/// use ship::discovery::Txt;
///
/// let record = b"\x09txtvers=1\x0fid=i:1_u:EVSE-1\x0cpath=/other/\
///     \x2cski=B55228FC75F601DA794FF2F9741CF699910FC9C9\x0eregister=false";
/// let txt = Txt::read(record)?;
/// assert_eq!(txt.ship_id.as_deref(), Some("i:1_u:EVSE-1"));
/// assert_eq!(&*txt.path, "/other/");
/// # Ok::<(), ship::discovery::TxtError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Txt {
    /// The SKI that it claims.
    pub ski: Ski,
    /// Its SHIP ID; `None` if it says none, or one that cannot be.
    pub ship_id: Option<Box<str>>,
    /// Where its WebSocket is: begins with `/`, `/ship/` if it says nothing that could be used.
    pub path: Box<str>,
    /// It says that it would trust whoever comes. Nothing follows from that.
    pub register: bool,
    /// It has keys on other curves, too.
    pub ecc: bool,
    /// The manufacturer's name.
    pub brand: Option<Box<str>>,
    /// What it is: free text, never a reason for anything.
    pub device_type: Option<Box<str>>,
    /// The product.
    pub model: Option<Box<str>>,
    /// The number printed on the device.
    pub serial: Option<Box<str>>,
    /// What it is, by number: 1 grid connection point hub, 2 energy management system,
    /// 3 e-mobility, 4 HVAC, 5 inverter, 6 domestic appliance, 7 metering.
    pub categories: Vec<u32>,
}

impl Txt {
    /// Reads the record as it travels: strings of up to 255 octets, each behind its length. What
    /// is cut off in the middle of a string ends before it.
    pub fn read(record: &[u8]) -> Result<Self, TxtError> {
        if record.len() > MAX_RECORD {
            return Err(TxtError::TooLong);
        }
        let mut rest = record;
        let strings = core::iter::from_fn(|| {
            let (&length, behind) = rest.split_first()?;
            let (string, behind) = behind.split_at_checked(length.into())?;
            rest = behind;
            Some(string)
        });
        Self::of_pairs(strings.filter_map(|string| {
            let at = string.iter().position(|octet| *octet == b'=')?;
            Some((core::str::from_utf8(&string[..at]).ok()?, &string[at + 1..]))
        }))
    }

    /// Reads the strings of a record that somebody else has taken apart, at the first `=` of each.
    /// Their order does not matter, as some resolvers change it.
    pub fn of_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, TxtError> {
        let mut seen: [Option<&[u8]>; KEYS.len()] = [None; KEYS.len()];
        for (key, value) in pairs {
            let Some(i) = KEYS.iter().position(|known| known.eq_ignore_ascii_case(key)) else {
                continue;
            };
            if seen[i].replace(value).is_some() {
                return Err(TxtError::Duplicate(KEYS[i]));
            }
        }
        let [version, id, path, ski, register, ecc, brand, device_type, model, serial, categories] =
            seen;
        if version != Some(b"1") {
            return Err(TxtError::Version);
        }
        let is_true = |value: Option<&[u8]>| value.is_some_and(|v| v.eq_ignore_ascii_case(b"true"));
        Ok(Self {
            ski: ski.and_then(read_ski).ok_or(TxtError::Ski)?,
            ship_id: id
                .and_then(|id| core::str::from_utf8(id).ok())
                .filter(|id| is_ship_id(id))
                .map(Box::from),
            path: read_path(path),
            register: is_true(register),
            ecc: is_true(ecc),
            brand: brand.and_then(read_text),
            device_type: device_type.and_then(read_text),
            model: model.and_then(read_text),
            serial: serial.and_then(read_text),
            categories: categories.map(read_categories).unwrap_or_default(),
        })
    }
}

/// In the order in which [`Txt::of_pairs`] takes them apart.
const KEYS: [&str; 11] =
    ["txtvers", "id", "path", "ski", "register", "ecc", "brand", "type", "model", "serial", "cat"];

/// 40 digits in either case, and nothing between them.
fn read_ski(value: &[u8]) -> Option<Ski> {
    let text = core::str::from_utf8(value).ok().filter(|text| text.len() == 40)?;
    text.parse().ok()
}

/// What can stand in a request, as it is. Some leave the first `/` out.
fn read_path(value: Option<&[u8]>) -> Box<str> {
    let path = value
        .filter(|path| (1..=MAX_PATH).contains(&path.len()))
        .filter(|path| path.iter().all(u8::is_ascii_graphic))
        .and_then(|path| core::str::from_utf8(path).ok());
    match path {
        Some(path) if path.starts_with('/') => path.into(),
        Some(path) => alloc::format!("/{path}").into(),
        None => PATH.into(),
    }
}

/// Some cut a text in the middle of a character. Nothing that a terminal would not show as it is;
/// what is left of the text is shown, if anything.
fn read_text(value: &[u8]) -> Option<Box<str>> {
    let text: String = String::from_utf8_lossy(value)
        .chars()
        .filter(|c| is_ship_id(c.encode_utf8(&mut [0; 4])))
        .take(MAX_TEXT)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.into())
}

/// What is no number is left out.
fn read_categories(value: &[u8]) -> Vec<u32> {
    value
        .split(|octet| *octet == b',')
        .filter_map(|number| core::str::from_utf8(number.trim_ascii()).ok()?.parse().ok())
        .take(MAX_CATEGORIES)
        .collect()
}

/// A record that is none of a SHIP node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TxtError {
    /// `txtvers` is not 1.
    Version,
    /// There is no SKI of 40 hexadecimal digits.
    Ski,
    /// This key is there twice, perhaps in different case: nobody can say which one counts.
    Duplicate(&'static str),
    /// The record has more than 4096 octets.
    TooLong,
}

impl fmt::Display for TxtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => f.write_str("txtvers is not 1"),
            Self::Ski => f.write_str("no SKI of 40 hexadecimal digits"),
            Self::Duplicate(key) => write!(f, "{key} is there twice"),
            Self::TooLong => write!(f, "record of more than {MAX_RECORD} octets"),
        }
    }
}

impl core::error::Error for TxtError {}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const SKI: &str = "ski=b55228fc75f601da794ff2f9741cf699910fc9c9";

    fn record(strings: &[&[u8]]) -> Vec<u8> {
        let mut octets = Vec::new();
        for string in strings {
            octets.push(string.len() as u8);
            octets.extend_from_slice(string);
        }
        octets
    }

    fn read(strings: &[&str]) -> Result<Txt, TxtError> {
        let strings: Vec<&[u8]> = strings.iter().map(|string| string.as_bytes()).collect();
        Txt::read(&record(&strings))
    }

    #[test]
    fn a_whole_record_is_read() {
        let txt = read(&[
            "txtvers=1",
            "id=i:55555_u:EVSE-One-0001",
            "path=/ship/",
            SKI,
            "register=false",
            "ecc=true",
            "brand=Example",
            "type=Wallbox",
            "model=EVSE One",
            "serial=0001",
            "cat=3,2",
            "name=localhost",
        ])
        .expect("a record");
        assert_eq!(txt.ski.to_string(), SKI[4..]);
        assert_eq!(txt.ship_id.as_deref(), Some("i:55555_u:EVSE-One-0001"));
        assert_eq!(txt.brand.as_deref(), Some("Example"));
        assert_eq!(txt.device_type.as_deref(), Some("Wallbox"));
        assert_eq!(txt.model.as_deref(), Some("EVSE One"));
        assert_eq!(txt.serial.as_deref(), Some("0001"));
        assert_eq!(txt.categories, [3, 2]);
        assert!(txt.ecc && !txt.register);
    }

    #[test]
    fn what_many_leave_out_is_not_needed() {
        let txt = read(&[SKI, "txtvers=1"]).expect("a record");
        assert_eq!((&*txt.path, txt.register, txt.ship_id), ("/ship/", false, None));
        assert!(txt.categories.is_empty());
    }

    #[test]
    fn keys_and_the_ski_may_have_any_case() {
        let upper = SKI.to_uppercase();
        let txt = read(&["TxtVers=1", &upper, "Register=TRUE", "PATH=ship"]).expect("a record");
        assert_eq!(txt.ski.to_string(), SKI[4..]);
        assert!(txt.register);
        assert_eq!(&*txt.path, "/ship");
    }

    #[test]
    fn a_value_may_have_an_equals_sign() {
        let txt = read(&["txtvers=1", SKI, "id=a=b", "path=/a?b=c"]).expect("a record");
        assert_eq!((txt.ship_id.as_deref(), &*txt.path), (Some("a=b"), "/a?b=c"));
    }

    #[test]
    fn a_record_of_another_version_or_without_an_ski_is_none() {
        for (strings, error) in [
            (vec![], TxtError::Version),
            (vec![SKI], TxtError::Version),
            (vec!["txtvers=2", SKI], TxtError::Version),
            (vec!["txtvers=1"], TxtError::Ski),
            (vec!["txtvers=1", "ski="], TxtError::Ski),
            (vec!["txtvers=1", "ski"], TxtError::Ski),
            (vec!["txtvers=1", &SKI[..43]], TxtError::Ski),
            (vec!["txtvers=1", "ski=b552:28fc75f601da794ff2f9741cf699910fc9c9"], TxtError::Ski),
            (vec!["txtvers=1", SKI, "SKI=0"], TxtError::Duplicate("ski")),
            (vec!["txtvers=1", SKI, "path=/a", "path=/a"], TxtError::Duplicate("path")),
        ] {
            assert_eq!(read(&strings), Err(error), "{strings:?}");
        }
        assert_eq!(Txt::read(&[0; MAX_RECORD + 1]), Err(TxtError::TooLong));
    }

    #[test]
    fn strange_values_do_no_harm() {
        let long = "x".repeat(200);
        let (path, brand) = (alloc::format!("path=/{long}"), alloc::format!("brand={long}"));
        let txt = read(&["txtvers=1", SKI, &path, &brand, "id=\u{1b}[2J", "model=", "cat=3,x,,7"])
            .expect("a record");
        assert_eq!(&*txt.path, "/ship/");
        assert_eq!(txt.brand.map(|brand| brand.len()), Some(MAX_TEXT));
        assert_eq!((txt.ship_id, txt.model), (None, None));
        assert_eq!(txt.categories, [3, 7]);

        let cut = record(&[b"txtvers=1", SKI.as_bytes(), b"brand=Stra\xc3", b"model=\x1b[2Ja\nb"]);
        let txt = Txt::read(&cut).expect("a record");
        assert_eq!(txt.brand.as_deref(), Some("Stra\u{fffd}"));
        assert_eq!(txt.model.as_deref(), Some("[2Jab"));
        assert_eq!(Txt::read(&cut[..cut.len() - 1]).expect("the rest of it").model, None);
    }
}
