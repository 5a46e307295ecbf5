//! The restricted function exchange: which part of a function's data a command changes or asks
//! for (PS 5.3.4).
//!
//! Written once over `dyn Record`, for every function: entries are told apart by the elements
//! marked `#[key]`, protected by the one marked `#[guard]`. A command is applied completely or not
//! at all, and to a copy: [`apply`] returns the new data, and whoever owns the old ones decides
//! whether they take their place. Whether the function serves restricted exchange at all is for the
//! owner to check as well.
//!
//! | | filters | data | effect |
//! |---|---|---|---|
//! | W1 | none | all | replaces; a peer's write goes entry by entry |
//! | W2 | partial | entries with identifiers | merged, or appended |
//! | W3 | partial, selectors | one entry without | merged into every selected entry |
//! | W4 | delete, selectors | none | the selected entries go |
//! | W5 | delete, elements | none | the elements go from all entries |
//! | W6 | delete, selectors, elements | none | the elements go from the selected entries |
//! | W7 | one of W4 to W6, one of W2 and W3 | as there | delete, then merge |
//!
//! ```
//! use eebus_json::List;
//! use spine::exchange::{Options, Origin, apply};
//! use spine::model::{
//!     Cmd, Function, LoadControlLimitData, LoadControlLimitId, Payload, ScaledNumber,
//! };
//!
//! let entry = |value| LoadControlLimitData {
//!     limit_id: Some(LoadControlLimitId(1)),
//!     value: Some(value),
//!     ..LoadControlLimitData::default()
//! };
//! let stored = LoadControlLimitData {
//!     is_limit_changeable: Some(true),
//!     is_limit_active: Some(true),
//!     ..entry(ScaledNumber::from_integer(16))
//! };
//! let write = Cmd::partial(List(vec![entry(ScaledNumber::from_integer(10))]));
//!
//! let function = Function::LoadControlLimitListData;
//! let before = Payload::from(List(vec![stored.clone()]));
//! let after = apply(function, Some(&before), &write, Origin::PeerWrite, &Options::default())?;
//! let expected = LoadControlLimitData { value: Some(ScaledNumber::from_integer(10)), ..stored };
//! assert_eq!(after, Payload::from(List(vec![expected])));
//! # Ok::<(), spine::Refusal>(())
//! ```

mod elements;
mod filters;
mod full;
mod identity;
mod merge;
mod read;
mod select;
mod write;

#[cfg(test)]
mod tests;

pub use read::read;
pub use write::apply;

use crate::model::UtcTime;

/// Who changes the data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A peer writes to ours: flags protect entries, and identifiers are the server's.
    PeerWrite,
    /// A peer tells us about its own, in a reply or a notification.
    PeerData,
    /// We change our own.
    Local,
}

/// What the owner of the data allows.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether peers may add and remove entries. Limits, key values and set points are created by
    /// the server; a charging plan is not.
    pub is_extensible: bool,
    /// How many entries a list may have.
    pub max_entries: usize,
    /// The wall clock, for selectors of time stamps that are relative to it.
    pub now: Option<UtcTime>,
}

impl Default for Options {
    /// The entries are the server's, 128 of them are enough, and there is no wall clock.
    fn default() -> Self {
        Self { is_extensible: false, max_entries: 128, now: None }
    }
}
