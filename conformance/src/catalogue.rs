//! The official test cases, as data: what there is to pass.
//!
//! The lists live in `catalogue/` next to this crate's sources, one file per suite. Whether a case
//! is implemented, and whether it passes, is not written there: a run finds out.

use core::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

/// One of the official test suites.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Suite {
    /// EEBUS SHIP Test Specification 1.0.0.
    Ship,
    /// EEBUS SPINE Test Specification 1.0.0.
    Spine,
    /// The test specifications of LPC, LPP, MPC and MGCP.
    Grid,
    /// EV charging: the use cases between a charging station and an energy manager.
    EMobility,
}

impl Suite {
    /// All of them, in the order of the reports.
    pub const ALL: [Self; 4] = [Self::Ship, Self::Spine, Self::Grid, Self::EMobility];

    /// Its name in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ship => "ship",
            Self::Spine => "spine",
            Self::Grid => "grid",
            Self::EMobility => "e-mobility",
        }
    }

    /// Every case of the suite, in the order of its document.
    pub fn entries(self) -> &'static [Entry] {
        static LISTS: LazyLock<[Vec<Entry>; 4]> = LazyLock::new(|| {
            [
                include_str!("../catalogue/ship.json"),
                include_str!("../catalogue/spine.json"),
                include_str!("../catalogue/grid.json"),
                include_str!("../catalogue/e-mobility.json"),
            ]
            .map(|text| serde_json::from_str(text).expect("the lists are part of this crate"))
        });
        &LISTS[self as usize]
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One official case: what it is called and what it asks for.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// The official identifier, such as `TC_SHIP_HELLO_003`.
    pub id: String,
    /// What it is about, in one line.
    pub title: String,
    /// The use case that it belongs to; none in the protocol suites.
    pub use_case: Option<String>,
    /// The roles or actors that the device under test plays; `any` fits every device.
    pub roles: Vec<String>,
    /// How much weight it has (`mandatory`, `recommended`, `spec`, ...); none where every case
    /// weighs the same.
    pub level: Option<String>,
    /// The requirements that it checks.
    pub requirements: Vec<String>,
    /// What the parameter sheet of the device has to say for the case to apply or to run.
    pub parameters: Vec<String>,
}

/// The suite and the entry of an identifier.
pub fn find(id: &str) -> Option<(Suite, &'static Entry)> {
    Suite::ALL.into_iter().find_map(|suite| {
        let entry = suite.entries().iter().find(|entry| entry.id == id)?;
        Some((suite, entry))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_official_case_is_listed_once() {
        let sizes = Suite::ALL.map(|suite| suite.entries().len());
        assert_eq!(sizes, [33, 31, 203, 185]);
        let mut ids: Vec<_> = Suite::ALL.iter().flat_map(|s| s.entries()).map(|e| &e.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 33 + 31 + 203 + 185);
    }

    #[test]
    fn every_entry_says_what_it_is_about() {
        for entry in Suite::ALL.iter().flat_map(|suite| suite.entries()) {
            assert!(!entry.title.is_empty() && !entry.roles.is_empty(), "{}", entry.id);
        }
    }

    #[test]
    fn a_case_is_found_by_its_identifier() {
        let (suite, entry) = find("TC_SPINE_DATA_004").expect("it is in the list");
        assert_eq!((suite, entry.title.as_str()), (Suite::Spine, "Match reference counter"));
        assert!(find("TC_SPINE_DATA_999").is_none());
    }
}
