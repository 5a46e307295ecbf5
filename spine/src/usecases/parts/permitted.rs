//! The values that a parameter may be set to: a range, and a value beside it.

use super::connection::CONNECTION;
use crate::Engine;
use crate::model::{
    ElectricalConnectionId, ElectricalConnectionParameterId,
    ElectricalConnectionPermittedValueSetData, Rounding, ScaledNumber, ScaledNumberRange,
    ScaledNumberSet,
};
use crate::units::MilliAmps;
use crate::usecases::entries;
use crate::usecases::partners::Partner;

/// The currents that a vehicle can charge with on a phase.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CurrentRange {
    /// What means pause: 0, or 0.1 A in an ISO 15118 session.
    pub pause: MilliAmps,
    /// The least current.
    pub min: MilliAmps,
    /// The highest.
    pub max: MilliAmps,
}

impl CurrentRange {
    /// With an IEC 61851 vehicle: pause with 0, at least 6 A.
    pub const fn iec61851(max: MilliAmps) -> Self {
        Self { pause: MilliAmps::ZERO, min: MilliAmps(6_000), max }
    }

    /// What a partner permits; where it says nothing, as with an IEC 61851 vehicle.
    pub(crate) fn of(set: Option<&ScaledNumberSet>) -> Self {
        let milli = |number: ScaledNumber, rounding| MilliAmps::from_scaled(number, rounding).ok();
        let range = set.and_then(|set| set.range.first());
        let default = Self::iec61851(MilliAmps(i64::MAX));
        let min = range.and_then(|range| milli(range.min?, Rounding::Up)).unwrap_or(default.min);
        let max = range.and_then(|range| milli(range.max?, Rounding::Down)).unwrap_or(default.max);
        // What the vehicle could charge with is no pause: some list currents there.
        let pause = set.and_then(|set| set.value.first()).and_then(|v| milli(*v, Rounding::Down));
        let pause = pause.filter(|pause| (MilliAmps::ZERO..min).contains(pause));
        Self { pause: pause.unwrap_or(default.pause), min, max }
    }
}

/// The entry of a parameter: exactly one set of exactly one range, and the value beside it; some
/// managers take nothing else (e-mobility 13.2).
pub(crate) fn permitted(
    parameter: ElectricalConnectionParameterId,
    value: Option<ScaledNumber>,
    range: ScaledNumberRange,
) -> ElectricalConnectionPermittedValueSetData {
    let set = ScaledNumberSet { value: value.into_iter().collect(), range: alloc::vec![range] };
    ElectricalConnectionPermittedValueSetData {
        electrical_connection_id: Some(CONNECTION),
        parameter_id: Some(parameter),
        permitted_value_set: alloc::vec![set],
    }
}

/// The set of a partner's parameter.
pub(crate) fn permitted_of<'a>(
    engine: &'a Engine,
    partner: &Partner,
    connection: Option<ElectricalConnectionId>,
    parameter: Option<ElectricalConnectionParameterId>,
) -> Option<&'a ScaledNumberSet> {
    entries::list::<ElectricalConnectionPermittedValueSetData>(engine, partner)
        .find(|e| e.electrical_connection_id == connection && e.parameter_id == parameter)
        .and_then(|entry| entry.permitted_value_set.first())
}
