//! How much of the official suites our own device passes, counted by running it.
//!
//! Every case runs against a fresh device in memory, on a clock of its own that is paused: what
//! takes minutes takes none. A case that passed then meets the broken devices that are meant to
//! fail it. A case counts if it was run and passed just now; names in a source file count nothing.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use crate::broken::{self, Broken, Distortion};
use crate::cases::{self, Actor, Procedure};
use crate::catalogue::{Entry, Suite};
use crate::run::{Outcome, Verdict, run};
use crate::target::{Memory, Target};
use crate::tester::identity::Identity;

/// What a run of everything came to.
#[derive(Debug)]
pub struct Coverage {
    /// Every case that there is, against our own device.
    pub outcomes: Vec<Outcome>,
    /// The broken devices that a case is meant to fail on, and whether it did.
    pub bites: Vec<Bite>,
}

/// A case and a broken device that it should have failed on.
#[derive(Clone, Debug)]
pub struct Bite {
    /// The case.
    pub id: String,
    /// The broken device.
    pub broken: Broken,
    /// What came of it.
    pub verdict: Verdict,
}

/// Runs everything on all processors.
pub fn measure() -> Coverage {
    let procedures = cases::all();
    let outcomes = run_all();
    let pairs: Vec<_> = procedures
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| outcome.verdict == Verdict::Passed)
        .flat_map(|(procedure, outcome)| {
            let meant = broken::ALL.iter().filter(|broken| broken.fails(&outcome.id));
            meant.map(|broken| (*procedure, *broken))
        })
        .collect();
    let bites = in_parallel(&pairs, |(procedure, broken)| {
        let outcome = in_memory(*procedure, broken.distortion());
        Bite { id: outcome.id, broken: *broken, verdict: outcome.verdict }
    });
    Coverage { outcomes, bites }
}

/// Runs every case against our own devices, in the order of the catalogue.
pub fn run_all() -> Vec<Outcome> {
    in_parallel(&cases::all(), |procedure| in_memory(*procedure, Distortion::none()))
}

/// Every case and its verdict, one a line: what is kept in `expected/own.txt`.
pub fn results(outcomes: &[Outcome]) -> String {
    let line = |outcome: &Outcome| {
        let verdict = match outcome.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "failed",
            Verdict::NotApplicable(_) => "not applicable",
        };
        format!("{:<22} {verdict}\n", outcome.id)
    };
    outcomes.iter().map(line).collect()
}

/// Runs one case against a fresh device of ours in memory, on a paused clock.
///
/// # Panics
///
/// The system has no temporary folder or no randomness.
pub fn in_memory(procedure: Procedure, distortion: Distortion) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let identity = Identity::fresh();
        // What any device has to do is asked of the charger.
        let memory = match procedure.actor() {
            Actor::Manager => Memory::manager(identity.ski).await,
            Actor::Any | Actor::Charger => Memory::charger(identity.ski).await,
        };
        let target = Target::Memory(memory);
        run(procedure, target, identity, distortion).await
    })
}

/// The results in the order of the jobs.
fn in_parallel<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let result = work(job);
                    done.lock().expect("no worker panics with it").push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("all workers are done");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

impl Coverage {
    /// How many cases of a suite passed.
    pub fn passed(&self, suite: Suite) -> usize {
        let of_suite = self.outcomes.iter().filter(|outcome| outcome.suite == suite);
        of_suite.filter(|outcome| outcome.verdict == Verdict::Passed).count()
    }

    /// The broken devices that a case was meant to fail on and did not.
    pub fn missed(&self) -> impl Iterator<Item = &Bite> {
        self.bites.iter().filter(|bite| !matches!(bite.verdict, Verdict::Failed(_)))
    }

    /// The broken devices that made no case fail.
    pub fn harmless(&self) -> impl Iterator<Item = &'static Broken> {
        let bites = |broken: &Broken| {
            let mut bites = self.bites.iter().filter(|bite| bite.broken.name == broken.name);
            bites.any(|bite| matches!(bite.verdict, Verdict::Failed(_)))
        };
        broken::ALL.iter().filter(move |broken| !bites(broken))
    }

    /// The official cases for which there is none of ours; use cases as a whole where nothing of
    /// them is there.
    fn unwritten(&self, suite: Suite) -> String {
        let is_run = |entry: &Entry| self.outcomes.iter().any(|outcome| outcome.id == entry.id);
        let mut texts = Vec::new();
        let mut single = Vec::new();
        // The protocol suites are one such group, without a name.
        for group in suite.entries().chunk_by(|one, next| one.use_case == next.use_case) {
            match &group[0].use_case {
                Some(name) if !group.iter().any(is_run) => {
                    texts.push(format!("all {} of {name}", group.len()));
                }
                _ => single.extend(group.iter().filter(|e| !is_run(e)).map(|e| e.id.as_str())),
            }
        }
        if !single.is_empty() || texts.is_empty() {
            texts.push(ranges(&single));
        }
        texts.join(", ")
    }

    /// The cases that passed and that no broken device made fail.
    pub fn toothless(&self) -> impl Iterator<Item = &str> {
        let has_bitten = |id: &str| {
            let mut bites = self.bites.iter().filter(|bite| bite.id == id);
            bites.any(|bite| matches!(bite.verdict, Verdict::Failed(_)))
        };
        let passed = self.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Passed);
        passed.map(|outcome| outcome.id.as_str()).filter(move |id| !has_bitten(id))
    }
}

/// One line for each suite, then what is missing, then the cases that nothing made fail.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for suite in Suite::ALL {
            writeln!(f, "{suite}: {}/{}", self.passed(suite), suite.entries().len())?;
        }
        writeln!(f, "\nmissing")?;
        for suite in Suite::ALL {
            writeln!(f, "  {suite}, no case yet: {}", self.unwritten(suite))?;
            for outcome in self.outcomes.iter().filter(|outcome| outcome.suite == suite) {
                match &outcome.verdict {
                    Verdict::Passed => {}
                    Verdict::Failed(why) => writeln!(f, "  {} FAILED: {why}", outcome.id)?,
                    Verdict::NotApplicable(why) => {
                        writeln!(f, "  {} not applicable: {why}", outcome.id)?;
                    }
                }
            }
        }
        let toothless: Vec<_> = self.toothless().collect();
        writeln!(f, "\npassed, but no broken device ever made it fail: {}", ranges(&toothless))?;
        for broken in self.harmless() {
            writeln!(f, "broken device that made no case fail: {} ({})", broken.name, broken.what)?;
        }
        for Bite { id, broken, .. } in self.missed() {
            writeln!(f, "{id} was meant to fail on the device {} and did not", broken.name)?;
        }
        Ok(())
    }
}

/// `EM-OPEV-031..034, EM-OPEV-036`: identifiers whose last number goes on are joined.
fn ranges(ids: &[&str]) -> String {
    let split = |id: &str| {
        let at = id.rfind(['-', '_']).map_or(0, |at| at + 1);
        (id[..at].to_owned(), id[at..].parse::<u32>().unwrap_or_default())
    };
    let mut stems: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
    let mut order = Vec::new();
    for (stem, number) in ids.iter().map(|id| split(id)) {
        let runs = stems.entry(stem.clone()).or_insert_with(|| {
            order.push(stem);
            Vec::new()
        });
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let texts = order.iter().flat_map(|stem| {
        stems[stem].iter().map(move |(first, last)| match first == last {
            true => format!("{stem}{first:03}"),
            false => format!("{stem}{first:03}..{last:03}"),
        })
    });
    let text = texts.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_numbers_are_joined() {
        assert_eq!(
            ranges(&["EM-A-001", "EM-A-002", "EM-A-004", "TC_B_009"]),
            "EM-A-001..002, EM-A-004, TC_B_009"
        );
        assert_eq!(ranges(&[]), "none");
    }

    #[test]
    fn work_is_done_once_and_keeps_its_order() {
        let jobs: Vec<_> = (0..100).collect();
        assert_eq!(in_parallel(&jobs, |job| job * 2), (0..200).step_by(2).collect::<Vec<_>>());
    }
}
