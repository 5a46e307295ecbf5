//! The charger as a value: which current the car may draw, why, and what state that leaves it in.
//!
//! Nothing in here touches a socket, a clock, a file or a task. Everything is
//! `handle(what happened, now)`, `poll()`, `deadline()`, so that a night of charging runs in a
//! test within milliseconds and every rule can be checked for any order of events (CH-307).
//!
//! - [`limits`]: every source states a ceiling, the lowest wins, and its name is shown.
//! - [`pacing`]: how the offer to the car follows that minimum over time.
//! - [`failsafe`]: what applies when nobody renews the limits any more.
//! - [`session`]: from plug-in to unplug, with its energy.
//! - [`state`]: the one word for all of it, and the table that the web, the panel and EEBUS read.
//! - [`charger`]: all of these together.
//! - [`curve`]: what the running session has done so far.

pub mod charger;
pub mod curve;
pub mod failsafe;
pub mod fault;
pub mod limits;
pub mod pacing;
pub mod phases;
pub mod pilot;
pub mod session;
pub mod state;
pub mod units;
