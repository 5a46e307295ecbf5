//! A reference EV charger that speaks EEBUS.
//!
//! Without any configuration it is an 11 kW charger on a simulated board with a simulated car.
//! The program is a thin shell around this library, so that tests, benchmarks and other programs
//! can hold a charger in their hands.
//!
//! # The house
//!
//! | module | what it is | knows |
//! |---|---|---|
//! | [`core`] | limits, pace, session, state: pure, on whatever clock it is given | [`ports`] |
//! | [`ports`] | what the core needs of a board | units of the core |
//! | [`hardware`] | boards; the simulator is one, and the car as well | [`ports`] |
//! | [`port`] | the core and a board in a thread of their own, and the [`port::Handle`] on it | the above, [`store`] |
//! | [`store`] | what outlives the program | the disk |
//! | [`peers`] | who may talk to the charger over EEBUS, as a trait | SKIs |
//! | [`ending`] | when the program ends, as its tasks hear it | nothing |
//! | [`curve`] | what the running session has done so far | [`port::Handle`] |
//! | [`eebus`] | the charger as a device of EEBUS | [`port::Handle`], [`peers`] |
//! | [`api`] | HTTP and JSON | [`port::Handle`], [`peers`], [`curve`] |
//! | [`web`] | the web application: TLS, the page, and what a browser may ask | [`api`] |
//! | [`run`] | start, supervision, orderly end | all of it |
//! | [`cli`] | the command line | [`run`], and [`api`] as its client |
//!
//! A limit travels from whoever states it through [`port::Handle::state_opev`] into one atomic
//! snapshot, wakes the port thread, passes the limiter and the pace, and is on the pilot within
//! that turn.
//!
//! # The core alone
//!
//! ```
//! use core::time::Duration;
//! use eebus_charger::core::charger::{Charger, Config, Controls, Input, Output};
//! use eebus_charger::core::session::SessionId;
//! use eebus_charger::core::units::{MilliAmps, PhaseCurrents};
//! use eebus_charger::hardware::simulator::{Setup, Simulator};
//! use eebus_charger::ports::EvsePort;
//! use eebus_json::Instant;
//!
//! let mut now = Instant::ORIGIN;
//! let setup = Setup::default();
//! let mut board = Simulator::new(setup, now);
//! let config = Config {
//!     capabilities: setup.capabilities,
//!     supply: setup.supply,
//!     user_max: Some(MilliAmps::amps(10)),
//!     safe_current: MilliAmps::amps(6),
//!     next_session: SessionId(1),
//! };
//! let mut controls = Controls { renewed: now, paused: None, guard_known: false, opev: None };
//! let mut charger = Charger::new(config, controls, now);
//!
//! // Half a minute in a few milliseconds.
//! for _ in 0..300 {
//!     now += Duration::from_millis(100);
//!     controls.renewed = now;
//!     charger.handle(Input::Controls(controls), now);
//!     board.advance(now);
//!     charger.handle(Input::Board(board.snapshot()), now);
//!     while let Some(output) = charger.poll() {
//!         match output {
//!             Output::Command(command) => board.command(command, now)?,
//!             Output::Plug(plug) => println!("{plug:?}"),
//!             _ => {}
//!         }
//!     }
//! }
//! let status = charger.status(now);
//! assert_eq!(status.state.meaning().name, "charging");
//! assert_eq!(status.limits.to_string(), "10 A: maximum set by the user");
//! assert_eq!(status.offered, PhaseCurrents::uniform(MilliAmps::amps(10)));
//! # Ok::<(), eebus_charger::ports::PortBusy>(())
//! ```

pub mod api;
pub mod cli;
pub mod clock;
pub mod core;
pub mod curve;
pub mod eebus;
pub mod ending;
pub mod hardware;
pub mod peers;
pub mod port;
pub mod ports;
pub mod run;
pub mod store;
pub mod web;
