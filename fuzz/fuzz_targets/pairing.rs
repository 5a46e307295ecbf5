//! Everything that reads a pairing request.
#![no_main]

#[path = "../laws/pairing.rs"]
mod pairing;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| pairing::holds(octets));
