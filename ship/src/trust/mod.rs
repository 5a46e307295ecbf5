//! Whom the user trusts (SHIP 1.1.0 §12.3).
//!
//! There is no authority above: a key is trusted because somebody said so, and never because it
//! asked. Decisions are plain data here; the *trust file* keeps them.

#[cfg(feature = "std")]
mod file;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use core::fmt;

use crate::identity::Ski;

#[cfg(feature = "std")]
pub use file::{TrustFile, TrustFileError};

/// How many peers can be trusted.
pub const MAX_TRUSTED: usize = 64;
/// How many refusals are remembered; beyond that the oldest is forgotten.
pub const MAX_REFUSED: usize = 64;

/// What the user thinks of a peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Data may be exchanged.
    Trusted,
    /// Nobody has decided: the peer waits.
    Unknown,
    /// The peer is to be sent away.
    Refused,
}

/// What is remembered of a peer that is trusted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct TrustedPeer {
    /// Its SHIP ID, once it has told (§13.4.6).
    pub ship_id: Option<Box<str>>,
}

/// What a SHIP ID says about a peer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ShipId {
    /// Nothing new, or the peer is not trusted.
    Known,
    /// It cannot be one.
    Invalid,
    /// It was not known before, and is now.
    First,
    /// It was another one, and is this one now: the key is the authority, not the name.
    Changed,
}

/// No room for another peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TrustIsFull;

impl fmt::Display for TrustIsFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MAX_TRUSTED} peers are trusted already")
    }
}

impl core::error::Error for TrustIsFull {}

/// The decisions of the user.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trust {
    trusted: BTreeMap<Ski, TrustedPeer>,
    /// In the order of the refusals.
    refused: VecDeque<Ski>,
}

impl Trust {
    /// Nobody is trusted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a peer from now on. `Ok(false)`: it was trusted already.
    pub fn trust(&mut self, ski: Ski) -> Result<bool, TrustIsFull> {
        if self.trusted.contains_key(&ski) {
            return Ok(false);
        }
        if self.trusted.len() >= MAX_TRUSTED {
            return Err(TrustIsFull);
        }
        self.refused.retain(|refused| *refused != ski);
        self.trusted.insert(ski, TrustedPeer::default());
        Ok(true)
    }

    /// Sends a peer away from now on. `false`: it was refused already.
    pub fn refuse(&mut self, ski: Ski) -> bool {
        if self.refused.contains(&ski) {
            return false;
        }
        self.trusted.remove(&ski);
        if self.refused.len() >= MAX_REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back(ski);
        true
    }

    /// Forgets what was decided about a peer; it may ask again. `false`: nothing was.
    pub fn forget(&mut self, ski: Ski) -> bool {
        let before = self.refused.len();
        self.refused.retain(|refused| *refused != ski);
        self.trusted.remove(&ski).is_some() || self.refused.len() < before
    }

    /// Takes the SHIP ID that a peer has told: 1 to 63 octets, and none that a terminal would not
    /// show as they are.
    pub fn note_ship_id(&mut self, ski: Ski, id: &str) -> ShipId {
        let Some(peer) = self.trusted.get_mut(&ski) else {
            return ShipId::Known;
        };
        if !is_ship_id(id) {
            return ShipId::Invalid;
        }
        match peer.ship_id.as_deref() {
            Some(known) if known == id => return ShipId::Known,
            _ => {}
        }
        match peer.ship_id.replace(id.into()) {
            None => ShipId::First,
            Some(_) => ShipId::Changed,
        }
    }

    /// What the user thinks of a peer.
    pub fn standing(&self, ski: Ski) -> Standing {
        if self.trusted.contains_key(&ski) {
            Standing::Trusted
        } else if self.refused.contains(&ski) {
            Standing::Refused
        } else {
            Standing::Unknown
        }
    }

    /// The peers that are trusted, in the order of their SKIs.
    pub fn trusted(&self) -> impl Iterator<Item = (Ski, &TrustedPeer)> {
        self.trusted.iter().map(|(ski, peer)| (*ski, peer))
    }

    /// The peers that are refused, in the order of the refusals.
    pub fn refused(&self) -> impl Iterator<Item = Ski> + '_ {
        self.refused.iter().copied()
    }
}

/// Whether a text can be a SHIP ID (SHIP 1.1.0 §7.3.2): 1 to 63 octets. People see it, so it
/// must not steer their terminal, nor look like something else: no control characters, no
/// invisible ones.
pub(crate) fn is_ship_id(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.chars().all(is_shown)
}

/// Whether a character is shown as what it is.
pub(crate) fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ski(n: u8) -> Ski {
        Ski::new([n; 20])
    }

    #[test]
    fn nobody_is_trusted_without_a_decision() {
        let trust = Trust::new();
        assert_eq!(trust.standing(ski(1)), Standing::Unknown);
        assert_eq!(trust.trusted().count(), 0);
    }

    #[test]
    fn the_last_decision_counts() {
        let mut trust = Trust::new();
        assert_eq!(trust.trust(ski(1)), Ok(true));
        assert_eq!(trust.trust(ski(1)), Ok(false));
        assert_eq!(trust.standing(ski(1)), Standing::Trusted);
        assert!(trust.refuse(ski(1)));
        assert!(!trust.refuse(ski(1)));
        assert_eq!(trust.standing(ski(1)), Standing::Refused);
        assert_eq!(trust.trust(ski(1)), Ok(true));
        assert_eq!(trust.refused().count(), 0);
        assert!(trust.forget(ski(1)));
        assert!(!trust.forget(ski(1)));
        assert_eq!(trust.standing(ski(1)), Standing::Unknown);
    }

    #[test]
    fn it_is_bounded() {
        let mut trust = Trust::new();
        for n in 0..MAX_TRUSTED as u8 {
            assert_eq!(trust.trust(ski(n)), Ok(true));
        }
        assert_eq!(trust.trust(ski(255)), Err(TrustIsFull));

        for n in 100..=200 {
            trust.refuse(ski(n));
        }
        assert_eq!(trust.refused().count(), MAX_REFUSED);
        assert_eq!(trust.standing(ski(100)), Standing::Unknown);
        assert_eq!(trust.standing(ski(200)), Standing::Refused);
        assert_eq!(trust.standing(ski(0)), Standing::Trusted);
    }

    #[test]
    fn a_ship_id_is_noted_for_those_who_are_trusted() {
        let mut trust = Trust::new();
        assert_eq!(trust.note_ship_id(ski(1), "a"), ShipId::Known);
        trust.trust(ski(1)).expect("room");
        assert_eq!(trust.note_ship_id(ski(1), "a"), ShipId::First);
        assert_eq!(trust.note_ship_id(ski(1), "a"), ShipId::Known);
        assert_eq!(trust.note_ship_id(ski(1), "b"), ShipId::Changed);
        for none in ["", &"x".repeat(64), "\u{1b}]0;x\u{7}", "a\nb", "\u{202e}gib", "a\u{200b}b"] {
            assert_eq!(trust.note_ship_id(ski(1), none), ShipId::Invalid, "{none:?}");
        }
        let (_, peer) = trust.trusted().next().expect("one");
        assert_eq!(peer.ship_id.as_deref(), Some("b"));
    }
}
