//! A recording of a session, read again by our own readers.
//!
//! Takes what `eebus-charger --capture` and [`ship::net::Capture`] write, and the recordings of
//! `recordings/`. Every message of SHIP and every datagram of SPINE is read as a device of ours reads
//! it, and once more strictly; what the strict reader refuses is what the sender does otherwise than
//! the standard.

use core::fmt;
use std::collections::BTreeMap;

use eebus_json::Reader;
use serde::Deserialize;
use ship::message::{Data, Message};
use spine::datagram::Datagram;

/// One line of a recording. What is not needed here is left alone.
#[derive(Deserialize)]
struct Line {
    from: Option<String>,
    #[serde(rename = "type")]
    kind: Option<u8>,
    text: Option<String>,
    octets: Option<String>,
    #[serde(default)]
    is_secret: bool,
    lost: Option<u64>,
}

/// What a recording came to.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Replay {
    /// Messages of SHIP, those without a text included.
    pub messages: usize,
    /// Datagrams of SPINE among them.
    pub datagrams: usize,
    /// Messages that the recording lacks, as it says itself.
    pub lost: u64,
    /// What even the tolerant readers refuse: where, from whom and why.
    pub refused: Vec<String>,
    /// What only the strict readers refuse, by who does it and why, and how often.
    pub deviations: BTreeMap<String, usize>,
}

/// Reads a whole recording.
///
/// # Errors
///
/// A line that is none of a recording; which one and why.
pub fn replay(recording: &str) -> Result<Replay, String> {
    let mut replay = Replay::default();
    for (i, line) in recording.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = i + 1;
        let line: Line =
            serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))?;
        replay.line(number, line);
    }
    Ok(replay)
}

impl Replay {
    fn line(&mut self, number: usize, line: Line) {
        self.lost += line.lost.unwrap_or_default();
        let Some(from) = line.from else {
            return;
        };
        self.messages += 1;
        match (line.kind, line.text) {
            _ if line.is_secret => {}
            (Some(0), None) if line.octets.is_none() => {}
            (Some(1..=3), Some(text)) => self.message(number, &from, &text),
            (kind, _) => {
                let kind = kind.map_or_else(|| "none".to_owned(), |kind| kind.to_string());
                self.refused.push(format!("line {number}, {from}: no message, type {kind}"));
            }
        }
    }

    fn message(&mut self, number: usize, from: &str, text: &str) {
        match Reader::tolerant().read::<Message>(text.as_bytes()) {
            Err(error) => self.refused.push(format!("line {number}, {from}: {error}")),
            Ok(message) => {
                if let Err(error) = Reader::strict().read::<Message>(text.as_bytes()) {
                    self.deviates(from, "SHIP", &error);
                }
                if let Message::Data(Data { payload: Some(payload), .. }) = message {
                    self.datagrams += 1;
                    self.datagram(number, from, payload.as_str());
                }
            }
        }
    }

    fn datagram(&mut self, number: usize, from: &str, text: &str) {
        if let Err(error) = read(&Reader::tolerant(), text) {
            self.refused.push(format!("line {number}, {from}: datagram: {error}"));
        } else if let Err(error) = read(&Reader::strict(), text) {
            self.deviates(from, "SPINE", &error);
        }
    }

    fn deviates(&mut self, from: &str, layer: &str, error: &impl fmt::Display) {
        *self.deviations.entry(format!("{from}, {layer}: {error}")).or_default() += 1;
    }
}

/// Header and payload, the latter as far as it is modelled.
fn read(reader: &Reader, text: &str) -> Result<(), String> {
    let datagram = Datagram::read(reader, text.as_bytes()).map_err(|error| error.to_string())?;
    let (_, fault) = datagram.commands(reader).map_err(|error| error.to_string())?;
    fault.map_or(Ok(()), |fault| Err(format!("{fault:?}")))
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} messages, {} datagrams", self.messages, self.datagrams)?;
        if self.lost > 0 {
            writeln!(f, "{} more are missing in the recording", self.lost)?;
        }
        for (what, count) in &self.deviations {
            writeln!(f, "not as the standard has it, {count} times: {what}")?;
        }
        for what in &self.refused {
            writeln!(f, "REFUSED {what}")?;
        }
        writeln!(f, "{} refused", self.refused.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_session_is_read_without_a_complaint() {
        let replay = replay(include_str!("../recordings/go-manager--go-charger.jsonl"));
        let replay = replay.expect("a recording");
        assert_eq!((replay.messages, replay.datagrams), (280, 267));
        assert_eq!(replay.refused, Vec::<String>::new());
        assert_eq!(replay.deviations, BTreeMap::new());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let recording = concat!(
            r#"{"t_ms":1,"connection":1,"peer":"b5","from":"own","type":0,"text":null}"#,
            "\n",
            r#"{"from":"peer","type":1,"text":"{\"accessMethodsRequest\":[]}\u0000"}"#,
            "\n{\"lost\":3}\n",
            r#"{"from":"peer","type":2,"text":"{\"data\":"}"#,
            "\n",
            r#"{"from":"peer","type":2,"text":null,"octets":"ff"}"#,
            "\n",
            r#"{"from":"peer","type":1,"text":null,"is_secret":true}"#,
        );
        let replay = replay(recording).expect("a recording");
        assert_eq!((replay.messages, replay.datagrams, replay.lost), (5, 0, 3));
        assert_eq!(replay.deviations.values().sum::<usize>(), 1, "{replay}");
        assert_eq!(replay.refused.len(), 2, "{replay}");
        assert!(replay.refused[0].starts_with("line 4, peer: "), "{replay}");
        assert!(super::replay("nonsense").is_err_and(|why| why.starts_with("line 1: ")));
    }
}
