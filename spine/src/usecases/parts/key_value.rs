//! A named configuration value: its description, its value, and how to find it at a partner.

use crate::Engine;
use crate::device::EntityPlan;
use crate::engine::Misuse;
use crate::model::{
    DeviceConfigurationKeyId, DeviceConfigurationKeyName, DeviceConfigurationKeyValueData,
    DeviceConfigurationKeyValueDescriptionData, DeviceConfigurationKeyValueType,
    DeviceConfigurationKeyValueValue,
};
use crate::usecases::entries;
use crate::usecases::partners::Partner;

/// A key that peers may read and not write.
#[derive(Debug)]
pub(crate) struct Key {
    /// The number that we give it; at a partner it is another.
    pub(crate) id: u32,
    /// The name.
    pub(crate) name: DeviceConfigurationKeyName,
    /// Another spelling that partners use.
    pub(crate) alias: Option<&'static str>,
    /// The type of its value.
    pub(crate) value_type: DeviceConfigurationKeyValueType,
}

impl Key {
    /// Plans description and value; a value that is not known yet is left out.
    pub(crate) fn plan(
        &self,
        plan: &mut EntityPlan,
        value: Option<DeviceConfigurationKeyValueValue>,
    ) {
        let description = DeviceConfigurationKeyValueDescriptionData {
            key_id: Some(self.id()),
            key_name: Some(self.name.clone()),
            value_type: Some(self.value_type),
            ..Default::default()
        };
        entries::plan(plan, [description]);
        entries::plan(plan, value.map(|value| self.entry(value)));
    }

    /// Sets the value.
    pub(crate) fn set(
        &self,
        engine: &mut Engine,
        entity: &[u32],
        value: DeviceConfigurationKeyValueValue,
    ) -> Result<(), Misuse> {
        entries::set(engine, entity, [self.entry(value)])
    }

    /// The value at a partner, if it is known.
    pub(crate) fn of<'a>(
        &self,
        engine: &'a Engine,
        partner: &Partner,
    ) -> Option<&'a DeviceConfigurationKeyValueValue> {
        let mut descriptions =
            entries::list::<DeviceConfigurationKeyValueDescriptionData>(engine, partner);
        let id = descriptions.find(|d| d.key_name.as_ref().is_some_and(|n| self.is(n)))?.key_id?;
        let mut values = entries::list::<DeviceConfigurationKeyValueData>(engine, partner);
        values.find(|value| value.key_id == Some(id))?.value.as_ref()
    }

    const fn id(&self) -> DeviceConfigurationKeyId {
        DeviceConfigurationKeyId(self.id)
    }

    fn is(&self, name: &DeviceConfigurationKeyName) -> bool {
        *name == self.name || self.alias == Some(name.as_str())
    }

    fn entry(&self, value: DeviceConfigurationKeyValueValue) -> DeviceConfigurationKeyValueData {
        DeviceConfigurationKeyValueData {
            key_id: Some(self.id()),
            value: Some(value),
            is_value_changeable: Some(false),
        }
    }
}
