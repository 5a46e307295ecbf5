//! The data of a list function: entries under the entry's own name.

use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::{AnySlot, Element, Kind, Record, Shape, Shaped, Target, Value, View};

/// The content of a list function such as `loadControlLimitListData`.
///
/// On the wire: `[{"loadControlLimitData":[[...],[...]]}]`. The name of the element is that of
/// the entry type, for all 91 lists of the standard that are no more than a list.
#[derive(Clone, PartialEq)]
pub struct List<T>(pub Vec<T>);

impl<T> List<T> {
    /// No entries.
    pub const fn new() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for List<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(entries: Vec<T>) -> Self {
        Self(entries)
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Value + Shaped> Shaped for List<T> {
    const SHAPE: &'static Shape = &Shape {
        name: T::SHAPE.name,
        elements: &[Element {
            name: T::SHAPE.name,
            aliases: &[],
            is_key: false,
            is_guard: false,
            is_inline: false,
            is_repeated: true,
            kind: T::KIND,
        }],
        text: None,
    };
}

impl<T: Value + Shaped> Record for List<T> {
    fn shape(&self) -> &'static Shape {
        Self::SHAPE
    }

    fn slot(&self, _: usize) -> &dyn AnySlot {
        &self.0
    }

    fn slot_mut(&mut self, _: usize) -> &mut dyn AnySlot {
        &mut self.0
    }
}

impl<T: Value + Shaped> Value for List<T> {
    const KIND: Kind = Kind::Record(Self::SHAPE);

    fn blank() -> Self {
        Self::new()
    }

    fn view(&self) -> View<'_> {
        View::Record(self)
    }

    fn target(&mut self) -> Target<'_> {
        Target::Record(self)
    }
}

impl<T: Value + Shaped> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::debug(self, f)
    }
}
