//! The catalogues of the page: how they are read, and that they hold what the page says and no
//! more (CH-302).

#[path = "../../build/catalogue.rs"]
mod catalogue;

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, iter};

use self::catalogue::{Catalogue, REFERENCE, compare, read};

fn assets() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets"))
}

/// What stands in quotation marks of any kind, in a script or in a page.
fn quoted(source: &str) -> impl Iterator<Item = &str> {
    ['"', '\'', '`'].into_iter().flat_map(|mark| source.split(mark))
}

/// What stands between each `before` and the next quotation mark.
fn after<'a>(source: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = source;
    iter::from_fn(move || {
        rest = &rest[rest.find(before)? + before.len()..];
        rest.split('"').next()
    })
}

#[test]
fn ch_302_the_page_says_what_the_catalogue_has_and_nothing_else() {
    let catalogues = read(&assets().join("i18n")).expect("they can be read");
    assert_eq!(compare(&catalogues), [""; 0], "the languages differ");
    let (_, reference) =
        catalogues.iter().find(|(language, _)| language == REFERENCE).expect("there is one");

    let mut said = BTreeSet::new();
    let mut missing = BTreeSet::new();
    for entry in fs::read_dir(assets()).expect("it is there") {
        let path = entry.expect("it can be read").path();
        if !path.extension().is_some_and(|kind| kind == "js" || kind == "html") {
            continue;
        }
        let source = fs::read_to_string(&path).expect("it is text");
        said.extend(quoted(&source).map(str::to_owned));
        let asked = ["data-text=\"", "text(\"", "nodes(\""];
        let asked = asked.into_iter().flat_map(|before| after(&source, before));
        missing.extend(asked.filter(|key| !reference.has(key)).map(str::to_owned));
    }
    let unused: Vec<_> = reference.keys().filter(|key| !said.contains(*key)).collect();
    assert!(missing.is_empty(), "the page asks for what is in no catalogue: {missing:?}");
    assert!(unused.is_empty(), "no page or script names these keys: {unused:?}");
}

fn json(fluent: &str) -> String {
    Catalogue::parse(fluent).expect("it is right").to_json()
}

fn wrong(fluent: &str) -> String {
    Catalogue::parse(fluent).expect_err("it is wrong").join(", ")
}

#[test]
fn patterns_become_strings_and_parts() {
    let fluent = r#"
# A comment.
-brand = Charger
hello = Hello, { -brand }
    .title = { hello }!
spaced = { "  " }a{"\u00A0"}b
limited = { $current }: limited
others = { $count ->
    [one] { $count } other
   *[other] { $count } others
}
"#;
    let expected = serde_json::json!({
        "hello": "Hello, Charger",
        "hello.title": "Hello, Charger!",
        "spaced": "  a\u{a0}b",
        "limited": [{ "var": "current" }, ": limited"],
        "others": [{
            "select": "count",
            "cases": {
                "one": [{ "var": "count" }, " other"],
                "other": [{ "var": "count" }, " others"],
            },
            "default": "other",
        }],
    });
    let made: serde_json::Value = serde_json::from_str(&json(fluent)).expect("it is JSON");
    assert_eq!(made, expected);
}

#[test]
fn what_the_page_could_not_show_is_refused() {
    for (fluent, expected) in [
        ("a = { b }", "a: there is no b"),
        ("a = { -b }", "a: there is no -b"),
        ("a = { b }\nb = { a }", "in a circle"),
        ("a = { NUMBER($n) }", "the function NUMBER is not supported"),
        ("a = { 5 ->\n *[x] y\n }", "a choice must be made by a variable"),
        ("a = b\na = c", "a is there twice"),
        ("a = { $b", "line 1"),
        ("a = b\n= c", "line 2"),
    ] {
        let said = wrong(fluent);
        assert!(said.contains(expected), "{fluent:?}: {said}");
    }
}

#[test]
fn ch_302_languages_are_compared_with_english() {
    let parse = |fluent| Catalogue::parse(fluent).expect("it is right");
    let english = "a = { $x }\nb = { $n ->\n [one] 1\n *[other] 2\n }\nc = C";
    let german = "a = { $y }\nb = { $n ->\n [few] 1\n *[other] 2\n }\nd = D";
    let differences = compare(&[("de".into(), parse(german)), ("en".into(), parse(english))]);
    let expected = [
        "i18n/de: c is missing",
        r#"i18n/de: a has the variables {"y"}, in i18n/en they are {"x"}"#,
        "i18n/de: b: the plural category one is missing",
        "i18n/de: b: the language has no plural category few",
        "i18n/de: d is not in i18n/en",
    ];
    assert_eq!(differences, expected);
    assert_eq!(compare(&[("de".into(), parse(german))]), ["i18n/en is missing"]);
    assert_eq!(
        compare(&[("en".into(), parse("a = b")), ("tlh".into(), parse("a = b"))]),
        ["i18n/tlh: the build does not know its plural categories"]
    );
}
