//! What tells entries apart (PS 5.3.4.6).
//!
//! An entry's identity is all of its identifiers. A structure without identifiers of its own has
//! those of the structures within it: an incentive table is named by its tariff, a power sequence
//! by its description.

use alloc::vec;
use alloc::vec::Vec;

use eebus_json::{AnySlot, Items, Kind, Record, Shape};

use super::Origin;

/// The way to an identifier: element indices from the entry inwards.
type Path = Vec<usize>;

/// The identifiers of the entries of one list.
pub(super) struct Identity {
    paths: Vec<Path>,
    /// Whether they are the entry's own. Those of structures within it are more than are sent: the
    /// schema narrows the structures where they stand inside others.
    is_own: bool,
}

impl Identity {
    /// The identifiers of entries of this shape.
    pub(super) fn of(shape: &'static Shape) -> Self {
        let paths = paths(shape);
        Self { is_own: paths.iter().all(|path| path.len() == 1), paths }
    }

    /// Whether the entries have none.
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Whether the entry carries all of them that are sent.
    pub(super) fn is_complete(&self, entry: &dyn Record) -> bool {
        let mut given = self.paths.iter().map(|path| at(entry, path).is_some());
        if self.is_own { given.all(|is_given| is_given) } else { given.any(|is_given| is_given) }
    }

    /// Whether the entry carries at least one of them.
    pub(super) fn is_started(&self, entry: &dyn Record) -> bool {
        self.paths.iter().any(|path| at(entry, path).is_some())
    }

    /// The entries that `entry` means.
    ///
    /// One that carries all identifiers means one entry; one that carries some means every entry
    /// that has them, one that carries none means all. An optional identifier that one side lacks
    /// is no difference if there is only one entry it could mean (some peers announce entries
    /// before they know that identifier); for our own data, absent is a value like any other.
    pub(super) fn find(&self, entry: &dyn Record, among: &dyn Items, origin: Origin) -> Vec<usize> {
        let all = (0..among.len()).filter_map(|i| Some((i, among.record(i)?)));
        let exact = all.clone().find(|(_, known)| self.is_same(entry, *known));
        if self.is_complete(entry) || (origin == Origin::Local && self.is_started(entry)) {
            if let Some((i, _)) = exact {
                return vec![i];
            }
            if origin == Origin::Local {
                return Vec::new();
            }
            let mut relatives = all.filter(|(_, known)| self.agrees_on_first(entry, *known));
            return match (relatives.next(), relatives.next()) {
                (Some((i, known)), None) if self.completes(entry, known) => vec![i],
                _ => Vec::new(),
            };
        }
        all.filter(|(_, known)| self.has_given(entry, *known)).map(|(i, _)| i).collect()
    }

    /// Whether the two have the same identifiers, absent ones included.
    fn is_same(&self, a: &dyn Record, b: &dyn Record) -> bool {
        self.paths.iter().all(|path| match (at(a, path), at(b, path)) {
            (Some(a), Some(b)) => a.same(b),
            (None, None) => true,
            _ => false,
        })
    }

    /// Whether `known` has every identifier that `entry` carries.
    fn has_given(&self, entry: &dyn Record, known: &dyn Record) -> bool {
        self.paths.iter().all(|path| match (at(entry, path), at(known, path)) {
            (Some(entry), Some(known)) => entry.same(known),
            (None, _) => true,
            (Some(_), None) => false,
        })
    }

    /// Whether `known` lacks the identifiers in which it differs from `entry`.
    fn completes(&self, entry: &dyn Record, known: &dyn Record) -> bool {
        self.has_given(known, entry)
    }

    fn agrees_on_first(&self, entry: &dyn Record, known: &dyn Record) -> bool {
        self.paths.first().is_some_and(|path| match (at(entry, path), at(known, path)) {
            (Some(entry), Some(known)) => entry.same(known),
            _ => false,
        })
    }
}

fn paths(shape: &'static Shape) -> Vec<Path> {
    let own: Vec<Path> =
        (0..shape.elements.len()).filter(|&i| shape.elements[i].is_key).map(|i| vec![i]).collect();
    if !own.is_empty() {
        return own;
    }
    let mut within = Vec::new();
    for (i, element) in shape.elements.iter().enumerate() {
        if let (Kind::Record(inner), false) = (element.kind, element.is_repeated) {
            within.extend(paths(inner).into_iter().map(|mut path| {
                path.insert(0, i);
                path
            }));
        }
    }
    within
}

fn at<'r>(entry: &'r dyn Record, path: &[usize]) -> Option<&'r dyn AnySlot> {
    let (last, way) = path.split_last()?;
    let mut record = entry;
    for &i in way {
        record = record.slot(i).record()?;
    }
    Some(record.slot(*last)).filter(|slot| slot.is_set())
}

/// Whether an entry says nothing but who it is.
pub(super) fn is_bare(entry: &dyn Record) -> bool {
    entry.shape().elements.iter().enumerate().all(|(i, element)| {
        element.is_key
            || !entry.slot(i).is_set()
            || (!element.is_repeated && entry.slot(i).record().is_some_and(has_only_keys))
    })
}

/// Whether a structure within an entry holds identifiers and nothing else.
fn has_only_keys(record: &dyn Record) -> bool {
    !paths(record.shape()).is_empty() && is_bare(record)
}

/// Whether a peer may change the entry: without a flag it may, with one only while it is `true`.
pub(super) fn is_writable(entry: &dyn Record) -> bool {
    use eebus_json::View;
    entry
        .shape()
        .elements
        .iter()
        .position(|element| element.is_guard)
        .is_none_or(|i| matches!(entry.slot(i).view(), View::Bool(true)))
}
