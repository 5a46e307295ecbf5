//! EVSE commissioning and configuration.

use super::{Case, manager};
use crate::tester::manager::EVSE;
use crate::tester::spine::{Relation, at};
use crate::tester::tool::{CEM, cem};
use crate::tester::{Step, require};

pub(super) async fn em_evsecc_001(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    let function = "deviceClassificationManufacturerData";
    let reply = manager.read(EVSE, "DeviceClassification", function).await?;
    for element in
        ["deviceName", "deviceCode", "vendorName", "vendorCode", "brandName", "manufacturerLabel"]
    {
        let text = reply.data().text(element).unwrap_or_default();
        let length = text.chars().count();
        require((1..=256).contains(&length), format!("{element} is there: {}", reply.data()))?;
    }
    Ok(())
}

pub(super) async fn em_evsecc_002(cx: &mut Case) -> Step {
    let mut manager = manager(cx).await?;
    let state = manager.read(EVSE, "DeviceDiagnosis", "deviceDiagnosisStateData").await?;
    let is_normal = state.data().text("operatingState") == Some("normalOperation");
    require(is_normal, format!("normal operation: {}", state.data()))
}

pub(super) async fn em_evsecc_006(cx: &mut Case) -> Step {
    // Whether a binding is granted is left open; reading must not need one.
    let mut manager = manager(cx).await?;
    let server = manager.server(EVSE, "DeviceClassification")?;
    let client = at(CEM, cem::GENERIC);
    let kind = Some("DeviceClassification");
    manager.spine.relate(Relation::Binding, &client, &server, kind).await?;
    let function = "deviceClassificationManufacturerData";
    manager.spine.read(at(CEM, cem::MEASUREMENT), server, function).await.map(drop)
}
