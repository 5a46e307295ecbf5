//! The tool as a charging station in front of an energy manager.

use core::time::Duration;

use super::manager::{EV, EVSE};
use super::spine::{Datagram, Spine, node_management};
use super::tool::{NOWHERE, READ, READ_WRITE, Tool, UseCase};
use super::{Step, fail};

const DISCOVERY: &str = "nodeManagementDetailedDiscoveryData";
const USE_CASES: &str = "nodeManagementUseCaseData";
const LIMITS: &str = "loadControlLimitListData";

/// The numbers of the vehicle's features.
pub mod ev {
    /// LoadControl, server.
    pub const LOAD_CONTROL: u64 = 1;
    /// Measurement, server.
    pub const MEASUREMENT: u64 = 2;
    /// ElectricalConnection, server.
    pub const CONNECTION: u64 = 3;
    /// DeviceConfiguration, server.
    pub const CONFIGURATION: u64 = 4;
    /// DeviceDiagnosis, server.
    pub const DIAGNOSIS: u64 = 5;
    /// DeviceClassification, server.
    pub const CLASSIFICATION: u64 = 6;
    /// Generic, client: subscribes to the guard's heartbeat.
    pub const GENERIC: u64 = 7;
}

/// The identifiers that belong to one phase.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// `limitId`
    pub limit: u64,
    /// `measurementId`
    pub measurement: u64,
    /// `parameterId`
    pub parameter: u64,
}

/// A phase.
pub const fn phase(limit: u64, measurement: u64, parameter: u64) -> Phase {
    Phase { limit, measurement, parameter }
}

/// What is peculiar about a car.
#[derive(Clone, Copy, Debug)]
pub struct Car {
    /// The phases a, b and c.
    pub phases: [Phase; 3],
    /// The value that pauses, in tenths of an ampere; no permitted values at all if none.
    pub pause: Option<i64>,
    /// Whether `acConnectedPhases` is told.
    pub counts_phases: bool,
    /// Where the use cases of the actor EV are announced.
    pub announced: Announced,
}

/// Where a charging station announces the use cases of its vehicle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Announced {
    /// At the entity of the vehicle, as the standard has it.
    AtVehicle,
    /// At the entity of the charging station.
    AtStation,
    /// Nowhere: the entry has no address.
    Nowhere,
}

impl Car {
    /// A car without peculiarities.
    pub const PLAIN: Self = Self {
        phases: [phase(1, 1, 1), phase(2, 2, 2), phase(3, 3, 3)],
        pause: Some(1),
        counts_phases: true,
        announced: Announced::AtVehicle,
    };
}

/// A charging station EVSE `[1]` without a car.
pub fn station(device: impl Into<String>) -> Tool {
    let mut tool = Tool::bare(device, "ChargingStation");
    tool.entity(EVSE, "EVSE");
    tool.feature(EVSE, 1, "DeviceClassification", "server")
        .functions(&[("deviceClassificationManufacturerData", READ)]);
    tool.feature(EVSE, 2, "DeviceDiagnosis", "server")
        .functions(&[("deviceDiagnosisStateData", READ)]);
    let evsecc = UseCase("evseCommissioningAndConfiguration", "1.0.1", &[1, 2]);
    tool.actor(EVSE, "EVSE", vec![evsecc]);
    tool.serve(EVSE, "deviceClassificationManufacturerData", r#"[{"deviceName":"Test"}]"#);
    tool.serve(EVSE, "deviceDiagnosisStateData", r#"[{"operatingState":"normalOperation"}]"#);
    tool
}

/// Adds the entity EV `[1,1]` with everything that it serves.
fn add_car(tool: &mut Tool, car: Car) {
    tool.entity(EV, "EV");
    for (number, kind, functions) in [
        (
            ev::LOAD_CONTROL,
            "LoadControl",
            &[("loadControlLimitDescriptionListData", READ), (LIMITS, READ_WRITE)][..],
        ),
        (
            ev::MEASUREMENT,
            "Measurement",
            &[("measurementDescriptionListData", READ), ("measurementListData", READ)],
        ),
        (
            ev::CONNECTION,
            "ElectricalConnection",
            &[
                ("electricalConnectionDescriptionListData", READ),
                ("electricalConnectionParameterDescriptionListData", READ),
                ("electricalConnectionPermittedValueSetListData", READ),
            ],
        ),
        (
            ev::CONFIGURATION,
            "DeviceConfiguration",
            &[
                ("deviceConfigurationKeyValueDescriptionListData", READ),
                ("deviceConfigurationKeyValueListData", READ),
            ],
        ),
        (ev::DIAGNOSIS, "DeviceDiagnosis", &[("deviceDiagnosisStateData", READ)]),
        (
            ev::CLASSIFICATION,
            "DeviceClassification",
            &[("deviceClassificationManufacturerData", READ)],
        ),
    ] {
        tool.feature(EV, number, kind, "server").functions(functions);
    }
    tool.feature(EV, ev::GENERIC, "Generic", "client");
    tool.actor(
        match car.announced {
            Announced::AtVehicle => EV,
            Announced::AtStation => EVSE,
            Announced::Nowhere => NOWHERE,
        },
        "EV",
        vec![
            UseCase("evCommissioningAndConfiguration", "1.0.1", &[1, 2, 3, 6, 7, 8]),
            UseCase("measurementOfElectricityDuringEvCharging", "1.0.1", &[1]),
            UseCase("overloadProtectionByEvChargingCurrentCurtailment", "1.0.1", &[1, 2, 3]),
        ],
    );
    let rows = |row: &dyn Fn(&str, Phase) -> String| {
        let rows = ["a", "b", "c"].iter().zip(car.phases).map(|(name, phase)| row(name, phase));
        rows.collect::<Vec<_>>().join(",")
    };
    let list = |name: &str, rows: String| format!(r#"[{{"{name}":[{rows}]}}]"#);
    tool.serve(EV, "deviceDiagnosisStateData", r#"[{"operatingState":"normalOperation"}]"#);
    tool.serve(
        EV,
        "deviceConfigurationKeyValueDescriptionListData",
        r#"[{"deviceConfigurationKeyValueDescriptionData":[[{"keyId":1},{"keyName":"communicationsStandard"},{"valueType":"string"}],[{"keyId":2},{"keyName":"asymmetricChargingSupported"},{"valueType":"boolean"}]]}]"#,
    );
    tool.serve(
        EV,
        "deviceConfigurationKeyValueListData",
        r#"[{"deviceConfigurationKeyValueData":[[{"keyId":1},{"value":[{"string":"iec61851"}]}],[{"keyId":2},{"value":[{"boolean":false}]}]]}]"#,
    );
    let count = if car.counts_phases { r#"{"acConnectedPhases":3},"# } else { "" };
    tool.serve(
        EV,
        "electricalConnectionDescriptionListData",
        format!(
            r#"[{{"electricalConnectionDescriptionData":[[{{"electricalConnectionId":1}},{{"powerSupplyType":"ac"}},{count}{{"positiveEnergyDirection":"consume"}}]]}}]"#
        ),
    );
    let parameters = rows(&|name, Phase { measurement, parameter, .. }| {
        format!(
            r#"[{{"electricalConnectionId":1}},{{"parameterId":{parameter}}},{{"measurementId":{measurement}}},{{"voltageType":"ac"}},{{"acMeasuredPhases":"{name}"}},{{"acMeasuredInReferenceTo":"neutral"}},{{"acMeasurementType":"real"}},{{"acMeasurementVariant":"rms"}}]"#
        )
    });
    tool.serve(
        EV,
        "electricalConnectionParameterDescriptionListData",
        list("electricalConnectionParameterDescriptionData", parameters),
    );
    if let Some(pause) = car.pause {
        let permitted = rows(&|_, Phase { parameter, .. }| {
            format!(
                r#"[{{"electricalConnectionId":1}},{{"parameterId":{parameter}}},{{"permittedValueSet":[[{{"value":[[{{"number":{pause}}},{{"scale":-1}}]]}},{{"range":[[{{"min":[{{"number":6}},{{"scale":0}}]}},{{"max":[{{"number":16}},{{"scale":0}}]}}]]}}]]}}]"#
            )
        });
        tool.serve(
            EV,
            "electricalConnectionPermittedValueSetListData",
            list("electricalConnectionPermittedValueSetData", permitted),
        );
    }
    let measurements = rows(&|_, Phase { measurement, .. }| {
        format!(
            r#"[{{"measurementId":{measurement}}},{{"measurementType":"current"}},{{"commodityType":"electricity"}},{{"unit":"A"}},{{"scopeType":"acCurrent"}}]"#
        )
    });
    tool.serve(
        EV,
        "measurementDescriptionListData",
        list("measurementDescriptionData", measurements),
    );
    let descriptions = rows(&|_, Phase { limit, measurement, .. }| {
        format!(
            r#"[{{"limitId":{limit}}},{{"limitType":"maxValueLimit"}},{{"limitCategory":"obligation"}},{{"measurementId":{measurement}}},{{"unit":"A"}},{{"scopeType":"overloadProtection"}}]"#
        )
    });
    tool.serve(
        EV,
        "loadControlLimitDescriptionListData",
        list("loadControlLimitDescriptionData", descriptions),
    );
    let limits = rows(&|_, Phase { limit, .. }| {
        format!(
            r#"[{{"limitId":{limit}}},{{"isLimitChangeable":true}},{{"isLimitActive":false}},{{"value":[{{"number":0}},{{"scale":0}}]}}]"#
        )
    });
    tool.serve(EV, LIMITS, list("loadControlLimitData", limits));
}

/// A car is plugged in: the entity appears, then its use cases.
///
/// # Errors
///
/// The manager has not subscribed to the tool's NodeManagement.
pub async fn plug(spine: &mut Spine, car: Car) -> Step {
    add_car(&mut spine.tool, car);
    tell_change(spine, "added").await
}

/// The car is unplugged.
///
/// # Errors
///
/// As [`plug`].
pub async fn unplug(spine: &mut Spine) -> Step {
    spine.tool.remove_entity(EV);
    tell_change(spine, "removed").await
}

async fn tell_change(spine: &mut Spine, change: &str) -> Step {
    let content = spine.tool.discovery_change(EV, change);
    let cmd = format!(
        r#"{{"function":"{DISCOVERY}"}},{{"filter":[[{{"cmdControl":[{{"partial":[]}}]}}]]}},{{"{DISCOVERY}":{content}}}"#
    );
    if spine.notify(&node_management(), &cmd, None).await.is_none() {
        return fail("the manager has not subscribed to the tool's NodeManagement");
    }
    let cmd = format!(r#"{{"{USE_CASES}":{}}}"#, spine.tool.use_case_data());
    spine.notify(&node_management(), &cmd, None).await;
    Ok(())
}

/// Waits for a limit write among the messages since `mark`.
///
/// # Errors
///
/// It does not come.
pub async fn expect_write(spine: &mut Spine, mark: usize, within: Duration) -> Step<Datagram> {
    spine.expect(mark, within, "a limit write", |d| d.is("write", LIMITS)).await
}
