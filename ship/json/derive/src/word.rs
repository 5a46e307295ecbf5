//! `#[derive(Word)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

use crate::names;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(ident, "a word is a variant of an enum"));
    };
    let exact = names::has(&input.attrs, "words");

    let mut words = Vec::new();
    let mut other = None;
    for variant in &data.variants {
        match &variant.fields {
            Fields::Unit => {
                let word = names::text(&variant.attrs, "word")?.unwrap_or_else(|| {
                    if exact {
                        variant.ident.to_string()
                    } else {
                        names::lower_camel(&variant.ident)
                    }
                });
                words.push((&variant.ident, word));
            }
            Fields::Unnamed(_) if variant.ident == "Other" => other = Some(&variant.ident),
            _ => return Err(syn::Error::new_spanned(variant, "a word has no content")),
        }
    }
    let Some((first, _)) = words.first() else {
        return Err(syn::Error::new_spanned(ident, "at least one word"));
    };

    let list = words.iter().map(|(_, word)| word);
    let as_str = words.iter().map(|(variant, word)| quote!(Self::#variant => #word));
    let as_str_other = other.map(|other| quote!(Self::#other(word) => word,));
    let parse = words.iter().map(|(variant, word)| quote!(#word => Self::#variant));
    let parse_other = match other {
        Some(other) => quote!(Self::#other(word.into())),
        None => quote!(return None),
    };
    let open = other.is_some();
    let from = other.map(|_| {
        quote! {
            impl From<&str> for #ident {
                fn from(word: &str) -> Self {
                    Self::parse(word).expect("an open enumeration keeps every word")
                }
            }
        }
    });

    Ok(quote! {
        impl #ident {
            /// The words of the standard, in its order.
            pub const WORDS: &'static [&'static str] = &[#(#list),*];

            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    #(#as_str,)*
                    #as_str_other
                }
            }

            /// The variant for a word; `None` if the list is closed and lacks it.
            pub fn parse(word: &str) -> Option<Self> {
                Some(match word {
                    #(#parse,)*
                    _ => #parse_other,
                })
            }
        }

        impl ::core::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        #from

        impl ::eebus_json::Text for #ident {
            fn as_text(&self) -> &str {
                self.as_str()
            }

            fn set_text(&mut self, text: &str) -> bool {
                match Self::parse(text) {
                    Some(word) => {
                        *self = word;
                        true
                    }
                    None => false,
                }
            }
        }

        impl ::eebus_json::Value for #ident {
            const KIND: ::eebus_json::Kind =
                ::eebus_json::Kind::Word { words: Self::WORDS, open: #open };

            fn blank() -> Self {
                Self::#first
            }

            fn view(&self) -> ::eebus_json::View<'_> {
                ::eebus_json::View::Text(self.as_str())
            }

            fn target(&mut self) -> ::eebus_json::Target<'_> {
                ::eebus_json::Target::Text(self)
            }
        }
    })
}
