//! The TXT record of an announcement.
#![no_main]

#[path = "../laws/txt.rs"]
mod txt;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| txt::holds(octets));
