//! What types have in common, for fragments that name it. No field leads to these interfaces, so nothing makes a value
//! of them; the types that have the fields implement them.

use async_graphql::Interface;

use super::metafield::{HasMetafieldsIdentifier, Metafield};
use super::scalars::Url;
use crate::cart::graphql::{Cart, Company, CompanyLocation};
use crate::catalog::graphql::{Collection, Product, ProductVariant, SearchQuerySuggestion, SellingPlan};
use crate::content::graphql::{Article, Blog, Metaobject, Page};
use crate::customer::graphql::Customer;
use crate::order::graphql::Order;
use crate::shop::graphql::{Location, Market, Shop};

/// Whatever merchants can hang named values on.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(
        name = "metafield",
        ty = "Option<Metafield>",
        desc = "A named value that the merchant has added.",
        arg(name = "namespace", ty = "Option<String>", desc = "The group of keys."),
        arg(name = "key", ty = "String", desc = "The name within the namespace.")
    ),
    field(
        name = "metafields",
        ty = "Vec<Option<Metafield>>",
        desc = "Several named values, in the order asked for.",
        arg(name = "identifiers", ty = "Vec<HasMetafieldsIdentifier>", desc = "Which ones.")
    )
)]
pub enum HasMetafields {
    Article(Article),
    Blog(Blog),
    Cart(Cart),
    Collection(Collection),
    Company(Company),
    CompanyLocation(CompanyLocation),
    Customer(Customer),
    Location(Location),
    Market(Market),
    Order(Order),
    Page(Page),
    Product(Product),
    ProductVariant(ProductVariant),
    SellingPlan(SellingPlan),
    Shop(Shop),
}

/// Whatever can have a page in the storefront.
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "online_store_url", ty = "Option<Url>", desc = "Its address in the storefront."))]
pub enum OnlineStorePublishable {
    Article(Article),
    Blog(Blog),
    Collection(Collection),
    Metaobject(Metaobject),
    Page(Page),
    Product(Product),
}

/// Whatever links can be counted for.
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "tracking_parameters", ty = "Option<String>", desc = "What links should carry to be counted."))]
pub enum Trackable {
    Article(Article),
    Collection(Collection),
    Page(Page),
    Product(Product),
    SearchQuerySuggestion(SearchQuerySuggestion),
}
