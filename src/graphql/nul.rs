//! The one character that PostgreSQL's texts cannot hold, NUL: refused at the edge, wherever an operation's input has
//! it, so that nothing behind the edge needs to think of it.

use std::convert::Infallible;
use std::fmt::Display;

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value, Variables};

/// Arguments as constants. What their variables hold is looked at where the variables are.
macro_rules! constants {
    ($arguments:expr) => {
        $arguments.iter().map(|(name, value)| {
            let value = value.node.clone().into_const_with(|_| Ok::<_, Infallible>(Value::Null));
            (&name.node, value.unwrap_or_else(|never| match never {}))
        })
    };
}

/// Where a request's variables have it: `$input.lines.0.note`.
pub fn in_variables(variables: &Variables) -> Option<String> {
    variables.iter().find_map(|(name, value)| Some(path(format!("${name}"), find(value)?)))
}

/// Where a document's own texts have it: `pageCreate(page.title)`.
pub fn in_document(document: &ExecutableDocument) -> Option<String> {
    let in_operation = document.operations.iter().find_map(|(_, operation)| {
        let operation = &operation.node;
        let defaults = operation.variable_definitions.iter().find_map(|definition| {
            let definition = &definition.node;
            let found = find(&definition.default_value.as_ref()?.node)?;
            Some(path(format!("${}", definition.name.node), found))
        });
        let on_operation = || in_directives(&operation.directives);
        defaults.or_else(on_operation).or_else(|| in_selections(&operation.selection_set.node))
    });
    in_operation.or_else(|| {
        document.fragments.values().find_map(|fragment| {
            let fragment = &fragment.node;
            in_directives(&fragment.directives).or_else(|| in_selections(&fragment.selection_set.node))
        })
    })
}

/// Spreads are not followed: fragments are looked through on their own. [`super::limits`] bounds the depth.
fn in_selections(set: &SelectionSet) -> Option<String> {
    set.items.iter().find_map(|item| match &item.node {
        Selection::Field(field) => {
            let field = &field.node;
            in_arguments(&field.name.node, constants!(field.arguments))
                .or_else(|| in_directives(&field.directives))
                .or_else(|| in_selections(&field.selection_set.node))
        }
        Selection::FragmentSpread(spread) => in_directives(&spread.node.directives),
        Selection::InlineFragment(inline) => {
            in_directives(&inline.node.directives).or_else(|| in_selections(&inline.node.selection_set.node))
        }
    })
}

fn in_directives(directives: &[Positioned<Directive>]) -> Option<String> {
    directives.iter().find_map(|directive| {
        let name = format!("@{}", directive.node.name.node);
        in_arguments(&name, constants!(directive.node.arguments))
    })
}

fn in_arguments<'a>(of: &str, mut arguments: impl Iterator<Item = (&'a Name, Value)>) -> Option<String> {
    let (name, found) = arguments.find_map(|(name, value)| Some((name, find(&value)?)))?;
    Some(format!("{of}({})", path(name.to_string(), found)))
}

/// The way to the first text that has it, the last step first. Costs nothing where there is none.
fn find(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => text.contains('\0').then(Vec::new),
        Value::List(items) => items.iter().enumerate().find_map(|(at, item)| below(at, find(item))),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            // Of a JSON scalar the keys are texts as well; one that has it cannot be shown.
            if name.contains('\0') { Some(Vec::new()) } else { below(name, find(value)) }
        }),
        _ => None,
    }
}

fn below(step: impl Display, found: Option<Vec<String>>) -> Option<Vec<String>> {
    let mut steps = found?;
    steps.push(step.to_string());
    Some(steps)
}

fn path(start: String, steps: Vec<String>) -> String {
    steps.into_iter().rev().fold(start, |path, step| format!("{path}.{step}"))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::json;

    use super::*;

    fn variables(json: serde_json::Value) -> Option<String> {
        in_variables(&Variables::from_json(json))
    }

    fn document(text: &str) -> Option<String> {
        in_document(&parse_query(text).expect("a document"))
    }

    #[test]
    fn the_way_to_it_is_said() {
        assert_eq!(variables(json!({ "a": { "b": ["", { "c": "x\0" }] } })).as_deref(), Some("$a.b.1.c"));
        assert_eq!(variables(json!({ "a": { "\0": 1 } })).as_deref(), Some("$a"));
        assert_eq!(variables(json!({ "a": ["", null, 0, { "b": "\u{1}" }] })), None);
        for (text, expected) in [
            (r#"{ a(b: { c: ["\u0000"] }) }"#, Some("a(b.c.0)")),
            (r#"{ a { b @d(e: "\u0000") } }"#, Some("@d(e)")),
            (r#"{ ... on A { a(b: "\u0000") } }"#, Some("a(b)")),
            (r#"{ ...f } fragment f on A { a(b: "\u0000") }"#, Some("a(b)")),
            (r#"query($a: A = { b: "\u0000" }) { a(b: $a) }"#, Some("$a.b")),
            (r#"query($a: A) { a(b: $a, c: { d: $a, e: "0" }) }"#, None),
        ] {
            assert_eq!(document(text).as_deref(), expected, "{text}");
        }
    }
}
