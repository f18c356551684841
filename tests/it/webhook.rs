//! Webhooks, against a real receiver.

use std::collections::HashSet;
use std::time::Duration;

use chrono::TimeDelta;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use emporia::app::App;
use emporia::cache::MemoryShared;
use emporia::clock::{Clock, Entropy, SystemClock};
use emporia::events::Topic;
use emporia::worker;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::events::append;
use crate::support::{Receiver, Reply, Shopping, Store, TestApp, admin, eventually, start};

const CREATE: &str = "mutation($topic: WebhookSubscriptionTopic!, $uri: URL!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: { uri: $uri }) {
    webhookSubscription { id topic uri } signingSecret userErrors { field message code }
  }
}";

const DELIVERIES: &str = "query($of: ID, $status: WebhookDeliveryStatus) {
  webhookDeliveries(first: 250, subscriptionId: $of, status: $status) { nodes {
    id messageId topic status attemptCount nextAttemptAt body subscription { id }
    attempts { number attemptedAt statusCode durationMs responseExcerpt error }
  } }
}";

const RETRY: &str = "mutation($id: ID!) {
  webhookDeliveryRetry(id: $id) { webhookDelivery { id status } userErrors { code } }
}";

async fn subscribe(app: &TestApp, store: &Store, topic: &str, uri: &str) -> Value {
    let mut data = app.gql(&store.secret, CREATE, json!({ "topic": topic, "uri": uri })).await;
    let payload = data["webhookSubscriptionCreate"].take();
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    payload
}

async fn deliveries(app: &TestApp, store: &Store) -> Vec<Value> {
    let mut data = app.gql(&store.secret, DELIVERIES, json!({})).await;
    serde_json::from_value(data["webhookDeliveries"]["nodes"].take()).expect("a list")
}

async fn the_delivery(app: &TestApp, store: &Store) -> Value {
    let mut all = deliveries(app, store).await;
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

async fn drain(app: &App) {
    worker::drain(app).await.expect("the worker's work");
}

/// Another process on the same database and clock.
fn another(app: &TestApp, seed: u64, settings: &[(&str, &str)]) -> App {
    App::assemble(app.db.config(settings), MemoryShared::new(), app.clock.clone(), Entropy::seeded(seed))
}

#[tokio::test]
async fn a_delivery_is_signed_so_that_the_standards_library_verifies_it() {
    let app = TestApp::new().await;
    // The library compares the timestamp with the real time.
    app.clock.advance(SystemClock.now() - start());
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    let created = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    let secret = created["signingSecret"].as_str().expect("a secret");
    assert!(secret.starts_with("whsec_"));
    append(&app.app, &store, &[Topic::OrdersCreate, Topic::OrdersPaid]).await;
    drain(&app.app).await;

    let received = receiver.received();
    assert_eq!(received.len(), 1, "only the topic that was subscribed to");
    let request = &received[0];
    let verifier = standardwebhooks::Webhook::new(secret).expect("a secret");
    verifier.verify(&request.body, &request.headers).expect("the signature");
    assert!(verifier.verify(b"{}", &request.headers).is_err());
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!((request.path.as_str(), &request.json()["type"]), ("/hooks", &json!("orders.create")));

    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("SUCCEEDED"), &json!(1)));
    assert_eq!(delivery["messageId"], request.header("webhook-id"));
    assert_eq!(delivery["body"].as_str().expect("a body").as_bytes(), request.body);
    assert_eq!(delivery["subscription"]["id"], created["webhookSubscription"]["id"]);
    let attempt = &delivery["attempts"][0];
    assert_eq!((&attempt["statusCode"], &attempt["responseExcerpt"]), (&json!(200), &json!("thanks")));
    assert_eq!((&attempt["number"], &attempt["error"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn an_orders_delivery_carries_the_order_as_the_schema_has_it() {
    let shop = Shopping::new().await;
    let receiver = Receiver::accepting().await;
    subscribe(&shop.app, &shop.store, "ORDERS_CREATE", &receiver.url()).await;
    shop.on_sale(1, 1999, 5).await;
    let order = shop.buy(&shop.cart(&[(1, 2)]).await).await;
    drain(&shop.app.app).await;

    let received = receiver.received();
    assert_eq!(received.len(), 1);
    let body = received[0].json();
    assert_eq!((&body["type"], &body["timestamp"]), (&json!("orders.create"), &json!("2026-06-01T12:00:00Z")));
    let keys: Vec<&str> = std::str::from_utf8(&received[0].body).expect("text").split('"').collect();
    assert_eq!((keys[1], keys[5]), ("type", "timestamp"), "in the order of the specification");
    let data = &body["data"];
    let id = format!("gid://emporia/Order/{order}");
    assert_eq!((&data["id"], &data["name"]), (&json!(id), &json!("#1001")));
    assert_eq!(data["totalPriceSet"]["shopMoney"], json!({ "amount": "44.88", "currencyCode": "EUR" }));
    assert_eq!(
        (&data["lineItems"]["nodes"][0]["quantity"], &data["shippingAddress"]["countryCodeV2"]),
        (&json!(2), &json!("DE"))
    );
    // The same fields, asked for by the merchant, are the same.
    let document = include_str!("../../src/worker/order.graphql");
    assert_eq!(shop.app.gql(&shop.store.secret, document, json!({ "id": id })).await["data"], *data);
}

#[tokio::test]
async fn a_failing_receiver_is_tried_on_schedule_then_given_up_and_can_be_resent() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Status(500, "no\0pe".to_owned())).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    for (made, wait) in [(1, 60), (2, 120), (3, 240), (4, 480)] {
        let delivery = the_delivery(&app, &store).await;
        assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("PENDING"), &json!(made)));
        app.clock.advance(TimeDelta::seconds(wait - 1));
        drain(&app.app).await;
        assert_eq!(receiver.received().len(), made, "not before {wait} s");
        // Jitter adds up to a tenth.
        app.clock.advance(TimeDelta::seconds(1 + wait / 10));
        drain(&app.app).await;
        assert_eq!(receiver.received().len(), made + 1, "after {wait} s and the jitter");
    }
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["nextAttemptAt"]), (&json!("EXHAUSTED"), &Value::Null));
    let attempts = delivery["attempts"].as_array().expect("a list");
    assert_eq!(attempts.len(), 5);
    assert_eq!(attempts[4]["responseExcerpt"], "no\u{fffd}pe");
    assert_eq!(attempts[4]["error"], "answered 500; expected 2xx");
    app.clock.advance(TimeDelta::hours(1));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 5, "given up");

    receiver.reply(Reply::Status(204, String::new()));
    let retried = app.gql(&store.secret, RETRY, json!({ "id": delivery["id"] })).await;
    assert_eq!(retried["webhookDeliveryRetry"]["webhookDelivery"]["status"], "PENDING");
    drain(&app.app).await;
    let sent = receiver.received();
    assert_eq!(sent.len(), 6);
    assert!(sent.iter().all(|request| request.body == sent[0].body), "the same bytes with every attempt");
    assert!(sent.iter().all(|request| request.header("webhook-id") == sent[0].header("webhook-id")));
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attempts"][5]["number"]), (&json!("SUCCEEDED"), &json!(6)));
    let again = app.gql(&store.secret, RETRY, json!({ "id": delivery["id"] })).await;
    assert_eq!(again["webhookDeliveryRetry"]["userErrors"], json!([{ "code": "NOT_EXHAUSTED" }]));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let elsewhere = Receiver::accepting().await;
    let receiver = Receiver::start(Reply::Redirect(elsewhere.url())).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    assert_eq!((receiver.received().len(), elsewhere.received().len()), (1, 0));
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attempts"][0]["statusCode"]), (&json!("PENDING"), &json!(307)));
}

#[tokio::test]
async fn a_private_address_is_refused_when_it_is_given() {
    let app = TestApp::with(&[("WEBHOOK_ALLOW_PRIVATE", "false")]).await;
    let store = app.store("acme").await;
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "localhost",
        "2130706433",
        "0x7f.1",
        "100.64.0.1",
        "[fd00::1]",
        "224.0.0.1",
    ] {
        let uri = format!("http://{host}:8080/");
        let data = app.gql(&store.secret, CREATE, json!({ "topic": "ORDERS_CREATE", "uri": uri })).await;
        let payload = &data["webhookSubscriptionCreate"];
        assert_eq!(payload["userErrors"][0]["code"], "INVALID_URI", "{uri}");
        assert_eq!(payload["userErrors"][0]["field"], json!(["webhookSubscription", "uri"]));
        assert_eq!((&payload["webhookSubscription"], &payload["signingSecret"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn a_private_address_is_refused_when_it_is_called() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0"] {
        subscribe(&app, &store, "ORDERS_CREATE", &format!("http://{host}:{}/", receiver.port)).await;
    }
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&another(&app, 2, &[("WEBHOOK_ALLOW_PRIVATE", "false")])).await;
    assert!(receiver.received().is_empty());
    let all = deliveries(&app, &store).await;
    assert_eq!(all.len(), 5);
    for delivery in all {
        let attempt = &delivery["attempts"][0];
        assert_eq!(attempt["statusCode"], Value::Null);
        assert!(attempt["error"].as_str().expect("a reason").contains("not a public address"), "{attempt}");
    }
}

#[tokio::test]
async fn an_endless_response_is_cut_off_and_counts_by_its_status() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Endless).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    let delivery = the_delivery(&app, &store).await;
    assert_eq!(delivery["status"], "SUCCEEDED");
    assert_eq!(delivery["attempts"][0]["responseExcerpt"], "y".repeat(1024));
}

#[tokio::test]
async fn an_attempt_ends_with_its_time() {
    let app = TestApp::with(&[("WEBHOOK_TIMEOUT_MS", "50")]).await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Hang).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attempts"][0]["error"]), (&json!("PENDING"), &json!("timed out")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_never_send_the_same_attempt() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    for _ in 0..2 {
        subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    }
    let (one, two) = (another(&app, 2, &[]), another(&app, 3, &[]));
    let shutdown = CancellationToken::new();
    let options = worker::Options { poll: Duration::from_millis(5), ..worker::Options::default() };
    let running = [one.clone(), two.clone()].map(|app| tokio::spawn(worker::run_with(app, options, shutdown.clone())));
    for _ in 0..30 {
        append(&app.app, &store, &[Topic::OrdersCreate]).await;
    }
    eventually("all is delivered", async || {
        let all = deliveries(&app, &store).await;
        (all.len() == 60 && all.iter().all(|delivery| delivery["status"] == "SUCCEEDED")).then_some(())
    })
    .await;
    shutdown.cancel();
    for worker in running {
        worker.await.expect("the worker").expect("a clean end");
    }
    let received = receiver.received();
    let ids: HashSet<&str> = received.iter().map(|request| request.header("webhook-id")).collect();
    assert_eq!((received.len(), ids.len()), (60, 30), "each event once for each of two subscriptions");
}

#[tokio::test]
async fn a_receiver_that_never_answers_delays_nobody_else() {
    let app = TestApp::new().await;
    let (stuck, other) = (app.store("stuck").await, app.store("other").await);
    let (hanging, receiver) = (Receiver::start(Reply::Hang).await, Receiver::accepting().await);
    for _ in 0..5 {
        subscribe(&app, &stuck, "ORDERS_CREATE", &hanging.url()).await;
    }
    subscribe(&app, &stuck, "ORDERS_PAID", &receiver.url()).await;
    subscribe(&app, &other, "ORDERS_CREATE", &receiver.url()).await;
    let shutdown = CancellationToken::new();
    let options = worker::Options { grace: Duration::from_millis(10), ..worker::Options::default() };
    let running = tokio::spawn(worker::run_with(app.app.clone(), options, shutdown.clone()));
    append(&app.app, &stuck, &[Topic::OrdersCreate; 10]).await;
    eventually("the stuck tenant's places are all taken", async || (hanging.received().len() == 16).then_some(()))
        .await;
    append(&app.app, &other, &[Topic::OrdersCreate; 3]).await;
    eventually("the other tenant's deliveries arrive", async || (receiver.received().len() == 3).then_some(())).await;
    // And the API answers, the stuck tenant's too.
    assert_eq!(deliveries(&app, &stuck).await.len(), 50);
    assert_eq!(hanging.received().len(), 16, "bounded for each tenant");
    shutdown.cancel();
    running.await.expect("the worker").expect("an end in spite of the hanging attempts");
}

#[tokio::test]
async fn what_a_dying_worker_leaves_behind_is_sent_by_the_next() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Hang).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    let shutdown = CancellationToken::new();
    let options = worker::Options { grace: Duration::from_millis(1), ..worker::Options::default() };
    let running = tokio::spawn(worker::run_with(another(&app, 2, &[]), options, shutdown.clone()));
    eventually("the attempt hangs", async || (receiver.received().len() == 1).then_some(())).await;
    shutdown.cancel();
    running.await.expect("the worker").expect("an end");

    receiver.reply(Reply::Status(200, String::new()));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 1, "its lease still holds");
    app.clock.advance(TimeDelta::seconds(62));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 2);
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("SUCCEEDED"), &json!(1)));
}

#[tokio::test]
async fn a_subscription_is_listed_changed_and_deleted() {
    const LIST: &str = "{ webhookSubscriptions(first: 10) { nodes { id topic uri } } }";
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (old, new) = (Receiver::accepting().await, Receiver::accepting().await);
    let created = subscribe(&app, &store, "ORDERS_PAID", &old.url()).await["webhookSubscription"].take();
    let list = app.gql(&store.secret, LIST, json!({})).await;
    assert_eq!(list["webhookSubscriptions"]["nodes"], json!([created]));
    let one = "query($id: ID!) { webhookSubscription(id: $id) { id topic uri } }";
    assert_eq!(app.gql(&store.secret, one, json!({ "id": created["id"] })).await["webhookSubscription"], created);

    let update =
        "mutation($id: ID!, $uri: URL!) { webhookSubscriptionUpdate(id: $id, webhookSubscription: { uri: $uri })
        { webhookSubscription { uri } userErrors { code } } }";
    let moved = app.gql(&store.secret, update, json!({ "id": created["id"], "uri": new.url() })).await;
    assert_eq!(moved["webhookSubscriptionUpdate"]["webhookSubscription"]["uri"], new.url());
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    drain(&app.app).await;
    assert_eq!((old.received().len(), new.received().len()), (0, 1));

    let delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id)
        { deletedWebhookSubscriptionId userErrors { code field } } }";
    let deleted = app.gql(&store.secret, delete, json!({ "id": created["id"] })).await;
    assert_eq!(deleted["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"], created["id"]);
    let again = app.gql(&store.secret, delete, json!({ "id": created["id"] })).await;
    let errors = json!([{ "code": "NOT_FOUND", "field": ["id"] }]);
    assert_eq!(again["webhookSubscriptionDelete"]["userErrors"], errors);
    assert!(deliveries(&app, &store).await.is_empty());
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    drain(&app.app).await;
    assert_eq!(new.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_deleted_meanwhile_does_not_hinder_the_relay() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    let gone = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    let mut deleting = admin(&app.db.name).await;
    let id = gone["webhookSubscription"]["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("an id");
    let delete = format!("BEGIN; DELETE FROM webhook_subscriptions WHERE id = '{id}'");
    deleting.batch_execute(&delete).await.expect("a deletion");
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    let relay = tokio::spawn({
        let app = app.app.clone();
        async move { worker::drain(&app).await }
    });
    let mut looking = admin(&app.db.name).await;
    while waiting_for_locks(&mut looking).await == 0 {
        assert!(!relay.is_finished(), "the relay has to wait for the deletion's outcome");
    }
    deleting.batch_execute("COMMIT").await.expect("a commit");
    relay.await.expect("a task").expect("a relay");
    assert_eq!(receiver.received().len(), 1, "told of once: to the subscription that is left");
}

/// How many of this database's sessions wait for a lock.
async fn waiting_for_locks(admin: &mut AsyncPgConnection) -> i64 {
    let sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    diesel::sql_query(sql).get_result::<Count>(admin).await.expect("the sessions").n
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

#[tokio::test]
async fn a_shop_has_at_most_fifty_subscriptions() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for _ in 0..50 {
        subscribe(&app, &store, "ORDERS_CREATE", "http://127.0.0.1:9/").await;
    }
    let input = json!({ "topic": "ORDERS_CREATE", "uri": "http://127.0.0.1:9/" });
    let data = app.gql(&store.secret, CREATE, input).await;
    assert_eq!(data["webhookSubscriptionCreate"]["userErrors"][0]["code"], "LIMIT_REACHED");
}

#[tokio::test]
async fn webhooks_are_the_merchants_and_no_other_tenants() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let receiver = Receiver::start(Reply::Status(500, String::new())).await;
    let created = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    append(&app.app, &other, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 1, "the other tenant's event is not told");
    let id = &created["webhookSubscription"]["id"];
    let delivery = the_delivery(&app, &store).await;

    let all = "query($id: ID!) { webhookSubscription(id: $id) { id } webhookSubscriptions(first: 5) { nodes { id } }
        webhookDeliveries(first: 5, subscriptionId: $id) { nodes { id } } }";
    let seen = app.gql(&other.secret, all, json!({ "id": id })).await;
    let nothing = json!({ "webhookSubscription": null, "webhookSubscriptions": { "nodes": [] },
        "webhookDeliveries": { "nodes": [] } });
    assert_eq!(seen, nothing);
    let retried = app.gql(&other.secret, RETRY, json!({ "id": delivery["id"] })).await;
    assert_eq!(retried["webhookDeliveryRetry"]["userErrors"], json!([{ "code": "NOT_FOUND" }]));

    let (create, retry) = (json!({ "topic": "ORDERS_CREATE", "uri": receiver.url() }), json!({ "id": delivery["id"] }));
    for (query, variables) in [(all, json!({ "id": id })), (CREATE, create), (RETRY, retry)] {
        let (_, body) = app.post(&store.publishable, query, variables).await;
        assert_eq!(body["errors"][0]["extensions"]["code"], "FORBIDDEN", "{body:#}");
    }
}
