//! Values: where they go when they are read, what is seen when they are written.

use alloc::boxed::Box;
use alloc::string::String;
use core::any::Any;

use crate::{AnyChoice, Items, Kind, Raw, Record};

/// Where a value goes. An enum, so that one generic visitor serves every type.
pub enum Target<'a> {
    /// `true` or `false`.
    Bool(&'a mut bool),
    /// An integer.
    Number(&'a mut dyn Number),
    /// Text, a word of an enumeration.
    Text(&'a mut dyn Text),
    /// Named elements.
    Record(&'a mut dyn Record),
    /// A repeated element.
    List(&'a mut dyn Items),
    /// Anything, kept as text.
    Raw(&'a mut Raw),
    /// An empty element.
    Tag,
}

/// What a value looks like from outside.
pub enum View<'a> {
    /// The element is not there.
    Absent,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Number(Num),
    /// Text, a word of an enumeration.
    Text(&'a str),
    /// Named elements.
    Record(&'a dyn Record),
    /// A repeated element with at least one item.
    List(&'a dyn Items),
    /// One of several named contents.
    Choice(&'a dyn AnyChoice),
    /// Anything, kept as text.
    Raw(&'a Raw),
    /// An empty element.
    Tag,
}

/// Anything an element can hold. Implemented by the derives and for the primitive types.
pub trait Value: Any + Clone + PartialEq {
    /// What sort of value it is.
    const KIND: Kind;

    /// A value to be overwritten: zero, empty, the first word.
    fn blank() -> Self;

    /// What is written.
    fn view(&self) -> View<'_>;

    /// Where to put what is read.
    fn target(&mut self) -> Target<'_>;
}

/// An empty element: being there is all it says.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Tag;

/// An integer of any width, on its way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Num {
    /// Zero or more.
    Unsigned(u64),
    /// Less than zero.
    Signed(i64),
}

impl From<u64> for Num {
    fn from(n: u64) -> Self {
        Self::Unsigned(n)
    }
}

impl From<i64> for Num {
    fn from(n: i64) -> Self {
        u64::try_from(n).map_or(Self::Signed(n), Self::Unsigned)
    }
}

/// An integer that can be set if the number fits.
pub trait Number {
    /// Takes the number; `false` if it is out of range.
    fn set(&mut self, n: Num) -> bool;
}

/// Text that can be set if the words allow it.
pub trait Text {
    /// The text.
    fn as_text(&self) -> &str;

    /// Takes the text; `false` if it is no word of a closed list.
    fn set_text(&mut self, text: &str) -> bool;
}

macro_rules! numbers {
    ($($int:ident as $wide:ident),*) => {$(
        impl Number for $int {
            fn set(&mut self, n: Num) -> bool {
                let fits = match n {
                    Num::Unsigned(n) => Self::try_from(n).ok(),
                    Num::Signed(n) => Self::try_from(n).ok(),
                };
                fits.map(|n| *self = n).is_some()
            }
        }

        impl Value for $int {
            const KIND: Kind = Kind::Number(stringify!($int));

            fn blank() -> Self {
                0
            }

            fn view(&self) -> View<'_> {
                View::Number(Num::from($wide::from(*self)))
            }

            fn target(&mut self) -> Target<'_> {
                Target::Number(self)
            }
        }
    )*};
}

numbers!(u8 as u64, u16 as u64, u32 as u64, u64 as u64);
numbers!(i8 as i64, i16 as i64, i32 as i64, i64 as i64);

macro_rules! texts {
    ($($text:ty),*) => {$(
        impl Text for $text {
            fn as_text(&self) -> &str {
                self
            }

            fn set_text(&mut self, text: &str) -> bool {
                *self = text.into();
                true
            }
        }

        impl Value for $text {
            const KIND: Kind = Kind::Text;

            fn blank() -> Self {
                Self::default()
            }

            fn view(&self) -> View<'_> {
                View::Text(self)
            }

            fn target(&mut self) -> Target<'_> {
                Target::Text(self)
            }
        }
    )*};
}

texts!(String, Box<str>);

impl Value for bool {
    const KIND: Kind = Kind::Bool;

    fn blank() -> Self {
        false
    }

    fn view(&self) -> View<'_> {
        View::Bool(*self)
    }

    fn target(&mut self) -> Target<'_> {
        Target::Bool(self)
    }
}

impl Value for Tag {
    const KIND: Kind = Kind::Tag;

    fn blank() -> Self {
        Self
    }

    fn view(&self) -> View<'_> {
        View::Tag
    }

    fn target(&mut self) -> Target<'_> {
        Target::Tag
    }
}
