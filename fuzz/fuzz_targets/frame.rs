//! Everything that reads a SHIP message, in every phase of a connection.
#![no_main]

// There is another law in it.
#[allow(dead_code)]
#[path = "../laws/connection.rs"]
mod connection;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| connection::frame(octets));
