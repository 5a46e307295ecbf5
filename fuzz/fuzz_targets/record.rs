//! A record of the CBC suite that SHIP demands.
#![no_main]

#[path = "../laws/record.rs"]
mod record;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| record::holds(octets));
