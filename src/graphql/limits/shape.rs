//! How large a document is once every fragment is expanded, found without expanding any twice.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Positioned, Value};

use super::introspection::{is_list, is_root};
use super::{Exceeded, Limits, within};
use crate::graphql::error::Code;

/// What measuring a document took.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Selections looked at: linear in the document's length.
    pub steps: u64,
    /// Whether the schema is asked about itself, `__typename` apart.
    pub introspects: bool,
}

/// Measures a document and refuses it when it passes a limit or a fragment contains itself.
pub fn shape(document: &ExecutableDocument, limits: &Limits) -> Result<Measured, Exceeded> {
    let refuse = |what, found, limit| within(what, found, limit, Code::ValidationFailed);
    refuse("fragments", document.fragments.len() as u64, limits.fragments)?;
    refuse("operations", document.operations.iter().count() as u64, limits.operations)?;
    let mut walk = Walk { document, limits, fragments: HashMap::new(), steps: 0, introspects: false };
    let mut total = 0_u64;
    // Fragments that no operation uses are walked by validation all the same.
    for name in document.fragments.keys() {
        total = total.saturating_add(walk.fragment(name, 0)?.selections);
    }
    for (_, operation) in document.operations.iter() {
        walk.directives(&operation.node.directives)?;
        for variable in &operation.node.variable_definitions {
            walk.directives(&variable.node.directives)?;
            if let Some(default) = &variable.node.default_value {
                walk.value(&default.node)?;
            }
        }
        let size = walk.set(&operation.node.selection_set.node, 0)?;
        total = total.saturating_add(size.selections);
        refuse("levels of fields", size.depth, limits.depth)?;
        refuse("fields at its root", size.own_fields, limits.root_fields)?;
        if operation.node.ty == OperationType::Subscription {
            refuse("field at a subscription's root", size.own_fields, 1)?;
        }
        refuse("aliases", size.aliases, limits.aliases)?;
        refuse("expanded fragments", size.spreads, limits.spreads)?;
        let directives = size.directives.saturating_add(directives_of(&operation.node));
        refuse("directives", directives, limits.directives)?;
    }
    refuse("selections", total, limits.selections)?;
    Ok(Measured { steps: walk.steps, introspects: walk.introspects })
}

/// The operation that a request means: by name, or the only one.
pub fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(&operation.node),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name).map(|found| &found.node),
        (DocumentOperations::Multiple(operations), None) => {
            operations.values().next().filter(|_| operations.len() == 1).map(|found| &found.node)
        }
    }
}

fn directives_of(operation: &OperationDefinition) -> u64 {
    let on_variables: usize =
        operation.variable_definitions.iter().map(|variable| variable.node.directives.len()).sum();
    (operation.directives.len() + on_variables) as u64
}

/// A selection set's size with all spreads followed.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    selections: u64,
    /// Fields of this set itself, those that fragments bring included.
    own_fields: u64,
    /// Levels of fields below.
    depth: u64,
    /// Levels of selection sets below, those of spreads and inline fragments included.
    levels: u64,
    /// Lists that describe the schema, inside each other.
    lists: u64,
    aliases: u64,
    directives: u64,
    spreads: u64,
}

impl Size {
    /// Adds what stands beside; numbers that would overflow are past every limit anyway.
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.own_fields = self.own_fields.saturating_add(other.own_fields);
        self.depth = self.depth.max(other.depth);
        self.levels = self.levels.max(other.levels);
        self.lists = self.lists.max(other.lists);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.spreads = self.spreads.saturating_add(other.spreads);
    }
}

/// A fragment's size: being computed, or known.
#[derive(Clone, Copy)]
enum Memo {
    Open,
    Known(Size),
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    fragments: HashMap<&'a str, Memo>,
    steps: u64,
    introspects: bool,
}

impl<'a> Walk<'a> {
    fn set(&mut self, set: &'a SelectionSet, nesting: u64) -> Result<Size, Exceeded> {
        // Also bounds this walk's own recursion, and that of everything that walks the document later.
        self.nested(nesting)?;
        let mut size = Size::default();
        for selection in &set.items {
            self.steps += 1;
            self.directives(selection.node.directives())?;
            let directives = selection.node.directives().len() as u64;
            size.add(Size { selections: 1, directives, ..Size::default() });
            let mut below = match &selection.node {
                Selection::Field(field) => {
                    for (_, value) in &field.node.arguments {
                        self.value(&value.node.clone().into_const_with(|_| Ok::<_, Exceeded>(Value::Null))?)?;
                    }
                    let below = self.set(&field.node.selection_set.node, nesting + 1)?;
                    let aliases = below.aliases.saturating_add(u64::from(field.node.alias.is_some()));
                    let lists = self.lists(field.node.name.node.as_str(), below.lists)?;
                    Size { own_fields: 1, depth: below.depth + 1, lists, aliases, ..below }
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node, nesting + 1)?,
                Selection::FragmentSpread(spread) => {
                    let below = self.fragment(spread.node.fragment_name.node.as_str(), nesting + 1)?;
                    Size { spreads: below.spreads.saturating_add(1), ..below }
                }
            };
            below.levels += 1;
            size.add(below);
        }
        Ok(size)
    }

    /// The lists of a field's selections and its own; refused where the schema's description of itself begins.
    fn lists(&mut self, field: &str, below: u64) -> Result<u64, Exceeded> {
        if is_root(field) {
            self.introspects = true;
            let what = "lists of the schema's types and fields inside each other";
            within(what, below, self.limits.introspection, Code::ValidationFailed)?;
            return Ok(0);
        }
        Ok(below.saturating_add(u64::from(is_list(field))))
    }

    fn nested(&self, levels: u64) -> Result<(), Exceeded> {
        within("nested selections", levels, self.limits.nesting, Code::ValidationFailed)
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<(), Exceeded> {
        let mut arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
        arguments.try_for_each(|(_, value)| {
            self.value(&value.node.clone().into_const_with(|_| Ok::<_, Exceeded>(Value::Null))?)
        })
    }

    /// Lists and objects inside each other. The text's brackets were counted before it was parsed; should the two
    /// ever disagree, what recurses over values later is still safe.
    fn value(&self, value: &Value) -> Result<(), Exceeded> {
        let mut open = vec![(value, 0)];
        while let Some((value, depth)) = open.pop() {
            within("nested values", depth, self.limits.nesting, Code::ValidationFailed)?;
            match value {
                Value::List(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
                Value::Object(fields) => open.extend(fields.values().map(|item| (item, depth + 1))),
                _ => {}
            }
        }
        Ok(())
    }

    fn fragment(&mut self, name: &str, nesting: u64) -> Result<Size, Exceeded> {
        // An unknown fragment has no size; validation names it.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else { return Ok(Size::default()) };
        match self.fragments.get(name.as_str()) {
            Some(Memo::Known(size)) => {
                self.nested(nesting + size.levels)?;
                return Ok(*size);
            }
            Some(Memo::Open) => return Err(Exceeded::Cycle(name.to_string())),
            None => {}
        }
        self.fragments.insert(name.as_str(), Memo::Open);
        let mut size = self.set(&fragment.node.selection_set.node, nesting)?;
        self.directives(&fragment.node.directives)?;
        size.directives = size.directives.saturating_add(fragment.node.directives.len() as u64);
        self.fragments.insert(name.as_str(), Memo::Known(size));
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use async_graphql::parser::parse_query;

    use super::*;

    fn measured(text: &str) -> Result<Measured, String> {
        shape(&parse_query(text).expect("a document"), &Limits::STANDARD).map_err(|exceeded| exceeded.to_string())
    }

    /// Each fragment spreads the next twice: 2^n selections in a few hundred bytes.
    fn bomb(fragments: usize) -> String {
        let mut text = "{...a}".to_owned();
        let name = |n: usize| char::from(b'a' + u8::try_from(n).unwrap());
        for n in 0..fragments {
            write!(text, "fragment {} on QueryRoot{{...{1} ...{1}}}", name(n), name(n + 1)).unwrap();
        }
        write!(text, "fragment {} on QueryRoot{{__typename}}", name(fragments)).unwrap();
        text
    }

    #[test]
    fn a_fragment_bomb_is_refused_in_as_many_steps_as_it_has_selections() {
        let text = bomb(20);
        assert!((700..800).contains(&text.len()), "{}", text.len());
        assert_eq!(measured(&text).unwrap_err(), "the document has more than 50 fields at its root");
        let limits = Limits { root_fields: u64::MAX, spreads: u64::MAX, selections: u64::MAX, ..Limits::STANDARD };
        let steps = shape(&parse_query(&text).unwrap(), &limits).unwrap().steps;
        assert_eq!(steps, 1 + 2 * 20 + 1, "each selection of the text is looked at once");
    }

    #[test]
    fn an_unused_bomb_is_refused_too() {
        let text = bomb(20).replacen("{...a}", "{__typename}", 1);
        assert_eq!(measured(&text).unwrap_err(), "the document has more than 10000 selections");
    }

    #[test]
    fn a_fragment_that_contains_itself_is_refused() {
        for text in [
            "{...a} fragment a on Q {...a}",
            "{...a} fragment a on Q { x {...b} } fragment b on Q {... on Q {...a}}",
            "{x} fragment a on Q {...b} fragment b on Q {...a}",
        ] {
            assert!(measured(text).unwrap_err().ends_with("contains itself"), "{text}");
        }
    }

    #[test]
    fn each_limit_refuses_what_passes_it() {
        let repeat = |text: &str, times: usize| text.repeat(times);
        let many = |times: usize| (0..times).fold(String::new(), |text, n| format!("{text} fragment f{n} on Q {{x}}"));
        let chain =
            (0..70).fold("{...f0}".to_owned(), |text, n| format!("{text} fragment f{n} on Q {{...f{}}}", n + 1));
        for (text, what) in [
            (format!("{{{}x{}}}", repeat("x{", 24), repeat("}", 24)), "24 levels of fields"),
            (format!("{{{}}}", repeat("x ", 51)), "50 fields at its root"),
            (format!("{{...a}} fragment a on Q {{{}}}", repeat("x ", 51)), "50 fields at its root"),
            ("subscription {a b}".to_owned(), "1 field at a subscription's root"),
            ("subscription {a ...b} fragment b on S {c}".to_owned(), "1 field at a subscription's root"),
            (format!("{{x{{{}}}}}", repeat("a:x ", 201)), "200 aliases"),
            (format!("{{x{}}}", repeat("@a ", 201)), "200 directives"),
            (format!("query {}{{x}}", repeat("@a ", 201)), "200 directives"),
            (format!("{{x}} {}", many(101)), "100 fragments"),
            ((0..51).map(|n| format!("query q{n} {{x}} ")).collect(), "50 operations"),
            (format!("{{x{{{}}}}} fragment a on Q {{x}}", repeat("...a ", 1001)), "1000 expanded fragments"),
            (format!("{{x{{{}}}}}", repeat("x ", 10_000)), "10000 selections"),
            (chain, "60 nested selections"),
            (format!("{{x(a:{}1{})}}", repeat("[", 61), repeat("]", 61)), "60 nested values"),
            (format!("{{x @a(a:{}1{})}}", repeat("[", 61), repeat("]", 61)), "60 nested values"),
            (format!("query($a:A={}1{}){{x}}", repeat("{a:", 61), repeat("}", 61)), "60 nested values"),
        ] {
            assert_eq!(measured(&text).unwrap_err(), format!("the document has more than {what}"));
        }
    }

    #[test]
    fn the_schema_is_not_followed_round_in_circles() {
        let refused = "the document has more than 2 lists of the schema's types and fields inside each other";
        for text in [
            "{__type(name: \"Node\") {possibleTypes {interfaces {possibleTypes {name}}}}}",
            "{__schema {types {fields {type {fields {type {fields {name}}}}}}}}",
            "{__schema {types {...a}}} fragment a on __Type {fields {type {...b}}}
             fragment b on __Type {inputFields {type {... on __Type {interfaces {name}}}}}",
            "{...a} fragment a on Q {b: __type(name: \"A\") {c: fields {type {d: fields {type {e: fields {name}}}}}}}",
        ] {
            assert_eq!(measured(text).unwrap_err(), refused, "{text}");
        }
        for text in [
            "{__type(name: \"Node\") {possibleTypes {fields {name args {name} type {ofType {ofType {name}}}}}}}",
            // Not the schema's.
            "{metaobject {fields {reference {fields {reference {fields {value}}}}}}}",
        ] {
            assert!(measured(text).is_ok(), "{text}");
        }
        assert!(measured("{a {b: __typename}}").is_ok_and(|measured| !measured.introspects));
        assert!(measured("{a: __type(name: \"A\") {name}}").is_ok_and(|measured| measured.introspects));
        assert!(
            measured("{...a} fragment a on Q {__schema {types {name}}}").is_ok_and(|measured| measured.introspects)
        );
    }
}
