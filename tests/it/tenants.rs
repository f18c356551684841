//! Making a whole store at once, and once; deleting it; and what the role that makes stores may do where their rows are.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use emporia::app::App;
use emporia::country::Country;
use emporia::error::ServiceError;
use emporia::identity::model::NewStaff;
use emporia::money::Currency;
use emporia::provision::{NewStore, OWNER, StoreRule, store_create, store_create_and_invite};
use emporia::shipping::model::NewProfile;
use emporia::tenant::rule::TenantRule;
use emporia::tenant::service::{tenant_delete, tenant_set_suspended};
use serde_json::json;

use crate::rls_coverage::FOUNDED;
use crate::support::{TestApp, admin};
use crate::tenancy::{count, tenant_tables};

fn store(handle: &str, external_id: Option<&str>) -> NewStore {
    NewStore {
        external_id: external_id.map(str::to_owned),
        handle: handle.to_owned(),
        name: "Acme".to_owned(),
        description: "Mugs".to_owned(),
        currency: Currency::EUR,
        country: Country::DE,
        delivery: Some(NewProfile::flat("Germany", &[Country::DE], true, "Post", 490)),
        plan: Some("trial".to_owned()),
        owner: Some(NewStaff { email: "ada@shop.example".to_owned(), name: "Ada".to_owned(), role: OWNER.to_owned() }),
    }
}

async fn rows(app: &TestApp, table: &str) -> i64 {
    count(&mut admin(&app.db.name).await, &format!("SELECT count(*) AS n FROM {table}")).await
}

#[tokio::test]
async fn a_store_is_made_whole_in_one_transaction_on_one_connection() {
    // One of each role is all that there is.
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "1")]).await;
    let made = store_create(&app.app, &store("acme", Some("crm-7"))).await.expect("a store");
    for table in FOUNDED {
        // The end of the trial, and the word before it.
        let expected = if table == "public.jobs" { 2 } else { 1 };
        assert_eq!(rows(&app, table).await, expected, "{table}");
    }
    // All of them have the same transaction's number.
    let numbers = FOUNDED.map(|table| format!("SELECT xmin::text FROM {table}")).join(" UNION ");
    let all = format!(
        "{numbers} UNION SELECT xmin::text FROM platform.tenants UNION SELECT xmin::text FROM platform.api_keys"
    );
    assert_eq!(rows(&app, &format!("({all}) x")).await, 1, "one transaction");
    let keys = made.keys.expect("keys");
    let seen = "{ shop { name } deliveryProfiles(first: 5) { nodes { name } } staffMembers(first: 5) { nodes { email role status } } }";
    let seen = app.gql(keys.secret.reveal(), seen, json!({})).await;
    let owner = json!({ "email": "ada@shop.example", "role": "owner", "status": "INVITED" });
    assert_eq!(seen["staffMembers"]["nodes"], json!([owner]));
    assert_eq!(
        (&seen["shop"]["name"], &seen["deliveryProfiles"]["nodes"][0]["name"]),
        (&json!("Acme"), &json!("Germany"))
    );
}

#[tokio::test]
async fn of_a_store_that_is_refused_nothing_is_there() {
    let app = TestApp::new().await;
    let with_owner = |email: &str, name: &str| NewStore {
        owner: Some(NewStaff { email: email.to_owned(), name: name.to_owned(), role: OWNER.to_owned() }),
        ..store("acme", Some("crm-7"))
    };
    for (new, expected) in [
        (with_owner("nobody", "Ada"), "This is not an email address"),
        (with_owner("ada@shop.example", "\n"), "A name has 1 to 255 characters"),
        (store("Not a handle", None), "is not a handle"),
        (store("acme", Some("")), "an external id has 1 to 255 characters"),
        (store("acme", Some("a\nb")), "an external id has 1 to 255 characters"),
        (NewStore { name: " ".to_owned(), ..store("acme", None) }, "a name has 1 to 255 characters"),
        (NewStore { description: "x".repeat(5001), ..store("acme", None) }, "a description has at most 5000"),
    ] {
        match store_create(&app.app, &new).await {
            Err(ServiceError::Rule(rule)) => assert!(rule.to_string().contains(expected), "{rule}: {expected}"),
            Err(ServiceError::Fault(fault)) => panic!("{fault}: {expected}"),
            Ok(_) => panic!("made: {expected}"),
        }
    }
    for table in FOUNDED.iter().chain(&["platform.tenants", "platform.api_keys"]) {
        assert_eq!(rows(&app, table).await, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_make_the_same_store_at_once_make_one() {
    let app = TestApp::new().await;
    let seeded = |seed| {
        App::assemble(
            (*app.app.config).clone(),
            emporia::cache::MemoryShared::new(),
            app.clock.clone(),
            emporia::clock::Entropy::seeded(seed),
        )
    };
    let racing = (0..8).map(|n| {
        let process = seeded(100 + n);
        tokio::spawn(async move { store_create(&process, &store("acme", Some("crm-7"))).await.expect("a store") })
    });
    let mut made = Vec::new();
    for one in racing.collect::<Vec<_>>() {
        made.push(one.await.expect("no panic"));
    }
    let whole: Vec<_> = made.iter().filter_map(|one| one.keys.as_ref()).collect();
    assert_eq!(whole.len(), 1, "one has the keys");
    assert!(made.iter().all(|one| one.tenant == made[0].tenant), "all have the tenant");
    assert!(app.app.resolver.by_key(whole[0].secret.reveal()).await.is_ok());
    assert_eq!((rows(&app, "platform.tenants").await, rows(&app, "staff_members").await), (1, 1));
    // Another with the same handle is another, whatever its own id.
    for other in [None, Some("crm-8")] {
        let refused = store_create(&app.app, &store("acme", other)).await.err().expect("refused");
        let taken = StoreRule::Tenant(TenantRule::HandleTaken("acme".to_owned()));
        assert!(matches!(refused, ServiceError::Rule(rule) if rule == taken), "{other:?}");
    }
}

#[tokio::test]
async fn the_owner_is_invited_after_the_commit_and_again_until_they_accept() {
    let app = TestApp::new().await;
    // Whoever made the store died before the mail.
    let made = store_create(&app.app, &store("acme", Some("crm-7"))).await.expect("a store");
    assert!(app.mails("ada@shop.example").await.is_empty());
    let again = store_create_and_invite(&app.app, &store("acme", Some("crm-7"))).await.expect("a store");
    assert_eq!((again.tenant, again.keys.is_none()), (made.tenant, true));
    let mails = app.mails("ada@shop.example").await;
    assert_eq!(mails.len(), 1);
    let token = mails[0].text.split_whitespace().find(|word| word.starts_with("est_")).expect("a token");
    // Not twice in a minute.
    store_create_and_invite(&app.app, &store("acme", Some("crm-7"))).await.expect("a store");
    assert_eq!(app.mails("ada@shop.example").await.len(), 1);
    app.clock.advance(chrono::Duration::minutes(2));
    store_create_and_invite(&app.app, &store("acme", Some("crm-7"))).await.expect("a store");
    assert_eq!(app.mails("ada@shop.example").await.len(), 2);
    let accept = r#"mutation ($token: String!) { staffAccept(token: $token, password: "correct horse battery") {
        staffMember { role status } userErrors { message } } }"#;
    let key = made.keys.expect("keys").publishable.reveal().to_owned();
    let accepted = app.gql(&key, accept, json!({ "token": token })).await["staffAccept"].take();
    assert_eq!(accepted["staffMember"], json!({ "role": "owner", "status": "ACTIVE" }), "{accepted}");
    app.clock.advance(chrono::Duration::minutes(2));
    store_create_and_invite(&app.app, &store("acme", Some("crm-7"))).await.expect("a store");
    assert_eq!(app.mails("ada@shop.example").await.len(), 2, "who is in is not invited");
}

#[tokio::test]
async fn what_opens_a_deleted_tenant_opens_nothing_any_more() {
    let app = TestApp::new().await;
    let (acme, other) = (app.store("acme").await, app.store("other").await);
    let member = app.member(&acme, "ada@shop.example", "owner").await;
    let shop = "{ shop { name } }";
    assert!(app.ask(&acme.secret, shop).await.status.is_success());
    let (db, clock, resolver) = (&app.app.db, &*app.clock, &app.app.resolver);
    tenant_delete(db, clock, resolver, acme.tenant).await.expect("deleted");
    let body = json!({ "query": shop }).to_string();
    let json_type = ("content-type", "application/json");
    let bearer = format!("Bearer {}", member.access_token);
    for headers in [
        vec![json_type, ("x-api-key", acme.secret.as_str())],
        vec![json_type, ("x-api-key", acme.publishable.as_str())],
        vec![json_type, ("authorization", bearer.as_str())],
        vec![json_type, ("host", "acme.shops.test")],
    ] {
        let answer = app.send("POST", "/graphql", &headers, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "FORBIDDEN"), "{headers:?}");
        assert!(answer.text.contains("the shop has been deleted"), "{}", answer.text);
    }
    for suspended in [true, false] {
        let refused = tenant_set_suspended(db, clock, resolver, acme.tenant, suspended).await;
        assert!(matches!(refused, Err(ServiceError::Rule(TenantRule::Deleted))), "{suspended}");
    }
    tenant_delete(db, clock, resolver, acme.tenant).await.expect("said again");
    assert!(app.ask(&other.secret, shop).await.status.is_success());
    // Said again under its external id, it is not made again, and nobody is invited.
    let made = store_create(&app.app, &store("third", Some("crm-9"))).await.expect("a store");
    tenant_delete(db, clock, resolver, made.tenant).await.expect("deleted");
    let again = store_create_and_invite(&app.app, &store("third", Some("crm-9"))).await;
    assert!(matches!(again, Err(ServiceError::Rule(StoreRule::DeletedBefore))), "nor taken for one that is there");
    assert!(app.mails("ada@shop.example").await.is_empty());
}

/// Whether the platform's role may run it in a transaction for this tenant.
async fn may(app: &TestApp, tenant: Option<&str>, sql: &str) -> Result<(), String> {
    let mut conn = AsyncPgConnection::establish(&app.db.url("emporia_platform")).await.expect("the platform's role");
    let set = tenant.map(|id| format!("; SET LOCAL app.tenant_id = '{id}'")).unwrap_or_default();
    conn.batch_execute(&format!("BEGIN{set}")).await.expect("begin");
    conn.batch_execute(sql).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_role_that_makes_stores_sees_and_changes_nothing_of_any() {
    let app = TestApp::new().await;
    let (acme, other) = (app.store("acme").await, app.store("other").await);
    let (own, other) = (acme.tenant.to_string(), other.tenant.to_string());
    for table in tenant_tables(&app.db).await {
        for sql in [
            format!("SELECT 1 FROM {table}"),
            format!("UPDATE {table} SET tenant_id = tenant_id"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let said = may(&app, Some(&own), &sql).await.expect_err(&sql);
            assert!(said.contains("permission denied"), "{sql}: {said}");
        }
        let is_founded = FOUNDED.contains(&format!("public.{table}").as_str());
        // No row can be put anywhere else, nor read back where it can.
        let insert = format!("INSERT INTO {table} (tenant_id) VALUES ('{own}')");
        let said = may(&app, Some(&own), &insert).await.expect_err(&insert);
        assert_eq!(!said.contains("permission denied"), is_founded, "{insert}: {said}");
        let said = may(&app, Some(&own), &format!("{insert} RETURNING tenant_id")).await.expect_err(&insert);
        assert!(said.contains("permission denied"), "{insert}: {said}");
    }
    let location = |tenant: &str| {
        format!(
            "INSERT INTO locations (tenant_id, id, name, country, is_default, created_at, updated_at)
            VALUES ('{tenant}', gen_random_uuid(), 'x', 'DE', false, now(), now())"
        )
    };
    may(&app, Some(&own), &location(&own)).await.expect("the tenant that the transaction is for");
    for tenant in [None, Some(own.as_str())] {
        let said = may(&app, tenant, &location(&other)).await.expect_err("another's");
        assert!(said.contains("row-level security"), "{said}");
    }
}
