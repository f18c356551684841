//! That every mutation which names a collection or a location asks for the permission of that one.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, InputValueDefinition, Type, TypeDefinition, TypeKind, TypeSystemDefinition,
};
use emporia::access::Permission;
use emporia::graphql::schema::sdl;
use serde_json::Value;

use crate::access::named;
use crate::isolation::{Caller, entries, filled, furnish};
use crate::overrides::{deny, set};
use crate::support::{TestApp, statements_of};

/// Where the arguments of a mutation name a collection or a location, by what they are called: the path, and the kind.
fn naming(sdl: &[TypeDefinition]) -> Vec<(String, String, &'static str)> {
    let kind_of = |field: &str, path: &str| {
        let (path, last) = (path.to_lowercase(), path.rsplit('.').next().unwrap_or_default().to_lowercase());
        let kinds = [("collection", "Collection"), ("location", "Location")];
        let by_name = kinds.into_iter().find(|(word, _)| last.contains(word));
        // `collectionUpdate(id:)`, `locationEdit(input: { id })`.
        let by_field =
            kinds.into_iter().find(|(word, _)| field.starts_with(word) && last == "id" && !path.contains("product"));
        by_name.or(by_field).map(|(_, kind)| kind)
    };
    let mut found = Vec::new();
    let TypeKind::Object(mutation) = &sdl.iter().find(|ty| ty.name.node == "Mutation").expect("mutations").kind else {
        panic!("an object")
    };
    for field in &mutation.fields {
        let mut waiting: Vec<(String, &Type, Vec<String>)> = (field.node.arguments.iter())
            .map(|argument| (argument.node.name.node.to_string(), &argument.node.ty.node, vec![]))
            .collect();
        while let Some((path, ty, within)) = waiting.pop() {
            let mut base = &ty.base;
            while let BaseType::List(item) = base {
                base = &item.base;
            }
            let BaseType::Named(name) = base else { unreachable!("lists end") };
            let field = field.node.name.node.as_str();
            if name == "ID" {
                found.extend(kind_of(field, &path).map(|kind| (field.to_owned(), path, kind)));
            } else if let Some(TypeDefinition { kind: TypeKind::InputObject(input), .. }) =
                sdl.iter().find(|ty| ty.name.node == *name)
                && !within.contains(&name.to_string())
            {
                let within = [within, vec![name.to_string()]].concat();
                let below = |one: &InputValueDefinition| format!("{path}.{}", one.name.node);
                waiting.extend(input.fields.iter().map(|one| (below(&one.node), &one.node.ty.node, within.clone())));
            }
        }
    }
    found
}

/// What is called a location and is none of the shop's: a business buyer's.
const OTHERS: [&str; 2] = ["companyLocationId", "copyFromCompanyLocationId"];

#[test]
fn every_mutation_that_names_a_collection_or_a_location_asks_for_that_one() {
    let document = parse_schema(sdl()).expect("the SDL parses");
    let types: Vec<TypeDefinition> = (document.definitions.into_iter())
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(ty) => Some(ty.node),
            _ => None,
        })
        .collect();
    let asked = named();
    let naming = naming(&types);
    let forgotten: Vec<String> = (naming.iter())
        .filter(|(_, path, _)| !OTHERS.iter().any(|other| path.ends_with(other)))
        .filter(|(field, path, kind)| {
            let mut asked = asked.get(&("Mutation".to_owned(), field.clone())).into_iter().flatten();
            !asked.any(|(permission, of)| of == path && permission.object() == Some(kind))
        })
        .map(|(field, path, _)| format!("{field}: {path}"))
        .collect();
    assert_eq!(forgotten, Vec::<String>::new(), "write #[requires(write_collections = \"…\")] above them");
    // And each path leads somewhere.
    for ((ty, field), needs) in &asked {
        for (permission, path) in needs {
            assert!(
                naming.iter().any(|(of, at, kind)| of == field && at == path && permission.object() == Some(kind)),
                "{ty}.{field}: {path}"
            );
        }
    }
    assert!(asked.len() >= 3, "{asked:?}");
}

/// What a mutation names without doing anything to it.
const NAMED_ONLY: [&str; 2] = ["staffPermissionOverridesSet", "companyLocationId"];

/// Whatever its arguments are called: every mutation that is tried with a collection or a location is refused to who is
/// denied that one, before anything is read, and only to them.
#[tokio::test]
async fn what_is_denied_for_one_thing_is_refused_by_every_mutation_that_names_it() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let admin = app.member(&it.store, "ada@shop.example", "admin").await;
    let caller = Caller::with_token(&app, &admin.access_token);
    let objects = ["collection1", "collection2", "location"];
    let names = |document: &str, name: &str| {
        [format!("<{name}>"), format!("<own {name}>")].iter().any(|placeholder| document.contains(placeholder))
    };
    let is_tried = |document: &str| {
        document.starts_with("mutation") && !NAMED_ONLY.iter().any(|harmless| document.contains(harmless))
    };
    let mut tried = 0;
    for object in objects {
        let of_kind = |one: &&Permission| it.names.get(object).contains(&format!("/{}/", one.object().unwrap_or("-")));
        let all = Permission::ALL.iter().filter(of_kind);
        let denied: Vec<Value> = all.map(|one| deny(&one.to_string(), Some(it.names.get(object)))).collect();
        set(&app, &it, &admin, &denied).await;
        let refusing = async {
            for entry in entries().filter(|entry| is_tried(entry.document) && names(entry.document, object)) {
                let answer = caller.ask(&filled(entry.document, &it.names, &it.names)).await;
                let (error, document) = (&answer["errors"][0], entry.document);
                assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{object}: {document}\n{answer:#}");
                let said = error["message"].as_str().unwrap_or_default();
                assert!(said.ends_with("an exception for this one denies it"), "{said}");
                tried += 1;
            }
        };
        let ((), mut statements) = statements_of(&app.db.name, refusing).await;
        let of_the_guard = ["\"staff_sessions\"", "\"roles\"", "\"staff_permission_overrides\""];
        statements.retain(|sql| !of_the_guard.iter().any(|table| sql.contains(table)));
        assert!(statements.is_empty(), "a refused call has asked the database: {statements:#?}");
    }
    assert!(tried >= 6, "{tried}");
    set(&app, &it, &admin, &[]).await;
    for entry in
        entries().filter(|entry| is_tried(entry.document) && objects.iter().any(|object| names(entry.document, object)))
    {
        let answer = caller.ask(&filled(entry.document, &it.names, &it.names)).await;
        assert_ne!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{}\n{answer:#}", entry.document);
    }
}
