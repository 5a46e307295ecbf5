//! The restricted function exchange: merge, select, delete, write.
#![no_main]

#[path = "../laws/exchange.rs"]
mod exchange;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| exchange::holds(octets));
