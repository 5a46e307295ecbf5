//! The trust file: the user's decisions, across restarts.
//!
//! Read strictly, because whoever can bend it decides who may set limits: what this version did
//! not write is refused, and a file that was refused is never overwritten.

use std::boxed::Box;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::unit::REMEMBERED;
use super::{
    ControlUnit, Levels, MAX_REFUSED, MAX_TRUSTED, Mechanism, Trust, TrustedPeer, is_ship_id,
};
use crate::file;
use crate::identity::{Fingerprint, Ski};
use crate::pairing::Party;

/// The version of the format that is written. The one before is read as well.
const VERSION: u64 = 2;
/// In it every peer was one whose SKI the user had compared.
const OLD: u64 = 1;
/// More than a full file needs.
const MAX_SIZE: u64 = 2 << 20;

/// Where decisions are kept.
#[derive(Clone, Debug)]
pub struct TrustFile {
    path: PathBuf,
}

impl TrustFile {
    /// Reads the file; one that does not exist means that nobody is trusted.
    ///
    /// Who gets an error must not go on with an empty list: the file stays as it is until
    /// somebody has looked at it.
    pub fn open(path: impl Into<PathBuf>) -> Result<(Self, Trust), TrustFileError> {
        let path = path.into();
        let octets = match file::read(&path, MAX_SIZE) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((Self { path }, Trust::new()));
            }
            Err(error) => return Err(TrustFileError::Read(error)),
        };
        let trust = parse(&octets)?;
        Ok((Self { path }, trust))
    }

    /// Replaces the file, all or nothing.
    pub fn save(&self, trust: &Trust) -> Result<(), TrustFileError> {
        let entry = |(ski, peer): (Ski, &TrustedPeer)| Entry {
            ski: ski.to_string(),
            ship_id: peer.ship_id.clone(),
            user_trust: peer.levels.user,
            second_factor: peer.levels.second_factor,
            known_keys: peer.known_keys,
            successor: peer.successor.map(|ski| ski.to_string()),
            is_unit_only: peer.is_unit_only,
        };
        let unit = trust.unit.as_ref().map(|unit| Unit {
            ship_id: unit.party.ship_id.clone(),
            fingerprint: unit.party.fingerprint.to_string(),
            ski: unit.ski.map(|ski| ski.to_string()),
        });
        let digests = trust.used.digests.iter();
        let document = Document {
            version: VERSION,
            trusted: trust.trusted().map(entry).collect(),
            refused: trust.refused().map(|ski| ski.to_string()).collect(),
            wrong_pins: trust.wrong_pins,
            is_pin_awarded: trust.is_pin_awarded,
            unit,
            used: digests.map(|digest| Fingerprint::new(*digest).to_string()).collect(),
            next_used: trust.used.next,
        };
        let text = serde_json::to_string_pretty(&document).expect("text, numbers and lists");
        file::replace(&self.path, text.as_bytes()).map_err(TrustFileError::Write)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u64,
    trusted: Vec<Entry>,
    refused: Vec<String>,
    #[serde(default)]
    wrong_pins: u32,
    #[serde(default)]
    is_pin_awarded: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
    /// Signatures of requests that were accepted.
    #[serde(default)]
    used: Vec<String>,
    #[serde(default)]
    next_used: usize,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    ski: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ship_id: Option<Box<str>>,
    #[serde(default = "verified")]
    user_trust: u8,
    #[serde(default)]
    second_factor: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known_keys: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    successor: Option<String>,
    #[serde(default)]
    is_unit_only: bool,
}

/// How far everybody was trusted in the old version.
fn verified() -> u8 {
    Levels::of(Mechanism::UserVerified).user
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    ship_id: Box<str>,
    fingerprint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ski: Option<String>,
}

/// Read first, so that a newer file is called newer and not broken.
#[derive(Deserialize)]
struct AnyVersion {
    version: u64,
}

fn parse(octets: &[u8]) -> Result<Trust, TrustFileError> {
    let AnyVersion { version } = serde_json::from_slice(octets).map_err(malformed)?;
    if version != VERSION && version != OLD {
        return Err(TrustFileError::Version(version));
    }
    let document: Document = serde_json::from_slice(octets).map_err(malformed)?;
    if document.trusted.len() > MAX_TRUSTED
        || document.refused.len() > MAX_REFUSED
        || document.used.len() > REMEMBERED
    {
        return Err(TrustFileError::TooMany);
    }
    let mut trust = Trust::new();
    let mut seen = BTreeSet::new();
    for entry in document.trusted {
        let ski = own_spelling(&entry.ski, &mut seen)?;
        if entry.ship_id.as_ref().is_some_and(|id| !is_ship_id(id)) {
            return Err(TrustFileError::ShipId(ski));
        }
        let levels = Levels { user: entry.user_trust, pki: 0, second_factor: entry.second_factor };
        if !levels.may_communicate() || !matches!(levels.second_factor, 0 | 16 | 32) {
            return Err(TrustFileError::Levels(ski));
        }
        let successor = entry.successor.map(|text| own_spelling(&text, &mut seen)).transpose()?;
        let peer = TrustedPeer {
            ship_id: entry.ship_id,
            levels,
            known_keys: entry.known_keys,
            successor,
            is_unit_only: entry.is_unit_only,
        };
        trust.trusted.insert(ski, peer);
    }
    for text in document.refused {
        trust.refused.push_back(own_spelling(&text, &mut seen)?);
    }
    trust.wrong_pins = document.wrong_pins;
    trust.is_pin_awarded = document.is_pin_awarded;
    trust.unit = document.unit.map(unit).transpose()?;
    for text in &document.used {
        trust.used.digests.push(*fingerprint(text)?.as_octets());
    }
    if document.next_used > document.used.len() || document.next_used >= REMEMBERED {
        return Err(TrustFileError::Malformed("next_used points nowhere".into()));
    }
    trust.used.next = document.next_used;
    Ok(trust)
}

fn unit(unit: Unit) -> Result<ControlUnit, TrustFileError> {
    if !is_ship_id(&unit.ship_id) {
        return Err(TrustFileError::Malformed("the control unit has an invalid SHIP ID".into()));
    }
    let fingerprint = fingerprint(&unit.fingerprint)?;
    // It names an entry of the list, so that it is seen for the second time.
    let ski = unit.ski.map(|text| own_spelling(&text, &mut BTreeSet::new())).transpose()?;
    Ok(ControlUnit { party: Party { ship_id: unit.ship_id, fingerprint }, ski })
}

/// 64 digits spelled as we spell them.
fn fingerprint(text: &str) -> Result<Fingerprint, TrustFileError> {
    let fingerprint = text.parse::<Fingerprint>().ok().filter(|it| it.to_string() == text);
    fingerprint.ok_or_else(|| TrustFileError::Fingerprint(text.chars().take(80).collect()))
}

/// An SKI spelled as we spell it, for the first time.
fn own_spelling(text: &str, seen: &mut BTreeSet<Ski>) -> Result<Ski, TrustFileError> {
    let ski = text.parse::<Ski>().ok().filter(|ski| ski.to_string() == text);
    let ski = ski.ok_or_else(|| TrustFileError::Ski(text.chars().take(60).collect()))?;
    if seen.insert(ski) { Ok(ski) } else { Err(TrustFileError::Duplicate(ski)) }
}

fn malformed(error: serde_json::Error) -> TrustFileError {
    TrustFileError::Malformed(error.to_string())
}

/// A trust file that is not used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrustFileError {
    /// It could not be read.
    Read(io::Error),
    /// It could not be written for sure; the old one or the new one is there, and whole.
    Write(io::Error),
    /// Not a trust file, or one that somebody has changed.
    Malformed(String),
    /// Another version of the format, perhaps a newer one.
    Version(u64),
    /// A text in the place of an SKI.
    Ski(String),
    /// An SKI that occurs more than once.
    Duplicate(Ski),
    /// A SHIP ID of this SKI that is none.
    ShipId(Ski),
    /// The levels of trust of this SKI are none that there are, or it is not trusted at all.
    Levels(Ski),
    /// A text in the place of a fingerprint or a signature.
    Fingerprint(String),
    /// More entries than there is room for.
    TooMany,
}

impl fmt::Display for TrustFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(_) => f.write_str("trust file cannot be read"),
            Self::Write(_) => f.write_str("trust file cannot be written"),
            Self::Malformed(why) => write!(f, "trust file is malformed: {why}"),
            Self::Version(version) => {
                write!(
                    f,
                    "trust file has version {version}, this program knows {OLD} and {VERSION}"
                )
            }
            Self::Ski(text) => write!(f, "trust file has no valid SKI in {text:?}"),
            Self::Duplicate(ski) => write!(f, "trust file names {ski} twice"),
            Self::ShipId(ski) => write!(f, "trust file has an invalid SHIP ID for {ski}"),
            Self::Levels(ski) => write!(f, "trust file has invalid levels of trust for {ski}"),
            Self::Fingerprint(text) => {
                write!(f, "trust file has no valid fingerprint or signature in {text:?}")
            }
            Self::TooMany => f.write_str("trust file has too many entries"),
        }
    }
}

impl std::error::Error for TrustFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) | Self::Write(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Curve;
    use crate::message::KeyState;
    use crate::pairing::{Request, Secret, Terms};
    use crate::trust::Standing;

    const ONE: &str = "0101010101010101010101010101010101010101";
    const TWO: &str = "0202020202020202020202020202020202020202";

    fn ski(n: u8) -> Ski {
        Ski::new([n; 20])
    }

    #[test]
    fn decisions_survive() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("trust.json");
        let (file, mut trust) = TrustFile::open(&path).expect("none yet");
        assert_eq!(trust, Trust::new());
        assert!(!path.exists());

        trust.trust(ski(1)).expect("room");
        trust.note_ship_id(ski(1), "i:1_u:\"x\"");
        trust.trust(ski(2)).expect("room");
        trust.refuse(ski(3));
        trust.trust_by(ski(4), Mechanism::UserInput).expect("room");
        let keys = [(KeyState::Current, ski(4)), (KeyState::Successor, ski(5))];
        assert!(trust.take_keys(ski(4), 9, &keys));
        trust.award_pin(ski(4));
        trust.note_wrong_pins(6);
        let party = |n: u8| Party {
            ship_id: format!("i:1_u:{n}").into(),
            fingerprint: Fingerprint::new([n; 32]),
        };
        for nonce in 0..20 {
            let terms = Terms {
                asked: party(0),
                asker: party(nonce),
                curve: Curve::Secp256r1,
                nonce: [nonce; 16],
            };
            trust.accept(&Request::sign(terms, &Secret::new([0; 16])));
        }
        assert!(trust.recognise(ski(6), Fingerprint::new([19; 32])));
        file.save(&trust).expect("saved");

        let (_, read) = TrustFile::open(&path).expect("the same");
        assert_eq!(read, trust);
        assert_eq!(read.standing(ski(3)), Standing::Refused);
        assert_eq!(std::fs::read_dir(dir.path()).expect("readable").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().expect("a directory");
        let (file, trust) = TrustFile::open(dir.path().join("trust.json")).expect("none yet");
        file.save(&trust).expect("saved");
        let mode = std::fs::metadata(file.path()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_we_did_not_write_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("trust.json");
        let entry = |ski: &str| format!(r#"{{"ski":"{ski}"}}"#);
        let file = |trusted: &str, refused: &str| {
            format!(r#"{{"version":1,"trusted":[{trusted}],"refused":[{refused}]}}"#)
        };
        let many: Vec<_> = (0..=MAX_TRUSTED).map(|n| entry(&format!("{n:040x}"))).collect();
        for text in [
            String::new(),
            "{".into(),
            "[]".into(),
            "\0\0\0\0".into(),
            r#"{"version":2,"trusted":[],"refused":[],"new":1}"#.into(),
            r#"{"version":3,"trusted":[],"refused":[]}"#.into(),
            file(&format!(r#"{{"ski":"{ONE}","user_trust":7}}"#), ""),
            file(&format!(r#"{{"ski":"{ONE}","second_factor":33}}"#), ""),
            file(&format!(r#"{{"ski":"{ONE}","successor":"{ONE}"}}"#), ""),
            r#"{"version":2,"trusted":[],"refused":[],"wrong_pins":-1}"#.into(),
            r#"{"version":2,"trusted":[],"refused":[],"used":["00"]}"#.into(),
            r#"{"version":2,"trusted":[],"refused":[],"next_used":1}"#.into(),
            r#"{"version":2,"trusted":[],"refused":[],"unit":{"ship_id":"x","fingerprint":"00"}}"#
                .into(),
            r#"{"version":1}"#.into(),
            r#"{"version":1,"trusted":[],"refused":[],"autoAccept":true}"#.into(),
            r#"{"version":1,"trusted":[],"trusted":[],"refused":[]}"#.into(),
            file(r#"{"ski":"01","role":"admin"}"#, ""),
            file(&entry("01"), ""),
            file(&entry(&TWO.replace('0', "A")), ""),
            file(&format!("{},{}", entry(ONE), entry(ONE)), ""),
            file(&entry(ONE), &format!("\"{ONE}\"")),
            file(&format!(r#"{{"ski":"{ONE}","ship_id":""}}"#), ""),
            file(&format!(r#"{{"ski":"{ONE}","ship_id":"\u001b[2J"}}"#), ""),
            file(&many.join(","), ""),
            format!("{}x", file("", "")),
        ] {
            std::fs::write(&path, &text).expect("written");
            let error = TrustFile::open(&path).expect_err(&text);
            assert!(!error.to_string().is_empty());
            assert_eq!(std::fs::read_to_string(&path).expect("there"), text);
        }
        std::fs::write(&path, file(&entry(ONE), &format!("\"{TWO}\""))).expect("written");
        let (_, trust) = TrustFile::open(&path).expect("a good one");
        assert_eq!(trust.standing(ski(1)), Standing::Trusted);
    }

    #[test]
    fn in_an_old_file_everybody_was_verified_by_the_user() {
        let old = format!(
            r#"{{"version":1,"trusted":[{{"ski":"{ONE}","ship_id":"i:1_u:x"}}],"refused":["{TWO}"]}}"#
        );
        let trust = parse(old.as_bytes()).expect("an old file");
        let peer = trust.peer(ski(1)).expect("trusted");
        assert_eq!((peer.levels.user, peer.ship_id.as_deref()), (32, Some("i:1_u:x")));
        assert_eq!(trust.standing(ski(2)), Standing::Refused);
    }

    #[test]
    fn a_newer_file_is_called_newer() {
        let newer = br#"{"version":7,"peers":{}}"#;
        assert!(matches!(parse(newer), Err(TrustFileError::Version(7))));
    }

    #[test]
    fn a_full_file_is_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let (file, mut trust) = TrustFile::open(dir.path().join("trust.json")).expect("none yet");
        for n in 0..MAX_TRUSTED as u16 {
            let mut octets = [0; 20];
            octets[18..].copy_from_slice(&n.to_be_bytes());
            trust.trust(Ski::new(octets)).expect("room");
            trust.note_ship_id(Ski::new(octets), &"\"".repeat(63));
        }
        file.save(&trust).expect("saved");
        let (_, read) = TrustFile::open(file.path()).expect("the same");
        assert_eq!(read, trust);
    }

    #[test]
    fn a_huge_file_is_not_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("trust.json");
        std::fs::write(&path, vec![b' '; MAX_SIZE as usize + 1]).expect("written");
        assert!(matches!(TrustFile::open(&path), Err(TrustFileError::Read(_))));
    }
}
