//! The test tool: a peer that speaks exactly as it is told to.
//!
//! ```text
//! identity   key and certificate, honest or forged
//! link       TLS, WebSocket, whole SHIP messages; what is sent is sent as it is
//! ship       the phases of SHIP up to the data exchange
//! spine      datagrams, and the answers that a well-behaved peer owes meanwhile
//! wire       how the tool looks at JSON: strictly
//! ```
//!
//! Nothing in here uses the stack under test, so that no mistake can be made on both sides at once.

pub mod identity;
pub mod link;
pub mod wire;
