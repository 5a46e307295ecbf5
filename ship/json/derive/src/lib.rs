//! Derives for `eebus-json`: what a type looks like on the wire, said once, on the type.
//!
//! Use them through `eebus_json`, which re-exports them beside the traits that they implement.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod choice;
mod id;
mod names;
mod record;
mod word;

/// A complex type: named elements in the order of the schema.
///
/// Fields are `Option<T>` (at most one) or `Vec<T>` (repeated). The wire name of a field is its
/// name in lower camel case without a trailing underscore.
///
/// On the struct: `#[record("name")]` overrides the wire name. On a field: `#[element("name")]`
/// overrides the wire name, `#[alias("name")]` is read as well, `#[key]` marks an identifier,
/// `#[guard]` the flag that permits a peer's writes to the entry, `#[choice]` an alternative that
/// stands in the record under its own name, and `#[text]` the element that a bare string means.
#[proc_macro_derive(Record, attributes(record, element, alias, key, guard, choice, text))]
pub fn record(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), record::derive)
}

/// One of several named contents: a message root, or the function data of a command.
///
/// Every variant holds one value. `#[element("name")]` and `#[alias("name")]` work as in
/// `Record`; `#[other]` marks the variant that keeps contents of unknown names. With
/// `#[names(Function)]` on the enum, a field-less enum of that name and conversions from and to
/// the contents are made as well.
#[proc_macro_derive(Choice, attributes(element, alias, names, other))]
pub fn choice(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), choice::derive)
}

/// An enumeration: a word of a list, as text.
///
/// The word is the variant's name in lower camel case, or exactly the variant's name with
/// `#[words(exact)]` on the enum, or what `#[word("...")]` says. A variant `Other(Box<str>)`
/// keeps unknown words.
#[proc_macro_derive(Word, attributes(word, words))]
pub fn word(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), word::derive)
}

/// A newtype that looks on the wire like the value within.
#[proc_macro_derive(Id)]
pub fn id(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput), id::derive)
}

fn expand(
    input: DeriveInput,
    derive: fn(&DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    derive(&input).unwrap_or_else(|error| error.into_compile_error()).into()
}
