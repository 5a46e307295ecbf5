//! The restricted function exchange.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use eebus_json::any::Source;
use eebus_json::{Items, Raw, Reader, View, record_to_string, to_string};

use crate::device::{EntityPlan, LocalDevice, Operations};
use crate::engine::{Mode, Output, PeerId};
use crate::exchange::{Options, Origin, apply, read};
use crate::model::{
    Cmd, DeviceType, EntityType, FeatureAddress, FeatureType, Function, Payload, Role, UtcTime,
};
use crate::testing::arbitrary::{command, payload};
use crate::{Engine, Instant, Now};

const NOW: UtcTime = UtcTime { seconds: 1_777_888_800, nanos: 0 };

/// Data as servers hold them: entries with all of their identifiers, no two the same.
fn stored(octets: &[u8], function: Function) -> (Payload, Source<'_>) {
    let mut source = Source::new(octets).identified();
    (payload(&mut source, function), source)
}

fn notified(function: Function, before: &Payload, cmd: &Cmd) -> Payload {
    apply(function, Some(before), cmd, Origin::PeerData, &Options::default())
        .unwrap_or_else(|refusal| panic!("{cmd:?}: {refusal}"))
}

/// Whatever a command says, it is carried out within bounds or refused; likewise a read.
pub fn any_command_is_carried_out_or_refused(function: Function, octets: &[u8]) {
    let (before, mut source) = stored(octets, function);
    let cmd = command(&mut source, function, &before);
    let options = Options {
        is_extensible: source.below(2) == 0,
        max_entries: source.below(8),
        now: (source.below(2) == 0).then_some(NOW),
    };
    for origin in [Origin::PeerWrite, Origin::PeerData, Origin::Local] {
        for stored in [Some(&before), None] {
            let Ok(after) = apply(function, stored, &cmd, origin, &options) else { continue };
            assert_eq!(after.which(), Some(function));
            let count = if function.entry().is_some() { count(&after) } else { 0 };
            assert!(count <= options.max_entries, "{count} entries after {cmd:?}");
        }
    }
    if let Ok(reply) = read(&before, &cmd, &options) {
        assert_eq!(reply.data.as_ref().and_then(Payload::which), Some(function));
    }
}

/// W1: what a peer says about its own data as a whole takes the place of what we knew.
pub fn a_full_notification_is_what_is_stored(function: Function, octets: &[u8]) {
    let (before, mut source) = stored(octets, function);
    let sent = payload(&mut source, function);
    assert_eq!(notified(function, &before, &Cmd::full(sent.clone())), sent);
}

/// W2, once and twice.
pub fn merging_twice_is_merging_once(function: Function, octets: &[u8]) {
    let (before, mut source) = stored(octets, function);
    let part = Cmd::partial(payload(&mut source, function));
    let once = notified(function, &before, &part);
    assert_eq!(notified(function, &once, &part), once, "{before:?} {part:?}");
}

/// W2 with nothing in it. Entries that nothing tells apart are replaced: there is no part of them.
pub fn an_empty_part_changes_nothing(function: Function, octets: &[u8]) {
    if function.entry().is_none() || function.has_identifiers() {
        let (before, _) = stored(octets, function);
        let part = Cmd::partial(Payload::empty(function));
        assert_eq!(notified(function, &before, &part), before);
    }
}

/// W2 and W4: an entry that is added and deleted again leaves what was there before.
pub fn what_is_added_and_deleted_is_gone(function: Function, octets: &[u8]) {
    if !is_selectable(function) {
        return;
    }
    // The last entry of any data has identifiers that no other one has.
    let (all, _) = stored(octets, function);
    let Some(last) = count(&all).checked_sub(1) else { return };
    let (mut before, mut added) = (all.clone(), all.clone());
    items(&mut before).truncate(last);
    items(&mut added).retain(&mut |i| i == last);
    // Of our own: what a peer adds has to say more than who it is.
    let add = Cmd::partial(added.clone());
    let after = apply(function, Some(&before), &add, Origin::Local, &Options::default());
    assert_eq!(after.as_ref(), Ok(&all));
    let delete = filtered(function, "delete", &identifiers(added, 0));
    assert_eq!(notified(function, &all, &delete), before, "{delete:?}");
}

/// W4 and R2: the entry of these identifiers is among those that go and those that are read, and
/// both together are all.
pub fn what_is_selected_is_read_and_goes(function: Function, octets: &[u8]) {
    if !is_selectable(function) {
        return;
    }
    let (before, mut source) = stored(octets, function);
    let count = count(&before);
    if count == 0 {
        return;
    }
    let which = source.below(count);
    let identifiers = identifiers(before.clone(), which);
    let partial = filtered(function, "partial", &identifiers);
    let selected = read(&before, &partial, &Options::default()).expect("a reply");
    let selected = lines(&selected.data.expect("data"));
    let delete = filtered(function, "delete", &identifiers);
    let after = notified(function, &before, &delete);
    let rest = lines(&after);

    let one = &lines(&before)[which];
    assert!(selected.contains(one), "{identifiers}: {before:?}");
    assert!(!rest.contains(one), "{identifiers}: {before:?}");
    assert_eq!(selected.len() + rest.len(), count);
    assert_eq!(notified(function, &after, &delete), after, "nothing is left to delete");
}

/// A peer's write changes neither identifiers nor flags, and nothing of an entry that is locked.
pub fn a_peer_changes_nothing_that_is_the_servers(function: Function, octets: &[u8]) {
    if !function.has_identifiers() {
        return;
    }
    let (before, mut source) = stored(octets, function);
    let cmd = command(&mut source, function, &before);
    let options = Options { now: Some(NOW), ..Options::default() };
    let Ok(after) = apply(function, Some(&before), &cmd, Origin::PeerWrite, &options) else {
        return;
    };
    let (Some(old), Some(new)) = (before.record(), after.record()) else { return };
    let (Some(old), Some(new)) = (old.slot(0).items(), new.slot(0).items()) else { return };
    assert_eq!(old.len(), new.len(), "{cmd:?}");
    for i in 0..old.len() {
        let (old, new) = (old.record(i).expect("an entry"), new.record(i).expect("an entry"));
        let guard = old.shape().elements.iter().position(|element| element.is_guard);
        let is_locked = guard.is_some_and(|i| !matches!(old.slot(i).view(), View::Bool(true)));
        for (slot, element) in old.shape().elements.iter().enumerate() {
            if element.is_key || element.is_guard || is_locked {
                let is_same = old.slot(slot).same(new.slot(slot));
                assert!(is_same, "{function}.{}: {cmd:?}", element.name);
            }
        }
    }
}

const PEER: PeerId = PeerId(1);

/// A device refuses a write as a whole, and a write that it does not refuse is carried out.
pub fn a_refused_write_changes_nothing(function: Function, octets: &[u8]) {
    let (before, mut source) = stored(octets, function);
    let cmd = command(&mut source, function, &before);
    let (mut engine, server, now) = device(function, before.clone());
    let bind = concat!(
        r#"{"nodeManagementBindingRequestCall":[{"bindingRequest":["#,
        r#"{"clientAddress":[{"device":"d:_n:Peer"},{"entity":[1]},{"feature":1}]},"#,
        r#"{"serverAddress":[{"device":"d:_n:Own"},{"entity":[1]},{"feature":1}]}]}]}"#
    );
    let root = r#"{"entity":[0]},{"feature":0}"#;
    assert_eq!(say(&mut engine, "call", root, root, bind, now), Some(0));
    let one = r#"{"entity":[1]},{"feature":1}"#;
    let text = record_to_string(&cmd);
    let elements = &text[1..text.len() - 1];
    let error = say(&mut engine, "write", one, one, elements, now).expect("an answer");
    let feature = engine.local().feature(&server).expect("it has one");
    let after = feature.function(function).and_then(|function| function.data.clone());
    let expected = apply(function, Some(&before), &cmd, Origin::PeerWrite, &Options::default());
    match expected {
        Ok(expected) if error == 0 => assert_eq!(after, Some(expected), "{cmd:?}"),
        _ => {
            assert_ne!(error, 0, "{cmd:?}");
            assert_eq!(after, Some(before), "{cmd:?}");
        }
    }
}

/// A device that serves one function to a peer that has just connected.
fn device(function: Function, data: Payload) -> (Engine, FeatureAddress, Now) {
    let now = Now { instant: Instant::ORIGIN, utc: NOW };
    let local = LocalDevice::new("d:_n:Own".into(), DeviceType::Generic);
    let mut engine = Engine::new(local, Mode::Tolerant);
    let mut entity = EntityPlan::new(EntityType::Generic);
    let feature = entity.feature(&FeatureType::Generic, Role::Server);
    feature.serve(function, Operations::READ_WRITE).data = Some(data);
    let path = engine.add_entity(entity).expect("a device has room for one entity");
    engine.connected(PEER, now).expect("one peer is not too many");
    let server = engine.local().find(&path, &FeatureType::Generic, Role::Server);
    (engine, server.expect("it was planned"), now)
}

/// Sends a message; the error number of the answer.
fn say(
    engine: &mut Engine,
    classifier: &str,
    from: &str,
    to: &str,
    cmd: &str,
    now: Now,
) -> Option<u32> {
    while engine.poll().is_some() {}
    let text = format!(
        concat!(
            r#"{{"datagram":[{{"header":[{{"specificationVersion":"1.3.0"}},"#,
            r#"{{"addressSource":[{{"device":"d:_n:Peer"}},{}]}},"#,
            r#"{{"addressDestination":[{{"device":"d:_n:Own"}},{}]}},{{"msgCounter":1}},"#,
            r#"{{"cmdClassifier":"{}"}},{{"ackRequest":true}}]}},{{"payload":[{{"cmd":[[{}]]}}]}}]}}"#
        ),
        from, to, classifier, cmd
    );
    engine.datagram(PEER, text.as_bytes(), now);
    let mut error = None;
    while let Some(output) = engine.poll() {
        if let Output::Datagram { datagram, .. } = output
            && let Some((_, rest)) = datagram.as_str().split_once(r#"{"errorNumber":"#)
        {
            error = rest.split('}').next().and_then(|number| number.parse().ok());
        }
    }
    error
}

/// Whether selectors of the function can name an entry by its identifiers.
fn is_selectable(function: Function) -> bool {
    function.has_identifiers() && function.as_str().ends_with("ListData")
}

fn items(payload: &mut Payload) -> &mut dyn Items {
    let data = payload.record_mut().expect("a function of the model");
    data.slot_mut(0).items_mut().expect("a list")
}

fn count(payload: &Payload) -> usize {
    payload.record().and_then(|data| data.slot(0).items()).map_or(0, Items::len)
}

/// The entries as texts.
fn lines(payload: &Payload) -> Vec<String> {
    let items = payload.record().and_then(|data| data.slot(0).items()).expect("a list");
    (0..items.len()).map(|i| record_to_string(items.record(i).expect("an entry"))).collect()
}

/// The identifiers of an entry, as selectors write them.
fn identifiers(mut payload: Payload, which: usize) -> String {
    let entry = items(&mut payload).record_mut(which).expect("an entry");
    for (i, element) in entry.shape().elements.iter().enumerate() {
        if !element.is_key {
            entry.slot_mut(i).clear();
        }
    }
    record_to_string(entry)
}

/// A command without data and with one filter.
fn filtered(function: Function, control: &str, selectors: &str) -> Cmd {
    let empty = to_string(&Payload::empty(function));
    let text = format!(
        concat!(
            "[{{\"function\":\"{0}\"}},{{\"filter\":[[{{\"cmdControl\":[{{\"{1}\":[]}}]}},",
            "{{\"{0}Selectors\":{2}}}]]}},{3}]"
        ),
        function, control, selectors, empty
    );
    let raw = Raw::new(&text).expect("JSON");
    Reader::strict().content(&raw).expect(&text)
}
