//! Keys that change without a new pairing (SHIP 1.1.0 §12.1.3).
//!
//! A node that is going to use another key tells its peers over connections secured with the
//! present one; from then on they trust both. A counter says which state of the keys is known, so
//! a peer that missed it asks.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use eebus_json::Instant;

use crate::connection::{Event, Leave};
use crate::handshake::Context;
use crate::identity::{Curve, Ski};
use crate::message::{
    KeyMaterialState, KeyMaterialStateEntry, KeyMaterialStateRequest, KeyMaterialStateResponse,
    KeyState, Message, Version,
};

/// Without an answer we say it again after this time, and give the connection up after as much
/// more.
const AGAIN: Duration = Duration::from_secs(30);

impl KeyMaterialState {
    /// The keys of a node whose only curve is secp256r1, each with what it is.
    pub fn of(update_counter: u16, keys: impl IntoIterator<Item = (KeyState, Ski)>) -> Self {
        let entry = |(state, ski): (KeyState, Ski)| KeyMaterialStateEntry {
            current_state: Some(state),
            curve: Some(Curve::Secp256r1.number()),
            ski: Some(ski.to_string().to_uppercase()),
            public_key: None,
        };
        Self { update_counter: Some(update_counter), entry: keys.into_iter().map(entry).collect() }
    }
}

/// What goes on about keys during the data exchange.
#[derive(Debug)]
pub(crate) enum Keys {
    /// The connection speaks 1.0: nothing does.
    Never,
    /// The connection speaks 1.1.
    Told {
        /// Until when the peer has to answer what we said of our keys, and whether that was the
        /// last time.
        answer: Option<(Instant, bool)>,
        /// Ours is being written down.
        is_taking: bool,
    },
}

impl Keys {
    /// Asks a peer whose keys have changed since we last heard of them.
    pub(crate) fn enter(version: Version, cx: &mut Context<'_>) -> Self {
        if version < Version::V1_1 {
            return Self::Never;
        }
        let known = cx.settings.known_keys;
        if cx.peer_keys.is_some_and(|counter| known.is_none_or(|known| counter > known)) {
            cx.send(&Message::KeyMaterialStateRequest(KeyMaterialStateRequest {
                known_update_counter: known,
            }));
        }
        Self::Told { answer: None, is_taking: false }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Told { answer: Some((until, _)), .. } => Some(*until),
            _ => None,
        }
    }

    /// The peer asks for our keys, unless it knows.
    pub(crate) fn asked(&mut self, request: &KeyMaterialStateRequest, cx: &mut Context<'_>) {
        if let (Self::Told { answer, .. }, Some(keys)) = (self, &cx.settings.keys)
            && request.known_update_counter != keys.update_counter
            && answer.is_none()
        {
            *answer = Some((cx.now + AGAIN, false));
            cx.send(&Message::KeyMaterialState(keys.clone()));
        }
    }

    /// The peer has taken our keys, or does not want to.
    pub(crate) fn answered(&mut self) {
        if let Self::Told { answer, .. } = self {
            *answer = None;
        }
    }

    /// The peer tells its keys. What was known already is confirmed, and nothing goes back.
    pub(crate) fn told(&mut self, state: &KeyMaterialState, cx: &mut Context<'_>) {
        let Self::Told { is_taking, .. } = self else {
            return;
        };
        let Some(counter) = state.update_counter else {
            return;
        };
        if cx.settings.known_keys.is_some_and(|known| counter < known) || *is_taking {
            return;
        }
        let key = |entry: &KeyMaterialStateEntry| {
            let ski = entry.ski.as_ref()?.parse().ok()?;
            let is_ours = entry.curve == Some(Curve::Secp256r1.number());
            is_ours.then_some((entry.current_state?, ski))
        };
        let keys: Vec<(KeyState, Ski)> = state.entry.iter().take(16).filter_map(key).collect();
        *is_taking = true;
        cx.tell(Event::KeysChanged { counter, keys });
    }

    /// They are trusted now, or not.
    pub(crate) fn taken(&mut self, is_taken: bool, cx: &mut Context<'_>) {
        if let Self::Told { is_taking, .. } = self
            && core::mem::take(is_taking)
        {
            cx.send(&Message::KeyMaterialStateResponse(KeyMaterialStateResponse {
                accept: Some(is_taken),
            }));
        }
    }

    /// Time has passed. An error: the connection is to be left, another one may go better.
    pub(crate) fn tick(&mut self, cx: &mut Context<'_>) -> Result<(), Leave> {
        if let Self::Told { answer: Some((until, is_last)), .. } = self
            && cx.is_past(*until)
        {
            let Some(keys) = cx.settings.keys.as_ref().filter(|_| !*is_last) else {
                return Err(Leave::Unspecific);
            };
            (*until, *is_last) = (cx.now + AGAIN, true);
            cx.send(&Message::KeyMaterialState(keys.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;
    use std::vec;

    use super::*;
    use crate::bench::{Bench, PIN_NONE, READY, secs};
    use crate::connection::{End, Input, Role, Settings};
    use crate::trust::Standing;

    const ANNOUNCE: &str = r#"{"messageProtocolHandshake":[{"handshakeType":"announceMax"},{"version":[{"major":1},{"minor":1}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
    const SELECT: &str = r#"{"messageProtocolHandshake":[{"handshakeType":"select"},{"version":[{"major":1},{"minor":1}]},{"formats":[{"format":["JSON-UTF8"]}]}]}"#;
    const STATE: &str = r#"{"keyMaterialState":[{"updateCounter":4},{"entry":[[{"currentState":"current"},{"curve":23},{"ski":"0101010101010101010101010101010101010101"}],[{"currentState":"successor"},{"curve":23},{"ski":"0202020202020202020202020202020202020202"}],[{"currentState":"current"},{"curve":26},{"ski":"0303030303030303030303030303030303030303"}]]}]}"#;
    const ACCEPTED: &str = r#"{"keyMaterialStateResponse":[{"accept":true}]}"#;

    fn settings() -> Settings {
        let keys =
            [(KeyState::Current, Ski::new([1; 20])), (KeyState::Successor, Ski::new([0xab; 20]))];
        Settings {
            max_version: Version::V1_1,
            asks_access_methods: false,
            keys: Some(KeyMaterialState::of(7, keys)),
            ..Settings::new("x")
        }
    }

    fn hello(counter: u16) -> String {
        format!(
            r#"{{"connectionHello":[{{"phase":"ready"}},{{"waiting":120000}},{{"keyMaterialState":[{{"updateCounter":{counter}}}]}}]}}"#
        )
    }

    /// In the data exchange of 1.1 with a peer whose hello was this.
    fn exchange(settings: Settings, hello: &str) -> (Bench, Vec<String>) {
        let mut bench = Bench::with(Role::Server, Standing::Trusted, settings);
        bench.frame(&[0, 0]);
        for text in [hello, ANNOUNCE, SELECT, PIN_NONE] {
            bench.hears(text);
        }
        let said = bench.said();
        bench.events.clear();
        (bench, said)
    }

    fn ours() -> String {
        eebus_json::to_string(&Message::KeyMaterialState(settings().keys.expect("ours")))
    }

    #[test]
    fn the_counter_goes_with_every_hello_of_a_node_that_has_1_1() {
        let (_, said) = exchange(settings(), READY);
        assert_eq!(said[1], hello(7));
        let (_, said) = exchange(Settings { keys: None, ..settings() }, READY);
        assert_eq!(said[1], READY);
        let mut modest = Bench::with(
            Role::Server,
            Standing::Trusted,
            Settings { max_version: Version::V1_0, ..settings() },
        );
        modest.frame(&[0, 0]);
        assert_eq!(modest.said()[1], READY);
    }

    #[test]
    fn a_peer_whose_keys_have_changed_is_asked_for_them() {
        for (known, asked) in [
            (None, Some(r#"{"keyMaterialStateRequest":[]}"#)),
            (Some(3), Some(r#"{"keyMaterialStateRequest":[{"knownUpdateCounter":3}]}"#)),
            (Some(4), None),
            (Some(5), None),
        ] {
            let (_, said) = exchange(Settings { known_keys: known, ..settings() }, &hello(4));
            let last = said.last().map(String::as_str);
            assert_eq!(last.filter(|text| text.contains("Request")), asked, "{known:?}");
        }
        let (_, said) = exchange(settings(), READY);
        assert!(!said.iter().any(|text| text.contains("Request")));
    }

    #[test]
    fn what_it_answers_is_told_for_this_curve_and_accepted_once_it_is_kept() {
        let (mut bench, _) = exchange(Settings { known_keys: Some(3), ..settings() }, &hello(4));
        bench.hears(STATE);
        bench.hears(STATE);
        assert_eq!(bench.said(), [""; 0]);
        let [Event::KeysChanged { counter: 4, keys }] = &bench.events[..] else {
            panic!("one change, not {:?}", bench.events);
        };
        assert_eq!(
            keys,
            &vec![(KeyState::Current, Ski::new([1; 20])), (KeyState::Successor, Ski::new([2; 20]))]
        );
        bench.connection.handle(Input::KeysTaken(true), bench.now);
        bench.connection.handle(Input::KeysTaken(true), bench.now);
        assert_eq!(bench.said(), [ACCEPTED]);
    }

    #[test]
    fn a_counter_that_goes_back_is_ignored() {
        let (mut bench, _) = exchange(Settings { known_keys: Some(5), ..settings() }, READY);
        bench.hears(STATE);
        assert_eq!(bench.said(), [""; 0]);
        assert!(bench.events.is_empty());
    }

    #[test]
    fn our_keys_are_told_to_who_does_not_know_them() {
        for (known, is_told) in [
            ("", true),
            (r#"{"knownUpdateCounter":6}"#, true),
            (r#"{"knownUpdateCounter":7}"#, false),
        ] {
            let (mut bench, _) = exchange(settings(), READY);
            bench.hears(&format!(r#"{{"keyMaterialStateRequest":[{known}]}}"#));
            assert_eq!(bench.said(), if is_told { vec![ours()] } else { vec![] }, "{known}");
        }
        let (mut bench, _) = exchange(Settings { keys: None, ..settings() }, READY);
        bench.hears(r#"{"keyMaterialStateRequest":[]}"#);
        assert_eq!(bench.said(), [""; 0]);
    }

    #[test]
    fn without_an_answer_they_are_told_once_more_and_then_the_connection_ends() {
        let (mut bench, _) = exchange(settings(), READY);
        bench.hears(r#"{"keyMaterialStateRequest":[]}"#);
        assert_eq!(bench.said(), [ours()]);
        bench.passes(secs(29));
        assert_eq!(bench.said(), [""; 0]);
        bench.passes(secs(1));
        assert_eq!(bench.said(), [ours()]);
        bench.passes(secs(30));
        let said = bench.said();
        assert!(said[0].contains(r#""reason":"unspecific""#), "{said:?}");
        bench.passes(secs(2));
        assert_eq!(bench.ended().2, End::Left(Leave::Unspecific));

        let (mut bench, _) = exchange(settings(), READY);
        bench.hears(r#"{"keyMaterialStateRequest":[]}"#);
        bench.hears(ACCEPTED);
        bench.passes(secs(3600));
        assert_eq!(bench.said(), [ours()]);
    }

    #[test]
    fn a_1_0_connection_says_nothing_of_keys() {
        let mut bench = Bench::with(Role::Client, Standing::Trusted, settings());
        bench.frame(&[0, 0]);
        for text in [&hello(4), crate::bench::SELECT, PIN_NONE] {
            bench.hears(text);
        }
        bench.said();
        bench.events.clear();
        bench.hears(r#"{"keyMaterialStateRequest":[]}"#);
        bench.hears(STATE);
        assert_eq!(bench.said(), [""; 0]);
        assert!(bench.events.is_empty());
    }
}
