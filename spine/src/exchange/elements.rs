//! What a tree of element names does to data (PS 5.3.4.8).

use eebus_json::{Element, Items, Kind, Record, Shape};

use super::Origin;
use crate::Refusal;
use crate::model::Elements;

/// Clears what the tree names. A name without names below it clears the whole element; identifiers
/// survive, and so does what we do not know.
pub(super) fn delete(
    from: &mut dyn Record,
    elements: &Elements,
    origin: Origin,
) -> Result<(), Refusal> {
    for (i, element) in from.shape().elements.iter().enumerate() {
        let Some(below) = elements.below(element.name) else { continue };
        if element.is_key || !from.slot(i).is_set() {
            continue;
        }
        if element.is_guard && origin == Origin::PeerWrite {
            return Err(Refusal::rejected("the flag belongs to the server"));
        }
        let slot = from.slot_mut(i);
        if below.is_empty() {
            match slot.record_mut().filter(|inner| has_keys(inner.shape())) {
                Some(inner) => keep_keys(inner),
                None => slot.clear(),
            }
        } else if let Some(items) = slot.items_mut() {
            for_each(items, |item| delete(item, below, origin))?;
        } else if let Some(inner) = slot.record_mut() {
            delete(inner, below, origin)?;
        }
    }
    Ok(())
}

/// Clears what the tree does not name, except for identifiers.
pub(super) fn keep(of: &mut dyn Record, elements: &Elements) {
    let has_own = of.shape().elements.iter().any(|element| element.is_key);
    for (i, element) in of.shape().elements.iter().enumerate() {
        if element.is_key {
            continue;
        }
        let slot = of.slot_mut(i);
        match elements.below(element.name) {
            Some(below) if below.is_empty() => {}
            Some(below) => {
                if let Some(items) = slot.items_mut() {
                    let kept = for_each(items, |item| {
                        keep(item, below);
                        Ok(())
                    });
                    debug_assert!(kept.is_ok(), "nothing refuses here");
                } else if let Some(inner) = slot.record_mut() {
                    keep(inner, below);
                }
            }
            // Who the entry is may stand in a structure within it.
            None if !has_own && !element.is_repeated && holds_keys(element) => {
                if let Some(inner) = slot.record_mut() {
                    keep_keys(inner);
                }
            }
            None => slot.clear(),
        }
    }
}

fn for_each(
    items: &mut dyn Items,
    mut change: impl FnMut(&mut dyn Record) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    for i in 0..items.len() {
        if let Some(item) = items.record_mut(i) {
            change(item)?;
        }
    }
    Ok(())
}

/// Clears all but the identifiers.
fn keep_keys(of: &mut dyn Record) {
    keep(of, &Elements::default());
}

fn holds_keys(element: &Element) -> bool {
    matches!(element.kind, Kind::Record(shape) if has_keys(shape))
}

fn has_keys(shape: &Shape) -> bool {
    shape
        .elements
        .iter()
        .any(|element| element.is_key || (!element.is_repeated && holds_keys(element)))
}
