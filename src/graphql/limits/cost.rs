//! Estimates how much an operation may lead to: list sizes multiplied down the tree.
//!
//! Which fields are lists says the schema. An object counts one and a value a quarter, `edges` and `pageInfo`
//! nothing. A connection's items come as often as its arguments ask for, a list's as often as the ids it is given or
//! as [`list_size`] guesses; the guesses' errors are what [`crate::graphql::budget`] is for. What variables bring
//! along is copied for every object whose field takes them, so it counts as well. The walk visits each fragment once,
//! so it is linear like [`super::shape`].
//!
//! After execution [`of_answer`] counts what came, in the same coin.
//!
//! [`list_size`]: Walk::list_size

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{Value as ConstValue, Variables};

use super::introspection::{Lists, is_root};
use super::{Exceeded, Limits, root, variables, within};
use crate::graphql::error::Code;
use crate::graphql::schema;
use crate::page::MAX_PAGE;

/// Arguments that say how many items a list has, as a number.
const NUMBERS: [&str; 2] = ["first", "last"];
/// Arguments that say it by naming the items.
const NAMES: [&str; 2] = ["ids", "identifiers"];
/// A connection asked for without a size.
const UNSAID_SIZE: u64 = 50;
/// A list that takes no size.
const PLAIN_LIST: u64 = 10;

/// Everything is counted in values; so many are a point.
const POINT: u64 = 4;
/// An object.
const OBJECT: u64 = POINT;
/// A mutation's root field, beside what its payload selects.
const MUTATION: u64 = 10 * POINT;
/// Bytes of a variable that weigh as much as a value: fewer weigh nothing.
pub const VALUE_BYTES: u64 = 64;

/// Whether an argument of this name says how many items a list has.
pub fn is_size(argument: &str) -> bool {
    NUMBERS.contains(&argument) || NAMES.contains(&argument)
}

/// The operation's estimated cost; refused when it passes the limit. The document has passed [`super::shape`].
pub fn cost(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
    limits: &Limits,
) -> Result<u64, Exceeded> {
    static LISTS: LazyLock<Lists> = LazyLock::new(|| Lists::of(schema::registry()));
    let registry = schema::registry();
    let root = root(registry, operation.ty).unwrap_or_default();
    let mut walk = Walk { registry, lists: &LISTS, document, operation, variables, fragments: HashMap::new() };
    let values = walk.set(&operation.selection_set.node, Parent::named(registry, root));
    let cost = values.own / POINT;
    within("points of estimated cost", cost, limits.cost, Code::MaxCostExceeded)?;
    Ok(cost)
}

/// What an answer's data turned out to cost, in the points of [`cost`]: what is null cost nothing, and neither do what
/// variables brought along and fields left out by a directive. May pass the estimate where a list had more items than
/// was guessed.
pub fn of_answer(data: &ConstValue, kind: OperationType) -> u64 {
    let started = match (kind, data) {
        (OperationType::Mutation, ConstValue::Object(fields)) => MUTATION * fields.len() as u64,
        _ => 0,
    };
    match data {
        // The root is no object of anybody's.
        ConstValue::Object(fields) => {
            (started + fields.iter().map(|(name, value)| came(name, value)).sum::<u64>()) / POINT
        }
        _ => 0,
    }
}

/// The values of a field in an answer.
fn came(name: &str, value: &ConstValue) -> u64 {
    match value {
        ConstValue::Null => 0,
        ConstValue::List(items) => items.iter().map(|item| came(name, item)).sum(),
        ConstValue::Object(fields) => {
            let itself = if matches!(name, "edges" | "pageInfo") { 0 } else { OBJECT };
            itself + fields.iter().map(|(name, value)| came(name, value)).sum::<u64>()
        }
        _ => 1,
    }
}

/// What a selection set selects from.
#[derive(Clone, Copy)]
enum Parent<'a> {
    Type(&'a MetaType),
    /// The schema's description of itself: every type, every field of every type; or of one.
    Introspection {
        of_all: bool,
    },
    /// Nothing that the schema knows; validation says so.
    Unknown,
}

impl<'a> Parent<'a> {
    fn named(registry: &'a Registry, name: &str) -> Self {
        match registry.types.get(name) {
            Some(found) => Self::Type(found),
            None if name.starts_with("__") => Self::Introspection { of_all: false },
            None => Self::Unknown,
        }
    }

    /// What a fragment on the named type selects from here.
    fn narrowed(self, registry: &'a Registry, name: &str) -> Self {
        match (self, Self::named(registry, name)) {
            // A condition there says nothing new.
            (Self::Introspection { of_all }, Self::Introspection { .. }) => Self::Introspection { of_all },
            (_, named) => named,
        }
    }

    fn is_connection(self) -> bool {
        matches!(self, Self::Type(of) if of.name().ends_with("Connection"))
    }

    fn is_mutation(self, registry: &Registry) -> bool {
        matches!(self, Self::Type(of) if registry.mutation_type.as_deref() == Some(of.name()))
    }

    fn is_of_all(self) -> bool {
        matches!(self, Self::Introspection { of_all: true })
    }
}

/// What a selection set leads to, in values.
#[derive(Clone, Copy, Default)]
struct Values {
    own: u64,
    /// Those that come once for every item of the page that the set is selected from.
    per_item: u64,
}

struct Walk<'a> {
    registry: &'a Registry,
    lists: &'a Lists,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    /// By name, and whether it is spread where the whole schema is asked for.
    fragments: HashMap<(&'a str, bool), Values>,
}

impl<'a> Walk<'a> {
    fn set(&mut self, set: &'a SelectionSet, parent: Parent<'a>) -> Values {
        set.items.iter().fold(Values::default(), |sum, selection| {
            let more = self.selection(&selection.node, parent);
            Values { own: sum.own.saturating_add(more.own), per_item: sum.per_item.saturating_add(more.per_item) }
        })
    }

    fn selection(&mut self, selection: &'a Selection, parent: Parent<'a>) -> Values {
        match selection {
            Selection::Field(field) => self.field(&field.node, parent),
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let on = condition.map_or(parent, |condition| parent.narrowed(self.registry, &condition.node.on.node));
                self.set(&inline.node.selection_set.node, on)
            }
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                if let Some(known) = self.fragments.get(&(name, parent.is_of_all())) {
                    return *known;
                }
                let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
                    return Values::default();
                };
                let on = parent.narrowed(self.registry, &fragment.node.type_condition.node.on.node);
                let values = self.set(&fragment.node.selection_set.node, on);
                self.fragments.insert((name.as_str(), parent.is_of_all()), values);
                values
            }
        }
    }

    fn field(&mut self, field: &'a Field, parent: Parent<'a>) -> Values {
        let name = field.name.node.as_str();
        let (of, size) = match parent {
            Parent::Unknown => return Values::default(),
            Parent::Introspection { of_all } => {
                // A field's or an argument's type is one type, wherever it is asked from.
                let of_all = name == "types" || of_all && matches!(name, "fields" | "inputFields" | "args");
                (Parent::Introspection { of_all }, self.lists.size(name, parent.is_of_all()))
            }
            Parent::Type(_) if is_root(name) => (Parent::Introspection { of_all: false }, 1),
            Parent::Type(_) if name.starts_with("__") => (Parent::Unknown, 1),
            Parent::Type(on) => {
                let Some(known) = on.field_by_name(name) else { return Values::default() };
                let of = Parent::named(self.registry, MetaTypeName::concrete_typename(&known.ty));
                (of, if MetaTypeName::create(&known.ty).is_list() { self.list_size(field, on) } else { 1 })
            }
        };
        let below = self.set(&field.selection_set.node, of);
        let page = if of.is_connection() { self.page_size(field).unwrap_or(UNSAID_SIZE) } else { 1 };
        let itself = match name {
            "edges" | "pageInfo" => 0,
            // The one text of some length in the schema's description of itself.
            "description" if matches!(parent, Parent::Introspection { .. }) => OBJECT,
            _ if parent.is_mutation(self.registry) => MUTATION + OBJECT,
            _ if field.selection_set.node.items.is_empty() => 1,
            _ => OBJECT,
        };
        let each = below.own.saturating_add(below.per_item.saturating_mul(page)).saturating_add(itself);
        if parent.is_connection() && matches!(name, "edges" | "nodes") {
            return Values { own: 0, per_item: each };
        }
        Values { own: each.saturating_mul(size).saturating_add(self.brought_along(field)), per_item: 0 }
    }

    /// What the variables in a field's arguments weigh.
    fn brought_along(&self, field: &Field) -> u64 {
        let mut bytes = 0_u64;
        if !self.variables.is_empty() {
            variables::in_arguments(field, &mut |used| {
                bytes = bytes.saturating_add(self.variables.get(&used.variable).map_or(0, variables::size));
            });
        }
        bytes / VALUE_BYTES
    }

    /// How many items a list that is no connection may have.
    fn list_size(&self, field: &Field, on: &MetaType) -> u64 {
        if let Some(size) = self.page_size(field) {
            return size;
        }
        for name in NAMES {
            if let Some(ConstValue::List(items)) = self.argument(field, name).as_deref() {
                return (items.len() as u64).clamp(1, MAX_PAGE.unsigned_abs().into());
            }
        }
        match (on.name(), field.name.node.as_str()) {
            // A product has no more options.
            ("Product", "options") | ("ProductVariant", "selectedOptions") => 3,
            _ => PLAIN_LIST,
        }
    }

    /// The size that a field's arguments ask for.
    fn page_size(&self, field: &Field) -> Option<u64> {
        NUMBERS.into_iter().find_map(|name| match self.argument(field, name).as_deref() {
            // A larger page, a negative or a fractional one is refused when it is asked for.
            Some(ConstValue::Number(size)) => Some(size.as_u64().unwrap_or(1).clamp(1, MAX_PAGE.unsigned_abs().into())),
            _ => None,
        })
    }

    /// An argument's value; a variable's own, not a copy. What variables hold deeper in a list is left out.
    fn argument<'b>(&'b self, field: &Field, name: &str) -> Option<Cow<'b, ConstValue>> {
        let mut variable = None;
        let value = field.get_argument(name)?.node.clone().into_const_with(|name| {
            variable = Some(name);
            Ok::<_, ()>(ConstValue::Null)
        });
        match (value.ok()?, variable) {
            (ConstValue::Null, Some(name)) => {
                variables::value(self.operation, self.variables, &name).map(Cow::Borrowed)
            }
            (value, _) => Some(Cow::Owned(value)),
        }
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
        assert_eq!(cost("{ products(first: 20) { nodes { id } } }"), (4 + 20 * 5) / 4);
        assert_eq!(
            cost("{ products(last: 20) { edges { node { id } } pageInfo { hasNextPage } } }"),
            (4 + 20 * 5 + 1) / 4
        );
        assert_eq!(
            cost("{ products(first: 20) { nodes { variants(first: 3) { nodes { id } } } } }"),
            (4 + 20 * (8 + 3 * 5)) / 4
        );
        assert_eq!(cost("{ nodes(ids: [1, 2, 3]) { ... on Product { featuredImage { url } } } }"), 3 * 9 / 4);
        assert_eq!(cost("{ products { nodes { id } } }"), (4 + 50 * 5) / 4);
        assert_eq!(cost("mutation { cartCreate { cart { cost { totalAmount { amount } } } } }"), 10 + (4 * 4 + 1) / 4);
        let two = "a: cartCreate { cart { id } } b: cartCreate { cart { id } }";
        assert_eq!(cost(&format!("mutation {{ {two} }}")), (2 * (40 + 9)) / 4);
        assert_eq!(cost(&format!("mutation {{ ...f }} fragment f on Mutation {{ {two} }}")), (2 * (40 + 9)) / 4);
    }

    #[test]
    fn an_answer_costs_what_came() {
        let of = |data: serde_json::Value| of_answer(&ConstValue::from_json(data).unwrap(), OperationType::Query);
        assert_eq!(of(json!(null)), 0);
        assert_eq!(of(json!({ "shop": { "name": "Acme" } })), 1);
        assert_eq!(of(json!({ "products": { "nodes": vec![json!({ "id": "a" }); 20] } })), (4 + 20 * 5) / 4);
        let edges = json!({ "edges": vec![json!({ "node": { "id": "a" } }); 20], "pageInfo": { "hasNextPage": true } });
        assert_eq!(of(json!({ "products": edges })), (4 + 20 * 5 + 1) / 4, "as it was estimated");
        assert_eq!(of(json!({ "product": null, "shop": { "name": "Acme", "brand": null } })), 1);
        assert_eq!(of(json!({ "productTags": ["a", "b", "c", "d"] })), 1);
        let mutation = ConstValue::from_json(json!({ "cartCreate": { "cart": { "id": "a" } } })).unwrap();
        assert_eq!(of_answer(&mutation, OperationType::Mutation), 10 + (2 * 4 + 1) / 4);
    }

    #[test]
    fn lists_without_a_size_multiply_too() {
        let cost = |text: &str| cost_of(text, json!({})).unwrap();
        let product = |inner: &str| cost(&format!("{{ product(handle: \"a\") {{ {inner} }} }}"));
        assert_eq!(product("adjacentVariants { id }"), (4 + 10 * 5) / 4);
        assert_eq!(product("adjacentVariants { product { adjacentVariants { id } } }"), (4 + 10 * (8 + 10 * 5)) / 4);
        let variants = product("options(first: 2) { optionValues { firstSelectableVariant { id } } }");
        assert_eq!(variants, (4 + 2 * (4 + 10 * 9)) / 4);
        assert_eq!(product("options { optionValues { id } }"), (4 + 3 * (4 + 10 * 5)) / 4);
        let identifiers = r#"{ key: "a" }"#.repeat(100);
        assert_eq!(product(&format!("metafields(identifiers: [{identifiers}]) {{ value }}")), (4 + 100 * 5) / 4);
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
        fields(1).expect("less than a whole introspection");
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
        assert_eq!(cost_of(text, json!({})).unwrap(), (4 + 7 * 5) / 4);
        assert_eq!(cost_of(text, json!({ "n": 9 })).unwrap(), (4 + 9 * 5) / 4);
        assert_eq!(cost_of(text, json!({ "n": 1_000_000 })).unwrap(), (4 + 250 * 5) / 4);
        assert_eq!(cost_of(text, json!({ "n": -1 })).unwrap(), 2);
    }

    #[test]
    fn fragments_count_wherever_they_are_spread() {
        let page = "fragment page on ProductConnection { nodes { featuredImage { url } } }";
        let text = format!("{{ a: products(first: 10) {{ ...page }} b: products(first: 2) {{ ...page }} }} {page}");
        assert_eq!(cost_of(&text, json!({})).unwrap(), (4 + 10 * 9 + 4 + 2 * 9) / 4);
        let inline = "{ products(first: 10) { ... { ... on ProductConnection { nodes { id } } } } }";
        assert_eq!(cost_of(inline, json!({})).unwrap(), (4 + 10 * 5) / 4);
    }

    #[test]
    fn values_without_fields_count_too() {
        let aliases = |count: usize| (0..count).map(|n| format!("a{n}: descriptionHtml ")).collect::<String>();
        let page = |field: &str, inner: &str| format!("{field}(first: 10) {{ nodes {{ {inner} }} }}");
        let four = |inner: &str| {
            let inner = page("collections", &page("products", &page("collections", &page("products", inner))));
            cost_of(&format!("{{ {inner} }}"), json!({}))
        };
        four("id title descriptionHtml").expect("a few fields");
        assert_eq!(four(&aliases(190)).unwrap_err().code(), Code::MaxCostExceeded);
        let typical = "id title handle vendor productType tags descriptionHtml createdAt updatedAt
            featuredImage { url altText width height } priceRange { minVariantPrice { amount currencyCode } }
            variants(first: 10) { nodes { id title sku availableForSale price { amount } selectedOptions { name value } } }";
        let all = cost_of(&format!("{{ products(first: 250) {{ nodes {{ {typical} }} }} }}"), json!({})).unwrap();
        assert!(all < Limits::STANDARD.cost / 4, "{all}");
    }

    #[test]
    fn what_a_variable_holds_counts_for_every_object_that_takes_it() {
        let text = "query($ids: [HasMetafieldsIdentifier!]!) {
            products(first: 250) { nodes { metafields(identifiers: $ids) { value } } } }";
        let identifiers = |length: usize| json!({ "ids": [{ "key": "k".repeat(length) }] });
        cost_of(text, identifiers(60)).expect("a key");
        assert_eq!(cost_of(text, identifiers(1 << 20)).unwrap_err().code(), Code::MaxCostExceeded);
    }

    #[test]
    fn a_fragment_on_an_interface_hides_nothing() {
        let of = |condition: &str| {
            let text = format!(
                "{{ product(handle: \"a\") {{ {condition} {{ metafields(identifiers: [1, 2]) {{ value }} }} }} }}"
            );
            cost_of(&text, json!({})).unwrap()
        };
        assert_eq!(of("... on HasMetafields"), of("..."));
    }

    #[test]
    fn introspection_costs_what_it_leads_to() {
        let registry = schema::registry();
        let lists = Lists::of(registry);
        let types = registry.types.len() as u64;
        assert!(lists.size("possibleTypes", false) >= 10, "Node has more types than that");
        assert!(lists.size("enumValues", false) >= 200, "countries");
        for field in ["fields", "inputFields", "enumValues", "interfaces", "possibleTypes"] {
            assert!(lists.size(field, true) < lists.size(field, false).min(20), "{field}: an average is no maximum");
        }
        let cost = |text: &str| cost_of(text, json!({})).unwrap();
        assert_eq!(cost("{ __schema { types { name } } }"), (4 + types * 5) / 4);
        let all = cost("{ __schema { types { fields { name } } } }");
        assert!(all >= registry.types.values().filter_map(MetaType::fields).map(|fields| fields.len() as u64).sum());
        let spread = "{ __schema { types { ...a } } } fragment a on __Type { fields { name } }";
        assert_eq!(cost(spread), all, "a fragment is no other way of asking");
        let one = "{ __type(name: \"A\") { ...a } } fragment a on __Type { possibleTypes { interfaces { name } } }";
        assert!(cost(one) > lists.size("possibleTypes", false) * lists.size("interfaces", false));
    }

    #[test]
    fn three_nested_pages_of_250_are_too_many() {
        let page = |field: &str, inner: &str| format!("{field}(first: 250) {{ nodes {{ id {inner} }} }}");
        let text = format!("{{ {} }}", page("products", &page("collections", &page("products", ""))));
        let exceeded = cost_of(&text, json!({})).unwrap_err();
        assert_eq!(exceeded.code(), Code::MaxCostExceeded);
        assert_eq!(exceeded.to_string(), "the document has more than 250000 points of estimated cost");
        let two = format!("{{ {} }}", page("products", &page("variants", "")));
        cost_of(&two, json!({})).expect("two levels are a usual storefront page");
    }
}
