//! The items of a repeated element.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::members::{Found, Key, Members};
use super::value::{Seed, text};
use super::{Context, Outcome};
use crate::{Items, Kind, Rule, Target};

/// No type of the standard has more elements; it bounds the search for a key that returns.
const MOST_ELEMENTS: usize = 32;

/// The items of a repeated element.
///
/// Objects whose own arrays were left out are ambiguous: one item each if a key returns, one
/// item altogether if each object has one key and no two are the same.
pub(super) fn read_items<'de, A: SeqAccess<'de>>(
    items: &mut dyn Items,
    cx: &Context,
    mut seq: A,
) -> Result<Outcome, A::Error> {
    let start = items.len();
    let mut loose = Some(Vec::new());
    let mut position = 0_usize;
    loop {
        let before = cx.mark();
        let Some(item) = seq.next_element_seed(Item { items: &mut *items, cx })? else {
            cx.unmark(before);
            break;
        };
        cx.trace(|| format!("[{position}]"));
        cx.unmark(before);
        position += 1;
        match (item, &mut loose) {
            // An entry has a dozen elements: more keys are more entries.
            (ItemForm::Loose(Some(key)), Some(keys))
                if keys.len() < MOST_ELEMENTS && !keys.contains(&key) =>
            {
                keys.push(key);
            }
            _ => loose = None,
        }
    }
    if loose.is_some_and(|keys| keys.len() > 1) {
        fold(items, start);
    }
    Ok(Outcome::Set)
}

/// Makes one item of those that hold one element each.
fn fold(items: &mut dyn Items, start: usize) {
    for i in start + 1..items.len() {
        for slot in 0..items.record(i).map_or(0, |record| record.shape().elements.len()) {
            let Some(mut moved) = items.record(i).map(|record| record.slot(slot).fresh()) else {
                return;
            };
            if let Some(record) = items.record_mut(i) {
                record.slot_mut(slot).swap(&mut *moved);
            }
            if let Some(record) = items.record_mut(start)
                && moved.is_set()
            {
                record.slot_mut(slot).swap(&mut *moved);
            }
        }
    }
    items.truncate(start + 1);
}

struct Item<'i, 'c> {
    items: &'i mut dyn Items,
    cx: &'c Context,
}

enum ItemForm {
    /// As the standard has it.
    Proper,
    /// An object without its array; its key if there is exactly one.
    Loose(Option<String>),
}

impl Item<'_, '_> {
    fn misplaced(&self) {
        self.cx.fault(Rule::Type);
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_, '_> {
    type Value = ItemForm;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ItemForm, D::Error> {
        if matches!(self.items.kind(), Kind::Record(_)) {
            return deserializer.deserialize_any(self);
        }
        let before = self.items.len();
        let target = self.items.push();
        if (Seed { target, cx: self.cx }).deserialize(deserializer)? == Outcome::Absent {
            self.items.truncate(before);
        }
        Ok(ItemForm::Proper)
    }
}

impl<'de> Visitor<'de> for Item<'_, '_> {
    type Value = ItemForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item of a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<ItemForm, A::Error> {
        let before = self.items.len();
        let target = self.items.push();
        if (Seed { target, cx: self.cx }).visit_seq(seq)? == Outcome::Absent {
            self.items.truncate(before);
        }
        Ok(ItemForm::Proper)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ItemForm, A::Error> {
        self.cx.mind(Rule::Form);
        let Target::Record(record) = self.items.push() else {
            return Err(A::Error::custom("a record shows a record"));
        };
        let mut members = Members::new(record, self.cx);
        let mut only = None;
        let mut keys = 0_usize;
        while let Some(found) = map.next_key_seed(Key(&members))? {
            keys += 1;
            match found {
                Found::Element(i) => {
                    only = Some(members.record.shape().elements[i].name.into());
                    members.element(i, &mut map)?;
                }
                Found::Other(name) => {
                    members.other(&name, &mut map)?;
                    only = Some(name.into());
                }
            }
        }
        Ok(ItemForm::Loose(only.filter(|_| keys == 1)))
    }

    fn visit_unit<E>(self) -> Result<ItemForm, E> {
        self.cx.mind(Rule::Form);
        Ok(ItemForm::Proper)
    }

    misplaced!(ItemForm, ItemForm::Proper, visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64);

    fn visit_str<E>(self, word: &str) -> Result<ItemForm, E> {
        let before = self.items.len();
        if text(self.items.push(), self.cx, word) == Outcome::Absent {
            self.items.truncate(before);
        }
        Ok(ItemForm::Proper)
    }
}
