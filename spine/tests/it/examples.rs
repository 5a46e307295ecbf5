//! Messages of the specifications and their implementation guides, each one line of
//! `data/examples.jsonl`: a datagram, a command, or the data of a function.

use eebus_json::{AnyChoice, Raw, Reader, Record, to_string};
use spine::datagram::{Datagram, to_raw};
use spine::model::{Cmd, Payload};

const EXAMPLES: &str = include_str!("../data/examples.jsonl");

#[derive(Clone, Default, PartialEq, Record)]
struct Cmds {
    cmd: Vec<Cmd>,
}

/// The text after it has been read and written again.
fn again(text: &str) -> String {
    let reader = Reader::strict();
    if text.starts_with("{\"datagram\"") {
        let datagram = Datagram::read(&reader, text.as_bytes()).expect(text);
        let (commands, fault) = datagram.commands(&reader).expect(text);
        assert_eq!(fault, None, "{text}");
        let [cmd] = &commands.cmd[..] else { panic!("one command: {text}") };
        assert!(cmd.data.as_ref().is_none_or(AnyChoice::is_known), "{text}");
        let header = datagram.header.expect("a header");
        return to_raw(header, cmd.clone()).as_str().into();
    }
    if text.starts_with("{\"cmd\"") {
        let raw = Raw::new(&format!("[{text}]")).expect(text);
        let cmds: Cmds = reader.content(&raw).expect(text);
        let written = eebus_json::record_to_string(&cmds);
        return written[1..written.len() - 1].into();
    }
    to_string(&reader.read::<Payload>(text.as_bytes()).expect(text))
}

#[test]
fn every_example_is_written_as_it_was_read() {
    for text in EXAMPLES.lines() {
        assert_eq!(again(text), text);
    }
}
