//! Merging: what is present replaces, what is absent stays (PS 5.3.4.6).

use eebus_json::{Items, Kind, Record, Shape};

use super::identity::{Identity, is_bare, is_writable};
use super::{Options, Origin};
use crate::Refusal;

/// Merges on behalf of somebody.
#[derive(Clone, Copy)]
pub(super) struct Merge<'a> {
    pub(super) origin: Origin,
    pub(super) options: &'a Options,
    pub(super) place: Place,
}

/// Where merging takes place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// The data of a function that is not a list. The lists within it are the server's.
    Value,
    /// The entries of a function that is a list.
    List,
    /// Within an entry. Its inner lists grow with it: who may change the entry may change its slots.
    Entry,
}

impl Merge<'_> {
    /// Refuses a peer that writes to what is not its to change.
    pub(super) fn check(&self, entry: &dyn Record) -> Result<(), Refusal> {
        if self.origin == Origin::PeerWrite && !is_writable(entry) {
            return Err(Refusal::rejected("the entry is not changeable"));
        }
        Ok(())
    }

    /// Merges the elements of one structure into another of the same type.
    ///
    /// Identifiers stay, unless there were none. Half a scaled number keeps its other half.
    pub(super) fn record(&self, into: &mut dyn Record, from: &dyn Record) -> Result<(), Refusal> {
        for (i, element) in from.shape().elements.iter().enumerate() {
            let source = from.slot(i);
            if !source.is_set() {
                continue;
            }
            let is_new = !into.slot(i).is_set();
            if element.is_key && !is_new {
                continue;
            }
            if element.is_guard && self.origin == Origin::PeerWrite {
                self.guard(into, from, i)?;
                continue;
            }
            match (element.kind, element.is_repeated) {
                (Kind::Record(_), false) if !is_new => {
                    if let (Some(into), Some(from)) =
                        (into.slot_mut(i).record_mut(), source.record())
                    {
                        self.record(into, from)?;
                    }
                }
                (Kind::Record(shape), true) if !is_new => {
                    if !self.inner_list(shape, into, from, i)? {
                        into.slot_mut(i).assign(source);
                    }
                }
                _ => {
                    into.slot_mut(i).assign(source);
                }
            }
        }
        Ok(())
    }

    /// The flag is the server's: a peer may repeat it, not change it.
    pub(super) fn guard(
        &self,
        known: &dyn Record,
        from: &dyn Record,
        i: usize,
    ) -> Result<(), Refusal> {
        if !from.slot(i).is_set() || known.slot(i).same(from.slot(i)) {
            return Ok(());
        }
        Err(Refusal::rejected("the flag belongs to the server"))
    }

    /// Merges a list within an entry; `false` if its items cannot be told apart.
    fn inner_list(
        &self,
        shape: &'static Shape,
        into: &mut dyn Record,
        from: &dyn Record,
        i: usize,
    ) -> Result<bool, Refusal> {
        let identity = Identity::of(shape);
        let (Some(into), Some(from)) = (into.slot_mut(i).items_mut(), from.slot(i).items()) else {
            return Ok(false);
        };
        let named =
            (0..from.len()).filter_map(|i| from.record(i)).all(|item| identity.is_started(item));
        if identity.is_empty() || !named {
            if self.origin == Origin::PeerWrite && self.place != Place::Entry {
                return Err(Refusal::rejected("an item without its identifiers"));
            }
            return Ok(false);
        }
        self.list(&identity, into, from)?;
        Ok(true)
    }

    /// Merges entries by their identity, and appends those that are new.
    pub(super) fn list(
        &self,
        identity: &Identity,
        into: &mut dyn Items,
        from: &dyn Items,
    ) -> Result<(), Refusal> {
        let place = if self.place == Place::List { Place::Entry } else { self.place };
        let inner = Self { place, ..*self };
        for i in 0..from.len() {
            let Some(entry) = from.record(i) else { continue };
            // Some peers announce the entries of a list before they fill them.
            if self.origin != Origin::Local && is_bare(entry) {
                continue;
            }
            let targets = identity.find(entry, into, self.origin);
            for &target in &targets {
                if let Some(known) = into.record_mut(target) {
                    self.check(known)?;
                    inner.record(known, entry)?;
                }
            }
            if targets.is_empty() && self.may_append(identity, entry)? {
                if into.len() >= self.options.max_entries {
                    return Err(Refusal::overload("too many entries"));
                }
                into.push_copy(from, i);
            }
        }
        Ok(())
    }

    /// Whether an entry that nobody knows is new.
    pub(super) fn may_append(
        &self,
        identity: &Identity,
        entry: &dyn Record,
    ) -> Result<bool, Refusal> {
        match self.origin {
            Origin::PeerWrite if self.place == Place::Entry && identity.is_complete(entry) => {
                Ok(true)
            }
            Origin::PeerWrite if !self.options.is_extensible || !identity.is_complete(entry) => {
                Err(Refusal::rejected("no such entry"))
            }
            // What is meant for all entries does nothing where there are none.
            _ => Ok(identity.is_started(entry)),
        }
    }
}
