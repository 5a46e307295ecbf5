//! R1 to R4.

use super::*;

fn answered(stored: &str, cmd: &Cmd) -> Result<(String, bool), u32> {
    let options = Options { now: Some(NOW), ..Options::default() };
    match read(&payload(stored), cmd, &options) {
        Ok(Cmd { data: Some(data), filter, .. }) => Ok((to_string(&data), !filter.is_empty())),
        Ok(_) => panic!("an answer has data"),
        Err(refusal) => Err(refusal.number.0),
    }
}

fn part(entries: &str) -> Result<(String, bool), u32> {
    let data = if entries.is_empty() {
        String::from(r#"{"loadControlLimitListData":[]}"#)
    } else {
        format!(r#"{{"loadControlLimitListData":[{{"loadControlLimitData":[{entries}]}}]}}"#)
    };
    Ok((data, true))
}

#[test]
fn r1_everything() {
    let cmd = cmd(r#"{"loadControlLimitListData":[]}"#);
    assert_eq!(answered(LIMITS, &cmd), Ok((LIMITS.to_string(), false)));
}

#[test]
fn r2_selected_entries_complete() {
    let cmd = limits(&partial(r#"{"loadControlLimitListDataSelectors":[{"limitId":2}]}"#), "");
    let expected = part(concat!(
        r#"[{"limitId":2},{"isLimitChangeable":false},{"isLimitActive":false},"#,
        r#"{"value":[{"number":11},{"scale":3}]}]"#
    ));
    assert_eq!(answered(LIMITS, &cmd), expected);
}

#[test]
fn r2_nothing_selected_is_an_empty_part() {
    let cmd = limits(&partial(r#"{"loadControlLimitListDataSelectors":[{"limitId":9}]}"#), "");
    assert_eq!(answered(LIMITS, &cmd), part(""));
}

#[test]
fn r3_elements_of_all_entries_and_their_identifiers() {
    let cmd = limits(&partial(r#"{"loadControlLimitDataElements":[{"isLimitActive":[]}]}"#), "");
    let expected = part(concat!(
        r#"[{"limitId":1},{"isLimitActive":true}],"#,
        r#"[{"limitId":2},{"isLimitActive":false}]"#
    ));
    assert_eq!(answered(LIMITS, &cmd), expected);
}

#[test]
fn r4_elements_of_selected_entries() {
    let cmd = limits(
        &partial(concat!(
            r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]},"#,
            r#"{"loadControlLimitDataElements":[{"isLimitActive":[]},{"value":[]}]}"#
        )),
        "",
    );
    let expected =
        part(r#"[{"limitId":1},{"isLimitActive":true},{"value":[{"number":42},{"scale":2}]}]"#);
    assert_eq!(answered(LIMITS, &cmd), expected);
}

#[test]
fn a_reply_has_a_partial_filter_and_nothing_else_in_it() {
    let cmd = limits(&partial(r#"{"loadControlLimitListDataSelectors":[{"limitId":9}]}"#), "");
    let reply = read(&payload(LIMITS), &cmd, &Options::default()).expect("a reply");
    assert_eq!(
        format!("{reply:?}"),
        concat!(
            r#"cmd[{"function":"loadControlLimitListData"},"#,
            r#"{"filter":[[{"cmdControl":[{"partial":[]}]}]]},{"loadControlLimitListData":[]}]"#
        )
    );
}

#[test]
fn a_part_of_an_element_is_read_with_its_name() {
    let cmd =
        limits(&partial(r#"{"loadControlLimitDataElements":[{"value":[{"scale":[]}]}]}"#), "");
    let expected = part(concat!(
        r#"[{"limitId":1},{"value":[{"scale":2}]}],"#,
        r#"[{"limitId":2},{"value":[{"scale":3}]}]"#
    ));
    assert_eq!(answered(LIMITS, &cmd), expected);
}

#[test]
fn a_function_left_empty_is_taken_from_the_data() {
    let cmd = cmd(concat!(
        r#"{"function":""},{"filter":[[{"cmdControl":[{"partial":[]}]},"#,
        r#"{"loadControlLimitListDataSelectors":[{"limitId":9}]}]]},"#,
        r#"{"loadControlLimitListData":[]}"#
    ));
    assert_eq!(answered(LIMITS, &cmd), part(""));
}

#[test]
fn a_kind_left_out_means_partial() {
    let cmd = limits(r#"[{"loadControlLimitListDataSelectors":[{"limitId":9}]}]"#, "");
    assert_eq!(answered(LIMITS, &cmd), part(""));
    let nothing = limits("[[]]", "");
    assert_eq!(answered(LIMITS, &nothing), Ok((LIMITS.to_string(), false)));
}

#[test]
fn what_cannot_be_evaluated_is_answered_in_full() {
    let cmd = limits(&partial(r#"{"loadControlLimitListDataSelectors":[{"colour":"red"}]}"#), "");
    assert_eq!(answered(LIMITS, &cmd), Ok((LIMITS.to_string(), false)));
}

const DISCOVERY: &str = concat!(
    r#"{"nodeManagementDetailedDiscoveryData":["#,
    r#"{"deviceInformation":[{"description":[{"deviceAddress":[{"device":"d"}]}]}]},"#,
    r#"{"entityInformation":[[{"description":[{"entityAddress":[{"entity":[1]}]},"#,
    r#"{"entityType":"EVSE"}]}]]},"#,
    r#"{"featureInformation":[[{"description":["#,
    r#"{"featureAddress":[{"entity":[1]},{"feature":1}]},{"featureType":"LoadControl"}]}],"#,
    r#"[{"description":[{"featureAddress":[{"entity":[1]},{"feature":2}]},"#,
    r#"{"featureType":"Measurement"}]}]]}]}"#
);

fn discovered(rest: &str) -> Result<(String, bool), u32> {
    answered(DISCOVERY, &filtered("nodeManagementDetailedDiscoveryData", &partial(rest), "[]"))
}

#[test]
fn discovery_is_selected_by_what_is_described() {
    let expected = concat!(
        r#"{"nodeManagementDetailedDiscoveryData":["#,
        r#"{"featureInformation":[[{"description":["#,
        r#"{"featureAddress":[{"entity":[1]},{"feature":1}]},{"featureType":"LoadControl"}]}]]}]}"#
    );
    for selector in [
        r#"{"featureType":"LoadControl"}"#,
        // The addresses of discovery data leave out the device, selectors have it.
        r#"{"featureAddress":[{"device":"d"},{"entity":[1]},{"feature":1}]}"#,
    ] {
        let selectors = format!(
            concat!(
                r#"{{"nodeManagementDetailedDiscoveryDataSelectors":["#,
                r#"{{"featureInformation":[{}]}}]}}"#
            ),
            selector
        );
        assert_eq!(discovered(&selectors), Ok((expected.to_string(), true)), "{selector}");
    }
}

#[test]
fn discovery_elements_come_with_the_addresses() {
    let elements = concat!(
        r#"{"nodeManagementDetailedDiscoveryDataElements":["#,
        r#"{"entityInformation":[{"description":[{"label":[]}]}]}]}"#
    );
    let expected = concat!(
        r#"{"nodeManagementDetailedDiscoveryData":["#,
        r#"{"deviceInformation":[{"description":[{"deviceAddress":[{"device":"d"}]}]}]},"#,
        r#"{"entityInformation":[[{"description":[{"entityAddress":[{"entity":[1]}]}]}]]}]}"#
    );
    assert_eq!(discovered(elements), Ok((expected.to_string(), true)));
}

#[test]
fn use_cases_are_selected_by_actor_and_name() {
    let stored = concat!(
        r#"{"nodeManagementUseCaseData":[{"useCaseInformation":["#,
        r#"[{"actor":"EV"},{"useCaseSupport":[[{"useCaseName":"a"},{"scenarioSupport":[1,2]}],"#,
        r#"[{"useCaseName":"b"}]]}],"#,
        r#"[{"actor":"EVSE"},{"useCaseSupport":[[{"useCaseName":"c"}]]}]]}]}"#
    );
    let count = |selector: &str| {
        let selectors = format!(
            r#"{{"nodeManagementUseCaseDataSelectors":[{{"useCaseInformation":[{selector}]}}]}}"#
        );
        let cmd = filtered("nodeManagementUseCaseData", &partial(&selectors), "[]");
        answered(stored, &cmd).map(|(answer, _)| answer.matches("actor").count())
    };
    assert_eq!(count(r#"{"actor":"EV"}"#), Ok(1));
    assert_eq!(count(r#"{"actor":"EV"},{"useCaseSupport":[{"useCaseName":"b"}]}"#), Ok(1));
    assert_eq!(count(r#"{"actor":"EV"},{"useCaseSupport":[{"useCaseName":"c"}]}"#), Ok(0));
    assert_eq!(count(r#"{"useCaseSupport":[{"scenarioSupport":2}]}"#), Ok(1));
    assert_eq!(count(""), Ok(2));
}

#[test]
fn filters_that_no_read_has_are_refused() {
    let selectors = r#"{"loadControlLimitListDataSelectors":[{"limitId":1}]}"#;
    assert_eq!(answered(LIMITS, &limits(&delete(selectors), "")), Err(8));
    let two = format!("{},{PARTIAL}", partial(selectors));
    assert_eq!(answered(LIMITS, &limits(&two, "")), Err(8));
}
