//! What the tool says that it is: its entities, features and use cases, and the data that it serves.
//!
//! Written as rows, turned into the JSON of SPINE by its methods.

use std::collections::BTreeMap;

/// The entity part of an address.
pub type Entity = &'static [u64];

/// One feature of the tool.
#[derive(Clone, Debug)]
pub struct Feature {
    entity: Entity,
    number: u64,
    kind: String,
    role: &'static str,
    /// Function names and their `possibleOperations`, as JSON.
    functions: Vec<(&'static str, &'static str)>,
}

/// In place of an entity: a use case entry without an address.
pub const NOWHERE: Entity = &[];

/// What an entity can do in one role.
#[derive(Clone, Debug)]
struct Actor {
    entity: Entity,
    name: &'static str,
    use_cases: Vec<UseCase>,
}

/// Name, version and scenarios of a use case.
#[derive(Clone, Copy, Debug)]
pub struct UseCase(pub &'static str, pub &'static str, pub &'static [u64]);

/// `possibleOperations` of a function that can be read.
pub const READ: &str = r#"[{"read":[]}]"#;
/// `possibleOperations` of a function that can be read and written in part.
pub const READ_WRITE: &str = r#"[{"read":[]},{"write":[{"partial":[]}]}]"#;
/// `possibleOperations` of a call.
pub const CALL: &str = "[]";

/// The tool as a SPINE device.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Its device address.
    pub device: String,
    /// What its headers and its `specificationVersionList` say.
    pub version: String,
    kind: &'static str,
    entities: Vec<(Entity, &'static str)>,
    features: Vec<Feature>,
    actors: Vec<Actor>,
    data: BTreeMap<(Entity, &'static str), String>,
}

/// The entity of the energy manager.
pub const CEM: Entity = &[1];
/// The numbers of its features.
pub mod cem {
    /// DeviceDiagnosis, server: its state and its heartbeat.
    pub const DIAGNOSIS: u64 = 1;
    /// LoadControl, client.
    pub const LOAD_CONTROL: u64 = 2;
    /// Generic, client: reads everything else.
    pub const GENERIC: u64 = 3;
    /// DeviceDiagnosis, client.
    pub const DIAGNOSIS_CLIENT: u64 = 4;
    /// Measurement, client.
    pub const MEASUREMENT: u64 = 5;
    /// DeviceConfiguration, client.
    pub const CONFIGURATION: u64 = 6;
    /// ElectricalConnection, client.
    pub const CONNECTION: u64 = 7;
}

impl Tool {
    /// A device with nothing but its NodeManagement.
    pub fn bare(device: impl Into<String>, kind: &'static str) -> Self {
        let mut tool = Self {
            device: device.into(),
            version: "1.3.0".to_owned(),
            kind,
            entities: vec![(&[0], "DeviceInformation")],
            features: Vec::new(),
            actors: Vec::new(),
            data: BTreeMap::new(),
        };
        tool.feature(&[0], 0, "NodeManagement", "special").functions = vec![
            ("nodeManagementDetailedDiscoveryData", READ),
            ("nodeManagementUseCaseData", READ),
            ("nodeManagementSubscriptionData", READ),
            ("nodeManagementSubscriptionRequestCall", CALL),
            ("nodeManagementSubscriptionDeleteCall", CALL),
            ("nodeManagementBindingData", READ),
            ("nodeManagementBindingRequestCall", CALL),
            ("nodeManagementBindingDeleteCall", CALL),
        ];
        tool
    }

    /// An energy manager: CEM `[1]` with the client features of e-mobility and a DeviceDiagnosis
    /// server that beats.
    pub fn energy_manager(device: impl Into<String>) -> Self {
        let mut tool = Self::bare(device, "EnergyManagementSystem");
        tool.entity(CEM, "CEM");
        tool.feature(CEM, cem::DIAGNOSIS, "DeviceDiagnosis", "server").functions =
            vec![("deviceDiagnosisStateData", READ), ("deviceDiagnosisHeartbeatData", READ)];
        for (number, kind) in [
            (cem::LOAD_CONTROL, "LoadControl"),
            (cem::GENERIC, "Generic"),
            (cem::DIAGNOSIS_CLIENT, "DeviceDiagnosis"),
            (cem::MEASUREMENT, "Measurement"),
            (cem::CONFIGURATION, "DeviceConfiguration"),
            (cem::CONNECTION, "ElectricalConnection"),
        ] {
            tool.feature(CEM, number, kind, "client");
        }
        tool.actor(
            CEM,
            "CEM",
            vec![
                UseCase("evseCommissioningAndConfiguration", "1.0.1", &[1, 2]),
                UseCase("evCommissioningAndConfiguration", "1.0.1", &[1, 2, 3, 4, 5, 6, 7, 8]),
                UseCase("measurementOfElectricityDuringEvCharging", "1.0.1", &[1, 2, 3]),
                UseCase("overloadProtectionByEvChargingCurrentCurtailment", "1.0.1", &[1, 2, 3]),
            ],
        );
        tool.serve(CEM, "deviceDiagnosisStateData", r#"[{"operatingState":"normalOperation"}]"#);
        tool
    }

    /// Adds an entity.
    pub fn entity(&mut self, address: Entity, kind: &'static str) {
        self.entities.push((address, kind));
    }

    /// Removes an entity, what lies below it and what belongs to it.
    pub fn remove_entity(&mut self, address: Entity) {
        self.entities.retain(|(entity, _)| !entity.starts_with(address));
        self.features.retain(|feature| !feature.entity.starts_with(address));
        self.actors.retain(|actor| !actor.entity.starts_with(address) && actor.entity != NOWHERE);
        self.data.retain(|(entity, _), _| !entity.starts_with(address));
    }

    /// Adds a feature without functions.
    pub fn feature(
        &mut self,
        entity: Entity,
        number: u64,
        kind: impl Into<String>,
        role: &'static str,
    ) -> &mut Feature {
        let feature = Feature { entity, number, kind: kind.into(), role, functions: Vec::new() };
        self.features.push(feature);
        self.features.last_mut().expect("just pushed")
    }

    /// Adds what an entity can do as an actor.
    pub fn actor(&mut self, entity: Entity, name: &'static str, use_cases: Vec<UseCase>) {
        self.actors.push(Actor { entity, name, use_cases });
    }

    /// Another actor for the use cases of an entity.
    pub fn rename_actor(&mut self, entity: Entity, name: &'static str) {
        self.actors.iter_mut().filter(|a| a.entity == entity).for_each(|a| a.name = name);
    }

    /// What a read of a function is answered with: the content as JSON.
    pub fn serve(&mut self, entity: Entity, function: &'static str, content: impl Into<String>) {
        self.data.insert((entity, function), content.into());
    }

    /// The content of a function, `[]` if there is none.
    pub fn content(&self, entity: &[u64], function: &str) -> String {
        match function {
            "nodeManagementDetailedDiscoveryData" => self.discovery(),
            "nodeManagementUseCaseData" => self.use_case_data(),
            _ => self
                .data
                .iter()
                .find(|((owner, name), _)| *owner == entity && *name == function)
                .map_or_else(|| "[]".to_owned(), |(_, content)| content.clone()),
        }
    }

    /// The number of the feature of a kind and role.
    pub fn number_of(&self, entity: Entity, kind: &str, role: &str) -> Option<u64> {
        self.features
            .iter()
            .find(|f| f.entity == entity && f.kind == kind && f.role == role)
            .map(|f| f.number)
    }

    /// The content of `nodeManagementDetailedDiscoveryData`.
    pub fn discovery(&self) -> String {
        let entities =
            join(self.entities.iter().map(|(address, kind)| entity_row(address, kind, "")));
        let features = join(self.features.iter().map(Feature::row));
        let Self { device, version, kind, .. } = self;
        format!(
            r#"[{{"specificationVersionList":[{{"specificationVersion":["{version}"]}}]}},{{"deviceInformation":[{{"description":[{{"deviceAddress":[{{"device":"{device}"}}]}},{{"deviceType":"{kind}"}},{{"networkFeatureSet":"smart"}}]}}]}},{{"entityInformation":[{entities}]}},{{"featureInformation":[{features}]}}]"#
        )
    }

    /// The content of a partial `nodeManagementDetailedDiscoveryData`: an entity was added, with
    /// all its features, or removed.
    pub fn discovery_change(&self, address: Entity, change: &str) -> String {
        let kind = self.entities.iter().find(|(entity, _)| *entity == address).map(|row| row.1);
        let state = format!(r#",{{"lastStateChange":"{change}"}}"#);
        let Some(kind) = kind else {
            let address = numbers(address);
            return format!(
                r#"[{{"entityInformation":[[{{"description":[{{"entityAddress":[{{"entity":{address}}}]}}{state}]}}]]}}]"#
            );
        };
        let features = self.features.iter().filter(|feature| feature.entity == address);
        format!(
            r#"[{{"entityInformation":[{}]}},{{"featureInformation":[{}]}}]"#,
            entity_row(address, kind, &state),
            join(features.map(Feature::row))
        )
    }

    /// The content of `nodeManagementUseCaseData`.
    pub fn use_case_data(&self) -> String {
        if self.actors.is_empty() {
            return "[]".to_owned();
        }
        let device = &self.device;
        let rows = self.actors.iter().map(|Actor { entity, name, use_cases }| {
            let support = join(use_cases.iter().map(|UseCase(name, version, scenarios)| {
                let scenarios = numbers(scenarios);
                format!(
                    r#"[{{"useCaseName":"{name}"}},{{"useCaseVersion":"{version}"}},{{"useCaseAvailable":true}},{{"scenarioSupport":{scenarios}}},{{"useCaseDocumentSubRevision":"release"}}]"#
                )
            }));
            let address = match entity {
                &NOWHERE => String::new(),
                _ => {
                    let entity = numbers(entity);
                    format!(r#"{{"address":[{{"device":"{device}"}},{{"entity":{entity}}}]}},"#)
                }
            };
            format!(r#"[{address}{{"actor":"{name}"}},{{"useCaseSupport":[{support}]}}]"#)
        });
        format!(r#"[{{"useCaseInformation":[{}]}}]"#, join(rows))
    }
}

impl Feature {
    /// Announces its functions.
    pub fn functions(&mut self, functions: &[(&'static str, &'static str)]) {
        self.functions = functions.to_vec();
    }

    fn row(&self) -> String {
        let Self { number, kind, role, .. } = self;
        let entity = numbers(self.entity);
        let functions = if self.functions.is_empty() {
            String::new()
        } else {
            let rows = self.functions.iter().map(|(name, operations)| {
                format!(r#"[{{"function":"{name}"}},{{"possibleOperations":{operations}}}]"#)
            });
            format!(r#",{{"supportedFunction":[{}]}}"#, join(rows))
        };
        format!(
            r#"[{{"description":[{{"featureAddress":[{{"entity":{entity}}},{{"feature":{number}}}]}},{{"featureType":"{kind}"}},{{"role":"{role}"}}{functions}]}}]"#
        )
    }
}

fn entity_row(address: &[u64], kind: &str, change: &str) -> String {
    let address = numbers(address);
    format!(
        r#"[{{"description":[{{"entityAddress":[{{"entity":{address}}}]}},{{"entityType":"{kind}"}}{change}]}}]"#
    )
}

fn numbers(numbers: &[u64]) -> String {
    format!("[{}]", join(numbers.iter().map(u64::to_string)))
}

fn join(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::super::wire::View;
    use super::*;

    #[test]
    fn the_documents_are_in_the_form_of_the_standard() {
        let tool = Tool::energy_manager("d:_n:Test_Tool");
        let discovery = serde_json::from_str(&tool.discovery()).expect("it is JSON");
        let discovery = View(&discovery);
        assert_eq!(discovery.list("entityInformation").count(), 2);
        assert_eq!(discovery.list("featureInformation").count(), 8);
        let roles = discovery.list("featureInformation").filter_map(|f| f.text("description.role"));
        assert_eq!(roles.filter(|role| *role == "client").count(), 6);
        let cases = serde_json::from_str(&tool.use_case_data()).expect("it is JSON");
        let first = View(&cases).list("useCaseInformation").next().expect("there is one");
        assert_eq!(first.list("useCaseSupport").count(), 4);
    }
}
