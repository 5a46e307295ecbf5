//! One document in one file: versioned, written whole or not at all, refused when strange.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Error, StateDir};

/// More than any document of ours has.
const MOST: u64 = 64 * 1024;

/// A document that has a file of its own in the state directory.
pub trait Document: DeserializeOwned + Serialize {
    /// The name of its file.
    const FILE: &'static str;
    /// What the file says it is.
    const FORMAT: &'static str;
    /// The version that this program writes.
    const VERSION: u32;
    /// The oldest version that it reads; what that lacks has a default.
    const OLDEST: u32 = Self::VERSION;

    /// Whether the values are possible.
    ///
    /// # Errors
    ///
    /// What is not, as a phrase.
    fn check(&self) -> Result<(), String>;
}

impl StateDir {
    /// Reads a document; `None` if it has never been written.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the file is anything but such a document, [`Error::Io`] if it cannot
    /// be read. The file is left as it is.
    pub fn load<T: Document>(&self) -> Result<Option<T>, Error> {
        let path = self.path().join(T::FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let mut text = String::new();
        let read = file.take(MOST + 1).read_to_string(&mut text);
        read.map_err(Error::io("read", &path))?;
        parse(&text).map(Some).map_err(|why| Error::Refused { path, why })
    }

    /// Writes a document: after a power cut there is the old one or the new one.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; the old document is still there then.
    pub fn save<T: Document>(&self, document: &T) -> Result<(), Error> {
        let path = self.path().join(T::FILE);
        write(&path, &print(document)).map_err(Error::io("write", &path))
    }
}

fn parse<T: Document>(text: &str) -> Result<T, String> {
    if text.len() as u64 > MOST {
        return Err(format!("it is larger than {MOST} bytes"));
    }
    let mut fields: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let format = fields.remove("format");
    if format.as_ref().and_then(Value::as_str) != Some(T::FORMAT) {
        return Err(format!("its format is not \"{}\"", T::FORMAT));
    }
    let version = fields.remove("version");
    let known = u64::from(T::OLDEST)..=T::VERSION.into();
    if !version.as_ref().and_then(Value::as_u64).is_some_and(|version| known.contains(&version)) {
        return Err(format!("its version is not {}", T::VERSION));
    }
    let document: T =
        serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    document.check()?;
    Ok(document)
}

fn print<T: Document>(document: &T) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(document) else {
        unreachable!("a document is a struct of plain fields");
    };
    let mut whole = Map::new();
    whole.insert("format".into(), T::FORMAT.into());
    whole.insert("version".into(), T::VERSION.into());
    whole.extend(fields);
    format!("{:#}\n", Value::Object(whole))
}

/// Writes a file for its owner only: after a power cut there is the old one or the new one.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    // What a power cut left of an earlier attempt.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use ship::Ski;

    use super::super::{Memory, Settings};
    use super::*;

    fn state_dir() -> (tempfile::TempDir, StateDir) {
        let place = tempfile::tempdir().expect("a temporary directory");
        let dir = StateDir::open(place.path()).expect("it is free");
        (place, dir)
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let (_place, dir) = state_dir();
        assert_eq!(dir.load::<Memory>().expect("nothing is wrong"), None);
        let guard = Some(Ski::new([7; 20]));
        let memory = Memory { guard_known: true, guard, next_session: 42 };
        dir.save(&memory).expect("it is written");
        dir.save(&memory).expect("it is written again");
        assert_eq!(dir.load().expect("it is read"), Some(memory));
        let mode = fs::metadata(dir.path().join(Memory::FILE)).expect("it exists").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }

    #[test]
    fn a_memory_from_before_guards_had_names_is_read() {
        let (_place, dir) = state_dir();
        let path = dir.path().join(Memory::FILE);
        let old =
            r#"{"format":"eebus-charger state","version":1,"guard_known":true,"next_session":9}"#;
        fs::write(&path, old).expect("it is written");
        let memory: Memory = dir.load().expect("it is read").expect("it is there");
        assert_eq!(memory, Memory { guard_known: true, guard: None, next_session: 9 });
        dir.save(&memory).expect("it is written");
        assert!(fs::read_to_string(&path).expect("it is there").contains("\"version\": 2"));
        for (strange, expected) in [
            (old.replace(":1,", ":0,"), "its version is not 2"),
            (old.replace(":1,", ":3,"), "its version is not 2"),
            (old.replace(":9", r#":9,"guard":"none""#), "40 hexadecimal digits"),
            (
                old.replace("true", r#"false,"guard":"0707070707070707070707070707070707070707""#),
                "no guard is known",
            ),
        ] {
            fs::write(&path, &strange).expect("it is written");
            let error = dir.load::<Memory>().expect_err("it is strange").to_string();
            assert!(error.contains(expected), "{strange}: {error}");
        }
    }

    #[test]
    fn a_strange_file_is_refused_and_left_as_it_is() {
        let (_place, dir) = state_dir();
        let path = dir.path().join(Settings::FILE);
        let head = r#"{"format":"eebus-charger settings","version":1"#;
        let strange = [
            ("", "EOF"),
            ("\0\0\0", "expected value"),
            ("[]", "invalid type"),
            ("{}", "its format is not"),
            (r#"{"format":"eebus-charger settings","version":2}"#, "its version is not 1"),
            (&format!("{head},\"user_max\":1}}"), "unknown field"),
            (&format!("{head},\"user_max_ma\":5999}}"), "user_max_ma is 5999"),
            (&format!("{head},\"user_max_ma\":-1}}"), "invalid value"),
            (&format!("{head},\"user_max_ma\":1e400}}"), "number out of range"),
            (&format!("{head},\"safe_current_ma\":100}}"), "safe_current_ma is 100"),
            (&" ".repeat(70_000), "larger than"),
        ];
        for (text, expected) in strange {
            fs::write(&path, text).expect("it is written");
            let error = dir.load::<Settings>().expect_err("it is strange").to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
            assert_eq!(fs::read_to_string(&path).expect("it is there"), text);
        }
    }

    #[test]
    fn settings_may_be_written_by_hand() {
        let (_place, dir) = state_dir();
        let text = r#"{"format":"eebus-charger settings","version":1,"safe_current_ma":0}"#;
        fs::write(dir.path().join(Settings::FILE), text).expect("it is written");
        let settings: Settings = dir.load().expect("it is read").expect("it is there");
        assert_eq!(settings, Settings { safe_current_ma: Some(0), user_max_ma: None });
    }
}
