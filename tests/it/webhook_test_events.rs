//! `webhookSubscriptionTest`: an example to one subscription, so that a merchant sees whether the endpoint works.

use chrono::TimeDelta;
use emporia::clock::{Clock, SystemClock};
use emporia::events::Topic;
use emporia::worker;
use serde_json::{Value, json};

use crate::events::append;
use crate::support::{Receiver, Reply, Store, TestApp, start};
use crate::webhook::subscribe;

const TEST: &str = "mutation($id: ID!) { webhookSubscriptionTest(id: $id) {
  webhookDelivery { id test topic status subscription { id } } userErrors { field message code } } }";

const RESULT: &str = "{ webhookDeliveries(first: 9) { nodes {
  id test topic status body nextAttemptAt attempts { number statusCode error } } } }";

async fn ask(app: &TestApp, store: &Store, id: &Value) -> Value {
    app.gql(&store.secret, TEST, json!({ "id": id })).await["webhookSubscriptionTest"].take()
}

async fn results(app: &TestApp, store: &Store) -> Value {
    worker::drain(&app.app).await.expect("the worker's work");
    app.gql(&store.secret, RESULT, json!({})).await["webhookDeliveries"]["nodes"].take()
}

#[tokio::test]
async fn a_test_is_signed_like_an_event_and_cannot_be_taken_for_one() {
    let app = TestApp::new().await;
    // The library compares the timestamp with the real time.
    app.clock.advance(SystemClock.now() - start());
    let store = app.store("acme").await;
    let (receiver, beside) = (Receiver::accepting().await, Receiver::accepting().await);
    let created = subscribe(&app, &store, "ORDERS_PAID", &receiver.url()).await;
    subscribe(&app, &store, "ORDERS_PAID", &beside.url()).await;
    let id = &created["webhookSubscription"]["id"];
    let payload = ask(&app, &store, id).await;
    let delivery = &payload["webhookDelivery"];
    assert_eq!((&payload["userErrors"], &delivery["subscription"]["id"]), (&json!([]), id));
    assert_eq!((&delivery["test"], &delivery["topic"]), (&json!(true), &json!("ORDERS_PAID")));

    let results = results(&app, &store).await;
    let (received, result) = (receiver.received(), &results[0]);
    assert_eq!((received.len(), beside.received().len()), (1, 0), "to the one that is tested");
    assert_eq!((&result["id"], &result["status"]), (&delivery["id"], &json!("SUCCEEDED")));
    assert_eq!(result["attempts"], json!([{ "number": 1, "statusCode": 200, "error": null }]));
    let request = &received[0];
    let secret = created["signingSecret"].as_str().expect("a secret");
    let verifier = standardwebhooks::Webhook::new(secret).expect("a secret");
    verifier.verify(&request.body, &request.headers).expect("the signature");
    assert_eq!(request.header("webhook-test"), "true");
    let body = request.json();
    assert_eq!((&body["type"], &body["test"]), (&json!("orders.paid"), &json!(true)));
    assert_eq!(body["data"]["displayFinancialStatus"], "PAID", "the topic's own example");
    assert_eq!(result["body"].as_str().map(str::as_bytes), Some(&request.body[..]));

    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    worker::drain(&app.app).await.expect("the worker's work");
    let event = receiver.received().pop().expect("an event");
    assert_eq!((event.headers.get("webhook-test"), event.json().get("test")), (None, None));
}

#[tokio::test]
async fn a_test_is_tried_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Status(500, "no".to_owned())).await;
    let id = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await["webhookSubscription"]["id"].take();
    ask(&app, &store, &id).await;
    let result = results(&app, &store).await[0].take();
    assert_eq!((&result["status"], &result["nextAttemptAt"]), (&json!("EXHAUSTED"), &Value::Null));
    assert_eq!(result["attempts"], json!([{ "number": 1, "statusCode": 500, "error": "answered 500; expected 2xx" }]));
    app.clock.advance(TimeDelta::hours(1));
    worker::drain(&app.app).await.expect("the worker's work");
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn each_subscription_is_tested_at_most_every_ten_seconds() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let created = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
        ids.push(created["webhookSubscription"]["id"].clone());
    }
    let refusal = json!([{ "field": ["id"], "code": "LIMIT_REACHED",
        "message": "a subscription is tested at most every 10 seconds" }]);
    for id in &ids {
        assert_eq!(ask(&app, &store, id).await["userErrors"], json!([]));
        assert_eq!(ask(&app, &store, id).await, json!({ "webhookDelivery": null, "userErrors": refusal }));
    }
    app.clock.advance(TimeDelta::milliseconds(9_999));
    assert_eq!(ask(&app, &store, &ids[0]).await["userErrors"], refusal);
    app.clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(ask(&app, &store, &ids[0]).await["userErrors"], json!([]));
    worker::drain(&app.app).await.expect("the worker's work");
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn a_key_that_would_protect_nothing_is_refused() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let query = "mutation { webhookSubscriptionTest(id: \"gid://emporia/WebhookSubscription/1\")
        @idempotent(key: \"k\") { userErrors { code } } }";
    let (_, answer) = app.post(&store.secret, query, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer:#}");
}
