//! Broken devices: small distortions between a device and the tool.
//!
//! A case that passes on a good device proves little; it has to fail on a bad one. Each row of
//! [`ALL`] makes any device break one rule, by changing, losing or adding messages on their way.
//! Every row has to make at least one case fail, and a coverage run names the cases that no row
//! ever made fail.

mod table;

use core::fmt;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::device::{Action, Look};
use crate::tester::link::{Bend, Passing, straight};
use crate::tester::wire::View;

pub use table::ALL;

/// One way to be broken.
#[derive(Clone, Copy)]
pub struct Broken {
    /// Its name in reports.
    pub name: &'static str,
    /// What such a device does.
    pub what: &'static str,
    fails: &'static [&'static str],
    make: fn() -> Distortion,
}

impl Broken {
    /// Whether a case is meant to fail on such a device.
    pub fn fails(&self, id: &str) -> bool {
        self.fails.iter().any(|first_letters| id.starts_with(first_letters))
    }

    /// The distortion, in its first state.
    pub fn distortion(&self) -> Distortion {
        (self.make)()
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What lies between a device and the tool.
pub struct Distortion {
    /// What becomes of messages.
    pub(crate) bend: Bend,
    /// What becomes of what one sees.
    sight: Option<Sight>,
    /// What happens to the device and has no effect on it.
    ignores: fn(&Action) -> bool,
    /// Forged certificates pass.
    pub(crate) takes_forged: bool,
}

type Sight = Box<dyn FnMut(Look, Vec<u32>) -> Vec<u32> + Send>;

impl Distortion {
    /// Nothing is distorted.
    pub fn none() -> Self {
        Self { bend: straight(), sight: None, ignores: |_| false, takes_forged: false }
    }

    fn messages(bend: impl FnMut(Passing) -> Vec<Passing> + Send + 'static) -> Self {
        Self { bend: Arc::new(Mutex::new(bend)), ..Self::none() }
    }

    fn sight(sight: impl FnMut(Look, Vec<u32>) -> Vec<u32> + Send + 'static) -> Self {
        Self { sight: Some(Box::new(sight)), ..Self::none() }
    }

    /// What happens to the device has no effect on it.
    fn ignores(ignores: fn(&Action) -> bool) -> Self {
        Self { ignores, ..Self::none() }
    }

    /// Every certificate passes, whatever it claims.
    fn forged_certificates() -> Self {
        Self { takes_forged: true, ..Self::none() }
    }

    /// The device writes something else: what `change` makes of its text, if anything.
    fn rewrites(change: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        Self::messages(move |passing| match passing {
            Passing::FromDevice(octets) => match text(&octets).and_then(&change) {
                Some(changed) => {
                    vec![Passing::FromDevice([&octets[..1], changed.as_bytes()].concat())]
                }
                None => vec![Passing::FromDevice(octets)],
            },
            other => vec![other],
        })
    }

    /// The device never sends what fits.
    fn never_sends(fits: impl Fn(&str) -> bool + Send + 'static) -> Self {
        Self::messages(move |passing| match passing {
            Passing::FromDevice(octets) if text(&octets).is_some_and(&fits) => vec![],
            other => vec![other],
        })
    }

    /// The device does not hear what fits.
    fn never_hears(fits: impl Fn(&str) -> bool + Send + 'static) -> Self {
        Self::messages(move |passing| match passing {
            Passing::ToDevice(octets) if text(&octets).is_some_and(&fits) => vec![],
            other => vec![other],
        })
    }

    /// The device understands something else: what `change` makes of the text, if anything.
    fn mishears(change: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        Self::messages(move |passing| match passing {
            Passing::ToDevice(octets) => match text(&octets).and_then(&change) {
                Some(changed) => {
                    vec![Passing::ToDevice([&octets[..1], changed.as_bytes()].concat())]
                }
                None => vec![Passing::ToDevice(octets)],
            },
            other => vec![other],
        })
    }

    /// The device sends a result nobody asked for: the number that `gives` has for a message. The
    /// message itself arrives if `and_hears`.
    fn answers(
        gives: impl Fn(&Overheard) -> Option<u64> + Send + 'static,
        and_hears: bool,
    ) -> Self {
        Self::messages(move |passing| match &passing {
            Passing::ToDevice(octets) => {
                let overheard = Overheard::read(octets);
                let number = overheard.as_ref().and_then(&gives);
                match overheard.zip(number) {
                    Some((overheard, number)) => {
                        let result = Passing::FromDevice(overheard.result(number));
                        if and_hears { vec![passing, result] } else { vec![result] }
                    }
                    None => vec![passing],
                }
            }
            _ => vec![passing],
        })
    }

    pub(crate) fn lets_through(&self, action: &Action) -> bool {
        !(self.ignores)(action)
    }

    pub(crate) fn look(&mut self, look: Look, seen: Vec<u32>) -> Vec<u32> {
        match &mut self.sight {
            Some(sight) => sight(look, seen),
            None => seen,
        }
    }
}

/// The text of a message behind its type octet.
fn text(octets: &[u8]) -> Option<&str> {
    core::str::from_utf8(octets.get(1..)?).ok()
}

/// A datagram of the tool on its way to the device.
struct Overheard {
    header: Value,
    text: String,
}

impl Overheard {
    fn read(octets: &[u8]) -> Option<Self> {
        let [2, text @ ..] = octets else { return None };
        let root: Value = serde_json::from_slice(text).ok()?;
        let datagram = View(root.get("data")?).at("payload")?.0.get("datagram")?;
        let header = View(datagram).at("header")?.0.clone();
        Some(Self { header, text: String::from_utf8_lossy(text).into_owned() })
    }

    fn header(&self) -> View<'_> {
        View(&self.header)
    }

    fn is(&self, classifier: &str) -> bool {
        self.header().text("cmdClassifier") == Some(classifier)
    }

    fn wants_ack(&self) -> bool {
        self.header().flag("ackRequest") == Some(true)
    }

    fn counter(&self) -> u64 {
        self.header().number("msgCounter").unwrap_or_default()
    }

    /// The device's result for it. Its counter is one that the device itself never reaches.
    fn result(&self, number: u64) -> Vec<u8> {
        let element = |name| self.header().at(name).map(|view| view.to_string());
        let source = element("addressDestination").unwrap_or_default();
        let destination = element("addressSource").unwrap_or_default();
        let reference = self.counter();
        let counter = 9_000_000 + reference;
        let text = format!(
            r#"{{"data":[{{"header":[{{"protocolId":"ee1.0"}}]}},{{"payload":{{"datagram":[{{"header":[{{"specificationVersion":"1.3.0"}},{{"addressSource":{source}}},{{"addressDestination":{destination}}},{{"msgCounter":{counter}}},{{"msgCounterReference":{reference}}},{{"cmdClassifier":"result"}}]}},{{"payload":[{{"cmd":[[{{"resultData":[{{"errorNumber":{number}}}]}}]]}}]}}]}}}}]}}"#
        );
        [&[2], text.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cases::Procedure;

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let names: BTreeSet<_> = ALL.iter().map(|broken| broken.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn every_row_is_meant_for_cases_that_exist() {
        let ids: Vec<_> = crate::cases::all().iter().map(Procedure::id).collect();
        for broken in ALL {
            assert!(!broken.fails.is_empty(), "{}", broken.name);
            for letters in broken.fails {
                assert!(ids.iter().any(|id| id.starts_with(letters)), "{}: {letters}", broken.name);
            }
        }
    }

    #[test]
    fn a_result_goes_back_where_the_message_came_from() {
        let message = br#"_{"data":[{"header":[]},{"payload":{"datagram":[{"header":[{"addressSource":[{"entity":[1]},{"feature":2}]},{"addressDestination":[{"entity":[0]},{"feature":0}]},{"msgCounter":7},{"cmdClassifier":"read"}]},{"payload":[]}]}}]}"#;
        let mut octets = message.to_vec();
        octets[0] = 2;
        let overheard = Overheard::read(&octets).expect("a datagram");
        assert!(overheard.is("read") && !overheard.wants_ack());
        let answer = Overheard::read(&overheard.result(6)).expect("a datagram");
        assert_eq!(answer.header().number("msgCounterReference"), Some(7));
        assert_eq!(answer.header().number("addressDestination.feature"), Some(2));
    }
}
