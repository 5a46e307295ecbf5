//! Laws that hold for the data of every function, on arbitrary values.

use eebus_json::{
    AnyChoice, Items, Kind, Num, Raw, Reader, Record, Shape, Target, record_to_string, to_string,
};
use spine::exchange::{Options, Origin, apply, read};
use spine::model::{Cmd, Function, Payload};

/// Where arbitrary values come from: always the same sequence, so that a failure comes again.
struct Source(u64);

impl Source {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn text(&mut self) -> String {
        let letters =
            ['a', 'Z', '7', '"', '\\', '[', ']', '{', '}', ',', ':', '\n', 'é', '\u{1f697}'];
        (0..self.below(6)).map(|_| letters[self.below(letters.len() as u64) as usize]).collect()
    }

    /// Any data of the function; entries carry all of their identifiers, and no two the same.
    fn payload(&mut self, function: Function) -> Payload {
        let mut payload = Payload::empty(function);
        self.fill(payload.record_mut().expect("a known function"), 0);
        payload
    }

    fn fill(&mut self, record: &mut dyn Record, number: u64) {
        let shape: &'static Shape = record.shape();
        for (i, element) in shape.elements.iter().enumerate() {
            let slot = record.slot_mut(i);
            if element.is_key {
                identify(slot.target(), element.kind, number);
                continue;
            }
            if self.below(3) == 0 {
                continue;
            }
            let is_filled = match slot.target() {
                Target::List(items) => self.items(items, element.kind),
                target => self.value(target, element.kind, number),
            };
            if !is_filled {
                slot.clear();
            }
        }
    }

    fn items(&mut self, items: &mut dyn Items, kind: Kind) -> bool {
        let first = self.below(3);
        for number in first..first + self.below(4) {
            let before = items.len();
            if !self.value(items.push(), kind, number) {
                items.truncate(before);
            }
        }
        true
    }

    fn value(&mut self, target: Target<'_>, kind: Kind, number: u64) -> bool {
        match target {
            Target::Bool(place) => *place = self.below(2) == 0,
            Target::Number(place) => return place.set(Num::Unsigned(self.below(200))),
            Target::Text(place) => match kind {
                Kind::Word { words, .. } => {
                    return place.set_text(words[self.below(words.len() as u64) as usize]);
                }
                _ => return place.set_text(&self.text()),
            },
            Target::Record(inner) => self.fill(inner, number),
            Target::Tag => {}
            Target::List(_) | Target::Raw(_) => unreachable!("no list in a list, no raw data"),
        }
        true
    }
}

/// Gives an identifier its value.
fn identify(target: Target<'_>, kind: Kind, number: u64) {
    let is_set = match (target, kind) {
        (Target::Number(place), _) => place.set(Num::Unsigned(number)),
        (Target::Text(place), Kind::Word { words, .. }) => {
            place.set_text(words[number as usize % words.len()])
        }
        (Target::Text(place), _) => place.set_text(&format!("id {number}")),
        (Target::Record(inner), Kind::Record(shape)) => {
            for (i, element) in shape.elements.iter().enumerate() {
                identify(inner.slot_mut(i).target(), element.kind, number);
            }
            true
        }
        (Target::List(items), kind) => {
            identify(items.push(), kind, number);
            true
        }
        _ => false,
    };
    assert!(is_set, "an identifier");
}

/// Checks a law for every function, on several values each.
fn for_all(law: impl Fn(Function, &mut Source)) {
    for (i, &function) in Function::LIST.iter().enumerate() {
        let mut source = Source(0x9e37_79b9_7f4a_7c15 ^ (i as u64 + 1));
        for _ in 0..20 {
            law(function, &mut source);
        }
    }
}

fn applied(function: Function, stored: Option<&Payload>, cmd: &Cmd) -> Payload {
    apply(function, stored, cmd, Origin::PeerData, &Options::default()).expect("a notification")
}

#[test]
fn what_is_written_is_read_back() {
    for_all(|function, source| {
        let sent = source.payload(function);
        let text = to_string(&sent);
        let received: Payload = Reader::strict().read(text.as_bytes()).expect(&text);
        assert_eq!(received, sent);
        assert_eq!(to_string(&received), text);
    });
}

#[test]
fn a_full_notification_is_what_the_cache_holds() {
    for_all(|function, source| {
        let (before, sent) = (source.payload(function), source.payload(function));
        assert_eq!(applied(function, Some(&before), &Cmd::full(sent.clone())), sent);
    });
}

#[test]
fn merging_twice_is_merging_once() {
    for_all(|function, source| {
        let (before, part) = (source.payload(function), Cmd::partial(source.payload(function)));
        let once = applied(function, Some(&before), &part);
        assert_eq!(applied(function, Some(&once), &part), once, "{before:?} {part:?}");
    });
}

#[test]
fn an_empty_part_changes_nothing() {
    for_all(|function, source| {
        let before = source.payload(function);
        let part = Cmd::partial(Payload::empty(function));
        // Entries that nothing tells apart are replaced: there is no part of them.
        if function.entry().is_none() || function.has_identifiers() {
            assert_eq!(applied(function, Some(&before), &part), before);
        }
    });
}

#[test]
fn an_entry_selected_by_its_identifiers_is_the_one_that_goes_and_the_one_that_is_read() {
    for_all(|function, source| {
        let mut before = source.payload(function);
        if !function.has_identifiers() || !function.as_str().ends_with("ListData") {
            return;
        }
        let count = before.record().and_then(|data| data.slot(0).items()).map_or(0, Items::len);
        if count == 0 {
            return;
        }
        let which = source.below(count as u64) as usize;
        let identifiers = identifiers(&mut before.clone(), which);
        let filter = |kind: &str| {
            let text = format!(
                concat!(
                    "[{{\"function\":\"{0}\"}},{{\"filter\":[[{{\"cmdControl\":[{{\"{1}\":[]}}]}},",
                    "{{\"{0}Selectors\":{2}}}]]}},{{\"{0}\":[]}}]"
                ),
                function, kind, identifiers
            );
            let raw = Raw::new(&text).expect("JSON");
            Reader::strict().content::<Cmd>(&raw).expect(&text)
        };
        let selected = read(&before, &filter("partial"), &Options::default()).expect("a reply");
        let selected = selected.data.expect("data");
        let rest = applied(function, Some(&before), &filter("delete"));

        // The one is among the selected, and together they are all.
        let lines = |payload: &Payload| {
            let items = payload.record().and_then(|data| data.slot(0).items()).expect("a list");
            (0..items.len())
                .map(|i| record_to_string(items.record(i).expect("an entry")))
                .collect::<Vec<_>>()
        };
        let one = &lines(&before)[which];
        assert!(lines(&selected).contains(one), "{identifiers}: {before:?}");
        assert!(!lines(&rest).contains(one), "{identifiers}: {before:?}");
        assert_eq!(lines(&selected).len() + lines(&rest).len(), count);
        before = applied(function, Some(&rest), &filter("delete"));
        assert_eq!(before, rest, "nothing is left to delete");
    });
}

/// The identifiers of an entry, as selectors write them.
fn identifiers(payload: &mut Payload, which: usize) -> String {
    let data = payload.record_mut().expect("a known function");
    let items = data.slot_mut(0).items_mut().expect("a list");
    let entry = items.record_mut(which).expect("an entry");
    for (i, element) in entry.shape().elements.iter().enumerate() {
        if !element.is_key {
            entry.slot_mut(i).clear();
        }
    }
    record_to_string(entry)
}

#[test]
fn a_peers_write_changes_neither_identifiers_nor_flags_nor_what_is_locked() {
    for_all(|function, source| {
        let before = source.payload(function);
        let data = source.payload(function);
        let cmd = if source.below(2) == 0 { Cmd::full(data) } else { Cmd::partial(data) };
        let options = Options::default();
        let Ok(after) = apply(function, Some(&before), &cmd, Origin::PeerWrite, &options) else {
            return;
        };
        assert_eq!(after.name(), before.name());
        if !function.has_identifiers() {
            return;
        }
        let list = |payload: &Payload| payload.record().map(record_to_string);
        let (Some(old), Some(new)) = (before.record(), after.record()) else { return };
        let (Some(old), Some(new)) = (old.slot(0).items(), new.slot(0).items()) else { return };
        assert_eq!(old.len(), new.len(), "{:?}", list(&after));
        for i in 0..old.len() {
            let (old, new) = (old.record(i).expect("old"), new.record(i).expect("new"));
            let guard = old.shape().elements.iter().position(|element| element.is_guard);
            let is_locked = guard.is_some_and(|i| record_bool(old, i) != Some(true));
            for (slot, element) in old.shape().elements.iter().enumerate() {
                if element.is_key || element.is_guard || is_locked {
                    assert!(old.slot(slot).same(new.slot(slot)), "{function}.{}", element.name);
                }
            }
        }
    });
}

fn record_bool(record: &dyn Record, i: usize) -> Option<bool> {
    match record.slot(i).view() {
        eebus_json::View::Bool(value) => Some(value),
        _ => None,
    }
}
