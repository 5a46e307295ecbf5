//! Answering a read (PS 5.3.4.5).

use alloc::vec::Vec;

use eebus_json::{Items, Record};

use super::filters::{Filters, Restriction, data_of};
use super::select::Selection;
use super::{Options, elements};
use crate::Refusal;
use crate::model::{Cmd, Function, Payload};

/// The command that answers a read: the data, or the part of them that was asked for.
///
/// `stored` are the data, and the function serves restricted reads. Selectors that cannot be
/// evaluated are ignored: the answer is then complete and without filter, which tells the reader to
/// replace what it has rather than to merge.
///
/// # Errors
/// What a peer is to be told: 6 for data of another function, 8 for filters that no read has.
pub fn read(stored: &Payload, cmd: &Cmd, options: &Options) -> Result<Cmd, Refusal> {
    let function = stored.which().ok_or_else(|| Refusal::not_supported("unknown function"))?;
    data_of(function, cmd)?;
    let filters = Filters::of(function, cmd)?;
    if filters.delete.is_some() {
        return Err(Refusal::exchange_not_supported("a read that deletes"));
    }
    let what = filters.partial.filter(|what| !what.is_empty());
    let Some(what) = what else {
        return Ok(Cmd::full(stored.clone()));
    };
    let Ok(selection) = Selection::of(function, what.selectors, options.now) else {
        return Ok(Cmd::full(stored.clone()));
    };
    let mut part = stored.clone();
    if let Some(record) = part.record_mut() {
        restrict(function, record, &what, &selection, options);
    }
    Ok(Cmd::partial(part))
}

fn restrict(
    function: Function,
    data: &mut dyn Record,
    what: &Restriction<'_>,
    selection: &Selection,
    options: &Options,
) {
    for slot in 0..data.shape().elements.len() {
        if !selection.is_about(slot) {
            data.slot_mut(slot).clear();
            continue;
        }
        let slot_mut = data.slot_mut(slot);
        if let Some(record) = slot_mut.record() {
            if !selection.selects(slot, record, options.now) {
                slot_mut.clear();
            }
        } else if let Some(items) = slot_mut.items_mut() {
            let meant = |items: &dyn Items, i| {
                items.record(i).is_none_or(|entry| selection.selects(slot, entry, options.now))
            };
            let kept: Vec<bool> = (0..items.len()).map(|i| meant(items, i)).collect();
            items.retain(&mut |i| kept[i]);
        }
    }
    let Some(named) = what.elements else { return };
    if function.entry().is_none() || !function.as_str().ends_with("ListData") {
        elements::keep(data, named);
    } else if let Some(items) = data.slot_mut(0).items_mut() {
        for i in 0..items.len() {
            if let Some(entry) = items.record_mut(i) {
                elements::keep(entry, named);
            }
        }
    }
}
