//! The model against the standard: its table of types, and examples of messages.

mod examples;
mod laws;
mod table;
