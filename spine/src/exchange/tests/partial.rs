//! W2: a partial filter and entries with identifiers.

use super::*;

#[test]
fn merges_by_identifier_and_leaves_what_is_absent() {
    let write = limits(
        PARTIAL,
        r#"[{"limitId":1},{"isLimitActive":false},{"value":[{"number":6500},{"scale":0}]}]"#,
    );
    let expected = but(LIMITS, r#""isLimitActive":true"#, r#""isLimitActive":false"#);
    let expected = but(&expected, r#"{"number":42},{"scale":2}"#, r#"{"number":6500},{"scale":0}"#);
    assert_eq!(written(LIMITS, &write), Ok(expected));
}

#[test]
fn half_a_scaled_number_keeps_its_other_half() {
    let write = limits(PARTIAL, r#"[{"limitId":1},{"value":[{"number":30}]}]"#);
    let expected = but(LIMITS, r#""number":42"#, r#""number":30"#);
    assert_eq!(written(LIMITS, &write), Ok(expected));
    let write = limits(PARTIAL, r#"[{"limitId":1},{"value":[{"scale":1}]}]"#);
    let expected = but(LIMITS, r#"{"number":42},{"scale":2}"#, r#"{"number":42},{"scale":1}"#);
    assert_eq!(written(LIMITS, &write), Ok(expected));
    let write = limits(PARTIAL, r#"[{"limitId":1},{"isLimitActive":true},{"value":[]}]"#);
    assert_eq!(written(LIMITS, &write), Ok(LIMITS.to_string()));
}

#[test]
fn only_the_addressed_entry_has_to_be_changeable() {
    let write = limits(PARTIAL, r#"[{"limitId":2},{"isLimitActive":true}]"#);
    assert_eq!(written(LIMITS, &write), Err(7));
    assert!(notified(LIMITS, &write).is_ok());
}

#[test]
fn an_absent_flag_protects_as_well() {
    let stored = but(LIMITS, r#"{"isLimitChangeable":true},"#, "");
    let write = limits(PARTIAL, r#"[{"limitId":1},{"isLimitActive":true}]"#);
    assert_eq!(written(&stored, &write), Err(7));
}

#[test]
fn a_peer_cannot_write_the_flag() {
    let same =
        limits(PARTIAL, r#"[{"limitId":1},{"isLimitChangeable":true},{"isLimitActive":true}]"#);
    assert_eq!(written(LIMITS, &same), Ok(LIMITS.to_string()));
    let other = limits(PARTIAL, r#"[{"limitId":1},{"isLimitChangeable":false}]"#);
    assert_eq!(written(LIMITS, &other), Err(7));
    assert!(notified(LIMITS, &other).is_ok());
}

#[test]
fn an_unknown_entry_is_refused_or_appended() {
    let cmd = limits(PARTIAL, r#"[{"limitId":9},{"isLimitActive":true}]"#);
    assert_eq!(written(LIMITS, &cmd), Err(7));
    let appended = r#",[{"limitId":9},{"isLimitActive":true}]]}]}"#;
    assert!(notified(LIMITS, &cmd).is_ok_and(|after| after.ends_with(appended)));
    let open = Options { is_extensible: true, ..Options::default() };
    let after = with(LIMITS, &cmd, Origin::PeerWrite, &open);
    assert!(after.is_ok_and(|after| after.ends_with(appended)));
}

#[test]
fn an_entry_without_identifiers_means_all() {
    let cmd = limits(PARTIAL, r#"[{"isLimitActive":true}]"#);
    let expected = LIMITS.replace(r#""isLimitActive":false"#, r#""isLimitActive":true"#);
    assert_eq!(notified(LIMITS, &cmd), Ok(expected));
    assert_eq!(written(LIMITS, &cmd), Err(7), "one of them is not changeable");
}

#[test]
fn an_entry_without_identifiers_means_nothing_where_there_is_nothing() {
    let cmd = limits(PARTIAL, r#"[{"isLimitActive":true}]"#);
    let function = Function::LoadControlLimitListData;
    let apply = |origin| apply(function, None, &cmd, origin, &Options::default());
    assert_eq!(apply(Origin::PeerData), Ok(Payload::empty(function)));
    let refusal = apply(Origin::PeerWrite).expect_err("nothing was written");
    assert_eq!(refusal.number, ErrorNumber::COMMAND_REJECTED);
}

#[test]
fn some_identifiers_mean_every_entry_that_has_them() {
    let cmd = filtered(
        "measurementListData",
        PARTIAL,
        r#"[{"measurementData":[[{"measurementId":1},{"valueState":"error"}]]}]"#,
    );
    let after = notified(MEASUREMENTS, &cmd).expect("merged");
    assert_eq!(after.matches(r#""valueState":"error""#).count(), 2);
}

#[test]
fn the_only_entry_it_could_mean_is_completed() {
    let cmd = filtered(
        "measurementListData",
        PARTIAL,
        concat!(
            r#"[{"measurementData":[[{"measurementId":4},{"valueType":"value"},"#,
            r#"{"value":[{"number":8}]}]]}]"#
        ),
    );
    let expected = but(
        MEASUREMENTS,
        r#"{"measurementId":4},{"timestamp":"2026-05-04T09:00:00Z"},{"value":[{"number":7}"#,
        concat!(
            r#"{"measurementId":4},{"valueType":"value"},"#,
            r#"{"timestamp":"2026-05-04T09:00:00Z"},{"value":[{"number":8}"#
        ),
    );
    assert_eq!(notified(MEASUREMENTS, &cmd), Ok(expected));
    // Of our own data, absent is a value like any other.
    let after = with(MEASUREMENTS, &cmd, Origin::Local, &Options::default()).expect("appended");
    assert_eq!(after.matches(r#""measurementId":4"#).count(), 2);
}

#[test]
fn for_our_own_data_an_absent_identifier_is_a_value_like_any_other() {
    let cmd = |value: &str| {
        let entry = format!(r#"[{{"measurementId":1}},{{"value":[{{"number":{value}}}]}}]"#);
        let data = format!(r#"[{{"measurementData":[{entry}]}}]"#);
        filtered("measurementListData", PARTIAL, &data)
    };
    let local = |stored: &str, value: &str| {
        with(stored, &cmd(value), Origin::Local, &Options::default()).expect("ours")
    };
    let appended = local(MEASUREMENTS, "8");
    assert_eq!(appended.matches(r#""measurementId":1"#).count(), 3);
    assert_eq!(local(&appended, "9"), but(&appended, r#""number":8"#, r#""number":9"#));
}

#[test]
fn a_second_value_type_is_an_entry_of_its_own() {
    let cmd = filtered(
        "measurementListData",
        PARTIAL,
        concat!(
            r#"[{"measurementData":[[{"measurementId":1},{"valueType":"maxValue"},"#,
            r#"{"value":[{"number":8}]}]]}]"#
        ),
    );
    let after = notified(MEASUREMENTS, &cmd).expect("appended");
    assert_eq!(after.matches(r#""measurementId":1"#).count(), 3);
}

#[test]
fn an_entry_that_is_nothing_but_identifiers_is_ignored() {
    let cmd = limits(PARTIAL, r#"[{"limitId":9}],[{"limitId":1}]"#);
    assert_eq!(notified(LIMITS, &cmd), Ok(LIMITS.to_string()));
}

#[test]
fn references_are_no_identifiers() {
    let stored = concat!(
        r#"{"loadControlLimitDescriptionListData":[{"loadControlLimitDescriptionData":["#,
        r#"[{"limitId":1},{"measurementId":1},{"unit":"A"}]]}]}"#
    );
    let cmd = filtered(
        "loadControlLimitDescriptionListData",
        PARTIAL,
        r#"[{"loadControlLimitDescriptionData":[[{"limitId":1},{"measurementId":2}]]}]"#,
    );
    let expected = but(stored, r#""measurementId":1"#, r#""measurementId":2"#);
    assert_eq!(notified(stored, &cmd), Ok(expected));
}

#[test]
fn slots_within_an_entry_are_merged_by_their_own_identifiers() {
    let series = |slots: &str| {
        format!(
            concat!(
                r#"{{"timeSeriesListData":[{{"timeSeriesData":[["#,
                r#"{{"timeSeriesId":1}},{{"timeSeriesSlot":[{}]}}]]}}]}}"#
            ),
            slots
        )
    };
    let slot = |id, value| {
        format!(
            r#"[{{"timeSeriesSlotId":{id}}},{{"duration":"PT1H"}},{{"value":[{{"number":{value}}}]}}]"#
        )
    };
    let stored = series(&format!("{},{}", slot(0, 1), slot(1, 2)));
    let new = r#"[{"timeSeriesSlotId":1},{"value":[{"number":5}]}]"#;
    let cmd = Cmd::partial(payload(&series(&format!("{new},{}", slot(2, 6)))));
    let expected = series(&format!("{},{},{}", slot(0, 1), slot(1, 5), slot(2, 6)));
    assert_eq!(written(&stored, &cmd), Ok(expected.clone()));
    assert_eq!(notified(&stored, &cmd), Ok(expected));

    // Slots that nothing names take the place of all.
    let unnamed = series(r#"[{"duration":"PT2H"}]"#);
    assert_eq!(notified(&stored, &Cmd::partial(payload(&unnamed))), Ok(unnamed));
}

#[test]
fn a_single_value_is_merged() {
    let stored =
        r#"{"deviceDiagnosisStateData":[{"operatingState":"standby"},{"lastErrorCode":"E"}]}"#;
    let cmd =
        filtered("deviceDiagnosisStateData", PARTIAL, r#"[{"operatingState":"normalOperation"}]"#);
    let expected = but(stored, "standby", "normalOperation");
    assert_eq!(notified(stored, &cmd), Ok(expected));
}

#[test]
fn a_write_to_nested_lists_of_a_single_value_names_what_is_there() {
    let sequence = |rest: &str| {
        format!(
            concat!(
                r#"{{"smartEnergyManagementPsData":[{{"alternatives":[["#,
                r#"{{"relation":[{{"alternativesId":1}}]}},{{"powerSequence":[{}]}}]]}}]}}"#
            ),
            rest
        )
    };
    let stored = sequence(concat!(
        r#"[{"description":[{"sequenceId":7},{"powerUnit":"W"}]},"#,
        r#"{"schedule":[{"startTime":"PT1H"}]}]"#
    ));
    let start = r#"[{"description":[{"sequenceId":7}]},{"schedule":[{"startTime":"PT2H"}]}]"#;
    let expected = but(&stored, "PT1H", "PT2H");
    let write = |text: &str| written(&stored, &Cmd::partial(payload(&sequence(text))));
    assert_eq!(write(start), Ok(expected));
    assert_eq!(write(&start.replace('7', "8")), Err(7), "no such sequence");
    assert_eq!(write(r#"[{"schedule":[{"startTime":"PT2H"}]}]"#), Err(7), "no sequence named");
}

#[test]
fn entries_without_identifiers_are_exchanged_in_full_only() {
    let stored = r#"{"sensingListData":[{"sensingData":[[{"state":"on"}]]}]}"#;
    let data = r#"[{"sensingData":[[{"state":"off"}]]}]"#;
    let cmd = filtered("sensingListData", PARTIAL, data);
    assert_eq!(written(stored, &cmd), Err(8));
    assert_eq!(notified(stored, &cmd), Ok(format!("{{\"sensingListData\":{data}}}")));
}

#[test]
fn a_list_has_a_bound() {
    let entries: Vec<String> =
        (0..200).map(|i| format!(r#"[{{"limitId":{i}}},{{"isLimitActive":true}}]"#)).collect();
    let cmd = limits(PARTIAL, &entries.join(","));
    assert_eq!(notified(LIMITS, &cmd), Err(3));
    let open = Options { is_extensible: true, ..Options::default() };
    let changeable = LIMITS.replace("false", "true");
    assert_eq!(with(&changeable, &cmd, Origin::PeerWrite, &open), Err(3));
    let full = Cmd { function: None, filter: alloc::vec![], ..cmd };
    assert_eq!(notified(LIMITS, &full), Err(3));
    let wide = Options { max_entries: 200, ..open };
    assert!(with(&changeable, &full, Origin::PeerData, &wide).is_ok());
}
