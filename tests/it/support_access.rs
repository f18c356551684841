//! Support access: a shop lets operators look, for a while, and no further than it says.

use emporia::access::permission::{READ_ORDERS, WRITE_STAFF};
use emporia::access::{Action, Permission, Permissions};
use emporia::api_key::model::{KeyKind, NewKey};
use emporia::api_key::service::key_create;
use emporia::support_access::model::{MAX_LIVE, NEVER, reading};
use serde_json::{Value, json};

use crate::access::{Needs, is_refused, tried};
use crate::isolation::{filled, furnish, operation};
use crate::support::{Operator, Socket, Store, TestApp, statements_of};

const ORDERS: &str = "{ orders(first: 1) { nodes { id } } }";

async fn status(app: &TestApp, operator: &Operator, store: &Store) -> u16 {
    app.in_store(operator, store, ORDERS).await.status.as_u16()
}

#[tokio::test]
async fn a_shop_lets_operators_look_for_a_while() {
    let app = TestApp::new().await;
    let (store, other, operator) = (app.store("acme").await, app.store("other").await, app.operator().await);
    assert_eq!(status(&app, &operator, &store).await, 403);
    let id = app.let_support_in(&store, None).await;
    assert_eq!((status(&app, &operator, &store).await, status(&app, &operator, &other).await), (200, 403));
    let seen =
        "{ viewer { kind apiKeyId permissions { handle } explain(scope: \"write_orders\") { allowed reason } } }";
    let seen = app.in_store(&operator, &store, seen).await.json()["data"]["viewer"].take();
    assert_eq!((&seen["kind"], &seen["apiKeyId"]), (&json!("OPERATOR"), &Value::Null));
    let handles = seen["permissions"].as_array().cloned().unwrap_or_default();
    assert_eq!(handles.len(), reading().iter().count(), "{handles:?}");
    assert!(handles.iter().all(|one| one["handle"].as_str().is_some_and(|name| name.starts_with("read_"))));
    assert_eq!(seen["explain"]["allowed"], false);
    // Two hours later it has ended by itself, in the cache too.
    app.clock.advance(chrono::Duration::minutes(119));
    assert_eq!(status(&app, &operator, &store).await, 200);
    app.clock.advance(chrono::Duration::minutes(1));
    assert_eq!(status(&app, &operator, &store).await, 403);
    // What was is told.
    let list = "{ supportAccesses(first: 5) { nodes { id reason grantedBy createdAt expiresAt revokedAt accessScopes { handle } } } }";
    let listed = app.gql(&store.secret, list, json!({})).await["supportAccesses"]["nodes"].take();
    let one = &listed[0];
    assert_eq!((listed.as_array().map(Vec::len), &one["id"]), (Some(1), &json!(id)));
    let times = (&one["createdAt"], &one["expiresAt"], &one["revokedAt"]);
    assert_eq!(times, (&json!("2026-06-01T12:00:00Z"), &json!("2026-06-01T14:00:00Z"), &Value::Null));
    assert!(one["grantedBy"].as_str().is_some_and(|by| by.starts_with("key:")), "{one}");
}

#[tokio::test]
async fn what_is_revoked_ends_at_once_and_closes_what_is_open() {
    let app = TestApp::new().await;
    let (store, operator) = (app.store("acme").await, app.operator().await);
    let (first, second) = (
        app.let_support_in(&store, Some(&["read_orders"])).await,
        app.let_support_in(&store, Some(&["read_staff"])).await,
    );
    let server = app.serve().await;
    let (bearer, tenant) = (format!("Bearer {}", operator.token), store.tenant.to_string());
    let mut socket = Socket::open(&server, &[]).await;
    let payload = json!({ "authorization": bearer, "X-Tenant-ID": tenant });
    socket.say(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket.subscribe("1", "subscription { orderEvents { topic } }").await;
    socket.subscribe("2", ORDERS).await;
    assert_eq!(socket.hear().await["payload"]["data"]["orders"]["nodes"], json!([]));
    assert_eq!(socket.hear().await["type"], "complete");
    let staff = "{ staffMembers(first: 1) { nodes { id } } }";
    assert!(app.in_store(&operator, &store, staff).await.json()["errors"].is_null(), "both count");
    let revoked = app.let_support_out(&store, &second).await;
    assert_eq!(revoked["supportAccess"]["revokedAt"], "2026-06-01T12:00:00Z", "{revoked}");
    assert_eq!(app.in_store(&operator, &store, staff).await.code(), "FORBIDDEN", "what is left counts");
    assert_eq!(status(&app, &operator, &store).await, 200);
    let revoked = app.let_support_out(&store, &first).await;
    assert_eq!(revoked["userErrors"], json!([]));
    assert_eq!(status(&app, &operator, &store).await, 403);
    assert_eq!(socket.closed().await.0, 4403);
    app.clock.advance(chrono::Duration::minutes(5));
    assert_eq!(app.let_support_out(&store, &first).await, revoked, "the first time counts");
    // Another shop's is nobody's.
    let other = app.store("other").await;
    let refused = app.let_support_out(&other, &first).await;
    assert_eq!(refused["userErrors"][0]["code"], "NOT_FOUND", "{refused}");
}

#[tokio::test]
async fn what_a_process_knows_of_support_access_ends_in_every_process() {
    let redis = crate::support::redis_url();
    let app = TestApp::new().await;
    let (store, operator) = (app.store("acme").await, app.operator().await);
    let (one, two) = (app.beside(&redis, 1).await, app.beside(&redis, 2).await);
    let tenant = store.tenant.to_string();
    let may =
        async |process: &emporia::app::App| process.resolver.by_operator(&operator.token, Some(&tenant)).await.is_ok();
    assert!(!may(&one).await && !may(&two).await);
    let db = one.db.tenant(store.tenant);
    let key = emporia::tenant::model::Access::Secret { key_id: uuid::Uuid::nil() };
    let new = emporia::support_access::model::NewSupportAccess { reason: "why".into(), hours: 1, permissions: None };
    let all = emporia::access::Grants::Everything;
    let made =
        emporia::support_access::service::support_access_grant(&one, &db, key, &all, new).await.expect("granted");
    assert!(may(&one).await && may(&two).await, "granted in one, it counts in the other at once");
    emporia::support_access::service::support_access_revoke(&one, &db, made.id).await.expect("revoked");
    assert!(!may(&one).await);
    crate::support::eventually("revoked in the other", async || (!may(&two).await).then_some(())).await;
    // And so it is with the token.
    let new = emporia::support_access::model::NewSupportAccess { reason: "why".into(), hours: 1, permissions: None };
    emporia::support_access::service::support_access_grant(&two, &db, key, &all, new).await.expect("granted");
    assert!(may(&one).await && may(&two).await);
    emporia::operator::service::token_revoke(&two, operator.id).await.expect("revoked");
    crate::support::eventually("revoked in the other", async || (!may(&one).await).then_some(())).await;
}

#[tokio::test]
async fn nobody_lets_an_operator_do_more_than_they_may_or_what_would_outlive_it() {
    let app = TestApp::new().await;
    let (store, operator) = (app.store("acme").await, app.operator().await);
    let grant = |scopes: &str| {
        format!(
            "mutation {{ supportAccessGrant(input: {{ reason: \"why\"{scopes} }}) {{
            supportAccess {{ id accessScopes {{ handle }} }} userErrors {{ code field }} }} }}"
        )
    };
    let some = Permissions::of(&[READ_ORDERS, WRITE_STAFF]);
    let new = NewKey { permissions: Some(some), ..NewKey::unlimited(KeyKind::Secret, "limited") };
    let made = key_create(&app.app.db, &*app.clock, &app.app.entropy, store.tenant, &new).await.expect("a key");
    let limited = made.1.reveal();
    let refused = app.gql(limited, &grant(r#", accessScopes: ["read_orders", "read_products"]"#), json!({})).await;
    let expected = json!([{ "code": "NOT_GRANTED", "field": ["input", "accessScopes"] }]);
    assert_eq!(refused["supportAccessGrant"], json!({ "supportAccess": null, "userErrors": expected }));
    // Left out, it is what they see.
    let granted = app.gql(limited, &grant(""), json!({})).await["supportAccessGrant"].take();
    assert_eq!(granted["supportAccess"]["accessScopes"], json!([{ "handle": "read_orders" }]), "{granted}");
    for never in NEVER.iter() {
        let document = grant(&format!(", accessScopes: [\"{never}\"]"));
        let refused = app.gql(&store.secret, &document, json!({})).await["supportAccessGrant"].take();
        assert_eq!(refused["userErrors"][0]["code"], "NOT_ALLOWED", "{never}");
    }
    // Who lacks the permission does not let anybody in, nor out, nor sees who is.
    let editor = app.member(&store, "eve@shop.example", "editor").await;
    let id = granted["supportAccess"]["id"].as_str().expect("an id").to_owned();
    let revoke = format!("mutation {{ supportAccessRevoke(id: {id:?}) {{ userErrors {{ code }} }} }}");
    for document in [grant(""), revoke.clone(), "{ supportAccesses(first: 1) { nodes { id } } }".to_owned()] {
        let answer = app.bearer(&editor.access_token, &document, json!({}), &[]).await;
        assert_eq!(answer.code(), "FORBIDDEN", "{document}");
    }
    // An operator prolongs nothing, whatever was granted.
    let everything = Permissions::ALL.without(NEVER).names();
    let everything: Vec<&str> = everything.iter().map(String::as_str).collect();
    app.let_support_in(&store, Some(&everything)).await;
    for document in [grant(""), revoke] {
        let answer = app.in_store(&operator, &store, &document).await;
        assert_eq!(answer.code(), "FORBIDDEN", "{document}");
    }
    let access = emporia::tenant::model::Access::Operator { token_id: operator.id };
    let new = emporia::support_access::model::NewSupportAccess { reason: "why".into(), hours: 1, permissions: None };
    let all = emporia::access::Grants::Everything;
    let db = app.app.db.tenant(store.tenant);
    let refused = emporia::support_access::service::support_access_grant(&app.app, &db, access, &all, new).await;
    let by_operator = emporia::support_access::rule::SupportAccessRule::ByOperator;
    assert!(matches!(refused, Err(emporia::error::ServiceError::Rule(rule)) if rule == by_operator));
    // An owner is a member like others.
    let owner = app.member(&store, "ada@shop.example", "owner").await;
    let granted = app.gql_as(&owner.access_token, &grant(""), json!({})).await["supportAccessGrant"].take();
    assert_eq!(granted["userErrors"], json!([]), "{granted}");
}

#[tokio::test]
async fn a_shop_has_only_so_many_in_force() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let grant = r#"mutation { supportAccessGrant(input: { reason: "why", hours: 1 }) {
        supportAccess { id } userErrors { code } } }"#;
    let mut last = String::new();
    for _ in 0..MAX_LIVE {
        let made = app.gql(&store.secret, grant, json!({})).await["supportAccessGrant"].take();
        last = made["supportAccess"]["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    }
    let refused = async || app.gql(&store.secret, grant, json!({})).await["supportAccessGrant"]["userErrors"].take();
    assert_eq!(refused().await, json!([{ "code": "LIMIT_REACHED" }]));
    app.let_support_out(&store, &last).await;
    assert_eq!(refused().await, json!([]));
    app.clock.advance(chrono::Duration::hours(1));
    assert_eq!(refused().await, json!([]), "what has ended does not count");
}

#[tokio::test]
async fn what_an_operator_does_is_recorded_under_the_tokens_name() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let operator = app.operator().await;
    app.let_support_in(&it.store, Some(&["read_orders", "write_orders"])).await;
    let order = it.names.get("pending1");
    let cancel = format!(
        "mutation {{ orderCancel(orderId: {order:?}, reason: OTHER, restock: true, refund: false) {{
            orderCancelUserErrors {{ message }} }} }}"
    );
    let answer = app.in_store(&operator, &it.store, &cancel).await.json();
    assert!(answer["errors"].is_null(), "{answer:#}");
    let history = format!("{{ order(id: {order:?}) {{ statusHistory {{ actor }} }} }}");
    let seen = app.gql(&it.store.secret, &history, json!({})).await;
    assert!(seen.to_string().contains(&format!("operator:{}", operator.id)), "{seen:#}");
}

#[tokio::test]
async fn without_one_every_operation_is_refused_before_anything_is_asked() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let operator = app.operator().await;
    for id in ["support1", "support2"] {
        app.let_support_out(&it.store, it.names.get(id)).await;
    }
    let asking = async {
        let mut refused = 0;
        for (document, ..) in tried() {
            let document = filled(document, &it.names, &it.names);
            let answer = app.in_store(&operator, &it.store, &document).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "FORBIDDEN"), "{document}");
            refused += 1;
        }
        refused
    };
    let (refused, mut statements) = statements_of(&app.db.name, asking).await;
    statements.retain(|sql| !sql.contains("\"support_accesses\""));
    assert!(statements.is_empty(), "a refused call has asked the database: {statements:#?}");
    assert!(refused > 150, "{refused}");
}

/// Every operation in the shop that lets operators look: what is granted is answered, the rest refused before anything
/// is read.
#[tokio::test]
async fn with_support_access_an_operator_may_what_is_granted_and_nothing_else() {
    let app = TestApp::new().await;
    let (it, other) = (furnish(&app, "alpha").await, furnish(&app, "bravo").await);
    let operator = app.operator().await;
    // One of those that it was furnished with would allow the same.
    let may = |permission: Permission| permission.action == Action::Read;
    let sent = async |document: &str| {
        let (bearer, tenant) = (format!("Bearer {}", operator.token), it.store.tenant.to_string());
        let headers = [
            ("content-type", "application/json"),
            ("authorization", bearer.as_str()),
            ("x-tenant-id", tenant.as_str()),
        ];
        app.send("POST", "/graphql", &headers, json!({ "query": document }).to_string()).await.json()
    };
    let is_subscription =
        |document: &str| operation(document).ty == async_graphql::parser::types::OperationType::Subscription;
    let (refused, allowed): (Vec<_>, Vec<_>) = tried()
        .into_iter()
        // By whom a socket is opened, others ask.
        .filter(|(document, _, needed)| *needed != Needs::Operator && !is_subscription(document))
        .partition(|(_, _, needed)| match needed {
            Needs::Permission(permission) | Needs::SignedIn(Some(permission)) => !may(*permission),
            Needs::SignedIn(None) => true,
            Needs::Nothing | Needs::Operator => false,
        });
    let refusing = async {
        for (document, field, needed) in &refused {
            let document = filled(document, &it.names, &it.names);
            let answer = sent(&document).await;
            match needed.permission() {
                Some(permission) => {
                    assert!(is_refused(&answer, field, &permission.to_string()), "{document}\n{answer:#}");
                }
                None => {
                    let error = &answer["errors"][0];
                    let seen = (&error["extensions"]["code"], &error["path"]);
                    assert_eq!(seen, (&json!("FORBIDDEN"), &json!([field])), "{document}\n{answer:#}");
                }
            }
        }
    };
    let ((), mut statements) = statements_of(&app.db.name, refusing).await;
    statements.retain(|sql| !sql.contains("\"support_accesses\""));
    assert!(statements.is_empty(), "a refused call has asked the database: {statements:#?}");
    assert!(refused.len() > 40 && allowed.len() > 80, "{} {}", refused.len(), allowed.len());
    let marker = other.names.get("marker");
    for (document, field, _) in &allowed {
        // With the other store's names: what is another's is not found, whoever asks.
        let document = filled(document, &it.names, &other.names);
        let answer = sent(&document).await;
        let errors = answer["errors"].as_array().cloned().unwrap_or_default();
        let by_argument =
            ["customer", "customerCreate", "customerUpdate", "tagsAdd", "tagsRemove"].contains(&field.as_str());
        let is_forbidden =
            |error: &Value| error["extensions"]["code"] == "FORBIDDEN" && error["path"] == json!([field]);
        assert!(by_argument || !errors.iter().any(is_forbidden), "{document}\n{answer:#}");
        assert!(!answer.to_string().contains(marker), "{document}\n{answer:#}");
    }
}
