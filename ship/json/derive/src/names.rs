//! From Rust names to wire names.

use syn::{Attribute, Ident, LitStr};

/// `limit_id` is `limitId`, `type_` is `type`.
pub(crate) fn field(ident: &Ident) -> String {
    let text = ident.to_string();
    let mut words = text.trim_start_matches("r#").trim_end_matches('_').split('_');
    let mut name = String::from(words.next().unwrap_or_default());
    for word in words {
        name.push_str(&capitalised(word));
    }
    name
}

/// `LoadControlLimitData` is `loadControlLimitData`.
pub(crate) fn lower_camel(ident: &Ident) -> String {
    let text = ident.to_string();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => text,
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// The text of `#[name("text")]`, if the attribute is there.
pub(crate) fn text(attributes: &[Attribute], name: &str) -> syn::Result<Option<String>> {
    Ok(texts(attributes, name)?.into_iter().next())
}

/// The texts of every `#[name("text")]`.
pub(crate) fn texts(attributes: &[Attribute], name: &str) -> syn::Result<Vec<String>> {
    attributes
        .iter()
        .filter(|a| a.path().is_ident(name))
        .map(|a| a.parse_args::<LitStr>().map(|text| text.value()))
        .collect()
}

pub(crate) fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|a| a.path().is_ident(name))
}
