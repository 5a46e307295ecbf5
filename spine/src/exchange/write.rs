//! Applying a command to the data of its function (PS 5.3.4.2).

use eebus_json::Record;

use super::filters::{Filters, Restriction, data_of};
use super::identity::Identity;
use super::merge::{Merge, Place};
use super::select::Selection;
use super::{Options, Origin, elements, full};
use crate::Refusal;
use crate::model::{Cmd, Elements, Function, Payload};

/// The data of a function after a write, reply or notification.
///
/// `stored` are the data before, if there were any. What ranges and use cases demand of the result
/// is for others to check.
///
/// # Errors
/// What a peer is to be told: 3 for too many entries, 6 for data of another function, 7 for what
/// may not be changed, 8 for filters that are not served.
pub fn apply(
    function: Function,
    stored: Option<&Payload>,
    cmd: &Cmd,
    origin: Origin,
    options: &Options,
) -> Result<Payload, Refusal> {
    let stored = stored.cloned().unwrap_or_else(|| Payload::empty(function));
    let data = data_of(function, cmd)?;
    let filters = Filters::of(function, cmd)?;
    let place = if function.entry().is_some() { Place::List } else { Place::Value };
    let merge = Merge { origin, options, place };

    let mut work = if filters.is_empty() {
        let data = data.ok_or_else(|| Refusal::general("no data"))?;
        match origin {
            Origin::PeerWrite => full::write(function, stored, data, merge)?,
            Origin::PeerData | Origin::Local => data.clone(),
        }
    } else {
        stored
    };
    if let Some(delete) = &filters.delete {
        Command { function, merge }.delete(record_of(&mut work)?, delete)?;
    }
    if let (Some(partial), Some(data)) = (&filters.partial, data) {
        Command { function, merge }.partial(&mut work, partial, data)?;
    }
    let count = work.record().filter(|_| function.entry().is_some()).map(|work| work.slot(0));
    if count.and_then(|list| list.items()).is_some_and(|items| items.len() > options.max_entries) {
        return Err(Refusal::overload("too many entries"));
    }
    Ok(work)
}

fn record_of(payload: &mut Payload) -> Result<&mut dyn Record, Refusal> {
    payload.record_mut().ok_or_else(|| Refusal::not_supported("unknown function"))
}

struct Command<'a> {
    function: Function,
    merge: Merge<'a>,
}

impl Command<'_> {
    /// W4, W5, W6.
    fn delete(&self, work: &mut dyn Record, what: &Restriction<'_>) -> Result<(), Refusal> {
        if what.is_empty() {
            return Err(Refusal::exchange_not_supported("delete what?"));
        }
        let origin = self.merge.origin;
        if self.function.entry().is_none() {
            return match what.elements {
                Some(named) if what.selectors.is_empty() => elements::delete(work, named, origin),
                _ => Err(Refusal::exchange_not_supported("nothing to select from")),
            };
        }
        let selection = self.selection(what)?;
        let named = what.elements.map(|named| self.of_entry(work, named)).transpose()?;
        let Some(items) = work.slot_mut(0).items_mut() else { return Ok(()) };
        let now = self.merge.options.now;
        let mut targets = alloc::vec![false; items.len()];
        for (i, is_target) in targets.iter_mut().enumerate() {
            let Some(entry) = items.record(i) else { continue };
            *is_target = selection.selects(0, entry, now);
            if *is_target {
                self.merge.check(entry)?;
            }
        }
        match named {
            Some(named) => {
                for i in (0..targets.len()).filter(|&i| targets[i]) {
                    if let Some(entry) = items.record_mut(i) {
                        elements::delete(entry, named, origin)?;
                    }
                }
            }
            None if origin == Origin::PeerWrite && !self.merge.options.is_extensible => {
                return Err(Refusal::rejected("entries belong to the server"));
            }
            None => items.retain(&mut |i| !targets[i]),
        }
        Ok(())
    }

    /// W2, W3.
    fn partial(
        &self,
        work: &mut Payload,
        what: &Restriction<'_>,
        data: &Payload,
    ) -> Result<(), Refusal> {
        let origin = self.merge.origin;
        if what.elements.is_some() && origin == Origin::PeerWrite {
            return Err(Refusal::exchange_not_supported("elements in a partial write"));
        }
        let Some(entry) = self.function.entry() else {
            if !what.selectors.is_empty() {
                return Err(Refusal::exchange_not_supported("nothing to select from"));
            }
            let from = data.record().ok_or_else(|| Refusal::not_supported("unknown function"))?;
            return self.merge.record(record_of(work)?, from);
        };
        if !what.selectors.is_empty() {
            return self.selected(record_of(work)?, what, data);
        }
        if !self.function.has_identifiers() {
            if origin == Origin::PeerWrite {
                return Err(Refusal::exchange_not_supported("entries without identifiers"));
            }
            *work = data.clone();
            return Ok(());
        }
        if let Some(into) = record_of(work)?.slot_mut(0).items_mut()
            && let Some(from) = data.record().and_then(|data| data.slot(0).items())
        {
            self.merge.list(&Identity::of(entry), into, from)?;
        }
        Ok(())
    }

    /// W3: one entry for all that are selected.
    fn selected(
        &self,
        work: &mut dyn Record,
        what: &Restriction<'_>,
        data: &Payload,
    ) -> Result<(), Refusal> {
        let from = data.record().and_then(|data| data.slot(0).items());
        let from = from.filter(|from| from.len() == 1).and_then(|from| from.record(0));
        let from =
            from.ok_or_else(|| Refusal::exchange_not_supported("selectors want one entry"))?;
        let selection = self.selection(what)?;
        let Some(items) = work.slot_mut(0).items_mut() else { return Ok(()) };
        let mut is_applied = false;
        for i in 0..items.len() {
            let Some(entry) = items.record_mut(i) else { continue };
            if selection.selects(0, entry, self.merge.options.now) {
                self.merge.check(entry)?;
                Merge { place: Place::Entry, ..self.merge }.record(entry, from)?;
                is_applied = true;
            }
        }
        // A write that changed nothing must not be acknowledged.
        if self.merge.origin == Origin::PeerWrite && !is_applied {
            return Err(Refusal::rejected("no such entry"));
        }
        Ok(())
    }

    fn selection(&self, what: &Restriction<'_>) -> Result<Selection, Refusal> {
        Selection::of(self.function, what.selectors, self.merge.options.now)
            .map_err(|_| Refusal::exchange_not_supported("selectors that cannot be evaluated"))
    }

    /// The part of an element filter that is about an entry: all of it for lists; for the other
    /// functions it starts at the data.
    fn of_entry<'e>(
        &self,
        work: &dyn Record,
        named: &'e Elements,
    ) -> Result<&'e Elements, Refusal> {
        if self.function.as_str().ends_with("ListData") {
            return Ok(named);
        }
        let list = work.shape().elements[0].name;
        named
            .below(list)
            .filter(|below| !below.is_empty())
            .ok_or_else(|| Refusal::exchange_not_supported("elements of nothing"))
    }
}
