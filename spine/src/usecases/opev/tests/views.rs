//! What either side says, and what the other makes of it.

use super::*;

/// Parameters, permitted values, measurements and limits (e-mobility 5.5, 6.1, 7.2).
#[test]
fn a_vehicle_is_described_as_the_documents_show_it() {
    let story = plugged_in();
    let mut meanings = String::new();
    for (i, phase) in ["a", "b", "c", "a", "b", "c"].iter().enumerate() {
        meanings += &format!(
            r#"[{{"electricalConnectionId":1}},{{"parameterId":{0}}},{{"measurementId":{0}}},{{"voltageType":"ac"}},{{"acMeasuredPhases":"{phase}"}},{{"acMeasuredInReferenceTo":"neutral"}},{{"acMeasurementType":"real"}},{{"acMeasurementVariant":"rms"}}],"#,
            i + 1
        );
    }
    meanings += r#"[{"electricalConnectionId":1},{"parameterId":7},{"measurementId":7},{"voltageType":"ac"},{"acMeasuredPhases":"abc"},{"acMeasurementType":"real"}],"#;
    meanings += r#"[{"electricalConnectionId":1},{"parameterId":8},{"voltageType":"ac"},{"acMeasuredPhases":"abc"},{"acMeasurementType":"real"},{"scopeType":"acPowerTotal"}],"#;
    meanings += r#"[{"electricalConnectionId":1},{"parameterId":9},{"voltageType":"ac"},{"acMeasuredPhases":"abc"},{"acMeasurementType":"real"},{"scopeType":"acPower"}]"#;

    let sets: Vec<_> = [(1, 6, 16), (2, 6, 16), (3, 6, 16), (8, 4_140, 11_040), (9, 4_140, 11_040)]
        .iter()
        .map(|(id, min, max)| {
            format!(
                r#"[{{"electricalConnectionId":1}},{{"parameterId":{id}}},{{"permittedValueSet":[[{{"value":[[{{"number":0}},{{"scale":0}}]]}},{{"range":[[{{"min":[{{"number":{min}}},{{"scale":0}}]}},{{"max":[{{"number":{max}}},{{"scale":0}}]}}]]}}]]}}]"#
            )
        })
        .collect();

    let measurements: Vec<_> = [
        (1, "current", "A", "acCurrent"),
        (2, "current", "A", "acCurrent"),
        (3, "current", "A", "acCurrent"),
        (4, "power", "W", "acPower"),
        (5, "power", "W", "acPower"),
        (6, "power", "W", "acPower"),
        (7, "energy", "Wh", "charge"),
    ]
    .iter()
    .map(|(id, quantity, unit, scope)| {
        format!(
            r#"[{{"measurementId":{id}}},{{"measurementType":"{quantity}"}},{{"commodityType":"electricity"}},{{"unit":"{unit}"}},{{"scopeType":"{scope}"}}]"#
        )
    })
    .collect();

    let described: Vec<_> = [1, 2, 3]
        .iter()
        .map(|id| {
            format!(
                r#"[{{"limitId":{id}}},{{"limitType":"maxValueLimit"}},{{"limitCategory":"obligation"}},{{"limitDirection":"consume"}},{{"measurementId":{id}}},{{"unit":"A"}},{{"scopeType":"overloadProtection"}}]"#
            )
        })
        .collect();
    let limits: Vec<_> = [1, 2, 3]
        .iter()
        .map(|id| {
            format!(
                r#"[{{"limitId":{id}}},{{"isLimitChangeable":true}},{{"isLimitActive":false}},{{"value":[{{"number":0}},{{"scale":0}}]}}]"#
            )
        })
        .collect();

    for (function, entry, entries) in [
        (
            "electricalConnectionDescriptionListData",
            "electricalConnectionDescriptionData",
            r#"[{"electricalConnectionId":1},{"powerSupplyType":"ac"},{"acConnectedPhases":3},{"positiveEnergyDirection":"consume"}]"#.into(),
        ),
        (
            "electricalConnectionParameterDescriptionListData",
            "electricalConnectionParameterDescriptionData",
            meanings,
        ),
        (
            "electricalConnectionPermittedValueSetListData",
            "electricalConnectionPermittedValueSetData",
            sets.join(","),
        ),
        ("measurementDescriptionListData", "measurementDescriptionData", measurements.join(",")),
        (
            "loadControlLimitDescriptionListData",
            "loadControlLimitDescriptionData",
            described.join(","),
        ),
        ("loadControlLimitListData", "loadControlLimitData", limits.join(",")),
        (
            "deviceConfigurationKeyValueDescriptionListData",
            "deviceConfigurationKeyValueDescriptionData",
            r#"[{"keyId":1},{"keyName":"communicationsStandard"},{"valueType":"string"}],[{"keyId":2},{"keyName":"asymmetricChargingSupported"},{"valueType":"boolean"}]"#.into(),
        ),
        (
            "deviceConfigurationKeyValueListData",
            "deviceConfigurationKeyValueData",
            r#"[{"keyId":1},{"value":[{"string":"iec61851"}]},{"isValueChangeable":false}],[{"keyId":2},{"value":[{"boolean":false}]},{"isValueChangeable":false}]"#.into(),
        ),
    ] {
        let expected = format!(r#"{{"cmd":[[{{"{function}":[{{"{entry}":[{entries}]}}]}}]]}}"#);
        let said = story.wire.iter().filter(|(way, _)| *way == Way::Left);
        let mut replies = said.filter(|(_, text)| text.contains(&format!(r#"[[{{"{function}""#)));
        let (_, reply) = replies.next().expect(function);
        assert!(reply.contains(&expected), "\n{reply}\n{expected}");
    }
}

#[test]
fn the_manager_sees_what_the_vehicle_is_and_draws() {
    let mut story = plugged_in();
    let partner = story.left.party.vehicle().expect("a vehicle");
    let vehicle = evcc::Vehicle::new(&story.left.engine, &partner);
    assert_eq!(vehicle.standard(), Some(evcc::Standard::Iec61851));
    assert_eq!(vehicle.is_asymmetric(), Some(false));
    assert_eq!(vehicle.power(), Some(profile().power));
    assert_eq!(vehicle.state(), Some(evcc::State::Normal));
    let meter = evcem::Meter::new(&story.left.engine, &partner);
    assert_eq!(meter.currents(), [Some(MilliAmps::ZERO); 3]);
    assert_eq!(meter.powers(), [None; 3]);
    assert_eq!(meter.connected_phases(), Some(3));

    let reading = evcem::Reading {
        currents: Some([10_020, 9_980, 0].map(MilliAmps)),
        powers: Some([2_305, 2_291, 0].map(Watts)),
        energy: Some(crate::units::WattHours(4_820)),
    };
    let (right, now) = (&mut story.right, story.now);
    let vehicle = right.party.vehicle.as_ref().expect("plugged in");
    vehicle.evcem.publish(&mut right.engine, &reading, now).expect("there");
    vehicle.evcem.set_connected_phases(&mut right.engine, 2).expect("there");
    let sleeping = evcc::Ev::new(&vehicle.entity);
    sleeping.set_state(&mut right.engine, evcc::State::Standby, now).expect("there");
    sleeping.set_standard(&mut right.engine, &evcc::Standard::Iso15118Ed1).expect("there");
    story.settle();
    let meter = evcem::Meter::new(&story.left.engine, &partner);
    assert_eq!(meter.currents(), [10_020, 9_980, 0].map(|i| Some(MilliAmps(i))));
    assert_eq!(meter.powers(), [2_305, 2_291, 0].map(|p| Some(Watts(p))));
    assert_eq!(meter.energy(), reading.energy);
    assert_eq!(meter.connected_phases(), Some(2));
    let vehicle = evcc::Vehicle::new(&story.left.engine, &partner);
    assert_eq!(vehicle.state(), Some(evcc::State::Standby));
    assert_eq!(vehicle.standard(), Some(evcc::Standard::Iso15118Ed1));
}

#[test]
fn the_manager_sees_a_station_fail_and_recover() {
    let mut story = plugged_in();
    let partner = story.left.party.client.partners(&evsecc::EVSECC).next().cloned();
    let partner = partner.expect("a station");
    assert!(!evsecc::Station::new(&story.left.engine, &partner).has_failed());
    let evse = evsecc::Evse::new(&partner.entity);
    evse.fail(&mut story.right.engine, "RCD-6MA-TRIP", story.now).expect("there");
    story.settle();
    assert!(evsecc::Station::new(&story.left.engine, &partner).has_failed());
    evse.recover(&mut story.right.engine, story.now).expect("there");
    story.settle();
    let station = evsecc::Station::new(&story.left.engine, &partner);
    assert!(!station.has_failed());
    assert_eq!(station.last_error(), Some("RCD-6MA-TRIP"));
}
