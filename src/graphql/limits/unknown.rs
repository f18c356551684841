//! How much of a document is names of fields that there are not.
//!
//! For each of them validation compares its name with every field of its type, letter by letter, to ask "did you
//! mean …?": 60 KB of such names take it a second.

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::registry::{MetaType, MetaTypeName, Registry};

use super::{Exceeded, Limits, root, within};
use crate::graphql::error::Code;
use crate::graphql::schema;

/// Refuses a document with too many of them. Every selection of the text is looked at once, as validation does.
pub fn unknown(document: &ExecutableDocument, limits: &Limits) -> Result<(), Exceeded> {
    let registry = schema::registry();
    let mut bytes = 0;
    for (_, operation) in document.operations.iter() {
        let root = root(registry, operation.node.ty).and_then(|name| registry.types.get(name));
        bytes += bytes_in(&operation.node.selection_set.node, root, registry);
    }
    for fragment in document.fragments.values() {
        let on = registry.types.get(fragment.node.type_condition.node.on.node.as_str());
        bytes += bytes_in(&fragment.node.selection_set.node, on, registry);
    }
    within("bytes in names of fields that do not exist", bytes, limits.unknown, Code::ValidationFailed)
}

fn bytes_in(set: &SelectionSet, on: Option<&MetaType>, registry: &Registry) -> u64 {
    let Some(on) = on else { return 0 };
    let of = |selection: &Selection| match selection {
        Selection::Field(field) => {
            let name = field.node.name.node.as_str();
            match on.field_by_name(name) {
                Some(known) => {
                    let of = registry.types.get(MetaTypeName::concrete_typename(&known.ty));
                    bytes_in(&field.node.selection_set.node, of, registry)
                }
                None if ["__typename", "__schema", "__type"].contains(&name) => 0,
                None => name.len() as u64,
            }
        }
        Selection::InlineFragment(inline) => {
            let condition = inline.node.type_condition.as_ref();
            let on = condition.map_or(Some(on), |condition| registry.types.get(condition.node.on.node.as_str()));
            bytes_in(&inline.node.selection_set.node, on, registry)
        }
        Selection::FragmentSpread(_) => 0,
    };
    set.items.iter().map(|selection| of(&selection.node)).sum()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn checked(text: &str) -> Result<(), Exceeded> {
        unknown(&parse_query(text).expect("a document"), &Limits::STANDARD)
    }

    #[test]
    fn names_of_nothing_are_bounded_wherever_they_stand() {
        let (some, many) = ("nowhere ".repeat(100), "nowhere ".repeat(1_000));
        for (before, after) in [
            ("{ shop {", "} }"),
            ("{ shop { ... { ... on Shop {", "} } } }"),
            ("{ shop { ...a } } fragment a on Shop {", "}"),
            ("query A { shop { name } } query B { nodes(ids: []) { ... on Product {", "} } }"),
            ("mutation { cartCreate { cart {", "} } }"),
        ] {
            checked(&format!("{before} {some} {after}")).expect("a few, which validation names");
            let refused = checked(&format!("{before} {many} {after}")).expect_err(before).to_string();
            assert_eq!(refused, "the document has more than 4096 bytes in names of fields that do not exist");
        }
        for known in ["name ", "__typename "] {
            checked(&format!("{{ shop {{ {} }} }}", known.repeat(2_000))).expect("a field that there is");
        }
    }
}
