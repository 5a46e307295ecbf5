//! The corpora of the fuzz targets, replayed: what was ever worth keeping stays harmless.

use std::fs;
use std::path::Path;

#[path = "../../fuzz/laws/certificate.rs"]
mod certificate;
#[path = "../../fuzz/laws/connection.rs"]
mod connection;
#[path = "../../fuzz/laws/datagram.rs"]
mod datagram;
#[path = "../../fuzz/laws/exchange.rs"]
mod exchange;
#[path = "../../fuzz/laws/number.rs"]
mod number;
#[path = "../../fuzz/laws/pairing.rs"]
mod pairing;
#[path = "../../fuzz/laws/qr.rs"]
mod qr;
#[path = "../../fuzz/laws/record.rs"]
mod record;
#[path = "../../fuzz/laws/time.rs"]
mod time;
#[path = "../../fuzz/laws/txt.rs"]
mod txt;

/// Calls a law with every file of a corpus, of which there are so many at least.
fn replay(corpus: &str, least: usize, law: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(corpus);
    let mut count = 0;
    for file in fs::read_dir(&folder).expect("the corpus is part of the repository") {
        let path = file.expect("the folder can be read").path();
        let octets = fs::read(&path).expect("a file can be read");
        // A test that fails shows what was printed: the last name is the culprit.
        println!("{}", path.display());
        law(&octets);
        count += 1;
    }
    assert!(count >= least, "only {count} files in {}", folder.display());
}

#[test]
fn the_datagram_corpus_is_harmless() {
    replay("datagram", 40, datagram::holds);
}

#[test]
fn the_exchange_corpus_is_harmless() {
    replay("exchange", 96, exchange::holds);
}

#[test]
fn the_number_corpus_is_harmless() {
    replay("number", 40, number::holds);
}

#[test]
fn the_time_corpus_is_harmless() {
    replay("time", 50, time::holds);
}

#[test]
fn the_txt_corpus_is_harmless() {
    replay("txt", 6, txt::holds);
}

#[test]
fn the_certificate_corpus_is_harmless() {
    replay("certificate", 16, certificate::holds);
}

#[test]
fn the_record_corpus_is_harmless() {
    replay("record", 18, record::holds);
}

#[test]
fn the_qr_corpus_is_harmless() {
    replay("qr", 30, qr::holds);
}

#[test]
fn the_pairing_corpus_is_harmless() {
    replay("pairing", 40, pairing::holds);
}

#[test]
fn the_frame_corpus_is_harmless() {
    replay("frame", 40, connection::frame);
}

#[test]
fn the_handshake_corpus_is_harmless() {
    replay("handshake", 30, connection::handshake);
}
