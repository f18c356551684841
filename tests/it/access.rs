//! Who may ask for what: every operation with a key that lacks its one permission and with a key that has nothing else,
//! and the table in the docs that says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use async_graphql::Value as Constant;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{ConstDirective, OperationType, Selection, TypeKind, TypeSystemDefinition};
use emporia::access::{Permission, Permissions, SystemRole};
use emporia::api_key::model::{KeyKind, NewKey};
use emporia::api_key::service::key_create;
use emporia::graphql::schema::sdl;
use serde_json::{Value, json};

use crate::isolation::{Caller, entries, filled, furnish, operation};
use crate::support::{Statements, Store, TestApp};

/// What the schema says of a field: the permission it needs; none: it is for everybody.
type Decisions = BTreeMap<(String, String), Option<Permission>>;

/// Every field for which it is decided, and the root fields for which it is not.
fn decisions() -> (Decisions, Vec<String>) {
    let document = parse_schema(sdl()).expect("the SDL parses");
    let (mut decided, mut undecided) = (Decisions::new(), Vec::new());
    for definition in document.definitions {
        let TypeSystemDefinition::Type(ty) = definition else { continue };
        let TypeKind::Object(object) = &ty.node.kind else { continue };
        let name = ty.node.name.node.to_string();
        for field in &object.fields {
            let directives: Vec<&ConstDirective> = field.node.directives.iter().map(|one| &one.node).collect();
            let is_public = directives.iter().any(|directive| directive.name.node == "public");
            let needed = directives.iter().find(|directive| directive.name.node == "requires").map(|directive| {
                let Some(Constant::String(scope)) = directive.get_argument("scope").map(|scope| &scope.node) else {
                    panic!("@requires names a scope")
                };
                Permission::parse(scope).unwrap_or_else(|| panic!("{scope} is a permission"))
            });
            let at = (name.clone(), field.node.name.node.to_string());
            match (is_public, needed) {
                (true, None) | (false, Some(_)) => drop(decided.insert(at, needed)),
                (false, None) if ["QueryRoot", "Mutation", "Subscription"].contains(&name.as_str()) => {
                    undecided.push(format!("{}.{}", at.0, at.1));
                }
                (false, None) => {}
                (true, Some(_)) => panic!("{at:?} is for everybody and needs a permission"),
            }
        }
    }
    (decided, undecided)
}

#[test]
fn for_every_operation_it_is_decided_who_may_ask() {
    let (decided, undecided) = decisions();
    assert_eq!(undecided, Vec::<String>::new(), "write #[requires(…)] or #[public] above them");
    assert!(decided.len() > 80, "{}", decided.len());
}

/// A secret key that may exactly this.
async fn key(app: &TestApp, store: &Store, permissions: Permissions) -> String {
    let new = NewKey { permissions: Some(permissions), ..NewKey::unlimited(KeyKind::Secret, "limited") };
    let made = key_create(&app.app.db, &*app.clock, &app.app.entropy, store.tenant, &new).await;
    made.expect("a key").1.reveal().to_owned()
}

/// The documents of one root field each, with what the field needs.
fn tried() -> Vec<(&'static str, String, Option<Permission>)> {
    let (decided, _) = decisions();
    let tried = entries().filter_map(|entry| {
        let operation = operation(entry.document);
        let root = match operation.ty {
            OperationType::Query => "QueryRoot",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let [Selection::Field(field)] =
            &operation.selection_set.node.items.iter().map(|item| &item.node).collect::<Vec<_>>()[..]
        else {
            return None;
        };
        let name = field.node.name.node.to_string();
        let needed = decided[&(root.to_owned(), name.clone())];
        Some((entry.document, name, needed))
    });
    tried.collect()
}

/// Whether the root field itself was refused for want of this permission.
fn is_refused(answer: &Value, field: &str, permission: &str) -> bool {
    let error = &answer["errors"][0];
    let says = error["message"].as_str().is_some_and(|message| message.contains(&format!("permission {permission}:")));
    says && error["extensions"]["code"] == "FORBIDDEN" && error["path"] == json!([field])
}

#[tokio::test]
async fn whoever_lacks_the_permission_is_refused_before_anything_is_read() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let mut without = BTreeMap::new();
    for (_, _, needed) in tried() {
        let Some(needed) = needed else { continue };
        let others = Permissions::ALL.without(Permissions::of(&[needed]));
        if !without.contains_key(&needed.to_string()) {
            without.insert(needed.to_string(), key(&app, &it.store, others).await);
        }
    }
    assert!(without.len() > 10, "{without:?}");
    let refused = async {
        let mut refused = 0;
        for (document, field, needed) in tried() {
            let Some(needed) = needed.map(|needed| needed.to_string()) else { continue };
            let document = filled(document, &it.names, &it.names);
            for key in [&without[&needed], &it.store.publishable] {
                let answer = Caller::with_key(&app, key).ask(&document).await;
                assert!(is_refused(&answer, &field, &needed), "{document}\n{answer:#}");
                refused += 1;
            }
        }
        refused
    };
    let (refused, statements) = Statements::of(&app.db.name, refused).await;
    assert!(refused > 100, "{refused}");
    assert_eq!(statements.count(), 0, "a refused call has asked the database: {statements:?}");
}

#[tokio::test]
async fn the_one_permission_is_enough() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let mut only = BTreeMap::new();
    let nothing = key(&app, &it.store, Permissions::NONE).await;
    for (document, field, needed) in tried() {
        let key = match needed {
            None => &nothing,
            Some(needed) => {
                if !only.contains_key(&needed.to_string()) {
                    only.insert(needed.to_string(), key(&app, &it.store, Permissions::of(&[needed])).await);
                }
                &only[&needed.to_string()]
            }
        };
        let document = filled(document, &it.names, &it.names);
        let answer = Caller::with_key(&app, key).ask(&document).await;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let refused =
            errors.iter().any(|error| error["extensions"]["code"] == "FORBIDDEN" && error["path"] == json!([field]));
        assert!(!refused, "{document}\n{answer:#}");
    }
}

#[tokio::test]
async fn a_limited_key_sees_of_the_shop_what_its_permissions_say() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let orders = key(&app, &it.store, Permissions::parse(["read_orders"]).unwrap()).await;
    let order = it.names.get("order1");
    let document = format!("{{ viewer {{ kind permissions {{ handle }} }} node(id: {order:?}) {{ id }} }}");
    let seen = app.gql(&orders, &document, json!({})).await;
    let expected = json!({ "viewer": { "kind": "SERVER", "permissions": [{ "handle": "read_orders" }] }, "node": { "id": order } });
    assert_eq!(seen, expected);
    // By whichever path: as a root field, by its id, and below another thing.
    let nothing = key(&app, &it.store, Permissions::NONE).await;
    let seen = app.gql(&nothing, &format!("{{ node(id: {order:?}) {{ id }} }}"), json!({})).await;
    assert_eq!(seen, json!({ "node": null }));
    let variant = it.names.get("variant1");
    let document = format!("{{ node(id: {variant:?}) {{ ... on ProductVariant {{ title inventoryQuantity }} }} }}");
    let (_, answer) = app.post(&nothing, &document, json!({})).await;
    assert_eq!(answer["data"]["node"]["inventoryQuantity"], Value::Null);
    assert_eq!(answer["errors"][0]["path"], json!(["node", "inventoryQuantity"]), "{answer:#}");
    // What is not published is the merchant's.
    let status = format!("{{ products(first: 50) {{ nodes {{ title }} }} locations(first: 5) {{ nodes {{ id }} }} }}");
    let seen = app.gql(&nothing, &status, json!({})).await;
    assert_eq!(seen["locations"]["nodes"], json!([]));
}

#[tokio::test]
async fn the_viewer_is_told_which_rule_decides() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let limited = key(&app, &store, Permissions::parse(["read_orders"]).unwrap()).await;
    for (key, kind, orders, products) in [
        (
            &store.publishable,
            "STOREFRONT",
            (false, "shoppers have no permissions"),
            (false, "shoppers have no permissions"),
        ),
        (&store.secret, "SERVER", (true, "the key is not limited"), (true, "the key is not limited")),
        (&limited, "SERVER", (true, "the permissions of the key"), (false, "the permissions of the key")),
    ] {
        let document = r#"{ viewer { kind orders: explain(scope: "read_orders") { allowed reason }
            products: explain(scope: "write_products") { allowed reason } } }"#;
        let seen = app.gql(key, document, json!({})).await;
        let decision = |(allowed, reason): (bool, &str)| json!({ "allowed": allowed, "reason": reason });
        let expected = json!({ "kind": kind, "orders": decision(orders), "products": decision(products) });
        assert_eq!(seen["viewer"], expected);
    }
    for (arguments, what) in [(r#"scope: "orders""#, "`scope`"), (r#"scope: "read_orders", id: "7""#, "`id`")] {
        let document = format!("{{ viewer {{ explain({arguments}) {{ allowed }} }} }}");
        let (_, answer) = app.post(&store.secret, &document, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains(what), "{answer:#}");
    }
}

/// The tables of docs/permissions.md.
fn tables() -> String {
    let (decided, _) = decisions();
    let mut text = String::new();
    writeln!(text, "| Permission | For | viewer | editor | admin | owner |\n|---|---|---|---|---|---|").unwrap();
    for permission in Permission::ALL {
        let roles = SystemRole::ALL.map(|role| if role.permissions().contains(*permission) { "yes" } else { "" });
        let description = permission.resource.description().trim();
        writeln!(text, "| `{permission}` | {description} | {} |", roles.join(" | ")).unwrap();
    }
    for (title, is_root) in [("Operations", true), ("Fields of other types", false)] {
        writeln!(text, "\n## {title}\n\n| Field | Needs |\n|---|---|").unwrap();
        for ((ty, field), needed) in &decided {
            if ["QueryRoot", "Mutation", "Subscription"].contains(&ty.as_str()) == is_root {
                let needed = needed.map_or("nothing: for everybody".to_owned(), |needed| format!("`{needed}`"));
                writeln!(text, "| `{ty}.{field}` | {needed} |").unwrap();
            }
        }
    }
    text
}

#[test]
fn the_docs_say_which_operation_needs_what() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/permissions.md")).expect("docs/permissions.md");
    let (head, shown) = page.split_once("<!-- generated -->\n").expect("a mark above what is generated");
    let expected = tables();
    if shown != expected {
        let fresh = root.join("target/permissions.md");
        std::fs::write(&fresh, format!("{head}<!-- generated -->\n{expected}")).expect("written");
        panic!("docs/permissions.md is stale: cp target/permissions.md docs/permissions.md");
    }
}
