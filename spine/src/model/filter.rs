//! What a filter names: entries by selectors, elements by a tree of names (PS 5.3.4.7, 5.3.4.8).
//!
//! The standard has a structure of its own for the selectors and the elements of every function,
//! 341 in all, and nothing in them that the data do not say already. So there is one type for
//! each: an element filter is a tree of names, and selectors are elements of an entry with the
//! values that they must have, kept as text until they meet an entry.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::fmt;

use eebus_json::{
    Alternative, AnyChoice, Choice, Kind, List, Member, Raw, Reader, Record, Shaped, Target, Value,
    View, record_to_string, to_string,
};

use super::{Function, Payload};

/// The elements that a filter names, as a tree: `[{"timePeriod":[{"endTime":[]}]}]`.
///
/// A name without names below it means the whole element.
#[derive(Clone, Default, PartialEq, Record)]
#[record("elements")]
pub struct Elements {
    /// The names, each with those below it.
    #[choice]
    pub names: Vec<NamedElement>,
}

impl Elements {
    /// The tree of these paths, each from the outermost element inwards.
    ///
    /// ```
    /// use spine::model::Elements;
    ///
    /// let elements = Elements::of(&[&["timePeriod", "endTime"], &["value"]]);
    /// let text = format!("{elements:?}");
    /// assert_eq!(text, r#"elements[{"timePeriod":[{"endTime":[]}]},{"value":[]}]"#);
    /// ```
    pub fn of(paths: &[&[&str]]) -> Self {
        let mut tree = Self::default();
        for path in paths {
            let mut at = &mut tree;
            for name in *path {
                at = at.below_mut(name);
            }
        }
        tree
    }

    /// The names below this one; `None` if it is not named.
    pub fn below(&self, name: &str) -> Option<&Self> {
        self.names.iter().find(|named| &*named.name == name).map(|named| &named.below)
    }

    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn below_mut(&mut self, name: &str) -> &mut Self {
        let i = match self.names.iter().position(|named| &*named.name == name) {
            Some(i) => i,
            None => {
                self.names.push(NamedElement { name: name.into(), below: Self::default() });
                self.names.len() - 1
            }
        };
        &mut self.names[i].below
    }
}

/// A name in a tree of elements.
#[derive(Clone, PartialEq)]
pub struct NamedElement {
    /// The name on the wire.
    pub name: Box<str>,
    /// What of it; nothing means all of it.
    pub below: Elements,
}

/// The element filter of one function: `loadControlLimitDataElements`.
#[derive(Clone, PartialEq)]
pub struct ElementsFilter {
    name: Box<str>,
    /// The elements.
    pub elements: Elements,
}

impl ElementsFilter {
    /// A filter for a function.
    ///
    /// The tree starts at an entry for list functions, at the data for all others.
    pub fn new(function: Function, elements: Elements) -> Self {
        Self { name: format!("{}Elements", entry_name(function)).into(), elements }
    }

    /// The function that the name belongs to, if it is one of ours.
    pub fn function(&self) -> Option<Function> {
        let name = self.name.strip_suffix("Elements")?;
        Function::LIST.iter().copied().find(|function| {
            let function = function.as_str();
            match function.strip_suffix("ListData") {
                Some(stem) => name.strip_suffix("Data") == Some(stem),
                None => name == function,
            }
        })
    }
}

/// The name of what an element filter of the function starts at: `x` in `xElements`.
fn entry_name(function: Function) -> Box<str> {
    let name = function.as_str();
    match name.strip_suffix("ListData") {
        Some(stem) => format!("{stem}Data").into(),
        None => name.into(),
    }
}

/// Selects entries of one function: those that have all of these values.
#[derive(Clone, PartialEq)]
pub struct Selectors {
    name: Box<str>,
    criteria: Criteria,
}

impl Selectors {
    /// Selects the entries of a list that have every value that `entry` has.
    ///
    /// Select by identifiers, and only by those that every entry carries: peers crash on others.
    ///
    /// ```
    /// use spine::model::{LoadControlLimitData, LoadControlLimitId, Selectors};
    ///
    /// let limit = LoadControlLimitId(1);
    /// let one = Selectors::like(&LoadControlLimitData {
    ///     limit_id: Some(limit),
    ///     ..LoadControlLimitData::default()
    /// });
    /// let text = format!("{one:?}");
    /// assert_eq!(text, r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]}"#);
    /// ```
    pub fn like<T>(entry: &T) -> Self
    where
        T: Value + Shaped,
        List<T>: Member<Payload>,
    {
        let function: Function = <List<T> as Member<Payload>>::NAME;
        let raw = Raw::new(&record_to_string(entry)).expect("we wrote it");
        let criteria = Reader::strict().content(&raw).expect("a record is elements with values");
        Self { name: format!("{function}Selectors").into(), criteria }
    }

    /// The function that the name belongs to, if it is one of ours.
    pub fn function(&self) -> Option<Function> {
        self.name.strip_suffix("Selectors").and_then(Function::parse)
    }

    /// What an entry must have: all of these.
    pub fn criteria(&self) -> &[Criterion] {
        &self.criteria.all
    }
}

/// The criteria of selectors, also of nested ones.
#[derive(Clone, Default, PartialEq, Record)]
pub(crate) struct Criteria {
    #[choice]
    pub(crate) all: Vec<Criterion>,
}

/// A value that an element must have, or the interval that a time stamp must lie in.
#[derive(Clone, PartialEq)]
pub struct Criterion {
    /// The name of the element.
    pub name: Box<str>,
    /// The value, as it came.
    pub value: Raw,
}

/// A choice whose alternatives are all the names of one ending.
macro_rules! named {
    ($type:ident, $takes:expr, $new:expr, $content:ident) => {
        impl Choice for $type {
            const ALTERNATIVES: &'static [Alternative] = &[];

            fn pick(name: &str) -> Option<Self> {
                let takes: fn(&str) -> bool = $takes;
                let new: fn(Box<str>) -> Self = $new;
                takes(name).then(|| new(name.into()))
            }
        }

        impl AnyChoice for $type {
            fn name(&self) -> &str {
                &self.name
            }

            fn is_known(&self) -> bool {
                true
            }

            fn content(&self) -> View<'_> {
                Value::view(&self.$content)
            }

            fn content_mut(&mut self) -> Target<'_> {
                Value::target(&mut self.$content)
            }
        }

        impl Value for $type {
            const KIND: Kind = Kind::Choice(<Self as Choice>::ALTERNATIVES);

            fn blank() -> Self {
                let new: fn(Box<str>) -> Self = $new;
                new(Box::default())
            }

            fn view(&self) -> View<'_> {
                View::Choice(self)
            }

            fn target(&mut self) -> Target<'_> {
                self.content_mut()
            }
        }

        /// As on the wire.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&to_string(self))
            }
        }
    };
}

named!(NamedElement, |_| true, |name| Self { name, below: Elements::default() }, below);
named!(
    ElementsFilter,
    |name| name.ends_with("Elements"),
    |name| Self { name, elements: Elements::default() },
    elements
);
named!(
    Selectors,
    |name| name.ends_with("Selectors"),
    |name| Self { name, criteria: Criteria::default() },
    criteria
);
named!(Criterion, |_| true, |name| Self { name, value: Raw::blank() }, value);
