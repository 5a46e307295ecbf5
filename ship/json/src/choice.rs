//! One of several named contents.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;

use crate::{Kind, Raw, Target, Value, View};

/// One of several named contents: the root of a message, the function data of a command.
///
/// Implemented by `#[derive(Choice)]`.
pub trait Choice: AnyChoice + Value {
    /// The alternatives, in the order of the standard.
    const ALTERNATIVES: &'static [Alternative];

    /// The alternative of this name, without content yet.
    fn pick(name: &str) -> Option<Self>;
}

/// One alternative of a choice.
#[derive(Debug)]
pub struct Alternative {
    /// The name on the wire.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A choice, seen without its type.
pub trait AnyChoice: Any {
    /// The name of the alternative.
    fn name(&self) -> &str;

    /// Whether the alternative is modelled, not merely kept.
    fn is_known(&self) -> bool;

    /// The content.
    fn content(&self) -> View<'_>;

    /// The content, to be changed.
    fn content_mut(&mut self) -> Target<'_>;
}

/// A choice whose alternatives have names of their own type.
pub trait Named: Choice {
    /// The field-less enum of the names.
    type Name: Copy;
}

/// A content of the choice `C`.
pub trait Member<C: Named>: Value {
    /// The alternative that holds it.
    const NAME: C::Name;

    /// The choice with this content.
    fn wrap(self) -> C;

    /// The content, if the choice is this alternative.
    fn peel(choice: &C) -> Option<&Self>;

    /// The content, to be changed, if the choice is this alternative.
    fn peel_mut(choice: &mut C) -> Option<&mut Self>;
}

/// Where the content of an inline choice goes.
pub enum Chosen<'a> {
    /// The name is no alternative.
    No,
    /// There.
    Here(Target<'a>),
    /// Nowhere: there is a content already.
    Twice,
}

/// A place for inline choices.
pub trait Choices {
    /// Takes the alternative of this name and says where its content goes.
    fn choose(&mut self, name: &str) -> Chosen<'_>;
}

impl<C: Choice> Choices for Option<C> {
    fn choose(&mut self, name: &str) -> Chosen<'_> {
        let Some(next) = C::pick(name) else {
            return Chosen::No;
        };
        match self {
            // What we do not know gives way to what we do, and never displaces it.
            Some(choice) if next.is_known() && choice.is_known() => Chosen::Twice,
            Some(_) if !next.is_known() => Chosen::No,
            place => Chosen::Here(place.insert(next).content_mut()),
        }
    }
}

impl<C: Choice> Choices for Vec<C> {
    fn choose(&mut self, name: &str) -> Chosen<'_> {
        let Some(next) = C::pick(name) else {
            return Chosen::No;
        };
        self.push(next);
        Chosen::Here(self.last_mut().expect("just pushed").content_mut())
    }
}

/// A content of a name that we do not know, kept as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    name: Box<str>,
    /// The content.
    pub content: Raw,
}

impl Unknown {
    /// No content yet.
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), content: Raw::blank() }
    }

    /// The name on the wire.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Value for Unknown {
    const KIND: Kind = Kind::Raw;

    fn blank() -> Self {
        Self::named("")
    }

    fn view(&self) -> View<'_> {
        View::Raw(&self.content)
    }

    fn target(&mut self) -> Target<'_> {
        Target::Raw(&mut self.content)
    }
}
