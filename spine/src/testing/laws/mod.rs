//! What holds for the data of every function, whatever they are: functions over octets, called by
//! the fuzz targets and, with random octets, by the tests of this crate.
//!
//! A law panics where it is broken.

mod exchange;
mod wire;

pub use exchange::{
    a_full_notification_is_what_is_stored, a_peer_changes_nothing_that_is_the_servers,
    a_refused_write_changes_nothing, an_empty_part_changes_nothing,
    any_command_is_carried_out_or_refused, merging_twice_is_merging_once,
    what_is_added_and_deleted_is_gone, what_is_selected_is_read_and_goes,
};
pub use wire::{
    the_order_of_elements_does_not_matter, what_is_written_is_read_back,
    what_is_written_is_read_by_replacement,
};

use crate::model::Function;

/// A law.
pub type Law = fn(Function, &[u8]);

/// The laws of the wire format.
pub const WIRE: [Law; 3] = [
    what_is_written_is_read_back,
    what_is_written_is_read_by_replacement,
    the_order_of_elements_does_not_matter,
];

/// The laws of the restricted function exchange.
pub const EXCHANGE: [Law; 8] = [
    any_command_is_carried_out_or_refused,
    a_full_notification_is_what_is_stored,
    merging_twice_is_merging_once,
    an_empty_part_changes_nothing,
    what_is_added_and_deleted_is_gone,
    what_is_selected_is_read_and_goes,
    a_peer_changes_nothing_that_is_the_servers,
    a_refused_write_changes_nothing,
];
