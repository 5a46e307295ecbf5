//! Why a message was not read.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// A message, or an element of it, that could not be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    /// Where: the names of the elements from the root, joined by dots, with the position in
    /// repeated ones (`datagram.payload.cmd[0].function`). Empty where the text as a whole is
    /// meant.
    pub path: Box<str>,
    /// What was broken.
    pub rule: Rule,
}

/// The rule that a message broke.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// More octets than the reader takes.
    Size {
        /// How many there may be.
        limit: usize,
    },
    /// Arrays and objects nested deeper than the reader takes.
    Depth {
        /// How deep they may be.
        limit: usize,
    },
    /// More values than the reader takes.
    Nodes {
        /// How many there may be.
        limit: usize,
    },
    /// Not JSON; what the JSON reader said.
    Syntax(Box<str>),
    /// Not UTF-8 (strict only; otherwise repaired).
    Encoding,
    /// Something before or after the value (strict only).
    Trailing,
    /// No root element that the reader knows; the name of the first one, shortened.
    Root(Box<str>),
    /// A value of another type than the schema asks for.
    Type,
    /// A number out of the range of its type.
    Range,
    /// No word of a closed list.
    Word,
    /// An element that may occur once occurs again, with another value.
    Duplicate,
    /// An element that stands before one that should precede it (strict only).
    Order,
    /// Not the form of the standard, though its meaning is clear (strict only).
    Form,
}

impl Rule {
    /// How much of the message the fault spoils; the gravest one is reported.
    pub(crate) fn gravity(&self) -> u8 {
        match self {
            Self::Order | Self::Form | Self::Trailing | Self::Encoding => 0,
            Self::Type | Self::Range | Self::Word => 1,
            _ => 2,
        }
    }

    /// Whether only the element is spoilt: the rest of the message is what it was meant to be.
    pub fn is_of_element(&self) -> bool {
        self.gravity() < 2
    }
}

impl From<Rule> for Error {
    fn from(rule: Rule) -> Self {
        Self { path: Box::default(), rule }
    }
}

impl Error {
    pub(crate) fn at(reversed: &[String], rule: Rule) -> Self {
        let mut path = String::new();
        for step in reversed.iter().rev() {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        Self { path: path.into(), rule }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { limit } => write!(f, "more than {limit} octets"),
            Self::Depth { limit } => write!(f, "nested deeper than {limit} levels"),
            Self::Nodes { limit } => write!(f, "more than {limit} values"),
            Self::Syntax(why) => write!(f, "not JSON: {why}"),
            Self::Encoding => f.write_str("not UTF-8"),
            Self::Trailing => f.write_str("more than one JSON value"),
            Self::Root(name) => write!(f, "unknown root element {name:?}"),
            Self::Type => f.write_str("wrong type of value"),
            Self::Range => f.write_str("number out of range"),
            Self::Word => f.write_str("not a word of the list"),
            Self::Duplicate => f.write_str("given twice with different values"),
            Self::Order => f.write_str("out of order"),
            Self::Form => f.write_str("not the form of the standard"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}", self.rule)
        } else {
            write!(f, "{}: {}", self.path, self.rule)
        }
    }
}

impl core::error::Error for Error {}
