//! What outlives the program: one directory, one process, a few small files.
//!
//! Every file names its format and version, is written whole or not at all, and is refused when
//! it does not read as written: a charger that guesses its settings is worse than one that does
//! not start. A refused file is left as it is.

mod directory;
mod file;
mod notebook;

use std::path::{Path, PathBuf};
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use ship::Ski;

pub use self::directory::{StateDir, create_dir, default_path};
pub use self::file::Document;
pub(crate) use self::file::write;
pub use self::notebook::Notebook;
use crate::core::pilot::LEAST;
use crate::core::session::SessionId;
use crate::core::units::MilliAmps;

/// What a person has set.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The user's own maximum in mA, at least 6,000; no maximum of its own if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_max_ma: Option<u32>,
    /// The current in mA that overloads nothing even if nobody watches the house connection: 0,
    /// or at least 6,000; 6,000 if absent (CH-600).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safe_current_ma: Option<u32>,
}

impl Settings {
    /// The user's own maximum.
    pub fn user_max(&self) -> Option<MilliAmps> {
        self.user_max_ma.map(MilliAmps)
    }

    /// The safe current.
    pub fn safe_current(&self) -> MilliAmps {
        self.safe_current_ma.map_or(LEAST, MilliAmps)
    }
}

impl Document for Settings {
    const FILE: &'static str = "settings.json";
    const FORMAT: &'static str = "eebus-charger settings";
    const VERSION: u32 = 1;

    fn check(&self) -> Result<(), String> {
        let possible = LEAST.0..=80_000;
        match (self.user_max_ma, self.safe_current_ma) {
            (Some(max), _) if !possible.contains(&max) => {
                Err(format!("user_max_ma is {max}, it must lie between 6000 and 80000"))
            }
            (_, Some(safe)) if safe != 0 && !possible.contains(&safe) => {
                Err(format!("safe_current_ma is {safe}, it must be 0 or between 6000 and 80000"))
            }
            _ => Ok(()),
        }
    }
}

/// What the charger has to remember by itself.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// An energy guard has bound the vehicle's limits since commissioning and is not unpaired
    /// (CH-565).
    pub guard_known: bool,
    /// Which one it is, unless an earlier version of this program met it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text")]
    pub guard: Option<Ski>,
    /// The number of the next session.
    pub next_session: u64,
}

impl Memory {
    /// The number of the next session.
    pub fn next(&self) -> SessionId {
        SessionId(self.next_session)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self { guard_known: false, guard: None, next_session: 1 }
    }
}

impl Document for Memory {
    const FILE: &'static str = "state.json";
    const FORMAT: &'static str = "eebus-charger state";
    const VERSION: u32 = 2;
    const OLDEST: u32 = 1;

    fn check(&self) -> Result<(), String> {
        if !self.guard_known
            && let Some(guard) = self.guard
        {
            return Err(format!("its guard is {guard}, and no guard is known"));
        }
        match self.next_session {
            1..=9_007_199_254_740_991 => Ok(()),
            other => Err(format!("next_session is {other}, session numbers start with 1")),
        }
    }
}

/// A SKI as people write it.
mod text {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};
    use ship::Ski;

    pub(super) fn serialize<S: Serializer>(ski: &Option<Ski>, to: S) -> Result<S::Ok, S::Error> {
        ski.map(|ski| ski.to_string()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Ski>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Why the state directory cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Another process uses the directory.
    InUse {
        /// The directory.
        path: PathBuf,
        /// The other process, as far as it says.
        pid: Option<u32>,
    },
    /// A file is not what this program wrote, or of a version that it does not know.
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system refused.
    Io {
        /// What was to be done, as a phrase: `read`.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The platform names no place for state.
    NoDefault,
}

impl Error {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { path, pid: Some(pid) } => {
                write!(f, "{} is in use by another charger (process {pid})", path.display())
            }
            Self::InUse { path, pid: None } => {
                write!(f, "{} is in use by another charger", path.display())
            }
            Self::Refused { path, why } => write!(
                f,
                "{} is refused: {why}; it was left as it is, repair it or move it away",
                path.display()
            ),
            Self::Io { what, path, source } => {
                write!(f, "cannot {what} {}: {source}", path.display())
            }
            Self::NoDefault => {
                f.write_str("this system names no directory for state, give one with --state-dir")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
