//! Use cases: what devices agree to do for each other, as data and as thin programs.
//!
//! A use case is a table of scenarios and functions ([`UseCase`]). From its rows follows, for
//! either actor, which features its entity needs, what is announced ([`Play::plan`]), who can be
//! a partner ([`Play::partners`]), and what is subscribed, bound and read there ([`Client`]).
//! Nothing is said twice.
//!
//! Beside each table stand two small types: one for the side that serves, which is what a charging
//! station calls, and one for the side that acts, which is what a manager calls. They speak in
//! [`crate::units`]. What recurs in them is written once, with a parameter.
//!
//! Everything here is driven like the engine below it: tell it the events and the time.
//!
//! | | the charging station's side | the manager's side |
//! |---|---|---|
//! | [`evsecc`]: a charging station and its errors | [`evsecc::Evse`] | [`evsecc::Station`] |
//! | [`evcc`]: a vehicle is plugged in | [`evcc::Ev`] | [`evcc::Vehicle`] |
//! | [`evcem`]: what the vehicle draws | [`evcem::Ev`] | [`evcem::Meter`] |
//! | [`opev`]: how much the vehicle may draw | [`opev::Ev`] | [`opev::Guard`] |
//!
//! A charging station with a vehicle:
//!
//! ```
//! use spine::device::{EntityPlan, LocalDevice};
//! use spine::engine::{Engine, Mode};
//! use spine::model::{DeviceType, EntityType, UtcTime};
//! use spine::units::{MilliAmps, Watts};
//! use spine::usecases::{Phase, evcc, evcem, evsecc, opev};
//! use spine::{Instant, Now};
//!
//! let now = Now { instant: Instant::ORIGIN, utc: UtcTime { seconds: 1_777_888_800, nanos: 0 } };
//! let device = LocalDevice::new("d:_n:Example_Charger".into(), DeviceType::ChargingStation);
//! let mut engine = Engine::new(device, Mode::Tolerant);
//!
//! let mut plan = EntityPlan::new(EntityType::EVSE);
//! evsecc::Evse::plan(&mut plan, Default::default());
//! let station = engine.add_entity(plan)?;
//!
//! // A vehicle is plugged in.
//! let phases = Phase::ALL;
//! let mut plan = EntityPlan::new(EntityType::EV).under(&station);
//! evcem::Ev::plan(&mut plan, &phases, &evcem::Reading::default(), now);
//! evcc::Ev::plan(&mut plan, &evcc::Profile {
//!     phases: phases.to_vec(),
//!     standard: Some(evcc::Standard::Iec61851),
//!     is_asymmetric: false,
//!     power: evcc::PowerRange { min: Watts(4_140), max: Some(Watts(11_040)), standby: None },
//!     state: evcc::State::Normal,
//! });
//! opev::Ev::plan(&mut plan, &phases, opev::CurrentRange::iec61851(MilliAmps(16_000)));
//! let vehicle = engine.add_entity(plan)?;
//! let opev = opev::Ev::new(&vehicle, opev::Config::default(), false, &mut engine, now)?;
//! assert_eq!(opev.ceiling().state, opev::State::NoGuard);
//! # Ok::<(), spine::engine::Misuse>(())
//! ```

mod client;
mod describe;
mod entries;
pub mod evcc;
pub mod evcem;
pub mod evsecc;
pub mod opev;
mod partners;
mod parts;
mod play;

#[cfg(test)]
mod tests;

pub use client::{Change, Client};
pub use describe::{Actor, Row, Scenario, Support, UseCase, reads, scenario, writes};
pub use partners::{Match, Partner};
pub use parts::Phase;
pub use play::Play;
