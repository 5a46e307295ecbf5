//! SPINE: what devices in a home say to each other, once SHIP has connected them.
//!
//! A device is a tree: entities (a charging station, the car at it), features (load control,
//! measurement), functions (a list of limits). Features of one device serve data, features of
//! another use them: they read, subscribe to be told of changes, and write once they are bound.
//!
//! - [`model`]: the data, one file for each class of the standard.
//! - [`exchange`]: how a part of a list is changed, asked for, deleted; once for all functions.
//! - [`device`]: our own tree, and what is known of the peers'.
//! - [`engine`]: the conversation. It touches no socket and no clock.
//!
//! Two devices, in memory; the one measures, the other hears of it:
//!
//! ```
//! use eebus_json::List;
//! use spine::device::{EntityPlan, LocalDevice, Operations};
//! use spine::engine::Mode;
//! use spine::model::{
//!     DeviceType, EntityType, FeatureType, Function, MeasurementData, Role, ScaledNumber,
//! };
//! use spine::testing::{Pair, Side};
//! use spine::Engine;
//!
//! // A charging station that serves measurements.
//! let device = LocalDevice::new("d:_n:Example_Charger".into(), DeviceType::ChargingStation);
//! let mut charger = Engine::new(device, Mode::Tolerant);
//! let mut evse = EntityPlan::new(EntityType::EVSE);
//! evse.feature(&FeatureType::Measurement, Role::Server)
//!     .serve(Function::MeasurementListData, Operations::READ);
//! let path = charger.add_entity(evse)?;
//! let measurement = charger.local().find(&path, &FeatureType::Measurement, Role::Server).unwrap();
//!
//! // An energy manager with a feature that uses them.
//! let device = LocalDevice::new("d:_n:Example_Box".into(), DeviceType::EnergyManagementSystem);
//! let mut manager = Engine::new(device, Mode::Tolerant);
//! let mut cem = EntityPlan::new(EntityType::CEM);
//! cem.feature(&FeatureType::Measurement, Role::Client);
//! let path = manager.add_entity(cem)?;
//! let client = manager.local().find(&path, &FeatureType::Measurement, Role::Client).unwrap();
//!
//! // They get to know each other, and the manager subscribes.
//! let mut pair = Pair::new(Side::new(charger, ()), Side::new(manager, ()));
//! pair.connect();
//! let peer = Pair::<(), ()>::PEER;
//! pair.right.engine.subscribe(peer, &client, &measurement, pair.now)?;
//! pair.settle();
//!
//! // From now on it hears of every change.
//! let value = MeasurementData {
//!     measurement_id: Some(1.into()),
//!     value: Some(ScaledNumber::from_integer(16)),
//!     ..MeasurementData::default()
//! };
//! pair.left.engine.set(&measurement, List(vec![value.clone()]))?;
//! pair.settle();
//! let heard = pair.right.engine.cached::<List<MeasurementData>>(peer, &measurement);
//! assert_eq!(heard, Some(&List(vec![value])));
//! # Ok::<(), spine::engine::Misuse>(())
//! ```
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod datagram;
pub mod device;
pub mod engine;
pub mod exchange;
pub mod model;
#[cfg(feature = "ship")]
pub mod node;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod units;
pub mod usecases;

mod refusal;
mod time;

pub use eebus_json::Instant;
pub use engine::Engine;
pub use refusal::Refusal;
pub use time::Now;

/// The version of SPINE that we speak and announce (PS 4.3.4).
pub const SPECIFICATION_VERSION: &str = "1.3.0";
