//! Runs cases and keeps what came of them.

use core::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, timeout};

use crate::broken::Distortion;
use crate::cases::{Case, Procedure};
use crate::catalogue::Suite;
use crate::target::Target;
use crate::tester::Stop;
use crate::tester::identity::Identity;

/// What came of a case.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "verdict", content = "why", rename_all = "camelCase")]
pub enum Verdict {
    /// Everything was as expected.
    Passed,
    /// The device did something else; what.
    Failed(String),
    /// It does not fit this device, or cannot be run on it; why.
    NotApplicable(String),
}

/// One case that was run.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The official identifier.
    pub id: String,
    /// The suite that it belongs to.
    #[serde(serialize_with = "suite_name")]
    pub suite: Suite,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What is worth saying beside the verdict.
    pub remarks: Vec<String>,
    /// How long it took on the clock of the runtime, in milliseconds.
    pub took_ms: u128,
    /// Every message of the case.
    #[serde(skip)]
    pub transcript: Vec<String>,
}

fn suite_name<S: serde::Serializer>(suite: &Suite, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(suite.name())
}

/// No case takes longer: `TC_SHIP_HELLO_002` with 28 prolongations takes 29 minutes.
const LONGEST: Duration = Duration::from_secs(40 * 60);

/// Runs one case against a device that trusts `identity`.
pub async fn run(
    procedure: Procedure,
    target: Target,
    identity: Identity,
    distortion: Distortion,
) -> Outcome {
    let (suite, entry) = procedure.entry();
    let mut case = Case::new(target, identity, distortion);
    let started = Instant::now();
    let verdict = match timeout(LONGEST, procedure.run(&mut case)).await {
        Ok(Ok(())) => Verdict::Passed,
        Ok(Err(Stop::Failed(why))) => Verdict::Failed(why),
        Ok(Err(Stop::NotApplicable(why))) => Verdict::NotApplicable(why),
        Err(_) => Verdict::Failed(format!("not done after {LONGEST:?}")),
    };
    Outcome {
        id: entry.id.clone(),
        suite,
        verdict,
        remarks: case.remarks().to_vec(),
        took_ms: started.elapsed().as_millis(),
        transcript: case.transcript().lines(),
    }
}
