//! What came of the cases, for people and for programs.

use core::fmt::Write as _;

use crate::run::{Outcome, Verdict};

/// One line for a case, and one for each remark.
pub fn line(outcome: &Outcome) -> String {
    let Outcome { id, verdict, remarks, .. } = outcome;
    let mut text = match verdict {
        Verdict::Passed => format!("{id:<22} passed"),
        Verdict::Failed(why) => format!("{id:<22} FAILED: {why}"),
        Verdict::NotApplicable(why) => format!("{id:<22} not applicable: {why}"),
    };
    for remark in remarks {
        let _ = write!(text, "\n{:<22} remark: {remark}", "");
    }
    text
}

/// The sum of all.
pub fn sum(outcomes: &[Outcome]) -> String {
    let count = |fits: fn(&Verdict) -> bool| outcomes.iter().filter(|o| fits(&o.verdict)).count();
    format!(
        "{} passed, {} failed, {} not applicable",
        count(|verdict| *verdict == Verdict::Passed),
        count(|verdict| matches!(verdict, Verdict::Failed(_))),
        count(|verdict| matches!(verdict, Verdict::NotApplicable(_))),
    )
}

/// Everything, as a JSON array.
pub fn json(outcomes: &[Outcome]) -> String {
    serde_json::to_string_pretty(outcomes).expect("an outcome is plain data")
}
