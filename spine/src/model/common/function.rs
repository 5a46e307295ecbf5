//! Names of functions, and what a server lets others do with one.

use alloc::boxed::Box;
use core::fmt;

use eebus_json::{Kind, Record, Tag, Target, Text, Value, View};

use crate::model::Function;

/// The name of a function: one that we know, or the text of one that we do not.
///
/// An empty text, as one stack sends it in filtered reads, is an unknown name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum FunctionName {
    /// A function of the model.
    Known(Function),
    /// Any other name, as received.
    Other(Box<str>),
}

impl FunctionName {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(function) => function.as_str(),
            Self::Other(name) => name,
        }
    }

    /// The function, if it is one that we know.
    pub fn known(&self) -> Option<Function> {
        match self {
            Self::Known(function) => Some(*function),
            Self::Other(_) => None,
        }
    }
}

impl From<Function> for FunctionName {
    fn from(function: Function) -> Self {
        Self::Known(function)
    }
}

impl From<&str> for FunctionName {
    fn from(name: &str) -> Self {
        Function::parse(name).map_or_else(|| Self::Other(name.into()), Self::Known)
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Text for FunctionName {
    fn as_text(&self) -> &str {
        self.as_str()
    }

    fn set_text(&mut self, text: &str) -> bool {
        *self = text.into();
        true
    }
}

impl Value for FunctionName {
    const KIND: Kind = Kind::Word { words: &NAMES, open: true };

    fn blank() -> Self {
        Self::Other("".into())
    }

    fn view(&self) -> View<'_> {
        View::Text(self.as_str())
    }

    fn target(&mut self) -> Target<'_> {
        Target::Text(self)
    }
}

/// The names of all functions that we know.
static NAMES: [&str; Function::LIST.len()] = {
    let mut names = [""; Function::LIST.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Function::LIST[i].as_str();
        i += 1;
    }
    names
};

/// One operation that a server offers.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct PossibleOperationsClassifier {
    /// Present: restricted exchange is served as well.
    pub partial: Option<Tag>,
}

/// What a server lets others do with a function. Neither: a call, or notifications only.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct PossibleOperations {
    pub read: Option<PossibleOperationsClassifier>,
    pub write: Option<PossibleOperationsClassifier>,
}

/// A function that a feature serves.
#[derive(Clone, Default, Eq, Hash, PartialEq, Record)]
pub struct FunctionProperty {
    pub function: Option<FunctionName>,
    pub possible_operations: Option<PossibleOperations>,
}
