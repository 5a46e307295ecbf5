//! `#[derive(Choice)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Ident};

use crate::names;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(ident, "a choice is an enum"));
    };

    let mut known = Vec::new();
    let mut other = None;
    for variant in &data.variants {
        let (Fields::Unnamed(fields), 1) = (&variant.fields, variant.fields.len()) else {
            return Err(syn::Error::new_spanned(variant, "an alternative holds one value"));
        };
        let ty = &fields.unnamed[0].ty;
        if names::has(&variant.attrs, "other") {
            other = Some(&variant.ident);
            continue;
        }
        let name = names::text(&variant.attrs, "element")?
            .unwrap_or_else(|| names::lower_camel(&variant.ident));
        let aliases = names::texts(&variant.attrs, "alias")?;
        known.push((&variant.ident, ty, name, aliases));
    }

    let name_arms = known.iter().map(|(variant, _, name, _)| quote!(Self::#variant(_) => #name));
    let other_name = other.map(|other| quote!(Self::#other(unknown) => unknown.name(),));
    let view_arms =
        known.iter().map(|(variant, ..)| quote!(Self::#variant(c) => ::eebus_json::Value::view(c)));
    let other_view = other.map(|other| quote!(Self::#other(c) => ::eebus_json::Value::view(c),));
    let target_arms = known
        .iter()
        .map(|(variant, ..)| quote!(Self::#variant(c) => ::eebus_json::Value::target(c)));
    let other_target =
        other.map(|other| quote!(Self::#other(c) => ::eebus_json::Value::target(c),));
    let pick_arms = known.iter().map(|(variant, ty, name, aliases)| {
        quote!(#name #(| #aliases)* => Self::#variant(<#ty as ::eebus_json::Value>::blank()))
    });
    let fallback = match other {
        Some(other) => quote!(Some(Self::#other(::eebus_json::Unknown::named(name)))),
        None => quote!(None),
    };
    let is_known = match other {
        Some(other) => quote!(!matches!(self, Self::#other(_))),
        None => quote!(true),
    };
    let alternatives = known.iter().map(|(_, ty, name, _)| {
        quote!(::eebus_json::Alternative { name: #name, kind: <#ty as ::eebus_json::Value>::KIND })
    });
    let Some((first, first_ty, ..)) = known.first() else {
        return Err(syn::Error::new_spanned(ident, "at least one alternative"));
    };
    let blank = quote!(Self::#first(<#first_ty as ::eebus_json::Value>::blank()));
    let names = names_enum(input, &known, other)?;

    Ok(quote! {
        impl ::eebus_json::Choice for #ident {
            const ALTERNATIVES: &'static [::eebus_json::Alternative] = &[#(#alternatives),*];

            fn pick(name: &str) -> Option<Self> {
                Some(match name {
                    #(#pick_arms,)*
                    _ => return #fallback,
                })
            }
        }

        impl ::eebus_json::AnyChoice for #ident {
            fn name(&self) -> &str {
                match self {
                    #(#name_arms,)*
                    #other_name
                }
            }

            fn is_known(&self) -> bool {
                #is_known
            }

            fn content(&self) -> ::eebus_json::View<'_> {
                match self {
                    #(#view_arms,)*
                    #other_view
                }
            }

            fn content_mut(&mut self) -> ::eebus_json::Target<'_> {
                match self {
                    #(#target_arms,)*
                    #other_target
                }
            }
        }

        impl ::eebus_json::Value for #ident {
            const KIND: ::eebus_json::Kind =
                ::eebus_json::Kind::Choice(<Self as ::eebus_json::Choice>::ALTERNATIVES);

            fn blank() -> Self {
                #blank
            }

            fn view(&self) -> ::eebus_json::View<'_> {
                ::eebus_json::View::Choice(self)
            }

            fn target(&mut self) -> ::eebus_json::Target<'_> {
                ::eebus_json::AnyChoice::content_mut(self)
            }
        }

        #names
    })
}

/// The field-less twin of a choice, and the way between a content and its choice.
fn names_enum(
    input: &DeriveInput,
    known: &[(&Ident, &syn::Type, String, Vec<String>)],
    other: Option<&Ident>,
) -> syn::Result<TokenStream> {
    let Some(attribute) = input.attrs.iter().find(|a| a.path().is_ident("names")) else {
        return Ok(TokenStream::new());
    };
    let names: Ident = attribute.parse_args()?;
    let ident = &input.ident;
    let vis = &input.vis;
    let doc = format!("The name of each alternative of [`{ident}`].");
    let variants = known.iter().map(|(variant, _, name, _)| {
        let doc = format!("`{name}`");
        quote!(#[doc = #doc] #variant)
    });
    let all = known.iter().map(|(variant, ..)| quote!(Self::#variant));
    let as_str = known.iter().map(|(variant, _, name, _)| quote!(Self::#variant => #name));
    let parse = known.iter().map(|(variant, _, name, _)| quote!(#name => Self::#variant));
    let empty = known.iter().map(|(variant, ty, ..)| {
        quote!(#names::#variant => Self::#variant(<#ty as ::eebus_json::Value>::blank()))
    });
    let which =
        known.iter().map(|(variant, ..)| quote!(Self::#variant(_) => Some(#names::#variant)));
    let which_other = other.map(|other| quote!(Self::#other(_) => None,));
    let members = known.iter().map(|(variant, ty, ..)| {
        let rest = (known.len() + usize::from(other.is_some()) > 1).then(|| quote!(_ => None,));
        quote! {
            impl ::eebus_json::Member<#ident> for #ty {
                const NAME: #names = #names::#variant;

                fn wrap(self) -> #ident {
                    #ident::#variant(self)
                }

                fn peel(choice: &#ident) -> Option<&Self> {
                    match choice {
                        #ident::#variant(content) => Some(content),
                        #rest
                    }
                }

                fn peel_mut(choice: &mut #ident) -> Option<&mut Self> {
                    match choice {
                        #ident::#variant(content) => Some(content),
                        #rest
                    }
                }
            }

            impl From<#ty> for #ident {
                fn from(content: #ty) -> Self {
                    Self::#variant(content)
                }
            }
        }
    });

    Ok(quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #vis enum #names {
            #(#variants,)*
        }

        impl #names {
            /// Every name, in the order of the standard.
            pub const LIST: &'static [Self] = &[#(#all),*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    #(#as_str,)*
                }
            }

            /// The alternative of this wire name, if it is one of ours.
            pub fn parse(name: &str) -> Option<Self> {
                Some(match name {
                    #(#parse,)*
                    _ => return None,
                })
            }
        }

        impl ::core::fmt::Display for #names {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::eebus_json::Named for #ident {
            type Name = #names;
        }

        impl #ident {
            /// The alternative of this name, without content.
            pub fn empty(name: #names) -> Self {
                match name {
                    #(#empty,)*
                }
            }

            /// Which alternative this is; `None` for one that is not modelled.
            pub fn which(&self) -> Option<#names> {
                match self {
                    #(#which,)*
                    #which_other
                }
            }
        }

        #(#members)*
    })
}
