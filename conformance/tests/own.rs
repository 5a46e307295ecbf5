//! Our own devices against the official cases: what passes is committed, so that a change of
//! behaviour is a change of a file.

use conformance::coverage;
use conformance::run::Verdict;

#[test]
fn every_case_ends_as_expected_and_every_broken_device_is_noticed() {
    let coverage = coverage::measure();
    let verdicts = coverage::results(&coverage.outcomes);
    let expected = include_str!("../expected/own.txt");
    let changed: Vec<_> = verdicts.lines().filter(|line| !expected.contains(line)).collect();
    for outcome in &coverage.outcomes {
        if let Verdict::Failed(why) = &outcome.verdict {
            println!("{} failed: {why}", outcome.id);
        }
    }
    assert_eq!(
        verdicts, expected,
        "{changed:?}; if that is right: cargo run -p conformance -- results > conformance/expected/own.txt"
    );

    let missed: Vec<_> = coverage.missed().collect();
    assert!(missed.is_empty(), "cases that a broken device got past: {missed:?}");
    let harmless: Vec<_> = coverage.harmless().collect();
    assert!(harmless.is_empty(), "broken devices that made no case fail: {harmless:?}");
    let toothless: Vec<_> = coverage.toothless().collect();
    assert!(toothless.is_empty(), "cases that no broken device made fail: {toothless:?}");
}
