//! What the log says of a request, and what it never says.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use axum::body::Body;
use axum::http::Request;
use emporia::app::App;
use emporia::cache::{MemoryShared, RedisShared};
use emporia::clock::Entropy;
use tower::ServiceExt;

use crate::support::{PASSWORD, TestApp, dropped_after};

/// Collects what is logged.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Lines {
    /// Collects what this thread logs, for as long as the guards live: the test's runtime has no other thread.
    pub fn listen(&self) -> impl Sized + use<> {
        // With one subscriber in the process, tracing asks only the thread that comes by first whether anybody
        // listens, and that may be another test's.
        let second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
        (second, tracing::subscriber::set_default(emporia::telemetry::json(self.clone(), "info")))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn a_request_is_one_json_line_without_any_secret() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let lines = Lines::default();
    let _logging = lines.listen();

    let body = json!({
        "query": "query Front($word: String) { products(first: 1, query: $word) { nodes { id } } }",
        "variables": { "word": "variable-secret" },
        "extensions": { "note": "extension-secret" },
    });
    let headers = [
        ("x-request-id", "request-0001"),
        ("authorization", "Basic authorization-secret"),
        ("cookie", "cookie-secret"),
        ("idempotency-key", "idempotency-secret"),
        ("user-agent", "agent-secret"),
    ];
    app.post_json(&store.secret, &body, &headers).await;
    let bearer = headers
        .map(|(name, value)| if name == "authorization" { (name, "Bearer a.b-secret.c") } else { (name, value) });
    app.post_json("esk_wrong-secret", &body, &bearer).await;
    let uri = "/graphql?query=%7B__typename%7D&variables=%7B%22a%22:%22query-string-secret%22%7D";
    app.send("GET", uri, &[("x-api-key", &store.publishable)], "").await;
    let checkout = format!("/checkout/{}/{}?key=checkout-key-secret", store.tenant, store.tenant);
    let form = [("content-type", "application/x-www-form-urlencoded"), ("referer", "http://a/?key=referrer-secret")];
    app.send("GET", &checkout, &[], "").await;
    app.send("POST", &checkout, &form, "step=information&email=form-secret").await;
    app.send("GET", &format!("/checkout/{}/order?token=order-token-secret", store.tenant), &[], "").await;
    app.send("GET", "/nowhere/path-secret", &[("x-api-key", &store.publishable)], "").await;

    let text = lines.text();
    for secret in [store.secret.as_str(), store.publishable.as_str(), "-secret", &store.secret[4..20]] {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let answered: Vec<&Value> = lines.iter().filter(|line| line["message"] == "answered").collect();
    assert_eq!(answered.len(), 7, "{text}");
    let first = answered[0];
    assert_eq!(first["status"], 200);
    assert_eq!(first["level"], "INFO");
    let span = &first["span"];
    assert_eq!((&span["request_id"], &span["route"]), (&json!("request-0001"), &json!("/graphql")));
    assert_eq!((&span["tenant"], &span["operation"]), (&json!(store.tenant.to_string()), &json!("Front")));
    assert_eq!(answered[1]["status"], 401);
    let shown = &answered[3]["span"];
    assert_eq!((&shown["route"], &shown["tenant"]), (&json!("/checkout/{tenant}/{cart}"), &span["tenant"]));
}

#[tokio::test]
async fn what_opens_carts_orders_and_webhooks_is_not_logged() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let lines = Lines::default();
    let _logging = lines.listen();
    let made = app.gql(&store.publishable, "mutation { cartCreate { cart { id } } }", json!({})).await;
    let cart = made["cartCreate"]["cart"]["id"].as_str().expect("an id").to_owned();
    let key = cart.rsplit_once("key=").expect("a key").1;
    let create = "mutation { webhookSubscriptionCreate(topic: ORDERS_CREATE,
        webhookSubscription: { uri: \"http://127.0.0.1:9/\" }) { signingSecret } }";
    let made = app.gql(&store.secret, create, json!({})).await;
    let secret = made["webhookSubscriptionCreate"]["signingSecret"].as_str().expect("a secret").to_owned();
    let read = format!("query Read($cart: ID!) {{ cart(id: $cart) {{ id }} again: cart(id: \"{cart}\") {{ id }} }}");
    app.gql(&store.publishable, &read, json!({ "cart": cart })).await;
    let ada = app.account(&store, "ada@example.com").await;
    app.customer(&store, &ada.token).await;
    app.gql(
        &store.publishable,
        r#"mutation { customerRecover(email: "ada@example.com") { userErrors { message } } }"#,
        json!({}),
    )
    .await;
    let reset = app.proof("ada@example.com").await.token;
    let by_token = "{ orderByToken(token: \"order-token-secret\") { id } }";
    app.post(&store.publishable, by_token, json!({})).await;
    app.send("GET", "/checkout/checkout-path-secret?token=checkout-query-secret", &[], "").await;

    let text = lines.text();
    assert!(text.contains("answered"), "something was logged");
    let of_customers = [ada.token.as_str(), reset.as_str(), PASSWORD, "ada@example.com"];
    for secret in [key, secret.as_str(), secret.trim_start_matches("whsec_"), "-secret"].into_iter().chain(of_customers)
    {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
}

#[tokio::test]
async fn what_signs_staff_in_is_not_logged() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let lines = Lines::default();
    let _logging = lines.listen();
    let member = app.member(&store, "ada@shop.example", "owner").await;
    app.gql_as(&member.access_token, "{ currentStaffMember { id } }", json!({})).await;
    app.try_sign_in(&store, "ada@shop.example", "a wrong password").await;
    app.refresh(&store, &member.refresh_token).await;
    app.clock.advance(chrono::TimeDelta::minutes(1));
    app.refresh(&store, &member.refresh_token).await;
    app.bearer("forged.token.secret", "{ __typename }", json!({}), &[]).await;

    let text = lines.text();
    assert!(text.contains("was used again"), "something was logged: {text}");
    let (access, refresh) = (member.access_token.rsplit_once('.').expect("a signature").1, &member.refresh_token[26..]);
    for secret in [PASSWORD, "a wrong password", access, refresh, "forged.token", "ada@shop.example"] {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
}

#[tokio::test]
async fn passwords_of_servers_that_do_not_answer_are_not_logged() {
    let test = TestApp::new().await;
    let key = test.store("acme").await.secret;
    let lines = Lines::default();
    let _logging = lines.listen();
    let nowhere = "postgres://emporia_app:database-secret@127.0.0.1:1/shop";
    let config = test.db.config(&[
        ("DATABASE_URL", nowhere),
        ("DATABASE_PLATFORM_URL", nowhere),
        ("DATABASE_ACQUIRE_TIMEOUT_MS", "50"),
    ]);
    let app = App::assemble(config, MemoryShared::new(), test.clock.clone(), Entropy::seeded(9));
    let request = Request::post("/graphql").header("content-type", "application/json").header("x-api-key", key);
    let request = request.body(Body::from(r#"{"query":"{ __typename }"}"#)).expect("a request");
    let answer = emporia::http::router::router(app).oneshot(request).await.expect("an answer");
    assert_eq!(answer.status(), 503);
    let redis = RedisShared::connect("redis://:redis-secret@127.0.0.1:1").await.err().expect("nobody answers");
    let text = lines.text();
    assert!(text.contains("the guard could not decide"), "{text}");
    assert!(!text.contains("-secret") && !redis.to_string().contains("-secret"), "{redis}\n{text}");
}

#[tokio::test]
async fn an_operations_name_is_logged_up_to_a_bound() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let lines = Lines::default();
    let _logging = lines.listen();
    app.gql(&key, &format!("query {} {{ __typename }}", "a".repeat(200)), json!({})).await;
    let text = lines.text();
    assert!(text.contains(&"a".repeat(128)) && !text.contains(&"a".repeat(129)), "{} bytes", text.len());
}

#[tokio::test]
async fn a_request_whose_client_hangs_up_has_its_line() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let lines = Lines::default();
    let _logging = lines.listen();
    let body = json!({ "query": "{ shop { name } }" });
    let asking = app.post_json(&key, &body, &[("x-request-id", "request-0001")]);
    assert!(!dropped_after(1, asking).await, "it has to ask the database");
    let text = lines.text();
    let line = text.lines().find(|line| line.contains("the client went before the answer")).expect(&text);
    assert!(line.contains("request-0001") && line.contains("/graphql"), "{line}");
}

#[tokio::test]
async fn each_operation_of_a_batch_has_its_line() {
    let app = TestApp::new().await;
    let key = app.store("acme").await.publishable;
    let lines = Lines::default();
    let _logging = lines.listen();
    let batch = json!([{ "query": "query First { shop { name } }" }, { "query": "query Second { __typename }" }]);
    app.post_json(&key, &batch, &[]).await;
    let text = lines.text();
    let of_batch = text.lines().filter(|line| line.contains("an operation of a batch is answered"));
    let spans: Vec<Value> =
        of_batch.map(|line| serde_json::from_str::<Value>(line).expect("a JSON line")["span"].take()).collect();
    assert_eq!([&spans[0]["operation"], &spans[1]["operation"]], ["First", "Second"], "{text}");
    assert!(spans.iter().all(|span| span["request_id"].is_string() && span["tenant"].is_string()), "{text}");
}
