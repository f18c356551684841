//! Estimates how many objects an operation may lead to: list sizes multiplied down the tree.
//!
//! A field with a selection counts one, `edges` and `pageInfo` nothing, what is below a list its size times. Sizes
//! are what the arguments ask for; the walk visits each fragment once, so it is linear like [`super::shape`].

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet, VariableDefinition,
};
use async_graphql::{Name, Value as ConstValue, Variables};

use super::{Exceeded, Limits, within};
use crate::graphql::error::Code;
use crate::page::MAX_PAGE;

/// A connection asked for without a size.
const UNSAID_SIZE: u64 = 50;
/// A mutation's root field, beside what its payload selects.
const MUTATION: u64 = 10;

/// The operation's estimated cost; refused when it passes the limit. The document has passed [`super::shape`].
pub fn cost(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    limits: &Limits,
) -> Result<u64, Exceeded> {
    let mut walk = Walk { document, operation, variables, fragments: HashMap::new() };
    let mut cost = walk.set(&operation.selection_set.node);
    if operation.ty == OperationType::Mutation {
        cost = cost.saturating_add(MUTATION.saturating_mul(operation.selection_set.node.items.len() as u64));
    }
    within("points of estimated cost", cost, limits.cost, Code::MaxCostExceeded)?;
    Ok(cost)
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    fragments: HashMap<&'a str, u64>,
}

impl<'a> Walk<'a> {
    fn set(&mut self, set: &'a SelectionSet) -> u64 {
        set.items.iter().fold(0, |sum, selection| sum.saturating_add(self.selection(&selection.node)))
    }

    fn selection(&mut self, selection: &'a Selection) -> u64 {
        match selection {
            Selection::Field(field) if field.node.selection_set.node.items.is_empty() => 0,
            Selection::Field(field) => {
                let own = u64::from(!matches!(field.node.name.node.as_str(), "edges" | "pageInfo"));
                let below = self.set(&field.node.selection_set.node);
                own.saturating_add(below.saturating_mul(self.size(&field.node)))
            }
            Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node),
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                if let Some(known) = self.fragments.get(name) {
                    return *known;
                }
                let Some((name, fragment)) = self.document.fragments.get_key_value(name) else { return 0 };
                let cost = self.set(&fragment.node.selection_set.node);
                self.fragments.insert(name.as_str(), cost);
                cost
            }
        }
    }

    /// How many times what is below a field may come.
    fn size(&self, field: &'a Field) -> u64 {
        let page = MAX_PAGE.unsigned_abs().into();
        for name in ["first", "last"] {
            if let Some(ConstValue::Number(size)) = self.argument(field, name) {
                // A larger page, a negative or a fractional one is refused when it is asked for.
                return size.as_u64().unwrap_or(1).clamp(1, page);
            }
        }
        if let Some(ConstValue::List(ids)) = self.argument(field, "ids") {
            return (ids.len() as u64).clamp(1, page);
        }
        let is_list = |selection: &Selection| matches!(selection, Selection::Field(field) if matches!(field.node.name.node.as_str(), "edges" | "nodes"));
        let is_connection = field.selection_set.node.items.iter().any(|selection| is_list(&selection.node));
        if is_connection { UNSAID_SIZE } else { 1 }
    }

    /// An argument's value, variables put in.
    fn argument(&self, field: &Field, name: &str) -> Option<ConstValue> {
        let value = field.get_argument(name)?.node.clone();
        value.into_const_with(|name| self.variable(&name).cloned().ok_or(())).ok()
    }

    fn variable(&self, name: &Name) -> Option<&ConstValue> {
        let is_it = |definition: &&VariableDefinition| definition.name.node == *name;
        let definition = || self.operation.variable_definitions.iter().map(|definition| &definition.node).find(is_it);
        self.variables.get(name).or_else(|| definition().and_then(VariableDefinition::default_value))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::super::shape;
    use super::*;

    fn cost_of(text: &str, variables: serde_json::Value) -> Result<u64, Exceeded> {
        let document = parse_query(text).expect("a document");
        let operation = shape::operation(&document, None).expect("an operation");
        cost(&document, operation, &Variables::from_json(variables), &Limits::STANDARD)
    }

    #[test]
    fn sizes_multiply_down_the_tree() {
        let cost = |text: &str| cost_of(text, json!({})).unwrap();
        assert_eq!(cost("{ a b }"), 0);
        assert_eq!(cost("{ shop { name } }"), 1);
        assert_eq!(cost("{ products(first: 20) { nodes { id } } }"), 1 + 20);
        assert_eq!(cost("{ products(last: 20) { edges { node { id } } pageInfo { hasNextPage } } }"), 1 + 20);
        assert_eq!(cost("{ products(first: 20) { nodes { variants(first: 3) { nodes { id } } } } }"), 1 + 20 * 5);
        assert_eq!(cost("{ nodes(ids: [1, 2, 3]) { ... on P { image { url } } } }"), 1 + 3);
        assert_eq!(cost("{ lines { nodes { id } } }"), 1 + 50);
        assert_eq!(cost("mutation { a { b { c } } }"), 12);
    }

    #[test]
    fn sizes_come_from_variables_and_their_defaults() {
        let text = "query($n: Int = 7) { products(first: $n) { nodes { id } } }";
        assert_eq!(cost_of(text, json!({})).unwrap(), 8);
        assert_eq!(cost_of(text, json!({ "n": 9 })).unwrap(), 10);
        assert_eq!(cost_of(text, json!({ "n": 1_000_000 })).unwrap(), 251);
        assert_eq!(cost_of(text, json!({ "n": -1 })).unwrap(), 2);
    }

    #[test]
    fn fragments_count_wherever_they_are_spread() {
        let text = "{ a(first: 10) { nodes { ...f } } b { ...f } } fragment f on T { c { d } }";
        assert_eq!(cost_of(text, json!({})).unwrap(), 1 + 10 * 2 + 2);
    }

    #[test]
    fn three_nested_pages_of_250_are_too_many() {
        let page = |inner: &str| format!("a(first: 250) {{ nodes {{ id {inner} }} }}");
        let text = format!("{{ {} }}", page(&page(&page(""))));
        let exceeded = cost_of(&text, json!({})).unwrap_err();
        assert_eq!(exceeded.code(), Code::MaxCostExceeded);
        assert_eq!(exceeded.to_string(), "the document has more than 200000 points of estimated cost");
        cost_of(&format!("{{ {} }}", page(&page(""))), json!({})).expect("two levels are a usual storefront page");
    }
}
