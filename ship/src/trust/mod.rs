//! Whom the user trusts (SHIP 1.1.0 §12.3).
//!
//! There is no authority above: a key is trusted because somebody said so, and never because it
//! asked. Decisions are plain data here; the *trust file* keeps them.

#[cfg(feature = "std")]
mod file;
mod level;
mod unit;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use core::fmt;

use crate::identity::{Fingerprint, Ski};
use crate::message::KeyState;
use crate::pairing::Request;
use unit::Used;

#[cfg(feature = "std")]
pub use file::{TrustFile, TrustFileError};
pub use level::{Levels, Mechanism};
pub use unit::ControlUnit;

/// How many peers can be trusted: more than any household has, and enough for a fleet.
pub const MAX_TRUSTED: usize = 2048;
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
    /// How far it is trusted.
    pub levels: Levels,
    /// Which state of its keys is known: the `updateCounter` of a peer that speaks SHIP 1.1
    /// (§12.1.3).
    pub known_keys: Option<u16>,
    /// The key that it has announced to use next. It is trusted like the present one.
    pub successor: Option<Ski>,
    /// It is trusted as the control unit, and for no other reason.
    pub(crate) is_unit_only: bool,
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
    /// Our PIN was given wrong so often in a row.
    wrong_pins: u32,
    /// Some peer was the first to give our PIN.
    is_pin_awarded: bool,
    unit: Option<ControlUnit>,
    used: Used,
}

impl Trust {
    /// Nobody is trusted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts a peer from now on, whose SKI the user has compared with its label. `Ok(false)`: it
    /// was trusted already.
    pub fn trust(&mut self, ski: Ski) -> Result<bool, TrustIsFull> {
        self.trust_by(ski, Mechanism::UserVerified)
    }

    /// Trusts a peer from now on, or further than before. `Ok(false)`: it was trusted so far
    /// already.
    pub fn trust_by(&mut self, ski: Ski, mechanism: Mechanism) -> Result<bool, TrustIsFull> {
        let known = self.entry_of(ski);
        let ski = known.unwrap_or(ski);
        if known.is_none() && self.trusted.len() >= MAX_TRUSTED {
            return Err(TrustIsFull);
        }
        self.refused.retain(|refused| *refused != ski);
        let peer = self.trusted.entry(ski).or_default();
        let levels = peer.levels.strongest(Levels::of(mechanism));
        let is_new = levels != peer.levels || peer.is_unit_only;
        peer.levels = levels;
        peer.is_unit_only = false;
        Ok(is_new)
    }

    /// Sends a peer away from now on, with the key that it has announced as well as with the present
    /// one. `false`: it was refused already.
    pub fn refuse(&mut self, ski: Ski) -> bool {
        if self.refused.contains(&ski) {
            return false;
        }
        let others = [self.entry_of(ski), self.peer(ski).and_then(|peer| peer.successor)];
        self.remove(ski);
        for key in others.into_iter().flatten().filter(|key| *key != ski).chain([ski]) {
            if self.refused.len() >= MAX_REFUSED {
                self.refused.pop_front();
            }
            self.refused.push_back(key);
        }
        true
    }

    /// Forgets what was decided about a peer; it may ask again. `false`: nothing was.
    pub fn forget(&mut self, ski: Ski) -> bool {
        let before = self.refused.len();
        self.refused.retain(|refused| *refused != ski);
        self.remove(ski) || self.refused.len() < before
    }

    /// Forgets all peers, all refusals and all proofs: a factory reset. The node's own key is not
    /// kept here and stays.
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    /// The peer is no longer trusted, whichever of its keys is meant. A control unit goes as a
    /// whole.
    fn remove(&mut self, ski: Ski) -> bool {
        let entry = self.entry_of(ski);
        let is_meant =
            |key| key == ski || entry.is_some_and(|entry| self.entry_of(key) == Some(entry));
        if self.unit.as_ref().and_then(|unit| unit.ski).is_some_and(is_meant) {
            self.unit = None;
        }
        entry.is_some_and(|entry| self.trusted.remove(&entry).is_some())
    }

    /// Under which key a peer is kept.
    fn entry_of(&self, ski: Ski) -> Option<Ski> {
        if self.trusted.contains_key(&ski) {
            return Some(ski);
        }
        let mut peers = self.trusted.iter();
        peers.find(|(_, peer)| peer.successor == Some(ski)).map(|(entry, _)| *entry)
    }

    // Keys that change (§12.1.3).

    /// A peer that is trusted has told its keys, over a connection that `ski` has proven. What
    /// it told is taken if `ski` is its current one: that is trusted, the successor as well, and
    /// no other key of the peer any longer. What is known already is confirmed. `false`: it is not
    /// taken.
    pub fn take_keys(&mut self, ski: Ski, counter: u16, keys: &[(KeyState, Ski)]) -> bool {
        let Some(entry) = self.entry_of(ski).filter(|_| keys.contains(&(KeyState::Current, ski)))
        else {
            return false;
        };
        match self.trusted.get(&entry).and_then(|peer| peer.known_keys) {
            Some(known) if counter < known => return false,
            Some(known) if counter == known && ski == entry => return true,
            _ => {}
        }
        let mut peer = self.trusted.remove(&entry).unwrap_or_default();
        let next = keys.iter().find(|(state, _)| *state == KeyState::Successor);
        // A key that somebody else has is not taken over, nor one that the user refuses.
        let next = next
            .map(|(_, ski)| *ski)
            .filter(|next| *next != ski && self.standing(*next) == Standing::Unknown);
        peer.known_keys = Some(counter);
        peer.successor = next;
        if let Some(unit) = &mut self.unit
            && unit.ski == Some(entry)
        {
            unit.ski = Some(ski);
        }
        self.trusted.insert(ski, peer);
        true
    }

    // PINs (§12.5).

    /// How often our PIN was given wrong in a row.
    pub fn wrong_pins(&self) -> u32 {
        self.wrong_pins
    }

    /// Our PIN was given wrong so often in a row now. `false`: that is known.
    pub fn note_wrong_pins(&mut self, wrong: u32) -> bool {
        core::mem::replace(&mut self.wrong_pins, wrong) != wrong
    }

    /// A peer has given our PIN. The first one since the factory reset is worth more than all that
    /// follow (§12.3.2). `false`: it has given it before, or is not trusted.
    pub fn award_pin(&mut self, ski: Ski) -> bool {
        let Some(peer) = self.entry_of(ski).and_then(|entry| self.trusted.get_mut(&entry)) else {
            return false;
        };
        if peer.levels.second_factor > 0 {
            return false;
        }
        let is_first = !core::mem::replace(&mut self.is_pin_awarded, true);
        peer.levels.second_factor = if is_first { 32 } else { 16 };
        true
    }

    // The Pairing Service.

    /// The control unit that the Pairing Service has had us trust.
    pub fn unit(&self) -> Option<&ControlUnit> {
        self.unit.as_ref()
    }

    /// Whether a request with this signature was accepted before (Pairing Service 1.0.0 §11).
    pub fn is_used(&self, digest: &[u8; 32]) -> bool {
        self.used.contains(digest)
    }

    /// Accepts a request whose signature was checked: its asker is trusted by its certificate from
    /// now on, and the control unit before it no longer (§10.3), unless the user trusts that in
    /// another way.
    pub fn accept(&mut self, request: &Request) {
        self.used.push(*request.digest());
        let party = request.terms().asker.clone();
        if self.unit.as_ref().is_some_and(|unit| unit.party == party) {
            return;
        }
        let replaced = self.unit.replace(ControlUnit { party, ski: None });
        if let Some(ski) = replaced.and_then(|unit| unit.ski)
            && let Some(entry) = self.entry_of(ski)
            && self.trusted.get(&entry).is_some_and(|peer| peer.is_unit_only)
        {
            self.trusted.remove(&entry);
        }
    }

    /// A peer has proven its key, and presented this certificate. If it is the control unit, it is
    /// trusted by its key from now on (§10.2). `true`: that is new.
    pub fn recognise(&mut self, ski: Ski, fingerprint: Fingerprint) -> bool {
        let Some(unit) = self.unit.as_ref().filter(|unit| unit.is_known_by(fingerprint)) else {
            return false;
        };
        if unit.ski == Some(ski) || self.refused.contains(&ski) {
            return false;
        }
        let ship_id = unit.party.ship_id.clone();
        let is_new = self.entry_of(ski).is_none();
        if is_new && self.trusted.len() >= MAX_TRUSTED {
            return false;
        }
        let entry = self.entry_of(ski).unwrap_or(ski);
        let peer = self.trusted.entry(entry).or_default();
        peer.levels = peer.levels.strongest(Levels::of(Mechanism::PairingService));
        peer.ship_id.get_or_insert(ship_id);
        peer.is_unit_only |= is_new;
        if let Some(unit) = &mut self.unit {
            unit.ski = Some(ski);
        }
        true
    }

    // Looking up.

    /// Takes the SHIP ID that a peer has told: 1 to 63 octets, and none that a terminal would not
    /// show as they are.
    pub fn note_ship_id(&mut self, ski: Ski, id: &str) -> ShipId {
        let Some(peer) = self.entry_of(ski).and_then(|entry| self.trusted.get_mut(&entry)) else {
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
        if self.peer(ski).is_some() {
            Standing::Trusted
        } else if self.refused.contains(&ski) {
            Standing::Refused
        } else {
            Standing::Unknown
        }
    }

    /// What is remembered of a peer that is trusted, by its present key or its next one.
    pub fn peer(&self, ski: Ski) -> Option<&TrustedPeer> {
        self.entry_of(ski).and_then(|entry| self.trusted.get(&entry))
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
    use alloc::format;

    use super::*;
    use crate::identity::Curve;
    use crate::pairing::{Party, Secret, Terms};

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
        for n in 0..MAX_TRUSTED as u16 {
            let mut octets = [n as u8; 20];
            octets[18..].copy_from_slice(&n.to_be_bytes());
            assert_eq!(trust.trust(Ski::new(octets)), Ok(true));
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

    fn request(asker: u8, nonce: u8) -> Request {
        let party = |n: u8| Party {
            ship_id: format!("i:1_u:{n}").into(),
            fingerprint: Fingerprint::new([n; 32]),
        };
        let terms = Terms {
            asked: party(0),
            asker: party(asker),
            curve: Curve::Secp256r1,
            nonce: [nonce; 16],
        };
        Request::sign(terms, &Secret::new([0; 16]))
    }

    #[test]
    fn a_stronger_mechanism_raises_the_level_and_a_weaker_one_does_not_lower_it() {
        let mut trust = Trust::new();
        assert_eq!(trust.trust(ski(1)), Ok(true));
        assert_eq!(trust.peer(ski(1)).expect("trusted").levels.user, 32);
        assert_eq!(trust.trust_by(ski(1), Mechanism::UserInput), Ok(true));
        assert_eq!(trust.trust(ski(1)), Ok(false));
        assert_eq!(trust.peer(ski(1)).expect("trusted").levels.user, 64);
    }

    #[test]
    fn the_first_peer_that_gives_the_pin_is_worth_most_and_only_one_ever_is() {
        let mut trust = Trust::new();
        assert!(!trust.award_pin(ski(1)), "not trusted");
        for n in 1..=3 {
            trust.trust(ski(n)).expect("room");
        }
        assert!(trust.award_pin(ski(2)));
        assert!(!trust.award_pin(ski(2)));
        assert!(trust.award_pin(ski(1)));
        trust.forget(ski(2));
        assert!(trust.award_pin(ski(3)));
        let factor = |n| trust.peer(ski(n)).map(|peer| peer.levels.second_factor);
        assert_eq!([factor(1), factor(2), factor(3)], [Some(16), None, Some(16)]);
    }

    #[test]
    fn a_successor_is_trusted_beside_the_present_key_and_takes_over() {
        let mut trust = Trust::new();
        trust.trust_by(ski(1), Mechanism::UserInput).expect("room");
        trust.note_ship_id(ski(1), "i:1_u:x");
        let announced = [(KeyState::Current, ski(1)), (KeyState::Successor, ski(2))];
        assert!(trust.take_keys(ski(1), 2, &announced));
        assert_eq!(trust.standing(ski(1)), Standing::Trusted);
        assert_eq!(trust.standing(ski(2)), Standing::Trusted);
        assert_eq!(trust.trusted().count(), 1);

        let switched = [(KeyState::Predecessor, ski(1)), (KeyState::Current, ski(2))];
        assert!(trust.take_keys(ski(2), 3, &switched));
        assert_eq!(trust.standing(ski(1)), Standing::Unknown);
        let peer = trust.peer(ski(2)).expect("trusted");
        assert_eq!((peer.levels.user, peer.known_keys), (64, Some(3)));
        assert_eq!(peer.ship_id.as_deref(), Some("i:1_u:x"));
    }

    #[test]
    fn keys_are_taken_from_who_proves_the_current_one_and_never_go_back() {
        let mut trust = Trust::new();
        let two = [(KeyState::Current, ski(1)), (KeyState::Successor, ski(2))];
        assert!(!trust.take_keys(ski(1), 2, &two), "not trusted");
        trust.trust(ski(1)).expect("room");
        assert!(trust.take_keys(ski(1), 2, &two));
        // The connection is secured by another key than the current one.
        assert!(!trust.take_keys(ski(2), 3, &two));
        assert!(!trust.take_keys(ski(1), 1, &[(KeyState::Current, ski(1))]));
        assert_eq!(trust.standing(ski(2)), Standing::Trusted);
        // What is missing is no longer trusted.
        assert!(trust.take_keys(ski(1), 3, &[(KeyState::Current, ski(1))]));
        assert_eq!(trust.standing(ski(2)), Standing::Unknown);
    }

    #[test]
    fn nobody_takes_over_the_key_of_somebody_else_nor_one_that_is_refused() {
        let mut trust = Trust::new();
        trust.trust(ski(1)).expect("room");
        trust.trust(ski(2)).expect("room");
        trust.refuse(ski(3));
        for other in [2, 3] {
            let keys = [(KeyState::Current, ski(1)), (KeyState::Successor, ski(other))];
            assert!(trust.take_keys(ski(1), u16::from(other), &keys));
            assert_eq!(trust.peer(ski(1)).expect("trusted").successor, None);
        }
        assert_eq!(trust.trusted().count(), 2);
        assert_eq!(trust.standing(ski(3)), Standing::Refused);
    }

    #[test]
    fn who_is_forgotten_is_forgotten_with_all_keys() {
        for forgotten in [1, 2] {
            let mut trust = Trust::new();
            trust.trust(ski(1)).expect("room");
            let keys = [(KeyState::Current, ski(1)), (KeyState::Successor, ski(2))];
            trust.take_keys(ski(1), 2, &keys);
            assert!(trust.forget(ski(forgotten)));
            assert_eq!(trust.standing(ski(1)), Standing::Unknown);
            assert_eq!(trust.standing(ski(2)), Standing::Unknown);
        }
    }

    #[test]
    fn who_is_refused_is_refused_with_all_keys() {
        for refused in [1, 2] {
            let mut trust = Trust::new();
            trust.trust(ski(1)).expect("room");
            let keys = [(KeyState::Current, ski(1)), (KeyState::Successor, ski(2))];
            trust.take_keys(ski(1), 2, &keys);
            assert!(trust.refuse(ski(refused)));
            assert_eq!(trust.standing(ski(1)), Standing::Refused);
            assert_eq!(trust.standing(ski(2)), Standing::Refused);
            assert_eq!(trust.refused().count(), 2);
        }
    }

    #[test]
    fn the_same_counter_again_changes_no_key() {
        let mut trust = Trust::new();
        trust.trust(ski(1)).expect("room");
        let keys = [(KeyState::Current, ski(1)), (KeyState::Successor, ski(2))];
        assert!(trust.take_keys(ski(1), 2, &keys));
        let before = trust.clone();
        for other in [&keys[..1], &[(KeyState::Current, ski(1)), (KeyState::Successor, ski(3))]] {
            assert!(trust.take_keys(ski(1), 2, other));
            assert_eq!(trust, before);
        }
    }

    #[test]
    fn a_control_unit_goes_by_whichever_of_its_keys() {
        for (proven, forgotten) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
            let mut trust = Trust::new();
            trust.trust(ski(1)).expect("room");
            let keys = [(KeyState::Current, ski(1)), (KeyState::Successor, ski(2))];
            assert!(trust.take_keys(ski(1), 2, &keys));
            trust.accept(&request(7, 1));
            assert!(trust.recognise(ski(proven), Fingerprint::new([7; 32])));
            assert!(trust.forget(ski(forgotten)));
            assert_eq!(trust.unit(), None, "{proven} {forgotten}");
            assert_eq!(trust.trusted().count(), 0);
        }
    }

    #[test]
    fn a_control_unit_is_trusted_once_its_certificate_is_proven() {
        let mut trust = Trust::new();
        trust.accept(&request(7, 1));
        assert!(trust.is_used(request(7, 1).digest()));
        assert_eq!(trust.trusted().count(), 0);
        assert!(!trust.recognise(ski(1), Fingerprint::new([8; 32])));
        assert!(trust.recognise(ski(1), Fingerprint::new([7; 32])));
        assert!(!trust.recognise(ski(1), Fingerprint::new([7; 32])));
        let peer = trust.peer(ski(1)).expect("trusted");
        assert_eq!((peer.levels.user, peer.ship_id.as_deref()), (64, Some("i:1_u:7")));
        // The user removes it: as a whole, but its request stays used.
        assert!(trust.forget(ski(1)));
        assert_eq!(trust.unit(), None);
        assert!(!trust.recognise(ski(1), Fingerprint::new([7; 32])));
        assert!(trust.is_used(request(7, 1).digest()));
    }

    #[test]
    fn there_is_one_control_unit_at_a_time_and_others_lose_only_what_that_gave_them() {
        for is_trusted_otherwise in [false, true] {
            let mut trust = Trust::new();
            trust.accept(&request(7, 1));
            trust.recognise(ski(1), Fingerprint::new([7; 32]));
            if is_trusted_otherwise {
                trust.trust(ski(1)).expect("room");
            }
            trust.accept(&request(8, 2));
            let expected = if is_trusted_otherwise { Standing::Trusted } else { Standing::Unknown };
            assert_eq!(trust.standing(ski(1)), expected);
            assert_eq!(trust.unit().expect("the new one").ski, None);
        }
    }

    #[test]
    fn a_control_unit_that_the_user_refuses_stays_away() {
        let mut trust = Trust::new();
        trust.refuse(ski(1));
        trust.accept(&request(7, 1));
        assert!(!trust.recognise(ski(1), Fingerprint::new([7; 32])));
        assert_eq!(trust.standing(ski(1)), Standing::Refused);
    }

    #[test]
    fn a_reset_leaves_nothing() {
        let mut trust = Trust::new();
        trust.trust(ski(1)).expect("room");
        trust.refuse(ski(2));
        trust.award_pin(ski(1));
        trust.note_wrong_pins(7);
        trust.accept(&request(7, 1));
        trust.reset();
        assert_eq!(trust, Trust::new());
    }
}
