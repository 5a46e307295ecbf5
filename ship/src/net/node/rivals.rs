//! Several connections to one peer: which of them stay (SHIP 1.1.0 §12.2.3).
//!
//! Both sides dial, so it happens. The side with the bigger SKI decides and keeps the most recent
//! one; the side with the smaller SKI waits for that, and cleans up what is left.

use std::vec::Vec;

use crate::connection::Role;
use crate::identity::Ski;
use crate::net::drive::LinkId;

/// Connections of one peer, those that are being closed included: more are refused.
const MOST: usize = 4;

/// A connection that the peer has already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rival {
    pub(super) id: LinkId,
    /// It is being closed.
    pub(super) is_leaving: bool,
    pub(super) role: Role,
}

/// What becomes of a new connection.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It goes on, and these are closed.
    Keep(Vec<LinkId>),
    /// It ends.
    Drop,
}

/// Decides when a peer has proven its key on a new connection. `rivals` are in the order in which
/// their keys were proven, the oldest first.
pub(super) fn judge(own: Ski, peer: Ski, is_trusted: bool, new: Role, rivals: &[Rival]) -> Verdict {
    let live = || rivals.iter().filter(|rival| !rival.is_leaving);
    if rivals.len() >= MOST {
        return Verdict::Drop;
    }
    match new {
        // We dial only where there is no connection; one has come in meanwhile, or two of our
        // targets are the same peer.
        Role::Client if own > peer && live().next().is_some() => Verdict::Drop,
        Role::Client if live().any(|rival| rival.role == Role::Client) => Verdict::Drop,
        // The most recent one wins, at once: a peer that has been restarted does not know of the
        // old one any more.
        Role::Server if own > peer => Verdict::Keep(live().map(|rival| rival.id).collect()),
        _ => match (live().count(), live().next()) {
            (0 | 1, _) | (_, None) => Verdict::Keep(Vec::new()),
            (_, Some(oldest)) if is_trusted => Verdict::Keep(Vec::from([oldest.id])),
            _ => Verdict::Drop,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Ski = Ski::new([1; 20]);
    const BIG: Ski = Ski::new([2; 20]);

    fn rival(n: u64, role: Role) -> Rival {
        Rival { id: LinkId(n), is_leaving: false, role }
    }

    fn keep(ids: &[u64]) -> Verdict {
        Verdict::Keep(ids.iter().copied().map(LinkId).collect())
    }

    #[test]
    fn a_first_connection_stays() {
        for (own, peer) in [(SMALL, BIG), (BIG, SMALL)] {
            for role in [Role::Client, Role::Server] {
                for is_trusted in [true, false] {
                    assert_eq!(judge(own, peer, is_trusted, role, &[]), keep(&[]));
                }
            }
        }
    }

    #[test]
    fn the_bigger_side_keeps_the_newest_that_came_in() {
        let rivals = [rival(1, Role::Client), rival(2, Role::Server)];
        assert_eq!(judge(BIG, SMALL, true, Role::Server, &rivals), keep(&[1, 2]));
    }

    #[test]
    fn the_bigger_side_gives_up_its_dial_for_one_that_came_in() {
        let rivals = [rival(1, Role::Server)];
        assert_eq!(judge(BIG, SMALL, true, Role::Client, &rivals), Verdict::Drop);
    }

    #[test]
    fn the_smaller_side_keeps_both_and_lets_the_other_decide() {
        assert_eq!(judge(SMALL, BIG, true, Role::Server, &[rival(1, Role::Client)]), keep(&[]));
        assert_eq!(judge(SMALL, BIG, true, Role::Client, &[rival(1, Role::Server)]), keep(&[]));
    }

    #[test]
    fn two_targets_of_the_same_peer_make_one_connection() {
        let rivals = [rival(1, Role::Client)];
        assert_eq!(judge(SMALL, BIG, true, Role::Client, &rivals), Verdict::Drop);
    }

    #[test]
    fn a_third_connection_of_a_trusted_peer_replaces_the_oldest() {
        let rivals = [rival(1, Role::Server), rival(2, Role::Server)];
        assert_eq!(judge(SMALL, BIG, true, Role::Server, &rivals), keep(&[1]));
        assert_eq!(judge(SMALL, BIG, false, Role::Server, &rivals), Verdict::Drop);
    }

    #[test]
    fn connections_that_are_being_closed_are_no_rivals_but_count() {
        let mut rivals = [1, 2, 3, 4].map(|n| rival(n, Role::Server));
        for rival in &mut rivals {
            rival.is_leaving = true;
        }
        assert_eq!(judge(BIG, SMALL, true, Role::Server, &rivals[..3]), keep(&[]));
        assert_eq!(judge(BIG, SMALL, true, Role::Client, &rivals[..3]), keep(&[]));
        assert_eq!(judge(BIG, SMALL, true, Role::Server, &rivals), Verdict::Drop);
    }
}
