//! The texts of the page: Fluent in, JSON out.
//!
//! A catalogue is one object from keys to patterns. A message `stop = Pause` has the key `stop`,
//! its attribute `.title` the key `stop.title`. A pattern is a string, or a list of parts:
//!
//! - a string,
//! - `{"var": "name"}`: the value with this name,
//! - `{"select": "name", "cases": {"one": pattern, "other": pattern}, "default": "other"}`: the case
//!   that is called like the value; else, for a number, the one called like its plural category in
//!   this language; else the default.
//!
//! Terms and references to other messages are put in where they stand. Functions such as
//! `NUMBER()` are refused: the page formats numbers and times before it passes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement, VariantKey};
use fluent_syntax::unicode::unescape_unicode_to_string;
use fluent_syntax::{ast, parser};
use serde_json::{Map, Value, json};

/// The language that the others are compared with.
pub(crate) const REFERENCE: &str = "en";

/// The plural categories of each language (CLDR, cardinal numbers).
const PLURALS: &[(&str, &[&str])] = &[("de", &["one", "other"]), ("en", &["one", "other"])];
/// All plural categories there are.
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];
/// How deep references may lead: deeper means in a circle.
const DEPTH: usize = 8;

/// The texts of one language.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue(BTreeMap<String, Pattern>);

#[derive(Clone, Debug, Default)]
struct Pattern(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Variable(String),
    Select { variable: String, cases: Vec<(String, Pattern)>, default: String },
}

/// The catalogues of a folder with one folder per language, in the order of their names.
pub(crate) fn read(folder: &Path) -> Result<Vec<(String, Catalogue)>, Vec<String>> {
    let list = |folder: &Path| -> Result<Vec<_>, Vec<String>> {
        let failed = |error| vec![format!("{}: {error}", folder.display())];
        let entries = fs::read_dir(folder).map_err(failed)?;
        let mut paths: Vec<_> = entries
            .map(|entry| entry.map(|e| e.path()))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        paths.sort();
        Ok(paths)
    };
    let mut catalogues = Vec::new();
    let mut problems = Vec::new();
    for language in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        let mut text = String::new();
        for file in
            list(&language)?.into_iter().filter(|path| path.extension().is_some_and(|e| e == "ftl"))
        {
            text += &fs::read_to_string(&file)
                .map_err(|error| vec![format!("{}: {error}", file.display())])?;
            text.push('\n');
        }
        let name = language.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match Catalogue::parse(&text) {
            Ok(catalogue) => catalogues.push((name, catalogue)),
            Err(wrong) => {
                problems.extend(wrong.into_iter().map(|wrong| format!("i18n/{name}: {wrong}")));
            }
        }
    }
    if problems.is_empty() { Ok(catalogues) } else { Err(problems) }
}

/// What is missing, left over or different between the languages (CH-302).
pub(crate) fn compare(all: &[(String, Catalogue)]) -> Vec<String> {
    let Some((_, reference)) = all.iter().find(|(language, _)| language == REFERENCE) else {
        return vec![format!("i18n/{REFERENCE} is missing")];
    };
    let mut problems = Vec::new();
    for (language, catalogue) in all {
        let mut problem = |text: String| problems.push(format!("i18n/{language}: {text}"));
        let Some((_, plurals)) = PLURALS.iter().find(|(known, _)| known == language) else {
            problem("the build does not know its plural categories".into());
            continue;
        };
        for key in reference.keys().filter(|key| !catalogue.has(key)) {
            problem(format!("{key} is missing"));
        }
        for (key, pattern) in &catalogue.0 {
            match reference.0.get(key) {
                None => problem(format!("{key} is not in i18n/{REFERENCE}")),
                Some(expected) if expected.variables() != pattern.variables() => problem(format!(
                    "{key} has the variables {:?}, in i18n/{REFERENCE} they are {:?}",
                    pattern.variables(),
                    expected.variables()
                )),
                Some(_) => {}
            }
            pattern.check_plurals(plurals, &mut |wrong| problem(format!("{key}: {wrong}")));
        }
    }
    problems
}

impl Catalogue {
    /// The catalogue of this Fluent text.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let resource = parser::parse(text).map_err(|(_, errors)| {
            let at =
                |error: &parser::ParserError| text[..error.pos.start].matches('\n').count() + 1;
            errors.iter().map(|error| format!("line {}: {error}", at(error))).collect::<Vec<_>>()
        })?;
        let mut source = Source::default();
        let mut problems = Vec::new();
        let mut keys = Vec::new();
        for entry in &resource.body {
            let (id, value, attributes) = match entry {
                Entry::Message(message) => {
                    (message.id.name.to_owned(), message.value.as_ref(), &message.attributes)
                }
                Entry::Term(term) => {
                    (format!("-{}", term.id.name), Some(&term.value), &term.attributes)
                }
                _ => continue,
            };
            let attributes = attributes.iter().map(|a| (format!("{id}.{}", a.id.name), &a.value));
            for (key, pattern) in
                value.map(|value| (id.clone(), value)).into_iter().chain(attributes)
            {
                if source.0.insert(key.clone(), pattern).is_some() {
                    problems.push(format!("{key} is there twice"));
                }
                keys.push(key);
            }
        }
        let mut catalogue = Self::default();
        for key in keys.into_iter().filter(|key| !key.starts_with('-')) {
            match source.pattern(source.0[&key], 0) {
                Ok(pattern) => drop(catalogue.0.insert(key, pattern)),
                Err(why) => problems.push(format!("{key}: {why}")),
            }
        }
        if problems.is_empty() { Ok(catalogue) } else { Err(problems) }
    }

    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Whether there is a text for this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The catalogue as the page reads it.
    pub(crate) fn to_json(&self) -> String {
        let all: Map<String, Value> =
            self.0.iter().map(|(key, pattern)| (key.clone(), pattern.to_json())).collect();
        Value::Object(all).to_string()
    }
}

impl Pattern {
    fn push(&mut self, part: Part) {
        match (self.0.last_mut(), part) {
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (_, part) => self.0.push(part),
        }
    }

    fn to_json(&self) -> Value {
        match &self.0[..] {
            [] => json!(""),
            [Part::Text(text)] => json!(text),
            parts => parts.iter().map(Part::to_json).collect(),
        }
    }

    fn variables(&self) -> BTreeSet<&str> {
        let mut variables = BTreeSet::new();
        for part in &self.0 {
            match part {
                Part::Text(_) => {}
                Part::Variable(name) => drop(variables.insert(name.as_str())),
                Part::Select { variable, cases, .. } => {
                    variables.insert(variable);
                    variables.extend(cases.iter().flat_map(|(_, pattern)| pattern.variables()));
                }
            }
        }
        variables
    }

    /// A choice by plural category has all categories of the language and no others.
    fn check_plurals(&self, plurals: &[&str], problem: &mut impl FnMut(String)) {
        for part in &self.0 {
            let Part::Select { cases, .. } = part else { continue };
            let named: Vec<&str> = cases.iter().map(|(case, _)| case.as_str()).collect();
            // A lone `other` is the default of any choice.
            if named.iter().any(|case| *case != "other" && CATEGORIES.contains(case)) {
                for category in plurals.iter().filter(|category| !named.contains(category)) {
                    problem(format!("the plural category {category} is missing"));
                }
                let strange = |case: &&&str| CATEGORIES.contains(case) && !plurals.contains(case);
                for category in named.iter().filter(strange) {
                    problem(format!("the language has no plural category {category}"));
                }
            }
            for (_, pattern) in cases {
                pattern.check_plurals(plurals, problem);
            }
        }
    }
}

impl Part {
    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Variable(name) => json!({ "var": name }),
            Self::Select { variable, cases, default } => {
                let cases: Map<String, Value> =
                    cases.iter().map(|(case, pattern)| (case.clone(), pattern.to_json())).collect();
                json!({ "select": variable, "cases": cases, "default": default })
            }
        }
    }
}

/// All patterns by key, to follow references.
#[derive(Default)]
struct Source<'a>(BTreeMap<String, &'a ast::Pattern<&'a str>>);

impl Source<'_> {
    fn pattern(&self, pattern: &ast::Pattern<&str>, depth: usize) -> Result<Pattern, String> {
        if depth > DEPTH {
            return Err("its references lead in a circle".into());
        }
        let mut parts = Pattern::default();
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => parts.push(Part::Text((*value).into())),
                PatternElement::Placeable { expression } => {
                    self.expression(expression, depth, &mut parts)?;
                }
            }
        }
        Ok(parts)
    }

    fn expression(
        &self,
        expression: &Expression<&str>,
        depth: usize,
        parts: &mut Pattern,
    ) -> Result<(), String> {
        match expression {
            Expression::Inline(inline) => self.inline(inline, depth, parts),
            Expression::Select { selector, variants } => {
                let InlineExpression::VariableReference { id } = selector else {
                    return Err("a choice must be made by a variable".into());
                };
                let name = |key: &VariantKey<&str>| match *key {
                    VariantKey::Identifier { name } => name.to_owned(),
                    VariantKey::NumberLiteral { value } => value.to_owned(),
                };
                let mut cases = Vec::new();
                for variant in variants {
                    cases.push((name(&variant.key), self.pattern(&variant.value, depth + 1)?));
                }
                let default = variants.iter().find(|variant| variant.default);
                let default = default.map(|variant| name(&variant.key)).unwrap_or_default();
                parts.push(Part::Select { variable: id.name.into(), cases, default });
                Ok(())
            }
        }
    }

    fn inline(
        &self,
        inline: &InlineExpression<&str>,
        depth: usize,
        parts: &mut Pattern,
    ) -> Result<(), String> {
        let key = match inline {
            InlineExpression::StringLiteral { value } => {
                parts.push(Part::Text(unescape_unicode_to_string(value).into_owned()));
                return Ok(());
            }
            InlineExpression::NumberLiteral { value } => {
                parts.push(Part::Text((*value).into()));
                return Ok(());
            }
            InlineExpression::VariableReference { id } => {
                parts.push(Part::Variable(id.name.into()));
                return Ok(());
            }
            InlineExpression::Placeable { expression } => {
                return self.expression(expression, depth, parts);
            }
            InlineExpression::FunctionReference { id, .. } => {
                return Err(format!("the function {} is not supported", id.name));
            }
            InlineExpression::TermReference { arguments: Some(_), id, .. } => {
                return Err(format!("the term {} takes no arguments", id.name));
            }
            InlineExpression::MessageReference { id, attribute: None } => id.name.to_owned(),
            InlineExpression::MessageReference { id, attribute: Some(attribute) } => {
                format!("{}.{}", id.name, attribute.name)
            }
            InlineExpression::TermReference { id, .. } => format!("-{}", id.name),
        };
        let pattern = self.0.get(&key).ok_or_else(|| format!("there is no {key}"))?;
        for part in self.pattern(pattern, depth + 1)?.0 {
            parts.push(part);
        }
        Ok(())
    }
}
