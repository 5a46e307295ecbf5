//! What a type looks like on the wire, as data.

use core::any::Any;

use crate::{Alternative, AnySlot, Chosen};

/// The elements of a complex type, in the order of its schema.
#[derive(Debug)]
pub struct Shape {
    /// The name of the type on the wire: of a list entry or a function.
    pub name: &'static str,
    /// The elements.
    pub elements: &'static [Element],
    /// The element that a bare string stands for, where devices abbreviate so.
    pub text: Option<usize>,
}

impl Shape {
    /// The index of the element of this name or alias; `hint` is where to look first.
    ///
    /// Senders keep the order of the schema, so that the element after the last one read is
    /// nearly always the right one.
    pub fn find(&self, name: &str, hint: usize) -> Option<usize> {
        let count = self.elements.len();
        (0..count)
            .map(|step| (hint + step) % count)
            .find(|&i| !self.elements[i].is_inline && self.elements[i].is_called(name))
    }

    /// The index of the element of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.find(name, 0)
    }
}

/// One element of a complex type.
#[derive(Debug)]
pub struct Element {
    /// The name on the wire; empty for an inline choice.
    pub name: &'static str,
    /// Other spellings that are read.
    pub aliases: &'static [&'static str],
    /// Whether it is part of what identifies an entry (a primary or sub identifier).
    pub is_key: bool,
    /// Whether it is the flag that permits a peer's writes to the entry.
    pub is_guard: bool,
    /// Whether alternatives stand here under their own names.
    pub is_inline: bool,
    /// Whether it may occur more than once.
    pub is_repeated: bool,
    /// What it holds.
    pub kind: Kind,
}

impl Element {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// What an element holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// An integer of this Rust type (`u32`, `i64`, ...).
    Number(&'static str),
    /// Any text.
    Text,
    /// A word of a list.
    Word {
        /// The words of the standard.
        words: &'static [&'static str],
        /// Whether unknown words are kept.
        open: bool,
    },
    /// Named elements.
    Record(&'static Shape),
    /// One of several named contents.
    Choice(&'static [Alternative]),
    /// Nothing: being there is all it says.
    Tag,
    /// Anything.
    Raw,
}

/// A complex type that knows its shape without a value at hand.
pub trait Shaped: Record {
    /// The shape.
    const SHAPE: &'static Shape;
}

/// A complex type, its elements reachable by index.
///
/// Implemented by `#[derive(Record)]`. Indices are those of [`Shape::elements`]; others panic.
pub trait Record: Any {
    /// What the type looks like.
    fn shape(&self) -> &'static Shape;

    /// The element with this index.
    fn slot(&self, i: usize) -> &dyn AnySlot;

    /// The element with this index, to be changed.
    fn slot_mut(&mut self, i: usize) -> &mut dyn AnySlot;

    /// Where the content of an inline choice goes, if `name` is one of its alternatives.
    fn choose(&mut self, name: &str) -> Chosen<'_> {
        let _ = name;
        Chosen::No
    }
}
