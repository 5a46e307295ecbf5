//! A Go peer as a child process: commands in, one JSON object a line out.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio, id};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ship::Ski;

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/go/bin");
/// How long a peer may take to make its certificate and open its port.
const START: Duration = Duration::from_secs(10);
/// How often a question is put again.
const AGAIN: Duration = Duration::from_millis(250);
/// How much of the peer's logs a failure shows, in lines and in characters of each.
const TAIL: usize = 40;
const WIDTH: usize = 600;

/// What to start, and how it is reached or reaches out.
pub(crate) struct Setup<'a> {
    /// The program.
    pub(crate) program: &'static str,
    /// Where it keeps certificate, key and trace.
    pub(crate) place: &'a Path,
    /// Whom it trusts.
    pub(crate) remote: Ski,
    /// Where it listens; 0 if nobody dials it.
    pub(crate) port: u16,
    /// Whom it dials.
    pub(crate) dial: Option<SocketAddr>,
}

/// A peer that runs. It is killed when it is dropped.
pub(crate) struct Peer {
    process: Child,
    input: ChildStdin,
    said: Arc<Said>,
    /// What was said before is of no interest any more.
    mark: usize,
    trace: PathBuf,
    pub(crate) ski: Ski,
}

/// All that a peer has said.
#[derive(Default)]
struct Said {
    lines: Mutex<Vec<Value>>,
    more: Condvar,
}

impl Said {
    /// The first such line from a mark on, which may have yet to come.
    fn wait(&self, mark: usize, within: Duration, is_it: impl Fn(&Value) -> bool) -> Option<Value> {
        let lines = self.lines.lock().expect("nobody panics with it");
        let find = |lines: &[Value]| lines[mark..].iter().find(|line| is_it(line)).cloned();
        let is_missing = |lines: &mut Vec<Value>| find(lines).is_none();
        let waited = self.more.wait_timeout_while(lines, within, is_missing);
        find(&waited.expect("nobody panics with it").0)
    }
}

impl Peer {
    /// Starts a peer and waits until it says who it is.
    pub(crate) fn start(setup: &Setup<'_>) -> Self {
        let file = |end: &str| setup.place.join(format!("{}.{end}", setup.program));
        let trace = file("trace");
        let mut command = Command::new(Path::new(PROGRAMS).join(setup.program));
        command.args(["-mdns", "none", "-quiet", "-port", &setup.port.to_string()]);
        command.args(["-remote", &setup.remote.to_string()]);
        command.arg("-cert").arg(file("crt")).arg("-key").arg(file("key"));
        command.arg("-trace").arg(&trace);
        if let Some(address) = setup.dial {
            command.args(["-dial", &address.to_string()]);
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{PROGRAMS}: {error}; ./test builds the Go peers"));
        let input = process.stdin.take().expect("it is piped");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let said = Arc::new(Said::default());
        let to = Arc::clone(&said);
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                to.lines.lock().expect("nobody panics with it").push(line);
                to.more.notify_all();
            }
        });
        let local = said.wait(0, START, |line| line["ev"] == "local");
        let ski = local.as_ref().and_then(|line| line["ski"].as_str()?.parse().ok());
        let Some(ski) = ski else {
            // It is ours to end: there is no peer yet that does so when it is dropped.
            let _ = process.kill();
            panic!("{} does not say who it is: {local:?}", setup.program);
        };
        Self { process, input, said, mark: 0, trace, ski }
    }

    /// From here on only what is said now counts.
    pub(crate) fn mark(&mut self) {
        self.mark = self.said.lines.lock().expect("nobody panics with it").len();
    }

    /// Gives the peer a command; what it said before counts no more.
    pub(crate) fn tell(&mut self, command: &str) {
        self.mark();
        writeln!(self.input, "{command}").expect("it runs");
    }

    /// What the peer has said since the mark, if it is there.
    pub(crate) fn said(&self, is_it: impl Fn(&Value) -> bool) -> Option<Value> {
        self.said.wait(self.mark, Duration::ZERO, is_it)
    }

    /// Waits until the peer says something.
    pub(crate) fn wait(
        &self,
        within: Duration,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> Value {
        let line = self.said.wait(self.mark, within, is_it);
        line.unwrap_or_else(|| panic!("the peer has not said within {within:?}: {what}"))
    }

    /// Asks the peer again and again what it knows of the others' entities, until it knows this of
    /// one of them.
    pub(crate) fn reads(
        &mut self,
        within: Duration,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> Value {
        let end = Instant::now() + within;
        loop {
            self.tell("read");
            let again = Instant::now() + AGAIN;
            while Instant::now() < again {
                if let Some(line) = self.said(|line| line["ev"] == "read" && is_it(line)) {
                    return line;
                }
                thread::sleep(AGAIN / 10);
            }
            assert!(Instant::now() < end, "the peer does not read within {within:?}: {what}");
        }
    }

    /// SIGKILL: its connections end without a word.
    pub(crate) fn kill(&mut self) {
        self.end();
    }

    fn end(&mut self) {
        // An error here says that it has ended by itself, which the test has seen.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
        if thread::panicking() {
            let lines = self.said.lines.lock().expect("nobody panics with it");
            let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
            show("the peer said", lines.iter().map(String::as_str));
            let trace = fs::read_to_string(&self.trace).unwrap_or_default();
            show("the peer's trace", trace.lines());
        }
    }
}

/// Shows the tail of a log.
fn show<'a>(title: &str, lines: impl Iterator<Item = &'a str>) {
    let lines: Vec<_> = lines.collect();
    eprintln!("--- {title}:");
    for line in &lines[lines.len().saturating_sub(TAIL)..] {
        eprintln!("{}", line.chars().take(WIDTH).collect::<String>());
    }
}

/// A port that is free, and below those that the system gives to outgoing connections, so that
/// nobody takes it before the peer does.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(id() % 1_000).expect("below a thousand") * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
