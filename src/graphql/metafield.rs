//! Metafields: named values that merchants hang on things. Nothing stores any yet, so every read answers null.

use async_graphql::{ID, InputObject, Union};

use super::scalars::DateTime;
use crate::cart::graphql::{Cart, Company, CompanyLocation};
use crate::catalog::graphql::{
    Collection, GenericFile, MediaImage, Model3d, Product, ProductVariant, SellingPlan, Video,
};
use crate::content::graphql::{Article, Blog, Metaobject, Page};
use crate::customer::graphql::Customer;
use crate::order::graphql::Order;
use crate::shop::graphql::{Location, Market, Shop};
use crate::{absent_object, connection};

absent_object! {
    /// A named value that a merchant has added to something.
    Metafield {
        /// The metafield's global id.
        id() -> ID;
        /// The group of keys it belongs to.
        namespace() -> String;
        /// Its name within the namespace.
        key() -> String;
        /// How to read the value.
        #[graphql(name = "type")]
        type_name() -> String;
        /// The value as text.
        value() -> String;
        /// What the merchant says it is for.
        description() -> Option<String>;
        /// When it was created.
        created_at() -> DateTime;
        /// When it was last changed.
        updated_at() -> DateTime;
        /// What it hangs on.
        parent_resource() -> MetafieldParentResource;
        /// What it refers to.
        reference() -> Option<MetafieldReference>;
        /// What it refers to, when that may be several things.
        references(
            #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
            #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
            #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
            #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        ) -> Option<MetafieldReferenceConnection>;
    }
}

/// What a metafield can hang on.
#[derive(Clone, Debug, Union)]
pub enum MetafieldParentResource {
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

/// What a metafield can refer to.
#[derive(Clone, Debug, Union)]
pub enum MetafieldReference {
    Article(Article),
    Collection(Collection),
    GenericFile(GenericFile),
    MediaImage(MediaImage),
    Metaobject(Metaobject),
    Model3d(Model3d),
    Page(Page),
    Product(Product),
    ProductVariant(ProductVariant),
    Video(Video),
}

connection!(MetafieldReferenceConnection, MetafieldReferenceEdge, MetafieldReference);

/// Names one metafield.
#[derive(Clone, Debug, InputObject)]
pub struct HasMetafieldsIdentifier {
    /// The group of keys; the app's own when left out.
    pub namespace: Option<String>,
    /// The name within the namespace.
    pub key: String,
}

/// The answers to a list of identifiers: none is stored, so each is null.
pub fn none_of(identifiers: &[HasMetafieldsIdentifier]) -> Vec<Option<Metafield>> {
    identifiers.iter().map(|_| None).collect()
}
