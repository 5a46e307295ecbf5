//! Which entries selectors mean (PS 5.3.4.7).
//!
//! Criteria within one selector must all hold, of several selectors one. Criteria arrive as text
//! and are read into the types of the elements that they are about.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use eebus_json::{AnySlot, Items, Kind, Raw, Reader, Record, Target, View};

use crate::model::{
    AbsoluteOrRelativeTime, Criteria, Criterion, Function, Payload, Selectors, TimestampInterval,
    UtcTime,
};

/// Selectors that cannot be evaluated: a name or a value that the function does not have.
#[derive(Debug)]
pub(super) struct NotSelectable;

/// The selectors of one filter, ready to meet entries.
pub(super) struct Selection(Vec<Vec<Rooted>>);

/// Criteria for the entries of one element of the function's data.
struct Rooted {
    slot: usize,
    conditions: Vec<Condition>,
}

struct Condition {
    slot: usize,
    test: Test,
}

enum Test {
    /// The element has this value.
    Equal(Box<dyn AnySlot>),
    /// The repeated element has this item among others.
    Holds(Box<dyn AnySlot>),
    /// The structure meets all of these.
    All(Vec<Condition>),
    /// An item of the list meets all of these.
    Any(Vec<Condition>),
    /// The time lies between the two, both included.
    Within(Option<UtcTime>, Option<UtcTime>),
    /// The address is of this device. Within discovery data addresses have no device, and mean
    /// that of the sender.
    Device(Box<dyn AnySlot>),
}

impl Selection {
    /// Reads the selectors of a function.
    pub(super) fn of(
        function: Function,
        selectors: &[Selectors],
        now: Option<UtcTime>,
    ) -> Result<Self, NotSelectable> {
        let alternatives = selectors.iter().map(|one| rooted(function, one.criteria(), now));
        alternatives.collect::<Result<_, _>>().map(Self)
    }

    /// Whether an entry of the element with this index is meant. No selectors mean all.
    pub(super) fn selects(&self, slot: usize, entry: &dyn Record, now: Option<UtcTime>) -> bool {
        let meets = |rooted: &Rooted| rooted.slot == slot && all(&rooted.conditions, entry, now);
        self.0.is_empty() || self.0.iter().flatten().any(meets)
    }

    /// Whether any selector is about the element with this index. No selectors are about all.
    pub(super) fn is_about(&self, slot: usize) -> bool {
        self.0.is_empty() || self.0.iter().flatten().any(|rooted| rooted.slot == slot)
    }
}

/// The criteria of one selector.
///
/// Those of a list are about its entries. Those of the other functions name an element of the data
/// first (`featureInformation`), or are about the entries of its only list.
fn rooted(
    function: Function,
    criteria: &[Criterion],
    now: Option<UtcTime>,
) -> Result<Vec<Rooted>, NotSelectable> {
    let mut blank = Payload::empty(function);
    let root = blank.record_mut().ok_or(NotSelectable)?;
    let shape = root.shape();
    if criteria.is_empty() {
        return Ok((0..shape.elements.len())
            .map(|slot| Rooted { slot, conditions: Vec::new() })
            .collect());
    }
    let names_entry = function.as_str().ends_with("ListData");
    let mut found: Vec<Rooted> = Vec::new();
    for criterion in criteria {
        let named = if names_entry { None } else { shape.position(&criterion.name) };
        let (slot, conditions) = match named {
            Some(slot) => {
                let inner = read_criteria(&criterion.value)?;
                (slot, conditions_on_entry(blank_entry(root, slot)?, &inner.all, now)?)
            }
            None if function.entry().is_some() => {
                (0, vec![condition(blank_entry(root, 0)?, criterion, now)?])
            }
            None => return Err(NotSelectable),
        };
        match found.iter_mut().find(|rooted| rooted.slot == slot) {
            Some(rooted) => rooted.conditions.extend(conditions),
            None => found.push(Rooted { slot, conditions }),
        }
    }
    Ok(found)
}

/// An entry without content, as the place for criteria.
fn blank_entry(of: &mut dyn Record, slot: usize) -> Result<&mut dyn Record, NotSelectable> {
    let target = match of.slot_mut(slot).target() {
        Target::List(items) => items.push(),
        target => target,
    };
    match target {
        Target::Record(record) => Ok(record),
        _ => Err(NotSelectable),
    }
}

/// In discovery data an entry is a structure around its `description`, which selectors leave out.
fn conditions_on_entry(
    entry: &mut dyn Record,
    criteria: &[Criterion],
    now: Option<UtcTime>,
) -> Result<Vec<Condition>, NotSelectable> {
    match entry.shape().elements {
        [only] if !only.is_repeated && matches!(only.kind, Kind::Record(_)) => {
            let inner = conditions(blank_entry(entry, 0)?, criteria, now)?;
            Ok(vec![Condition { slot: 0, test: Test::All(inner) }])
        }
        _ => conditions(entry, criteria, now),
    }
}

fn conditions(
    on: &mut dyn Record,
    criteria: &[Criterion],
    now: Option<UtcTime>,
) -> Result<Vec<Condition>, NotSelectable> {
    criteria.iter().map(|criterion| condition(&mut *on, criterion, now)).collect()
}

fn condition(
    on: &mut dyn Record,
    criterion: &Criterion,
    now: Option<UtcTime>,
) -> Result<Condition, NotSelectable> {
    let shape = on.shape();
    let value = &criterion.value;
    if value.as_str() == "null" {
        return Err(NotSelectable);
    }
    let Some(slot) = shape.position(&criterion.name) else {
        return interval(on, criterion, now).or_else(|_| in_a_list(on, criterion, now));
    };
    let element = &shape.elements[slot];
    let test = match (element.kind, element.is_repeated) {
        (Kind::Record(_), repeated) => {
            let inner = read_criteria(value)?;
            let inner = conditions(blank_entry(on, slot)?, &inner.all, now)?;
            if repeated { Test::Any(inner) } else { Test::All(inner) }
        }
        (_, repeated) => {
            let mut expected = on.slot(slot).fresh();
            Reader::tolerant().content_into(value, expected.target()).map_err(|_| NotSelectable)?;
            match repeated {
                // A path of an address is compared as a whole.
                true if !value.as_str().starts_with('[') => Test::Holds(expected),
                false if element.name == "device" && shape.name.ends_with("Address") => {
                    Test::Device(expected)
                }
                _ => Test::Equal(expected),
            }
        }
    };
    Ok(Condition { slot, test })
}

fn read_criteria(raw: &Raw) -> Result<Criteria, NotSelectable> {
    Reader::tolerant().content(raw).map_err(|_| NotSelectable)
}

/// `timestampInterval` is about `timestamp`.
fn interval(
    on: &dyn Record,
    criterion: &Criterion,
    now: Option<UtcTime>,
) -> Result<Condition, NotSelectable> {
    let element = criterion.name.strip_suffix("Interval").ok_or(NotSelectable)?;
    let slot = on.shape().position(element).ok_or(NotSelectable)?;
    let interval: TimestampInterval =
        Reader::tolerant().content(&criterion.value).map_err(|_| NotSelectable)?;
    let bound = |time: Option<AbsoluteOrRelativeTime>| {
        time.map(|time| point(&time, now).ok_or(NotSelectable)).transpose()
    };
    let test = Test::Within(bound(interval.start_time)?, bound(interval.end_time)?);
    Ok(Condition { slot, test })
}

/// `timeSeriesSlotId` is an element of the slots of a series.
fn in_a_list(
    on: &mut dyn Record,
    criterion: &Criterion,
    now: Option<UtcTime>,
) -> Result<Condition, NotSelectable> {
    let has = |kind: Kind| match kind {
        Kind::Record(inner) => inner.position(&criterion.name).is_some(),
        _ => false,
    };
    let elements = on.shape().elements;
    let slot = elements.iter().position(|e| e.is_repeated && has(e.kind)).ok_or(NotSelectable)?;
    let inner = condition(blank_entry(on, slot)?, criterion, now)?;
    Ok(Condition { slot, test: Test::Any(vec![inner]) })
}

/// A point in time; a relative one needs the wall clock.
fn point(time: &AbsoluteOrRelativeTime, now: Option<UtcTime>) -> Option<UtcTime> {
    match (time.relative(), now) {
        (Some(_), None) => None,
        // An absolute time takes no notice of the clock.
        (_, now) => time.at(now.unwrap_or(UtcTime { seconds: 0, nanos: 0 })).ok(),
    }
}

fn all(conditions: &[Condition], entry: &dyn Record, now: Option<UtcTime>) -> bool {
    conditions.iter().all(|condition| condition.holds(entry, now))
}

impl Condition {
    fn holds(&self, entry: &dyn Record, now: Option<UtcTime>) -> bool {
        let slot = entry.slot(self.slot);
        match &self.test {
            Test::Equal(expected) => slot.is_set() && slot.same(&**expected),
            Test::Device(expected) => !slot.is_set() || slot.same(&**expected),
            Test::Holds(expected) => slot.items().is_some_and(|items| holds(items, &**expected)),
            Test::All(inner) => slot.record().is_some_and(|record| all(inner, record, now)),
            Test::Any(inner) => slot.items().is_some_and(|items| {
                (0..items.len()).filter_map(|i| items.record(i)).any(|item| all(inner, item, now))
            }),
            Test::Within(start, end) => match slot.view() {
                View::Text(text) => {
                    point(&AbsoluteOrRelativeTime::new(text), now).is_some_and(|time| {
                        start.is_none_or(|start| start <= time) && end.is_none_or(|end| time <= end)
                    })
                }
                _ => false,
            },
        }
    }
}

/// Whether the one item of `expected` is among the items.
fn holds(items: &dyn Items, expected: &dyn AnySlot) -> bool {
    (0..items.len()).any(|i| {
        let mut one = expected.fresh();
        let copied = one.items_mut().is_some_and(|copy| copy.push_copy(items, i));
        copied && one.same(expected)
    })
}
