//! Is everything listed? The schema's SDL says what there is: its root fields, every argument by which they can be
//! given a name of something, and the types that `node` may answer.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::types::{
    BaseType, FieldDefinition, OperationDefinition, OperationType, Selection, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::parser::{parse_query, parse_schema};
use async_graphql::{Name, Value};
use emporia::graphql::schema::sdl;

use super::entries::{NODES, all};

/// Arguments that name something although they are plain texts.
const NAMING: [&str; 15] = [
    "activationToken",
    "after",
    "before",
    "customerAccessToken",
    "deliveryOptionHandle",
    "externalId",
    "handle",
    "productHandle",
    "query",
    "refreshToken",
    "resetToken",
    "staffInvite.input.email",
    "staffPasswordRecover.email",
    "staffSignIn.input.email",
    "token",
];

/// Inputs that name something by another word: an account by its e-mail address, what was mailed by its link.
const NAMED: [&str; 6] = [
    "Mutation.customerAccessTokenCreate.input.email",
    "Mutation.customerActivateByUrl.activationUrl",
    "Mutation.customerCreate.input.email",
    "Mutation.customerRecover.email",
    "Mutation.domainCreate.host",
    "Mutation.customerResetByUrl.resetUrl",
];

struct Sdl(BTreeMap<String, TypeDefinition>);

impl Sdl {
    fn read() -> Self {
        let document = parse_schema(sdl()).expect("the SDL parses");
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some((ty.node.name.node.to_string(), ty.node)),
            _ => None,
        });
        Self(types.collect())
    }

    fn fields(&self, ty: &str) -> impl Iterator<Item = &FieldDefinition> {
        let TypeKind::Object(object) = &self.0[ty].kind else { panic!("{ty} is no object") };
        object.fields.iter().map(|field| &field.node)
    }

    /// The types that implement the interface.
    fn implementing(&self, interface: &str) -> BTreeSet<&str> {
        let implements = |kind: &TypeKind| match kind {
            TypeKind::Object(object) => object.implements.iter().any(|name| name.node == interface),
            _ => false,
        };
        self.0.iter().filter(|(_, ty)| implements(&ty.kind)).map(|(name, _)| name.as_str()).collect()
    }

    /// The paths below `path` at which a value of this type can name something. `within` are the input types the path
    /// has come through: one that holds itself is not followed for ever.
    fn names_in(&self, ty: &Type, path: &str, within: &[&str], found: &mut BTreeSet<String>) {
        let mut base = &ty.base;
        while let BaseType::List(item) = base {
            base = &item.base;
        }
        let BaseType::Named(name) = base else { unreachable!("lists end") };
        let is_naming = NAMING.iter().any(|naming| path.ends_with(&format!(".{naming}")));
        if name == "ID" || (name == "String" && is_naming) || NAMED.contains(&path) {
            found.insert(path.to_owned());
        } else if let Some((name, ty)) = self.0.get_key_value(name.as_str())
            && let TypeKind::InputObject(input) = &ty.kind
            && !within.contains(&name.as_str())
        {
            let within = [within, &[name.as_str()]].concat();
            for field in &input.fields {
                let field = &field.node;
                self.names_in(&field.ty.node, &format!("{path}.{}", field.name.node), &within, found);
            }
        }
    }
}

/// The operation of an entry's document.
pub fn operation(document: &str) -> OperationDefinition {
    let parsed = parse_query(document).unwrap_or_else(|error| panic!("{error}: {document}"));
    let (_, operation) = parsed.operations.iter().next().expect("an operation");
    operation.node.clone()
}

/// The paths at which a value names something of the other store.
fn named_in(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.contains('<') && !text.contains("<own ") => drop(found.insert(path.to_owned())),
        Value::List(items) => items.iter().for_each(|item| named_in(item, path, found)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| named_in(value, &format!("{path}.{name}"), found));
        }
        _ => {}
    }
}

#[test]
fn every_root_field_is_tried_with_every_name_it_takes() {
    let sdl = Sdl::read();
    let (mut fields, mut names) = (BTreeSet::new(), BTreeSet::new());
    for root in ["QueryRoot", "Mutation", "Subscription"] {
        for field in sdl.fields(root) {
            fields.insert(format!("{root}.{}", field.name.node));
            for argument in &field.arguments {
                let path = format!("{root}.{}.{}", field.name.node, argument.node.name.node);
                sdl.names_in(&argument.node.ty.node, &path, &[], &mut names);
            }
        }
    }
    let (mut tried, mut tried_names) = (BTreeSet::new(), BTreeSet::new());
    for entry in all() {
        let operation = operation(entry.document);
        let root = match operation.ty {
            OperationType::Query => "QueryRoot",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        for item in operation.selection_set.node.items {
            let Selection::Field(field) = item.node else { panic!("a root field: {}", entry.document) };
            let path = format!("{root}.{}", field.node.name.node);
            for (name, value) in field.node.arguments {
                let value = value.node.into_const_with(|_: Name| Err(())).expect("no variables");
                named_in(&value, &format!("{path}.{}", name.node), &mut tried_names);
            }
            tried.insert(path);
        }
    }
    // Tried by the types below.
    for by_type in ["QueryRoot.node", "QueryRoot.nodes"] {
        assert!(fields.remove(by_type) && names.iter().any(|name| name.starts_with(by_type)));
        names.retain(|name| !name.starts_with(&format!("{by_type}.")));
    }
    let differences = (difference(&fields, &tried), difference(&names, &tried_names));
    let none = || (vec![], vec![]);
    assert_eq!(differences, (none(), none()), "((fields not tried, unknown), (names not tried, unknown))");
}

#[test]
fn every_node_type_is_tried() {
    let sdl = Sdl::read();
    let listed: BTreeSet<&str> = NODES.iter().map(|(name, _)| *name).collect();
    assert_eq!(difference(&sdl.implementing("Node"), &listed), (vec![], vec![]), "(types not tried, unknown)");
}

/// What only the one has, and what only the other has.
fn difference<T: Ord + Clone>(one: &BTreeSet<T>, other: &BTreeSet<T>) -> (Vec<T>, Vec<T>) {
    (one.difference(other).cloned().collect(), other.difference(one).cloned().collect())
}
