//! The schema as a document: fresh, and described throughout.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use emporia::graphql::schema::sdl;

#[test]
fn schema_graphql_is_fresh() {
    let committed = include_str!("../../schema.graphql");
    assert!(committed == sdl(), "schema.graphql is stale: cargo run -- schema > schema.graphql");
}

#[test]
fn everything_is_described() {
    let document = parse_schema(sdl()).expect("the SDL parses");
    let mut missing = Vec::new();
    let mut note = |what: String, described: bool| {
        if !described {
            missing.push(what);
        }
    };
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let definition = definition.node;
        let name = definition.name.node.to_string();
        let is_root = ["QueryRoot", "Mutation", "Subscription"].contains(&name.as_str());
        note(name.clone(), definition.description.is_some() || is_root);
        let fields = match definition.kind {
            TypeKind::Object(object) => object.fields,
            TypeKind::Interface(interface) => interface.fields,
            TypeKind::InputObject(input) => {
                for field in input.fields {
                    note(format!("{name}.{}", field.node.name.node), field.node.description.is_some());
                }
                continue;
            }
            TypeKind::Enum(values) => {
                for value in values.values {
                    note(format!("{name}.{}", value.node.value.node), value.node.description.is_some());
                }
                continue;
            }
            TypeKind::Scalar | TypeKind::Union(_) => continue,
        };
        for field in fields {
            let path = format!("{name}.{}", field.node.name.node);
            for argument in &field.node.arguments {
                let argument = &argument.node;
                note(format!("{path}({})", argument.name.node), argument.description.is_some());
            }
            note(path, field.node.description.is_some());
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_user_error_is_a_displayable_error() {
    let document = parse_schema(sdl()).expect("the SDL parses");
    let mut found = 0;
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::Object(object) = &definition.node.kind else { continue };
        if definition.node.name.node.ends_with("UserError") {
            found += 1;
            let implements = object.implements.iter().any(|interface| interface.node == "DisplayableError");
            assert!(implements, "{}: name it in graphql/user_error.rs", definition.node.name.node);
        }
    }
    assert!(found > 10, "only {found} were looked at");
}
