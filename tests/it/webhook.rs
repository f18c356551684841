//! Webhooks, against a real receiver.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

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
use emporia::tenant::service::tenant_set_suspended;
use emporia::webhook::model::MAX_BODY;
use emporia::worker;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::events::append;
use crate::support::{
    Process, Receiver, Reply, Shopping, Store, TestApp, admin, eventually, redis_url, sessions, start,
};

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

/// Waits until so many sessions wait for locks.
async fn waiting(app: &TestApp, count: i64) {
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
    let sent = receiver.received();
    assert_eq!(sent.len(), 11);
    assert!(sent.iter().all(|request| request.body == sent[0].body), "the same bytes with every attempt");
    assert!(sent.iter().all(|request| request.header("webhook-id") == sent[0].header("webhook-id")));
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attempts"][10]["number"]), (&json!("SUCCEEDED"), &json!(11)));
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
async fn no_proxy_of_the_environment_comes_between() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (receiver, proxy) = (Receiver::accepting().await, Receiver::accepting().await);
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    let (database, platform, redis) = (app.db.url("emporia_app"), app.db.url("emporia_platform"), redis_url());
    let through = format!("http://127.0.0.1:{}", proxy.port);
    let mut settings = vec![
        ("DATABASE_URL", database.as_str()),
        ("DATABASE_PLATFORM_URL", &platform),
        ("REDIS_URL", &redis),
        ("WEBHOOK_ALLOW_PRIVATE", "true"),
    ];
    settings.extend(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, through.as_str())));
    let _worker = Process::worker(&settings);
    eventually("somebody is called", async || {
        (!receiver.received().is_empty() || !proxy.received().is_empty()).then_some(())
    })
    .await;
    assert!(proxy.received().is_empty());
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
    let app = TestApp::with(&[("SHUTDOWN_TIMEOUT_MS", "10")]).await;
    let (stuck, other) = (app.store("stuck").await, app.store("other").await);
    let (hanging, receiver) = (Receiver::start(Reply::Hang).await, Receiver::accepting().await);
    for _ in 0..5 {
        subscribe(&app, &stuck, "ORDERS_CREATE", &hanging.url()).await;
    }
    subscribe(&app, &stuck, "ORDERS_PAID", &receiver.url()).await;
    subscribe(&app, &other, "ORDERS_CREATE", &receiver.url()).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker::run(app.app.clone(), shutdown.clone()));
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
async fn many_tenants_whose_receivers_never_answer_delay_nobody_else() {
    let app = TestApp::with(&[("SHUTDOWN_TIMEOUT_MS", "10")]).await;
    let (hanging, receiver) = (Receiver::start(Reply::Hang).await, Receiver::accepting().await);
    let shutdown = CancellationToken::new();
    let options = worker::Options { attempts: 8, ..worker::Options::default() };
    let running = tokio::spawn(worker::run_with(app.app.clone(), options, shutdown.clone()));
    for stuck in ["stuck", "too"] {
        let stuck = app.store(stuck).await;
        for _ in 0..4 {
            subscribe(&app, &stuck, "ORDERS_CREATE", &hanging.url()).await;
        }
        append(&app.app, &stuck, &[Topic::OrdersCreate; 10]).await;
    }
    // One first place each, and all four that are for further attempts.
    eventually("what they can take is taken", async || (hanging.received().len() >= 6).then_some(())).await;
    for other in ["one", "another"] {
        let other = app.store(other).await;
        subscribe(&app, &other, "ORDERS_CREATE", &receiver.url()).await;
        append(&app.app, &other, &[Topic::OrdersCreate; 3]).await;
    }
    eventually("the others' deliveries arrive", async || (receiver.received().len() == 6).then_some(())).await;
    assert_eq!(hanging.received().len(), 6);
    shutdown.cancel();
    running.await.expect("the worker").expect("an end in spite of the hanging attempts");
}

#[tokio::test]
async fn nothing_is_claimed_once_the_worker_is_told_to_stop() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let gate = Arc::new(Semaphore::new(0));
    let receiver = Receiver::start(Reply::Held(gate.clone())).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker::run(app.app.clone(), shutdown.clone()));
    append(&app.app, &store, &[Topic::OrdersCreate; 12]).await;
    eventually("every lane sends", async || (receiver.received().len() == 4).then_some(())).await;
    // A job of another kind that takes its time does not let the lanes go on.
    let mut lock = admin(&app.db.name).await;
    lock.batch_execute("BEGIN; LOCK TABLE event_positions").await.expect("a lock");
    append(&app.app, &other, &[Topic::OrdersCreate]).await;
    waiting(&app, 1).await;
    shutdown.cancel();
    gate.add_permits(12);
    eventually("the attempts are recorded", async || {
        let all = deliveries(&app, &store).await;
        (all.iter().filter(|delivery| delivery["status"] == "SUCCEEDED").count() >= 4).then_some(())
    })
    .await;
    lock.batch_execute("ROLLBACK").await.expect("an end");
    running.await.expect("the worker").expect("a clean end");
    assert_eq!(receiver.received().len(), 4);
    // What nobody had begun waits for no lease and no bell that was set for later: the clock stands still.
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 12);
}

#[tokio::test]
async fn a_worker_stops_in_time_and_leaves_what_it_has_not_begun_to_others() {
    let app = TestApp::new().await;
    let receiver = Receiver::accepting().await;
    for name in ["a", "b", "c", "d", "e"] {
        let store = app.store(name).await;
        subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
        append(&app.app, &store, &[Topic::OrdersCreate]).await;
    }
    let mut lock = admin(&app.db.name).await;
    lock.batch_execute("BEGIN; LOCK TABLE event_positions").await.expect("a lock");
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker::run(another(&app, 2, &[("SHUTDOWN_TIMEOUT_MS", "100")]), shutdown.clone()));
    waiting(&app, 3).await;
    shutdown.cancel();
    // Far below what the three statements may take.
    let stopped = tokio::time::timeout(Duration::from_secs(5), running).await.expect("an end in time");
    stopped.expect("the worker").expect("a clean end");
    lock.batch_execute("ROLLBACK").await.expect("an end");
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 2, "the three that had begun come again when their leases end");
    app.clock.advance(TimeDelta::seconds(61));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 5);
}

#[tokio::test]
async fn a_database_that_fails_for_a_moment_costs_no_attempt_and_little_time() {
    // The claim, the body and the outcome: each is written at the second try.
    const FAIL: &str = "CREATE SEQUENCE writes;
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
        BEGIN IF nextval('writes') IN (1, 3, 5) THEN RAISE 'not now'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER fail BEFORE UPDATE ON webhook_deliveries FOR EACH ROW EXECUTE FUNCTION fail()";
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    admin(&app.db.name).await.batch_execute(FAIL).await.expect("a trigger");
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker::run(app.app.clone(), shutdown.clone()));
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    // The clock stands still: no bell that is set for later rings.
    eventually("the outcome is recorded", async || {
        let all = deliveries(&app, &store).await;
        all.first().is_some_and(|delivery| delivery["status"] == "SUCCEEDED").then_some(())
    })
    .await;
    assert_eq!((receiver.received().len(), &the_delivery(&app, &store).await["attemptCount"]), (1, &json!(1)));
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn a_suspended_tenants_deliveries_wait_until_it_is_resumed() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    let suspend = async |suspended| {
        let App { db, clock, resolver, .. } = &app.app;
        tenant_set_suspended(db, &**clock, resolver, store.tenant, suspended).await.expect("a tenant");
    };
    suspend(true).await;
    for _ in 0..3 {
        drain(&app.app).await;
        app.clock.advance(TimeDelta::seconds(66));
    }
    assert!(receiver.received().is_empty());
    suspend(false).await;
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn what_a_dying_worker_leaves_behind_is_sent_by_the_next() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Hang).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    let shutdown = CancellationToken::new();
    let dying = another(&app, 2, &[("SHUTDOWN_TIMEOUT_MS", "1")]);
    let running = tokio::spawn(worker::run(dying, shutdown.clone()));
    eventually("the attempt hangs", async || (receiver.received().len() == 1).then_some(())).await;
    shutdown.cancel();
    running.await.expect("the worker").expect("an end");

    receiver.reply(Reply::Status(200, String::new()));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 1, "its lease still holds");
    app.clock.advance(TimeDelta::seconds(66));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 2);
    let delivery = the_delivery(&app, &store).await;
    assert_eq!((&delivery["status"], &delivery["attemptCount"]), (&json!("SUCCEEDED"), &json!(1)));
}

#[tokio::test]
async fn what_a_dead_worker_had_not_begun_is_taken_up_within_seconds() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Hang).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate; 12]).await;
    let running = tokio::spawn(worker::run(another(&app, 2, &[]), CancellationToken::new()));
    eventually("every lane sends", async || (receiver.received().len() == 4).then_some(())).await;
    // It ends without a word: what its lanes were sending they never finish.
    running.abort();
    receiver.reply(Reply::Status(200, String::new()));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 4, "nobody has been told");
    app.clock.advance(TimeDelta::seconds(15));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 12);
    app.clock.advance(TimeDelta::seconds(60));
    drain(&app.app).await;
    assert_eq!(receiver.received().len(), 16, "what it had begun comes again when its claim has run out");
}

#[tokio::test]
async fn a_secret_is_shown_only_when_it_is_made() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    let created = subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    let secret = created["signingSecret"].as_str().and_then(|secret| secret.strip_prefix("whsec_")).expect("a secret");
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app.app).await;
    // Whatever there is to be asked of a type.
    let leaves = async |kind: &str| {
        let fields = "{ name type { kind ofType { kind } } }";
        let query = format!("{{ __type(name: \"{kind}\") {{ fields {fields} }} }}");
        let mut data = app.gql(&store.secret, &query, json!({})).await;
        let fields: Vec<Value> = serde_json::from_value(data["__type"]["fields"].take()).expect("fields");
        let leaf = |kind: &Value| kind == "SCALAR" || kind == "ENUM";
        let names =
            fields.iter().filter(|field| leaf(&field["type"]["kind"]) || leaf(&field["type"]["ofType"]["kind"]));
        names.map(|field| field["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>().join(" ")
    };
    let subscription = leaves("WebhookSubscription").await;
    let (delivery, attempt) = (leaves("WebhookDelivery").await, leaves("WebhookDeliveryAttempt").await);
    assert!(subscription.contains("uri") && delivery.contains("body") && attempt.contains("error"));
    let query = format!(
        "mutation($id: ID!, $uri: URL!) {{ webhookSubscriptionUpdate(id: $id, webhookSubscription: {{ uri: $uri }})
        {{ webhookSubscription {{ {subscription} }} }} }}"
    );
    let variables = json!({ "id": created["webhookSubscription"]["id"], "uri": receiver.url() });
    let updated = app.gql(&store.secret, &query, variables.clone()).await;
    let query = format!(
        "query($id: ID!) {{ webhookSubscription(id: $id) {{ {subscription} }} node(id: $id) {{ id }}
        webhookSubscriptions(first: 9) {{ nodes {{ {subscription} }} }}
        webhookDeliveries(first: 9) {{ nodes {{ {delivery} attempts {{ {attempt} }} subscription {{ {subscription} }} }} }} }}"
    );
    let seen = app.gql(&store.secret, &query, variables).await;
    for text in [updated.to_string(), seen.to_string()] {
        assert!(text.contains(&receiver.url()) && !text.contains(secret), "{text}");
    }
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
    waiting(&app, 1).await;
    deleting.batch_execute("COMMIT").await.expect("a commit");
    relay.await.expect("a task").expect("a relay");
    assert_eq!(receiver.received().len(), 1, "told of once: to the subscription that is left");
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

#[tokio::test]
async fn an_address_is_stored_as_it_was_understood() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let created = subscribe(&app, &store, "ORDERS_CREATE", " HTTPS://Shop.Example/a hook ").await;
    assert_eq!(created["webhookSubscription"]["uri"], "https://shop.example/a%20hook");
    for uri in ["https://user:word@shop.example/", "https://shop.example/#here"] {
        let data = app.gql(&store.secret, CREATE, json!({ "topic": "ORDERS_CREATE", "uri": uri })).await;
        assert_eq!(data["webhookSubscriptionCreate"]["userErrors"][0]["code"], "INVALID_URI", "{uri}");
    }
}
