//! What people see: coloured on a terminal, plain in a pipe and under `NO_COLOR`.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice, eprintln, stdout};
use anstyle::{AnsiColor, Style};
use ship::net::shown;
use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use super::args::LogLevel;
use crate::api::documents::{PeerDocument, StatusDocument};
use crate::run::Running;

/// How many log lines may wait for whoever reads them.
const LINES: usize = 4096;

const STRONG: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Log lines go to standard error, over a thread of their own: a reader that stalls loses lines and
/// holds nothing up. What is still on its way is written when the returned guard is dropped.
pub(super) fn log(level: LogLevel) -> Option<WorkerGuard> {
    let level = match level {
        LogLevel::Off => return None,
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let coloured = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    let (writer, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(LINES).lossy(true).finish(io::stderr());
    tracing_subscriber::fmt().with_max_level(level).with_ansi(coloured).with_writer(writer).init();
    Some(guard)
}

/// What a charger says when it has started.
pub(super) fn started(running: &Running) {
    line(&format!("{STRONG}eebus-charger {}{STRONG:#}", env!("CARGO_PKG_VERSION")));
    line(&format!("{DIM}SKI  {DIM:#} {}", running.ski));
    line(&format!("{DIM}SHIP {DIM:#} {}", running.address));
    if let Some(web) = running.web {
        let who = if web.ip().is_loopback() { "this machine" } else { "the local network" };
        line(&format!("{DIM}web  {DIM:#} https://{web}/ (read-only, for {who}, without login)"));
    }
    if let Some(http) = running.http {
        line(&format!("{DIM}http {DIM:#} http://{http}/ (leads to the web)"));
    }
    line(&format!("{DIM}state{DIM:#} {}", running.state_dir.display()));
}

pub(super) fn failure(text: &str) {
    eprintln!("{RED}error:{RED:#} {text}");
}

pub(super) fn done(text: &str) {
    line(&format!("{GREEN}done:{GREEN:#} {text}"));
}

pub(super) fn status(status: &StatusDocument) {
    let colour = match status.colour.as_str() {
        "green" => GREEN,
        "blue" => BLUE,
        "red" => RED,
        _ => STRONG,
    };
    line(&format!("{colour}{}{colour:#} {DIM}since {}{DIM:#}", status.text, status.since));
    if let Some(fault) = &status.fault {
        row("fault", &format!("{RED}{} {}{RED:#}", fault.code, fault.text));
    }
    row("limit", &status.limit.text);
    row("offered", &status.offered_ma.map(amps).join(", "));
    if let Some(current) = status.current_ma {
        row("drawn", &current.map(amps).join(", "));
    }
    if let Some(power) = status.power_w {
        row("power", &format!("{power} W"));
    }
    match &status.session {
        Some(session) => row(
            "session",
            &format!(
                "{} since {}, {} Wh in {} min",
                session.id,
                session.start,
                session.energy_wh,
                session.charging_s / 60
            ),
        ),
        None => row("session", "no vehicle"),
    }
    for peer in &status.peers {
        row("peer", &known(peer));
    }
    if status.stale {
        row("warning", &format!("{YELLOW}the limits are not renewed{YELLOW:#}"));
    }
    for warning in &status.warnings {
        row("warning", &format!("{YELLOW}{}{YELLOW:#}", warning.replace('_', " ")));
    }
}

/// One line on standard output. A reader that has gone away is no reason to fail.
pub(super) fn line(text: &str) {
    let _ = writeln!(stdout(), "{text}").and_then(|()| stdout().flush());
}

fn row(name: &str, value: &str) {
    line(&format!("  {DIM}{name:<8}{DIM:#} {value}"));
}

/// A peer. What it calls itself is its own word, and a terminal obeys some characters.
fn known(peer: &PeerDocument) -> String {
    let name = shown(peer.name.as_deref().unwrap_or_default());
    format!("{} {} {name}", shown(&peer.ski), shown(&peer.state))
}

fn amps(ma: u32) -> String {
    format!("{}.{} A", ma / 1000, ma % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_no_word_with_the_terminal() {
        let name = format!("\u{1b}[2J\u{9b}31m\u{202e}\n{}", "x".repeat(1_000));
        let ski = "ab".repeat(20);
        let peer = PeerDocument { ski, state: "connected".into(), name: Some(name) };
        let line = known(&peer);
        assert!(line.starts_with("abab") && line.contains(" connected "), "{line}");
        assert!(line.contains(r"\u{1b}[2J\u{9b}31m\u{202e}\n") && line.len() < 200, "{line}");
    }
}
