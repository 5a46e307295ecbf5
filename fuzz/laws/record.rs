// What holds for any record of the CBC suite. The fuzz target calls this, and so does the test that
// replays its corpus.

use rustls::Error;

#[path = "../../ship/tests/it/tls/naive.rs"]
#[expect(dead_code, reason = "it is part of a larger test")]
mod naive;

use naive::{Keys, open, padding};

const KEYS: Keys = Keys { mac: [1; 32], aes: [2; 16] };
const APPLICATION_DATA: u8 = 23;
/// Longest content of a record.
const MOST: usize = 1 << 14;

/// A record gets the verdict that the standard's own steps come to, and no other error than the one
/// for all.
///
/// The first octet says what the rest is: a payload; what decrypts to one; or content that is
/// sealed, and perhaps damaged afterwards.
pub(crate) fn holds(octets: &[u8]) {
    let Some((how, rest)) = octets.split_first() else { return };
    let payload = match how % 3 {
        0 => rest.to_vec(),
        1 => KEYS.encrypt(rest[..rest.len() / 16 * 16].to_vec()),
        _ => sealed(rest),
    };
    let expected = match KEYS.open(0, APPLICATION_DATA, &payload) {
        None => Err(Error::DecryptError),
        Some(content) if content.len() > MOST => Err(Error::PeerSentOversizedRecord),
        Some(content) => Ok(content),
    };
    assert_eq!(open(&mut *KEYS.opener(), 0, &payload), expected);
}

/// Two octets for the padding and for the damage, then the content.
fn sealed(octets: &[u8]) -> Vec<u8> {
    let Some((&[more, damage], content)) = octets.split_first_chunk() else { return Vec::new() };
    let mut payload =
        KEYS.seal(0, APPLICATION_DATA, content, padding(content.len(), usize::from(more % 15)));
    if damage != 0 {
        let at = payload.len() - 1 - usize::from(damage) % payload.len();
        payload[at] ^= damage;
    }
    payload
}
