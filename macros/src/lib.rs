//! `#[guarded]`: a field of the schema says in one line who may ask for it.
//!
//! ```ignore
//! #[guarded]
//! #[Object]
//! impl OrderQuery {
//!     /// An order by id.
//!     #[requires(read_orders)]
//!     async fn order(&self, …) -> … { … }
//!
//!     /// Every tenant.
//!     #[operator]
//!     async fn tenants(&self, …) -> … { … }
//!     /// Puts products into a collection, for which the permission is needed: it may be denied for that one alone.
//!     #[requires(write_collections = "id")]
//!     async fn collection_add_products(&self, …, id: ID, …) -> … { … }
//!
//!     /// Claims a host name, for shops whose plan has that.
//!     #[requires(write_settings)]
//!     #[feature(CustomDomains)]
//!     async fn domain_create(&self, …) -> … { … }
//!
//!     /// The shop.
//!     #[public]
//!     async fn shop(&self, …) -> … { … }
//! }
//! ```
//!
//! `#[feature(…)]` beside `#[requires(…)]` says what the shop's plan has to have.
//!
//! `#[requires(write_products, write_collections = "input.collections")]`: the first permission is needed in any case,
//! further ones for each thing that the arguments name at the path.
//!
//! The line becomes the field's guard, its directive in the schema language, and a sentence of its description, so that
//! the three cannot differ. What is for operators is shown to nobody else. It stands above `#[Object]` or `#[Subscription]`, which see only what it makes of it.

use proc_macro::TokenStream;
use proc_macro2::{Span, TokenStream as Tokens};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, ImplItem, ItemImpl, LitStr, Meta, Token, parse_macro_input, parse_quote};

/// Turns `#[requires(…)]`, `#[signed_in]`, `#[operator]` and `#[public]` of each function into guard, directive and description.
#[proc_macro_attribute]
pub fn guarded(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        return Error::new(Span::call_site(), "`guarded` takes no arguments").into_compile_error().into();
    }
    let mut block = parse_macro_input!(item as ItemImpl);
    for item in &mut block.items {
        if let ImplItem::Fn(function) = item
            && let Err(error) = guard(&mut function.attrs)
        {
            return error.into_compile_error().into();
        }
    }
    quote!(#block).into()
}

/// The attributes that say so.
const NAMES: [&str; 5] = ["requires", "signed_in", "operator", "public", "feature"];

/// What a function says of who may ask.
enum Decision {
    /// The permissions: at least one.
    Requires(Vec<Need>),
    /// A member of the staff, or whoever has the permission.
    SignedIn(Option<Ident>),
    /// Who runs the service.
    Operator,
    Public,
}

/// A permission, as it is written: `read_orders`, or `write_collections = "id"`.
struct Need {
    permission: Ident,
    /// Where the arguments name what it is needed for.
    of: Option<LitStr>,
}

impl Parse for Need {
    fn parse(input: ParseStream<'_>) -> Result<Self, Error> {
        let permission = input.parse()?;
        let of = if input.parse::<Option<Token![=]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Self { permission, of })
    }
}

/// The permissions of `#[requires(…)]`.
fn needs(attribute: &Attribute) -> Result<Vec<Need>, Error> {
    let needs = attribute.parse_args_with(Punctuated::<Need, Token![,]>::parse_terminated)?;
    let needs: Vec<Need> = needs.into_iter().collect();
    if needs.is_empty() {
        return Err(Error::new_spanned(attribute, "expected a permission"));
    }
    match needs.iter().skip(1).find(|need| need.of.is_none()) {
        Some(need) => Err(Error::new(need.permission.span(), "a further permission says for what it is needed")),
        None => Ok(needs),
    }
}

fn guard(attributes: &mut Vec<Attribute>) -> Result<(), Error> {
    let mut said = Vec::new();
    for attribute in attributes.iter() {
        if attribute.path().is_ident("requires") {
            said.push((Decision::Requires(needs(attribute)?), attribute));
        } else if attribute.path().is_ident("signed_in") {
            let permission = if matches!(attribute.meta, Meta::Path(_)) { None } else { Some(attribute.parse_args()?) };
            said.push((Decision::SignedIn(permission), attribute));
        } else if attribute.path().is_ident("operator") {
            attribute.meta.require_path_only()?;
            said.push((Decision::Operator, attribute));
        } else if attribute.path().is_ident("public") {
            attribute.meta.require_path_only()?;
            said.push((Decision::Public, attribute));
        }
    }
    let decision = match said.len() {
        0 => return Ok(()),
        1 => said.remove(0).0,
        _ => return Err(Error::new_spanned(said[1].1, "a field says once who may ask for it")),
    };
    let feature = feature(attributes)?;
    if feature.is_some() && !matches!(decision, Decision::Requires(_)) {
        return Err(Error::new(Span::call_site(), "a feature is of a field that requires a permission"));
    }
    let is_ours = |attribute: &Attribute| NAMES.iter().any(|name| attribute.path().is_ident(name));
    attributes.retain(|attribute| !is_ours(attribute));
    let sentence = match &decision {
        Decision::Requires(needs) => Some(needs.iter().map(sentence_of).collect()),
        Decision::SignedIn(None) => Some(" Needs a staff member's access token.".to_owned()),
        Decision::SignedIn(Some(permission)) => {
            Some(format!(" Needs a staff member's access token or the permission `{permission}`."))
        }
        Decision::Operator => Some(" Needs an operator's token.".to_owned()),
        Decision::Public => None,
    };
    let of_plan = feature.as_ref().map(|feature| format!(" Needs the plan's feature `{}`.", screaming(feature)));
    if let Some(sentence) = sentence.map(|sentence| sentence + &of_plan.unwrap_or_default()) {
        let end = attributes.iter().rposition(|attribute| attribute.path().is_ident("doc")).map_or(0, |at| at + 1);
        attributes.insert(end, parse_quote!(#[doc = #sentence]));
    }
    merge(attributes, options(&decision, feature.as_ref()))
}

/// What the shop's plan has to have: `#[feature(CustomDomains)]`.
fn feature(attributes: &[Attribute]) -> Result<Option<Ident>, Error> {
    let mut said = attributes.iter().filter(|attribute| attribute.path().is_ident("feature"));
    let feature = said.next().map(Attribute::parse_args).transpose()?;
    match said.next() {
        Some(again) => Err(Error::new_spanned(again, "a field says once what the plan has to have")),
        None => Ok(feature),
    }
}

/// `CustomDomains` as the schema has it: `CUSTOM_DOMAINS`.
fn screaming(feature: &Ident) -> String {
    let mut name = String::new();
    for letter in feature.to_string().chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

fn sentence_of(Need { permission, of }: &Need) -> String {
    let of = of.as_ref().map(|of| format!(" for what `{}` names", of.value())).unwrap_or_default();
    format!(" Needs the permission `{permission}`{of}.")
}

/// What `async_graphql` is to be told.
fn options(decision: &Decision, feature: Option<&Ident>) -> Tokens {
    let constant = |permission: &Ident| {
        let name = Ident::new(&permission.to_string().to_uppercase(), permission.span());
        quote!(crate::access::permission::#name)
    };
    match decision {
        Decision::Requires(needs) => {
            let (mut all, mut directives) = (Tokens::new(), Tokens::new());
            for Need { permission, of } in needs {
                let permission = constant(permission);
                let of = of.as_ref().map_or_else(|| quote!(None), |of| quote!(Some(#of)));
                all.extend(quote!(crate::graphql::guard::Need { permission: #permission, of: #of },));
                directives.extend(quote! {
                    , directive = crate::graphql::guard::requires::apply(
                        #permission.to_string(),
                        Option::<&str>::map(#of, str::to_owned),
                    )
                });
            }
            let requires = quote!(crate::graphql::guard::Requires(&[#all]));
            let Some(feature) = feature else { return quote!(guard = #requires #directives) };
            quote! {
                guard = async_graphql::GuardExt::and(
                    #requires,
                    crate::graphql::guard::InPlan(crate::plan::model::Feature::#feature)
                )
                #directives,
                directive = crate::graphql::guard::feature::apply(
                    crate::plan::model::Feature::#feature.as_str().to_owned()
                )
            }
        }
        Decision::SignedIn(None) => quote! {
            guard = crate::graphql::guard::SignedIn(None),
            directive = crate::graphql::guard::signed_in::apply(None)
        },
        Decision::SignedIn(Some(permission)) => {
            let permission = constant(permission);
            quote! {
                guard = crate::graphql::guard::SignedIn(Some(#permission)),
                directive = crate::graphql::guard::signed_in::apply(Some(#permission.to_string()))
            }
        }
        Decision::Operator => quote! {
            guard = crate::graphql::guard::Operator,
            directive = crate::graphql::guard::operator::apply(),
            visible = "crate::graphql::guard::is_operator"
        },
        Decision::Public => quote!(directive = crate::graphql::guard::public::apply()),
    }
}

/// `async_graphql` reads one `#[graphql(…)]`: into the one that is there, or a new one.
fn merge(attributes: &mut Vec<Attribute>, options: Tokens) -> Result<(), Error> {
    let Some(present) = attributes.iter_mut().find(|attribute| attribute.path().is_ident("graphql")) else {
        attributes.push(parse_quote!(#[graphql(#options)]));
        return Ok(());
    };
    let Meta::List(list) = &mut present.meta else {
        return Err(Error::new_spanned(present, "expected `#[graphql(…)]`"));
    };
    let said = &list.tokens;
    list.tokens = quote!(#said, #options);
    Ok(())
}
