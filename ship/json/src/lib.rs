//! The JSON form of SHIP and SPINE (SHIP 1.1.0 §11.4).
//!
//! EEBUS messages are defined as XML schemas and travel as JSON: a complex type is an array of
//! single-key objects, in the order of the schema. This crate writes that form strictly and
//! reads it with the tolerance that devices in the field need.
//!
//! A type says what it looks like once, with a derive, and everything else follows from there:
//!
//! ```
//! use eebus_json::{Choice, Id, Reader, Record, Tag, Word};
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Id)]
//! struct LimitId(u32);
//!
//! #[derive(Clone, Debug, PartialEq, Word)]
//! enum Category {
//!     Obligation,
//!     Recommendation,
//!     Other(Box<str>),
//! }
//!
//! #[derive(Clone, Default, PartialEq, Record)]
//! struct Limit {
//!     #[key]
//!     limit_id: Option<LimitId>,
//!     category: Option<Category>,
//!     phases: Vec<u32>,
//!     is_active: Option<Tag>,
//! }
//!
//! #[derive(Clone, Debug, PartialEq, Choice)]
//! enum Message {
//!     Limit(Limit),
//! }
//!
//! let limit = Limit {
//!     limit_id: Some(LimitId(1)),
//!     category: Some(Category::Obligation),
//!     phases: vec![1, 2],
//!     is_active: Some(Tag),
//! };
//! let text = eebus_json::to_string(&Message::Limit(limit.clone()));
//! assert_eq!(
//!     text,
//!     r#"{"limit":[{"limitId":1},{"category":"obligation"},{"phases":[1,2]},{"isActive":[]}]}"#
//! );
//!
//! // Some peers write objects, quote numbers and pad with zero octets.
//! let odd = b"{ \"limit\": {\"isActive\":null, \"limitId\":\"1\", \"phases\":[1,2], \"category\":\"obligation\"} }\0";
//! assert_eq!(Reader::tolerant().read::<Message>(odd)?, Message::Limit(limit));
//! assert!(Reader::strict().read::<Message>(odd).is_err());
//! # Ok::<(), eebus_json::Error>(())
//! ```
//!
//! # How it works
//!
//! A [`Record`] shows its elements by index as [`AnySlot`]. Reading, writing, comparing and
//! merging are each *one* function over `dyn Record`, whatever the number of types. JSON text
//! itself is the business of `serde_json`: reading is one visitor whose destination is a
//! [`Target`], writing is one serialiser over a [`View`]. Bounds on size, depth and nodes stand
//! in front of it, in the [`Reader`].
//!
//! An `xs:anyType` is a [`Raw`]: it stays text until somebody knows what it should be, so that a
//! header can be read although the payload behind it cannot.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;
#[cfg(test)]
extern crate self as eebus_json;

#[cfg(any(test, feature = "testing"))]
pub mod any;
mod choice;
mod error;
mod instant;
mod list;
mod plain;
mod raw;
mod read;
mod scan;
mod shape;
mod slot;
mod value;
mod write;

#[cfg(test)]
mod tests;

pub use choice::{Alternative, AnyChoice, Choice, Choices, Chosen, Member, Named, Unknown};
pub use eebus_json_derive::{Choice, Id, Record, Word};
pub use error::{Error, Rule};
pub use instant::Instant;
pub use list::List;
pub use plain::Plain;
pub use raw::Raw;
pub use read::Reader;
pub use shape::{Element, Kind, Record, Shape, Shaped};
pub use slot::{AnySlot, Items, Slot};
pub use value::{Num, Number, Tag, Target, Text, Value, View};
pub use write::{debug, record_to_string, to_raw, to_string};
