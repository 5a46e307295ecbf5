//! Everything that reads the text of a QR code.
#![no_main]

#[path = "../laws/qr.rs"]
mod qr;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| qr::holds(octets));
