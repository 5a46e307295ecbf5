//! Everything that reads a SPINE datagram.
#![no_main]

#[path = "../laws/datagram.rs"]
mod datagram;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| datagram::holds(octets));
