//! Roles through the API: the system's, a shop's own, and who may make which.

use emporia::access::{Permission, Permissions, SystemRole};
use emporia::api_key::model::{KeyKind, NewKey};
use emporia::api_key::service::key_create;
use serde_json::{Value, json};

use crate::support::{Store, TestApp};

const CREATE: &str = "mutation ($input: RoleCreateInput!) { done: roleCreate(input: $input) {
    role { id handle name isSystem inherits { handle } ownAccessScopes { handle } accessScopes { handle } }
    userErrors { field code message } } }";
const UPDATE: &str = "mutation ($id: ID!, $input: RoleUpdateInput!) { done: roleUpdate(id: $id, input: $input) {
    role { handle name isSystem inherits { handle } ownAccessScopes { handle } accessScopes { handle } }
    userErrors { field code message } } }";
const DELETE: &str = "mutation ($id: ID!) { done: roleDelete(id: $id) { deletedRoleId
    userErrors { field code message } } }";

async fn done(app: &TestApp, key: &str, document: &str, variables: Value) -> Value {
    app.gql(key, document, variables).await["done"].take()
}

async fn create(app: &TestApp, store: &Store, handle: &str, inherits: Option<&str>, scopes: &[&str]) -> Value {
    let input = json!({ "handle": handle, "name": handle, "inherits": inherits, "accessScopes": scopes });
    done(app, &store.secret, CREATE, json!({ "input": input })).await
}

/// The id of a new role.
async fn made(app: &TestApp, store: &Store, handle: &str, inherits: Option<&str>, scopes: &[&str]) -> Value {
    let made = create(app, store, handle, inherits, scopes).await;
    assert_eq!(made["userErrors"], json!([]));
    made["role"]["id"].clone()
}

async fn role(app: &TestApp, store: &Store, handle: &str) -> Value {
    let document = "{ roles(first: 50) { nodes { id handle isSystem inherits { handle } ownAccessScopes { handle }
        accessScopes { handle } } } }";
    let all = app.gql(&store.secret, document, json!({})).await;
    let nodes = all["roles"]["nodes"].as_array().expect("nodes");
    nodes.iter().find(|role| role["handle"] == handle).cloned().unwrap_or_else(|| panic!("no {handle}: {nodes:#?}"))
}

fn handles(scopes: &Value) -> Vec<&str> {
    scopes.as_array().expect("a list").iter().filter_map(|scope| scope["handle"].as_str()).collect()
}

/// A secret key that may exactly this.
async fn key(app: &TestApp, store: &Store, names: &[&str]) -> String {
    let permissions = Permissions::parse(names.iter().copied()).expect("permissions");
    let new = NewKey { permissions: Some(permissions), ..NewKey::unlimited(KeyKind::Secret, "limited") };
    let made = key_create(&app.app.db, &*app.clock, &app.app.entropy, store.tenant, &new).await;
    made.expect("a key").1.reveal().to_owned()
}

fn refused(done: &Value, code: &str, field: Value) {
    assert_eq!((&done["userErrors"][0]["code"], &done["userErrors"][0]["field"]), (&json!(code), &field), "{done:#}");
}

#[tokio::test]
async fn every_shop_has_the_systems_roles() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let owner = role(&app, &store, "owner").await;
    assert_eq!(owner["isSystem"], true);
    assert_eq!(handles(&owner["accessScopes"]).len(), Permissions::ALL.iter().count());
    let editor = role(&app, &store, "editor").await;
    assert_eq!(editor["inherits"]["handle"], "viewer");
    assert!(
        handles(&editor["accessScopes"])
            .iter()
            .all(|scope| !scope.starts_with("delete") && !scope.starts_with("export"))
    );
    let listed =
        app.gql(&store.secret, "{ roles(first: 2) { nodes { handle } pageInfo { endCursor } } }", json!({})).await;
    assert_eq!(listed["roles"]["nodes"], json!([{ "handle": "viewer" }, { "handle": "editor" }]));
    let after = &listed["roles"]["pageInfo"]["endCursor"];
    let rest = "query ($after: String) { roles(first: 50, after: $after) { nodes { handle } } }";
    let rest = app.gql(&store.secret, rest, json!({ "after": after })).await;
    assert_eq!(rest["roles"]["nodes"], json!([{ "handle": "admin" }, { "handle": "owner" }]));
}

#[tokio::test]
async fn a_shop_makes_roles_of_its_own() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let made = create(&app, &store, "packer", Some("viewer"), &["write_orders"]).await;
    assert_eq!(made["userErrors"], json!([]));
    let role_made = &made["role"];
    assert_eq!((&role_made["isSystem"], &role_made["inherits"]["handle"]), (&json!(false), &json!("viewer")));
    assert_eq!(handles(&role_made["ownAccessScopes"]), ["write_orders"]);
    assert!(handles(&role_made["accessScopes"]).contains(&"read_orders"));
    let input = json!({ "name": "Packer", "inherits": null, "accessScopes": ["read_orders"] });
    let changed = done(&app, &store.secret, UPDATE, json!({ "id": role_made["id"], "input": input })).await;
    let expected = json!({ "handle": "packer", "name": "Packer", "isSystem": false, "inherits": null,
        "ownAccessScopes": [{ "handle": "read_orders" }], "accessScopes": [{ "handle": "read_orders" }] });
    assert_eq!(changed, json!({ "role": expected, "userErrors": [] }));
    // What is left out stays.
    let same = done(&app, &store.secret, UPDATE, json!({ "id": role_made["id"], "input": {} })).await;
    assert_eq!(same["role"], expected);
    let deleted = done(&app, &store.secret, DELETE, json!({ "id": role_made["id"] })).await;
    assert_eq!(deleted, json!({ "deletedRoleId": role_made["id"], "userErrors": [] }));
    refused(&done(&app, &store.secret, DELETE, json!({ "id": role_made["id"] })).await, "NOT_FOUND", json!(["id"]));
}

#[tokio::test]
async fn a_shop_has_a_systems_role_otherwise_until_it_takes_that_back() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let before = role(&app, &store, "editor").await;
    let input = json!({ "accessScopes": ["write_products"] });
    let changed = done(&app, &store.secret, UPDATE, json!({ "id": before["id"], "input": input })).await;
    assert_eq!(handles(&changed["role"]["ownAccessScopes"]), ["write_products"]);
    assert_eq!(changed["role"]["isSystem"], true);
    assert_eq!(role(&app, &other, "editor").await, before, "the same role of another shop is another");
    let back = done(&app, &store.secret, DELETE, json!({ "id": before["id"] })).await;
    assert_eq!(back["deletedRoleId"], before["id"]);
    assert_eq!(role(&app, &store, "editor").await, before);
    let again = done(&app, &store.secret, DELETE, json!({ "id": before["id"] })).await;
    refused(&again, "NOT_ALLOWED", json!(["id"]));
    let owner = role(&app, &store, "owner").await;
    for (document, variables) in [
        (UPDATE, json!({ "id": owner["id"], "input": { "accessScopes": [] } })),
        (DELETE, json!({ "id": owner["id"] })),
    ] {
        refused(&done(&app, &store.secret, document, variables).await, "NOT_ALLOWED", json!(["id"]));
    }
}

#[tokio::test]
async fn nobody_makes_or_touches_a_role_that_may_more_than_they_may() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let strong = made(&app, &store, "strong", None, &["delete_orders"]).await;
    let weak = made(&app, &store, "weak", None, &["read_orders"]).await;
    let limited = key(&app, &store, &["read_staff", "write_staff", "delete_staff", "read_orders"]).await;
    let (scopes, parent) = (json!(["input", "accessScopes"]), json!(["input", "inherits"]));
    for (input, at) in [
        (json!({ "handle": "more", "name": "More", "accessScopes": ["delete_orders"] }), &scopes),
        // Nor what another role brings along.
        (json!({ "handle": "more", "name": "More", "inherits": "strong", "accessScopes": [] }), &parent),
        (json!({ "handle": "more", "name": "More", "inherits": "owner", "accessScopes": [] }), &parent),
    ] {
        refused(&done(&app, &limited, CREATE, json!({ "input": input })).await, "NOT_GRANTED", at.clone());
    }
    for (id, input, at) in [
        (&weak, json!({ "accessScopes": ["read_orders", "write_orders"] }), scopes),
        (&weak, json!({ "inherits": "strong" }), parent),
        // Less for those who may more is not theirs to give either.
        (&strong, json!({ "accessScopes": [] }), json!(["id"])),
        (&strong, json!({ "name": "Mine" }), json!(["id"])),
    ] {
        let answer = done(&app, &limited, UPDATE, json!({ "id": id, "input": input })).await;
        refused(&answer, "NOT_GRANTED", at);
    }
    refused(&done(&app, &limited, DELETE, json!({ "id": strong })).await, "NOT_GRANTED", json!(["id"]));
    let renamed = done(&app, &limited, UPDATE, json!({ "id": weak, "input": { "name": "Reader" } })).await;
    assert_eq!(renamed["userErrors"], json!([]));
}

#[tokio::test]
async fn what_a_role_inherits_ends() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let inherits = json!(["input", "inherits"]);
    let a = made(&app, &store, "a", None, &["read_orders"]).await;
    made(&app, &store, "b", Some("a"), &[]).await;
    refused(&create(&app, &store, "x", Some("nobody"), &[]).await, "INVALID", inherits.clone());
    refused(&create(&app, &store, "x", Some("x"), &[]).await, "INVALID", inherits.clone());
    let ring = done(&app, &store.secret, UPDATE, json!({ "id": a, "input": { "inherits": "b" } })).await;
    refused(&ring, "INVALID", inherits.clone());
    for (handle, parent) in [("c", "b"), ("d", "c"), ("e", "d")] {
        made(&app, &store, handle, Some(parent), &[]).await;
    }
    refused(&create(&app, &store, "f", Some("e"), &[]).await, "INVALID", inherits.clone());
    // A line is not made too long from its other end either.
    let longer = done(&app, &store.secret, UPDATE, json!({ "id": a, "input": { "inherits": "viewer" } })).await;
    refused(&longer, "INVALID", inherits);
    refused(&done(&app, &store.secret, DELETE, json!({ "id": a })).await, "NOT_ALLOWED", json!(["id"]));
}

/// An invitation by whoever has this key; answers what is wrong with it.
async fn invited(app: &TestApp, key: &str, role: &str) -> Value {
    let invite = r#"mutation ($role: String!) { staffInvite(input: { email: "eve@shop.example", name: "Eve", role: $role }) {
        staffMember { id } userErrors { code field } } }"#;
    app.gql(key, invite, json!({ "role": role })).await["staffInvite"]["userErrors"].take()
}

#[tokio::test]
async fn nobody_becomes_an_owner_by_what_they_make_of_the_roles_below() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let names = SystemRole::Viewer.permissions().names();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.extend(["read_staff", "write_staff", "delete_staff"]);
    let limited = key(&app, &store, &names).await;
    let not_granted = json!([{ "code": "NOT_GRANTED", "field": ["input", "role"] }]);
    // The longest line that a viewer's role may have: with an owner at its end it would be too long.
    made(&app, &store, "r1", None, &[]).await;
    made(&app, &store, "r2", Some("r1"), &[]).await;
    let viewer = role(&app, &store, "viewer").await["id"].take();
    let input = json!({ "inherits": "r2" });
    let longer = done(&app, &limited, UPDATE, json!({ "id": viewer, "input": input })).await;
    assert_eq!(longer["userErrors"], json!([]));
    assert_eq!(invited(&app, &limited, "owner").await, not_granted);
    let owner = role(&app, &store, "owner").await;
    assert_eq!(handles(&owner["accessScopes"]).len(), Permission::ALL.len(), "{owner:#}");
    // Nor does an admin who empties the admins' role, having a copy of it.
    let admin = role(&app, &store, "admin").await["id"].take();
    let input = json!({ "inherits": null, "accessScopes": [] });
    let emptied = done(&app, &store.secret, UPDATE, json!({ "id": admin, "input": input })).await;
    assert_eq!(emptied["userErrors"], json!([]));
    assert_eq!(invited(&app, &limited, "owner").await, not_granted);
    assert_eq!(role(&app, &store, "owner").await["accessScopes"], owner["accessScopes"]);
}

#[tokio::test]
async fn a_systems_role_is_not_restored_below_a_line_that_would_be_too_long() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let editor = role(&app, &store, "editor").await["id"].take();
    let input = json!({ "inherits": null });
    let apart = done(&app, &store.secret, UPDATE, json!({ "id": editor, "input": input })).await;
    assert_eq!(apart["userErrors"], json!([]));
    for (handle, parent) in [("c1", "editor"), ("c2", "c1"), ("c3", "c2"), ("c4", "c3")] {
        made(&app, &store, handle, Some(parent), &[]).await;
    }
    let restored = done(&app, &store.secret, DELETE, json!({ "id": editor })).await;
    assert_eq!(restored["userErrors"][0]["code"], "INVALID", "{restored:#}");
}

#[tokio::test]
async fn two_roles_of_one_handle_are_not_made_at_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let attempts = (0..4).map(|_| create(&app, &store, "packer", None, &["read_orders"]));
    let made = futures_util::future::join_all(attempts).await;
    let taken: Vec<_> = made.iter().filter(|made| made["userErrors"][0]["code"] == "TAKEN").collect();
    assert_eq!(taken.len(), 3, "{made:#?}");
    refused(&create(&app, &store, "owner", None, &[]).await, "TAKEN", json!(["input", "handle"]));
}
