//! The tolerant reader: one visitor for every type (SHIP 1.1.0 §11.4).
//!
//! Devices in the field write objects for arrays, leave inner arrays out, quote numbers and pad
//! with zero octets. Where the meaning is clear it is taken; a strict reader names the place and
//! the rule instead. Unknown elements are ignored by both, as the standard asks.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use serde::de::DeserializeSeed;

use crate::{Choice, Error, Raw, Rule, Target, Value, scan};

/// The visits of values that cannot stand where they do.
macro_rules! misplaced {
    ($out:ty, $done:expr, $($visit:ident: $ty:ty),*) => {$(
        fn $visit<E>(self, _: $ty) -> Result<$out, E> {
            self.misplaced();
            Ok($done)
        }
    )*};
}

mod items;
mod members;
mod root;
mod value;

use root::Root;
use value::Seed;

/// Reads messages, within bounds.
///
/// ```
/// # use eebus_json::Reader;
/// let reader = Reader::tolerant().max_size(16 * 1024);
/// # let _ = reader;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    pub(crate) strict: bool,
    pub(crate) size: usize,
    pub(crate) depth: usize,
    pub(crate) nodes: usize,
}

impl Reader {
    /// Takes what devices in the field send.
    pub const fn tolerant() -> Self {
        Self { strict: false, size: 1 << 20, depth: 64, nodes: 1 << 16 }
    }

    /// Takes what the standard allows.
    pub const fn strict() -> Self {
        Self { strict: true, ..Self::tolerant() }
    }

    /// With another bound on the octets of a message (1 MiB otherwise).
    pub const fn max_size(self, octets: usize) -> Self {
        Self { size: octets, ..self }
    }

    /// With another bound on nested arrays and objects (64 otherwise, 120 at most).
    pub const fn max_depth(self, levels: usize) -> Self {
        // The JSON reader has a bound of its own at 128.
        Self { depth: if levels < 120 { levels } else { 120 }, ..self }
    }

    /// With another bound on the number of values (65,536 otherwise).
    pub const fn max_nodes(self, nodes: usize) -> Self {
        Self { nodes, ..self }
    }

    /// Reads a message: an object whose key is the name of its content.
    ///
    /// Fails on the gravest fault anywhere in it.
    pub fn read<C: Choice>(&self, octets: &[u8]) -> Result<C, Error> {
        sound(self.read_partly(octets)?)
    }

    /// Reads a message as far as possible: elements that cannot be read are left out, and the
    /// first such fault is returned beside the rest.
    ///
    /// Fails if the fault spoils more than an element (see [`Rule::is_of_element`]).
    pub fn read_partly<C: Choice>(&self, octets: &[u8]) -> Result<(C, Option<Error>), Error> {
        let text = scan::text(octets, self)?;
        let mut place = None;
        let mut other = None;
        let cx = Context::new(self.strict);
        let root = Root { place: &mut place, other: &mut other, cx: &cx };
        let fault = cx.outcome(parse(&text, root))?;
        match place {
            Some(choice) => Ok((choice, fault)),
            None => Err(Rule::Root(other.unwrap_or_default()).into()),
        }
    }

    /// Reads what a [`Raw`] holds as a value of this type.
    ///
    /// The text was within the reader's bounds when the raw value was read.
    pub fn content<T: Value>(&self, raw: &Raw) -> Result<T, Error> {
        sound(self.content_partly(raw)?)
    }

    /// As [`Self::content`], as far as possible.
    pub fn content_partly<T: Value>(&self, raw: &Raw) -> Result<(T, Option<Error>), Error> {
        let mut value = T::blank();
        let fault = self.fill(raw, value.target())?;
        Ok((value, fault))
    }

    /// As [`Self::content`], for a place whose type only the place knows.
    ///
    /// After an error the place holds what could be read.
    pub fn content_into(&self, raw: &Raw, target: Target<'_>) -> Result<(), Error> {
        self.fill(raw, target)?.map_or(Ok(()), Err)
    }

    fn fill(&self, raw: &Raw, target: Target<'_>) -> Result<Option<Error>, Error> {
        let cx = Context::new(self.strict);
        cx.outcome(parse(raw.as_str(), Seed { target, cx: &cx }))
    }
}

fn parse<'de>(text: &'de str, seed: impl DeserializeSeed<'de>) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_str(text);
    seed.deserialize(&mut json)?;
    json.end()
}

fn sound<T>((value, fault): (T, Option<Error>)) -> Result<T, Error> {
    fault.map_or(Ok(value), Err)
}

/// What one reading shares: the mode, and the gravest fault so far.
struct Context {
    strict: bool,
    fault: RefCell<Option<Fault>>,
    /// Whether the way up from the fault is still being noted.
    tracing: Cell<bool>,
}

struct Fault {
    rule: Rule,
    /// The way to it, innermost step first.
    path: Vec<String>,
}

impl Context {
    const fn new(strict: bool) -> Self {
        Self { strict, fault: RefCell::new(None), tracing: Cell::new(false) }
    }

    /// What a finished reading comes to: a fault that spoils all, or one that spoils an element.
    fn outcome(&self, parsed: serde_json::Result<()>) -> Result<Option<Error>, Error> {
        if let Err(syntax) = parsed {
            return Err(Rule::Syntax(syntax.to_string().into()).into());
        }
        let Some(fault) = self.fault.take() else {
            return Ok(None);
        };
        let spoils_all = !fault.rule.is_of_element();
        let error = Error::at(&fault.path, fault.rule);
        if spoils_all { Err(error) } else { Ok(Some(error)) }
    }

    fn fault(&self, rule: Rule) {
        let mut fault = self.fault.borrow_mut();
        if fault.as_ref().is_none_or(|f| f.rule.gravity() < rule.gravity()) {
            *fault = Some(Fault { rule, path: Vec::new() });
            self.tracing.set(true);
        }
    }

    /// Notes a form that only the strict reader minds.
    fn mind(&self, rule: Rule) {
        if self.strict {
            self.fault(rule);
        }
    }

    fn trace(&self, step: impl FnOnce() -> String) {
        if self.tracing.get()
            && let Some(fault) = &mut *self.fault.borrow_mut()
        {
            fault.path.push(step());
        }
    }

    /// At the root the way is complete. A new fault starts a new one.
    fn mark(&self) -> bool {
        self.tracing.replace(false)
    }

    fn unmark(&self, before: bool) {
        // The old fault's way goes on only if no new one took its place.
        if before {
            self.tracing.set(true);
        }
    }
}
/// What became of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    /// It is in its place.
    Set,
    /// There was none, or none that could be read: the place must be emptied.
    Absent,
}
