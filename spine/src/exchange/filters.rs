//! The filters of a command, sorted (PS 5.3.4.2).

use crate::Refusal;
use crate::model::{Cmd, Elements, Filter, Function, Payload, Selectors};

/// What one filter restricts.
pub(super) struct Restriction<'a> {
    pub(super) selectors: &'a [Selectors],
    /// Never empty: a tree without names names nothing in particular.
    pub(super) elements: Option<&'a Elements>,
}

impl Restriction<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.selectors.is_empty() && self.elements.is_none()
    }
}

/// The filters of a command: at most one of each kind. Deleting comes first, whatever their order.
#[derive(Default)]
pub(super) struct Filters<'a> {
    pub(super) delete: Option<Restriction<'a>>,
    pub(super) partial: Option<Restriction<'a>>,
}

impl<'a> Filters<'a> {
    /// Sorts the filters of a command about this function.
    pub(super) fn of(function: Function, cmd: &'a Cmd) -> Result<Self, Refusal> {
        let mut sorted = Self::default();
        for filter in &cmd.filter {
            check_names(function, filter)?;
            let elements = filter.elements.as_ref().map(|elements| &elements.elements);
            let restriction = Restriction {
                selectors: &filter.selectors,
                elements: elements.filter(|elements| !elements.is_empty()),
            };
            let control = filter.cmd_control.clone().unwrap_or_default();
            let place = match (control.delete, control.partial) {
                (Some(_), Some(_)) => {
                    return Err(Refusal::exchange_not_supported("one filter of both kinds"));
                }
                (Some(_), None) => &mut sorted.delete,
                (None, Some(_)) => &mut sorted.partial,
                // Some peers leave the kind out, and then mean this one.
                (None, None) if !restriction.is_empty() => &mut sorted.partial,
                (None, None) => continue,
            };
            if place.replace(restriction).is_some() {
                return Err(Refusal::exchange_not_supported("two filters of one kind"));
            }
        }
        Ok(sorted)
    }

    /// Whether there is no filter.
    pub(super) fn is_empty(&self) -> bool {
        self.delete.is_none() && self.partial.is_none()
    }
}

/// Selectors and elements must be those of the function.
fn check_names(function: Function, filter: &Filter) -> Result<(), Refusal> {
    let of_selectors = filter.selectors.iter().map(Selectors::function);
    let of_elements = filter.elements.iter().map(|elements| elements.function());
    if of_selectors.chain(of_elements).all(|named| named == Some(function)) {
        Ok(())
    } else {
        Err(Refusal::exchange_not_supported("a filter of another function"))
    }
}

/// The data of a command about this function; `None` if it has none.
pub(super) fn data_of(function: Function, cmd: &Cmd) -> Result<Option<&Payload>, Refusal> {
    let other = || Refusal::not_supported("data of another function");
    if let Some(name) = cmd.function.as_ref().filter(|name| !name.as_str().is_empty())
        && name.known() != Some(function)
    {
        return Err(other());
    }
    match &cmd.data {
        Some(data) if data.which() != Some(function) => Err(other()),
        data => Ok(data.as_ref()),
    }
}
