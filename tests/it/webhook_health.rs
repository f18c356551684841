//! Endpoints that fail: when they are given up, what the merchant sees of it, and what becomes of what waits for them.

use chrono::TimeDelta;
use emporia::events::Topic;
use emporia::webhook::health::Verdict;
use emporia::webhook::model::Attempt;
use emporia::webhook::service;
use emporia::worker;
use serde_json::{Value, json};

use crate::events::append;
use crate::support::{Receiver, Reply, Store, TestApp, start};
use crate::webhook::{deliveries, subscribe};

const UPDATE: &str = "mutation($id: ID!, $uri: URL!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: { uri: $uri }) {
    webhookSubscription { failingSince disabledAt disabledReason } userErrors { code } } }";

/// A new subscription's id.
async fn subscribed(app: &TestApp, store: &Store, receiver: &Receiver) -> Value {
    subscribe(app, store, "ORDERS_CREATE", &receiver.url()).await["webhookSubscription"]["id"].take()
}

/// What the merchant sees of a subscription's endpoint: failingSince, disabledAt and disabledReason.
async fn health(app: &TestApp, store: &Store, id: &Value) -> [Value; 3] {
    let query = "query($id: ID!) { webhookSubscription(id: $id) { failingSince disabledAt disabledReason } }";
    let mut data = app.gql(&store.secret, query, json!({ "id": id })).await;
    ["failingSince", "disabledAt", "disabledReason"].map(|field| data["webhookSubscription"][field].take())
}

/// An event happens, and everything that is due is sent.
async fn event(app: &TestApp, store: &Store) {
    append(&app.app, store, &[Topic::OrdersCreate]).await;
    worker::drain(&app.app).await.expect("the worker's work");
}

fn after(by: TimeDelta) -> Value {
    json!((start() + by).to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

const NOTHING: [Value; 3] = [Value::Null, Value::Null, Value::Null];

#[tokio::test]
async fn an_endpoint_that_takes_nothing_for_a_day_is_disabled_and_loses_nothing() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (failing, fine) = (Receiver::start(Reply::Status(500, String::new())).await, Receiver::accepting().await);
    let (id, beside) = (subscribed(&app, &store, &failing).await, subscribed(&app, &store, &fine).await);
    event(&app, &store).await;
    assert_eq!(health(&app, &store, &id).await, [after(TimeDelta::zero()), Value::Null, Value::Null]);
    app.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    event(&app, &store).await;
    assert_eq!(health(&app, &store, &id).await, [after(TimeDelta::zero()), Value::Null, Value::Null], "not yet a day");
    app.clock.advance(TimeDelta::seconds(1));
    event(&app, &store).await;
    let reason = "every attempt of the last 24 hours failed; the last one: answered 500; expected 2xx";
    assert_eq!(health(&app, &store, &id).await, [after(TimeDelta::zero()), after(TimeDelta::days(1)), json!(reason)]);

    // Nothing is sent to it any more, while its neighbour hears everything.
    let tried = failing.received().len();
    for _ in 0..3 {
        app.clock.advance(TimeDelta::hours(7));
        event(&app, &store).await;
    }
    assert_eq!((failing.received().len(), fine.received().len()), (tried, 6));
    assert_eq!(health(&app, &store, &beside).await, NOTHING);

    failing.reply(Reply::Status(200, String::new()));
    let enabled = app.gql(&store.secret, UPDATE, json!({ "id": id, "uri": failing.url() })).await;
    let shown = json!({ "failingSince": null, "disabledAt": null, "disabledReason": null });
    assert_eq!(enabled["webhookSubscriptionUpdate"], json!({ "webhookSubscription": shown, "userErrors": [] }));
    worker::drain(&app.app).await.expect("the worker's work");
    let delivered = deliveries(&app, &store).await;
    assert!(delivered.iter().all(|delivery| delivery["status"] == "SUCCEEDED"), "{delivered:#?}");
    assert_eq!(delivered.len(), 12, "six events for each of the two");
}

#[tokio::test]
async fn one_success_begins_the_day_anew() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Status(503, String::new())).await;
    let id = subscribed(&app, &store, &receiver).await;
    event(&app, &store).await;
    app.clock.advance(TimeDelta::hours(23));
    receiver.reply(Reply::Status(204, String::new()));
    event(&app, &store).await;
    assert_eq!(health(&app, &store, &id).await, NOTHING);
    receiver.reply(Reply::Status(503, String::new()));
    event(&app, &store).await;
    app.clock.advance(TimeDelta::hours(23));
    event(&app, &store).await;
    assert_eq!(health(&app, &store, &id).await, [after(TimeDelta::hours(23)), Value::Null, Value::Null]);
    app.clock.advance(TimeDelta::hours(1));
    event(&app, &store).await;
    assert_eq!(health(&app, &store, &id).await[1], after(TimeDelta::hours(47)));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_at_once() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Status(410, String::new())).await;
    let id = subscribed(&app, &store, &receiver).await;
    event(&app, &store).await;
    let reason = "the endpoint answered 410 Gone: it wants nothing more";
    let now = after(TimeDelta::zero());
    assert_eq!(health(&app, &store, &id).await, [now.clone(), now, json!(reason)]);
    app.clock.advance(TimeDelta::hours(1));
    event(&app, &store).await;
    assert_eq!(receiver.received().len(), 1);
    // Somewhere else it goes on, the first one included.
    let elsewhere = Receiver::accepting().await;
    app.gql(&store.secret, UPDATE, json!({ "id": id, "uri": elsewhere.url() })).await;
    worker::drain(&app.app).await.expect("the worker's work");
    assert_eq!((receiver.received().len(), elsewhere.received().len()), (1, 2));
    assert_eq!(health(&app, &store, &id).await, NOTHING);
}

#[tokio::test]
async fn what_the_old_address_answers_says_nothing_of_the_new_one() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Status(500, String::new())).await;
    let id = subscribed(&app, &store, &receiver).await;
    event(&app, &store).await;
    app.clock.advance(TimeDelta::seconds(66));
    let db = app.app.db.tenant(store.tenant);
    let subscription = id.as_str().and_then(|id| id.rsplit('/').next()?.parse().ok()).expect("a UUID");
    let claimed = service::claim(&app.app, &db, subscription, TimeDelta::minutes(1)).await.expect("a claim");
    let claimed = claimed.expect("the second attempt");
    // While it is under way the merchant names another address.
    let elsewhere = Receiver::accepting().await;
    app.gql(&store.secret, UPDATE, json!({ "id": id, "uri": format!("{}/new", elsewhere.url()) })).await;
    let gone = Attempt {
        number: 2,
        status_code: Some(410),
        duration_ms: 1,
        response_excerpt: None,
        error: Some("answered 410; expected 2xx".to_owned()),
        attempted_at: start(),
    };
    let recorded = service::record(&app.app, &db, &claimed, &gone, Verdict::Gone).await;
    assert!(recorded.expect("a record"), "it is an attempt of the delivery all the same");
    assert_eq!(health(&app, &store, &id).await, NOTHING);
    event(&app, &store).await;
    assert_eq!(elsewhere.received().len(), 1);
}

#[tokio::test]
async fn another_tenants_subscription_to_the_same_endpoint_has_a_day_of_its_own() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let receiver = Receiver::start(Reply::Status(500, String::new())).await;
    let (id, others) = (subscribed(&app, &store, &receiver).await, subscribed(&app, &other, &receiver).await);
    event(&app, &store).await;
    app.clock.advance(TimeDelta::hours(12));
    event(&app, &other).await;
    app.clock.advance(TimeDelta::hours(12));
    event(&app, &store).await;
    event(&app, &other).await;
    assert_eq!(health(&app, &store, &id).await[1], after(TimeDelta::days(1)));
    assert_eq!(health(&app, &other, &others).await, [after(TimeDelta::hours(12)), Value::Null, Value::Null]);
    let foreign = app.gql(&other.secret, UPDATE, json!({ "id": id, "uri": receiver.url() })).await;
    assert_eq!(foreign["webhookSubscriptionUpdate"]["userErrors"], json!([{ "code": "NOT_FOUND" }]));
    assert_eq!(health(&app, &store, &id).await[1], after(TimeDelta::days(1)));
}

#[tokio::test]
async fn nothing_can_be_sent_to_a_disabled_subscription_by_hand() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Status(500, String::new())).await;
    let id = subscribed(&app, &store, &receiver).await;
    event(&app, &store).await;
    for wait in [66, 132, 264, 528] {
        app.clock.advance(TimeDelta::seconds(wait));
        worker::drain(&app.app).await.expect("the worker's work");
    }
    let exhausted = deliveries(&app, &store).await.remove(0);
    assert_eq!(exhausted["status"], "EXHAUSTED");
    receiver.reply(Reply::Status(410, String::new()));
    event(&app, &store).await;
    let retry =
        "mutation($id: ID!) { webhookDeliveryRetry(id: $id) { webhookDelivery { id } userErrors { field code } } }";
    let refused = json!([{ "field": ["id"], "code": "SUBSCRIPTION_DISABLED" }]);
    let retried = app.gql(&store.secret, retry, json!({ "id": exhausted["id"] })).await;
    assert_eq!(retried["webhookDeliveryRetry"], json!({ "webhookDelivery": null, "userErrors": refused }));
    let test =
        "mutation($id: ID!) { webhookSubscriptionTest(id: $id) { webhookDelivery { id } userErrors { field code } } }";
    let tested = app.gql(&store.secret, test, json!({ "id": id })).await;
    assert_eq!(tested["webhookSubscriptionTest"], json!({ "webhookDelivery": null, "userErrors": refused }));
    assert_eq!(deliveries(&app, &store).await[0], exhausted, "the refused retry left it as it was");
}
