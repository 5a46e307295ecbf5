//! `xs:anyType`: a value that stays text.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;

use serde_json::value::RawValue;

use crate::{Error, Kind, Rule, Target, Value, View};

/// Any JSON value, as the text that it came as.
///
/// Always well-formed JSON, so that it can be written as it is.
#[derive(Clone)]
pub struct Raw(pub(crate) Box<RawValue>);

impl Raw {
    /// Takes a JSON text. Refuses what is not exactly one JSON value.
    pub fn new(text: &str) -> Result<Self, Error> {
        serde_json::from_str(text)
            .map(Self)
            .map_err(|e| Error::from(Rule::Syntax(e.to_string().into())))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Value for Raw {
    const KIND: Kind = Kind::Raw;

    fn blank() -> Self {
        Self(RawValue::NULL.to_owned())
    }

    fn view(&self) -> View<'_> {
        View::Raw(self)
    }

    fn target(&mut self) -> Target<'_> {
        Target::Raw(self)
    }
}
