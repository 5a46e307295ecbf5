//! Ordinary JSON, for logs and tools: what most people expect where EEBUS has arrays of objects.

use alloc::string::String;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::{AnyChoice, Items, Num, Raw, Record, Value, View};

/// A value as ordinary JSON: objects with members, lists, and `{}` where being there is all.
///
/// Not what goes over the wire. Use it to hand a value to a tool or to any other format that
/// `serde` knows; a [`Raw`] keeps the form in which it came.
///
/// ```
/// use eebus_json::{Plain, Record, Tag};
///
/// #[derive(Clone, Default, PartialEq, Record)]
/// struct Limit {
///     limit_id: Option<u32>,
///     phases: Vec<u32>,
///     is_active: Option<Tag>,
/// }
///
/// let limit = Limit { limit_id: Some(1), phases: vec![1, 2], is_active: Some(Tag) };
/// let text = Plain::of(&limit).to_string();
/// assert_eq!(text, r#"{"limitId":1,"phases":[1,2],"isActive":{}}"#);
/// ```
pub struct Plain<'a>(View<'a>);

impl<'a> Plain<'a> {
    /// A value of any type: a record, a word, a list.
    pub fn of(value: &'a impl Value) -> Self {
        Self(value.view())
    }

    /// A record whose type is not known here.
    pub fn record(record: &'a dyn Record) -> Self {
        Self(View::Record(record))
    }

    /// A message: an object with one member, its content.
    pub fn root(root: &'a dyn AnyChoice) -> Self {
        Self(View::Choice(root))
    }
}

impl core::fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&text(self))
    }
}

fn text(value: &Plain<'_>) -> String {
    serde_json::to_string(value).expect("keys are text and a string takes all of it")
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            View::Absent => serializer.serialize_none(),
            View::Bool(value) => serializer.serialize_bool(value),
            View::Number(Num::Unsigned(n)) => serializer.serialize_u64(n),
            View::Number(Num::Signed(n)) => serializer.serialize_i64(n),
            View::Text(text) => serializer.serialize_str(text),
            View::Record(record) => members(record, serializer),
            View::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for i in 0..items.len() {
                    seq.serialize_element(&Plain(items.view(i)))?;
                }
                seq.end()
            }
            View::Choice(choice) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(choice.name(), &Plain(choice.content()))?;
                map.end()
            }
            View::Raw(raw) => unread(raw, serializer),
            View::Tag => serializer.serialize_map(Some(0))?.end(),
        }
    }
}

fn members<S: Serializer>(record: &dyn Record, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (i, element) in record.shape().elements.iter().enumerate() {
        match record.slot(i).view() {
            View::Absent => {}
            View::Choice(choice) if element.is_inline => {
                map.serialize_entry(choice.name(), &Plain(choice.content()))?;
            }
            View::List(items) if element.is_inline => chosen(items, &mut map)?,
            view => map.serialize_entry(element.name, &Plain(view))?,
        }
    }
    map.end()
}

/// Several choices in one place. A name that occurs twice is a key that occurs twice: JSON permits
/// it, and only the selectors of a filter do that.
fn chosen<M: SerializeMap>(items: &dyn Items, map: &mut M) -> Result<(), M::Error> {
    for i in 0..items.len() {
        if let View::Choice(choice) = items.view(i) {
            map.serialize_entry(choice.name(), &Plain(choice.content()))?;
        }
    }
    Ok(())
}

fn unread<S: Serializer>(raw: &Raw, serializer: S) -> Result<S::Ok, S::Error> {
    raw.0.serialize(serializer)
}
