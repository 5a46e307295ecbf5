//! A peer's write without filter: not a replacement, but entry by entry.
//!
//! Peers write back a list that they have read, or only their own entry of it. Taken literally
//! either would wipe what belongs to us.

use eebus_json::{Items, Record};

use super::identity::Identity;
use super::merge::Merge;
use crate::Refusal;
use crate::model::{Function, Payload};

/// The data after the write.
pub(super) fn write(
    function: Function,
    stored: Payload,
    data: &Payload,
    merge: Merge<'_>,
) -> Result<Payload, Refusal> {
    let Some(entry) = function.entry() else {
        return Ok(data.clone());
    };
    let identity = Identity::of(entry);
    if identity.is_empty() {
        return Ok(data.clone());
    }
    let mut work = stored;
    if let Some(from) = data.record().and_then(|data| data.slot(0).items())
        && let Some(into) = work.record_mut().and_then(|work| work.slot_mut(0).items_mut())
    {
        entries(&identity, into, from, merge)?;
    }
    Ok(work)
}

fn entries(
    identity: &Identity,
    into: &mut dyn Items,
    from: &dyn Items,
    merge: Merge<'_>,
) -> Result<(), Refusal> {
    for i in 0..from.len() {
        let Some(entry) = from.record(i) else { continue };
        let known = match identity.find(entry, into, merge.origin)[..] {
            [] => None,
            [one] => Some(one),
            _ => return Err(Refusal::rejected("an entry without its identifiers")),
        };
        match known.and_then(|i| into.record_mut(i)) {
            Some(known) if merge.check(known).is_ok() => replace(known, entry, merge)?,
            Some(known) => unchanged(known, entry)?,
            None => {
                merge.may_append(identity, entry)?;
                if into.len() >= merge.options.max_entries {
                    return Err(Refusal::overload("too many entries"));
                }
                into.push_copy(from, i);
            }
        }
    }
    Ok(())
}

/// The entry takes the new state; identifiers and the flag stay.
fn replace(known: &mut dyn Record, new: &dyn Record, merge: Merge<'_>) -> Result<(), Refusal> {
    for (i, element) in new.shape().elements.iter().enumerate() {
        if element.is_guard {
            merge.guard(known, new, i)?;
        } else if !element.is_key || !known.slot(i).is_set() {
            known.slot_mut(i).assign(new.slot(i));
        }
    }
    Ok(())
}

/// An entry that may not be changed may be written back as it is.
fn unchanged(known: &dyn Record, new: &dyn Record) -> Result<(), Refusal> {
    let is_same = new.shape().elements.iter().enumerate().all(|(i, element)| {
        let may_be_left_out = element.is_key || element.is_guard;
        known.slot(i).same(new.slot(i)) || (may_be_left_out && !new.slot(i).is_set())
    });
    if is_same { Ok(()) } else { Err(Refusal::rejected("the entry is not changeable")) }
}
