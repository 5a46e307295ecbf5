use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use crate::{Choice, Error, Id, List, Raw, Reader, Record, Rule, Tag, Unknown, Word, to_string};

#[derive(Clone, Copy, Debug, PartialEq, Id)]
struct LimitId(u32);

#[derive(Clone, Debug, PartialEq, Word)]
enum Category {
    Obligation,
    Recommendation,
    #[word("m^3/h")]
    Flow,
    Other(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Word)]
enum Closed {
    Yes,
    No,
}

#[derive(Clone, Default, PartialEq, Record)]
struct Scaled {
    number: Option<i64>,
    scale: Option<i16>,
}

#[derive(Clone, Default, PartialEq, Record)]
struct Contact {
    #[text]
    uri: Option<String>,
}

#[derive(Clone, Default, PartialEq, Record)]
#[record("limitData")]
struct Limit {
    #[key]
    limit_id: Option<LimitId>,
    #[guard]
    is_changeable: Option<bool>,
    category: Option<Category>,
    closed: Option<Closed>,
    value: Option<Scaled>,
    entity: Vec<u32>,
    tag: Option<Tag>,
    #[alias("snake_case")]
    snake_case: Option<u64>,
    values: Vec<Scaled>,
    contact: Option<Contact>,
    type_: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Choice)]
#[names(Function)]
enum Data {
    #[element("limitListData")]
    Listed(List<Limit>),
    Single(Scaled),
    #[other]
    Other(Unknown),
}

#[derive(Clone, Default, PartialEq, Record)]
struct Command {
    function: Option<String>,
    #[choice]
    data: Option<Data>,
    last: Option<u32>,
}

#[derive(Clone, Default, PartialEq, Record)]
struct Envelope {
    header: Option<Scaled>,
    payload: Option<Raw>,
}

#[derive(Clone, Debug, PartialEq, Choice)]
enum Root {
    Limit(Limit),
    Command(Command),
    Envelope(Envelope),
}

fn read(text: &str) -> Result<Root, Error> {
    Reader::tolerant().read(text.as_bytes())
}

fn limit(text: &str) -> Result<Limit, Error> {
    match read(&format!("{{\"limit\":{text}}}"))? {
        Root::Limit(limit) => Ok(limit),
        other => panic!("{other:?}"),
    }
}

fn full() -> Limit {
    Limit {
        limit_id: Some(LimitId(7)),
        is_changeable: Some(true),
        category: Some(Category::Flow),
        closed: Some(Closed::No),
        value: Some(Scaled { number: Some(-42), scale: Some(2) }),
        entity: vec![1, 1],
        tag: Some(Tag),
        snake_case: Some(u64::MAX),
        values: vec![
            Scaled { number: Some(1), scale: None },
            Scaled { number: None, scale: Some(-1) },
            Scaled::default(),
        ],
        contact: Some(Contact { uri: Some("wss://a\"b".to_owned()) }),
        type_: Some("},{[]".to_owned()),
    }
}

#[test]
fn every_form_of_the_standard_is_written_and_read_back() {
    let text = concat!(
        r#"{"limit":[{"limitId":7},{"isChangeable":true},{"category":"m^3/h"},{"closed":"no"},"#,
        r#"{"value":[{"number":-42},{"scale":2}]},{"entity":[1,1]},{"tag":[]},"#,
        r#"{"snakeCase":18446744073709551615},"#,
        r#"{"values":[[{"number":1}],[{"scale":-1}],[]]},"#,
        r#"{"contact":[{"uri":"wss://a\"b"}]},{"type":"},{[]"}]}"#
    );
    assert_eq!(to_string(&Root::Limit(full())), text);
    assert_eq!(read(text).expect("tolerant"), Root::Limit(full()));
    assert_eq!(
        Reader::strict().read::<Root>(text.as_bytes()).expect("strict"),
        Root::Limit(full())
    );
}

#[test]
fn a_record_shows_in_logs_as_on_the_wire() {
    let limit = Limit { limit_id: Some(LimitId(1)), ..Limit::default() };
    assert_eq!(format!("{limit:?}"), r#"limitData[{"limitId":1}]"#);
}

#[test]
fn an_empty_list_is_left_out() {
    assert_eq!(to_string(&Root::Limit(Limit::default())), r#"{"limit":[]}"#);
}

/// The rows of the tolerance table, each with what it must come to.
#[test]
fn the_forms_of_the_field_are_understood() {
    let scaled = |number, scale| Scaled { number, scale };
    let value = |value| Limit { value: Some(value), ..Limit::default() };
    let values = |values: Vec<Scaled>| Limit { values, ..Limit::default() };
    let rows = [
        // complex: objects with several keys, a plain object, one array too many, emptiness
        (
            r#"[{"limitId":1,"type":"a"}]"#,
            Limit { limit_id: Some(LimitId(1)), type_: Some("a".into()), ..Limit::default() },
        ),
        (r#"[{"value":{"number":3,"scale":1}}]"#, value(scaled(Some(3), Some(1)))),
        (r#"[{"value":[[{"number":3},{"scale":1}]]}]"#, value(scaled(Some(3), Some(1)))),
        (r#"[{"value":{}}]"#, value(scaled(None, None))),
        (r#"[{"value":null}]"#, value(scaled(None, None))),
        (r#"[{"value":""}]"#, value(scaled(None, None))),
        (r#"null"#, Limit::default()),
        // repeated complex
        (
            r#"[{"values":[{"number":1},{"number":2}]}]"#,
            values(vec![scaled(Some(1), None), scaled(Some(2), None)]),
        ),
        (r#"[{"values":[{"number":1},{"scale":2}]}]"#, values(vec![scaled(Some(1), Some(2))])),
        (
            r#"[{"values":[{"number":1,"scale":2},{"scale":3}]}]"#,
            values(vec![scaled(Some(1), Some(2)), scaled(None, Some(3))]),
        ),
        (r#"[{"values":{"number":1,"scale":2}}]"#, values(vec![scaled(Some(1), Some(2))])),
        (r#"[{"values":{}}]"#, values(vec![])),
        (r#"[{"values":null}]"#, values(vec![])),
        (r#"[{"values":[]}]"#, values(vec![])),
        // repeated simple
        (r#"[{"entity":4}]"#, Limit { entity: vec![4], ..Limit::default() }),
        (r#"[{"entity":{}}]"#, Limit::default()),
        (r#"[{"entity":["4",5.0]}]"#, Limit { entity: vec![4, 5], ..Limit::default() }),
        // tag
        (r#"[{"tag":{}}]"#, Limit { tag: Some(Tag), ..Limit::default() }),
        (r#"[{"tag":null}]"#, Limit { tag: Some(Tag), ..Limit::default() }),
        (r#"[{"tag":""}]"#, Limit { tag: Some(Tag), ..Limit::default() }),
        (r#"[{"tag":true}]"#, Limit { tag: Some(Tag), ..Limit::default() }),
        (r#"[{"tag":false}]"#, Limit::default()),
        // absent
        (r#"[{"limitId":null},{"type":null},{"isChangeable":null}]"#, Limit::default()),
        // numbers, booleans, text
        (r#"[{"limitId":"12"}]"#, Limit { limit_id: Some(LimitId(12)), ..Limit::default() }),
        (r#"[{"limitId":1e3}]"#, Limit { limit_id: Some(LimitId(1000)), ..Limit::default() }),
        (r#"[{"isChangeable":"true"}]"#, Limit { is_changeable: Some(true), ..Limit::default() }),
        (r#"[{"isChangeable":0}]"#, Limit { is_changeable: Some(false), ..Limit::default() }),
        (r#"[{"type":5}]"#, Limit { type_: Some("5".into()), ..Limit::default() }),
        (r#"[{"type":true}]"#, Limit { type_: Some("true".into()), ..Limit::default() }),
        (
            r#"[{"category":"_n:Vendor_x"}]"#,
            Limit { category: Some(Category::Other("_n:Vendor_x".into())), ..Limit::default() },
        ),
        // aliases, abbreviations, the same thing twice, unknown elements, any order
        (r#"[{"snake_case":9}]"#, Limit { snake_case: Some(9), ..Limit::default() }),
        (
            r#"[{"contact":"u"}]"#,
            Limit { contact: Some(Contact { uri: Some("u".into()) }), ..Limit::default() },
        ),
        (
            r#"[{"limitId":1},{"limitId":1}]"#,
            Limit { limit_id: Some(LimitId(1)), ..Limit::default() },
        ),
        (
            r#"[{"new":[{"deep":[1,{}]}]},{"type":"a"},{"limitId":1}]"#,
            Limit { limit_id: Some(LimitId(1)), type_: Some("a".into()), ..Limit::default() },
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(limit(text).as_ref(), Ok(&expected), "{text}");
    }
}

#[test]
fn the_octets_around_a_message_do_not_matter() {
    let message = r#"{"limit":[{"limitId":1}]}"#;
    for text in [
        format!("\u{feff}{message}"),
        format!("{message}\0"),
        format!("\0\0 {message}\r\n\0"),
        format!("{message} and more"),
        message.replace(':', " :\t").replace('[', "\n[ "),
        format!("[{message}]"),
        r#"{"xmlns":"x","limit":[{"limitId":1}],"envelope":[]}"#.to_owned(),
    ] {
        let limit = Limit { limit_id: Some(LimitId(1)), ..Limit::default() };
        assert_eq!(read(&text), Ok(Root::Limit(limit)), "{text:?}");
    }
    let broken = b"{\"limit\":[{\"type\":\"a\xffb\"}]}";
    let Ok(Root::Limit(limit)) = Reader::tolerant().read(broken) else {
        panic!("repaired");
    };
    assert_eq!(limit.type_.as_deref(), Some("a\u{fffd}b"));
    let error = Reader::strict().read::<Root>(broken).expect_err("strict");
    assert_eq!(error.rule, Rule::Encoding);
}

#[test]
fn a_fault_names_its_place_and_its_rule() {
    let rows = [
        (r#"[{"limitId":-1}]"#, "limit.limitId", Rule::Range),
        (r#"[{"limitId":4294967296}]"#, "limit.limitId", Rule::Range),
        (r#"[{"limitId":1e300}]"#, "limit.limitId", Rule::Range),
        (r#"[{"limitId":1.5}]"#, "limit.limitId", Rule::Type),
        (r#"[{"limitId":"x"}]"#, "limit.limitId", Rule::Type),
        (r#"[{"limitId":[]}]"#, "limit.limitId", Rule::Type),
        (r#"[{"isChangeable":2}]"#, "limit.isChangeable", Rule::Type),
        (r#"[{"closed":"perhaps"}]"#, "limit.closed", Rule::Word),
        (r#"[{"value":[{"scale":32768}]}]"#, "limit.value.scale", Rule::Range),
        (r#"[{"value":[[],[]]}]"#, "limit.value", Rule::Type),
        (r#"[{"value":7}]"#, "limit.value", Rule::Type),
        (r#"[{"values":[[],[{"number":"x"}]]}]"#, "limit.values[1].number", Rule::Type),
        (r#"[{"values":[7]}]"#, "limit.values[0]", Rule::Type),
        (r#"[{"limitId":1},{"limitId":2}]"#, "limit.limitId", Rule::Duplicate),
        (r#"[{"limitId":"x"},{"type":"a","type":"b"}]"#, "limit.type", Rule::Duplicate),
        (r#"[7]"#, "limit", Rule::Type),
    ];
    for (text, path, rule) in rows {
        let error = limit(text).expect_err(text);
        assert_eq!((&*error.path, &error.rule), (path, &rule), "{text}");
    }
    assert_eq!(read(r#"{"what":[]}"#), Err(Rule::Root("what".into()).into()));
    assert!(matches!(read("{").map_err(|e| e.rule), Err(Rule::Syntax(_))));
    assert!(matches!(read(r#"{"limit":[}"#).map_err(|e| e.rule), Err(Rule::Syntax(_))));
    assert!(read("").is_err());
}

#[test]
fn a_spoilt_element_leaves_the_rest_readable() {
    let text = br#"{"limit":[{"limitId":1},{"value":[{"number":"x"},{"scale":1}]},{"type":"a"}]}"#;
    let (root, fault) = Reader::tolerant().read_partly::<Root>(text).expect("partly");
    assert_eq!(
        root,
        Root::Limit(Limit {
            limit_id: Some(LimitId(1)),
            value: Some(Scaled { number: None, scale: Some(1) }),
            type_: Some("a".into()),
            ..Limit::default()
        })
    );
    assert_eq!(&*fault.expect("a fault").path, "limit.value.number");
}

#[test]
fn the_strict_reader_refuses_what_only_tolerance_accepts() {
    for text in [
        r#"{"limit":{"limitId":1}}"#,
        r#"{"limit":[{"limitId":1,"type":"a"}]}"#,
        r#"{"limit":[{"limitId":"1"}]}"#,
        r#"{"limit":[{"limitId":1.0}]}"#,
        r#"{"limit":[{"type":"a"},{"limitId":1}]}"#,
        r#"{"limit":[{"limitId":1},{"limitId":1}]}"#,
        r#"{"limit":[{"values":[{"number":1}]}]}"#,
        r#"{"limit":[{"value":[[{"number":1}]]}]}"#,
        r#"{"limit":[{"tag":null}]}"#,
        r#"{"limit":[{"entity":1}]}"#,
        r#"[{"limit":[]}]"#,
        "{\"limit\":[]}\0",
        "\u{feff}{\"limit\":[]}",
    ] {
        assert!(read(text).is_ok(), "{text}");
        assert!(Reader::strict().read::<Root>(text.as_bytes()).is_err(), "{text}");
    }
    let spaced = " {\"limit\" : [ {\"limitId\": 1 } , {\"new\":[]} ] }\n";
    assert!(Reader::strict().read::<Root>(spaced.as_bytes()).is_ok());
}

#[test]
fn an_inline_choice_stands_under_its_own_name() {
    let text = concat!(
        r#"{"command":[{"function":"limitListData"},"#,
        r#"{"limitListData":[{"limitData":[[{"limitId":1}],[{"limitId":2}]]}]},{"last":5}]}"#
    );
    let Ok(Root::Command(command)) = read(text) else { panic!("a command") };
    assert_eq!(command.data.as_ref().and_then(Data::which), Some(Function::Listed));
    assert_eq!(to_string(&Root::Command(command)), text);

    let twice = r#"{"command":[{"single":[]},{"limitListData":[]}]}"#;
    assert_eq!(read(twice).expect_err("one only").rule, Rule::Duplicate);
}

#[test]
fn an_unknown_content_is_kept_as_it_came() {
    let text = r#"{"command":[{"billListData":[{"billData":[[{"x":1e400}]]}]},{"last":5}]}"#;
    let Ok(Root::Command(command)) = read(text) else { panic!("a command") };
    let Some(Data::Other(unknown)) = &command.data else { panic!("unknown data") };
    assert_eq!(unknown.name(), "billListData");
    assert_eq!(to_string(&Root::Command(command)), text);

    let vendor = r#"{"command":[{"vendor":1},{"single":[{"number":1}]},{"vendor":2}]}"#;
    let Ok(Root::Command(command)) = read(vendor) else { panic!("a command") };
    assert_eq!(command.data, Some(Data::Single(Scaled { number: Some(1), scale: None })));
}

#[test]
fn a_number_beyond_a_double_leaves_the_header_readable() {
    let text =
        r#"{"envelope":[{"header":[{"number":1}]},{"payload":{"limit":[{"limitId":1e400}]}}]}"#;
    let Ok(Root::Envelope(envelope)) = read(text) else { panic!("an envelope") };
    assert_eq!(envelope.header, Some(Scaled { number: Some(1), scale: None }));
    let raw = envelope.payload.expect("a payload");
    assert!(Reader::tolerant().read::<Root>(raw.as_str().as_bytes()).is_err());
}

#[test]
fn a_raw_value_fills_a_place_of_any_type() {
    let mut limit = Limit::default();
    let record: &mut dyn Record = &mut limit;
    let fill = |record: &mut dyn Record, element: &str, text: &str| {
        let i = record.shape().position(element).expect("an element");
        let raw = Raw::new(text).expect("JSON");
        Reader::tolerant().content_into(&raw, record.slot_mut(i).target())
    };
    assert_eq!(fill(record, "limitId", "3"), Ok(()));
    assert_eq!(fill(record, "entity", "4"), Ok(()));
    assert_eq!(fill(record, "value", r#"[{"number":5}]"#), Ok(()));
    assert!(fill(record, "closed", r#""perhaps""#).is_err());
    assert_eq!((limit.limit_id, limit.entity), (Some(LimitId(3)), vec![4]));
    assert_eq!(limit.value, Some(Scaled { number: Some(5), scale: None }));
}

#[test]
fn bounds_hold() {
    let deep = |n: usize| format!("{{\"limit\":[{{\"new\":{}{}}}]}}", "[".repeat(n), "]".repeat(n));
    assert!(read(&deep(61)).is_ok());
    assert_eq!(read(&deep(62)).expect_err("deep").rule, Rule::Depth { limit: 64 });
    let unclosed = "[".repeat(1 << 20);
    assert_eq!(read(&unclosed).expect_err("deep").rule, Rule::Depth { limit: 64 });

    let wide = |n: usize| format!("{{\"limit\":[{{\"entity\":[{}]}}]}}", vec!["1"; n].join(","));
    assert!(read(&wide(60_000)).is_ok());
    assert_eq!(read(&wide(70_000)).expect_err("wide").rule, Rule::Nodes { limit: 65_536 });

    let long = format!("{{\"limit\":[{{\"type\":\"{}\"}}]}}", "a".repeat(1 << 20));
    assert_eq!(read(&long).expect_err("long").rule, Rule::Size { limit: 1 << 20 });
    let small = Reader::tolerant().max_size(16);
    assert!(small.read::<Root>(br#"{"limit":[{"limitId":1}]}"#).is_err());
}

/// Reading takes linear time, whatever the form: this list once took seconds.
#[test]
fn a_long_list_of_loose_keys_is_read_as_fast_as_any() {
    let list = |key: &dyn Fn(usize) -> String| {
        let entries: Vec<_> = (0..30_000).map(|i| format!("{{\"{}\":1}}", key(i))).collect();
        format!("{{\"limit\":[{{\"values\":[{}]}}]}}", entries.join(","))
    };
    let start = std::time::Instant::now();
    assert!(read(&list(&|_| "number".into())).is_ok());
    let usual = start.elapsed();
    let start = std::time::Instant::now();
    assert!(read(&list(&|i| format!("k{i}"))).is_ok());
    let loose = start.elapsed();
    assert!(loose < usual * 10 + core::time::Duration::from_millis(50), "{usual:?}, {loose:?}");
}

#[test]
fn names_lead_to_contents_and_back() {
    use crate::Member;
    let data = Data::from(Scaled::default());
    assert_eq!(data.which(), Some(Function::Single));
    assert_eq!(Scaled::peel(&data), Some(&Scaled::default()));
    assert_eq!(List::<Limit>::peel(&data), None);
    assert_eq!(Data::empty(Function::Single), data);
    assert_eq!(Function::parse("limitListData"), Some(Function::Listed));
    assert_eq!(Function::Listed.to_string(), "limitListData");
    assert_eq!(Function::LIST.len(), Data::ALTERNATIVES.len());
}

fn scaled() -> impl Strategy<Value = Scaled> {
    (any::<Option<i64>>(), any::<Option<i16>>())
        .prop_map(|(number, scale)| Scaled { number, scale })
}

prop_compose! {
    fn limits()(
        id in any::<Option<u32>>(),
        is_changeable in any::<Option<bool>>(),
        category in any::<Option<String>>(),
        value in proptest::option::of(scaled()),
        entity in proptest::collection::vec(any::<u32>(), 0..4),
        tag in any::<bool>(),
        snake_case in any::<Option<u64>>(),
        values in proptest::collection::vec(scaled(), 0..4),
        type_ in any::<Option<String>>(),
    ) -> Limit {
        Limit {
            limit_id: id.map(LimitId),
            is_changeable,
            category: category.map(|word| Category::from(&*word)),
            closed: None,
            value,
            entity,
            tag: tag.then_some(Tag),
            snake_case,
            values,
            contact: None,
            type_,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(limit in limits()) {
        let text = to_string(&Root::Limit(limit.clone()));
        prop_assert_eq!(read(&text), Ok(Root::Limit(limit.clone())));
        prop_assert_eq!(Reader::strict().read(text.as_bytes()), Ok(Root::Limit(limit)));
    }

    #[test]
    fn no_octets_make_the_reader_panic(octets in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ = Reader::tolerant().read_partly::<Root>(&octets);
        let _ = Reader::strict().read_partly::<Root>(&octets);
    }

    #[test]
    fn no_brackets_make_the_reader_panic(text in r#"\{"(limit|command)":[\[\]{},:"0-9a-z\\ ]{0,64}"#) {
        let _ = read(&text);
    }
}
