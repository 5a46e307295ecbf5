//! How the tool looks at JSON: strictly.
//!
//! In the JSON of SHIP (SHIP 1.1.0 §11.4) a structure is an array of objects with one key each. A
//! [`View`] finds elements in that form and in no other: a device that writes anything else does
//! not have the element, as far as the tool can see.

use core::fmt;

use serde_json::Value;

/// A part of a message.
#[derive(Clone, Copy)]
pub struct View<'a>(pub &'a Value);

impl<'a> View<'a> {
    /// The element at a path of names, such as `"header.msgCounter"`. Where an element is repeated,
    /// the path ends at the list.
    pub fn at(self, path: &str) -> Option<Self> {
        path.split('.').try_fold(self, |view, name| view.child(name))
    }

    fn child(self, name: &str) -> Option<Self> {
        self.0.as_array()?.iter().find_map(|member| {
            let member = member.as_object()?;
            (member.len() == 1).then(|| member.get(name).map(View)).flatten()
        })
    }

    /// The names of the elements of a structure, in their order.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        let members = self.0.as_array().map(Vec::as_slice).unwrap_or_default();
        members.iter().filter_map(|member| Some(member.as_object()?.keys().next()?.as_str()))
    }

    /// The items of a repeated element.
    pub fn items(self) -> impl Iterator<Item = Self> {
        self.0.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(View)
    }

    /// The items of the repeated element at `path`; none if it is absent.
    pub fn list(self, path: &str) -> impl Iterator<Item = Self> {
        self.at(path).into_iter().flat_map(View::items)
    }

    /// The text at `path`.
    pub fn text(self, path: &str) -> Option<&'a str> {
        self.at(path)?.0.as_str()
    }

    /// The unsigned number at `path`.
    pub fn number(self, path: &str) -> Option<u64> {
        self.at(path)?.0.as_u64()
    }

    /// The boolean at `path`.
    pub fn flag(self, path: &str) -> Option<bool> {
        self.at(path)?.0.as_bool()
    }

    /// The `ScaledNumber` at `path` in thousandths, exactly; none if it is not a whole number of
    /// them.
    pub fn milli(self, path: &str) -> Option<i64> {
        self.at(path)?.as_milli()
    }

    /// As [`milli`](Self::milli), for a view of the `ScaledNumber` itself.
    pub fn as_milli(self) -> Option<i64> {
        let number = self.at("number")?.0.as_i64()?;
        let scale = match self.at("scale") {
            Some(scale) => scale.0.as_i64()?,
            None => 0,
        };
        let shift = u32::try_from((scale + 3).unsigned_abs()).ok()?;
        let factor = 10_i64.checked_pow(shift)?;
        if scale >= -3 {
            number.checked_mul(factor)
        } else {
            (number % factor == 0).then_some(number / factor)
        }
    }
}

impl fmt::Display for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_are_found_in_the_form_of_the_standard_only() {
        let value = json!([{"header": [{"msgCounter": 7}]}, {"list": [[{"id": 1}], [{"id": 2}]]}]);
        let view = View(&value);
        assert_eq!(view.number("header.msgCounter"), Some(7));
        let ids: Vec<_> = view.list("list").filter_map(|item| item.number("id")).collect();
        assert_eq!(ids, [1, 2]);
        assert!(View(&json!({"header": {"msgCounter": 7}})).at("header").is_none());
        assert!(View(&json!([{"a": 1, "b": 2}])).at("a").is_none());
    }

    #[test]
    fn scaled_numbers_are_exact() {
        let of = |number: i64, scale: i64| {
            View(&json!([{"v": [{"number": number}, {"scale": scale}]}])).milli("v")
        };
        assert_eq!(of(72, -1), Some(7200));
        assert_eq!(of(1002, -2), Some(10_020));
        assert_eq!(of(4, 3), Some(4_000_000));
        assert_eq!(of(5, -4), None);
        assert_eq!(View(&json!([{"v": [{"number": 6}]}])).milli("v"), Some(6000));
    }
}
