//! Who may ask for what: every operation with a key that lacks its one permission and with a key that has nothing else,
//! and the table in the docs that says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use async_graphql::Value as Constant;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{ConstDirective, OperationType, Selection, TypeKind, TypeSystemDefinition};
use emporia::access::permission::{READ_CUSTOMERS, READ_ORDERS, WRITE_CUSTOMERS, WRITE_PRODUCTS};
use emporia::access::{Permission, Permissions, SystemRole};
use emporia::api_key::model::{KeyKind, NewKey};
use emporia::api_key::service::key_create;
use emporia::graphql::schema::sdl;
use serde_json::{Value, json};

use crate::isolation::{Caller, entries, filled, furnish, operation};
use crate::support::{Statements, Store, TestApp, statements_of};

/// What the schema says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// It is for everybody.
    Nothing,
    Permission(Permission),
    /// A member of the staff; or the permission.
    SignedIn(Option<Permission>),
    /// Who runs the service.
    Operator,
}

impl Needs {
    pub fn permission(self) -> Option<Permission> {
        match self {
            Self::Permission(permission) => Some(permission),
            Self::Nothing | Self::SignedIn(_) | Self::Operator => None,
        }
    }
}

type Decisions = BTreeMap<(String, String), Needs>;

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
            let scope = |directive: &ConstDirective, argument: &str| match directive.get_argument(argument) {
                Some(scope) => {
                    let Constant::String(scope) = &scope.node else { return None };
                    Some(Permission::parse(scope).unwrap_or_else(|| panic!("{scope} is a permission")))
                }
                None => None,
            };
            let said: Vec<Needs> = directives
                .iter()
                .filter_map(|directive| match directive.name.node.as_str() {
                    "public" => Some(Needs::Nothing),
                    "requires" => Some(Needs::Permission(scope(directive, "scope").expect("@requires names a scope"))),
                    "operator" => Some(Needs::Operator),
                    "signedIn" => Some(Needs::SignedIn(scope(directive, "orScope"))),
                    _ => None,
                })
                .collect();
            let at = (name.clone(), field.node.name.node.to_string());
            // Further permissions are needed for what the arguments name.
            let is_permission = |needs: &Needs| matches!(needs, Needs::Permission(_));
            let said = if said.iter().all(is_permission) { &said[..said.len().min(1)] } else { &said[..] };
            match *said {
                [needs] => drop(decided.insert(at, needs)),
                [] if ["QueryRoot", "Mutation", "Subscription"].contains(&name.as_str()) => {
                    undecided.push(format!("{}.{}", at.0, at.1));
                }
                [] => {}
                _ => panic!("{at:?} says it twice: {said:?}"),
            }
        }
    }
    (decided, undecided)
}

/// A permission that is needed for each thing that the arguments name at this path.
pub type Named = (Permission, String);

/// Which fields need a permission for what their arguments name.
pub fn named() -> BTreeMap<(String, String), Vec<Named>> {
    let document = parse_schema(sdl()).expect("the SDL parses");
    let mut all = BTreeMap::<_, Vec<Named>>::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(ty) = definition else { continue };
        let TypeKind::Object(object) = &ty.node.kind else { continue };
        for field in &object.fields {
            let at = (ty.node.name.node.to_string(), field.node.name.node.to_string());
            for directive in field.node.directives.iter().map(|one| &one.node).filter(|one| one.name.node == "requires")
            {
                let text = |name: &str| match directive.get_argument(name).map(|value| &value.node) {
                    Some(Constant::String(text)) => Some(text.clone()),
                    _ => None,
                };
                let permission = Permission::parse(&text("scope").expect("a scope")).expect("a permission");
                if let Some(path) = text("of") {
                    all.entry(at.clone()).or_default().push((permission, path));
                }
            }
        }
    }
    all
}

/// Fields for everybody of which an argument is for the merchant, who has one of these permissions.
const BY_ARGUMENT: [(&str, Permission); 6] = [
    ("customer", READ_CUSTOMERS),
    ("customerUpdate", WRITE_CUSTOMERS),
    ("tagsAdd", WRITE_CUSTOMERS),
    ("tagsAdd", WRITE_PRODUCTS),
    ("tagsRemove", WRITE_CUSTOMERS),
    ("tagsRemove", WRITE_PRODUCTS),
];
/// Fields that need more than one: who has the shop told of something has to be allowed to read it.
const AND: [(&str, Permission); 2] =
    [("webhookSubscriptionCreate", READ_ORDERS), ("webhookSubscriptionUpdate", READ_ORDERS)];

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
pub fn tried() -> Vec<(&'static str, String, Needs)> {
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
pub fn is_refused(answer: &Value, field: &str, permission: &str) -> bool {
    let error = &answer["errors"][0];
    let says = error["message"].as_str().is_some_and(|message| message.contains(&format!("permission {permission}:")));
    says && error["extensions"]["code"] == "FORBIDDEN" && error["path"] == json!([field])
}

#[tokio::test]
async fn whoever_lacks_the_permission_is_refused_before_anything_is_read() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let mut without = BTreeMap::new();
    let needed: BTreeSet<String> =
        tried().iter().filter_map(|(_, _, needed)| needed.permission()).map(|needed| needed.to_string()).collect();
    for name in needed {
        let others = Permissions::ALL.without(Permissions::parse([name.as_str()]).expect("a permission"));
        let key = key(&app, &it.store, others).await;
        without.insert(name, key);
    }
    assert!(without.len() > 10, "{without:?}");
    let refused = async {
        let mut refused = 0;
        for (document, field, needed) in tried() {
            let Some(needed) = needed.permission().map(|needed| needed.to_string()) else { continue };
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
    let (mut only, further) = (BTreeMap::new(), named());
    let nothing = key(&app, &it.store, Permissions::NONE).await;
    for (document, field, needed) in tried() {
        let key = match needed {
            // For whom there are only members, there is no key.
            Needs::SignedIn(None) | Needs::Operator => continue,
            Needs::Nothing if !BY_ARGUMENT.iter().any(|(name, _)| *name == field) => &nothing,
            needed => {
                let or = if let Needs::SignedIn(or) = needed { or } else { None };
                let by_argument = BY_ARGUMENT.iter().filter(|(name, _)| *name == field).map(|(_, needed)| *needed);
                let needed: Vec<Permission> = needed.permission().or(or).into_iter().chain(by_argument).collect();
                assert!(!needed.is_empty(), "{field}");
                let further = further.get(&("Mutation".to_owned(), field.clone())).into_iter().flatten();
                let and = AND.iter().filter(|(name, _)| *name == field).map(|(_, more)| *more);
                let needed = Permissions::of(&[needed, further.map(|one| one.0).chain(and).collect()].concat());
                let named = needed.names().join(" ");
                let made = match only.remove(&named) {
                    Some(made) => made,
                    None => key(&app, &it.store, needed).await,
                };
                only.entry(named).or_insert(made)
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
async fn what_is_for_members_is_refused_to_everybody_else_before_anything_is_read() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let none = key(&app, &it.store, Permissions::NONE).await;
    let refused = async {
        let mut refused = 0;
        for (document, field, needed) in tried() {
            let Needs::SignedIn(_) = needed else { continue };
            let document = filled(document, &it.names, &it.names);
            for key in [&none, &it.store.publishable] {
                let answer = Caller::with_key(&app, key).ask(&document).await;
                let error = &answer["errors"][0];
                let seen = (&error["extensions"]["code"], &error["path"]);
                assert_eq!(seen, (&json!("FORBIDDEN"), &json!([field])), "{document}\n{answer:#}");
                refused += 1;
            }
        }
        refused
    };
    let (refused, statements) = Statements::of(&app.db.name, refused).await;
    assert!(refused > 5, "{refused}");
    assert_eq!(statements.count(), 0, "a refused call has asked the database: {statements:?}");
}

#[tokio::test]
async fn what_is_for_operators_is_refused_to_everybody_else_before_anything_is_read() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let owner = app.member(&it.store, "owner@shop.example", "owner").await;
    let of_operators = tried().into_iter().filter(|(_, _, needed)| *needed == Needs::Operator);
    let of_operators: Vec<_> =
        of_operators.map(|(document, field, _)| (filled(document, &it.names, &it.names), field)).collect();
    let callers = [
        Caller::with_key(&app, &it.store.secret),
        Caller::with_key(&app, &it.store.publishable),
        Caller::with_token(&app, &owner.access_token),
    ];
    let refusing = async {
        for (document, field) in &of_operators {
            for caller in &callers {
                let answer = caller.ask(document).await;
                let error = &answer["errors"][0];
                let seen = (&error["extensions"]["code"], &error["path"]);
                assert_eq!(seen, (&json!("FORBIDDEN"), &json!([field])), "{document}\n{answer:#}");
                assert!(error["message"].as_str().is_some_and(|it| it.contains("an operator's token")), "{answer:#}");
            }
        }
    };
    let ((), mut statements) = statements_of(&app.db.name, refusing).await;
    statements.retain(|sql| !sql.contains("\"staff_sessions\"") && !sql.contains("\"roles\""));
    assert!(statements.is_empty(), "a refused call has asked the database: {statements:#?}");
    assert!(of_operators.len() > 8, "{}", of_operators.len());
}

#[tokio::test]
async fn every_role_may_what_its_permissions_say_and_is_refused_the_rest_before_anything_is_read() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    for role in SystemRole::ALL {
        let handle = role.handle();
        let member = app.member(&it.store, &format!("{handle}@shop.example"), handle).await;
        let mut token = member.access_token;
        let caller = Caller::with_token(&app, &token);
        let (mut allowed, mut refused) = (Vec::new(), Vec::new());
        for (document, field, needed) in tried() {
            let mut by_argument = BY_ARGUMENT.iter().filter(|(name, _)| *name == field).map(|(_, needed)| *needed);
            match needed.permission() {
                _ if needed == Needs::Operator => {}
                Some(needed) if !role.permissions().contains(needed) => refused.push((document, field, needed)),
                _ if by_argument.any(|needed| !role.permissions().contains(needed)) => {}
                _ => allowed.push((document, field)),
            }
        }
        let refusing = async {
            for (document, field, needed) in &refused {
                let document = filled(document, &it.names, &it.names);
                let answer = caller.ask(&document).await;
                assert!(is_refused(&answer, field, &needed.to_string()), "{handle}: {document}\n{answer:#}");
            }
        };
        let ((), mut statements) = statements_of(&app.db.name, refusing).await;
        // Whose session it is and what the role may, the guard looks up anew every few seconds.
        let of_the_guard = ["\"staff_sessions\"", "\"roles\"", "\"staff_permission_overrides\""];
        statements.retain(|sql| !of_the_guard.iter().any(|table| sql.contains(table)));
        assert!(statements.is_empty(), "{handle}: a refused call has asked the database: {statements:#?}");
        for (document, field) in allowed {
            let document = filled(document, &it.names, &it.names);
            if app.app.resolver.by_token(&token).await.is_err() {
                // One of those before has ended the session.
                token = app.sign_in(&it.store, &format!("{handle}@shop.example")).await.access_token;
            }
            let answer = Caller::with_token(&app, &token).ask(&document).await;
            let errors = answer["errors"].as_array().cloned().unwrap_or_default();
            let is_forbidden =
                |error: &Value| error["extensions"]["code"] == "FORBIDDEN" && error["path"] == json!([field]);
            assert!(!errors.iter().any(is_forbidden), "{handle}: {document}\n{answer:#}");
        }
        assert!(!refused.is_empty() || role.permissions().covers(SystemRole::Admin.permissions()), "{handle}");
    }
}

#[tokio::test]
async fn a_changed_role_counts_for_those_who_have_it_at_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let create = r#"mutation { roleCreate(input: { handle: "packer", name: "Packer", accessScopes: ["read_orders"] }) {
        role { id } } }"#;
    let id = app.gql(&store.secret, create, json!({})).await["roleCreate"]["role"]["id"].take();
    let member = app.member(&store, "pia@shop.example", "packer").await;
    let may = async || {
        let seen = app.gql_as(&member.access_token, "{ viewer { permissions { handle } } }", json!({})).await;
        let all = seen["viewer"]["permissions"].as_array().cloned().unwrap_or_default();
        all.iter().filter_map(|one| one["handle"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(may().await, ["read_orders"]);
    let update = r#"mutation ($id: ID!) { roleUpdate(id: $id, input: { accessScopes: ["read_products"] }) {
        userErrors { message } } }"#;
    app.gql(&store.secret, update, json!({ "id": id })).await;
    assert_eq!(may().await, ["read_products"]);
    // While somebody has it, it stays.
    let delete = "mutation ($id: ID!) { roleDelete(id: $id) { deletedRoleId userErrors { code field } } }";
    let deleted = app.gql(&store.secret, delete, json!({ "id": id })).await["roleDelete"].take();
    assert_eq!(deleted, json!({ "deletedRoleId": null, "userErrors": [{ "code": "NOT_ALLOWED", "field": ["id"] }] }));
    assert_eq!(may().await, ["read_products"]);
}

#[tokio::test]
async fn a_member_gives_no_more_than_they_have() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let admin = app.member(&store, "ada@shop.example", "admin").await;
    let key = r#"mutation { apiKeyCreate(input: { kind: SECRET, name: "All" }) { key userErrors { code message } } }"#;
    let made = app.gql_as(&admin.access_token, key, json!({})).await["apiKeyCreate"].take();
    assert_eq!((&made["key"], &made["userErrors"][0]["code"]), (&Value::Null, &json!("NOT_GRANTED")), "{made:#}");
    let role = r#"mutation { roleCreate(input: { handle: "boss", name: "Boss", inherits: "owner", accessScopes: [] }) {
        role { id } userErrors { code } } }"#;
    let made = app.gql_as(&admin.access_token, role, json!({})).await["roleCreate"].take();
    assert_eq!(made, json!({ "role": null, "userErrors": [{ "code": "NOT_GRANTED" }] }));
    // Nor does an admin give it to a role that they have themselves.
    let roles = app.gql_as(&admin.access_token, "{ roles(first: 50) { nodes { id handle } } }", json!({})).await;
    let nodes = roles["roles"]["nodes"].as_array().cloned().unwrap_or_default();
    let own = nodes.iter().find(|role| role["handle"] == "admin").expect("admin")["id"].clone();
    let update = r#"mutation ($id: ID!) { roleUpdate(id: $id, input: { accessScopes: ["write_billing"] }) {
        role { id } userErrors { code } } }"#;
    let made = app.gql_as(&admin.access_token, update, json!({ "id": own })).await["roleUpdate"].take();
    assert_eq!(made, json!({ "role": null, "userErrors": [{ "code": "NOT_GRANTED" }] }));
    let editor = app.member(&store, "eve@shop.example", "editor").await;
    for document in [key, role] {
        assert_eq!(app.bearer(&editor.access_token, document, json!({}), &[]).await.code(), "FORBIDDEN");
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
    // And in lists.
    let locations = "{ locations(first: 5) { nodes { id } } }";
    let seen = app.gql(&nothing, locations, json!({})).await;
    assert_eq!(seen["locations"]["nodes"], json!([]));
}

#[tokio::test]
async fn who_may_not_read_orders_reads_none_by_another_path() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let customers = key(&app, &it.store, Permissions::of(&[READ_CUSTOMERS])).await;
    let customer = it.names.get("customer1");
    for field in ["orders(first: 1) { nodes { email } }", "numberOfOrders"] {
        let name = field.split('(').next().expect("a name");
        let by_id = format!("{{ node(id: {customer:?}) {{ ... on Customer {{ {field} }} }} }}");
        let (_, answer) = app.post(&customers, &by_id, json!({})).await;
        let error = &answer["errors"][0];
        assert_eq!((&error["extensions"]["code"], &error["path"]), (&json!("FORBIDDEN"), &json!(["node", name])));
        let in_lists = format!("{{ customers(first: 1) {{ nodes {{ id {field} }} }} }}");
        let (_, answer) = app.post(&customers, &in_lists, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer:#}");
    }
    let both = key(&app, &it.store, Permissions::of(&[READ_CUSTOMERS, READ_ORDERS])).await;
    let counted = format!("{{ node(id: {customer:?}) {{ ... on Customer {{ numberOfOrders }} }} }}");
    assert!(app.gql(&both, &counted, json!({})).await["node"]["numberOfOrders"].is_string());

    // Nor has them sent to an address of their own, nor reads what was sent.
    let webhooks = Permissions::parse(["read_webhooks", "write_webhooks", "delete_webhooks"]).unwrap();
    let webhooks = key(&app, &it.store, webhooks).await;
    let subscription = it.names.get("webhook1");
    let to = r#"webhookSubscription: { uri: "https://mine.example/" }"#;
    for mutation in [
        format!("webhookSubscriptionCreate(topic: ORDERS_CREATE, {to})"),
        format!("webhookSubscriptionUpdate(id: {subscription:?}, {to})"),
    ] {
        let (_, answer) =
            app.post(&webhooks, &format!("mutation {{ {mutation} {{ userErrors {{ code }} }} }}"), json!({})).await;
        let error = &answer["errors"][0];
        let path = mutation.split('(').next().expect("a name");
        assert_eq!((&error["extensions"]["code"], &error["path"]), (&json!("FORBIDDEN"), &json!([path])), "{answer:#}");
        assert!(error["message"].as_str().unwrap().contains("read_orders"), "{answer:#}");
    }
    let delivery = it.names.get("delivery");
    let body = format!("{{ node(id: {delivery:?}) {{ ... on WebhookDelivery {{ status body }} }} }}");
    let (_, answer) = app.post(&webhooks, &body, json!({})).await;
    assert_eq!(answer["errors"][0]["path"], json!(["node", "body"]), "{answer:#}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer:#}");
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
        (
            &limited,
            "SERVER",
            (true, "what the key, or the support access, is limited to"),
            (false, "what the key, or the support access, is limited to"),
        ),
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
    let named = named();
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
            let named = named.get(&(ty.clone(), field.clone())).into_iter().flatten();
            let of = |(permission, path): &Named| format!("`{permission}` for what `{path}` names");
            let of: Vec<String> = named.map(of).collect();
            if ["QueryRoot", "Mutation", "Subscription"].contains(&ty.as_str()) == is_root {
                let needed = match needed {
                    Needs::Nothing => "nothing: for everybody".to_owned(),
                    Needs::Permission(permission) if !of.iter().any(|of| of.contains(&permission.to_string())) => {
                        [vec![format!("`{permission}`")], of].concat().join("; ")
                    }
                    Needs::Permission(_) => of.join("; "),
                    Needs::Operator => "an operator's token".to_owned(),
                    Needs::SignedIn(None) => "a staff member's access token".to_owned(),
                    Needs::SignedIn(Some(permission)) => format!("a staff member's access token, or `{permission}`"),
                };
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
