//! The whole story with two programs: a charger and an energy manager, from the first meeting to
//! the end, with a bound on every step.
//!
//!     story CHARGER ENERGY_MANAGER
//!
//! The arguments are the two binaries. Each step is printed with the time it took; the first one
//! that does not happen in time ends the story with exit code 1.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

type Failed = Box<dyn Error>;

/// How often a program is asked.
const POLL: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(charger), Some(manager), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("story CHARGER ENERGY_MANAGER: the two binaries");
        return ExitCode::from(2);
    };
    match tell(&charger, &manager) {
        Ok(steps) => {
            println!("{steps} passed, 0 failed");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("FAILED: {error}");
            println!("0 passed, 1 failed");
            ExitCode::FAILURE
        }
    }
}

fn tell(charger: &Path, manager: &Path) -> Result<usize, Failed> {
    let dir = tempfile::tempdir()?;
    let mut story = Story::default();

    let mut box_ = Charger::start(charger, dir.path().join("charger"))?;
    let manager_dir = dir.path().join("manager");
    let own = printed_ski(manager, &manager_dir)?;
    let start = |limit: &str| Manager::start(manager, &manager_dir, &box_, limit);

    let mut manager = start("off")?;
    story.step("the manager waits for trust", 15, || box_.peer(&own, "waiting"))?;
    box_.run(&["trust", &own])?;
    story.step("the manager is trusted", 15, || box_.peer(&own, "connected"))?;
    box_.run(&["sim", "plug"])?;
    story.step("a car is plugged in, and the manager sees it", 15, || {
        Ok(manager.printed("vehicle connected"))
    })?;
    story.step("16 A are drawn", 60, || box_.draws(15_500..=16_000))?;

    manager.say("limit 10,10,10")?;
    let limited = Instant::now();
    story.step("10 A are offered", 2, || box_.offers(10_000))?;
    story.step_since("10 A are drawn", limited, 5, || box_.draws(9_000..=10_000))?;

    manager.say("limit 0,0,0")?;
    story.step("charging pauses", 2, || box_.offers(0))?;
    story.step("no current flows", 10, || box_.draws(0..=0))?;

    manager.say("limit off")?;
    story.step("16 A are drawn again", 60, || box_.draws(15_500..=16_000))?;

    manager.kill()?;
    story.step("the manager is killed: 6 A are offered", 6, || box_.offers(6_000))?;

    let mut manager = start("8,8,8")?;
    story.step("the manager is back: 8 A are offered", 15, || box_.offers(8_000))?;

    box_.run(&["sim", "unplug"])?;
    story.step("the car is unplugged, and the manager sees it go", 5, || {
        Ok(manager.printed("vehicle disconnected"))
    })?;

    manager.child.terminate()?;
    story.step("the manager ends in good order", 10, || manager.has_ended())?;
    box_.child.terminate()?;
    story.step("the charger ends in good order", 10, || box_.has_ended())?;
    Ok(story.steps)
}

/// What has happened so far.
#[derive(Default)]
struct Story {
    steps: usize,
}

impl Story {
    /// Waits until something has happened.
    fn step(
        &mut self,
        what: &str,
        seconds: u64,
        happened: impl FnMut() -> Result<bool, Failed>,
    ) -> Result<(), Failed> {
        self.step_since(what, Instant::now(), seconds, happened)
    }

    /// The same, with the time counted from an earlier moment.
    fn step_since(
        &mut self,
        what: &str,
        start: Instant,
        seconds: u64,
        mut happened: impl FnMut() -> Result<bool, Failed>,
    ) -> Result<(), Failed> {
        let bound = Duration::from_secs(seconds);
        while !happened()? {
            if start.elapsed() > bound {
                return Err(format!("{what}: not within {seconds} s").into());
            }
            thread::sleep(POLL);
        }
        let took = start.elapsed();
        if took > bound {
            return Err(format!("{what}: took {took:.1?} of {seconds} s").into());
        }
        println!("{:>6.1} s of {seconds:>2}  {what}", took.as_secs_f64());
        self.steps += 1;
        Ok(())
    }
}

/// The charger: its process, and the command line that talks to it.
struct Charger {
    binary: PathBuf,
    dir: PathBuf,
    child: Process,
    address: String,
    ski: String,
}

impl Charger {
    fn start(binary: &Path, dir: PathBuf) -> Result<Self, Failed> {
        let mut command = Command::new(binary);
        command.arg("--state-dir").arg(&dir);
        command.args(["--ship", "127.0.0.1:0", "--no-mdns", "--web", "off", "--sim-plug", "never"]);
        let child = Process::start(command)?;
        let line = |name: &str| child.wait_for(name, Duration::from_secs(10));
        let ski = last_word(&line("SKI")?);
        let address = last_word(&line("SHIP")?);
        line("state")?;
        Ok(Self { binary: binary.into(), dir, child, address, ski })
    }

    /// Runs a command of the charger.
    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Failed> {
        let output = Command::new(&self.binary)
            .arg("--state-dir")
            .arg(&self.dir)
            .args(arguments)
            .output()?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{arguments:?} failed: {text}").into());
        }
        Ok(output.stdout)
    }

    fn status(&self) -> Result<Value, Failed> {
        Ok(serde_json::from_slice(&self.run(&["status", "--json"])?)?)
    }

    fn peer(&self, ski: &str, state: &str) -> Result<bool, Failed> {
        let status = self.status()?;
        let peers = status["peers"].as_array().ok_or("no peers")?;
        Ok(peers.iter().any(|peer| peer["ski"] == ski && peer["state"] == state))
    }

    fn offers(&self, current: u64) -> Result<bool, Failed> {
        let status = self.status()?;
        Ok(phases(&status["offered_ma"]).is_some_and(|phases| phases.iter().all(|p| *p == current)))
    }

    fn draws(&self, range: std::ops::RangeInclusive<u64>) -> Result<bool, Failed> {
        let status = self.status()?;
        let phases = phases(&status["current_ma"]);
        Ok(phases.is_some_and(|phases| phases.iter().all(|phase| range.contains(phase))))
    }

    fn has_ended(&mut self) -> Result<bool, Failed> {
        self.child.has_ended()
    }
}

fn phases(value: &Value) -> Option<Vec<u64>> {
    let phases: Vec<_> = value.as_array()?.iter().map(Value::as_u64).collect::<Option<_>>()?;
    (phases.len() == 3).then_some(phases)
}

/// The energy manager: its process, and the commands on its standard input.
struct Manager {
    child: Process,
    input: ChildStdin,
}

impl Manager {
    fn start(binary: &Path, dir: &Path, charger: &Charger, limit: &str) -> Result<Self, Failed> {
        let mut command = Command::new(binary);
        command.arg("--state-dir").arg(dir);
        command.args(["--peer", &charger.address, "--ski", &charger.ski]);
        command.args(["--limit", limit, "--interactive"]);
        let mut child = Process::start(command)?;
        let input = child.child.stdin.take().ok_or("no standard input")?;
        Ok(Self { child, input })
    }

    fn say(&mut self, line: &str) -> Result<(), Failed> {
        println!("            > {line}");
        Ok(writeln!(self.input, "{line}")?)
    }

    fn printed(&self, line: &str) -> bool {
        self.child.lines().iter().any(|printed| printed == line)
    }

    /// Ends it without a word, as a crash or a power failure would.
    fn kill(mut self) -> Result<(), Failed> {
        self.child.child.kill()?;
        self.child.child.wait()?;
        Ok(())
    }

    fn has_ended(&mut self) -> Result<bool, Failed> {
        self.child.has_ended()
    }
}

fn printed_ski(manager: &Path, dir: &Path) -> Result<String, Failed> {
    let output = Command::new(manager).arg("--state-dir").arg(dir).arg("--print-ski").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn last_word(line: &str) -> String {
    line.split_whitespace().last().unwrap_or_default().to_owned()
}

/// A process, and what it has printed. It is killed when it is dropped.
struct Process {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Process {
    fn start(mut command: Command) -> Result<Self, Failed> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command.env("NO_COLOR", "1");
        let program = command.get_program().to_owned();
        let mut child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", Path::new(&program).display()))?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                kept.lock().expect("nobody panics with it").push(line);
            }
        });
        Ok(Self { child, lines })
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("nobody panics with it").clone()
    }

    fn wait_for(&self, start: &str, bound: Duration) -> Result<String, Failed> {
        let deadline = Instant::now() + bound;
        loop {
            if let Some(line) = self.lines().into_iter().find(|line| line.starts_with(start)) {
                return Ok(line);
            }
            if Instant::now() > deadline {
                return Err(format!("no line that starts with {start:?}").into());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to end, as a service manager does.
    fn terminate(&self) -> Result<(), Failed> {
        let id = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status()?;
        if killed.success() { Ok(()) } else { Err("cannot signal the process".into()) }
    }

    /// Whether it has ended; an error if it did not end well.
    fn has_ended(&mut self) -> Result<bool, Failed> {
        match self.child.try_wait()? {
            None => Ok(false),
            Some(status) if status.success() => Ok(true),
            Some(status) => Err(format!("ended with {status}").into()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
