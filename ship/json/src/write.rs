//! The strict writer: one serialiser over a view.

use alloc::string::String;
use core::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::{AnyChoice, Items, Num, Raw, Record, View};

/// The JSON text of a root: an object with one key.
pub fn to_string(root: &dyn AnyChoice) -> String {
    text(&Root(root))
}

/// The JSON text of a root as a raw value, for a message that carries it as a whole.
pub fn to_raw(root: &dyn AnyChoice) -> Raw {
    let text = serde_json::value::to_raw_value(&Root(root));
    Raw(text.expect("keys are text and a string takes all of it"))
}

/// The JSON text of a record's elements, without its name.
pub fn record_to_string(record: &dyn Record) -> String {
    text(&Out(View::Record(record)))
}

/// Writes a record as logs show it: its name, and what is set, as on the wire.
pub fn debug(record: &dyn Record, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}{}", record.shape().name, record_to_string(record))
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("keys are text and a string takes all of it")
}

struct Root<'a>(&'a dyn AnyChoice);

impl Serialize for Root<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        single(serializer, self.0.name(), self.0.content())
    }
}

/// An object with one key.
struct Single<'a>(&'a str, View<'a>);

impl Serialize for Single<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &Borrowed(&self.1))?;
        map.end()
    }
}

fn single<S: Serializer>(serializer: S, name: &str, view: View<'_>) -> Result<S::Ok, S::Error> {
    Single(name, view).serialize(serializer)
}

struct Out<'a>(View<'a>);

impl Serialize for Out<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Borrowed(&self.0).serialize(serializer)
    }
}

struct Borrowed<'a>(&'a View<'a>);

impl Serialize for Borrowed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            View::Bool(value) => serializer.serialize_bool(*value),
            View::Number(Num::Unsigned(n)) => serializer.serialize_u64(*n),
            View::Number(Num::Signed(n)) => serializer.serialize_i64(*n),
            View::Text(text) => serializer.serialize_str(text),
            View::Record(record) => elements(*record, serializer),
            View::List(items) => list(*items, serializer),
            View::Choice(choice) => single(serializer, choice.name(), choice.content()),
            View::Raw(raw) => raw.0.serialize(serializer),
            View::Tag | View::Absent => serializer.serialize_seq(Some(0))?.end(),
        }
    }
}

fn elements<S: Serializer>(record: &dyn Record, serializer: S) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(None)?;
    for (i, element) in record.shape().elements.iter().enumerate() {
        match record.slot(i).view() {
            View::Absent => {}
            View::List(items) if element.is_inline => {
                for i in 0..items.len() {
                    seq.serialize_element(&Out(items.view(i)))?;
                }
            }
            // A choice writes its own name.
            view if element.is_inline => seq.serialize_element(&Out(view))?,
            view => seq.serialize_element(&Single(element.name, view))?,
        }
    }
    seq.end()
}

fn list<S: Serializer>(items: &dyn Items, serializer: S) -> Result<S::Ok, S::Error> {
    let mut seq = serializer.serialize_seq(Some(items.len()))?;
    for i in 0..items.len() {
        seq.serialize_element(&Out(items.view(i)))?;
    }
    seq.end()
}
