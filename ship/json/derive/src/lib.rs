//! Derives for `eebus-json`; used through that crate.
