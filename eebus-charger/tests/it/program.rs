//! The program as a child process with a state directory of its own.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Where a test keeps what it makes.
pub(crate) fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Calls the program with the state directory of a place and waits for its end.
pub(crate) fn call(place: &TempDir, args: &[&str]) -> Answer {
    let output = command(place, args).output().expect("the program is built");
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into(),
        stderr: String::from_utf8_lossy(&output.stderr).into(),
    }
}

/// How a call ended.
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    /// What it printed, having succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }
}

/// A charger that runs. It is killed when it is dropped.
pub(crate) struct Charger {
    process: Child,
    place: Option<TempDir>,
    pub(crate) ski: String,
    /// Where SHIP listens.
    pub(crate) address: String,
    /// Where the web application listens, if it was started.
    pub(crate) web: Option<String>,
    /// Where plain HTTP leads there, if it was started.
    pub(crate) http: Option<String>,
}

impl Charger {
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_in(place(), args)
    }

    /// Starts a charger and waits until it says that it runs. It takes any free port, and has a
    /// web application only if the arguments say so.
    pub(crate) fn start_in(place: TempDir, args: &[&str]) -> Self {
        Self::start_logging(place, args, "error", Stdio::inherit())
    }

    /// The same with a log of another level, that goes to somebody else.
    pub(crate) fn start_logging(
        place: TempDir,
        args: &[&str],
        level: &str,
        log: impl Into<Stdio>,
    ) -> Self {
        let network = ["--web", "off", "run", "--ship", "127.0.0.1:0", "--no-mdns", "--log", level];
        let args = [&network[..], args].concat();
        let mut program = command(&place, &args);
        let mut process = program.stdout(Stdio::piped()).stderr(log).spawn().expect("it is built");
        drop(program);
        let printed = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut said = HashMap::new();
        for line in printed.lines() {
            let line = line.expect("it prints text");
            let mut words = line.split_whitespace().map(str::to_owned);
            said.extend(words.next().zip(words.next()));
            if said.contains_key("state") {
                break;
            }
        }
        let host = |url: String| url.split('/').nth(2).expect("it is an address").to_owned();
        Self {
            process,
            place: Some(place),
            ski: said.remove("SKI").expect("it prints its SKI"),
            address: said.remove("SHIP").expect("it prints where it listens"),
            web: said.remove("web").map(host),
            http: said.remove("http").map(host),
        }
    }

    pub(crate) fn call(&self, args: &[&str]) -> Answer {
        call(self.place(), args)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.place().path().join("state")
    }

    pub(crate) fn status(&self) -> Value {
        let text = self.call(&["status", "--json"]).ok();
        serde_json::from_str(&text).expect("it is a document")
    }

    /// Waits for a status.
    pub(crate) fn until(&self, patience: Duration, is_reached: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + patience;
        loop {
            let status = self.status();
            if is_reached(&status) {
                return status;
            }
            assert!(Instant::now() < end, "not within {patience:?}: {status}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the program occupies, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let text = fs::read_to_string(path).expect("it runs");
        let line = text.lines().find(|line| line.starts_with("VmRSS")).expect("a resident size");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    /// How many files and sockets the program has open.
    pub(crate) fn open_files(&self) -> usize {
        let path = format!("/proc/{}/fd", self.process.id());
        fs::read_dir(path).expect("it runs").count()
    }

    /// SIGTERM ends it with success within a few seconds.
    pub(crate) fn terminate(mut self) -> TempDir {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, Signal::TERM).expect("it runs");
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            if let Some(status) = self.process.try_wait().expect("it is ours") {
                assert_eq!(status.code(), Some(0));
                return self.place.take().expect("it is still ours");
            }
            assert!(Instant::now() < end, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn kill(mut self) -> TempDir {
        self.end();
        self.place.take().expect("it is still ours")
    }

    fn place(&self) -> &TempDir {
        self.place.as_ref().expect("it runs")
    }

    fn end(&mut self) {
        // A process that has ended cannot be killed, and need not be.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Charger {
    fn drop(&mut self) {
        self.end();
    }
}

fn command(place: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eebus-charger"));
    command.args(args).args([OsStr::new("--state-dir"), place.path().join("state").as_os_str()]);
    command
}
