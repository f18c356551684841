//! Webhooks, against a real receiver.

use std::collections::HashSet;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use emporia::app::App;
use emporia::attribute::Attribute;
use emporia::cache::MemoryShared;
use emporia::cart::details::MAX_ALL_ATTRIBUTES;
use emporia::cart::lines::{Extras, NewLine};
use emporia::cart::rule::CartErrorCode;
use emporia::cart::service::{Desk, cart_attributes_update, cart_lines_add, cart_note_update};
use emporia::clock::{Clock, Entropy, SystemClock};
use emporia::error::ServiceError;
use emporia::events::Topic;
use emporia::webhook::model::MAX_BODY;
use emporia::worker;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::events::append;
use crate::support::{Receiver, Reply, Shopping, Store, TestApp, admin, eventually, sessions, start};

pub const CREATE: &str = "mutation($topic: WebhookSubscriptionTopic!, $uri: URL!) {
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

pub const RETRY: &str = "mutation($id: ID!) {
  webhookDeliveryRetry(id: $id) { webhookDelivery { id status } userErrors { code } }
}";

/// Waits until so many sessions wait for locks.
pub async fn waiting(app: &TestApp, count: i64) {
    let what = format!("{count} sessions wait for locks");
    eventually(&what, async || (sessions(&app.db.name, "wait_event_type = 'Lock'").await == count).then_some(())).await;
}

pub async fn subscribe(app: &TestApp, store: &Store, topic: &str, uri: &str) -> Value {
    let mut data = app.gql(&store.secret, CREATE, json!({ "topic": topic, "uri": uri })).await;
    let payload = data["webhookSubscriptionCreate"].take();
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    payload
}

pub async fn deliveries(app: &TestApp, store: &Store) -> Vec<Value> {
    let mut data = app.gql(&store.secret, DELIVERIES, json!({})).await;
    serde_json::from_value(data["webhookDeliveries"]["nodes"].take()).expect("a list")
}

pub async fn the_delivery(app: &TestApp, store: &Store) -> Value {
    let mut all = deliveries(app, store).await;
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

pub async fn drain(app: &App) {
    worker::drain(app).await.expect("the worker's work");
}

/// Another process on the same database and clock.
pub fn another(app: &TestApp, seed: u64, settings: &[(&str, &str)]) -> App {
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
    let mut changed = request.body.to_vec();
    *changed.last_mut().expect("a body") = b' ';
    assert!(verifier.verify(&changed, &request.headers).is_err());
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

    let retry = async || {
        let retried = app.gql(&store.secret, RETRY, json!({ "id": delivery["id"] })).await;
        assert_eq!(retried["webhookDeliveryRetry"]["webhookDelivery"]["status"], "PENDING");
        drain(&app.app).await;
    };
    retry().await;
    for wait in [60, 120, 240, 480] {
        assert_eq!(the_delivery(&app, &store).await["status"], "PENDING", "the whole schedule again");
        app.clock.advance(TimeDelta::seconds(wait + wait / 10));
        drain(&app.app).await;
    }
    assert_eq!(receiver.received().len(), 10);
    assert_eq!(the_delivery(&app, &store).await["status"], "EXHAUSTED");

    receiver.reply(Reply::Status(204, String::new()));
    retry().await;
    assert_eq!(receiver.received().len(), 10, "it rests, having failed ten times in a row");
    app.clock.advance(TimeDelta::seconds(15));
    drain(&app.app).await;
    let sent = receiver.received();
    assert_eq!(sent.len(), 11);
    assert!(sent.iter().all(|request| request.body == sent[0].body), "the same bytes with every attempt");
    assert!(sent.iter().all(|request| request.header("webhook-id") == sent[0].header("webhook-id")));
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attempts"][10]["number"]), (&json!("SUCCEEDED"), &json!(11)));
    let again = app.gql(&store.secret, RETRY, json!({ "id": delivery["id"] })).await;
    assert_eq!(again["webhookDeliveryRetry"]["userErrors"], json!([{ "code": "NOT_EXHAUSTED" }]));
}

/// Makes as many of the only thing on sale as a cart has lines, everything about them as long as it may be, in the
/// character that takes most room.
const LONGEST: &str = r"
    UPDATE products SET title = repeat(E'\x01', 255);
    UPDATE product_variants SET title = repeat(E'\x01', 800), sku = repeat(E'\x01', 255), option1 = repeat(E'\x01', 255),
        option2 = repeat(E'\x01', 255), option3 = repeat(E'\x01', 255), tracked = false;
    UPDATE product_options SET name = repeat(E'\x01', 255);
    INSERT INTO product_options SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(),
        'position', n))).* FROM product_options o, generate_series(2, 3) n;
    INSERT INTO products SELECT (jsonb_populate_record(p, jsonb_build_object('id', lpad(to_hex(n), 32, '0'),
        'handle', n::text))).* FROM products p, generate_series(2, 500) n;
    INSERT INTO product_variants SELECT (jsonb_populate_record(v, jsonb_build_object('id', lpad(to_hex(n), 32, '0'),
        'product_id', lpad(to_hex(n), 32, '0')))).* FROM product_variants v, generate_series(2, 500) n;
    INSERT INTO product_options SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(),
        'product_id', lpad(to_hex(n), 32, '0')))).* FROM product_options o, generate_series(2, 500) n;";

/// Sends it in as many parcels as are allowed, with as much to say of each.
const SEND: &str = r"
    INSERT INTO fulfillments SELECT tenant_id, id, gen_random_uuid(), repeat(E'\x01', 255), repeat(E'\x01', 255),
        repeat(E'\x01', 2048), now(), now() FROM orders, generate_series(1, 250);
    INSERT INTO fulfillment_lines SELECT f.tenant_id, f.order_id, f.id, l.id, 1000
        FROM fulfillments f, order_lines l WHERE l.position <= 20;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_order_is_delivered_whole() {
    let shop = Shopping::new().await;
    let receiver = Receiver::accepting().await;
    for topic in ["ORDERS_CREATE", "ORDERS_PAID"] {
        subscribe(&shop.app, &shop.store, topic, &receiver.url()).await;
    }
    shop.on_sale(1, 1, 5).await;
    let mut admin = admin(&shop.app.db.name).await;
    admin.batch_execute(LONGEST).await.expect("a long catalogue");

    let long = |length| "\u{1}".repeat(length);
    let pair = |key: &str, length| Attribute { key: key.to_owned(), value: Some(long(length)) };
    let line = |number: u128| NewLine {
        variant_id: Some(Uuid::from_u128(number)),
        quantity: 1_000_000,
        attributes: vec![pair("k", 10)],
        extras: Extras::default(),
    };
    let lines: Vec<NewLine> = (1..=500).map(line).collect();
    let desk = Desk { db: shop.db.clone(), now: start(), entropy: shop.app.app.entropy.clone() };
    let cart = shop.cart(&[]).await;
    for lines in lines.chunks(250) {
        cart_lines_add(&desk, Some(cart.clone()), lines).await.expect("room for 500 lines");
    }
    cart_note_update(&desk, Some(cart.clone()), &long(5000)).await.expect("a note");
    // Of a line [{"key":"k","value":"…"}], the value sixty bytes; and the same with three keys of the cart itself.
    let fitting = |length| [pair("a", 5000), pair("b", 5000), pair("c", length)];
    let most = (MAX_ALL_ATTRIBUTES - 500 * (24 + 60) - (70 + 10_000 * 6)) / 6;
    let set = async |pairs: &[Attribute]| cart_attributes_update(&desk, Some(cart.clone()), pairs).await;
    set(&fitting(most)).await.expect("as much as is allowed");
    let refused = set(&fitting(most + 1)).await;
    assert!(matches!(refused, Err(ServiceError::Rule(rule)) if rule.code == CartErrorCode::MaximumExceeded));

    let order = shop.buy(&cart).await;
    drain(&shop.app.app).await;
    let create = receiver.received().pop().expect("a delivery").json()["data"].take();
    let lines = &create["lineItems"];
    let ids: HashSet<&str> =
        lines["nodes"].as_array().into_iter().flatten().filter_map(|line| line["id"].as_str()).collect();
    assert_eq!((ids.len(), &lines["pageInfo"]["hasNextPage"]), (500, &json!(false)));
    assert_eq!(lines["nodes"][499]["title"], long(255));

    admin.batch_execute(SEND).await.expect("parcels");
    let id = format!("gid://emporia/Order/{order}");
    let pay = "mutation($id: ID!) { orderMarkAsPaid(input: { id: $id }) { userErrors { message } } }";
    shop.app.gql(&shop.store.secret, pay, json!({ "id": id })).await;
    drain(&shop.app.app).await;
    let paid = receiver.received().pop().expect("a delivery");
    let data = paid.json()["data"].take();
    assert_eq!(data["lineItems"], create["lineItems"]);
    let parcels = data["fulfillments"].as_array().expect("parcels");
    assert_eq!(parcels.len(), 250);
    assert!(parcels.iter().all(|parcel| parcel["lineItems"].as_array().is_some_and(|lines| lines.len() == 20)));
    // There is room for the other 480 lines in every parcel, which would take this test half a minute.
    let line = parcels[0]["lineItems"][0].to_string().len() + 1;
    let longest = paid.body.len() + 250 * 480 * line;
    println!("sent {} bytes; the longest body has {longest}", paid.body.len());
    assert!(longest <= MAX_BODY);
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
    let took = delivery["attempts"][0]["durationMs"].as_i64().expect("a duration");
    assert!((50..10_000).contains(&took), "{took} ms");
}
