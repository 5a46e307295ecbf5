//! The model against the table of the standard, `data/spine-model.json`: every type, element,
//! order, identifier and word, in both directions.

use std::collections::BTreeSet;

use eebus_json::{Alternative, Choice, Kind, Raw, Reader, Shape, Shaped};
use serde_json::{Map, Value};
use spine::datagram::Commands;
use spine::exchange::{Options, read};
use spine::model::{
    Cmd, CmdControl, ElementsFilter, FeatureType, Filter, Function, Header, Payload, Selectors,
};

/// The table, and what has been compared so far.
struct Table {
    all: Value,
    structs: BTreeSet<String>,
    enums: BTreeSet<String>,
}

impl Table {
    fn new() -> Self {
        let text = include_str!("../data/spine-model.json");
        let all = serde_json::from_str(text).expect("the table is JSON");
        Self { all, structs: BTreeSet::new(), enums: BTreeSet::new() }
    }

    fn part(&self, key: &str) -> &Map<String, Value> {
        self.all[key].as_object().expect(key)
    }

    fn struct_of(&self, name: &str) -> Option<&Value> {
        self.part("structs").get(name)
    }

    fn fields(&self, name: &str) -> Vec<Value> {
        let fields = self.struct_of(name).expect(name)["fields"].as_array().expect(name);
        fields.clone()
    }

    /// The structure that a narrowed one narrows: the model uses it instead.
    fn base(&self, name: &str) -> String {
        match self.struct_of(name).and_then(|narrow| narrow["restricts"].as_str()) {
            Some(base) => self.base(base),
            None => name.into(),
        }
    }

    /// Compares a structure and everything within it.
    fn compare(&mut self, name: &str, shape: &'static Shape) {
        self.narrow(name);
        let base = self.base(name);
        let of_base: Vec<String> = texts(&self.fields(&base), "name");
        self.structs.insert(base.clone());

        let elements: Vec<_> = shape.elements.iter().filter(|e| !e.is_inline).collect();
        let names: Vec<_> = elements.iter().map(|element| element.name).collect();
        assert_eq!(names, of_base, "{base}");
        for (field, element) in self.fields(&base).iter().zip(elements) {
            let at = format!("{base}.{}", element.name);
            assert_eq!(element.is_repeated, field["list"] == true, "{at}");
            let key = field["key"].as_str().unwrap_or_default();
            assert_eq!(element.is_key, key == "primary" || key == "sub", "{at}");
            assert_eq!(element.is_guard, field["write_check"] == true, "{at}");
            self.compare_kind(&at, field["type"].as_str().expect("a type"), element.kind);
        }
    }

    /// A structure narrowed inside another one has elements of its base only, and so have those
    /// within it.
    fn narrow(&mut self, name: &str) {
        let of_base = texts(&self.fields(&self.base(name)), "name");
        self.structs.insert(name.into());
        for field in self.fields(name) {
            let element = field["name"].as_str().expect("a name").to_owned();
            assert!(of_base.contains(&element), "{name}.{element}");
            let inner = field["type"].as_str().expect("a type");
            if self.struct_of(inner).is_some_and(|inner| inner.get("restricts").is_some()) {
                self.narrow(inner);
            }
        }
    }

    fn compare_kind(&mut self, at: &str, name: &str, kind: Kind) {
        if name == "ElementTagType" {
            assert!(matches!(kind, Kind::Tag), "{at}");
        } else if self.struct_of(name).is_some() {
            let Kind::Record(shape) = kind else { panic!("{at} is a structure") };
            self.compare(name, shape);
        } else if let Some(list) = self.part("enums").get(name).cloned() {
            self.enums.insert(name.into());
            self.compare_words(at, name, &list, kind);
        } else {
            self.compare_simple(at, name, kind);
        }
    }

    fn compare_words(&self, at: &str, name: &str, list: &Value, kind: Kind) {
        // Three letters each, of which the model names a few; and what the standard leaves open.
        if name == "CurrencyType" || list["open"] == true {
            assert!(matches!(kind, Kind::Text), "{at}");
            return;
        }
        let Kind::Word { words, open } = kind else { panic!("{at} is a word") };
        let standard: Vec<_> =
            list["values"].as_array().expect(name).iter().filter_map(Value::as_str).collect();
        assert_eq!(open, list["extensible"] == true, "{at}");
        if name == "FunctionType" {
            // The model lists them in the order of the commands, the schema in that of their age.
            let set = |words: &[&str]| words.iter().map(|&w| w.to_owned()).collect::<BTreeSet<_>>();
            assert_eq!(set(words), set(&standard), "{at}");
        } else {
            assert_eq!(words, standard, "{at}");
        }
    }

    fn compare_simple(&self, at: &str, name: &str, kind: Kind) {
        let base = match self.part("simple_types").get(name) {
            Some(simple) => simple["base"].as_str().expect(name).to_owned(),
            None => name.to_owned(),
        };
        match (base.as_str(), kind) {
            ("bool", Kind::Bool) => {}
            ("integer", Kind::Number("i64")) => {}
            (number, Kind::Number(ours)) => assert_eq!(number, ours, "{at}"),
            (
                "string" | "duration" | "dateTime" | "date" | "time" | "hexBinary" | "union",
                Kind::Text,
            ) => {}
            (other, kind) => panic!("{at} is {other}, not {kind:?}"),
        }
    }
}

fn texts(fields: &[Value], key: &str) -> Vec<String> {
    fields.iter().filter_map(|field| field[key].as_str()).map(String::from).collect()
}

fn functions(table: &Table) -> Vec<(Function, Value)> {
    let rows = table.part("functions").iter();
    rows.map(|(name, row)| (Function::parse(name).expect(name), row.clone())).collect()
}

fn record_shape(alternative: &Alternative) -> &'static Shape {
    match alternative.kind {
        Kind::Record(shape) => shape,
        kind => panic!("{} is {kind:?}", alternative.name),
    }
}

#[test]
fn every_function_of_the_standard_has_a_payload_and_no_other() {
    let table = Table::new();
    let ours: BTreeSet<_> = Function::LIST.iter().map(|function| function.as_str()).collect();
    let standard: BTreeSet<_> = table.part("functions").keys().map(String::as_str).collect();
    assert_eq!(ours, standard);
    let choice = table.all["choices"]["DataChoiceGroup"]["alternatives"].as_object();
    let standard: BTreeSet<_> = choice.expect("a choice").keys().map(String::as_str).collect();
    assert_eq!(ours, standard);
}

#[test]
fn every_structure_has_the_elements_of_the_standard_in_its_order() {
    let mut table = Table::new();
    for (function, row) in functions(&table) {
        let alternative = &Payload::ALTERNATIVES[function as usize];
        assert_eq!(alternative.name, function.as_str());
        table.compare(row["data_type"].as_str().expect("data"), record_shape(alternative));
    }
    table.compare("CmdControlType", CmdControl::SHAPE);
    table.compare("HeaderType", Header::SHAPE);

    // Nothing of the standard is left over but what the model has other means for.
    let elsewhere = ["CmdType", "DatagramType", "ElementTagType", "FilterType", "PayloadType"];
    let left: Vec<_> = table
        .part("structs")
        .iter()
        .filter(|(name, row)| {
            let kind = row["kind"].as_str();
            !table.structs.contains(*name)
                && !matches!(kind, Some("elements" | "selectors"))
                && !elsewhere.contains(&name.as_str())
        })
        .map(|(name, _)| name)
        // The common base of two types that add nothing to it, and an interval of selectors.
        .filter(|name| {
            !matches!(name.as_str(), "PossibleOperationsClassifierType" | "TimestampIntervalType")
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let left: Vec<_> = table
        .part("enums")
        .iter()
        .filter(|(name, row)| !table.enums.contains(*name) && row.get("part_of").is_none())
        .map(|(name, _)| name)
        // No element of the schema is of this type.
        .filter(|name| *name != "ElectricalConnectionConnectionPointType")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn commands_and_filters_have_the_elements_of_the_standard_in_its_order() {
    let table = Table::new();
    for (name, shape) in [("CmdType", Cmd::SHAPE), ("FilterType", Filter::SHAPE)] {
        let standard = table.fields(name);
        assert_eq!(shape.elements.len(), standard.len(), "{name}");
        for (element, field) in shape.elements.iter().zip(standard) {
            assert_eq!(element.is_inline, field.get("choice_group").is_some(), "{name}");
            assert_eq!(element.is_repeated, field["list"] == true, "{name}.{}", element.name);
            assert_eq!(element.name, field["name"].as_str().unwrap_or_default(), "{name}");
        }
    }
    assert_eq!(texts(&table.fields("PayloadType"), "name"), [Commands::SHAPE.elements[0].name]);
}

#[test]
fn identifiers_are_those_of_the_standard() {
    for (function, row) in functions(&Table::new()) {
        let identifiers = &row["identifiers"];
        let named = |part: &str| identifiers[part].as_array().is_some_and(|all| !all.is_empty());
        let standard = row["kind"] == "list" && (named("primary") || named("sub"));
        assert_eq!(function.has_identifiers(), standard, "{function}");
        assert_eq!(function.is_call(), row["kind"] == "call", "{function}");
    }
}

#[test]
fn a_feature_type_serves_the_functions_of_the_standard() {
    let table = Table::new();
    let types = table.part("feature_types");
    let ours: BTreeSet<_> = FeatureType::WORDS.iter().copied().collect();
    assert_eq!(ours, types.keys().map(String::as_str).collect());
    for (name, row) in types {
        let ours: Vec<_> =
            FeatureType::from(name.as_str()).functions().iter().map(|f| f.as_str()).collect();
        let mut standard: Vec<_> =
            row["functions"].as_array().expect(name).iter().filter_map(Value::as_str).collect();
        if row["any_function"] == true {
            standard.clear();
        }
        assert_eq!(ours, standard, "{name}");
    }
}

#[test]
fn the_names_of_filters_lead_to_their_function() {
    for (function, row) in functions(&Table::new()) {
        if let Some(name) = row["selectors"].as_str() {
            assert_eq!(Selectors::pick(name).and_then(|s| s.function()), Some(function));
        }
        if let Some(name) = row["elements"].as_str() {
            assert_eq!(ElementsFilter::pick(name).and_then(|e| e.function()), Some(function));
        }
    }
}

/// There is one type for the selectors of all functions: it must understand every one of theirs.
#[test]
fn every_selector_of_the_standard_can_be_evaluated() {
    let table = Table::new();
    let mut count = 0;
    for (function, row) in functions(&table) {
        let Some(of_function) = row["selectors_type"].as_str() else { continue };
        for field in table.fields(of_function) {
            let name = field["name"].as_str().expect("a name");
            let value = sample(&table, &field);
            let text = format!(
                concat!(
                    "[{{\"function\":\"{0}\"}},{{\"filter\":[[{{\"cmdControl\":[{{\"partial\":[]}}]}},",
                    "{{\"{0}Selectors\":[{{\"{1}\":{2}}}]}}]]}},{{\"{0}\":[]}}]"
                ),
                function, name, value
            );
            let cmd: Cmd = Reader::strict()
                .content(&Raw::new(&text).expect("JSON"))
                .unwrap_or_else(|fault| panic!("{text}: {fault}"));
            let options = Options {
                now: Some(spine::model::UtcTime { seconds: 0, nanos: 0 }),
                ..Options::default()
            };
            let reply = read(&Payload::empty(function), &cmd, &options).expect("an answer");
            // Selectors that are not understood are answered in full.
            let is_understood = !reply.filter.is_empty();
            // Their four levels reach into each other; the use cases exchange the whole.
            let is_served = function != Function::SmartEnergyManagementPsData;
            assert_eq!(is_understood, is_served, "{text}");
            count += 1;
        }
    }
    assert_eq!(count, 171 + 14, "elements of the selectors of lists, and of the others");
}

/// A value that the element could have.
fn sample(table: &Table, field: &Value) -> String {
    let name = field["type"].as_str().expect("a type");
    let one = if let Some(of_struct) = table.struct_of(name) {
        let inner = of_struct["fields"].as_array().expect(name).iter();
        let inner: Vec<_> = inner
            .map(|field| {
                let name = field["name"].as_str().expect("a name");
                format!("{{\"{name}\":{}}}", sample(table, field))
            })
            .collect();
        format!("[{}]", inner.join(","))
    } else if let Some(list) = table.part("enums").get(name) {
        let first = list["values"].as_array().and_then(|values| values.first());
        first.unwrap_or(&Value::from("x")).to_string()
    } else {
        let base = table.part("simple_types").get(name).and_then(|simple| simple["base"].as_str());
        match base.unwrap_or(name) {
            "bool" => "true".into(),
            "string" => "\"x\"".into(),
            "duration" | "union" => "\"PT1S\"".into(),
            "dateTime" => "\"2026-05-04T10:00:00Z\"".into(),
            _ => "1".into(),
        }
    };
    if field["list"] == true { format!("[{one}]") } else { one }
}

/// There is one type for the elements of all functions: they are names that the data have.
#[test]
fn every_element_filter_of_the_standard_names_elements_of_the_data() {
    let table = Table::new();
    for (function, row) in functions(&table) {
        let Some(elements) = row["elements_type"].as_str() else { continue };
        let starts_at = match row["elements_scope"].as_str() {
            Some("item") => function.entry(),
            _ => Some(function.shape()),
        };
        match starts_at {
            Some(shape) => named_in(&table, elements, shape),
            // The entries of this one are texts.
            None => assert_eq!(function, Function::SpecificationVersionListData),
        }
    }
}

fn named_in(table: &Table, elements: &str, shape: &'static Shape) {
    for field in table.fields(elements) {
        let name = field["name"].as_str().expect("a name");
        let i = shape.position(name).unwrap_or_else(|| panic!("{elements}: {name}"));
        let inner = field["type"].as_str().expect("a type");
        if inner != "ElementTagType"
            && let Kind::Record(shape) = shape.elements[i].kind
        {
            named_in(table, inner, shape);
        }
    }
}
