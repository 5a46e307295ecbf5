//! The tables of the page have a text for everything that the charger can say (CH-302).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use eebus_charger::core::fault::Fault;
use eebus_charger::core::limits::{OpevReason, Reason, Source};
use eebus_charger::core::state::ChargeState;

/// The keys of the catalogue.
fn keys() -> BTreeSet<String> {
    let catalogue = contents("i18n/en", "ftl");
    let lines = catalogue.lines().filter_map(|line| line.split_once(" ="));
    let keys = lines.map(|(key, _)| key).filter(|key| key.starts_with(|c: char| c.is_alphabetic()));
    keys.map(Into::into).collect()
}

/// Everything in double quotes in what the page is made of.
fn quoted() -> BTreeSet<String> {
    let sources = contents("", "js") + &contents("", "html");
    let lines = sources.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2)).map(Into::into).collect()
}

fn contents(folder: &str, extension: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(folder);
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).expect("it is text")).collect()
}

/// Keys come in families, such as `limit-...`: what is called like a member has to be one.
#[test]
fn ch_302_what_looks_like_a_key_is_one() {
    let keys = keys();
    let family = |key: &str| key.split_once('-').map(|(family, _)| family.to_owned());
    let families: BTreeSet<String> = keys.iter().filter_map(|key| family(key)).collect();
    assert!(families.contains("limit") && families.contains("fault"), "{families:?}");
    let is_word = |word: &str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let is_relative = |word: &str| family(word).is_some_and(|family| families.contains(&family));
    let looks = quoted().into_iter().filter(|word| is_word(word) && is_relative(word));
    let missing: Vec<_> = looks.filter(|word| !keys.contains(word)).collect();
    assert_eq!(missing, [""; 0]);
}

/// What the charger can say has a row in the tables of the page.
#[test]
fn ch_302_every_state_source_reason_and_fault_has_its_words() {
    let scripts = contents("", "js");
    for state in ChargeState::ALL {
        let name = state.meaning().name;
        assert!(scripts.contains(&format!("case \"{name}\":")), "{name}");
    }
    let sources = Source::ALL.map(Source::id);
    let reasons = REASONS.map(Reason::id);
    let faults = FAULTS.map(Fault::code);
    for row in sources.iter().chain(&reasons).chain(&faults) {
        assert!(scripts.contains(&format!("\n  {row}: {{ ")), "{row}");
    }
}

const FAULTS: [Fault; 3] = [Fault::VentilationRequired, Fault::EvErrorState, Fault::BoardCommLost];

const REASONS: [Reason; 10] = [
    Reason::Hardware,
    Reason::Fault(Fault::BoardCommLost),
    Reason::Supply,
    Reason::Opev(OpevReason::Limit),
    Reason::Opev(OpevReason::NotYetHeard),
    Reason::Opev(OpevReason::Lost),
    Reason::Opev(OpevReason::Failed),
    Reason::Opev(OpevReason::NotRenewed),
    Reason::UserMax,
    Reason::Paused,
];

/// Does not compile with a reason or fault that is not listed above.
const _: fn(Reason) = |reason| match reason {
    Reason::Hardware | Reason::Supply | Reason::UserMax | Reason::Paused => {}
    Reason::Fault(fault) => match fault {
        Fault::VentilationRequired | Fault::EvErrorState | Fault::BoardCommLost => {}
    },
    Reason::Opev(opev) => match opev {
        OpevReason::Limit | OpevReason::NotYetHeard | OpevReason::Lost => {}
        OpevReason::Failed | OpevReason::NotRenewed => {}
    },
};
