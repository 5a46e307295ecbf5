//! The certificate of a peer.
#![no_main]

#[path = "../laws/certificate.rs"]
mod certificate;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| certificate::holds(octets));
