// What holds for any certificate. The fuzz target calls this, and so does the test that replays its
// corpus.

use ship::Ski;
use ship::identity::PublicKey;

/// A certificate is refused, or its key is a point in it that hashes to the SKI in it.
pub(crate) fn holds(octets: &[u8]) {
    let Ok(key) = PublicKey::of_certificate(octets) else { return };
    let holds = |what: &[u8]| octets.windows(what.len()).any(|window| window == what);
    assert!(matches!(key.point(), [4, ..]) && key.point().len() == 65 && holds(key.point()));
    assert!(key.ski() == Ski::of_key(key.point()) && holds(key.ski().as_octets()));
}
