//! One value, from any form that its meaning may come in.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::value::RawValue;

use super::items::read_items;
use super::members::Members;
use super::{Context, Outcome};
use crate::{Kind, Num, Rule, Target, Text};

/// A value on its way to its target.
pub(super) struct Seed<'t, 'c> {
    pub(super) target: Target<'t>,
    pub(super) cx: &'c Context,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Outcome;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Outcome, D::Error> {
        match self.target {
            Target::Raw(raw) => {
                raw.0 = Box::<RawValue>::deserialize(deserializer)?;
                Ok(Outcome::Set)
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl Seed<'_, '_> {
    fn wrong(&self, rule: Rule) -> Outcome {
        self.cx.fault(rule);
        Outcome::Absent
    }

    /// A number or a word where a record or list was expected, or the other way round.
    fn scalar(self, read: impl FnOnce(Target<'_>, &Context) -> Outcome) -> Outcome {
        match self.target {
            // One item, its array left out.
            Target::List(items) => {
                let before = items.len();
                self.cx.mind(Rule::Form);
                let outcome = read(items.push(), self.cx);
                if outcome == Outcome::Absent {
                    items.truncate(before);
                }
                Outcome::Set
            }
            target => read(target, self.cx),
        }
    }
}

fn number(target: Target<'_>, cx: &Context, n: Num) -> Outcome {
    match target {
        Target::Number(number) => {
            if number.set(n) {
                Outcome::Set
            } else {
                wrong(cx, Rule::Range)
            }
        }
        Target::Bool(value) if n == Num::Unsigned(0) || n == Num::Unsigned(1) => {
            cx.mind(Rule::Form);
            *value = n == Num::Unsigned(1);
            Outcome::Set
        }
        Target::Text(place) => {
            cx.mind(Rule::Form);
            let text = match n {
                Num::Unsigned(n) => n.to_string(),
                Num::Signed(n) => n.to_string(),
            };
            set_text(place, cx, &text)
        }
        _ => wrong(cx, Rule::Type),
    }
}

pub(super) fn text(target: Target<'_>, cx: &Context, text: &str) -> Outcome {
    match target {
        Target::Text(place) => set_text(place, cx, text),
        Target::Number(_) => {
            cx.mind(Rule::Form);
            let n = text.parse::<u64>().map(Num::from).or_else(|_| text.parse().map(i64::into));
            match n {
                Ok(n) => number(target, cx, n),
                Err(_) => wrong(cx, Rule::Type),
            }
        }
        Target::Bool(value) => {
            cx.mind(Rule::Form);
            match text {
                "true" => *value = true,
                "false" => *value = false,
                _ => return wrong(cx, Rule::Type),
            }
            Outcome::Set
        }
        Target::Tag if text.is_empty() => {
            cx.mind(Rule::Form);
            Outcome::Set
        }
        Target::Record(_) if text.is_empty() => {
            cx.mind(Rule::Form);
            Outcome::Set
        }
        Target::Record(record) => {
            let Some(i) = record.shape().text else {
                return wrong(cx, Rule::Type);
            };
            cx.mind(Rule::Form);
            match record.slot_mut(i).target() {
                Target::Text(place) => set_text(place, cx, text),
                _ => wrong(cx, Rule::Type),
            }
        }
        _ => wrong(cx, Rule::Type),
    }
}

fn set_text(place: &mut dyn Text, cx: &Context, text: &str) -> Outcome {
    if place.set_text(text) { Outcome::Set } else { wrong(cx, Rule::Word) }
}

fn wrong(cx: &Context, rule: Rule) -> Outcome {
    cx.fault(rule);
    Outcome::Absent
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Outcome;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Outcome, E> {
        Ok(self.scalar(|target, cx| match target {
            Target::Bool(place) => {
                *place = value;
                Outcome::Set
            }
            Target::Text(place) => {
                cx.mind(Rule::Form);
                set_text(place, cx, if value { "true" } else { "false" })
            }
            Target::Tag => {
                cx.mind(Rule::Form);
                if value { Outcome::Set } else { Outcome::Absent }
            }
            _ => wrong(cx, Rule::Type),
        }))
    }

    fn visit_u64<E>(self, n: u64) -> Result<Outcome, E> {
        Ok(self.scalar(|target, cx| number(target, cx, n.into())))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Outcome, E> {
        Ok(self.scalar(|target, cx| number(target, cx, n.into())))
    }

    /// A float is an integer if nothing is lost: `4.0`, `1e3`.
    fn visit_f64<E>(self, value: f64) -> Result<Outcome, E> {
        Ok(self.scalar(|target, cx| {
            cx.mind(Rule::Form);
            #[expect(clippy::cast_possible_truncation, reason = "compared with the original")]
            let n = value as i64;
            #[expect(clippy::cast_precision_loss, reason = "that is what is being found out")]
            let exact = n as f64 == value && n != i64::MAX;
            match target {
                Target::Text(place) => set_text(place, cx, &value.to_string()),
                target if exact => number(target, cx, n.into()),
                Target::Number(_) if value.abs() > 9e18 => wrong(cx, Rule::Range),
                _ => wrong(cx, Rule::Type),
            }
        }))
    }

    fn visit_str<E>(self, value: &str) -> Result<Outcome, E> {
        Ok(self.scalar(|target, cx| text(target, cx, value)))
    }

    fn visit_unit<E>(self) -> Result<Outcome, E> {
        self.cx.mind(Rule::Form);
        Ok(match self.target {
            // Present but empty.
            Target::Record(_) | Target::Tag => Outcome::Set,
            _ => Outcome::Absent,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Outcome, A::Error> {
        match self.target {
            Target::Record(record) => Members::new(record, self.cx).visit_seq(seq),
            Target::List(items) => read_items(items, self.cx, seq),
            Target::Tag => {
                // An element that we know to be empty may get children in a later version.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Outcome::Set)
            }
            _ => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(self.wrong(Rule::Type))
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outcome, A::Error> {
        self.cx.mind(Rule::Form);
        match self.target {
            Target::Record(record) => Members::new(record, self.cx).visit_map(map),
            // One item, its array left out; `{}` is what some make of an empty list.
            Target::List(items) if matches!(items.kind(), Kind::Record(_)) => {
                let before = items.len();
                let Target::Record(record) = items.push() else {
                    return Err(A::Error::custom("a record shows a record"));
                };
                let mut members = Members::new(record, self.cx);
                let keys = members.keys(&mut map)?;
                if keys == 0 {
                    items.truncate(before);
                }
                Ok(Outcome::Set)
            }
            target => {
                let mut keys = 0;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    keys += 1;
                }
                match target {
                    Target::Tag => Ok(Outcome::Set),
                    Target::List(_) if keys == 0 => Ok(Outcome::Absent),
                    _ => Ok(wrong(self.cx, Rule::Type)),
                }
            }
        }
    }
}
