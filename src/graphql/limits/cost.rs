//! Estimates how many objects an operation may lead to: list sizes multiplied down the tree.
//!
//! Which fields are lists says the schema. An object counts one, `edges` and `pageInfo` nothing. A connection's items
//! come as often as its arguments ask for, a list's as often as the ids it is given or as [`list_size`] guesses; the
//! guesses' errors are what [`crate::graphql::budget`] is for. The walk visits each fragment once, so it is linear
//! like [`super::shape`].

use std::collections::HashMap;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet, VariableDefinition,
};
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Value as ConstValue, Variables};

use super::{Exceeded, Limits, within};
use crate::graphql::error::Code;
use crate::graphql::schema;
use crate::page::MAX_PAGE;

/// A connection asked for without a size.
const UNSAID_SIZE: u64 = 50;
/// A list that takes no size.
const PLAIN_LIST: u64 = 10;
/// A mutation's root field, beside what its payload selects.
const MUTATION: u64 = 10;

/// The operation's estimated cost; refused when it passes the limit. The document has passed [`super::shape`].
pub fn cost(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    limits: &Limits,
) -> Result<u64, Exceeded> {
    let registry = schema::registry();
    let root = match operation.ty {
        OperationType::Query => Some(registry.query_type.as_str()),
        OperationType::Mutation => registry.mutation_type.as_deref(),
        OperationType::Subscription => registry.subscription_type.as_deref(),
    };
    let mut walk = Walk { registry, document, operation, variables, fragments: HashMap::new() };
    let mut cost = walk.set(&operation.selection_set.node, Parent::named(registry, root.unwrap_or_default())).own;
    if operation.ty == OperationType::Mutation {
        cost = cost.saturating_add(MUTATION.saturating_mul(operation.selection_set.node.items.len() as u64));
    }
    within("points of estimated cost", cost, limits.cost, Code::MaxCostExceeded)?;
    Ok(cost)
}

/// What a selection set selects from.
#[derive(Clone, Copy)]
enum Parent<'a> {
    Type(&'a MetaType),
    /// The schema's description of itself.
    Introspection,
    /// Nothing that the schema knows; validation says so.
    Unknown,
}

impl<'a> Parent<'a> {
    fn named(registry: &'a Registry, name: &str) -> Self {
        match registry.types.get(name) {
            Some(found) => Self::Type(found),
            None if name.starts_with("__") => Self::Introspection,
            None => Self::Unknown,
        }
    }

    fn is_connection(self) -> bool {
        matches!(self, Self::Type(of) if of.name().ends_with("Connection"))
    }
}

/// A selection set's objects.
#[derive(Clone, Copy, Default)]
struct Objects {
    own: u64,
    /// Those that come once for every item of the page that the set is selected from.
    per_item: u64,
}

struct Walk<'a> {
    registry: &'a Registry,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    fragments: HashMap<&'a str, Objects>,
}

impl<'a> Walk<'a> {
    fn set(&mut self, set: &'a SelectionSet, parent: Parent<'a>) -> Objects {
        set.items.iter().fold(Objects::default(), |sum, selection| {
            let more = self.selection(&selection.node, parent);
            Objects { own: sum.own.saturating_add(more.own), per_item: sum.per_item.saturating_add(more.per_item) }
        })
    }

    fn selection(&mut self, selection: &'a Selection, parent: Parent<'a>) -> Objects {
        match selection {
            Selection::Field(field) if field.node.selection_set.node.items.is_empty() => Objects::default(),
            Selection::Field(field) => self.field(&field.node, parent),
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let on = condition.map_or(parent, |condition| Parent::named(self.registry, &condition.node.on.node));
                self.set(&inline.node.selection_set.node, on)
            }
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                if let Some(known) = self.fragments.get(name) {
                    return *known;
                }
                let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
                    return Objects::default();
                };
                let on = Parent::named(self.registry, &fragment.node.type_condition.node.on.node);
                let objects = self.set(&fragment.node.selection_set.node, on);
                self.fragments.insert(name.as_str(), objects);
                objects
            }
        }
    }

    fn field(&mut self, field: &'a Field, parent: Parent<'a>) -> Objects {
        let name = field.name.node.as_str();
        let (of, size) = match parent {
            Parent::Unknown => return Objects::default(),
            Parent::Introspection => (parent, self.introspected(name)),
            Parent::Type(_) if name.starts_with("__") => (Parent::Introspection, 1),
            Parent::Type(on) => {
                let Some(known) = on.field_by_name(name) else { return Objects::default() };
                let of = Parent::named(self.registry, MetaTypeName::concrete_typename(&known.ty));
                (of, if MetaTypeName::create(&known.ty).is_list() { self.list_size(field, on) } else { 1 })
            }
        };
        let below = self.set(&field.selection_set.node, of);
        let page = if of.is_connection() { self.page_size(field).unwrap_or(UNSAID_SIZE) } else { 1 };
        let each = below.own.saturating_add(below.per_item.saturating_mul(page));
        let each = each.saturating_add(u64::from(!matches!(name, "edges" | "pageInfo")));
        if parent.is_connection() && matches!(name, "edges" | "nodes") {
            return Objects { own: 0, per_item: each };
        }
        Objects { own: each.saturating_mul(size), per_item: 0 }
    }

    /// How many items a list that is no connection may have.
    fn list_size(&self, field: &Field, on: &MetaType) -> u64 {
        if let Some(size) = self.page_size(field) {
            return size;
        }
        for name in ["ids", "identifiers"] {
            if let Some(ConstValue::List(items)) = self.argument(field, name) {
                return (items.len() as u64).clamp(1, MAX_PAGE.unsigned_abs().into());
            }
        }
        match (on.name(), field.name.node.as_str()) {
            // A product has no more options.
            ("Product", "options") | ("ProductVariant", "selectedOptions") => 3,
            _ => PLAIN_LIST,
        }
    }

    /// How many items the schema has on average in its lists about itself.
    fn introspected(&self, field: &str) -> u64 {
        match field {
            "types" => self.registry.types.len() as u64,
            "directives" => self.registry.directives.len().max(1) as u64,
            "fields" => 4,
            "enumValues" => 3,
            _ => 1,
        }
    }

    /// The size that a field's arguments ask for.
    fn page_size(&self, field: &Field) -> Option<u64> {
        ["first", "last"].into_iter().find_map(|name| match self.argument(field, name) {
            // A larger page, a negative or a fractional one is refused when it is asked for.
            Some(ConstValue::Number(size)) => Some(size.as_u64().unwrap_or(1).clamp(1, MAX_PAGE.unsigned_abs().into())),
            _ => None,
        })
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
        assert_eq!(cost("{ a { b { c } } }"), 0, "validation refuses it");
        assert_eq!(cost("{ shop { name } }"), 1);
        assert_eq!(cost("{ products(first: 20) { nodes { id } } }"), 1 + 20);
        assert_eq!(cost("{ products(last: 20) { edges { node { id } } pageInfo { hasNextPage } } }"), 1 + 20);
        assert_eq!(cost("{ products(first: 20) { nodes { variants(first: 3) { nodes { id } } } } }"), 1 + 20 * 5);
        assert_eq!(cost("{ nodes(ids: [1, 2, 3]) { ... on Product { featuredImage { url } } } }"), 3 * 2);
        assert_eq!(cost("{ products { nodes { id } } }"), 1 + 50);
        assert_eq!(cost("mutation { cartCreate { cart { cost { totalAmount { amount } } } } }"), 10 + 4);
    }

    #[test]
    fn lists_without_a_size_multiply_too() {
        let cost = |text: &str| cost_of(text, json!({})).unwrap();
        let product = |inner: &str| cost(&format!("{{ product(handle: \"a\") {{ {inner} }} }}"));
        assert_eq!(product("adjacentVariants { id }"), 1 + 10);
        assert_eq!(product("adjacentVariants { product { adjacentVariants { id } } }"), 1 + 10 * (2 + 10));
        assert_eq!(product("options(first: 2) { optionValues { firstSelectableVariant { id } } }"), 1 + 2 * (1 + 20));
        assert_eq!(product("options { optionValues { id } }"), 1 + 3 * 11);
        let identifiers = r#"{ key: "a" }"#.repeat(100);
        assert_eq!(product(&format!("metafields(identifiers: [{identifiers}]) {{ value }}")), 1 + 100);
    }

    #[test]
    fn going_round_in_circles_is_refused() {
        for round in ["adjacentVariants { product {", "options { optionValues { firstSelectableVariant { product {"] {
            let rounds = |count: usize| {
                let (open, close) = (round.repeat(count), "}".repeat(round.matches('{').count() * count));
                cost_of(&format!("{{ product(handle: \"a\") {{ {open} id {close} }} }}"), json!({}))
            };
            rounds(2).expect("a usual product page");
            assert_eq!(rounds(6).unwrap_err().code(), Code::MaxCostExceeded, "{round}");
        }
        let fields = |count: usize| {
            let (open, close) = ("fields { type { ".repeat(count), "} }".repeat(count));
            cost_of(&format!("{{ __type(name: \"Cart\") {{ {open} name {close} }} }}"), json!({}))
        };
        fields(4).expect("less than a whole introspection");
        assert_eq!(fields(10).unwrap_err().code(), Code::MaxCostExceeded);
    }

    #[test]
    fn the_usual_introspection_is_affordable() {
        let of_type = (0..9).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
        let value = format!("name description type {{ {of_type} }} defaultValue isDeprecated");
        let text = format!(
            "{{ __schema {{ queryType {{ name }} mutationType {{ name }} subscriptionType {{ name }} types {{ kind name
            fields(includeDeprecated: true) {{ name args {{ {value} }} type {{ {of_type} }} }} inputFields {{ {value} }}
            interfaces {{ {of_type} }} enumValues {{ name }} possibleTypes {{ {of_type} }} }}
            directives {{ name locations args {{ {value} }} }} }} }}"
        );
        cost_of(&text, json!({})).expect("GraphiQL begins with it");
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
        let page = "fragment page on ProductConnection { nodes { featuredImage { url } } }";
        let text = format!("{{ a: products(first: 10) {{ ...page }} b: products(first: 2) {{ ...page }} }} {page}");
        assert_eq!(cost_of(&text, json!({})).unwrap(), (1 + 10 * 2) + (1 + 2 * 2));
        let inline = "{ products(first: 10) { ... { ... on ProductConnection { nodes { id } } } } }";
        assert_eq!(cost_of(inline, json!({})).unwrap(), 1 + 10);
    }

    #[test]
    fn three_nested_pages_of_250_are_too_many() {
        let page = |field: &str, inner: &str| format!("{field}(first: 250) {{ nodes {{ id {inner} }} }}");
        let text = format!("{{ {} }}", page("products", &page("collections", &page("products", ""))));
        let exceeded = cost_of(&text, json!({})).unwrap_err();
        assert_eq!(exceeded.code(), Code::MaxCostExceeded);
        assert_eq!(exceeded.to_string(), "the document has more than 200000 points of estimated cost");
        let two = format!("{{ {} }}", page("products", &page("variants", "")));
        cost_of(&two, json!({})).expect("two levels are a usual storefront page");
    }
}
