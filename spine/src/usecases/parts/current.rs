//! Limits of the charging current, one on each phase (OPEV 7.2; e-mobility 7.2 to 7.4).
//!
//! What a limit caps is found by joining: the description of a limit names a measurement, the
//! parameter of that measurement names the phase and the permitted values. None of the numbers
//! can be relied on.

use alloc::vec::Vec;
use core::fmt;

use eebus_json::List;

use super::{CurrentRange, Measurand, Phase, permitted, permitted_of};
use crate::device::{EntityPlan, Operations};
use crate::engine::Misuse;
use crate::model::{
    Cmd, ElectricalConnectionParameterDescriptionData, ElectricalConnectionPermittedValueSetData,
    EnergyDirection, Function, LoadControlCategory, LoadControlLimitData,
    LoadControlLimitDescriptionData, LoadControlLimitId, LoadControlLimitType, NumberError,
    Rounding, ScaledNumber, ScaledNumberRange, ScopeType, UnitOfMeasurement,
};
use crate::units::MilliAmps;
use crate::usecases::entries;
use crate::usecases::partners::{Partner, server_of};
use crate::{Engine, Refusal};

/// What a guard writes is a multiple of this (e-mobility 7.7).
const STEP: MilliAmps = MilliAmps(100);

/// Limits of a kind: binding, or recommended.
#[derive(Debug)]
pub(crate) struct Current {
    category: LoadControlCategory,
    scope: ScopeType,
    /// The number of the limit on the first phase; at a partner it is another.
    first: u32,
}

/// Must be followed: the limits of the overload protection.
pub(crate) const OBLIGATION: Current = Current {
    category: LoadControlCategory::Obligation,
    scope: ScopeType::OverloadProtection,
    first: 1,
};

/// A limit at a partner.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    /// Whether it applies.
    pub is_active: bool,
    /// The current, if it is known.
    pub value: Option<MilliAmps>,
}

/// Why limits cannot be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unwritable {
    /// The partner has not shown its limits yet, or none that can be joined to a phase.
    Unknown,
    /// The partner does not let them be changed at the moment.
    NotChangeable,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no limits known",
            Self::NotChangeable => "limits not changeable",
        })
    }
}

impl core::error::Error for Unwritable {}

/// A limit of a partner, joined.
struct Target {
    id: LoadControlLimitId,
    phase: Phase,
    range: CurrentRange,
}

/// The server's side.
impl Current {
    const fn id(&self, phase: Phase) -> LoadControlLimitId {
        LoadControlLimitId(self.first + phase as u32)
    }

    /// Plans the limits: described, and published at once, inactive and with a value; managers
    /// write only what they have seen (interop 7).
    pub(crate) fn plan(&self, plan: &mut EntityPlan, of: &Measurand, phases: &[Phase]) {
        let descriptions = phases.iter().map(|phase| LoadControlLimitDescriptionData {
            limit_id: Some(self.id(*phase)),
            limit_type: Some(LoadControlLimitType::MaxValueLimit),
            limit_category: Some(self.category.clone()),
            limit_direction: Some(EnergyDirection::Consume),
            measurement_id: Some(of.id(*phase)),
            unit: Some(UnitOfMeasurement::Ampere),
            scope_type: Some(self.scope.clone()),
            ..Default::default()
        });
        entries::plan(plan, descriptions);
        entries::plan(plan, phases.iter().map(|phase| self.inactive(*phase)));
    }

    fn inactive(&self, phase: Phase) -> LoadControlLimitData {
        LoadControlLimitData {
            limit_id: Some(self.id(phase)),
            is_limit_changeable: Some(true),
            is_limit_active: Some(false),
            time_period: None,
            value: Some(MilliAmps::ZERO.into()),
        }
    }

    /// Plans what the limits may be set to.
    pub(crate) fn plan_range(
        plan: &mut EntityPlan,
        of: &Measurand,
        phases: &[Phase],
        range: CurrentRange,
    ) {
        entries::plan(plan, phases.iter().map(|phase| permitted_current(of, *phase, range)));
    }

    /// Sets what the limits may be set to.
    pub(crate) fn set_range(
        &self,
        engine: &mut Engine,
        entity: &[u32],
        of: &Measurand,
        range: CurrentRange,
    ) -> Result<(), Misuse> {
        let own = entries::own::<List<LoadControlLimitDescriptionData>>(engine, entity);
        let described = |phase: &Phase| {
            let id = Some(self.id(*phase));
            own.is_some_and(|own| own.iter().any(|description| description.limit_id == id))
        };
        let phases: Vec<_> = Phase::ALL.into_iter().filter(described).collect();
        let sets = phases.into_iter().map(|phase| permitted_current(of, phase, range));
        entries::set(engine, entity, sets)
    }

    /// Our entry of a phase.
    pub(crate) fn entry<'a>(
        &self,
        list: &'a [LoadControlLimitData],
        phase: Phase,
    ) -> Option<&'a LoadControlLimitData> {
        list.iter().find(|entry| entry.limit_id == Some(self.id(phase)))
    }

    /// As [`Self::entry`], to be changed.
    pub(crate) fn entry_mut<'a>(
        &self,
        list: &'a mut [LoadControlLimitData],
        phase: Phase,
    ) -> Option<&'a mut LoadControlLimitData> {
        list.iter_mut().find(|entry| entry.limit_id == Some(self.id(phase)))
    }

    /// The ceilings that a list of limits means, where a limit is active.
    ///
    /// # Errors
    /// What a peer is told that writes such a list (e-mobility 7.3).
    pub(crate) fn ceilings(
        &self,
        list: &[LoadControlLimitData],
    ) -> Result<[Option<MilliAmps>; 3], Refusal> {
        let mut ceilings = [None; 3];
        for phase in Phase::ALL {
            let Some(entry) = self.entry(list, phase) else {
                continue;
            };
            let value = entry.value.map(ceiling).transpose()?.flatten();
            if entry.is_limit_active == Some(true) {
                let missing = || Refusal::rejected("an active limit without a value");
                ceilings[phase.index()] = Some(value.ok_or_else(missing)?);
            }
        }
        Ok(ceilings)
    }

    /// Lifts our limits of these phases, as if their peer had.
    pub(crate) fn lift(
        &self,
        engine: &mut Engine,
        entity: &[u32],
        phases: impl Fn(Phase) -> bool,
    ) -> Result<(), Misuse> {
        let own = entries::own::<List<LoadControlLimitData>>(engine, entity);
        let of_phase = |phase| self.entry(own?, phase).cloned();
        let lifted: Vec<_> = Phase::ALL
            .into_iter()
            .filter(|phase| phases(*phase))
            .filter_map(of_phase)
            .map(|limit| LoadControlLimitData {
                is_limit_active: Some(false),
                time_period: None,
                ..limit
            })
            .collect();
        entries::set(engine, entity, lifted)
    }
}

fn permitted_current(
    of: &Measurand,
    phase: Phase,
    range: CurrentRange,
) -> ElectricalConnectionPermittedValueSetData {
    let bounds = ScaledNumberRange { min: Some(range.min.into()), max: Some(range.max.into()) };
    permitted(of.parameter(phase), Some(range.pause.into()), bounds)
}

/// A written value; `None` if it has no number. More than 64 bits hold is no restriction.
fn ceiling(value: ScaledNumber) -> Result<Option<MilliAmps>, Refusal> {
    let negative = || Refusal::rejected("a limit below zero");
    match MilliAmps::from_scaled(value, Rounding::Down) {
        Ok(current) if current < MilliAmps::ZERO => Err(negative()),
        Ok(current) => Ok(Some(current)),
        Err(NumberError::Absent) => Ok(None),
        Err(_) if value.number.is_some_and(|number| number > 0) => Ok(Some(MilliAmps(i64::MAX))),
        Err(_) => Err(negative()),
    }
}

/// The client's side.
impl Current {
    /// The limits of a partner on each phase.
    pub(crate) fn limits(&self, engine: &Engine, partner: &Partner) -> [Option<Limit>; 3] {
        let mut limits = [None; 3];
        for target in self.targets(engine, partner) {
            let mut entries = entries::list::<LoadControlLimitData>(engine, partner);
            let entry = entries.find(|entry| entry.limit_id == Some(target.id));
            limits[target.phase.index()] = entry.map(|entry| Limit {
                is_active: entry.is_limit_active == Some(true),
                value: entry
                    .value
                    .and_then(|value| MilliAmps::from_scaled(value, Rounding::Down).ok()),
            });
        }
        limits
    }

    /// Whether the limits of a partner are what [`Self::write`] would make of them.
    pub(crate) fn is_kept(
        &self,
        engine: &Engine,
        partner: &Partner,
        wanted: [Option<MilliAmps>; 3],
    ) -> bool {
        let limits = self.limits(engine, partner);
        let kept =
            |target: &Target| match (limits[target.phase.index()], wanted[target.phase.index()]) {
                (Some(limit), Some(wanted)) => {
                    limit.is_active && limit.value == Some(fit(wanted, target.range))
                }
                (Some(limit), None) => !limit.is_active,
                // Nothing was written there.
                (None, _) => true,
            };
        self.targets(engine, partner).iter().all(kept)
    }

    /// The message that sets the limits of a partner on all its phases; `None` lifts a limit.
    ///
    /// Values are rounded down to 0.1 A; what is less than the vehicle can charge with becomes its
    /// pause value, what is more becomes its maximum. In part if the partner announces that,
    /// otherwise, and for `as_whole`, with everything else that it has in the list.
    ///
    /// # Errors
    /// If the partner has not shown its limits yet, or does not let them be changed.
    pub(crate) fn write(
        &self,
        engine: &Engine,
        partner: &Partner,
        wanted: [Option<MilliAmps>; 3],
        as_whole: bool,
    ) -> Result<Cmd, Unwritable> {
        let list = entries::of::<List<LoadControlLimitData>>(engine, partner);
        let mut list = list.cloned().ok_or(Unwritable::Unknown)?;
        let mut changed = List::new();
        for target in self.targets(engine, partner) {
            let Some(entry) = list.iter_mut().find(|e| e.limit_id == Some(target.id)) else {
                continue;
            };
            if entry.is_limit_changeable == Some(false) {
                return Err(Unwritable::NotChangeable);
            }
            let value = wanted[target.phase.index()];
            entry.is_limit_active = Some(value.is_some());
            entry.value =
                Some(value.map_or(entry_value_when_lifted(entry, target.range), |value| {
                    fit(value, target.range).into()
                }));
            entry.time_period = None;
            changed.push(LoadControlLimitData { is_limit_changeable: None, ..entry.clone() });
        }
        if changed.is_empty() {
            return Err(Unwritable::Unknown);
        }
        let function = Function::LoadControlLimitListData;
        let serves_partial = engine.peer(partner.peer).is_some_and(|peer| {
            let device = peer.device();
            server_of(device, &partner.entity, function)
                .and_then(|server| device.feature(&server)?.operations(function))
                .unwrap_or(Operations::NONE)
                .write_partial
        });
        Ok(if serves_partial && !as_whole { Cmd::partial(changed) } else { Cmd::full(list) })
    }

    /// The limits of this kind that can be joined to a phase, one for each.
    fn targets(&self, engine: &Engine, partner: &Partner) -> Vec<Target> {
        let mut targets: Vec<Target> = Vec::new();
        for description in entries::list::<LoadControlLimitDescriptionData>(engine, partner) {
            if !self.is(description) {
                continue;
            }
            let (Some(id), Some(measurement)) = (description.limit_id, description.measurement_id)
            else {
                continue;
            };
            let mut meanings =
                entries::list::<ElectricalConnectionParameterDescriptionData>(engine, partner);
            let meaning = meanings.find(|meaning| meaning.measurement_id == Some(measurement));
            let Some((meaning, phase)) = meaning.and_then(|meaning| {
                Some((meaning, Phase::of(meaning.ac_measured_phases.as_ref()?)?))
            }) else {
                continue;
            };
            if targets.iter().any(|target| target.phase == phase) {
                continue;
            }
            let connection = meaning.electrical_connection_id;
            let set = permitted_of(engine, partner, connection, meaning.parameter_id);
            targets.push(Target { id, phase, range: CurrentRange::of(set) });
        }
        targets
    }

    fn is(&self, description: &LoadControlLimitDescriptionData) -> bool {
        fn is_or_absent<T: PartialEq>(stated: Option<&T>, wanted: &T) -> bool {
            stated.is_none_or(|stated| stated == wanted)
        }
        description.limit_category.as_ref() == Some(&self.category)
            && is_or_absent(description.scope_type.as_ref(), &self.scope)
            && is_or_absent(description.unit.as_ref(), &UnitOfMeasurement::Ampere)
            && is_or_absent(description.limit_type.as_ref(), &LoadControlLimitType::MaxValueLimit)
            && is_or_absent(description.limit_direction.as_ref(), &EnergyDirection::Consume)
    }
}

/// A current that the vehicle can follow, never more than what is wanted.
fn fit(wanted: MilliAmps, range: CurrentRange) -> MilliAmps {
    let wanted = wanted.floor_to(STEP);
    if wanted < range.min { range.pause } else { wanted.min(range.max) }
}

/// The value of an inactive limit only informs: the highest, if it is known.
fn entry_value_when_lifted(entry: &LoadControlLimitData, range: CurrentRange) -> ScaledNumber {
    if range.max == MilliAmps(i64::MAX) {
        entry.value.unwrap_or(MilliAmps::ZERO.into())
    } else {
        range.max.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ScaledNumberSet;

    fn limit(is_active: bool, value: Option<ScaledNumber>) -> LoadControlLimitData {
        LoadControlLimitData {
            is_limit_active: Some(is_active),
            value,
            ..OBLIGATION.inactive(Phase::B)
        }
    }

    fn ceiling_of(is_active: bool, value: Option<ScaledNumber>) -> Option<Option<MilliAmps>> {
        OBLIGATION.ceilings(&[limit(is_active, value)]).ok().map(|ceilings| ceilings[1])
    }

    fn number(number: i64, scale: i16) -> Option<ScaledNumber> {
        Some(ScaledNumber::new(number, scale))
    }

    #[test]
    fn an_active_limit_is_a_ceiling_rounded_down() {
        assert_eq!(ceiling_of(true, number(9, 0)), Some(Some(MilliAmps(9_000))));
        assert_eq!(ceiling_of(true, number(72, -1)), Some(Some(MilliAmps(7_200))));
        assert_eq!(ceiling_of(true, number(104_114, -4)), Some(Some(MilliAmps(10_411))));
        assert_eq!(ceiling_of(true, number(0, 0)), Some(Some(MilliAmps::ZERO)));
        assert_eq!(ceiling_of(false, number(9, 0)), Some(None));
    }

    #[test]
    fn what_cannot_be_a_limit_is_refused() {
        assert_eq!(ceiling_of(true, number(-1, 0)), None);
        assert_eq!(ceiling_of(true, number(-1, -9)), None);
        assert_eq!(ceiling_of(true, number(-1, 300)), None);
        assert_eq!(ceiling_of(false, number(-1, 0)), None);
        assert_eq!(ceiling_of(true, None), None);
        let scale_alone = ScaledNumber { number: None, scale: Some(1) };
        assert_eq!(ceiling_of(true, Some(scale_alone)), None);
        assert_eq!(ceiling_of(false, None), Some(None));
    }

    #[test]
    fn a_limit_beyond_all_numbers_is_no_restriction() {
        assert_eq!(ceiling_of(true, number(1, 300)), Some(Some(MilliAmps(i64::MAX))));
    }

    #[test]
    fn what_is_written_fits_the_vehicle_and_never_exceeds_what_is_wanted() {
        let range =
            CurrentRange { pause: MilliAmps(100), min: MilliAmps(6_000), max: MilliAmps(16_000) };
        for (wanted, written) in [
            (10_000, 10_000),
            (9_999, 9_900),
            (6_000, 6_000),
            (5_999, 100),
            (0, 100),
            (-5, 100),
            (25_000, 16_000),
        ] {
            assert_eq!(fit(MilliAmps(wanted), range), MilliAmps(written), "{wanted}");
        }
    }

    #[test]
    fn currents_that_a_vehicle_can_charge_with_are_no_pause() {
        for first in [-1, 6, 16] {
            let set = ScaledNumberSet {
                value: [first, 25, 32].map(ScaledNumber::from_integer).to_vec(),
                range: Vec::new(),
            };
            let range = CurrentRange::of(Some(&set));
            assert_eq!(fit(MilliAmps(3_000), range), MilliAmps::ZERO, "{first}");
        }
    }

    #[test]
    fn without_permitted_values_six_amperes_are_the_least() {
        let range = CurrentRange::of(Some(&Default::default()));
        assert_eq!(fit(MilliAmps(8_000), range), MilliAmps(8_000));
        assert_eq!(fit(MilliAmps(3_000), range), MilliAmps::ZERO);
    }
}
