//! The rows of the exchange, each as commands on the wire.

mod delete;
mod full;
mod partial;
mod reads;
mod refusals;
mod selected;
mod selectors;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use eebus_json::{Raw, Reader, to_string};

use super::{Options, Origin, apply, read};
use crate::datagram::Commands;
use crate::model::{Cmd, ErrorNumber, Function, Payload, UtcTime};

const LIMITS: &str = concat!(
    r#"{"loadControlLimitListData":[{"loadControlLimitData":["#,
    r#"[{"limitId":1},{"isLimitChangeable":true},{"isLimitActive":true},"#,
    r#"{"timePeriod":[{"endTime":"PT2H"}]},{"value":[{"number":42},{"scale":2}]}],"#,
    r#"[{"limitId":2},{"isLimitChangeable":false},{"isLimitActive":false},"#,
    r#"{"value":[{"number":11},{"scale":3}]}]]}]}"#
);

const MEASUREMENTS: &str = concat!(
    r#"{"measurementListData":[{"measurementData":["#,
    r#"[{"measurementId":1},{"valueType":"value"},{"timestamp":"2026-05-04T10:00:00Z"},"#,
    r#"{"value":[{"number":5},{"scale":0}]}],"#,
    r#"[{"measurementId":1},{"valueType":"minValue"},{"value":[{"number":1},{"scale":0}]}],"#,
    r#"[{"measurementId":4},{"timestamp":"2026-05-04T09:00:00Z"},"#,
    r#"{"value":[{"number":7},{"scale":0}]}]]}]}"#
);

const SETPOINTS: &str = concat!(
    r#"{"setpointListData":[{"setpointData":["#,
    r#"[{"setpointId":1},{"value":[{"number":20},{"scale":0}]},"#,
    r#"{"valueMin":[{"number":5},{"scale":0}]},{"isSetpointChangeable":true}],"#,
    r#"[{"setpointId":2},{"value":[{"number":21},{"scale":0}]},"#,
    r#"{"valueMin":[{"number":6},{"scale":0}]},{"isSetpointChangeable":true}]]}]}"#
);

/// 2026-05-04T10:05:00Z.
const NOW: UtcTime = UtcTime { seconds: 1_777_889_100, nanos: 0 };

fn payload(text: &str) -> Payload {
    Reader::strict().read(text.as_bytes()).expect("a payload")
}

/// A command from its elements, without the outer brackets.
fn cmd(elements: &str) -> Cmd {
    let raw = Raw::new(&format!("[{{\"cmd\":[[{elements}]]}}]")).expect("JSON");
    let Commands { cmd } = Reader::tolerant().content(&raw).expect("a command");
    cmd.into_iter().next().expect("one command")
}

/// A command with filters; `data` is the content of the function's element.
fn filtered(function: &str, filters: &str, data: &str) -> Cmd {
    cmd(&format!(
        "{{\"function\":\"{function}\"}},{{\"filter\":[{filters}]}},{{\"{function}\":{data}}}"
    ))
}

fn limits(filters: &str, entries: &str) -> Cmd {
    let data = if entries.is_empty() {
        String::from("[]")
    } else {
        format!("[{{\"loadControlLimitData\":[{entries}]}}]")
    };
    filtered("loadControlLimitListData", filters, &data)
}

const PARTIAL: &str = r#"[{"cmdControl":[{"partial":[]}]}]"#;

fn partial(rest: &str) -> String {
    format!(r#"[{{"cmdControl":[{{"partial":[]}}]}},{rest}]"#)
}

fn delete(rest: &str) -> String {
    format!(r#"[{{"cmdControl":[{{"delete":[]}}]}},{rest}]"#)
}

fn with(stored: &str, cmd: &Cmd, origin: Origin, options: &Options) -> Result<String, u32> {
    let stored = payload(stored);
    let function = stored.which().expect("a known function");
    let options = Options { now: Some(NOW), ..*options };
    match apply(function, Some(&stored), cmd, origin, &options) {
        Ok(after) => Ok(to_string(&after)),
        Err(refusal) => Err(refusal.number.0),
    }
}

fn written(stored: &str, cmd: &Cmd) -> Result<String, u32> {
    with(stored, cmd, Origin::PeerWrite, &Options::default())
}

fn notified(stored: &str, cmd: &Cmd) -> Result<String, u32> {
    with(stored, cmd, Origin::PeerData, &Options::default())
}

/// The text with one part replaced, which must be there once.
fn but(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replacen(from, to, 1)
}
