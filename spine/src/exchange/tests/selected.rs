//! W3: a partial filter with selectors.

use super::*;

#[test]
fn one_entry_goes_to_all_that_are_selected() {
    let write = filtered(
        "setpointListData",
        &partial(r#"{"setpointListDataSelectors":[{"setpointId":2}]}"#),
        r#"[{"setpointData":[[{"value":[{"number":215},{"scale":-1}]}]]}]"#,
    );
    let expected = but(SETPOINTS, r#"{"number":21},{"scale":0}"#, r#"{"number":215},{"scale":-1}"#);
    assert_eq!(written(SETPOINTS, &write), Ok(expected));
}

#[test]
fn identifiers_in_the_data_are_ignored() {
    let write = filtered(
        "setpointListData",
        &partial(r#"{"setpointListDataSelectors":[]}"#),
        r#"[{"setpointData":[[{"setpointId":9},{"value":[{"number":3}]}]]}]"#,
    );
    let after = written(SETPOINTS, &write).expect("merged into all");
    assert_eq!(after.matches(r#""value":[{"number":3},{"scale":0}]"#).count(), 2);
    assert!(!after.contains(r#""setpointId":9"#));
}

#[test]
fn what_is_selected_must_be_changeable() {
    let write = limits(
        &partial(r#"{"loadControlLimitListDataSelectors":[{"limitId":2}]}"#),
        r#"[{"isLimitActive":true}]"#,
    );
    assert_eq!(written(LIMITS, &write), Err(7));
    let other = limits(
        &partial(r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]}"#),
        r#"[{"isLimitActive":false}]"#,
    );
    assert!(written(LIMITS, &other).is_ok());
}

#[test]
fn a_write_that_would_change_nothing_is_refused() {
    let write = limits(
        &partial(r#"{"loadControlLimitListDataSelectors":[{"limitId":9}]}"#),
        r#"[{"isLimitActive":true}]"#,
    );
    assert_eq!(written(LIMITS, &write), Err(7));
    assert_eq!(notified(LIMITS, &write), Ok(LIMITS.to_string()));
}

#[test]
fn selectors_want_exactly_one_entry() {
    let selectors = partial(r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]}"#);
    assert_eq!(written(LIMITS, &limits(&selectors, "")), Err(8));
    let two = r#"[{"isLimitActive":true}],[{"isLimitActive":false}]"#;
    assert_eq!(written(LIMITS, &limits(&selectors, two)), Err(8));
}
