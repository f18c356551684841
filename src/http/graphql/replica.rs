//! Which operations a read-only replica may answer, which shows what has been written a moment later.
//!
//! A storefront's query of which every root field reads the catalogue or its content: storefronts do not write those, so
//! none of them misses what it has just done. A merchant does, and reads from the primary; so does whoever asks for
//! carts, orders or anything by its id alone, and everything in a document that is not plainly of this kind.

use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};

use crate::tenant::model::Access;

/// Root fields that read the catalogue and its content.
pub const CATALOGUE: [&str; 31] = [
    "__typename",
    "article",
    "articles",
    "blog",
    "blogByHandle",
    "blogs",
    "collection",
    "collectionByHandle",
    "collections",
    "localization",
    "locations",
    "menu",
    "metaobject",
    "metaobjects",
    "page",
    "pageByHandle",
    "pages",
    "paymentSettings",
    "predictiveSearch",
    "product",
    "productByHandle",
    "productRecommendations",
    "productTags",
    "productTypes",
    "products",
    "publicApiVersions",
    "search",
    "shop",
    "sitemap",
    "urlRedirects",
    "__schema",
];

/// Whether a replica may answer.
pub fn may_answer(access: Access, operation: &OperationDefinition) -> bool {
    operation.ty == OperationType::Query
        && access.is_storefront()
        && operation.selection_set.node.items.iter().all(|selection| match &selection.node {
            Selection::Field(field) => CATALOGUE.contains(&field.node.name.node.as_str()),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
        })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_fields_are_the_schemas() {
        let roots = &crate::graphql::schema::registry().types["QueryRoot"];
        let missing = CATALOGUE.iter().filter(|name| !name.starts_with("__") && roots.field_by_name(name).is_none());
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn only_a_storefronts_catalogue_is_read_from_a_replica() {
        let storefront = Access::Publishable { key_id: Uuid::nil() };
        let judge = |access, text: &str| {
            let document = parse_query(text).expect("a document");
            let operation = document.operations.iter().next().expect("an operation").1;
            may_answer(access, &operation.node)
        };
        assert!(judge(storefront, "{ shop { name } products(first: 1) { nodes { id } } }"));
        assert!(judge(Access::Public, "{ mugs: product(handle: \"mug\") { id } }"));
        for text in [
            "{ shop { name } cart(id: \"1\") { id } }",
            "{ shop: order(id: \"1\") { id } }",
            "{ node(id: \"1\") { id } }",
            "{ ... { shop { name } } }",
            "{ ...F } fragment F on QueryRoot { shop { name } }",
            "mutation { shop { name } }",
            "subscription { shop { name } }",
        ] {
            assert!(!judge(storefront, text), "{text}");
        }
        assert!(!judge(Access::Secret { key_id: Uuid::nil() }, "{ shop { name } }"));
    }
}
