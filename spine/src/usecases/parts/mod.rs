//! Behaviour that recurs in use cases, each written once with a parameter.

mod current;
mod heartbeat;
mod key_value;
mod measurand;
mod permitted;
mod phase;

pub use current::{Limit, Unwritable};
pub use permitted::CurrentRange;
pub use phase::Phase;

pub(crate) use current::{Current, OBLIGATION};
pub(crate) use heartbeat::Watch;
pub(crate) use key_value::Key;
pub(crate) use measurand::Measurand;
pub(crate) use permitted::{permitted, permitted_of};
pub(crate) mod connection {
    //! The one connection between charging station and vehicle.
    use crate::model::ElectricalConnectionId;

    /// Its number; a reader must not rely on it.
    pub(crate) const CONNECTION: ElectricalConnectionId = ElectricalConnectionId(1);
}
