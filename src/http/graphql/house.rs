//! What operators may ask for without a shop, and what others are not told of.
//!
//! A request that names no shop is refused before anything is executed, unless all that it asks for is for operators or
//! says who asks: whatever else there is in the schema, and whatever comes to it, is a shop's.

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet};

use super::answer::Refused;
use crate::graphql::error::Code;
use crate::graphql::guard::of_operators;

/// Root fields of a query that are about no shop's rows, for everybody.
const OF_NO_SHOP: [&str; 5] = ["__schema", "__type", "__typename", "accessScopes", "viewer"];

/// Refuses an operation that asks for anything of a shop's. The document has passed [`crate::graphql::limits::shape`]: no
/// fragment leads round in a circle.
pub fn check(document: &ExecutableDocument, operation: &OperationDefinition) -> Result<(), Refused> {
    within(document, operation.ty, &operation.selection_set.node)
}

fn within(document: &ExecutableDocument, kind: OperationType, set: &SelectionSet) -> Result<(), Refused> {
    set.items.iter().try_for_each(|selection| match &selection.node {
        Selection::Field(field) => {
            let name = field.node.name.node.as_str();
            let is_open = kind == OperationType::Query && OF_NO_SHOP.contains(&name) || name == "__typename";
            if is_open || of_operators().contains(name) {
                return Ok(());
            }
            let text = format!("`{name}` is a shop's, and this operator's token names no shop: send X-Tenant-ID");
            Err(Refused::document(Code::Forbidden, text))
        }
        Selection::InlineFragment(inline) => within(document, kind, &inline.node.selection_set.node),
        Selection::FragmentSpread(spread) => match document.fragments.get(&spread.node.fragment_name.node) {
            Some(fragment) => within(document, kind, &fragment.node.selection_set.node),
            // For validation to refuse.
            None => Ok(()),
        },
    })
}

/// Takes from what validation says of a name that there is not the proposal of one that is for operators.
pub fn hush(message: &mut String) {
    const PROPOSAL: &str = " Did you mean";
    if let Some(at) = message.find(PROPOSAL)
        && of_operators().iter().any(|name| message[at..].contains(&format!("\"{name}\"")))
    {
        message.truncate(at);
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn checked(text: &str) -> Result<(), Refused> {
        let document = parse_query(text).expect("a document");
        let operation = document.operations.iter().next().expect("an operation").1;
        check(&document, &operation.node)
    }

    #[test]
    fn without_a_shop_an_operator_asks_for_what_is_for_operators() {
        for text in [
            "{ tenants(first: 1) { nodes { id } } viewer { kind } __schema { types { name } } }",
            "{ shop: tenant(handle: \"acme\") { id } ... { accessScopes { handle } } }",
            "{ ...f } fragment f on QueryRoot { ... { __typename } ...g } fragment g on QueryRoot { viewer { kind } }",
            "mutation { tenantSuspend(id: \"1\") { tenant { id } } __typename }",
        ] {
            assert!(checked(text).is_ok(), "{text}");
        }
        for text in [
            "{ shop { name } }",
            "{ viewer { kind } viewer: shop { name } }",
            "{ tenants: products(first: 1) { nodes { id } } }",
            "{ ...f } fragment f on QueryRoot { ... { ...g } } fragment g on QueryRoot { node(id: \"1\") { id } }",
            "{ something }",
            "mutation { tenantSuspend(id: \"1\") { tenant { id } } cartCreate { cart { id } } }",
            "mutation { viewer { kind } }",
            "subscription { orderEvents { id } }",
        ] {
            let refused = checked(text).expect_err(text);
            assert!(refused.errors[0].message.contains("names no shop"), "{refused:?}");
        }
    }

    #[test]
    fn no_name_is_proposed_that_is_for_operators() {
        for (said, left) in [
            (
                "Unknown field \"tenan\" on type \"QueryRoot\". Did you mean \"tenant\", \"shop\"?",
                "Unknown field \"tenan\" on type \"QueryRoot\".",
            ),
            (
                "Unknown field \"sho\" on type \"QueryRoot\". Did you mean \"shop\"?",
                "Unknown field \"sho\" on type \"QueryRoot\". Did you mean \"shop\"?",
            ),
            ("something else", "something else"),
        ] {
            let mut message = said.to_owned();
            hush(&mut message);
            assert_eq!(message, left);
        }
    }
}
