//! Operators: what they do with tenants, what they never see, and what is never shown to anybody else.

use std::collections::BTreeSet;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{OperationType, TypeSystemDefinition};
use diesel_async::SimpleAsyncConnection;
use emporia::graphql::schema::sdl;
use emporia::operator::service::{token_list, token_revoke};
use serde_json::{Value, json};

use crate::access::{Needs, tried};
use crate::isolation::{filled, furnish, operation};
use crate::support::{Socket, TestApp, admin, statements_of};
use crate::tenancy::count;

const CREATE: &str = r#"mutation ($id: String!, $handle: String!) { tenantCreate(input: { externalId: $id, handle: $handle,
    name: "Acme", description: "Mugs", currency: EUR, country: DE, shippingRate: "4.90",
    owner: { email: "Ada@Shop.example", name: "Ada" } }) {
    created publishableKey secretKey userErrors { field message code }
    tenant { id externalId handle name currencyCode status allowedOrigins createdAt deletedAt } } }"#;

#[tokio::test]
async fn a_tenant_is_made_in_one_call_and_sells_at_once() {
    let app = TestApp::new().await;
    let operator = app.operator().await;
    let variables = json!({ "id": "crm-7", "handle": "acme" });
    let made = app.gql_as(&operator.token, CREATE, variables.clone()).await["tenantCreate"].take();
    assert_eq!((&made["created"], &made["userErrors"]), (&json!(true), &json!([])), "{made:#}");
    let tenant = &made["tenant"];
    assert_eq!((&tenant["externalId"], &tenant["status"]), (&json!("crm-7"), &json!("ACTIVE")));
    let secret = made["secretKey"].as_str().expect("a key");
    let shop = "{ shop { name description } locations(first: 5) { nodes { name } }
        deliveryProfiles(first: 5) { nodes { zones { methodDefinitions { rateProvider {
            ... on DeliveryRateDefinition { price { amount currencyCode } } } } } } }
        staffMembers(first: 5) { nodes { email role status } } }";
    let shop = app.gql(secret, shop, json!({})).await;
    assert_eq!(shop["shop"], json!({ "name": "Acme", "description": "Mugs" }));
    let owner = json!({ "email": "ada@shop.example", "role": "owner", "status": "INVITED" });
    assert_eq!(shop["staffMembers"]["nodes"], json!([owner]));
    assert!(shop["deliveryProfiles"].to_string().contains("4.90"), "{shop:#}");
    assert_eq!(app.mails("ada@shop.example").await.len(), 1, "the owner is invited");
    // Said again: the tenant that is there, whatever else is said of it.
    let again = json!({ "id": "crm-7", "handle": "other" });
    let again = app.gql_as(&operator.token, CREATE, again).await["tenantCreate"].take();
    assert_eq!((&again["created"], &again["tenant"]["id"]), (&json!(false), &tenant["id"]), "{again:#}");
    assert_eq!((&again["secretKey"], &again["publishableKey"]), (&Value::Null, &Value::Null));
    // Nothing has a price in no currency.
    let none = CREATE.replace("currency: EUR", "currency: XXX");
    let none =
        app.gql_as(&operator.token, &none, json!({ "id": "crm-9", "handle": "none" })).await["tenantCreate"].take();
    assert_eq!(none["userErrors"][0]["field"], json!(["input", "currency"]), "{none:#}");
    // The handle is somebody's.
    let taken = json!({ "id": "crm-8", "handle": "acme" });
    let taken = app.gql_as(&operator.token, CREATE, taken).await["tenantCreate"].take();
    assert_eq!((&taken["tenant"], &taken["userErrors"][0]["code"]), (&Value::Null, &json!("TAKEN")), "{taken:#}");
}

#[tokio::test]
async fn a_tenant_is_changed_suspended_resumed_and_deleted_for_good() {
    let app = TestApp::new().await;
    let (store, other, operator) = (app.store("acme").await, app.store("other").await, app.operator().await);
    let id = format!("gid://emporia/Tenant/{}", store.tenant);
    let act = async |mutation: &str, more: &str| {
        let document = format!(
            "mutation {{ {mutation}(id: {id:?}{more}) {{ tenant {{ name externalId status allowedOrigins deletedAt }}
                userErrors {{ code }} }} }}"
        );
        app.gql_as(&operator.token, &document, json!({})).await[mutation].take()
    };
    let input = r#", input: { name: "Acme & Co", externalId: "crm-7", allowedOrigins: ["https://A.example/"] }"#;
    let updated = act("tenantUpdate", input).await["tenant"].take();
    let expected = json!({ "name": "Acme & Co", "externalId": "crm-7", "status": "ACTIVE",
        "allowedOrigins": ["https://a.example"], "deletedAt": null });
    assert_eq!(updated, expected);
    let page = [("origin", "https://b.example")];
    let seen = app.post_json(&store.publishable, &json!({ "query": "{ shop { name } }" }), &page).await;
    assert_eq!(seen.status.as_u16(), 403, "the new origins count at once");
    let shop = async || app.ask(&store.secret, "{ shop { name } }").await;
    assert_eq!(shop().await.json()["data"]["shop"]["name"], "acme", "the shop says itself what it is called");
    assert_eq!(act("tenantSuspend", "").await["tenant"]["status"], "SUSPENDED");
    assert_eq!(shop().await.status.as_u16(), 403);
    assert_eq!(act("tenantResume", "").await["tenant"]["status"], "ACTIVE");
    assert_eq!(shop().await.status.as_u16(), 200);
    let deleted = act("tenantDelete", "").await["tenant"].take();
    assert_eq!((&deleted["status"], &deleted["deletedAt"]), (&json!("DELETED"), &json!("2026-06-01T12:00:00Z")));
    assert!(shop().await.text.contains("has been deleted"));
    app.clock.advance(chrono::Duration::hours(1));
    assert_eq!(act("tenantDelete", "").await["tenant"], deleted, "said again, nothing changes");
    let again = app.gql_as(&operator.token, CREATE, json!({ "id": "crm-7", "handle": "acme-2" })).await;
    let error = &again["tenantCreate"]["userErrors"][0];
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("DELETED"), &json!(["input", "externalId"])),
        "it is not there"
    );
    for (mutation, more) in [("tenantResume", ""), ("tenantSuspend", ""), ("tenantUpdate", r#", input: { name: "B" }"#)]
    {
        let refused = act(mutation, more).await;
        assert_eq!(refused, json!({ "tenant": null, "userErrors": [{ "code": "DELETED" }] }), "{mutation}");
    }
    // An external id is one tenant's.
    let taken = format!(
        r#"mutation {{ tenantUpdate(id: "gid://emporia/Tenant/{}", input: {{ externalId: "crm-7" }}) {{
            tenant {{ name }} userErrors {{ code field }} }} }}"#,
        other.tenant
    );
    let taken = app.gql_as(&operator.token, &taken, json!({})).await["tenantUpdate"].take();
    let refused = json!([{ "code": "TAKEN", "field": ["input", "externalId"] }]);
    assert_eq!(taken, json!({ "tenant": null, "userErrors": refused }));
}

#[tokio::test]
async fn tenants_are_listed_narrowed_and_found_by_each_of_their_names() {
    let app = TestApp::new().await;
    let operator = app.operator().await;
    for (id, handle) in [("crm_1", "acme"), ("crm-2", "bravo"), ("crm%3", "acme-two")] {
        let variables = json!({ "id": id, "handle": handle });
        app.gql_as(&operator.token, CREATE, variables).await;
    }
    let listed = async |arguments: &str| {
        let document =
            format!("{{ tenants({arguments}) {{ nodes {{ handle }} pageInfo {{ endCursor hasNextPage }} }} }}");
        app.gql_as(&operator.token, &document, json!({})).await["tenants"].take()
    };
    let handles = |page: &Value| {
        let nodes = page["nodes"].as_array().cloned().unwrap_or_default();
        nodes.iter().map(|node| node["handle"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let first = listed("first: 2").await;
    assert_eq!(
        (handles(&first), &first["pageInfo"]["hasNextPage"]),
        (vec!["acme".into(), "bravo".into()], &json!(true))
    );
    let after = first["pageInfo"]["endCursor"].as_str().expect("a cursor");
    assert_eq!(handles(&listed(&format!("first: 2, after: {after:?}")).await), ["acme-two"]);
    assert_eq!(handles(&listed("last: 1").await), ["acme-two"]);
    for (query, expected) in [
        ("ACME-T", vec!["acme-two"]),
        // So are they all called.
        ("aCME", vec!["acme", "bravo", "acme-two"]),
        ("crm-2", vec!["bravo"]),
        ("m_1", vec!["acme"]),
        ("%3", vec!["acme-two"]),
        ("\\\\", vec![]),
        ("nowhere", vec![]),
        (" ", vec!["acme", "bravo", "acme-two"]),
    ] {
        assert_eq!(handles(&listed(&format!("first: 5, query: \"{query}\"")).await), expected, "{query}");
    }
    let find = async |arguments: &str| {
        let document = format!("{{ tenant({arguments}) {{ id handle }} }}");
        app.gql_as(&operator.token, &document, json!({})).await["tenant"].take()
    };
    let bravo = find(r#"externalId: "crm-2""#).await;
    assert_eq!(bravo["handle"], "bravo");
    assert_eq!(find(r#"handle: "bravo""#).await, bravo);
    assert_eq!(find(&format!("id: {}", bravo["id"])).await, bravo);
    for nobody in [r#"handle: "zulu""#, r#"externalId: "BRAVO""#, r#"id: "gid://emporia/Shop/1""#] {
        assert_eq!(find(nobody).await, Value::Null, "{nobody}");
    }
    for unclear in ["", r#"(handle: "bravo", externalId: "crm-2")"#] {
        let answer = app.bearer(&operator.token, &format!("{{ tenant{unclear} {{ id }} }}"), json!({}), &[]).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{unclear}");
    }
    let suspend = format!("mutation {{ tenantSuspend(id: {}) {{ tenant {{ status }} }} }}", bravo["id"]);
    app.gql_as(&operator.token, &suspend, json!({})).await;
    assert_eq!(handles(&listed("first: 5, status: SUSPENDED").await), ["bravo"]);
    assert_eq!(handles(&listed(r#"first: 5, status: ACTIVE, query: "acme""#).await), ["acme", "acme-two"]);
}

#[tokio::test]
async fn a_token_that_is_wrong_expired_or_revoked_opens_nothing() {
    let app = TestApp::new().await;
    let operator = app.operator().await;
    let list = "{ tenants(first: 1) { nodes { id } } viewer { kind } }";
    let ask = async |token: &str| app.bearer(token, list, json!({}), &[]).await;
    assert_eq!(ask(&operator.token).await.json()["data"]["viewer"]["kind"], "OPERATOR");
    let stranger = emporia::operator::token::OperatorToken::from_random([9; 32]);
    let cut = &operator.token[..operator.token.len() - 1];
    for (token, why) in [(cut, "malformed"), ("eop_", "malformed"), (stranger.reveal(), "unknown or revoked")] {
        let refused = ask(token).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "UNAUTHENTICATED"), "{token}");
        assert!(refused.text.contains(why), "{}", refused.text);
    }
    // It is no API key.
    assert_eq!(app.ask(&operator.token, list).await.status.as_u16(), 401);
    let other = app.operator().await;
    assert!(token_revoke(&app.app, operator.id).await.expect("revoked"));
    assert!(!token_revoke(&app.app, uuid::Uuid::nil()).await.expect("there is none"));
    assert_eq!(ask(&operator.token).await.status.as_u16(), 401);
    assert_eq!(ask(&other.token).await.status.as_u16(), 200);
    app.app.resolver.write_uses().await.expect("written");
    let listed = token_list(&app.app.db).await.expect("tokens");
    assert!(listed.iter().all(|token| token.last_used_at.is_some()), "{listed:?}");
    app.clock.advance(chrono::Duration::days(30));
    let refused = ask(&other.token).await;
    assert!(refused.status.as_u16() == 401 && refused.text.contains("expired"), "{}", refused.text);
}

#[tokio::test]
async fn a_socket_of_an_operator_is_closed_when_the_token_is_revoked() {
    let app = TestApp::new().await;
    let operator = app.operator().await;
    let server = app.serve().await;
    let mut socket = Socket::open(&server, &[]).await;
    let payload = json!({ "authorization": format!("Bearer {}", operator.token) });
    socket.say(json!({ "type": "connection_init", "payload": payload })).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket.subscribe("1", "{ tenants(first: 1) { nodes { id } } }").await;
    assert_eq!(socket.hear().await["payload"]["data"]["tenants"]["nodes"], json!([]));
    assert_eq!(socket.hear().await["type"], "complete");
    socket.subscribe("2", "{ shop { name } }").await;
    let refused = socket.hear().await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    token_revoke(&app.app, operator.id).await.expect("revoked");
    assert_eq!(socket.closed().await.0, 4403);
}

#[tokio::test]
async fn an_operators_token_is_refused_in_a_shops_pages() {
    let app = TestApp::new().await;
    let (store, operator) = (app.store("acme").await, app.operator().await);
    let (db, clock, resolver) = (&app.app.db, &*app.clock, &app.app.resolver);
    let origins = ["https://shop.example".to_owned()];
    emporia::tenant::service::tenant_set_origins(db, clock, resolver, store.tenant, &origins).await.expect("done");
    app.let_support_in(&store, None).await;
    let tenant = store.tenant.to_string();
    let page = ("origin", "https://shop.example");
    for headers in [vec![page], vec![page, ("x-tenant-id", tenant.as_str())]] {
        let refused = app.bearer(&operator.token, "{ viewer { kind } }", json!({}), &headers).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "FORBIDDEN"), "{headers:?}");
    }
}

/// Whatever of a shop's is asked for without naming one, in whichever way it comes.
#[tokio::test]
async fn without_a_shop_everything_of_a_shops_is_refused_before_anything_is_asked() {
    let app = TestApp::new().await;
    let it = furnish(&app, "alpha").await;
    let operator = app.operator().await;
    let bearer = format!("Bearer {}", operator.token);
    let (mut refused, mut open) = (0, BTreeSet::new());
    let asking = async {
        for (document, field, needed) in tried() {
            let document = filled(document, &it.names, &it.names);
            if needed == Needs::Operator {
                continue;
            }
            let accept = match operation(&document).ty {
                OperationType::Subscription => "text/event-stream",
                _ => "application/json",
            };
            let headers = [("content-type", "application/json"), ("accept", accept), ("authorization", &bearer)];
            let answer = app.send("POST", "/graphql", &headers, json!({ "query": document }).to_string()).await;
            if answer.text.contains(&format!("`{field}` is a shop's, and this operator's token names no shop")) {
                assert!(answer.text.contains("FORBIDDEN") && !answer.text.contains("\"data\":{"), "{}", answer.text);
                refused += 1;
            } else {
                open.insert(field);
            }
        }
        // A document that somebody has stored is a shop's as well.
        let stored = json!({ "documentId": it.names.get("document1") }).to_string();
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let answer = app.send("POST", "/graphql", &headers, stored).await;
        assert!(answer.json().get("data").is_none_or(Value::is_null), "{}", answer.text);
    };
    let ((), statements) = statements_of(&app.db.name, asking).await;
    assert_eq!(open.iter().map(String::as_str).collect::<Vec<_>>(), ["accessScopes", "viewer"]);
    assert!(refused > 150, "{refused}");
    assert!(statements.is_empty(), "somebody's table was asked: {statements:#?}");
}

#[tokio::test]
async fn without_support_access_no_shop_is_opened_by_naming_it() {
    let app = TestApp::new().await;
    let (store, granted, operator) = (app.store("acme").await, app.store("other").await, app.operator().await);
    app.let_support_in(&granted, None).await;
    let (uuid, nobody) = (store.tenant.to_string(), uuid::Uuid::from_u128(7).to_string());
    let nil = uuid::Uuid::nil().to_string();
    let (gid, shop) = (format!("gid://emporia/Tenant/{uuid}"), format!("gid://emporia/Shop/{}", granted.tenant));
    let documents = [
        "{ shop { name } }",
        "{ viewer { kind } }",
        "{ tenants(first: 5) { nodes { id } } }",
        r#"mutation { cartCreate { cart { id } } }"#,
    ];
    let asking = async {
        for tenant in [uuid.as_str(), &gid, &nobody, &nil, &shop, "acme", "", "*"] {
            for document in documents {
                let answer = app.bearer(&operator.token, document, json!({}), &[("x-tenant-id", tenant)]).await;
                assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "FORBIDDEN"), "{tenant} {document}");
                assert!(answer.text.contains("names no shop that grants support access now"), "{}", answer.text);
            }
        }
        // Of two, either could be meant.
        let both = [("x-tenant-id", uuid.as_str()), ("x-tenant-id", &granted.tenant.to_string())];
        let answer = app.bearer(&operator.token, documents[0], json!({}), &both).await;
        assert_eq!(answer.status.as_u16(), 403);
    };
    let ((), mut statements) = statements_of(&app.db.name, asking).await;
    statements.retain(|sql| !sql.contains("\"support_accesses\""));
    assert!(statements.is_empty(), "a shop's table was asked: {statements:#?}");
    let let_in = app.in_store(&operator, &granted, "{ shop { name } viewer { kind } }").await.json();
    assert_eq!(let_in["data"], json!({ "shop": { "name": "other" }, "viewer": { "kind": "OPERATOR" } }));
}

#[tokio::test]
async fn what_stands_beside_an_operators_token_must_not_name_another_shop() {
    let app = TestApp::new().await;
    let (store, other, operator) = (app.store("acme").await, app.store("other").await, app.operator().await);
    app.let_support_in(&store, None).await;
    let id = store.tenant.to_string();
    let tenant = ("x-tenant-id", id.as_str());
    for (headers, status) in [
        (vec![tenant, ("x-api-key", store.publishable.as_str())], 200),
        (vec![tenant, ("host", "acme.shops.test")], 200),
        (vec![tenant, ("x-api-key", other.publishable.as_str())], 403),
        (vec![tenant, ("x-api-key", "esk_nonsense")], 401),
        (vec![tenant, ("host", "other.shops.test")], 403),
        // Without a shop, a key would name one; a host is an address.
        (vec![("x-api-key", store.publishable.as_str())], 403),
        (vec![("host", "acme.shops.test")], 200),
    ] {
        let answer = app.bearer(&operator.token, "{ viewer { kind } }", json!({}), &headers).await;
        assert_eq!(answer.status.as_u16(), status, "{headers:?}: {}", answer.text);
    }
}

/// Headers that a proxy of somebody's may add, or a stranger.
#[tokio::test]
async fn no_header_beside_the_credentials_says_who_asks_or_for_which_shop() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    app.let_support_in(&other, None).await;
    let (member, stranger) =
        (app.member(&store, "ada@shop.example", "viewer").await, app.member(&other, "bo@shop.example", "owner").await);
    let other_id = other.tenant.to_string();
    let member_id = stranger.id.to_string();
    let forged: Vec<Vec<(&str, &str)>> = vec![
        vec![("x-tenant-id", other_id.as_str())],
        vec![("x-user-id", member_id.as_str()), ("x-user-role", "owner"), ("x-user-tenant", &other_id)],
        vec![("x-user-email", "bo@shop.example"), ("x-user-permissions", "write_orders"), ("x-user-scopes", "*")],
        vec![("x-forwarded-user", "bo@shop.example"), ("x-auth-request-user", "bo"), ("remote-user", "bo")],
        vec![("x-forwarded-host", "other.shops.test"), ("x-original-host", "other.shops.test")],
    ];
    let document = json!({ "query": "{ shop { name } viewer { kind permissions { handle } } orders(first: 1) { nodes { id } } }" });
    let bearer = format!("Bearer {}", member.access_token);
    let json_type = ("content-type", "application/json");
    for credential in [
        vec![("x-api-key", store.secret.as_str())],
        vec![("x-api-key", store.publishable.as_str())],
        vec![("authorization", bearer.as_str())],
        vec![("host", "acme.shops.test")],
        vec![],
    ] {
        let plain = [&[json_type][..], &credential].concat();
        let expected = app.send("POST", "/graphql", &plain, document.to_string()).await;
        for more in &forged {
            let headers = [&plain[..], more].concat();
            let answer = app.send("POST", "/graphql", &headers, document.to_string()).await;
            assert_eq!((answer.status, answer.text.as_str()), (expected.status, expected.text.as_str()), "{headers:?}");
        }
    }
}

const INTROSPECTION: &str = "{ __schema { types { name fields { name args { name } type { name } }
    inputFields { name } possibleTypes { name } } } }";

/// The names of types, and of their fields with the type in front.
fn names(schema: &Value) -> BTreeSet<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut names = BTreeSet::new();
    for ty in list(&schema["data"]["__schema"]["types"]) {
        let name = ty["name"].as_str().expect("a name").to_owned();
        for (kind, items) in [("", &ty["fields"]), ("input ", &ty["inputFields"]), ("possible ", &ty["possibleTypes"])]
        {
            names.extend(
                list(items).iter().map(|one| format!("{name}.{kind}{}", one["name"].as_str().unwrap_or_default())),
            );
        }
        names.insert(name);
    }
    names
}

/// Parts of names of what operators do with plans.
const OF_PLANS: [&str; 15] = [
    ".planActivate",
    "PlanActivate",
    ".planCreate",
    ".planOverridesSet",
    ".planUpdate",
    ".platformPlans",
    "PlanCreate",
    "PlanFeatureInput",
    "PlanInput",
    "PlanLimitInput",
    "PlanPriceInput",
    "PlanOverrides",
    "PlanUpdate",
    "PlatformPlan",
    "TransactionFeeInput",
];

#[tokio::test]
async fn what_is_for_operators_is_seen_by_operators_alone() {
    let app = TestApp::new().await;
    let (store, operator) = (app.store("acme").await, app.operator().await);
    app.let_support_in(&store, None).await;
    let owner = app.member(&store, "ada@shop.example", "owner").await;
    let seen = names(&app.bearer(&operator.token, INTROSPECTION, json!({}), &[]).await.json());
    let in_store = names(&app.in_store(&operator, &store, INTROSPECTION).await.json());
    assert_eq!(seen, in_store);
    // Operators see all that there is.
    for definition in parse_schema(sdl()).expect("the SDL parses").definitions {
        if let TypeSystemDefinition::Type(ty) = definition {
            assert!(seen.contains(ty.node.name.node.as_str()), "{}", ty.node.name.node);
        }
    }
    let of_others = [
        names(&app.ask(&store.secret, INTROSPECTION).await.json()),
        names(&app.ask(&store.publishable, INTROSPECTION).await.json()),
        names(&app.bearer(&owner.access_token, INTROSPECTION, json!({}), &[]).await.json()),
    ];
    for of_other in &of_others {
        let hidden: Vec<&String> = seen.difference(of_other).collect();
        // What a shop says of itself is called that too, and is for its staff.
        let is_of_tenants = |name: &str| {
            let is_named = name.contains("Tenant") || name.contains(".tenant");
            is_named && !name.contains("TenantSettings") && !name.contains(".tenantSettings")
        };
        // Of plans what is said of them, not what they are.
        let is_of_plans = |name: &str| OF_PLANS.iter().any(|part| name.contains(part));
        let others = hidden.iter().filter(|name| !is_of_tenants(name) && !is_of_plans(name));
        assert_eq!(others.collect::<Vec<_>>(), Vec::<&&String>::new());
        for name in [
            "Tenant",
            "TenantUserError",
            "TenantCreateInput",
            "TenantErrorCode",
            "TenantStatus",
            "Mutation.tenantCreate",
            "QueryRoot.tenants",
        ] {
            assert!(hidden.iter().any(|one| *one == name), "{name} is seen by others");
        }
        assert!(!of_other.iter().any(|name| is_of_tenants(name)), "{of_other:?}");
    }
    // Nor is it found or proposed by name.
    for name in ["Tenant", "TenantUserError", "TenantCreateInput"] {
        let document = format!("{{ __type(name: {name:?}) {{ name fields {{ name }} }} }}");
        assert_eq!(app.gql(&store.secret, &document, json!({})).await["__type"], Value::Null, "{name}");
        let found = app.gql_as(&operator.token, &document, json!({})).await["__type"]["name"].take();
        assert_eq!(found, name);
    }
    for (document, name) in [("{ tenant_s { id } }", "tenants"), ("mutation { tenantCreat { id } }", "tenantCreate")] {
        let told = app.ask(&store.secret, document).await.text;
        assert!(!told.contains(&format!("\\\"{name}\\\"")) && told.contains("Unknown field"), "{told}");
        let told = app.bearer(&operator.token, document, json!({}), &[]).await.text;
        assert!(told.contains("FORBIDDEN") || told.contains(name), "{told}");
    }
    let told = app.ask(&store.secret, "{ sho { name } }").await.text;
    assert!(told.contains("Did you mean"), "{told}");
}

#[tokio::test]
async fn a_lists_plans_are_asked_for_once() {
    let app = TestApp::new().await;
    for (handle, plan) in [("acme", "free"), ("beta", "basic"), ("gamma", "pro"), ("delta", "free")] {
        app.store_on(handle, plan).await;
    }
    crate::webhook::drain(&app.app).await;
    let operator = app.operator().await;
    let mut admin = admin(&app.db.name).await;
    admin.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").await.expect("the server counts");
    let calls =
        "SELECT coalesce(sum(calls), 0)::bigint AS n FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE d.datname = current_database() AND s.userid = 'emporia_platform'::regrole
          AND query LIKE '%FROM \"platform\".\"plans\"%'";
    let before = count(&mut admin, calls).await;
    let list = "{ tenants(first: 10) { nodes { handle plan { handle } } } }";
    let seen = app.gql_as(&operator.token, list, json!({})).await["tenants"]["nodes"].take();
    let of = |at: usize| seen[at]["plan"]["handle"].as_str().expect("a plan").to_owned();
    assert_eq!([of(0), of(1), of(2), of(3)], ["free", "basic", "pro", "free"]);
    assert_eq!(count(&mut admin, calls).await - before, 1);
}
