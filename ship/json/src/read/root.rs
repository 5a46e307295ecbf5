//! The root of a message: the first of its names that we know.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::value::Seed;
use super::{Context, Outcome};
use crate::{Choice, Rule};

pub(super) struct Root<'p, 'c, C> {
    pub(super) place: &'p mut Option<C>,
    /// The first name that is none of ours.
    pub(super) other: &'p mut Option<Box<str>>,
    pub(super) cx: &'c Context,
}

impl<'de, C: Choice> DeserializeSeed<'de> for Root<'_, '_, C> {
    type Value = Outcome;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Outcome, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, C: Choice> Visitor<'de> for Root<'_, '_, C> {
    type Value = Outcome;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose key names its content")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outcome, A::Error> {
        let cx = self.cx;
        let mut keys = 0;
        while let Some(name) = map.next_key::<String>()? {
            keys += 1;
            let found = if self.place.is_none() { C::pick(&name) } else { None };
            let Some(choice) = found else {
                map.next_value::<IgnoredAny>()?;
                self.other.get_or_insert_with(|| name.chars().take(64).collect());
                continue;
            };
            let target = self.place.insert(choice).content_mut();
            map.next_value_seed(Seed { target, cx })?;
            cx.trace(|| name);
        }
        if keys != 1 {
            cx.mind(Rule::Form);
        }
        Ok(Outcome::Set)
    }

    /// Early stacks wrapped the root in an array.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Outcome, A::Error> {
        self.cx.mind(Rule::Form);
        let Self { place, other, cx } = self;
        loop {
            let root = Root { place: &mut *place, other: &mut *other, cx };
            if seq.next_element_seed(root)?.is_none() {
                return Ok(Outcome::Set);
            }
        }
    }
}
