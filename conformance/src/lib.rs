//! Runs the official EEBUS test cases against any device.
//!
//! | module | what it is |
//! |---|---|
//! | [`catalogue`] | the official lists as data: what there is to pass |
//! | [`cases`] | one async function per case, named as the documents name it |
//! | [`tester`] | the test tool: SHIP and SPINE without a line of the stack under test |
//! | [`target`] | the device: our own in memory on a paused clock, or any on the network |
//! | [`device`] | what only a device can do (plug in a car), or only a look at it can tell |
//! | [`broken`] | distortions between device and tool that the cases have to notice |
//! | [`run`], [`report`], [`coverage`] | what came of it |
//! | [`replay`] | recordings, read again with our own readers |
//!
//! A case takes a connection to the phase that it is about, sends what its document says, and
//! returns once everything was as expected. It cannot tell one target from another.
//!
//! ```
//! use conformance::broken::Distortion;
//! use conformance::run::Verdict;
//! use conformance::{cases, coverage};
//!
//! // A device that is ready gives up after the time that it has announced: two minutes, which
//! // take none here.
//! let case = cases::all().into_iter().find(|case| case.id() == "TC_SHIP_HELLO_003");
//! let outcome = coverage::in_memory(case.expect("it is there"), Distortion::none());
//! assert_eq!(outcome.verdict, Verdict::Passed);
//! assert!(outcome.took_ms >= 60_000, "on the paused clock");
//! assert!(outcome.transcript.iter().any(|line| line.contains("aborted")));
//! ```

pub mod broken;
pub mod cases;
pub mod catalogue;
pub mod coverage;
pub mod device;
pub mod replay;
pub mod report;
pub mod run;
pub mod target;
pub mod tester;
