//! The tool as an energy manager in front of a charger.

use core::time::Duration;

use serde_json::Value;

use super::spine::{Address, Datagram, Outgoing, Relation, Spine, at, node_management};
use super::tool::{CEM, cem};
use super::wire::View;
use super::{Step, fail};

/// The entity of the charging station.
pub const EVSE: &[u64] = &[1];
/// The entity of the vehicle.
pub const EV: &[u64] = &[1, 1];

const DISCOVERY: &str = "nodeManagementDetailedDiscoveryData";

/// One entry of a limit write: a limit, whether it applies, and its value.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// `limitId`
    pub id: u64,
    /// `isLimitActive`
    pub is_active: bool,
    /// `value`, as number and scale.
    pub value: (i64, i64),
}

/// An energy manager that has read the charger's discovery.
pub struct Manager {
    /// The messages themselves.
    pub spine: Spine,
    discovery: Value,
}

impl Manager {
    /// Reads the discovery and subscribes to the charger's NodeManagement.
    ///
    /// # Errors
    ///
    /// The charger does not answer, or refuses.
    pub async fn meet(mut spine: Spine) -> Step<Self> {
        let discovery = spine.read_node(DISCOVERY).await?.data().0.clone();
        spine
            .establish(
                Relation::Subscription,
                &node_management(),
                &node_management(),
                "NodeManagement",
            )
            .await?;
        Ok(Self { spine, discovery })
    }

    /// Reads the discovery again.
    ///
    /// # Errors
    ///
    /// The charger does not answer.
    pub async fn refresh(&mut self) -> Step {
        self.discovery = self.spine.read_node(DISCOVERY).await?.data().0.clone();
        Ok(())
    }

    /// The discovery as it was read last.
    pub fn discovery(&self) -> View<'_> {
        View(&self.discovery)
    }

    /// Whether there is an entity at this address.
    pub fn has_entity(&self, entity: &[u64]) -> bool {
        self.discovery().list("entityInformation").any(|entry| {
            path(entry.at("description.entityAddress")).is_some_and(|found| found == entity)
        })
    }

    /// The server feature of a kind.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn server(&self, entity: &[u64], kind: &str) -> Step<Address> {
        let found = self.discovery().list("featureInformation").find_map(|entry| {
            let is_it = path(entry.at("description.featureAddress"))? == entity
                && entry.text("description.featureType") == Some(kind)
                && entry.text("description.role") == Some("server");
            is_it.then(|| entry.number("description.featureAddress.feature")).flatten()
        });
        match found {
            Some(feature) => Ok(at(entity, feature)),
            None => fail(format!("entity {entity:?} has no {kind} server")),
        }
    }

    /// The functions of a server feature and whether they can be read.
    pub fn functions(&self, feature: &Address) -> Vec<(String, bool)> {
        let entries = self.discovery().list("featureInformation").filter(|entry| {
            path(entry.at("description.featureAddress")).as_deref() == Some(&feature.entity[..])
                && entry.number("description.featureAddress.feature") == Some(feature.feature)
        });
        let functions = entries.flat_map(|entry| entry.list("description.supportedFunction"));
        functions
            .filter_map(|function| {
                let name = function.text("function")?.to_owned();
                Some((name, function.at("possibleOperations.read").is_some()))
            })
            .collect()
    }

    /// Reads a function of a server feature of this kind.
    ///
    /// # Errors
    ///
    /// There is no such feature, or no reply.
    pub async fn read(&mut self, entity: &[u64], kind: &str, function: &str) -> Step<Datagram> {
        let server = self.server(entity, kind)?;
        self.spine.read(at(CEM, cem::GENERIC), server, function).await
    }

    /// Subscribes to a server feature of this kind.
    ///
    /// # Errors
    ///
    /// There is none, or it refuses.
    pub async fn subscribe(&mut self, entity: &[u64], kind: &str) -> Step {
        let server = self.server(entity, kind)?;
        let client = at(CEM, client_for(kind));
        self.spine.establish(Relation::Subscription, &client, &server, kind).await
    }

    /// Binds the LoadControl of the vehicle and subscribes to it.
    ///
    /// # Errors
    ///
    /// There is none, or it refuses.
    pub async fn bind_limits(&mut self) -> Step {
        let server = self.server(EV, "LoadControl")?;
        let client = at(CEM, cem::LOAD_CONTROL);
        self.spine.establish(Relation::Binding, &client, &server, "LoadControl").await?;
        self.subscribe(EV, "LoadControl").await
    }

    /// Beats as OPEV wants it: every 2 s with a timeout of 4 s.
    pub fn beat(&mut self) {
        self.spine.start_beating(Duration::from_secs(2), "PT4S");
    }

    /// The obligation limits of the vehicle in the order of their phases, joined by
    /// `measurementId` with the parameters that name the phases.
    ///
    /// # Errors
    ///
    /// The descriptions do not fit together.
    pub async fn limits(&mut self) -> Step<Vec<u64>> {
        let function = "electricalConnectionParameterDescriptionListData";
        let parameters = self.read(EV, "ElectricalConnection", function).await?;
        let function = "loadControlLimitDescriptionListData";
        let descriptions = self.read(EV, "LoadControl", function).await?;
        let parameters = parameters.data();
        let phase_of = |measurement: u64| {
            let mut list = parameters.list("electricalConnectionParameterDescriptionData");
            list.find(|parameter| parameter.number("measurementId") == Some(measurement))?
                .text("acMeasuredPhases")
        };
        let descriptions = descriptions.data();
        let mut found: Vec<_> = descriptions
            .list("loadControlLimitDescriptionData")
            .filter(|limit| {
                limit.text("limitCategory") == Some("obligation")
                    && limit.text("scopeType") == Some("overloadProtection")
            })
            .filter_map(|limit| {
                Some((phase_of(limit.number("measurementId")?)?, limit.number("limitId")?))
            })
            .collect();
        found.sort_unstable();
        let found: Vec<_> = found.into_iter().map(|(_, limit)| limit).collect();
        if found.is_empty() {
            return fail("no obligation limit joins with a phase");
        }
        Ok(found)
    }

    /// Writes limits in part, with `ackRequest`; the number of the result.
    ///
    /// # Errors
    ///
    /// There is no result.
    pub async fn write(&mut self, limits: &[Limit]) -> Step<u64> {
        let counter = self.send_limits(at(CEM, cem::LOAD_CONTROL), limits).await?;
        self.spine.expect_result(counter).await
    }

    /// Sends a partial limit write from a client feature; its `msgCounter`.
    ///
    /// # Errors
    ///
    /// The vehicle has no LoadControl.
    pub async fn send_limits(&mut self, client: Address, limits: &[Limit]) -> Step<u64> {
        let entries = limits.iter().map(|Limit { id, is_active, value: (number, scale) }| {
            format!(
                r#"[{{"limitId":{id}}},{{"isLimitActive":{is_active}}},{{"value":[{{"number":{number}}},{{"scale":{scale}}}]}}]"#
            )
        });
        let entries = entries.collect::<Vec<_>>().join(",");
        let cmd = format!(
            r#"{{"function":"loadControlLimitListData"}},{{"filter":[[{{"cmdControl":[{{"partial":[]}}]}}]]}},{{"loadControlLimitListData":[{{"loadControlLimitData":[{entries}]}}]}}"#
        );
        let destination = self.server(EV, "LoadControl")?;
        let outgoing = Outgoing {
            source: client,
            destination,
            classifier: "write",
            reference: None,
            ack: Some(true),
            cmd,
        };
        Ok(self.spine.send(outgoing).await)
    }

    /// The limits of the vehicle as they are now: identifier, whether it applies, milliamperes.
    ///
    /// # Errors
    ///
    /// The charger does not answer, or an entry lacks an element.
    pub async fn stored(&mut self) -> Step<Vec<(u64, bool, i64)>> {
        let list = self.read(EV, "LoadControl", "loadControlLimitListData").await?;
        limit_entries(&list)
    }
}

/// The entries of `loadControlLimitListData`.
///
/// # Errors
///
/// An entry lacks an element.
pub fn limit_entries(list: &Datagram) -> Step<Vec<(u64, bool, i64)>> {
    let entries = list.data().list("loadControlLimitData");
    let entries: Option<Vec<_>> = entries
        .map(|e| Some((e.number("limitId")?, e.flag("isLimitActive")?, e.milli("value")?)))
        .collect();
    entries.map_or_else(|| fail(format!("an entry is incomplete: {}", list.data())), Ok)
}

/// The path in an entity or feature address.
pub fn path(address: Option<View<'_>>) -> Option<Vec<u64>> {
    address?.at("entity")?.items().map(|item| item.0.as_u64()).collect()
}

const fn client_for(kind: &str) -> u64 {
    match kind.as_bytes() {
        b"LoadControl" => cem::LOAD_CONTROL,
        b"DeviceDiagnosis" => cem::DIAGNOSIS_CLIENT,
        b"Measurement" => cem::MEASUREMENT,
        b"DeviceConfiguration" => cem::CONFIGURATION,
        b"ElectricalConnection" => cem::CONNECTION,
        _ => cem::GENERIC,
    }
}
