//! What the log says of a request, and what it never says.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::TestApp;

/// Collects what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

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

#[tokio::test]
async fn a_request_is_one_json_line_without_any_secret() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let lines = Lines::default();
    // With one subscriber in the process, tracing asks only the thread that comes by first whether anybody listens,
    // and that may be another test's.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    // This thread's alone: the test's runtime has no other.
    let _logging = tracing::subscriber::set_default(emporia::telemetry::json(lines.clone()));

    let body = json!({
        "query": "query Front($word: String) { products(first: 1, query: $word) { nodes { id } } }",
        "variables": { "word": "variable-secret" },
        "extensions": { "note": "extension-secret" },
    });
    let headers = [
        ("x-request-id", "request-0001"),
        ("authorization", "Bearer authorization-secret"),
        ("cookie", "cookie-secret"),
        ("idempotency-key", "idempotency-secret"),
        ("user-agent", "agent-secret"),
    ];
    app.post_json(&store.secret, &body, &headers).await;
    app.post_json("esk_wrong-secret", &body, &headers).await;
    let uri = "/graphql?query=%7B__typename%7D&variables=%7B%22a%22:%22query-string-secret%22%7D";
    app.send("GET", uri, &[("x-api-key", &store.publishable)], "").await;
    let checkout = format!("/checkout/{}/{}?key=checkout-key-secret", store.tenant, store.tenant);
    let form = [("content-type", "application/x-www-form-urlencoded"), ("referer", "http://a/?key=referrer-secret")];
    app.send("GET", &checkout, &[], "").await;
    app.send("POST", &checkout, &form, "step=information&email=form-secret").await;
    app.send("GET", &format!("/checkout/{}/order?token=order-token-secret", store.tenant), &[], "").await;
    app.send("GET", "/nowhere/path-secret", &[("x-api-key", &store.publishable)], "").await;

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
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
