//! Durations and points in time.
#![no_main]

#[path = "../laws/time.rs"]
mod time;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| time::holds(octets));
