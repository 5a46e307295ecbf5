//! The places of a record: an optional value or a repeated one, seen without its type.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::mem;

use crate::{Kind, Record, Target, Value, View};

/// What is known of a place from its type alone.
pub trait Slot: AnySlot {
    /// Whether the element may occur more than once.
    const REPEATED: bool;
    /// What it holds.
    const KIND: Kind;
}

/// A place of a record.
pub trait AnySlot: Any {
    /// Whether there is something in it.
    fn is_set(&self) -> bool;

    /// Empties it.
    fn clear(&mut self);

    /// What is in it.
    fn view(&self) -> View<'_>;

    /// Where to put what is read; the place counts as set from now on.
    fn target(&mut self) -> Target<'_>;

    /// An empty place of the same type.
    fn fresh(&self) -> Box<dyn AnySlot>;

    /// Whether `other` is of the same type and holds the same.
    fn same(&self, other: &dyn AnySlot) -> bool;

    /// Takes a copy of what `other` holds; `false`, and no change, if it is of another type.
    fn assign(&mut self, other: &dyn AnySlot) -> bool;

    /// Exchanges contents with `other`; `false`, and no change, if it is of another type.
    fn swap(&mut self, other: &mut dyn AnySlot) -> bool;

    /// The record in it.
    fn record(&self) -> Option<&dyn Record> {
        match self.view() {
            View::Record(record) => Some(record),
            _ => None,
        }
    }

    /// The record in it, to be changed.
    fn record_mut(&mut self) -> Option<&mut dyn Record> {
        if !self.is_set() {
            return None;
        }
        match self.target() {
            Target::Record(record) => Some(record),
            _ => None,
        }
    }

    /// The items of a repeated element, even if there are none.
    fn items(&self) -> Option<&dyn Items> {
        None
    }

    /// The items of a repeated element, to be changed.
    fn items_mut(&mut self) -> Option<&mut dyn Items> {
        None
    }
}

/// The items of a repeated element.
pub trait Items: Any {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What sort of items they are.
    fn kind(&self) -> Kind;

    /// An item. Panics if there is none of this index, as indexing does.
    fn view(&self, i: usize) -> View<'_>;

    /// An item, to be changed. Panics if there is none of this index.
    fn target(&mut self, i: usize) -> Target<'_>;

    /// Appends an item and says where its content goes.
    fn push(&mut self) -> Target<'_>;

    /// Appends a copy of an item of `other`; `false`, and no change, if it is of another type.
    fn push_copy(&mut self, other: &dyn Items, i: usize) -> bool;

    /// Keeps the first `len` items.
    fn truncate(&mut self, len: usize);

    /// Keeps the items that `keep` wants; it is asked by index, in order.
    fn retain(&mut self, keep: &mut dyn FnMut(usize) -> bool);

    /// An item that is a record.
    fn record(&self, i: usize) -> Option<&dyn Record> {
        match self.view(i) {
            View::Record(record) => Some(record),
            _ => None,
        }
    }

    /// An item that is a record, to be changed.
    fn record_mut(&mut self, i: usize) -> Option<&mut dyn Record> {
        match self.target(i) {
            Target::Record(record) => Some(record),
            _ => None,
        }
    }
}

fn downcast<T: 'static>(slot: &dyn AnySlot) -> Option<&T> {
    (slot as &dyn Any).downcast_ref()
}

fn downcast_mut<T: 'static>(slot: &mut dyn AnySlot) -> Option<&mut T> {
    (slot as &mut dyn Any).downcast_mut()
}

impl<T: Value> Slot for Option<T> {
    const REPEATED: bool = false;
    const KIND: Kind = T::KIND;
}

impl<T: Value> AnySlot for Option<T> {
    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn clear(&mut self) {
        *self = None;
    }

    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Absent, T::view)
    }

    fn target(&mut self) -> Target<'_> {
        self.get_or_insert_with(T::blank).target()
    }

    fn fresh(&self) -> Box<dyn AnySlot> {
        Box::new(None::<T>)
    }

    fn same(&self, other: &dyn AnySlot) -> bool {
        downcast::<Self>(other) == Some(self)
    }

    fn assign(&mut self, other: &dyn AnySlot) -> bool {
        downcast::<Self>(other).map(|other| self.clone_from(other)).is_some()
    }

    fn swap(&mut self, other: &mut dyn AnySlot) -> bool {
        downcast_mut::<Self>(other).map(|other| mem::swap(self, other)).is_some()
    }
}

impl<T: Value> Slot for Vec<T> {
    const REPEATED: bool = true;
    const KIND: Kind = T::KIND;
}

impl<T: Value> AnySlot for Vec<T> {
    fn is_set(&self) -> bool {
        !self.is_empty()
    }

    fn clear(&mut self) {
        Self::clear(self);
    }

    fn view(&self) -> View<'_> {
        if self.is_empty() { View::Absent } else { View::List(self) }
    }

    fn target(&mut self) -> Target<'_> {
        Target::List(self)
    }

    fn fresh(&self) -> Box<dyn AnySlot> {
        Box::new(Self::new())
    }

    fn same(&self, other: &dyn AnySlot) -> bool {
        downcast::<Self>(other) == Some(self)
    }

    fn assign(&mut self, other: &dyn AnySlot) -> bool {
        downcast::<Self>(other).map(|other| self.clone_from(other)).is_some()
    }

    fn swap(&mut self, other: &mut dyn AnySlot) -> bool {
        downcast_mut::<Self>(other).map(|other| mem::swap(self, other)).is_some()
    }

    fn items(&self) -> Option<&dyn Items> {
        Some(self)
    }

    fn items_mut(&mut self) -> Option<&mut dyn Items> {
        Some(self)
    }
}

impl<T: Value> Items for Vec<T> {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn kind(&self) -> Kind {
        T::KIND
    }

    fn view(&self, i: usize) -> View<'_> {
        self[i].view()
    }

    fn target(&mut self, i: usize) -> Target<'_> {
        self[i].target()
    }

    fn push(&mut self) -> Target<'_> {
        Self::push(self, T::blank());
        self.last_mut().expect("just pushed").target()
    }

    fn push_copy(&mut self, other: &dyn Items, i: usize) -> bool {
        let Some(other) = (other as &dyn Any).downcast_ref::<Self>() else {
            return false;
        };
        Self::push(self, other[i].clone());
        true
    }

    fn truncate(&mut self, len: usize) {
        Self::truncate(self, len);
    }

    fn retain(&mut self, keep: &mut dyn FnMut(usize) -> bool) {
        let mut i = 0;
        Self::retain(self, |_| {
            i += 1;
            keep(i - 1)
        });
    }
}
