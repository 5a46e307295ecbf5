//! Arbitrary data and commands of any function.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use eebus_json::any::Source;
use eebus_json::{Kind, Raw, Reader, Record, Shape, record_to_string, to_string};

use crate::model::{Cmd, Function, Payload};

/// Data of a function.
pub fn payload(source: &mut Source<'_>, function: Function) -> Payload {
    let mut payload = Payload::empty(function);
    source.fill(payload.record_mut().expect("a function of the model"));
    payload
}

/// A command about a function: data, and up to three filters that may make sense with what is
/// stored, or none.
pub fn command(source: &mut Source<'_>, function: Function, stored: &Payload) -> Cmd {
    let filters: Vec<_> = (0..[0, 1, 1, 2, 2, 3][source.below(6)])
        .map(|_| format!("[{}]", filter(source, function, stored)))
        .collect();
    let data = match source.below(4) {
        0 => format!("{{\"{function}\":[]}}"),
        _ => to_string(&payload(source, function)),
    };
    let text = match filters.as_slice() {
        [] => format!("[{data}]"),
        filters => {
            let filters = filters.join(",");
            format!("[{{\"function\":\"{function}\"}},{{\"filter\":[{filters}]}},{data}]")
        }
    };
    let raw = Raw::new(&text).expect("JSON");
    Reader::tolerant().content(&raw).expect("a command, whatever it means")
}

fn filter(source: &mut Source<'_>, function: Function, stored: &Payload) -> String {
    let control = ["partial", "delete"][source.below(2)];
    let mut parts = vec![format!("{{\"cmdControl\":[{{\"{control}\":[]}}]}}")];
    for _ in 0..source.below(3) {
        let criteria = criteria(source, function, stored);
        parts.push(format!("{{\"{function}Selectors\":{criteria}}}"));
    }
    if source.below(3) == 0 {
        let (name, shape) = match function.entry() {
            Some(entry) if function.as_str().ends_with("ListData") => (entry.name, entry),
            _ => (function.as_str(), function.shape()),
        };
        parts.push(format!("{{\"{name}Elements\":{}}}", elements(source, shape)));
    }
    parts.join(",")
}

/// Some elements of an entry, mostly of one that is there; sometimes an interval of time.
fn criteria(source: &mut Source<'_>, function: Function, stored: &Payload) -> String {
    const INTERVAL: &str =
        r#"[{"timestampInterval":[{"startTime":"2026-05-04T10:00:00Z"},{"endTime":"PT0S"}]}]"#;
    if source.below(8) == 0 {
        return INTERVAL.into();
    }
    let mut like = match source.below(4) {
        0 => payload(source, function),
        _ => stored.clone(),
    };
    let data = like.record_mut().expect("a function of the model");
    let entry = function.entry().and_then(|_| data.slot_mut(0).items_mut()).and_then(|items| {
        let which = source.below(items.len());
        if items.is_empty() { None } else { items.record_mut(which) }
    });
    match entry {
        Some(entry) => some_elements(source, entry),
        None => String::from("[]"),
    }
}

fn some_elements(source: &mut Source<'_>, record: &mut dyn Record) -> String {
    for i in 0..record.shape().elements.len() {
        if source.below(3) != 0 {
            record.slot_mut(i).clear();
        }
    }
    record_to_string(record)
}

/// A tree of names.
fn elements(source: &mut Source<'_>, shape: &'static Shape) -> String {
    let mut parts = Vec::new();
    for element in shape.elements {
        if element.is_inline || source.below(4) != 0 {
            continue;
        }
        let below = match element.kind {
            Kind::Record(inner) if source.below(2) == 0 => elements(source, inner),
            _ => String::from("[]"),
        };
        parts.push(format!("{{\"{}\":{below}}}", element.name));
    }
    format!("[{}]", parts.join(","))
}
