//! Commands that are refused for their form.

use super::*;

#[test]
fn combinations_that_do_not_exist() {
    let selectors = r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]}"#;
    let entry = r#"[{"limitId":1},{"isLimitActive":true}]"#;
    let elements = r#"{"loadControlLimitDataElements":[{"value":[]}]}"#;
    for (what, filters) in [
        ("delete what?", r#"[{"cmdControl":[{"delete":[]}]}]"#.to_string()),
        ("no elements named", delete(r#"{"loadControlLimitDataElements":[]}"#)),
        ("two partial", format!("{PARTIAL},{PARTIAL}")),
        ("two delete", format!("{},{}", delete(elements), delete(elements))),
        (
            "both at once",
            format!(r#"[{{"cmdControl":[{{"delete":[]}},{{"partial":[]}}]}},{selectors}]"#),
        ),
        ("elements in a partial write", partial(elements)),
        (
            "selectors of another function",
            partial(r#"{"measurementListDataSelectors":[{"measurementId":1}]}"#),
        ),
        ("elements of another function", delete(r#"{"setpointDataElements":[{"value":[]}]}"#)),
        ("selectors of no function", partial(r#"{"vendorSelectors":[{"limitId":1}]}"#)),
    ] {
        assert_eq!(written(LIMITS, &limits(&filters, entry)), Err(8), "{what}");
    }
    // A notification may carry them: they say what has changed.
    assert!(notified(LIMITS, &limits(&partial(elements), entry)).is_ok());
}

#[test]
fn a_single_value_has_nothing_to_select_from() {
    let stored = r#"{"smartEnergyManagementPsData":[]}"#;
    let selectors = r#"{"smartEnergyManagementPsDataSelectors":[{"alternativesRelation":[{"alternativesId":1}]}]}"#;
    let function = "smartEnergyManagementPsData";
    assert_eq!(written(stored, &filtered(function, &partial(selectors), "[]")), Err(8));
    assert_eq!(written(stored, &filtered(function, &delete(selectors), "[]")), Err(8));
}

#[test]
fn data_of_another_function() {
    let other = cmd(r#"{"measurementListData":[]}"#);
    assert_eq!(written(LIMITS, &other), Err(6));
    let named = cmd(concat!(
        r#"{"function":"measurementListData"},{"filter":[[{"cmdControl":[{"partial":[]}]}]]},"#,
        r#"{"loadControlLimitListData":[]}"#
    ));
    assert_eq!(written(LIMITS, &named), Err(6));
    let unknown = cmd(r#"{"vendorListData":[]}"#);
    assert_eq!(written(LIMITS, &unknown), Err(6));
}
