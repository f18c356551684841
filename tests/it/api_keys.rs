//! API keys through the API: made, limited, expiring, rotated, revoked, used.

use chrono::Duration;
use emporia::access::Permissions;
use emporia::api_key::model::{KeyKind, MAX_LIVE, NewKey};
use emporia::api_key::service::{key_by_id, key_create};
use emporia::ids::Gid;
use serde_json::{Value, json};

use crate::support::{Store, TestApp, eventually, redis_url};

const CREATE: &str = "mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) {
    apiKey { id kind name lastFour isUnlimited accessScopes { handle } createdAt expiresAt lastUsedAt revokedAt }
    key userErrors { field code message } } }";
const ROTATE: &str = "mutation ($id: ID!, $overlap: Int, $end: DateTime) {
    apiKeyRotate(id: $id, overlapSeconds: $overlap, expiresAt: $end) {
    apiKey { id name accessScopes { handle } expiresAt } key replaced { id expiresAt }
    userErrors { field code message } } }";

async fn create(app: &TestApp, by: &str, input: Value) -> Value {
    app.gql(by, CREATE, json!({ "input": input })).await["apiKeyCreate"].take()
}

/// The key in clear and its id.
async fn made(app: &TestApp, store: &Store, input: Value) -> (String, String) {
    let made = create(app, &store.secret, input).await;
    assert_eq!(made["userErrors"], json!([]));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&made["key"]), text(&made["apiKey"]["id"]))
}

/// Who a key is let in as; the refusal's message otherwise.
async fn let_in(app: &TestApp, key: &str) -> Result<String, String> {
    let (status, body) = app.post(key, "{ viewer { apiKeyId } }", json!({})).await;
    match status.as_u16() {
        200 => Ok(body["data"]["viewer"]["apiKeyId"].as_str().expect("an id").to_owned()),
        401 => Err(body["errors"][0]["message"].as_str().expect("a message").to_owned()),
        other => panic!("{other}: {body:#}"),
    }
}

#[tokio::test]
async fn a_key_is_shown_once_and_may_what_it_was_made_for() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let input = json!({ "kind": "SECRET", "name": "Warehouse", "accessScopes": ["write_inventory", "read_inventory"],
        "expiresAt": "2026-07-01T00:00:00Z" });
    let made = create(&app, &store.secret, input).await;
    let key = made["key"].as_str().expect("the key").to_owned();
    let id = made["apiKey"]["id"].as_str().expect("an id").to_owned();
    let expected = json!({ "id": id, "kind": "SECRET", "name": "Warehouse", "lastFour": &key[key.len() - 4..],
        "isUnlimited": false, "accessScopes": [{ "handle": "read_inventory" }, { "handle": "write_inventory" }],
        "createdAt": "2026-06-01T12:00:00Z", "expiresAt": "2026-07-01T00:00:00Z", "lastUsedAt": null, "revokedAt": null });
    assert_eq!(made["apiKey"], expected);
    assert_eq!(let_in(&app, &key).await, Ok(id.clone()));
    let seen = app.gql(&store.secret, "query ($id: ID!) { apiKey(id: $id) { name } }", json!({ "id": id })).await;
    assert_eq!(seen["apiKey"]["name"], "Warehouse");
    // Nothing that can be asked has it.
    let all = app.gql(&store.secret, "{ apiKeys(first: 50) { nodes { id name lastFour } } }", json!({})).await;
    assert_eq!(all["apiKeys"]["nodes"].as_array().map(Vec::len), Some(3));
    assert!(!all.to_string().contains(&key));
}

#[tokio::test]
async fn a_key_ends_when_it_was_to_end() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let input = json!({ "kind": "PUBLISHABLE", "name": "Fair", "expiresAt": "2026-06-01T13:00:00Z" });
    let (key, id) = made(&app, &store, input).await;
    app.clock.advance(Duration::minutes(59));
    assert_eq!(let_in(&app, &key).await, Ok(id));
    app.clock.advance(Duration::minutes(1));
    assert_eq!(let_in(&app, &key).await, Err("the API key has expired".to_owned()));
}

#[tokio::test]
async fn nobody_makes_a_key_that_may_more_than_they_may() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let scopes = ["write_api_keys", "read_orders"];
    let (limited, _) = made(&app, &store, json!({ "kind": "SECRET", "name": "Ops", "accessScopes": scopes })).await;
    let (strong, strong_id) = made(&app, &store, json!({ "kind": "SECRET", "name": "All" })).await;
    for (scopes, missing) in [
        (json!(["read_orders", "write_orders"]), "write_orders"),
        // Left out it would be everything.
        (Value::Null, "read_products"),
    ] {
        let made = create(&app, &limited, json!({ "kind": "SECRET", "name": "More", "accessScopes": scopes })).await;
        assert_eq!(made["key"], Value::Null);
        assert_eq!(made["userErrors"][0]["code"], "NOT_GRANTED");
        assert_eq!(made["userErrors"][0]["field"], json!(["input", "accessScopes"]));
        assert!(made["userErrors"][0]["message"].as_str().unwrap().contains(missing), "{made:#}");
    }
    // Nor by having a stronger one replaced.
    let rotated = app.gql(&limited, ROTATE, json!({ "id": strong_id })).await["apiKeyRotate"].take();
    let error = &rotated["userErrors"][0];
    assert_eq!(
        (&rotated["key"], &error["code"], &error["field"]),
        (&Value::Null, &json!("NOT_GRANTED"), &json!(["id"]))
    );
    assert_eq!(let_in(&app, &strong).await, Ok(strong_id));
    // What they may they can give away.
    let less = json!({ "kind": "SECRET", "name": "Less", "accessScopes": ["read_orders"] });
    assert_eq!(create(&app, &limited, less).await["userErrors"], json!([]));
    let storefront = json!({ "kind": "PUBLISHABLE", "name": "Shop" });
    assert_eq!(create(&app, &limited, storefront).await["userErrors"], json!([]));
}

#[tokio::test]
async fn a_rotated_key_goes_on_until_the_overlap_is_over() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let input = json!({ "kind": "SECRET", "name": "ERP", "accessScopes": ["read_orders"],
        "expiresAt": "2026-06-11T12:00:00Z" });
    let (old, old_id) = made(&app, &store, input).await;
    app.clock.advance(Duration::days(1));
    let rotated = app.gql(&store.secret, ROTATE, json!({ "id": old_id, "overlap": 3600 })).await["apiKeyRotate"].take();
    assert_eq!(rotated["userErrors"], json!([]));
    let new = rotated["key"].as_str().expect("the new key").to_owned();
    let new_id = rotated["apiKey"]["id"].as_str().expect("an id").to_owned();
    // It ends when the old one was to.
    let expected = json!({ "id": new_id, "name": "ERP", "accessScopes": [{ "handle": "read_orders" }],
        "expiresAt": "2026-06-11T12:00:00Z" });
    assert_eq!(rotated["apiKey"], expected);
    assert_eq!(rotated["replaced"], json!({ "id": old_id, "expiresAt": "2026-06-02T13:00:00Z" }));
    // Whoever says it again, for want of the first answer, does not get one that is about to end.
    let again = app.gql(&store.secret, ROTATE, json!({ "id": old_id })).await["apiKeyRotate"].take();
    assert_eq!((&again["key"], &again["userErrors"][0]["code"]), (&Value::Null, &json!("ALREADY_ROTATED")));
    assert_eq!(let_in(&app, &old).await, Ok(old_id.clone()));
    assert_eq!(let_in(&app, &new).await, Ok(new_id.clone()));
    app.clock.advance(Duration::hours(1));
    assert_eq!(let_in(&app, &old).await, Err("the API key has expired".to_owned()));
    assert_eq!(let_in(&app, &new).await, Ok(new_id));
    let again = app.gql(&store.secret, ROTATE, json!({ "id": old_id })).await["apiKeyRotate"].take();
    assert_eq!((&again["key"], &again["userErrors"][0]["code"]), (&Value::Null, &json!("INACTIVE")));
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_stays_in_the_list() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (key, id) = made(&app, &store, json!({ "kind": "SECRET", "name": "Old" })).await;
    let revoke = "mutation ($id: ID!) { apiKeyRevoke(id: $id) { apiKey { id revokedAt } userErrors { code } } }";
    for _ in 0..2 {
        let revoked = app.gql(&store.secret, revoke, json!({ "id": id })).await["apiKeyRevoke"].take();
        let expected = json!({ "apiKey": { "id": id, "revokedAt": "2026-06-01T12:00:00Z" }, "userErrors": [] });
        assert_eq!(revoked, expected);
        app.clock.advance(Duration::hours(1));
    }
    assert_eq!(let_in(&app, &key).await, Err("the API key is unknown or revoked".to_owned()));
    let listed = app.gql(&store.secret, "{ apiKeys(last: 1) { nodes { id revokedAt } } }", json!({})).await;
    assert_eq!(listed["apiKeys"]["nodes"][0]["id"], json!(id));
    // One can take oneself away, and then is.
    let own = let_in(&app, &store.secret).await.expect("an id");
    app.gql(&store.secret, revoke, json!({ "id": own })).await;
    assert!(let_in(&app, &store.secret).await.is_err());
}

#[tokio::test]
async fn another_shops_key_is_not_there() {
    let app = TestApp::new().await;
    let (ours, theirs) = (app.store("ours").await, app.store("theirs").await);
    let (key, id) = made(&app, &theirs, json!({ "kind": "SECRET", "name": "Theirs" })).await;
    for document in [
        "mutation ($id: ID!) { done: apiKeyRevoke(id: $id) { userErrors { code } } }",
        "mutation ($id: ID!) { done: apiKeyRotate(id: $id) { userErrors { code } } }",
    ] {
        let done = app.gql(&ours.secret, document, json!({ "id": id })).await;
        assert_eq!(done["done"]["userErrors"], json!([{ "code": "NOT_FOUND" }]));
    }
    assert_eq!(let_in(&app, &key).await, Ok(id));
}

#[tokio::test]
async fn two_who_make_the_last_key_at_once_make_one() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    // Two that every shop begins with are there.
    for n in 2..MAX_LIVE - 1 {
        let new = NewKey::unlimited(KeyKind::Publishable, &n.to_string());
        key_create(&app.app.db, &*app.clock, &app.app.entropy, store.tenant, &new).await.expect("a key");
    }
    let input = json!({ "kind": "SECRET", "name": "Last" });
    let attempts = (0..4).map(|_| create(&app, &store.secret, input.clone()));
    let made = futures_util::future::join_all(attempts).await;
    let (full, new): (Vec<_>, Vec<_>) = made.iter().partition(|made| made["key"].is_null());
    assert_eq!((full.len(), new.len()), (3, 1), "{made:#?}");
    assert!(full.iter().all(|full| full["userErrors"][0]["code"] == "LIMIT_REACHED"), "{full:#?}");
}

#[tokio::test]
async fn a_limited_key_is_limited_in_a_process_that_reads_it_from_the_shared_cache() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (key, _) = made(&app, &store, json!({ "kind": "SECRET", "name": "r", "accessScopes": ["read_orders"] })).await;
    let redis = redis_url();
    let only = Permissions::parse(["read_orders"]).unwrap();
    // The first one asks the database, the second one finds what it has left.
    for seed in [21, 22] {
        let process = app.beside(&redis, seed).await;
        eventually("it hears", async || process.shared.is_listening().then_some(())).await;
        let resolved = process.resolver.by_key(&key).await.expect("let in");
        assert_eq!(resolved.grants.permissions(), only);
    }
}

#[tokio::test]
async fn when_a_key_was_last_used_is_written_down() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (key, id) = made(&app, &store, json!({ "kind": "PUBLISHABLE", "name": "Shop" })).await;
    let uuid = Gid::of(&id, "ApiKey").expect("an id");
    let last_used = async || {
        app.app.resolver.write_uses().await.expect("written");
        key_by_id(&app.app.db, store.tenant, uuid).await.expect("read").expect("there").last_used_at
    };
    assert_eq!(last_used().await, None);
    let_in(&app, &key).await.expect("let in");
    let first = last_used().await.expect("used");
    assert_eq!(first, crate::support::start());
    app.clock.advance(Duration::minutes(5));
    assert_eq!(last_used().await, Some(first), "nobody has used it since");
    let_in(&app, &key).await.expect("let in");
    assert_eq!(last_used().await, Some(first + Duration::minutes(5)));
}

#[tokio::test]
async fn a_key_that_ends_makes_none_that_goes_on_for_longer() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let create = "mutation ($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { apiKey { id } key
        userErrors { field code message } } }";
    let input = json!({ "kind": "SECRET", "name": "Short", "expiresAt": "2026-06-02T12:00:00Z" });
    let made = app.gql(&store.secret, create, json!({ "input": input })).await["apiKeyCreate"].take();
    let short = made["key"].as_str().expect("a key").to_owned();
    for end in [Value::Null, json!("2026-06-02T12:00:01Z")] {
        let input = json!({ "kind": "SECRET", "name": "Longer", "expiresAt": end });
        let refused = app.gql(&short, create, json!({ "input": input })).await["apiKeyCreate"].take();
        let error = &refused["userErrors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(["input", "expiresAt"]), &json!("NOT_GRANTED")));
        assert!(error["message"].as_str().unwrap().contains("2026-06-02T12:00:00"), "{error}");
        assert_eq!(refused["key"], Value::Null);
    }
    let input = json!({ "kind": "SECRET", "name": "Shorter", "expiresAt": "2026-06-02T11:59:59Z" });
    let fine = app.gql(&short, create, json!({ "input": input })).await["apiKeyCreate"].take();
    assert_eq!(fine["userErrors"], json!([]));
    // Nor does it live longer by its own rotation.
    app.clock.advance(Duration::hours(1));
    let rotate = async |key: &str, id: &Value, end: Value| {
        let query = "mutation ($id: ID!, $end: DateTime) { apiKeyRotate(id: $id, expiresAt: $end) {
            key apiKey { id expiresAt rotatedAt } replaced { rotatedAt } userErrors { code field } } }";
        app.gql(key, query, json!({ "id": id, "end": end })).await["apiKeyRotate"].take()
    };
    let id = &made["apiKey"]["id"];
    for (end, code) in [("2026-06-02T12:00:01Z", "NOT_GRANTED"), ("2026-06-01T12:00:00Z", "INVALID")] {
        let refused = rotate(&short, id, json!(end)).await;
        assert_eq!(refused["userErrors"], json!([{ "code": code, "field": ["expiresAt"] }]), "{end}");
    }
    let rotated = rotate(&short, id, Value::Null).await;
    assert_eq!(
        (&rotated["apiKey"]["expiresAt"], &rotated["apiKey"]["rotatedAt"]),
        (&json!("2026-06-02T12:00:00Z"), &Value::Null)
    );
    assert_eq!(rotated["replaced"]["rotatedAt"], "2026-06-01T13:00:00Z");
    let by_another = rotate(&store.secret, &rotated["apiKey"]["id"], json!("2026-07-01T00:00:00Z")).await;
    assert_eq!(by_another["apiKey"]["expiresAt"], "2026-07-01T00:00:00Z", "who does not end says when it does");
}

#[tokio::test]
async fn a_key_that_ends_lets_nobody_in_who_stays() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let input = json!({ "kind": "SECRET", "name": "Short", "expiresAt": "2026-06-02T12:00:00Z" });
    let (short, _) = made(&app, &store, input).await;
    let member = app.staff(&store, "ada@shop.example", "viewer").await;
    let id = format!("gid://emporia/StaffMember/{member}");
    let role =
        "mutation { roleCreate(input: { handle: \"packer\", name: \"Packer\", accessScopes: [] }) { role { id } } }";
    let role = app.gql(&store.secret, role, json!({})).await["roleCreate"]["role"]["id"].take();
    let documents = [
        "staffInvite(input: { email: \"eve@shop.example\", name: \"Eve\", role: \"owner\" })".to_owned(),
        format!("staffUpdate(id: \"{id}\", input: {{ role: \"owner\" }})"),
        format!("staffUpdate(id: \"{id}\", input: {{ suspended: false }})"),
        format!(
            "staffPermissionOverridesSet(id: \"{id}\", overrides: [{{ permission: \"write_staff\", effect: ALLOW }}])"
        ),
        "roleCreate(input: { handle: \"boss\", name: \"Boss\", accessScopes: [\"write_staff\"] })".to_owned(),
        format!("roleUpdate(id: {role}, input: {{ accessScopes: [\"write_staff\"] }})"),
        format!("roleDelete(id: {role})"),
        "supportAccessGrant(input: { reason: \"why\" })".to_owned(),
    ];
    for document in documents {
        let query = format!("mutation {{ done: {document} {{ userErrors {{ code message }} }} }}");
        let refused = app.gql(&short, &query, json!({})).await["done"]["userErrors"][0].take();
        assert_eq!(refused["code"], "NOT_ALLOWED", "{document}");
        assert!(refused["message"].as_str().is_some_and(|text| text.contains("key that ends")), "{refused}");
    }
    // To keep somebody out, it may.
    let query = format!(
        "mutation {{ staffUpdate(id: \"{id}\", input: {{ suspended: true }}) {{ staffMember {{ status }} }} }}"
    );
    let kept_out = app.gql(&short, &query, json!({})).await["staffUpdate"].take();
    assert_eq!(kept_out["staffMember"]["status"], "SUSPENDED");
}
