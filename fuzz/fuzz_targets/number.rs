//! Decimal numbers.
#![no_main]

#[path = "../laws/number.rs"]
mod number;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| number::holds(octets));
