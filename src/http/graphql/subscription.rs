//! A subscription's one root field, found where async-graphql does not look: it streams the fields that stand in the
//! operation itself and passes fragments over, without an error.

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Positioned};

use super::answer::Refused;
use crate::graphql::error::Code;

/// Puts the field that a subscription selects by a fragment beside the fragment, which stays for validation to judge.
/// The document has passed [`crate::graphql::limits::shape`]: there is one such field at most, and no circle.
///
/// Refuses `@skip` and `@include` at a subscription's root, as the specification does: it must have one field.
pub fn flatten(document: &mut ExecutableDocument) -> Result<(), Refused> {
    let ExecutableDocument { operations, fragments } = document;
    let each = |operation: &mut Positioned<OperationDefinition>| {
        if operation.node.ty != OperationType::Subscription {
            return Ok(());
        }
        let set = &mut operation.node.selection_set.node;
        let is_direct = |selection: &Positioned<Selection>| matches!(selection.node, Selection::Field(_));
        match root_field(set, fragments)? {
            Some(field) if !set.items.iter().any(is_direct) => {
                let pos = field.pos;
                set.items.push(Positioned::new(Selection::Field(field), pos));
            }
            _ => {}
        }
        Ok(())
    };
    match operations {
        DocumentOperations::Single(operation) => each(operation),
        DocumentOperations::Multiple(operations) => operations.values_mut().try_for_each(each),
    }
}

fn root_field(
    set: &SelectionSet,
    fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
) -> Result<Option<Positioned<Field>>, Refused> {
    let mut found = None;
    for selection in &set.items {
        let is_conditional = |name: &Name| name == "skip" || name == "include";
        if selection.node.directives().iter().any(|directive| is_conditional(&directive.node.name.node)) {
            let text = "a subscription's root field cannot be left out: @skip and @include may not stand there";
            return Err(Refused::document(Code::ValidationFailed, text));
        }
        let below = match &selection.node {
            Selection::Field(field) => Some(field.clone()),
            Selection::InlineFragment(inline) => root_field(&inline.node.selection_set.node, fragments)?,
            Selection::FragmentSpread(spread) => match fragments.get(&spread.node.fragment_name.node) {
                Some(fragment) => root_field(&fragment.node.selection_set.node, fragments)?,
                None => None,
            },
        };
        found = found.or(below);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn root(text: &str) -> Result<Vec<String>, Refused> {
        let mut document = parse_query(text).expect("a document");
        flatten(&mut document)?;
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let named = |selection: &Positioned<Selection>| match &selection.node {
            Selection::Field(field) => Some(field.node.response_key().node.to_string()),
            _ => None,
        };
        Ok(operation.node.selection_set.node.items.iter().filter_map(named).collect())
    }

    #[test]
    fn the_root_field_is_found_in_fragments() {
        for text in [
            "subscription {a {id}}",
            "subscription {...f} fragment f on S {a {id}}",
            "subscription {...f} fragment f on S {...g} fragment g on S {... {... on S {a: b {id}}}}",
            "subscription {... on S {a {id}}}",
        ] {
            assert_eq!(root(text).expect("one field"), ["a"], "{text}");
        }
        assert_eq!(root("{...f} fragment f on Q {a}").expect("a query"), [""; 0]);
        assert_eq!(root("subscription {...nowhere}").expect("for validation to refuse"), [""; 0]);
    }

    #[test]
    fn a_root_field_that_may_be_left_out_is_refused() {
        for text in [
            "subscription {a @skip(if: false) {id}}",
            "subscription {...f @include(if: true)} fragment f on S {a {id}}",
            "subscription {...f} fragment f on S {... @skip(if: true) {a {id}}}",
        ] {
            let refused = root(text).expect_err(text);
            assert!(refused.errors[0].message.contains("cannot be left out"), "{refused:?}");
        }
    }
}
