//! Everything that reads a SPINE datagram.
#![no_main]

#[path = "../laws.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| laws::datagram(octets));
