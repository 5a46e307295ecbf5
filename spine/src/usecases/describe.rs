//! What a use case is, as data: its actors, its scenarios, and who owns which function.

use core::fmt;

use super::Play;
use crate::model::{EntityType, FeatureType, Function};

/// A use case, as its document describes it.
pub struct UseCase {
    /// The name on the wire.
    pub name: &'static str,
    /// Other names that peers announce it under.
    pub aliases: &'static [&'static str],
    /// The version of the document.
    pub version: &'static str,
    /// The status of the document: `release`.
    pub revision: &'static str,
    /// The two sides. The first is the one whose data the use case is about: the server actor.
    pub actors: [Actor; 2],
    /// The scenarios, in the order of their numbers.
    pub scenarios: &'static [Scenario],
}

/// One side of a use case.
#[derive(Debug)]
pub struct Actor {
    /// The name that we announce.
    pub name: &'static str,
    /// Other names that peers announce.
    pub aliases: &'static [&'static str],
    /// The types of entity that it lives on.
    pub on: &'static [EntityType],
}

/// A part of a use case that can be supported by itself.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The number on the wire.
    pub number: u32,
    /// What it is about.
    pub title: &'static str,
    /// What the document asks of either actor.
    pub support: [Support; 2],
    /// The functions that it needs, of every feature the descriptions first.
    pub data: &'static [Row],
}

/// What the document asks of an actor (`M`, `R`, `O` of its table 1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Support {
    /// Mandatory.
    Must,
    /// Recommended.
    Should,
    /// Optional.
    May,
}

/// A function, and the actor that owns its data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row {
    /// The index of the actor that serves it; the other one uses it.
    pub owner: usize,
    /// The function.
    pub function: Function,
    /// Whether the other one writes it as well.
    pub is_written: bool,
}

/// A scenario without data: more than the presence of an entity is not needed.
pub const fn scenario(number: u32, title: &'static str, support: [Support; 2]) -> Scenario {
    Scenario { number, title, support, data: &[] }
}

/// The owner's data, which the other actor reads and subscribes.
pub const fn reads(owner: usize, function: Function) -> Row {
    Row { owner, function, is_written: false }
}

/// The owner's data, which the other actor reads, subscribes and, once bound, writes.
pub const fn writes(owner: usize, function: Function) -> Row {
    Row { owner, function, is_written: true }
}

impl UseCase {
    /// One actor of it, with all scenarios.
    pub const fn play(&'static self, actor: usize) -> Play {
        Play { use_case: self, actor, only: None }
    }

    /// Whether an announced name means this use case.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// The name alone: the rest is the same for ever.
impl fmt::Debug for UseCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Actor {
    /// Whether an announced name means this actor.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

impl Scenario {
    /// With the functions that it needs.
    pub const fn data(self, data: &'static [Row]) -> Self {
        Self { data, ..self }
    }
}

/// The type of the feature that serves a function.
pub(crate) fn feature_of(function: Function) -> FeatureType {
    let mut types = FeatureType::WORDS.iter().map(|word| FeatureType::from(*word));
    types
        .find(|kind| kind.functions().contains(&function))
        .expect("a use case names functions of the standard's features only")
}
