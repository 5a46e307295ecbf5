//! What the web application costs, and that it costs the charging nothing.
//!
//!     cargo bench -p eebus-charger --bench web
//!
//! Prints the size of the program, how long it takes from start to open ports, what it occupies
//! idle and with the page open, how many requests for the status it answers, what fifty streams of
//! events cost, and how late the port task is while a thousand requests a second come in. Clients
//! and charger share this machine. It takes a minute and fails if a goal is missed.

#[path = "../tests/it/https.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod https;
#[path = "../tests/it/watched.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod watched;

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use http_body_util::BodyExt;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use self::https::Browser;

const PROGRAM: &str = env!("CARGO_BIN_EXE_eebus-charger");
const SECONDS: fn(u64) -> Duration = Duration::from_secs;

/// From the start of the program until SHIP and web are open.
const START: Duration = Duration::from_secs(1);
/// What the program occupies with the page open, in KiB.
const MEMORY: u64 = 20 * 1024;
/// How late the port task may be.
const LATE: Duration = Duration::from_millis(20);
/// How many browsers ask as fast as they can.
const BROWSERS: usize = 8;
/// How many look on.
const STREAMS: u8 = 50;

fn main() -> ExitCode {
    // `cargo test --benches` wants to know that it runs, and nothing more.
    if env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let runtime = Runtime::new().expect("the system has threads");
    match runtime.block_on(bench()) {
        Ok(missed) if missed.is_empty() => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("web: missed: {}", missed.join(", "));
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("web: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn bench() -> io::Result<Vec<&'static str>> {
    let mut missed = Vec::new();
    let mut goal = |name, is_reached: bool| {
        if !is_reached {
            missed.push(name);
        }
    };

    row("program, stripped", &format!("{} kB", fs::metadata(PROGRAM)?.len() / 1000));

    let place = tempfile::tempdir()?;
    let (program, first) = Program::start(place).await?;
    let (program, again) = Program::start(program.end()?).await?;
    row("start to SHIP and web open", &format!("{} ms", again.as_millis()));
    row("  the first, which makes two keys", &format!("{} ms", first.as_millis()));
    goal("start", first.max(again) < START);

    sleep(SECONDS(3)).await;
    row("memory, idle", &kib(program.resident()?));
    let page = Page::open(&program.web).await?;
    sleep(SECONDS(3)).await;
    let open = program.resident()?;
    row("memory, page open", &kib(open));
    goal("memory", open < MEMORY);

    let idle = program.cpu(SECONDS(5)).await?;
    let mut streams = Vec::new();
    for number in 0..STREAMS {
        let from = Ipv4Addr::new(127, 0, 2, number % 4);
        streams.push(Stream::open(from.into(), &program.web).await?);
    }
    // They begin with the whole document.
    sleep(SECONDS(1)).await;
    let busy = program.cpu(SECONDS(5)).await?;
    row("processor, car charging, page open", &percent(idle));
    row(&format!("  and {STREAMS} more streams of events"), &percent(busy));
    row("  memory with them", &kib(program.resident()?));
    let mut events = 0;
    for stream in streams {
        events += stream.events()?;
    }
    row("  events received", &format!("{events} in about 6 s"));
    goal("streams", events > 6 * usize::from(STREAMS));
    drop(page);

    let answers = status(&program.web, SECONDS(5)).await?;
    row("status, as fast as it goes", &format!("{} requests/s", answers / 5));
    row("  memory afterwards", &kib(program.resident()?));
    program.end()?;

    let charger = watched::Charger::start();
    sleep(SECONDS(2)).await;
    let calm = charger.lateness();
    let answered = watched::flood(&charger.web, 1000, SECONDS(10)).await;
    let late = charger.lateness();
    row("flood", &format!("{} requests/s answered", answered / 10));
    let at = |late: &[Duration], percent: usize| late[(late.len() - 1) * percent / 100];
    let shown = |late: &[Duration]| {
        let (usual, most) = (at(late, 99), at(late, 100));
        format!("{} µs late at most, 99 % of turns {} µs", most.as_micros(), usual.as_micros())
    };
    row("  port task", &shown(&late));
    row("  port task before", &shown(&calm));
    goal("port task", at(&late, 100) < LATE && answered > 9_500);
    Ok(missed)
}

fn row(name: &str, value: &str) {
    println!("{name:<36} {value}");
}

fn kib(kib: u64) -> String {
    format!("{}.{} MB", kib * 1024 / 1_000_000, kib * 1024 % 1_000_000 / 100_000)
}

fn percent(share: f64) -> String {
    format!("{:.2} % of a core", share * 100.0)
}

/// The charger as a program. It is killed when it is dropped.
struct Program {
    process: Child,
    place: Option<TempDir>,
    web: String,
}

impl Program {
    /// Starts it and measures how long that takes.
    async fn start(place: TempDir) -> io::Result<(Self, Duration)> {
        let (ship, web) = (free()?, free()?);
        let start = Instant::now();
        let process = Command::new(PROGRAM)
            .args(["--ship", &ship, "--web", &web, "--no-mdns", "--sim-plug", "0"])
            .arg("--state-dir")
            .arg(place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let program = Self { process, place: Some(place), web };
        let open = async {
            while TcpStream::connect(&ship).await.is_err()
                || Browser::open(&program.web).await.is_err()
            {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(SECONDS(20), open).await.map_err(|_| io::Error::other("it does not open"))?;
        Ok((program, start.elapsed()))
    }

    fn proc(&self) -> PathBuf {
        Path::new("/proc").join(self.process.id().to_string())
    }

    /// What it occupies, in KiB.
    fn resident(&self) -> io::Result<u64> {
        let text = fs::read_to_string(self.proc().join("status"))?;
        let line = text.lines().find(|line| line.starts_with("VmRSS"));
        let value = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        value.ok_or_else(|| io::Error::other("no resident size"))
    }

    /// How much of a core it uses from now on.
    async fn cpu(&self, duration: Duration) -> io::Result<f64> {
        let (start, before) = (Instant::now(), self.used()?);
        sleep(duration).await;
        let used = self.used()?.saturating_sub(before);
        Ok(used.as_secs_f64() / start.elapsed().as_secs_f64())
    }

    /// How long its threads have run.
    fn used(&self) -> io::Result<Duration> {
        let mut used = Duration::ZERO;
        for task in fs::read_dir(self.proc().join("task"))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let nanoseconds = text.split_whitespace().next().and_then(|text| text.parse().ok());
            used += Duration::from_nanos(nanoseconds.unwrap_or(0));
        }
        Ok(used)
    }

    fn end(mut self) -> io::Result<TempDir> {
        self.process.kill()?;
        self.process.wait()?;
        self.place.take().ok_or_else(|| io::Error::other("it has ended before"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A process that has ended cannot be killed, and need not be.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An address of this machine that nobody listens on.
fn free() -> io::Result<String> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string())
}

/// What a browser with the page holds open.
struct Page {
    _events: Stream,
    _browser: Browser,
}

impl Page {
    async fn open(web: &str) -> io::Result<Self> {
        let mut browser = Browser::open(web).await?;
        for path in ["/", "/api/v1/status", "/api/v1/sessions/current/curve?points=600"] {
            browser.get(path).await?;
        }
        Ok(Self { _events: Stream::open(https::HERE, web).await?, _browser: browser })
    }
}

/// A stream of events that somebody reads.
struct Stream {
    reading: JoinHandle<io::Result<()>>,
    events: Arc<AtomicUsize>,
    _browser: Browser,
}

impl Stream {
    async fn open(from: IpAddr, web: &str) -> io::Result<Self> {
        let mut browser = Browser::open_from(from, web).await?;
        let response = browser.begin("GET", "/api/v1/events", &[]).await?;
        if response.status() != 200 {
            return Err(io::Error::other(format!("no stream: {}", response.status())));
        }
        let events = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&events);
        let mut body = response.into_body();
        let reading = tokio::spawn(async move {
            while let Some(frame) = body.frame().await {
                frame.map_err(io::Error::other)?;
                counter.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        Ok(Self { reading, events, _browser: browser })
    }

    /// How many came so far; an error if the stream has ended.
    fn events(self) -> io::Result<usize> {
        if self.reading.is_finished() {
            return Err(io::Error::other("a stream has ended"));
        }
        self.reading.abort();
        Ok(self.events.load(Ordering::Relaxed))
    }
}

/// How often the status is told if everybody asks again at once.
async fn status(web: &str, duration: Duration) -> io::Result<usize> {
    let mut browsers = JoinSet::new();
    let end = Instant::now() + duration;
    for _ in 0..BROWSERS {
        let web = web.to_owned();
        browsers.spawn(async move {
            let mut browser = Browser::open(&web).await?;
            let mut answers = 0;
            while Instant::now() < end {
                if browser.get("/api/v1/status").await?.status != 200 {
                    return Err(io::Error::other("no status"));
                }
                answers += 1;
            }
            Ok(answers)
        });
    }
    browsers.join_all().await.into_iter().sum()
}
