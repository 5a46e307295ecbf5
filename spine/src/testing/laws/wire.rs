//! The wire format: what is written is read, by us and by the peers in the field.

use eebus_json::any::Source;
use eebus_json::{Plain, Reader, to_string};
use serde_json::Value;

use crate::model::{Function, Payload};
use crate::testing::arbitrary::payload;

/// What the strict writer writes is read back as the same, by the strict and the tolerant reader.
pub fn what_is_written_is_read_back(function: Function, octets: &[u8]) {
    let sent = payload(&mut Source::new(octets), function);
    let text = to_string(&sent);
    for reader in [Reader::strict(), Reader::tolerant()] {
        let received: Payload = reader.read(text.as_bytes()).expect(&text);
        assert_eq!(received, sent);
        assert_eq!(to_string(&received), text);
    }
}

/// Stacks in the field read by replacing text, and then as ordinary JSON: `[{` by `{`, `},{` by
/// `,`, `}]` by `}`, `[]` by `{}`. As long as no text holds one of the four, they read what we mean.
pub fn what_is_written_is_read_by_replacement(function: Function, octets: &[u8]) {
    let sent = payload(&mut Source::new(octets).without_brackets(), function);
    let replaced = [("[{", "{"), ("},{", ","), ("}]", "}"), ("[]", "{}")]
        .into_iter()
        .fold(to_string(&sent), |text, (from, to)| text.replace(from, to));
    let read: Value = serde_json::from_str(&replaced).expect(&replaced);
    let meant = serde_json::to_value(Plain::root(&sent)).expect("text keys");
    assert_eq!(read, meant);
}

/// The elements of a structure may come in any order.
pub fn the_order_of_elements_does_not_matter(function: Function, octets: &[u8]) {
    let mut source = Source::new(octets);
    let sent = payload(&mut source, function);
    let mut wire: Value = serde_json::from_str(&to_string(&sent)).expect("JSON");
    shuffle(&mut wire, &mut Source::new(octets));
    let text = serde_json::to_string(&wire).expect("text keys");
    let received: Payload = Reader::tolerant().read(text.as_bytes()).expect(&text);
    assert_eq!(received, sent, "{text}");
}

/// An array of objects is a structure: its elements change places. Others are lists.
fn shuffle(value: &mut Value, source: &mut Source<'_>) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|value| shuffle(value, source)),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| shuffle(item, source));
            if items.iter().all(Value::is_object) {
                for i in (1..items.len()).rev() {
                    items.swap(i, source.below(i + 1));
                }
            }
        }
        _ => {}
    }
}
