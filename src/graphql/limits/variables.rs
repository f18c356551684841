//! What an operation's variables come to where they are used.
//!
//! async-graphql copies a variable's value at every use, to validate it and to hand it over: a value of a megabyte
//! that a document names a thousand times is a gigabyte. So uses are counted, those in fragments as often as these
//! are spread, in one visit to each selection of the text.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, VariableDefinition,
};
use async_graphql::{Name, Positioned, Value, Variables};

use super::cost::is_size;
use super::{Exceeded, Limits, within};
use crate::graphql::error::Code;

/// How a document uses its variables, over all of its operations: validation looks at every use.
#[derive(Debug, Default)]
pub struct Uses {
    /// How often it uses each.
    times: HashMap<Name, u64>,
    /// Whether one is inside of a list or an object that the document spells out.
    pub within_values: bool,
    /// Whether one says how long a list is, or may.
    pub as_sizes: bool,
}

/// A variable in an argument.
pub struct Use<'a> {
    pub variable: Name,
    argument: &'a str,
    /// It is all of the argument's value.
    is_whole: bool,
}

/// Calls `$found` with every [`Use`] in these arguments; a macro, for async-graphql does not name their type.
macro_rules! uses_in {
    ($arguments:expr, $found:expr) => {
        for (argument, value) in $arguments {
            let mut names = Vec::new();
            let value = value.node.clone().into_const_with(|name| {
                names.push(name);
                Ok::<_, ()>(Value::Null)
            });
            let is_whole = value == Ok(Value::Null);
            names.into_iter().for_each(|variable| $found(Use { variable, argument: &argument.node, is_whole }));
        }
    };
}

impl Uses {
    /// Counts a document that has passed [`super::shape`].
    pub fn of(document: &ExecutableDocument) -> Self {
        let mut uses = Self::default();
        let mut spread: HashMap<&Name, u64> = HashMap::new();
        for (_, operation) in document.operations.iter() {
            directives(&operation.node.directives, &mut |used| uses.add(used, 1));
            selections(&operation.node.selection_set.node, &mut |found| match found {
                Found::Use(used) => uses.add(used, 1),
                Found::Spread(name) => add(spread.entry(name).or_default(), 1),
            });
        }
        for name in outermost_first(document) {
            let fragment = &document.fragments[name].node;
            // One that nothing spreads is validated all the same.
            let times = spread.get(name).copied().unwrap_or_default().max(1);
            directives(&fragment.directives, &mut |used| uses.add(used, times));
            selections(&fragment.selection_set.node, &mut |found| match found {
                Found::Use(used) => uses.add(used, times),
                Found::Spread(name) => add(spread.entry(name).or_default(), times),
            });
        }
        uses
    }

    fn add(&mut self, used: Use<'_>, times: u64) {
        self.within_values |= !used.is_whole;
        self.as_sizes |= is_size(used.argument);
        add(self.times.entry(used.variable).or_default(), times);
    }

    /// Bytes of the values, each as often as it is used; refused when they come to too much.
    pub fn within(
        &self,
        operation: &OperationDefinition,
        variables: &Variables,
        limits: &Limits,
    ) -> Result<u64, Exceeded> {
        let total = self.times.iter().fold(0_u64, |total, (name, times)| {
            let size = value(operation, variables, name).map_or(0, size);
            total.saturating_add(size.saturating_mul(*times))
        });
        within("bytes of variables, each counted at every use", total, limits.variables, Code::MaxCostExceeded)?;
        Ok(total)
    }
}

fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

/// A variable's value: given, or the operation's default.
pub fn value<'a>(operation: &'a OperationDefinition, variables: &'a Variables, name: &Name) -> Option<&'a Value> {
    let is_it = |definition: &&VariableDefinition| definition.name.node == *name;
    let definition = || operation.variable_definitions.iter().map(|definition| &definition.node).find(is_it);
    variables.get(name).or_else(|| definition().and_then(VariableDefinition::default_value))
}

/// A value's length as JSON, about.
pub fn size(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Boolean(_) | Value::Number(_) => 4,
        Value::String(text) => text.len() as u64 + 2,
        Value::Enum(name) => name.len() as u64 + 2,
        Value::Binary(bytes) => bytes.len() as u64,
        Value::List(items) => items.iter().map(|item| size(item) + 1).sum::<u64>() + 2,
        Value::Object(fields) => fields.iter().map(|(name, item)| name.len() as u64 + size(item) + 4).sum::<u64>() + 2,
    }
}

/// Calls `found` with every variable in a field's arguments.
pub fn in_arguments<'a>(field: &'a Field, found: &mut impl FnMut(Use<'a>)) {
    uses_in!(&field.arguments, found);
}

fn directives<'a>(directives: &'a [Positioned<Directive>], found: &mut impl FnMut(Use<'a>)) {
    uses_in!(directives.iter().flat_map(|directive| &directive.node.arguments), found);
}

enum Found<'a> {
    Use(Use<'a>),
    Spread(&'a Name),
}

/// Goes through a selection set as it is written: spreads are told of, not followed.
fn selections<'a>(set: &'a SelectionSet, found: &mut impl FnMut(Found<'a>)) {
    for selection in &set.items {
        directives(selection.node.directives(), &mut |used| found(Found::Use(used)));
        match &selection.node {
            Selection::Field(field) => {
                in_arguments(&field.node, &mut |used| found(Found::Use(used)));
                selections(&field.node.selection_set.node, found);
            }
            Selection::InlineFragment(inline) => selections(&inline.node.selection_set.node, found),
            Selection::FragmentSpread(spread) => found(Found::Spread(&spread.node.fragment_name.node)),
        }
    }
}

/// The document's fragments, each before those that it spreads.
fn outermost_first(document: &ExecutableDocument) -> Vec<&Name> {
    let (mut seen, mut order) = (HashSet::new(), Vec::with_capacity(document.fragments.len()));
    for name in document.fragments.keys() {
        innermost_first(document, name, &mut seen, &mut order);
    }
    order.reverse();
    order
}

/// The recursion is as deep as there are fragments; `shape` bounds them, and refuses circles.
fn innermost_first<'a>(
    document: &'a ExecutableDocument,
    name: &'a Name,
    seen: &mut HashSet<&'a Name>,
    order: &mut Vec<&'a Name>,
) {
    let Some(fragment) = document.fragments.get(name).filter(|_| seen.insert(name)) else { return };
    let mut spreads = Vec::new();
    selections(&fragment.node.selection_set.node, &mut |found| {
        if let Found::Spread(name) = found {
            spreads.push(name);
        }
    });
    spreads.into_iter().for_each(|name| innermost_first(document, name, seen, order));
    order.push(name);
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::super::operation;
    use super::*;

    fn uses(text: &str) -> u64 {
        let uses = Uses::of(&parse_query(text).expect("a document"));
        uses.times.get("v").copied().unwrap_or_default()
    }

    #[test]
    fn every_use_counts_as_often_as_it_is_expanded() {
        for (text, expected) in [
            ("query($v: A) {x}", 0),
            ("query($v: A) {x(a: $v, b: [$v {c: $v}]) y @d(e: $v) z {... @d(e: $v) {x(a: $v)}}}", 6),
            ("query($v: A) @d(e: $v) {x(a: \"$v\")}", 1),
            ("query($v: A) {...a ...a} fragment a on Q {x(a: $v)}", 2),
            ("query($v: A) {...a ...b} fragment b on Q {...a ...a ...a} fragment a on Q {x(a: $v)}", 4),
            (
                "query($v: A) {...b ...c} fragment a on Q {x(a: $v)} fragment b on Q {...a ...c} fragment c on Q {...a}",
                3,
            ),
            ("query A($v: A) {x(a: $v)} query B($v: A) {x(a: $v) ...a} fragment a on Q {x(a: $v)}", 3),
            ("query {x} fragment unused on Q {x(a: $v)}", 1),
            ("query($v: A) {...nowhere}", 0),
        ] {
            assert_eq!(uses(text), expected, "{text}");
        }
    }

    #[test]
    fn a_chain_of_fragments_is_counted_without_being_expanded() {
        let chain = |n: usize| format!("fragment f{n} on Q {{...f{0} ...f{0}}} ", n + 1);
        let text =
            format!("query($v: A) {{...f0}} {} fragment f90 on Q {{x(a: $v)}}", (0..90).map(chain).collect::<String>());
        assert_eq!(uses(&text), u64::MAX);
    }

    #[test]
    fn values_times_their_uses_are_bounded() {
        let bounded = |times: usize, value: serde_json::Value, default: &str| {
            let text = format!("query($v: A = {default}) {{x(ids: [{}])}}", "$v ".repeat(times));
            let document = parse_query(&text).expect("a document");
            let operation = operation(&document, None).expect("an operation");
            Uses::of(&document).within(operation, &Variables::from_json(value), &Limits::STANDARD)
        };
        let long = |length: usize| json!({ "v": "x".repeat(length) });
        bounded(1, long(2 << 20), "1").expect("as long as a body may be");
        bounded(2_000, long(1_000), "1").expect("a short value as often as a document can say it");
        let refused = bounded(2_000, long(1_900_000), "1").expect_err("gigabytes");
        assert_eq!(refused.code(), Code::MaxCostExceeded);
        let text = "the document has more than 4194304 bytes of variables, each counted at every use";
        assert_eq!(refused.to_string(), text);
        bounded(2_000, json!({ "v": [{ "k": "x".repeat(5_000) }] }), "1").expect_err("what is inside counts");
        bounded(2_000, json!({}), &format!("\"{}\"", "x".repeat(5_000))).expect_err("a default counts");
        bounded(2_000, json!({ "other": "x".repeat(1 << 20) }), "1").expect("what is not used is not copied");
    }
}
