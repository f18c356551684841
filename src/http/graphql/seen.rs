//! What is known of a document that has been executed before.
//!
//! async-graphql validates every request and the cost is reckoned for every request: together a good tenth of what a
//! short query costs. Both judge the text, and little beside it. One rule of validation looks at what variables hold;
//! where these are values or enums, used whole, their types say the same here. The cost depends on variables that say how
//! long a list is, and on long ones.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use async_graphql::parser::types::{BaseType, OperationDefinition, VariableDefinition};
use async_graphql::registry::MetaType;
use async_graphql::{Value, Variables};

use super::prepare::Prepared;
use crate::graphql::limits::{Exceeded, Limits, VALUE_BYTES, cost};
use crate::graphql::schema::registry;

/// What earlier requests have found out about a text.
#[derive(Debug, Default)]
pub struct Seen {
    /// Validation has passed it.
    is_valid: AtomicBool,
    /// What it costs, where variables have no say in it.
    cost: OnceLock<u64>,
}

impl Prepared {
    /// Whether validation would pass it with these variables, as it has before.
    pub fn is_known_to_be_valid(&self, operation: &OperationDefinition, variables: &Variables) -> bool {
        // A variable within a value leaves the rest of that value unjudged where it is not given.
        let depends_on_text = self.is_alone() && !self.uses.within_values;
        depends_on_text && self.seen.is_valid.load(Ordering::Relaxed) && are_plain(operation, variables)
    }

    /// Validation has passed it.
    pub fn note_valid(&self) {
        self.seen.is_valid.store(true, Ordering::Relaxed);
    }

    /// The operation's estimated cost, given what its variables weigh.
    pub fn cost(&self, operation: &OperationDefinition, variables: &Variables, bytes: u64) -> Result<u64, Exceeded> {
        let is_fixed = self.is_alone() && !self.uses.as_sizes && bytes < VALUE_BYTES;
        if let Some(known) = self.seen.cost.get().filter(|_| is_fixed) {
            return Ok(*known);
        }
        let cost = cost(&self.document, operation, variables, &Limits::STANDARD)?;
        if is_fixed {
            let _ = self.seen.cost.set(cost);
        }
        Ok(cost)
    }

    /// Whether the document has one operation, so that what is known of the one is known of the other.
    fn is_alone(&self) -> bool {
        self.document.operations.iter().count() == 1
    }
}

/// Whether all that is given has the type it is declared with, and that is no list and no input object.
fn are_plain(operation: &OperationDefinition, variables: &Variables) -> bool {
    let definitions = || operation.variable_definitions.iter().map(|definition| &definition.node);
    variables.iter().all(|(name, value)| {
        // One that is not declared is not used.
        definitions()
            .find(|definition| definition.name.node == *name)
            .is_none_or(|definition| is_plain(definition, value))
    })
}

fn is_plain(definition: &VariableDefinition, value: &Value) -> bool {
    let BaseType::Named(name) = &definition.var_type.node.base else { return false };
    match (registry().types.get(name.as_str()), value) {
        (_, Value::Null) => false,
        (Some(MetaType::Scalar { is_valid, .. }), value) => is_valid.as_ref().is_none_or(|is_valid| is_valid(value)),
        (Some(MetaType::Enum { enum_values, .. }), Value::String(name)) => enum_values.contains_key(name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::prepare::Documents;
    use super::*;

    /// What is known of a document that has been executed with the first variables, when it comes with the others.
    fn known(text: &str, name: &str, first: serde_json::Value, other: serde_json::Value) -> (bool, u64) {
        let prepared = Documents::default().prepare(text).expect("a document");
        let operation = prepared.operation(Some(name)).expect("an operation");
        let cost = |variables: &Variables| {
            let bytes = prepared.uses.within(operation, variables, &Limits::STANDARD).expect("short");
            prepared.cost(operation, variables, bytes).expect("affordable")
        };
        let [first, other] = [first, other].map(Variables::from_json);
        assert!(!prepared.is_known_to_be_valid(operation, &first), "nobody has seen it");
        cost(&first);
        prepared.note_valid();
        (prepared.is_known_to_be_valid(operation, &other), cost(&other))
    }

    #[test]
    fn values_of_the_declared_type_need_no_validation() {
        let document = |kind: &str| format!("query A($v: {kind}) {{ a(b: $v) }}");
        for (kind, value, is_known) in [
            ("String!", json!({ "v": "a" }), true),
            ("String!", json!({ "v": 1 }), false),
            ("String", json!({ "v": null }), false),
            ("String", json!({}), true),
            ("String", json!({ "w": [1] }), true),
            ("ID!", json!({ "v": 1 }), true),
            ("Int", json!({ "v": 1 }), true),
            ("Int", json!({ "v": 1.5 }), false),
            ("Boolean", json!({ "v": "true" }), false),
            ("CountryCode", json!({ "v": "DE" }), true),
            ("CountryCode", json!({ "v": "de" }), false),
            ("[ID!]", json!({ "v": ["a"] }), false),
            ("CartInput", json!({ "v": {} }), false),
            ("Nowhere", json!({ "v": "a" }), false),
        ] {
            let first = json!({ "v": value["v"] });
            assert_eq!(known(&document(kind), "A", first, value.clone()).0, is_known, "{kind} {value}");
        }
        let (one, other) = (json!({ "v": "a" }), json!({ "v": "b" }));
        let within = "query A($v: String) { a(b: { c: $v, d: 1 }) }";
        assert!(!known(within, "A", one.clone(), other.clone()).0, "d is judged only when v is given");
        let two = "query A($v: String) { a(b: $v) } query B { a(b: 1) }";
        assert!(!known(two, "A", one, other).0, "of which is it known?");
    }

    #[test]
    fn a_cost_is_remembered_where_variables_have_no_say() {
        let page =
            |arguments: &str| format!("query A($v: Int, $w: String) {{ products({arguments}) {{ nodes {{ id }} }} }}");
        let cost = |arguments: &str, first, other| known(&page(arguments), "A", first, other).1;
        let [two, nine] = [2, 9].map(|v| json!({ "v": v }));
        assert_eq!(cost("first: 4", two.clone(), nine.clone()), (4 + 4 * 5) / 4);
        assert_eq!(cost("first: $v", two, nine), (4 + 9 * 5) / 4, "the second's own");
        let [short, long] = [8, 6_400].map(|length| json!({ "w": "x".repeat(length) }));
        assert_eq!(cost("first: 4, query: $w", short.clone(), long.clone()), (4 + 4 * 5 + 100) / 4);
        assert_eq!(cost("first: 4, query: $w", long, short), (4 + 4 * 5) / 4);
    }
}
