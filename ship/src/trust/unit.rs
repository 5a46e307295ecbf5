//! The control unit that the Pairing Service has had us trust, and the requests that are used up
//! (Pairing Service 1.0.0 §10, §11).

use alloc::vec::Vec;

use crate::identity::{Fingerprint, Ski};
use crate::pairing::Party;

/// So many requests are remembered; the standard asks for ten.
pub(super) const REMEMBERED: usize = 16;

/// The one control unit that is trusted by its certificate. Its SKI is known, and trusted, once it
/// has proven its key with that certificate: whatever is announced about it before is a claim.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ControlUnit {
    /// Its SHIP ID and the fingerprint of its certificate.
    pub party: Party,
    /// Its SKI, once it has been here.
    pub ski: Option<Ski>,
}

/// The signatures of requests that were accepted, in a ring: none of them is accepted again.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Used {
    pub(super) digests: Vec<[u8; 32]>,
    /// Where the next one goes.
    pub(super) next: usize,
}

impl Used {
    pub(super) fn contains(&self, digest: &[u8; 32]) -> bool {
        self.digests.contains(digest)
    }

    pub(super) fn push(&mut self, digest: [u8; 32]) {
        match self.digests.get_mut(self.next) {
            Some(oldest) => *oldest = digest,
            None => self.digests.push(digest),
        }
        self.next = (self.next + 1) % REMEMBERED;
    }
}

impl ControlUnit {
    pub(super) fn is_known_by(&self, fingerprint: Fingerprint) -> bool {
        self.party.fingerprint == fingerprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_signature_makes_room() {
        let mut used = Used::default();
        for n in 0..20 {
            used.push([n; 32]);
            assert!(used.contains(&[n; 32]));
        }
        assert_eq!(used.digests.len(), REMEMBERED);
        assert!(!used.contains(&[3; 32]) && used.contains(&[4; 32]));
        assert_eq!(used.next, 4);
    }
}
