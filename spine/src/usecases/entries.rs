//! The lists of a feature that several use cases share: each puts in its own entries.
//!
//! An entity has one feature of a type, so that for instance the permitted values of currents and
//! of the power stand in one list. Nobody replaces it; everybody puts entries under identifiers
//! of its own. The order is that of the identifiers: some managers take the first entry that
//! fits (e-mobility 13.2).

use eebus_json::{List, Member};

use super::describe::feature_of;
use super::partners::{Partner, server_of};
use crate::Engine;
use crate::device::{EntityPlan, Operations};
use crate::engine::Misuse;
use crate::model::*;

/// An entry of a list function, with what identifies it.
pub(crate) trait Entry: Clone + Sized {
    /// The identifiers, in the order of the schema.
    type Key: Ord;

    fn key(&self) -> Self::Key;
}

macro_rules! entries {
    ($($entry:ident($($id:ident: $type:ty),+);)*) => {$(
        impl Entry for $entry {
            type Key = ($(Option<$type>,)+);

            fn key(&self) -> Self::Key {
                ($(self.$id,)+)
            }
        }
    )*};
}

entries! {
    DeviceConfigurationKeyValueDescriptionData(key_id: DeviceConfigurationKeyId);
    DeviceConfigurationKeyValueData(key_id: DeviceConfigurationKeyId);
    ElectricalConnectionDescriptionData(electrical_connection_id: ElectricalConnectionId);
    ElectricalConnectionParameterDescriptionData(
        electrical_connection_id: ElectricalConnectionId,
        parameter_id: ElectricalConnectionParameterId
    );
    ElectricalConnectionPermittedValueSetData(
        electrical_connection_id: ElectricalConnectionId,
        parameter_id: ElectricalConnectionParameterId
    );
    LoadControlLimitDescriptionData(limit_id: LoadControlLimitId);
    LoadControlLimitData(limit_id: LoadControlLimitId);
    MeasurementDescriptionData(measurement_id: MeasurementId);
    MeasurementData(measurement_id: MeasurementId);
}

/// Puts an entry in the place of the one with its identifiers.
fn put<T: Entry>(list: &mut List<T>, entry: T) {
    match list.binary_search_by(|known| known.key().cmp(&entry.key())) {
        Ok(i) => list[i] = entry,
        Err(i) => list.insert(i, entry),
    }
}

/// Puts entries into what an entity is planned to serve.
pub(crate) fn plan<T: Entry>(plan: &mut EntityPlan, entries: impl IntoIterator<Item = T>)
where
    List<T>: Member<Payload> + Into<Payload>,
{
    let function = List::<T>::NAME;
    let feature = plan.feature(&feature_of(function), Role::Server);
    let served = feature.serve(function, Operations::READ);
    let mut list = served.data.as_ref().and_then(List::peel).cloned().unwrap_or_default();
    for entry in entries {
        put(&mut list, entry);
    }
    served.data = Some(list.into());
}

/// Plans data that are no list.
pub(crate) fn plan_data<T: Member<Payload> + Into<Payload>>(plan: &mut EntityPlan, data: T) {
    let feature = plan.feature(&feature_of(T::NAME), Role::Server);
    feature.serve(T::NAME, Operations::READ).data = Some(data.into());
}

/// Puts entries into what an entity serves; subscribers hear of it if it is something new.
pub(crate) fn set<T: Entry>(
    engine: &mut Engine,
    entity: &[u32],
    entries: impl IntoIterator<Item = T>,
) -> Result<(), Misuse>
where
    List<T>: Member<Payload> + Into<Payload>,
{
    let list = with(engine, entity, entries)?;
    let feature = server(engine, entity, List::<T>::NAME)?;
    engine.set(&feature, list)
}

/// As [`set`], but subscribers hear of it in any case.
pub(crate) fn renew<T: Entry>(
    engine: &mut Engine,
    entity: &[u32],
    entries: impl IntoIterator<Item = T>,
) -> Result<(), Misuse>
where
    List<T>: Member<Payload> + Into<Payload>,
{
    let list = with(engine, entity, entries)?;
    let feature = server(engine, entity, List::<T>::NAME)?;
    engine.renew(&feature, list)
}

fn with<T: Entry>(
    engine: &Engine,
    entity: &[u32],
    entries: impl IntoIterator<Item = T>,
) -> Result<List<T>, Misuse>
where
    List<T>: Member<Payload>,
{
    let feature = server(engine, entity, List::<T>::NAME)?;
    let mut list = engine.data::<List<T>>(&feature).cloned().unwrap_or_default();
    for entry in entries {
        put(&mut list, entry);
    }
    Ok(list)
}

/// Our server feature of an entity that serves a function.
pub(crate) fn server(
    engine: &Engine,
    entity: &[u32],
    function: Function,
) -> Result<FeatureAddress, Misuse> {
    let found = engine.local().find(entity, &feature_of(function), Role::Server);
    found.ok_or(Misuse::UnknownLocal)
}

/// What our entity serves.
pub(crate) fn own<'a, T: Member<Payload>>(engine: &'a Engine, entity: &[u32]) -> Option<&'a T> {
    engine.data(&server(engine, entity, T::NAME).ok()?)
}

/// What a partner serves, as far as we know it.
pub(crate) fn of<'a, T: Member<Payload>>(engine: &'a Engine, partner: &Partner) -> Option<&'a T> {
    let device = engine.peer(partner.peer)?.device();
    engine.cached(partner.peer, &server_of(device, &partner.entity, T::NAME)?)
}

/// The entries that a partner serves, as far as we know them.
pub(crate) fn list<'a, T: 'a>(
    engine: &'a Engine,
    partner: &Partner,
) -> impl Iterator<Item = &'a T> + use<'a, T>
where
    List<T>: Member<Payload>,
{
    of::<List<T>>(engine, partner).into_iter().flat_map(|list| list.iter())
}
