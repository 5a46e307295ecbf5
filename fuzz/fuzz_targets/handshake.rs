//! A connection to which anything may happen in any order.
#![no_main]

// There is another law in it.
#[allow(dead_code)]
#[path = "../laws/connection.rs"]
mod connection;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| connection::handshake(octets));
