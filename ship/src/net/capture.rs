//! Recording what went over the wire: every SHIP message of every connection, in both directions,
//! one JSON object a line.
//!
//! ```text
//! {"t_ms":12,"connection":1,"peer":"b552...","from":"peer","type":1,"text":"{\"connectionHello\":..."}
//! ```
//!
//! - `t_ms`: since the recording began; `connection`: counts from 1; `peer`: its proven SKI;
//! - `from`: `own` or `peer`; `type`: the SHIP message type octet: 0 init, 1 control, 2 data, 3 end;
//! - `text`: the message behind that octet exactly as it was; `null` for init. What is no text has
//!   `octets` in hexadecimal instead. A PIN is left out: `"is_secret":true`.
//! - `{"lost":n}`: so many messages are missing here, because the disk was too slow.
//!
//! A thread of its own writes, so that no connection waits for the disk. When the file is full it is
//! renamed with `.old` behind its name, in place of the one before, and begun anew. An error of the
//! disk is logged once and ends the recording, and nothing else.

use core::fmt::Write as _;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::boxed::Box;
use std::fs::{File, OpenOptions, metadata, rename};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::sync::{Arc, mpsc};
use std::thread;

use eebus_json::Instant;
use serde::Serialize;
use tokio::sync::oneshot;

use super::drive::LinkId;
use crate::identity::Ski;

/// Octets that may wait for the disk; two of the largest messages.
const MOST_WAITING: usize = 4 << 20;

/// A file that records what the node and its peers say. Clones record to the same file.
#[derive(Clone, Debug)]
pub struct Capture(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    lines: mpsc::Sender<Order>,
    /// Octets that wait for the disk.
    waiting: Arc<AtomicUsize>,
    lost: AtomicU64,
}

#[derive(Debug)]
enum Order {
    Write(Box<str>),
    /// The sender is dropped when everything before is written.
    Flush {
        _done: oneshot::Sender<()>,
    },
}

impl Capture {
    /// Begins a file, or begins it anew, which together with the old one takes no more than `limit`
    /// octets, apart from a last message. A file that is there is kept as the old one.
    ///
    /// # Errors
    ///
    /// If the file cannot be created.
    pub fn create(path: impl Into<PathBuf>, limit: u64) -> io::Result<Self> {
        let mut writer = Writer { path: path.into(), file: None, size: 0, limit: limit / 2 };
        match metadata(&writer.path) {
            Ok(known) if known.is_file() => rename(&writer.path, old(&writer.path))?,
            // A pipe or a device: it has no size, and nothing takes its place.
            Ok(_) => writer.limit = u64::MAX,
            Err(_) => {}
        }
        writer.begin()?;
        let (lines, written) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = waiting.clone();
        thread::Builder::new()
            .name("ship-capture".into())
            .spawn(move || writer.run(&written, &counter))?;
        Ok(Self(Arc::new(Shared { lines, waiting, lost: AtomicU64::new(0) })))
    }

    /// Records a message; does not wait.
    pub(super) fn record(&self, at: Instant, id: LinkId, peer: Ski, from: From, message: &[u8]) {
        let shared = &self.0;
        if shared.waiting.load(Ordering::Relaxed) > MOST_WAITING {
            shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut line = String::new();
        match shared.lost.swap(0, Ordering::Relaxed) {
            0 => {}
            lost => writeln!(line, "{{\"lost\":{lost}}}").expect("a string takes everything"),
        }
        line.push_str(&Line::of(at, id, peer, from, message).to_json());
        shared.waiting.fetch_add(line.len(), Ordering::Relaxed);
        // A writer that has given up takes nothing any more.
        let _ = shared.lines.send(Order::Write(line.into()));
    }

    /// Waits until everything is written that was recorded before.
    pub(super) async fn flush(&self) {
        let (_done, flushed) = oneshot::channel();
        if self.0.lines.send(Order::Flush { _done }).is_ok() {
            let _ = flushed.await;
        }
    }
}

/// Who has sent a message.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum From {
    Own,
    Peer,
}

#[derive(Serialize)]
struct Line<'a> {
    t_ms: u128,
    connection: u64,
    peer: String,
    from: From,
    #[serde(rename = "type")]
    kind: Option<u8>,
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    octets: Option<String>,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    is_secret: bool,
}

impl<'a> Line<'a> {
    fn of(at: Instant, id: LinkId, peer: Ski, from: From, message: &'a [u8]) -> Self {
        let (kind, rest) = match message.split_first() {
            Some((kind, rest)) => (Some(*kind), rest),
            None => (None, message),
        };
        let is_init = message == [0, 0];
        let is_secret = rest.windows(PIN.len()).any(|part| part == PIN);
        let text = core::str::from_utf8(rest).ok();
        let hex = |rest: &[u8]| {
            rest.iter().fold(String::new(), |mut hex, octet| {
                write!(hex, "{octet:02x}").expect("a string takes everything");
                hex
            })
        };
        let is_shown = !is_init && !is_secret;
        Self {
            t_ms: at.since_origin().as_millis(),
            connection: id.0,
            peer: peer.to_string(),
            from,
            kind,
            text: text.filter(|_| is_shown),
            octets: (is_shown && text.is_none()).then(|| hex(rest)),
            is_secret,
        }
    }

    fn to_json(&self) -> String {
        let mut json = serde_json::to_string(self).expect("numbers and texts");
        json.push('\n');
        json
    }
}

/// The message that carries a PIN.
const PIN: &[u8] = b"connectionPinInput";

/// Where the file before goes.
fn old(path: &Path) -> PathBuf {
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    old.into()
}

struct Writer {
    path: PathBuf,
    /// None after an error.
    file: Option<File>,
    size: u64,
    limit: u64,
}

impl Writer {
    fn begin(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(true);
        // It says who does what when: nothing for everybody.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        self.file = Some(options.open(&self.path)?);
        self.size = 0;
        Ok(())
    }

    fn run(mut self, orders: &mpsc::Receiver<Order>, waiting: &AtomicUsize) {
        while let Ok(order) = orders.recv() {
            // A flush is done as soon as it is reached, and its sender dropped.
            let Order::Write(line) = order else { continue };
            waiting.fetch_sub(line.len(), Ordering::Relaxed);
            if let Err(error) = self.write(line.as_bytes()) {
                self.file = None;
                let path = self.path.display();
                tracing::warn!(%path, %error, "recording ends: it cannot be written");
            }
        }
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let length = line.len() as u64;
        if self.file.is_some() && self.size > 0 && self.size + length > self.limit {
            rename(&self.path, old(&self.path))?;
            self.begin()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(line)?;
            self.size += length;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    fn line(message: &[u8]) -> String {
        let at = Instant::from_origin(Duration::from_millis(12));
        Line::of(at, LinkId(3), Ski::new([0xb5; 20]), From::Peer, message).to_json()
    }

    #[test]
    fn a_message_is_recorded_as_it_was() {
        let head = "{\"t_ms\":12,\"connection\":3,\"peer\":\"b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5\",\"from\":\"peer\"";
        for (message, tail) in [
            (
                &b"\x01{\"accessMethodsRequest\":[]}\0"[..],
                r#""type":1,"text":"{\"accessMethodsRequest\":[]}\u0000"}"#,
            ),
            (&[0, 0], r#""type":0,"text":null}"#),
            (&[0, 1], r#""type":0,"text":"\u0001"}"#),
            (&[2, 0xff, 0x7b], r#""type":2,"text":null,"octets":"ff7b"}"#),
            (&[], r#""type":null,"text":""}"#),
            (
                b"\x01{\"connectionPinInput\":[{\"pin\":\"12345678\"}]}",
                r#""type":1,"text":null,"is_secret":true}"#,
            ),
        ] {
            assert_eq!(line(message), std::format!("{head},{tail}\n"));
        }
    }
}
