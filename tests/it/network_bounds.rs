//! How much may be tried from one network, whatever accounts it is about, and that nobody comes from where they say.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use emporia::http::client::Peer;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{SIGN_IN, STAFF_PASSWORD, Store, TestApp};

/// Wrong passwords and tokens of one network, and mails asked for from it.
const MOST: usize = 100;
const WRONG_TOKEN: &str =
    r#"mutation { done: staffTokenRefresh(refreshToken: "rubbish") { userErrors { code field } } }"#;
const WRONG_RENEWAL: &str = r#"mutation { done: customerAccessTokenRenew(customerAccessToken: "rubbish") {
    userErrors { field } } }"#;

/// Who asks.
#[derive(Clone, Copy)]
struct From<'a> {
    key: &'a str,
    peer: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

/// What is answered to a mutation called `done`.
async fn ask(app: &TestApp, from: From<'_>, document: &str, variables: Value) -> Value {
    let peer: IpAddr = from.peer.parse().expect("an address");
    let mut request =
        Request::post("/graphql").header("content-type", "application/json").header("x-api-key", from.key);
    for (name, value) in from.headers {
        request = request.header(*name, *value);
    }
    let body = json!({ "query": document, "variables": variables }).to_string();
    let request = request.extension(Peer(peer)).body(Body::from(body)).expect("a request");
    let response = app.router().oneshot(request).await.expect("an answer");
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    let mut answer: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].as_object_mut().and_then(|data| data.values_mut().next()).expect("a field").take()
}

/// The code of the refusal of a sign-in, as [`Value::Null`] when there is none.
async fn sign_in(app: &TestApp, from: From<'_>, password: &str) -> Value {
    let done = ask(app, from, SIGN_IN, json!({ "email": "ada@shop.example", "password": password })).await;
    done["userErrors"][0]["code"].clone()
}

fn at<'a>(store: &'a Store, peer: &'a str) -> From<'a> {
    From { key: &store.publishable, peer, headers: &[] }
}

#[tokio::test]
async fn after_a_hundred_wrong_tokens_from_one_network_not_even_the_right_password_is_looked_at() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    app.staff(&store, "ada@shop.example", "owner").await;
    app.staff(&other, "ada@shop.example", "owner").await;
    let here = at(&store, "203.0.113.9");
    for n in 0..MOST {
        let done = ask(&app, here, WRONG_TOKEN, json!({})).await;
        assert_eq!(done["userErrors"][0]["code"], "TOKEN_INVALID", "{n}");
    }
    let looked_at = app.app.passwords.computed();
    for document in [
        WRONG_TOKEN,
        r#"mutation { done: staffAccept(token: "rubbish", password: "long enough") { userErrors { code field } } }"#,
        r#"mutation { done: staffPasswordReset(token: "rubbish", password: "long enough") { userErrors { code field } } }"#,
        r#"mutation { done: staffEmailVerify(token: "rubbish") { userErrors { code field } } }"#,
    ] {
        let done = ask(&app, here, document, json!({})).await;
        assert_eq!(done["userErrors"], json!([{ "code": "THROTTLED", "field": null }]), "{document}");
    }
    assert_eq!(sign_in(&app, here, STAFF_PASSWORD).await, "THROTTLED");
    assert_eq!(sign_in(&app, here, "wrong").await, "THROTTLED", "nor is it told that it is wrong");
    assert_eq!(app.app.passwords.computed(), looked_at);
    // Nobody else is kept out by it.
    assert_eq!(sign_in(&app, at(&store, "203.0.113.10"), STAFF_PASSWORD).await, Value::Null);
    assert_eq!(sign_in(&app, at(&other, "203.0.113.9"), STAFF_PASSWORD).await, Value::Null);
    app.clock.advance(TimeDelta::minutes(15));
    assert_eq!(sign_in(&app, here, STAFF_PASSWORD).await, Value::Null);
}

#[tokio::test]
async fn what_is_right_does_not_count() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let member = app.member(&store, "ada@shop.example", "owner").await;
    let (here, mut token) = (at(&store, "203.0.113.9"), member.refresh_token);
    let document = "mutation ($token: String!) { done: staffTokenRefresh(refreshToken: $token) {
        staffAccessToken { refreshToken } userErrors { code } } }";
    for n in 0..=MOST {
        let done = ask(&app, here, document, json!({ "token": token })).await;
        assert_eq!(done["userErrors"], json!([]), "{n}");
        token = done["staffAccessToken"]["refreshToken"].as_str().expect("a token").to_owned();
    }
    // Nor does what is no guess.
    for _ in 0..=MOST {
        let document = r#"mutation { done: staffAccept(token: "rubbish", password: "short") { userErrors { code } } }"#;
        assert_eq!(ask(&app, here, document, json!({})).await["userErrors"][0]["code"], "TOO_SHORT");
    }
    assert_eq!(ask(&app, here, WRONG_TOKEN, json!({})).await["userErrors"][0]["code"], "TOKEN_INVALID");
}

#[tokio::test]
async fn who_forges_a_forwarding_header_is_counted_all_the_same() {
    let app = TestApp::with(&[("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1")]).await;
    let store = app.store("acme").await;
    let wrong = async |peer: &str, name: &str, value: &str| {
        let headers = [(name, value)];
        let from = From { key: &store.publishable, peer, headers: &headers };
        ask(&app, from, WRONG_TOKEN, json!({})).await["userErrors"][0]["code"].clone()
    };
    // No proxy of the operator's, whatever it says.
    for n in 0..MOST {
        let (name, value) = match n % 3 {
            0 => ("x-forwarded-for", format!("198.51.100.{n}")),
            1 => ("forwarded", format!("for=198.51.100.{n}")),
            _ => ("shopify-storefront-buyer-ip", format!("198.51.100.{n}")),
        };
        assert_eq!(wrong("203.0.113.9", name, &value).await, "TOKEN_INVALID", "{n}");
    }
    assert_eq!(wrong("203.0.113.9", "x-forwarded-for", "198.51.100.250").await, "THROTTLED");
    assert_eq!(wrong("203.0.113.9", "x-forwarded-for", "10.0.0.7").await, "THROTTLED");
    // Behind one, what its client has written in front says nothing.
    for n in 0..MOST {
        assert_eq!(
            wrong("10.0.0.7", "x-forwarded-for", &format!("198.51.100.{n}, 203.0.113.77")).await,
            "TOKEN_INVALID"
        );
    }
    assert_eq!(wrong("10.0.0.8", "x-forwarded-for", "198.51.100.251, 203.0.113.77").await, "THROTTLED");
    assert_eq!(wrong("192.0.2.1", "x-forwarded-for", "203.0.113.77, 10.0.0.9").await, "THROTTLED", "by two proxies");
    assert_eq!(wrong("203.0.113.77", "x-forwarded-for", "198.51.100.252").await, "THROTTLED", "and directly");
    assert_eq!(
        wrong("10.0.0.7", "x-forwarded-for", "203.0.113.77, 203.0.113.78").await,
        "TOKEN_INVALID",
        "a neighbour"
    );
}

#[tokio::test]
async fn the_addresses_of_one_ipv6_customer_are_counted_together() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let wrong =
        async |peer: &str| ask(&app, at(&store, peer), WRONG_TOKEN, json!({})).await["userErrors"][0]["code"].clone();
    for n in 0..MOST {
        assert_eq!(wrong(&format!("2001:db8:1:2:{n:x}::{n:x}")).await, "TOKEN_INVALID");
    }
    assert_eq!(wrong("2001:db8:1:2:ffff::1").await, "THROTTLED");
    assert_eq!(wrong("2001:db8:1:3::1").await, "TOKEN_INVALID");
}

#[tokio::test]
async fn customers_guesses_are_counted_by_network_as_well_and_apart_from_staffs() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    app.staff(&store, "ada@shop.example", "owner").await;
    let here = at(&store, "203.0.113.9");
    for _ in 0..MOST {
        let done = ask(&app, here, WRONG_RENEWAL, json!({})).await;
        assert_eq!(done["userErrors"][0]["field"], json!(["customerAccessToken"]));
    }
    let looked_at = app.app.passwords.computed();
    let nobody = format!("gid://emporia/Customer/{}", uuid::Uuid::nil());
    for (document, errors) in [
        (
            r#"mutation { done: customerAccessTokenCreate(input: { email: "a@b.example", password: "long enough" }) {
                customerUserErrors { code field } } }"#
                .to_owned(),
            "customerUserErrors",
        ),
        (
            format!(
                r#"mutation {{ done: customerReset(id: "{nobody}", input: {{ resetToken: "x", password: "long enough" }}) {{
                    customerUserErrors {{ code field }} }} }}"#
            ),
            "customerUserErrors",
        ),
        (
            format!(
                r#"mutation {{ done: customerActivate(id: "{nobody}",
                    input: {{ activationToken: "x", password: "long enough" }}) {{ customerUserErrors {{ code field }} }} }}"#
            ),
            "customerUserErrors",
        ),
    ] {
        let done = ask(&app, here, &document, json!({})).await;
        assert_eq!(done[errors], json!([{ "code": "THROTTLED", "field": null }]), "{document}\n{done:#}");
    }
    assert_eq!(app.app.passwords.computed(), looked_at);
    assert_eq!(sign_in(&app, here, STAFF_PASSWORD).await, Value::Null);
}

#[tokio::test]
async fn a_hundred_mails_may_be_asked_for_from_one_network_whoever_they_are_for() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let recover = async |peer: &str, n: usize| {
        let document =
            "mutation ($email: String!) { done: customerRecover(email: $email) { customerUserErrors { code } } }";
        let email = format!("a{n}@b.example");
        ask(&app, at(&store, peer), document, json!({ "email": email })).await["customerUserErrors"].take()
    };
    for n in 0..MOST {
        assert_eq!(recover("203.0.113.9", n).await, json!([]), "{n}");
        app.quiet().await;
    }
    assert_eq!(recover("203.0.113.9", MOST).await, json!([{ "code": "THROTTLED" }]));
    let sign_up = r#"mutation { done: customerCreate(input: { email: "new@b.example", password: "long enough" }) {
        customerUserErrors { code } } }"#;
    let done = ask(&app, at(&store, "203.0.113.9"), sign_up, json!({})).await;
    assert_eq!(done["customerUserErrors"], json!([{ "code": "THROTTLED" }]));
    assert_eq!(recover("203.0.113.10", MOST).await, json!([]));
    let document = "mutation ($email: String!) { done: staffPasswordRecover(email: $email) { userErrors { code } } }";
    for n in 0..=MOST {
        let email = format!("a{n}@b.example");
        let done = ask(&app, at(&store, "203.0.113.9"), document, json!({ "email": email })).await;
        let expected = if n < MOST { json!([]) } else { json!([{ "code": "THROTTLED" }]) };
        assert_eq!(done["userErrors"], expected, "{n}");
        // A shop has few places for what nobody waits for.
        app.quiet().await;
    }
}

#[tokio::test]
async fn a_merchants_server_is_counted_by_whom_it_says_that_it_asks_for() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let renew = async |headers: &[(&str, &str)]| {
        let from = From { key: &store.secret, peer: "203.0.113.9", headers };
        ask(&app, from, WRONG_RENEWAL, json!({})).await["userErrors"][0]["field"].clone()
    };
    let (wrong, throttled) = (json!(["customerAccessToken"]), Value::Null);
    for _ in 0..MOST {
        assert_eq!(renew(&[("shopify-storefront-buyer-ip", "198.51.100.7")]).await, wrong);
    }
    assert_eq!(renew(&[("shopify-storefront-buyer-ip", "198.51.100.7")]).await, throttled);
    assert_eq!(renew(&[("shopify-storefront-buyer-ip", "198.51.100.8")]).await, wrong);
    for _ in 0..=MOST {
        assert_eq!(renew(&[]).await, wrong, "of a server alone nobody is counted");
    }
}

/// Over a real connection, where the other end is known.
#[tokio::test]
async fn the_server_knows_from_where_it_is_asked() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    let client = reqwest::Client::new();
    let wrong = async |n: usize| {
        let request = client.post(server.url("/graphql")).header("x-api-key", &store.publishable);
        let request = request.header("x-forwarded-for", format!("198.51.100.{n}"));
        let body = json!({ "query": WRONG_TOKEN }).to_string();
        let answer = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
        let answer: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        answer["data"]["done"]["userErrors"][0]["code"].clone()
    };
    for n in 0..MOST {
        assert_eq!(wrong(n).await, "TOKEN_INVALID");
    }
    assert_eq!(wrong(MOST).await, "THROTTLED");
}
