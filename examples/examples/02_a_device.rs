//! A device is a tree: entities, their features, the functions that these serve.
//!
//! Look at what it answers when a peer asks who it is: the discovery is nothing but this tree.

use eebus_json::List;
use spine::device::{EntityPlan, LocalDevice, Operations, UseCaseClaim};
use spine::engine::{Engine, Mode, Output, PeerId};
use spine::model::{
    DeviceType, EntityType, FeatureType, Function, MeasurementData, Role, ScaledNumber, UtcTime,
};
use spine::{Instant, Now};

fn main() -> Result<(), spine::engine::Misuse> {
    let device = LocalDevice::new("d:_n:Example_Meter".into(), DeviceType::Generic);
    let mut engine = Engine::new(device, Mode::Tolerant);

    // A sub-meter that can be read, with one value, and a use case that it plays a part in.
    let mut meter = EntityPlan::new(EntityType::SubMeterElectricity);
    let value = MeasurementData {
        measurement_id: Some(1.into()),
        value: Some(ScaledNumber::from_integer(3680)),
        ..MeasurementData::default()
    };
    meter
        .feature(&FeatureType::Measurement, Role::Server)
        .serve(Function::MeasurementListData, Operations::READ)
        .data = Some(List(vec![value]).into());
    meter.use_cases.push(UseCaseClaim {
        actor: "MonitoredUnit".into(),
        name: "monitoringOfPowerConsumption".into(),
        version: "1.0.0",
        revision: "release",
        scenarios: vec![1],
    });
    let path = engine.add_entity(meter)?;
    println!("the meter is entity {path:?}\n");

    // A peer connects and asks. The engine touches no socket: this program is the network.
    let now = Now { instant: Instant::ORIGIN, utc: UtcTime { seconds: 1_777_888_800, nanos: 0 } };
    let peer = PeerId(1);
    engine.connected(peer, now)?;
    for function in ["nodeManagementDetailedDiscoveryData", "nodeManagementUseCaseData"] {
        engine.datagram(peer, question(function).as_bytes(), now);
    }
    while let Some(output) = engine.poll() {
        match output {
            Output::Datagram { datagram, .. } => println!("to the peer: {}\n", datagram.as_str()),
            other => println!("to the application: {other:?}\n"),
        }
    }
    Ok(())
}

fn question(function: &str) -> String {
    format!(
        r#"{{"datagram":[{{"header":[{{"specificationVersion":"1.3.0"}},{{"addressSource":[{{"device":"d:_n:Example_Box"}},{{"entity":[0]}},{{"feature":0}}]}},{{"addressDestination":[{{"entity":[0]}},{{"feature":0}}]}},{{"msgCounter":1}},{{"cmdClassifier":"read"}}]}},{{"payload":[{{"cmd":[[{{"{function}":[]}}]]}}]}}]}}"#
    )
}
