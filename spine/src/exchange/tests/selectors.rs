//! Which entries selectors mean.

use super::*;

/// The numbers of the measurements that are left after those that are selected went.
fn rest(selectors: &str) -> Result<usize, u32> {
    let cmd = filtered("measurementListData", &delete(selectors), "[]");
    notified(MEASUREMENTS, &cmd).map(|after| after.matches("measurementId").count())
}

#[test]
fn elements_of_one_are_and_several_are_or() {
    let both = r#"{"measurementListDataSelectors":[{"measurementId":1},{"valueType":"value"}]}"#;
    assert_eq!(rest(both), Ok(2));
    let either = format!(r#"{both},{{"measurementListDataSelectors":[{{"measurementId":4}}]}}"#);
    assert_eq!(rest(&either), Ok(1));
    let neither = r#"{"measurementListDataSelectors":[{"measurementId":4},{"valueType":"value"}]}"#;
    assert_eq!(rest(neither), Ok(3), "an absent element matches nothing");
    assert_eq!(rest(r#"{"measurementListDataSelectors":[]}"#), Ok(0), "all");
}

#[test]
fn an_interval_includes_its_ends() {
    let between = |start: &str, end: &str| {
        rest(&format!(
            concat!(
                r#"{{"measurementListDataSelectors":[{{"timestampInterval":["#,
                r#"{{"startTime":"{}"}},{{"endTime":"{}"}}]}}]}}"#
            ),
            start, end
        ))
    };
    assert_eq!(between("2026-05-04T10:00:00Z", "2026-05-04T10:00:00Z"), Ok(2));
    assert_eq!(between("2026-05-04T08:00:00Z", "2026-05-04T11:00:00+01:00"), Ok(1));
    assert_eq!(between("-PT15M", "PT0S"), Ok(2), "the last quarter of an hour");
    assert_eq!(between("yesterday", "PT0S"), Err(8));
    let open =
        r#"{"measurementListDataSelectors":[{"timestampInterval":[{"startTime":"-PT15M"}]}]}"#;
    assert_eq!(rest(open), Ok(2));
}

#[test]
fn a_relative_interval_needs_the_clock() {
    let cmd = filtered(
        "measurementListData",
        &delete(
            r#"{"measurementListDataSelectors":[{"timestampInterval":[{"startTime":"-PT15M"}]}]}"#,
        ),
        "[]",
    );
    let stored = payload(MEASUREMENTS);
    let function = Function::MeasurementListData;
    let refusal = apply(function, Some(&stored), &cmd, Origin::PeerData, &Options::default());
    assert_eq!(refusal.expect_err("no clock").number.0, 8);
}

#[test]
fn what_cannot_be_evaluated_is_never_ignored_in_a_delete() {
    for selectors in [
        r#"{"measurementListDataSelectors":[{"colour":"red"}]}"#,
        r#"{"measurementListDataSelectors":[{"measurementId":"one"}]}"#,
        r#"{"measurementListDataSelectors":[{"measurementId":null}]}"#,
        r#"{"measurementListDataSelectors":[{"measurementId":1e400}]}"#,
        r#"{"measurementListDataSelectors":[{"valueInterval":[{"startTime":"PT1S"}]},{"x":1}]}"#,
    ] {
        assert_eq!(rest(selectors), Err(8), "{selectors}");
    }
}

#[test]
fn one_value_of_a_repeated_element_is_enough() {
    let stored = concat!(
        r#"{"measurementThresholdRelationListData":[{"measurementThresholdRelationData":["#,
        r#"[{"measurementId":1},{"thresholdId":[1,2]}],"#,
        r#"[{"measurementId":2},{"thresholdId":[3]}]]}]}"#
    );
    let cmd = filtered(
        "measurementThresholdRelationListData",
        &delete(r#"{"measurementThresholdRelationListDataSelectors":[{"thresholdId":2}]}"#),
        "[]",
    );
    let after = notified(stored, &cmd).expect("deleted");
    assert!(after.contains(r#""measurementId":2"#) && !after.contains(r#""measurementId":1"#));
}

#[test]
fn a_selector_reaches_into_the_slots_of_a_series() {
    let stored = concat!(
        r#"{"timeSeriesListData":[{"timeSeriesData":["#,
        r#"[{"timeSeriesId":1},{"timeSeriesSlot":[[{"timeSeriesSlotId":5}]]}],"#,
        r#"[{"timeSeriesId":2},{"timeSeriesSlot":[[{"timeSeriesSlotId":6}]]}]]}]}"#
    );
    let cmd = filtered(
        "timeSeriesListData",
        &delete(r#"{"timeSeriesListDataSelectors":[{"timeSeriesSlotId":5}]}"#),
        "[]",
    );
    let after = notified(stored, &cmd).expect("deleted");
    assert!(after.contains(r#""timeSeriesId":2"#) && !after.contains(r#""timeSeriesId":1"#));
}

#[test]
fn a_list_that_is_not_called_one_is_selected_by_its_element() {
    let stored = concat!(
        r#"{"nodeManagementBindingData":[{"bindingEntry":["#,
        r#"[{"bindingId":1},{"clientAddress":[{"device":"a"},{"entity":[1]},{"feature":1}]}],"#,
        r#"[{"bindingId":2},{"clientAddress":[{"device":"a"},{"entity":[1,1]},{"feature":1}]}]]}]}"#
    );
    let rest = |selector: &str| {
        let cmd = filtered(
            "nodeManagementBindingData",
            &delete(&format!(
                r#"{{"nodeManagementBindingDataSelectors":[{{"bindingEntry":[{selector}]}}]}}"#
            )),
            "[]",
        );
        notified(stored, &cmd)
            .map(|after| (after.contains(r#""bindingId":1"#), after.contains(r#""bindingId":2"#)))
    };
    assert_eq!(rest(r#"{"bindingId":2}"#), Ok((true, false)));
    let path = r#"{"clientAddress":[{"entity":[1]}]}"#;
    assert_eq!(rest(path), Ok((false, true)), "a path is compared as a whole");
    assert_eq!(rest(r#"{"colour":2}"#), Err(8));
}
