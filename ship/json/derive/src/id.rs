//! `#[derive(Id)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    let inner = match &input.data {
        Data::Struct(data) => match (&data.fields, data.fields.len()) {
            (Fields::Unnamed(fields), 1) => &fields.unnamed[0].ty,
            _ => return Err(syn::Error::new_spanned(ident, "a newtype holds one value")),
        },
        _ => return Err(syn::Error::new_spanned(ident, "a newtype is a struct")),
    };

    Ok(quote! {
        impl ::eebus_json::Value for #ident {
            const KIND: ::eebus_json::Kind = <#inner as ::eebus_json::Value>::KIND;

            fn blank() -> Self {
                Self(<#inner as ::eebus_json::Value>::blank())
            }

            fn view(&self) -> ::eebus_json::View<'_> {
                ::eebus_json::Value::view(&self.0)
            }

            fn target(&mut self) -> ::eebus_json::Target<'_> {
                ::eebus_json::Value::target(&mut self.0)
            }
        }

        impl From<#inner> for #ident {
            fn from(value: #inner) -> Self {
                Self(value)
            }
        }

        impl ::core::fmt::Display for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.0, f)
            }
        }
    })
}
