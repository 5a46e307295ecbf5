//! `#[derive(Record)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

use crate::names;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(ident, "a record is a struct"));
    };
    let fields = match &data.fields {
        Fields::Named(fields) => fields.named.iter().collect::<Vec<_>>(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(_) => {
            return Err(syn::Error::new_spanned(ident, "the elements of a record have names"));
        }
    };
    let name = names::text(&input.attrs, "record")?.unwrap_or_else(|| names::lower_camel(ident));

    let mut elements = Vec::new();
    let mut slots = Vec::new();
    let mut slots_mut = Vec::new();
    let mut choices = Vec::new();
    let mut text = quote!(None);
    for (i, field) in fields.iter().enumerate() {
        let field_ident = field.ident.as_ref().expect("a named field");
        let ty = &field.ty;
        let inline = names::has(&field.attrs, "choice");
        let element = match names::text(&field.attrs, "element")? {
            Some(name) => name,
            None if inline => String::new(),
            None => names::field(field_ident),
        };
        let aliases = names::texts(&field.attrs, "alias")?;
        let is_key = names::has(&field.attrs, "key");
        let is_guard = names::has(&field.attrs, "guard");
        elements.push(quote! {
            ::eebus_json::Element {
                name: #element,
                aliases: &[#(#aliases),*],
                is_key: #is_key,
                is_guard: #is_guard,
                is_inline: #inline,
                is_repeated: <#ty as ::eebus_json::Slot>::REPEATED,
                kind: <#ty as ::eebus_json::Slot>::KIND,
            }
        });
        slots.push(quote!(#i => &self.#field_ident));
        slots_mut.push(quote!(#i => &mut self.#field_ident));
        if inline {
            choices.push(quote! {
                match ::eebus_json::Choices::choose(&mut self.#field_ident, name) {
                    ::eebus_json::Chosen::No => {}
                    chosen => return chosen,
                }
            });
        }
        if names::has(&field.attrs, "text") {
            text = quote!(Some(#i));
        }
    }
    let count = fields.len();
    let choose = (!choices.is_empty()).then(|| {
        quote! {
            fn choose(&mut self, name: &str) -> ::eebus_json::Chosen<'_> {
                #(#choices)*
                ::eebus_json::Chosen::No
            }
        }
    });

    Ok(quote! {
        impl ::eebus_json::Shaped for #ident {
            const SHAPE: &'static ::eebus_json::Shape = &::eebus_json::Shape {
                name: #name,
                elements: &[#(#elements),*],
                text: #text,
            };
        }

        impl ::eebus_json::Record for #ident {
            fn shape(&self) -> &'static ::eebus_json::Shape {
                <Self as ::eebus_json::Shaped>::SHAPE
            }

            fn slot(&self, i: usize) -> &dyn ::eebus_json::AnySlot {
                match i {
                    #(#slots,)*
                    _ => panic!("{} has {} elements, not {}", #name, #count, i),
                }
            }

            fn slot_mut(&mut self, i: usize) -> &mut dyn ::eebus_json::AnySlot {
                match i {
                    #(#slots_mut,)*
                    _ => panic!("{} has {} elements, not {}", #name, #count, i),
                }
            }

            #choose
        }

        impl ::eebus_json::Value for #ident {
            const KIND: ::eebus_json::Kind =
                ::eebus_json::Kind::Record(<Self as ::eebus_json::Shaped>::SHAPE);

            fn blank() -> Self {
                <Self as ::core::default::Default>::default()
            }

            fn view(&self) -> ::eebus_json::View<'_> {
                ::eebus_json::View::Record(self)
            }

            fn target(&mut self) -> ::eebus_json::Target<'_> {
                ::eebus_json::Target::Record(self)
            }
        }

        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::eebus_json::debug(self, f)
            }
        }
    })
}
