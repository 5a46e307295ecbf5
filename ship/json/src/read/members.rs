//! The elements of a record: an array of objects, or one object.

use alloc::boxed::Box;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::value::Seed;
use super::{Context, Outcome};
use crate::{Chosen, Record, Rule};

/// The elements of a record: an array of objects, or one object.
pub(super) struct Members<'t, 'c> {
    pub(super) record: &'t mut dyn Record,
    cx: &'c Context,
    /// The element that is probably next.
    hint: usize,
    /// Which elements have been read.
    seen: u64,
    /// Objects read directly, and inner arrays.
    objects: usize,
    arrays: usize,
}

impl<'t, 'c> Members<'t, 'c> {
    pub(super) fn new(record: &'t mut dyn Record, cx: &'c Context) -> Self {
        Self { record, cx, hint: 0, seen: 0, objects: 0, arrays: 0 }
    }

    /// Reads the members of one object; says how many keys it had.
    pub(super) fn keys<'de, A: MapAccess<'de>>(&mut self, map: &mut A) -> Result<usize, A::Error> {
        let mut keys = 0;
        while let Some(found) = map.next_key_seed(Key(self))? {
            keys += 1;
            match found {
                Found::Element(i) => self.element(i, map)?,
                Found::Other(name) => self.other(&name, map)?,
            }
        }
        Ok(keys)
    }

    pub(super) fn element<'de, A: MapAccess<'de>>(
        &mut self,
        i: usize,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let cx = self.cx;
        let element = &self.record.shape().elements[i];
        let bit = 1_u64 << (i & 63);
        let before = cx.mark();
        if self.seen & bit != 0 && !element.is_repeated {
            let mut again = self.record.slot(i).fresh();
            if map.next_value_seed(Seed { target: again.target(), cx })? == Outcome::Absent {
                again.clear();
            }
            if self.record.slot(i).same(&*again) {
                cx.mind(Rule::Form);
            } else {
                cx.fault(Rule::Duplicate);
            }
        } else {
            if i < self.hint && self.seen >> i != 0 {
                cx.mind(Rule::Order);
            }
            let slot = self.record.slot_mut(i);
            if map.next_value_seed(Seed { target: slot.target(), cx })? == Outcome::Absent {
                slot.clear();
            }
        }
        cx.trace(|| element.name.into());
        cx.unmark(before);
        self.seen |= bit;
        self.hint = i + 1;
        Ok(())
    }

    /// An inline choice, or an element that we do not know.
    pub(super) fn other<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let cx = self.cx;
        match self.record.choose(name) {
            Chosen::Here(target) => {
                let before = cx.mark();
                map.next_value_seed(Seed { target, cx })?;
                cx.trace(|| name.into());
                cx.unmark(before);
            }
            Chosen::Twice => {
                map.next_value::<IgnoredAny>()?;
                let before = cx.mark();
                cx.fault(Rule::Duplicate);
                cx.trace(|| name.into());
                cx.unmark(before);
            }
            Chosen::No => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = Outcome;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the elements of a record")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Outcome, A::Error> {
        while seq.next_element_seed(Member { members: &mut self, nested: false })?.is_some() {}
        if self.arrays > 1 || (self.arrays == 1 && self.objects > 0) {
            self.cx.fault(Rule::Type);
            return Ok(Outcome::Absent);
        }
        Ok(Outcome::Set)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Outcome, A::Error> {
        self.keys(&mut map)?;
        Ok(Outcome::Set)
    }
}

/// One item of the array that stands for a record.
struct Member<'m, 't, 'c> {
    members: &'m mut Members<'t, 'c>,
    nested: bool,
}

impl Member<'_, '_, '_> {
    fn misplaced(&self) {
        self.members.cx.fault(Rule::Type);
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with one key")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if !self.nested {
            self.members.objects += 1;
        }
        if self.members.keys(&mut map)? != 1 {
            self.members.cx.mind(Rule::Form);
        }
        Ok(())
    }

    /// A record wrapped in one array too many.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.members.cx.mind(Rule::Form);
        if self.nested {
            self.members.cx.fault(Rule::Type);
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        self.members.arrays += 1;
        while seq.next_element_seed(Member { members: self.members, nested: true })?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.members.cx.mind(Rule::Form);
        Ok(())
    }

    misplaced!((), (), visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, visit_str: &str);
}

/// A key: looked up where it is read, so that a known one needs no copy.
pub(super) struct Key<'m, 't, 'c>(pub(super) &'m Members<'t, 'c>);

pub(super) enum Found {
    Element(usize),
    Other(Box<str>),
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_, '_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_, '_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Found, E> {
        let found = self.0.record.shape().find(name, self.0.hint);
        Ok(found.map_or_else(|| Found::Other(name.into()), Found::Element))
    }
}
