//! Arbitrary values of any type, for tests: octets in, a value out.
//!
//! A fuzzer supplies the octets and a property test random ones, so that no type needs a strategy
//! of its own.
//!
//! ```
//! use eebus_json::{Reader, Record, any::Source, record_to_string};
//!
//! #[derive(Clone, Default, PartialEq, Record)]
//! struct Version {
//!     major: Option<u16>,
//!     minor: Option<u16>,
//! }
//!
//! let version: Version = Source::new(&[1, 0, 7, 1, 0, 3]).value();
//! assert_eq!(record_to_string(&version), r#"[{"major":7},{"minor":3}]"#);
//! ```

use alloc::format;
use alloc::string::String;

use crate::{Choice, Chosen, Items, Kind, Num, Raw, Record, Shape, Target, Value};

/// Octets that become values; when they are used up, the rest stays unset.
#[derive(Debug)]
pub struct Source<'a> {
    octets: &'a [u8],
    is_identified: bool,
    without_brackets: bool,
    elements: usize,
    set: usize,
}

/// What texts are made of: everything that JSON has to escape or that looks like JSON.
const LETTERS: [char; 20] = [
    'a',
    'Z',
    '7',
    ' ',
    '.',
    '_',
    '"',
    '\\',
    ':',
    ',',
    '\n',
    '\u{7f}',
    'é',
    '\u{1f697}',
    '\0',
    '/',
    '[',
    ']',
    '{',
    '}',
];
const BRACKETS: usize = 4;

/// Texts that types with a syntax of their own understand.
const FORMED: [&str; 8] = [
    "PT2H",
    "-P1DT0.5S",
    "P2W",
    "2026-05-04T10:00:00Z",
    "2026-05-04T24:00:00+02:00",
    "12:30:00",
    "0A1B",
    "d:_n:Example_1",
];

impl<'a> Source<'a> {
    /// Values from these octets.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { octets, is_identified: false, without_brackets: false, elements: 0, set: 0 }
    }

    /// Entries of lists carry all of their identifiers, and no two the same.
    #[must_use]
    pub const fn identified(self) -> Self {
        Self { is_identified: true, ..self }
    }

    /// No text contains a bracket or brace.
    #[must_use]
    pub const fn without_brackets(self) -> Self {
        Self { without_brackets: true, ..self }
    }

    /// How many elements have been set so far, of how many that there were.
    pub const fn filled(&self) -> (usize, usize) {
        (self.set, self.elements)
    }

    /// The octets that have not been used.
    pub const fn rest(&self) -> &'a [u8] {
        self.octets
    }

    /// A number below `n`; 0 when the octets are used up.
    pub fn below(&mut self, n: usize) -> usize {
        let wide = if n > 256 { self.octet() << 8 } else { 0 };
        (wide | self.octet()) % n.max(1)
    }

    /// A value of a type.
    pub fn value<T: Value>(&mut self) -> T {
        let mut value = T::blank();
        self.target(value.target(), T::KIND, 0);
        value
    }

    /// A choice, any of its alternatives.
    pub fn choice<C: Choice>(&mut self) -> C {
        let alternative = &C::ALTERNATIVES[self.below(C::ALTERNATIVES.len())];
        let mut choice = C::pick(alternative.name).expect("a name of the choice");
        self.target(choice.content_mut(), alternative.kind, 0);
        choice
    }

    /// Fills a record.
    pub fn fill(&mut self, record: &mut dyn Record) {
        self.entry(record, 0);
    }

    fn octet(&mut self) -> usize {
        let Some((&first, rest)) = self.octets.split_first() else { return 0 };
        self.octets = rest;
        first.into()
    }

    fn entry(&mut self, record: &mut dyn Record, number: usize) {
        let shape: &'static Shape = record.shape();
        for (i, element) in shape.elements.iter().enumerate() {
            self.elements += 1;
            if element.is_inline {
                self.inline(record, element.kind);
            } else if element.is_key && self.is_identified {
                identify(record.slot_mut(i).target(), element.kind, number);
            } else if self.below(3) != 0 {
                let slot = record.slot_mut(i);
                let is_set = match slot.target() {
                    Target::List(items) => self.items(items, element.kind),
                    target => self.target(target, element.kind, number),
                };
                if !is_set {
                    slot.clear();
                }
            }
            self.set += usize::from(record.slot(i).is_set());
        }
    }

    fn inline(&mut self, record: &mut dyn Record, kind: Kind) {
        let Kind::Choice(alternatives @ [_, ..]) = kind else { return };
        if self.below(3) == 0 {
            return;
        }
        let alternative = &alternatives[self.below(alternatives.len())];
        if let Chosen::Here(target) = record.choose(alternative.name) {
            self.target(target, alternative.kind, 0);
        }
    }

    /// One to four items; equal identifiers are kept apart by where the items stand.
    fn items(&mut self, items: &mut dyn Items, kind: Kind) -> bool {
        let first = self.below(3);
        for number in first..=first + self.below(4) {
            let before = items.len();
            if !self.target(items.push(), kind, number) {
                items.truncate(before);
            }
        }
        !items.is_empty()
    }

    fn target(&mut self, target: Target<'_>, kind: Kind, number: usize) -> bool {
        match target {
            Target::Bool(place) => *place = self.below(2) == 0,
            Target::Number(place) => {
                let n = self.number();
                return place.set(n) || place.set(Num::Unsigned(1));
            }
            Target::Text(place) => {
                let text = self.text(kind);
                return place.set_text(&text);
            }
            Target::Record(inner) => self.entry(inner, number),
            Target::List(items) => return self.items(items, kind),
            Target::Raw(raw) => *raw = Raw::new("[{\"a\":1}]").expect("JSON"),
            Target::Tag => {}
        }
        true
    }

    /// Mostly small; sometimes the ends of what 8, 16, 32 and 64 bits hold.
    fn number(&mut self) -> Num {
        let bits = [8, 16, 32, 64];
        match self.below(8) {
            0..=4 => Num::Unsigned(self.below(256) as u64),
            5 => Num::from(-(self.below(256) as i64)),
            6 => Num::Unsigned(u64::MAX >> (64 - bits[self.below(4)])),
            _ => Num::from(i64::MIN >> (64 - bits[self.below(4)])),
        }
    }

    fn text(&mut self, kind: Kind) -> String {
        if let Kind::Word { words, open } = kind {
            return match self.below(words.len() + usize::from(open)) {
                i if i < words.len() => words[i].into(),
                _ => "_n:Example_word".into(),
            };
        }
        if self.below(3) == 0 {
            return FORMED[self.below(FORMED.len())].into();
        }
        let letters = LETTERS.len() - if self.without_brackets { BRACKETS } else { 0 };
        (0..self.below(7)).map(|_| LETTERS[self.below(letters)]).collect()
    }
}

/// Gives an identifier its value.
fn identify(target: Target<'_>, kind: Kind, number: usize) {
    let is_set = match (target, kind) {
        (Target::Number(place), _) => place.set(Num::Unsigned(number as u64)),
        (Target::Text(place), Kind::Word { words, .. }) => {
            place.set_text(words[number % words.len()])
        }
        (Target::Text(place), _) => place.set_text(&format!("id {number}")),
        (Target::Record(inner), Kind::Record(shape)) => {
            for (i, element) in shape.elements.iter().enumerate() {
                identify(inner.slot_mut(i).target(), element.kind, number);
            }
            true
        }
        (Target::List(items), kind) => {
            identify(items.push(), kind, number);
            true
        }
        _ => false,
    };
    assert!(is_set, "an identifier");
}
