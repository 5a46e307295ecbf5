//! The test tool: a peer that speaks exactly as it is told to.
//!
//! ```text
//! identity   key and certificate, honest or forged
//! link       TLS, WebSocket, whole SHIP messages; what is sent is sent as it is
//! ship       the phases of SHIP up to the data exchange
//! spine      datagrams, and the answers that a well-behaved peer owes meanwhile
//! tool       what the tool says that it is
//! manager    the tool as an energy manager
//! station    the tool as a charging station
//! wire       how the tool looks at JSON: strictly
//! ```
//!
//! Nothing in here uses the stack under test, so that no mistake can be made on both sides at once.

pub mod identity;
pub mod link;
pub mod manager;
pub mod ship;
pub mod spine;
pub mod station;
pub mod tool;
pub mod wire;

/// Why a case ends before its last step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stop {
    /// The device did something else than the case demands; what.
    Failed(String),
    /// The case does not fit this device, or cannot be run on it; why.
    NotApplicable(String),
}

/// A step of a case, or a whole one.
pub type Step<T = ()> = Result<T, Stop>;

/// The case fails.
///
/// # Errors
///
/// Always.
pub fn fail<T>(why: impl Into<String>) -> Step<T> {
    Err(Stop::Failed(why.into()))
}

/// The case fails unless a statement holds; `what` says it.
///
/// # Errors
///
/// It does not hold.
pub fn require(holds: bool, what: impl Into<String>) -> Step {
    if holds { Ok(()) } else { fail(format!("not so: {}", what.into())) }
}
