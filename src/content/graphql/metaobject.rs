//! `Metaobject`: known to the schema, none stored yet.

use async_graphql::{ID, InputObject};

use crate::graphql::metafield::{MetafieldReference, MetafieldReferenceConnection};
use crate::graphql::scalars::{DateTime, Url};
use crate::{absent_object, connection};

connection!(MetaobjectConnection, MetaobjectEdge, Metaobject);

absent_object! {
    /// A thing of the merchant's own making, with named fields.
    Metaobject {
        /// The metaobject's global id.
        id() -> ID;
        /// Its name among those of its type.
        handle() -> String;
        /// The name of its kind.
        #[graphql(name = "type")]
        type_name() -> String;
        /// One of its fields.
        field(#[graphql(desc = "The field's name.")] key: String) -> Option<MetaobjectField>;
        /// All its fields.
        fields() -> Vec<MetaobjectField>;
        /// Its address in the storefront.
        online_store_url() -> Option<Url>;
        /// Texts for search engines.
        seo() -> Option<MetaobjectSeo>;
        /// When it was last changed.
        updated_at() -> DateTime;
    }
}

absent_object! {
    /// A named value of a metaobject.
    MetaobjectField {
        /// The field's name.
        key() -> String;
        /// How to read the value.
        #[graphql(name = "type")]
        type_name() -> String;
        /// The value as text.
        value() -> Option<String>;
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

/// Which of a metaobject's fields search engines are told.
#[derive(Clone, Debug, async_graphql::SimpleObject)]
#[graphql(name = "MetaobjectSEO")]
pub struct MetaobjectSeo {
    /// The title that a result shows.
    title: Option<MetaobjectField>,
    /// The text that a result shows.
    description: Option<MetaobjectField>,
}

/// Names one metaobject.
#[derive(Clone, Debug, InputObject)]
pub struct MetaobjectHandleInput {
    /// The name among those of its type.
    pub handle: String,
    /// The name of its kind.
    #[graphql(name = "type")]
    pub type_name: String,
}
