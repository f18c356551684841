//! Host names of shops' own: claimed, proved by a TXT record, found by the guard, given up.

use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use emporia::domain::service::{domain_create, domain_delete, domain_verify};
use emporia::http::router::router;
use emporia::tenant::service::tenant_set_origins;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::guard::within_a_second;
use crate::metrics::beside_metrics;
use crate::support::{Answer, Store, TestApp, admin, redis_url};
use crate::tenancy::count;

const DOMAIN: &str = "id host txtRecord { name value } verifiedAt createdAt";

/// Runs one of the domains' mutations; answers its payload.
async fn run(app: &TestApp, store: &Store, field: &str) -> Value {
    let query = format!("mutation {{ done: {field} {{ domain {{ {DOMAIN} }} userErrors {{ field message code }} }} }}");
    app.gql(&store.secret, &query, json!({})).await["done"].take()
}

/// Claims a name; answers the domain.
async fn claim(app: &TestApp, store: &Store, host: &str) -> Value {
    let mut payload = run(app, store, &format!("domainCreate(host: {host:?})")).await;
    assert_eq!(payload["userErrors"], json!([]), "{host}");
    payload["domain"].take()
}

async fn verify(app: &TestApp, store: &Store, domain: &Value) -> Value {
    run(app, store, &format!("domainVerify(id: {})", domain["id"])).await
}

/// Puts the domain's record into its zone, in place of others.
fn publish(app: &TestApp, domain: &Value) {
    let text = |pointer: &str| domain.pointer(pointer).and_then(Value::as_str).expect(pointer);
    app.zone.set(text("/txtRecord/name"), &["v=spf1 -all", text("/txtRecord/value")]);
}

/// A domain that is proved.
async fn proved(app: &TestApp, store: &Store, host: &str) -> Value {
    let domain = claim(app, store, host).await;
    publish(app, &domain);
    let mut payload = verify(app, store, &domain).await;
    assert!(payload["domain"]["verifiedAt"].is_string(), "{payload}");
    payload["domain"].take()
}

async fn listed(app: &TestApp, store: &Store) -> Value {
    let query = format!("{{ domains(first: 50) {{ nodes {{ {DOMAIN} }} }} }}");
    app.gql(&store.secret, &query, json!({})).await["domains"]["nodes"].take()
}

fn code(payload: &Value) -> &str {
    assert_eq!(payload["domain"], Value::Null, "{payload}");
    payload["userErrors"][0]["code"].as_str().expect("a code")
}

/// Asks whose shop it is, without a credential.
async fn at(app: &TestApp, host: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("host", host)];
    app.send("POST", "/graphql", &headers, r#"{"query":"{ shop { name primaryDomain { host url } } }"}"#).await
}

async fn shop_at(app: &TestApp, host: &str) -> Option<String> {
    let answer = at(app, host).await;
    match answer.status {
        StatusCode::OK => Some(answer.json()["data"]["shop"]["name"].as_str().expect("a name").to_owned()),
        StatusCode::UNAUTHORIZED => None,
        _ => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn a_domain_leads_to_its_shop_once_its_record_was_seen() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let domain = claim(&app, &store, "Www.Bücher.example.").await;
    let host = "www.xn--bcher-kva.example";
    assert_eq!(domain["host"], host);
    assert_eq!(domain["txtRecord"]["name"], format!("_emporia-challenge.{host}"));
    assert_eq!(domain["verifiedAt"], Value::Null);
    let missing = verify(&app, &store, &domain).await;
    assert_eq!(code(&missing), "TXT_RECORD_NOT_FOUND");
    let message = missing["userErrors"][0]["message"].as_str().expect("a message");
    assert!(message.contains(domain["txtRecord"]["value"].as_str().expect("a value")), "{message}");
    assert_eq!(shop_at(&app, host).await, None, "and that is remembered for a moment");
    publish(&app, &domain);
    let verified = verify(&app, &store, &domain).await["domain"].take();
    assert_eq!(verified["verifiedAt"], "2026-06-01T12:00:00Z");
    assert_eq!((app.zone.questions(), app.zone.open()), (2, 0), "no transaction waits for DNS");
    for name in [host, "WWW.xn--bcher-kva.EXAMPLE:443", "www.xn--bcher-kva.example."] {
        assert_eq!(shop_at(&app, name).await.as_deref(), Some("acme"), "{name}");
    }
    assert_eq!(shop_at(&app, "xn--bcher-kva.example").await, None, "the name alone, none above it");
    assert_eq!(shop_at(&app, &format!("a.{host}")).await, None, "and none below");
    let primary = at(&app, host).await.json()["data"]["shop"]["primaryDomain"].take();
    assert_eq!(primary, json!({ "host": host, "url": format!("https://{host}") }));
    // The record may go.
    app.zone.set(&format!("_emporia-challenge.{host}"), &[]);
    assert_eq!(verify(&app, &store, &domain).await["domain"], verified, "what is proved is not asked for again");
    assert_eq!(app.zone.questions(), 2);
    assert_eq!(listed(&app, &store).await, json!([verified]));
}

#[tokio::test]
async fn a_name_goes_to_whoever_proves_it_and_its_holder_has_to_prove_it_anew() {
    let app = TestApp::new().await;
    let (acme, other) = (app.store("acme").await, app.store("other").await);
    let first = proved(&app, &acme, "shop.example").await;
    let second = claim(&app, &other, "shop.example").await;
    assert_eq!(second["verifiedAt"], Value::Null, "nobody is kept from claiming it, or told whose it is");
    assert_ne!(second["txtRecord"]["value"], first["txtRecord"]["value"]);
    assert_eq!(
        code(&verify(&app, &other, &second).await),
        "TXT_RECORD_NOT_FOUND",
        "by another's record it is not proved"
    );
    assert_eq!(shop_at(&app, "shop.example").await.as_deref(), Some("acme"));
    publish(&app, &second);
    assert!(verify(&app, &other, &second).await["domain"]["verifiedAt"].is_string());
    assert_eq!(shop_at(&app, "shop.example").await.as_deref(), Some("other"));
    let lost = listed(&app, &acme).await[0].take();
    assert_eq!((&lost["id"], &lost["verifiedAt"]), (&first["id"], &Value::Null));
    let primary = app.gql(&acme.publishable, "{ shop { primaryDomain { host } } }", json!({})).await;
    assert_eq!(primary["shop"]["primaryDomain"]["host"], "127.0.0.1:8000", "the first knows at once");
    // A record that was left in the zone does not bring it back.
    publish(&app, &first);
    assert_eq!(code(&verify(&app, &acme, &first).await), "TXT_RECORD_NOT_FOUND");
    publish(&app, &lost);
    assert!(verify(&app, &acme, &lost).await["domain"]["verifiedAt"].is_string());
    assert_eq!(shop_at(&app, "shop.example").await.as_deref(), Some("acme"));
}

#[tokio::test]
async fn of_many_who_prove_a_name_at_once_one_has_it() {
    let app = TestApp::new().await;
    let (mut stores, mut claims, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..4 {
        let store = app.store(&format!("shop{n}")).await;
        let domain = domain_create(&app.app, store.tenant, "shop.example").await.expect("a claim");
        values.push(domain.record_value());
        claims.push(domain);
        stores.push(store);
    }
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    app.zone.set("_emporia-challenge.shop.example", &values);
    let all = claims.iter().map(|claim| domain_verify(&app.app, claim.tenant, claim.id));
    let done = futures_util::future::join_all(all).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let held = "SELECT count(*) AS n FROM platform.domains WHERE verified_at IS NOT NULL";
    assert_eq!(count(&mut admin(&app.db.name).await, held).await, 1);
    assert!(shop_at(&app, "shop.example").await.is_some());
}

#[tokio::test]
async fn a_domain_that_is_given_up_leads_nowhere_in_every_process() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let domain = proved(&app, &store, "shop.example").await;
    let processes = [app.beside(&redis_url(), 8).await, app.beside(&redis_url(), 9).await];
    let apis = processes.each_ref().map(|process| router(process.clone()));
    let status = async |api: &axum::Router| {
        let request =
            Request::post("/graphql").header("host", "shop.example").header("content-type", "application/json");
        let request = request.body(axum::body::Body::from(r#"{"query":"{ shop { name } }"}"#)).expect("a request");
        api.clone().oneshot(request).await.expect("an answer").status()
    };
    for api in &apis {
        assert_eq!(status(api).await, StatusCode::OK, "both know it from now on");
    }
    let id = domain["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("an id").parse().expect("a uuid");
    domain_delete(&processes[0], store.tenant, id).await.expect("given up");
    for api in &apis {
        within_a_second("401", || async { status(api).await == StatusCode::UNAUTHORIZED }).await;
    }
    assert_eq!(listed(&app, &store).await, json!([]));
    let again = app
        .gql(
            &store.secret,
            "mutation($id: ID!) { domainDelete(id: $id) { deletedDomainId userErrors { code } } }",
            json!({ "id": domain["id"] }),
        )
        .await;
    assert_eq!(again["domainDelete"], json!({ "deletedDomainId": null, "userErrors": [{ "code": "NOT_FOUND" }] }));
}

#[tokio::test]
async fn a_shop_has_twenty_domains_and_each_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for n in 0..19 {
        claim(&app, &store, &format!("shop{n}.example")).await;
    }
    let taken = run(&app, &store, "domainCreate(host: \"SHOP1.example\")").await;
    assert_eq!(code(&taken), "TAKEN");
    claim(&app, &store, "shop19.example").await;
    let full = run(&app, &store, "domainCreate(host: \"shop20.example\")").await;
    assert_eq!((code(&full), &full["userErrors"][0]["field"]), ("LIMIT_REACHED", &Value::Null));
    assert_eq!(listed(&app, &store).await.as_array().map(Vec::len), Some(20));
}

#[tokio::test]
async fn a_domain_is_looked_for_thirty_times_in_a_quarter_of_an_hour_and_dns_may_be_away() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let domain = claim(&app, &store, "shop.example").await;
    publish(&app, &domain);
    app.zone.is_away(true);
    for _ in 0..30 {
        assert_eq!(code(&verify(&app, &store, &domain).await), "DNS_UNAVAILABLE");
    }
    app.zone.is_away(false);
    assert_eq!(code(&verify(&app, &store, &domain).await), "THROTTLED");
    assert_eq!(app.zone.questions(), 3, "a name of which nothing is said rests");
    app.clock.advance(TimeDelta::minutes(15));
    assert!(verify(&app, &store, &domain).await["domain"]["verifiedAt"].is_string());
}

#[tokio::test]
async fn pages_of_a_shops_own_domain_may_do_what_storefronts_do() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    proved(&app, &store, "shop.example").await;
    proved(&app, &other, "other.example").await;
    claim(&app, &store, "claimed.example").await;
    let origins = ["https://listed.example".to_owned()];
    tenant_set_origins(&app.app.db, &*app.clock, &app.app.resolver, store.tenant, &origins).await.expect("set");
    let status = async |key: &str, origin: &str| {
        app.post_json(key, &json!({ "query": "{ __typename }" }), &[("origin", origin)]).await.status
    };
    for origin in ["https://listed.example", "https://shop.example"] {
        assert_eq!(status(&store.publishable, origin).await, StatusCode::OK, "{origin}");
    }
    for origin in [
        "http://shop.example",
        "https://shop.example:8443",
        "https://www.shop.example",
        "https://claimed.example",
        "https://other.example",
        "https://nobodys.example",
        "null",
    ] {
        assert_eq!(status(&store.publishable, origin).await, StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(
        status(&store.secret, "https://shop.example").await,
        StatusCode::FORBIDDEN,
        "a secret key is for servers"
    );
}

#[tokio::test]
async fn a_token_beside_another_shops_domain_is_refused() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    proved(&app, &store, "shop.example").await;
    proved(&app, &other, "other.example").await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    for (host, expected) in [
        ("shop.example", StatusCode::OK),
        ("api.example", StatusCode::OK),
        ("other.example", StatusCode::FORBIDDEN),
        ("other.example:443", StatusCode::FORBIDDEN),
        ("OTHER.example.", StatusCode::FORBIDDEN),
    ] {
        let answer = app.bearer(&member.access_token, "{ shop { name } }", json!({}), &[("host", host)]).await;
        assert_eq!(answer.status, expected, "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn a_proxy_is_told_whether_a_certificate_for_a_name_is_worth_its_while() {
    let app = TestApp::with(&[("METRICS_LISTEN", "127.0.0.1:0")]).await;
    let store = app.store("acme").await;
    proved(&app, &store, "shop.example").await;
    claim(&app, &store, "claimed.example").await;
    for (name, expected) in [
        ("shop.example", 200),
        ("acme.shops.test", 200),
        ("claimed.example", 404),
        ("nobody.shops.test", 404),
        ("shops.test", 404),
        ("evil.example", 404),
        ("127.0.0.1", 404),
        ("", 404),
    ] {
        let answer = beside_metrics(&app, &format!("/certificate?domain={name}")).await;
        assert_eq!(answer.status().as_u16(), expected, "{name}");
    }
    assert_eq!(beside_metrics(&app, "/certificate").await.status(), 400);
    assert_eq!(app.send("GET", "/certificate?domain=shop.example", &[], "").await.status, StatusCode::NOT_FOUND);
}
