//! W1: no filter.

use super::*;

fn full(entries: &str) -> Cmd {
    cmd(&format!("{{\"loadControlLimitListData\":[{{\"loadControlLimitData\":[{entries}]}}]}}"))
}

#[test]
fn a_notification_replaces_everything() {
    let new = r#"[{"limitId":3},{"isLimitActive":true}]"#;
    let expected =
        format!("{{\"loadControlLimitListData\":[{{\"loadControlLimitData\":[{new}]}}]}}");
    assert_eq!(notified(LIMITS, &full(new)), Ok(expected));
}

#[test]
fn a_write_takes_the_entry_and_leaves_the_others() {
    let write = full(r#"[{"limitId":1},{"isLimitActive":false},{"value":[{"number":6}]}]"#);
    let expected = but(
        LIMITS,
        concat!(
            r#"{"isLimitActive":true},{"timePeriod":[{"endTime":"PT2H"}]},"#,
            r#"{"value":[{"number":42},{"scale":2}]}"#
        ),
        r#"{"isLimitActive":false},{"value":[{"number":6}]}"#,
    );
    assert_eq!(written(LIMITS, &write), Ok(expected));
}

#[test]
fn a_list_may_be_written_back_with_a_change() {
    let changed = but(LIMITS, r#""number":42"#, r#""number":30"#);
    // What may not be changed comes back with another spelling of the same value.
    let sent = but(&changed, r#"{"number":11},{"scale":3}"#, r#"{"number":11000},{"scale":0}"#);
    let write = Cmd::full(payload(&sent));
    assert_eq!(written(LIMITS, &write), Ok(changed));
}

#[test]
fn an_entry_that_is_not_changeable_refuses_a_change() {
    let write = full(r#"[{"limitId":2},{"isLimitActive":true}]"#);
    assert_eq!(written(LIMITS, &write), Err(7));
}

#[test]
fn one_refused_entry_refuses_the_whole_write() {
    let write = full(concat!(
        r#"[{"limitId":1},{"isLimitActive":false}],"#,
        r#"[{"limitId":2},{"isLimitActive":true}]"#
    ));
    assert_eq!(written(LIMITS, &write), Err(7));
}

#[test]
fn the_flag_may_be_repeated_but_not_changed() {
    let repeat = r#"[{"limitId":1},{"isLimitChangeable":true},{"isLimitActive":false}]"#;
    assert!(written(LIMITS, &full(repeat)).is_ok());
    let change = r#"[{"limitId":1},{"isLimitChangeable":false},{"isLimitActive":false}]"#;
    assert_eq!(written(LIMITS, &full(change)), Err(7));
    let unlock = r#"[{"limitId":2},{"isLimitChangeable":true},{"isLimitActive":true}]"#;
    assert_eq!(written(LIMITS, &full(unlock)), Err(7));
}

#[test]
fn an_unknown_entry_is_refused_where_entries_are_the_servers() {
    let write = full(r#"[{"limitId":9},{"isLimitActive":true}]"#);
    assert_eq!(written(LIMITS, &write), Err(7));
    let open = Options { is_extensible: true, ..Options::default() };
    let after = with(LIMITS, &write, Origin::PeerWrite, &open).expect("appended");
    assert!(after.ends_with(r#",[{"limitId":9},{"isLimitActive":true}]]}]}"#), "{after}");
}

#[test]
fn an_entry_without_identifier_is_refused() {
    let write = full(r#"[{"isLimitActive":true}]"#);
    assert_eq!(written(LIMITS, &write), Err(7));
    let open = Options { is_extensible: true, ..Options::default() };
    assert_eq!(with(LIMITS, &write, Origin::PeerWrite, &open), Err(7));
}

#[test]
fn a_single_value_is_replaced_as_written() {
    let stored = r#"{"deviceClassificationUserData":[{"userLabel":"a"},{"userDescription":"b"}]}"#;
    let write = cmd(r#"{"deviceClassificationUserData":[{"userLabel":"c"}]}"#);
    let expected = r#"{"deviceClassificationUserData":[{"userLabel":"c"}]}"#;
    assert_eq!(written(stored, &write).as_deref(), Ok(expected));
}

#[test]
fn an_incentive_table_is_found_by_its_tariff_and_ours_stays() {
    let table = |tariff, value| {
        format!(
            concat!(
                r#"[{{"tariff":[{{"tariffId":{}}}]}},{{"incentiveSlot":[[{{"tier":[["#,
                r#"{{"tier":[{{"tierId":1}}]}},"#,
                r#"{{"incentive":[[{{"incentiveId":1}},{{"value":[{{"number":{}}}]}}]]}}]]}}]]}}]"#
            ),
            tariff, value
        )
    };
    let data =
        |tables: &str| format!("{{\"incentiveTableData\":[{{\"incentiveTable\":[{tables}]}}]}}");
    let stored = data(&format!("{},{}", table(1, 10), table(2, 20)));
    let write = Cmd::full(payload(&data(&table(2, 25))));
    let expected = data(&format!("{},{}", table(1, 10), table(2, 25)));
    assert_eq!(written(&stored, &write), Ok(expected));
    let unknown = Cmd::full(payload(&data(&table(3, 25))));
    assert_eq!(written(&stored, &unknown), Err(7));
}

#[test]
fn a_list_whose_entries_nothing_tells_apart_is_replaced() {
    let stored = r#"{"sensingListData":[{"sensingData":[[{"state":"on"}]]}]}"#;
    let write = cmd(r#"{"sensingListData":[{"sensingData":[[{"state":"off"}]]}]}"#);
    assert!(written(stored, &write).is_ok_and(|after| after.contains("off")));
}

#[test]
fn a_command_without_data_is_no_write() {
    assert_eq!(written(LIMITS, &cmd(r#"{"function":"loadControlLimitListData"}"#)), Err(1));
    assert_eq!(written(LIMITS, &cmd("")), Err(1));
}
