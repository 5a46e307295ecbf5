//! W4 to W7: a filter that deletes, alone or before a partial one.

use super::*;

#[test]
fn w4_selected_entries_go() {
    let cmd = filtered(
        "measurementListData",
        &delete(r#"{"measurementListDataSelectors":[{"measurementId":1}]}"#),
        "[]",
    );
    let after = notified(MEASUREMENTS, &cmd).expect("deleted");
    assert_eq!(after.matches("measurementId").count(), 1);
    assert!(after.contains(r#""measurementId":4"#));
}

#[test]
fn w4_a_peer_cannot_remove_the_servers_entries() {
    let cmd = limits(&delete(r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]}"#), "");
    assert_eq!(written(LIMITS, &cmd), Err(7));
    let open = Options { is_extensible: true, ..Options::default() };
    let after = with(LIMITS, &cmd, Origin::PeerWrite, &open).expect("deleted");
    assert_eq!(after.matches("limitId").count(), 1);
    let locked = limits(&delete(r#"{"loadControlLimitListDataSelectors":[{"limitId":2}]}"#), "");
    assert_eq!(with(LIMITS, &locked, Origin::PeerWrite, &open), Err(7));
}

#[test]
fn w5_elements_go_from_all_entries() {
    let cmd = filtered(
        "setpointListData",
        &delete(r#"{"setpointDataElements":[{"valueMin":[]},{"setpointId":[]}]}"#),
        "[]",
    );
    let after = written(SETPOINTS, &cmd).expect("deleted");
    assert!(!after.contains("valueMin"));
    assert_eq!(after.matches("setpointId").count(), 2, "identifiers survive");
}

#[test]
fn w5_one_entry_that_is_not_changeable_refuses_all() {
    let cmd = limits(&delete(r#"{"loadControlLimitDataElements":[{"timePeriod":[]}]}"#), "");
    assert_eq!(written(LIMITS, &cmd), Err(7));
}

#[test]
fn w5_elements_go_from_a_single_value() {
    let stored = r#"{"deviceClassificationUserData":[{"userLabel":"a"},{"userDescription":"b"}]}"#;
    let cmd = filtered(
        "deviceClassificationUserData",
        &format!(
            "{},{PARTIAL}",
            delete(r#"{"deviceClassificationUserDataElements":[{"userDescription":[]}]}"#)
        ),
        r#"[{"userLabel":"Carport"}]"#,
    );
    let expected = r#"{"deviceClassificationUserData":[{"userLabel":"Carport"}]}"#;
    assert_eq!(written(stored, &cmd).as_deref(), Ok(expected));
}

#[test]
fn w6_only_the_named_part_of_an_element_goes() {
    let stored =
        but(LIMITS, r#"[{"endTime":"PT2H"}]"#, r#"[{"startTime":"PT0S"},{"endTime":"PT2H"}]"#);
    let cmd = limits(
        &delete(concat!(
            r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]},"#,
            r#"{"loadControlLimitDataElements":[{"timePeriod":[{"endTime":[]}]}]}"#
        )),
        "",
    );
    let expected = but(&stored, r#",{"endTime":"PT2H"}"#, "");
    assert_eq!(written(&stored, &cmd), Ok(expected));
}

#[test]
fn w6_the_flag_cannot_be_deleted() {
    let cmd = limits(
        &delete(concat!(
            r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]},"#,
            r#"{"loadControlLimitDataElements":[{"isLimitChangeable":[]}]}"#
        )),
        "",
    );
    assert_eq!(written(LIMITS, &cmd), Err(7));
}

#[test]
fn w7_deletes_first_whatever_the_order_and_keeps_the_limit() {
    let delete = delete(concat!(
        r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]},"#,
        r#"{"loadControlLimitDataElements":[{"timePeriod":[{"endTime":[]}]}]}"#
    ));
    let entry = concat!(
        r#"[{"limitId":1},{"isLimitActive":true},{"timePeriod":[{"startTime":"PT5S"}]},"#,
        r#"{"value":[{"number":4200},{"scale":0}]}]"#
    );
    let expected = but(LIMITS, r#"{"endTime":"PT2H"}"#, r#"{"startTime":"PT5S"}"#);
    let expected = but(&expected, r#"{"number":42},{"scale":2}"#, r#"{"number":4200},{"scale":0}"#);
    for filters in [format!("{delete},{PARTIAL}"), format!("{PARTIAL},{delete}")] {
        assert_eq!(written(LIMITS, &limits(&filters, entry)), Ok(expected.clone()));
    }
}

#[test]
fn w7_is_applied_completely_or_not_at_all() {
    let delete = delete(concat!(
        r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]},"#,
        r#"{"loadControlLimitDataElements":[{"timePeriod":[]}]}"#
    ));
    let cmd = limits(&format!("{delete},{PARTIAL}"), r#"[{"limitId":2},{"isLimitActive":true}]"#);
    let stored = payload(LIMITS);
    let function = Function::LoadControlLimitListData;
    let options = Options::default();
    let refusal = apply(function, Some(&stored), &cmd, Origin::PeerWrite, &options);
    assert_eq!(refusal.expect_err("not changeable").number, ErrorNumber::COMMAND_REJECTED);
    assert_eq!(stored, payload(LIMITS));
}

#[test]
fn a_delete_needs_no_data_element() {
    let cmd = cmd(concat!(
        r#"{"function":"setpointListData"},{"filter":[[{"cmdControl":[{"delete":[]}]},"#,
        r#"{"setpointDataElements":[{"valueMin":[]}]}]]}"#
    ));
    assert!(written(SETPOINTS, &cmd).is_ok_and(|after| !after.contains("valueMin")));
}

#[test]
fn elements_of_nested_lists_are_named_from_the_data_on() {
    let stored = concat!(
        r#"{"incentiveTableData":[{"incentiveTable":[[{"tariff":[{"tariffId":1}]},"#,
        r#"{"incentiveSlot":[[{"timeInterval":[{"timeSlotId":1}]}]]}]]}]}"#
    );
    let cmd = filtered(
        "incentiveTableData",
        &delete(
            r#"{"incentiveTableDataElements":[{"incentiveTable":[{"incentiveSlot":[]},{"tariff":[]}]}]}"#,
        ),
        "[]",
    );
    let expected = r#"{"incentiveTableData":[{"incentiveTable":[[{"tariff":[{"tariffId":1}]}]]}]}"#;
    assert_eq!(notified(stored, &cmd).as_deref(), Ok(expected));
}
