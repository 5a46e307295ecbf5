//! EV commissioning and configuration.

use super::{Case, USE_CASES, secs, with_car};
use crate::tester::manager::{EV, EVSE, Manager};
use crate::tester::spine::Datagram;
use crate::tester::wire::View;
use crate::tester::{Step, Stop, fail, require};

const DESCRIPTIONS: &str = "deviceConfigurationKeyValueDescriptionListData";
const VALUES: &str = "deviceConfigurationKeyValueListData";
const PARAMETERS: &str = "electricalConnectionParameterDescriptionListData";
const PERMITTED: &str = "electricalConnectionPermittedValueSetListData";
const MANUFACTURER: &str = "deviceClassificationManufacturerData";

/// The description and the values of the EV's configuration.
async fn configuration(manager: &mut Manager) -> Step<(Datagram, Datagram)> {
    let descriptions = manager.read(EV, "DeviceConfiguration", DESCRIPTIONS).await?;
    let values = manager.read(EV, "DeviceConfiguration", VALUES).await?;
    Ok((descriptions, values))
}

/// The value of a key of this name and type.
fn value<'a>(
    (descriptions, values): &'a (Datagram, Datagram),
    name: &str,
    kind: &str,
) -> Step<View<'a>> {
    let mut list = descriptions.data().list("deviceConfigurationKeyValueDescriptionData");
    let description =
        list.find(|d| d.text("keyName") == Some(name) && d.text("valueType") == Some(kind));
    let Some(id) = description.and_then(|d| d.number("keyId")) else {
        return fail(format!("no key {name} of type {kind}: {}", descriptions.data()));
    };
    let mut list = values.data().list("deviceConfigurationKeyValueData");
    let entry = list.find(|v| v.number("keyId") == Some(id));
    match entry.and_then(|entry| entry.at("value")?.at(kind)) {
        Some(value) => Ok(value),
        None => fail(format!("no value for {name}: {}", values.data())),
    }
}

pub(super) async fn em_evcc_001(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let configuration = configuration(&mut manager).await?;
    value(&configuration, "communicationsStandard", "string")?;
    value(&configuration, "asymmetricChargingSupported", "boolean").map(drop)
}

pub(super) async fn em_evcc_002(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    manager.spine.watch(secs(15)).await?;
    let configuration = configuration(&mut manager).await?;
    let standard = value(&configuration, "communicationsStandard", "string")?;
    require(standard.0 == "iec61851", format!("the standard is iec61851: {standard}"))
}

pub(super) async fn em_evcc_007(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let use_cases = manager.spine.read_node(USE_CASES).await?;
    let scenarios = use_cases
        .data()
        .list("useCaseInformation")
        .flat_map(|entry| entry.list("useCaseSupport"))
        .filter(|s| s.text("useCaseName") == Some("evCommissioningAndConfiguration"))
        .flat_map(|support| support.list("scenarioSupport"));
    let announces = scenarios.filter_map(|scenario| scenario.0.as_u64()).any(|n| n == 4);
    match manager.server(EV, "Identification") {
        Ok(_) => {
            let list = manager.read(EV, "Identification", "identificationListData").await?;
            let is_empty = list
                .data()
                .list("identificationData")
                .all(|entry| entry.text("identificationValue") != Some(""));
            require(is_empty, format!("no empty identification: {}", list.data()))
        }
        Err(_) => require(!announces, "scenario 4 is not announced without Identification"),
    }
}

pub(super) async fn em_evcc_008(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let charger = manager.read(EVSE, "DeviceClassification", MANUFACTURER).await?;
    let Ok(_) = manager.server(EV, "DeviceClassification") else {
        return Err(Stop::NotApplicable("scenario 5 is not announced".to_owned()));
    };
    let vehicle = manager.read(EV, "DeviceClassification", MANUFACTURER).await?;
    let serial = |reply: &Datagram| reply.data().text("serialNumber").map(str::to_owned);
    let is_own = serial(&vehicle).is_none_or(|number| Some(number) != serial(&charger));
    require(is_own, format!("not the charger's serial number: {}", vehicle.data()))
}

/// The parameter descriptions and permitted values of the EV.
async fn connection(manager: &mut Manager) -> Step<(Datagram, Datagram)> {
    let parameters = manager.read(EV, "ElectricalConnection", PARAMETERS).await?;
    let permitted = manager.read(EV, "ElectricalConnection", PERMITTED).await?;
    Ok((parameters, permitted))
}

/// The range of the only parameter of this scope, in thousandths: least and most.
fn power_range(
    (parameters, permitted): &(Datagram, Datagram),
    scope: &str,
) -> Step<(i64, Option<i64>)> {
    let list = parameters.data().list("electricalConnectionParameterDescriptionData");
    let found: Vec<_> = list.filter(|p| p.text("scopeType") == Some(scope)).collect();
    let [parameter] = found[..] else {
        return fail(format!("not one parameter with scope {scope}: {}", parameters.data()));
    };
    require(parameter.at("measurementId").is_none(), format!("no measurementId: {parameter}"))?;
    let id = parameter.number("parameterId");
    let mut list = permitted.data().list("electricalConnectionPermittedValueSetData");
    let Some(entry) = list.find(|entry| id.is_some() && entry.number("parameterId") == id) else {
        return fail(format!("no permitted values for {parameter}: {}", permitted.data()));
    };
    let sets: Vec<_> = entry.list("permittedValueSet").collect();
    let [set] = sets[..] else { return fail(format!("not one set: {entry}")) };
    let ranges: Vec<_> = set.list("range").collect();
    let [range] = ranges[..] else { return fail(format!("not one range: {entry}")) };
    let Some(least) = range.milli("min").filter(|least| *least > 0) else {
        return fail(format!("no least power above 0: {entry}"));
    };
    let most = range.milli("max");
    require(most.is_none_or(|most| most >= least), format!("max is not below min: {entry}"))?;
    Ok((least, most))
}

pub(super) async fn em_evcc_009(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let connection = connection(&mut manager).await?;
    let total = power_range(&connection, "acPowerTotal")?;
    let power = power_range(&connection, "acPower")?;
    require(total == power, format!("acPower repeats the range: {total:?}, {power:?}"))
}

pub(super) async fn em_evcc_010(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let connection = connection(&mut manager).await?;
    let (least, most) = power_range(&connection, "acPowerTotal")?;
    let is_near = |value: i64, watts: i64| (value - watts * 1000).abs() <= watts * 50;
    require(is_near(least, 4140), format!("at least 4140 W: {least} mW"))?;
    require(most.is_some_and(|most| is_near(most, 11_040)), format!("at most 11040 W: {most:?}"))
}

pub(super) async fn em_evcc_012(cx: &mut Case) -> Step {
    let mut manager = with_car(cx).await?;
    let state = manager.read(EV, "DeviceDiagnosis", "deviceDiagnosisStateData").await?;
    let is_told = state.data().text("operatingState").is_some_and(|state| !state.is_empty());
    require(is_told, format!("the operating state is told: {}", state.data()))
}
