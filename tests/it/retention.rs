//! What the sweep deletes when it has been kept for long enough, and what it never deletes.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use emporia::app::App;
use emporia::cart::service::{Desk, cart_note_update};
use emporia::events::Topic;
use emporia::tenant::service::tenant_set_suspended;
use emporia::worker;
use serde_json::json;

use crate::events::{append, log};
use crate::support::{Receiver, Reply, Shopping, Store, TestApp, admin};
use crate::tenancy::count;
use crate::webhook::{deliveries, subscribe};

async fn drain(app: &TestApp) {
    worker::drain(&app.app).await.expect("the worker's work");
}

/// A sweep, so many days later.
async fn sweep_after(app: &TestApp, days: i64) {
    app.clock.advance(TimeDelta::days(days));
    worker::sweep(&app.app).await.expect("a sweep");
}

async fn rows(app: &TestApp, store: &Store, table: &str) -> i64 {
    let sql = format!("SELECT count(*) AS n FROM {table} WHERE tenant_id = '{}'", store.tenant);
    count(&mut admin(&app.db.name).await, &sql).await
}

async fn positions(app: &TestApp, store: &Store) -> Vec<i64> {
    log(&app.app, store).await.iter().map(|event| event.position).collect()
}

async fn suspend(app: &TestApp, store: &Store, suspended: bool) {
    let App { db, clock, resolver, .. } = &app.app;
    tenant_set_suspended(db, &**clock, resolver, store.tenant, suspended).await.expect("a tenant");
}

#[tokio::test]
async fn published_events_are_kept_for_thirty_days_and_unpublished_ones_until_they_are() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    append(&app.app, &store, &[Topic::OrdersCreate; 3]).await;
    drain(&app).await;
    app.clock.advance(TimeDelta::days(20));
    for store in [&store, &other] {
        append(&app.app, store, &[Topic::OrdersPaid; 2]).await;
    }
    drain(&app).await;
    sweep_after(&app, 10).await;
    assert_eq!(positions(&app, &store).await, [1, 2, 3, 4, 5], "to the day");
    append(&app.app, &store, &[Topic::OrdersUpdated]).await;
    sweep_after(&app, 1).await;
    assert_eq!((positions(&app, &store).await, positions(&app, &other).await), (vec![4, 5], vec![1, 2]));
    sweep_after(&app, 60).await;
    assert_eq!((positions(&app, &store).await, positions(&app, &other).await), (vec![], vec![]));
    assert_eq!(rows(&app, &store, "events").await, 1, "nobody has published it yet");
    drain(&app).await;
    assert_eq!(positions(&app, &store).await, [6]);
}

#[tokio::test]
async fn deliveries_are_kept_for_thirty_days_from_their_end_and_go_with_their_attempts() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (taking, failing) = (Receiver::accepting().await, Receiver::start(Reply::Status(500, String::new())).await);
    subscribe(&app, &store, "ORDERS_CREATE", &taking.url()).await;
    subscribe(&app, &store, "ORDERS_PAID", &failing.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app).await;
    app.clock.advance(TimeDelta::days(10));
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    for wait in [0, 66, 132, 264, 528] {
        app.clock.advance(TimeDelta::seconds(wait));
        drain(&app).await;
    }
    sweep_after(&app, 15).await;
    assert_eq!((deliveries(&app, &store).await.len(), rows(&app, &store, "webhook_attempts").await), (2, 6));
    sweep_after(&app, 6).await;
    let left = deliveries(&app, &store).await;
    assert_eq!((left.len(), &left[0]["status"]), (1, &json!("EXHAUSTED")));
    assert_eq!(rows(&app, &store, "webhook_attempts").await, 5);
    sweep_after(&app, 10).await;
    assert_eq!((deliveries(&app, &store).await.len(), rows(&app, &store, "webhook_attempts").await), (0, 0));
}

#[tokio::test]
async fn a_delivery_that_is_still_to_be_made_outlives_its_event_and_every_sweep() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let receiver = Receiver::accepting().await;
    for store in [&store, &other] {
        subscribe(&app, store, "ORDERS_CREATE", &receiver.url()).await;
        append(&app.app, store, &[Topic::OrdersCreate]).await;
    }
    suspend(&app, &store, true).await;
    drain(&app).await;
    assert_eq!(receiver.received().len(), 1, "the other tenant's");
    sweep_after(&app, 400).await;
    let left = async |store: &Store| (rows(&app, store, "events").await, rows(&app, store, "webhook_deliveries").await);
    assert_eq!((left(&store).await, left(&other).await), ((0, 1), (0, 0)));
    suspend(&app, &store, false).await;
    drain(&app).await;
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(receiver.received()[1].json()["timestamp"], "2026-06-01T12:00:00Z");
}

#[tokio::test]
async fn what_waits_for_a_disabled_subscription_is_kept_for_thirty_days() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Status(410, String::new())).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app).await;
    app.clock.advance(TimeDelta::days(20));
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    drain(&app).await;
    sweep_after(&app, 10).await;
    assert_eq!(deliveries(&app, &store).await.len(), 2);
    sweep_after(&app, 1).await;
    assert_eq!(deliveries(&app, &store).await.len(), 1, "the later one");
    sweep_after(&app, 20).await;
    assert_eq!(deliveries(&app, &store).await.len(), 0);
}

#[tokio::test]
async fn carts_are_kept_for_thirty_days_from_their_last_change_and_orders_for_ever() {
    let shop = Shopping::new().await;
    let app = &shop.app;
    shop.on_sale(1, 1000, 50).await;
    let other = shop.beside("other").await;
    other.on_sale(2, 1000, 50).await;
    let (left, changed, bought) = (shop.cart(&[(1, 1)]).await, shop.cart(&[(1, 1)]).await, shop.cart(&[(1, 1)]).await);
    let others = other.cart(&[(2, 1)]).await;
    app.clock.advance(TimeDelta::days(20));
    let desk = |shop: &Shopping| Desk {
        db: shop.db.clone(),
        now: shop.app.app.clock.now(),
        entropy: shop.app.app.entropy.clone(),
    };
    cart_note_update(&desk(&shop), Some(changed.clone()), "a note").await.expect("a note");
    cart_note_update(&desk(&other), Some(others.clone()), "a note").await.expect("a note");
    shop.buy(&bought).await;
    let order = shop.numbers().await;
    sweep_after(app, 10).await;
    assert_eq!(rows(app, &shop.store, "carts").await, 3, "to the day");
    sweep_after(app, 1).await;
    assert_eq!((rows(app, &shop.store, "carts").await, rows(app, &other.store, "carts").await), (2, 1));
    assert!(cart_note_update(&desk(&shop), Some(left), "").await.is_err(), "the one that was left");
    assert!(shop.is_completed(&bought).await, "and still says which order it is");
    sweep_after(app, 21).await;
    for table in ["carts", "cart_lines", "cart_addresses"] {
        assert_eq!((rows(app, &shop.store, table).await, rows(app, &other.store, table).await), (0, 0), "{table}");
    }
    assert_eq!((shop.numbers().await, rows(app, &shop.store, "order_lines").await), (order, 1));
}

#[tokio::test]
async fn a_cart_that_is_being_paid_for_stays_until_that_has_an_end() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1000, 50).await;
    let (cart, left) = (shop.cart(&[(1, 1)]).await, shop.cart(&[(1, 1)]).await);
    let pending = shop.complete(&shop.wish(&cart, "bogus", Some("timeout"), "1")).await;
    assert!(pending.expect("a free key").is_err());
    sweep_after(&shop.app, 31).await;
    assert_eq!(rows(&shop.app, &shop.store, "carts").await, 1);
    let desk = Desk { db: shop.db.clone(), now: shop.app.app.clock.now(), entropy: shop.app.app.entropy.clone() };
    let refused = cart_note_update(&desk, Some(cart), "").await;
    assert!(format!("{:?}", refused.err()).contains("on its way"));
    assert!(cart_note_update(&desk, Some(left), "").await.is_err());
}

#[tokio::test]
async fn the_operator_decides_how_long_everything_is_kept() {
    let shop = Shopping::with(&[
        ("EVENT_RETENTION_DAYS", "1"),
        ("WEBHOOK_DELIVERY_RETENTION_DAYS", "2"),
        ("CART_RETENTION_DAYS", "3"),
        ("IDEMPOTENCY_KEY_RETENTION_HOURS", "96"),
    ])
    .await;
    let (app, store) = (&shop.app, &shop.store);
    let receiver = Receiver::accepting().await;
    subscribe(app, store, "ORDERS_CREATE", &receiver.url()).await;
    shop.on_sale(1, 1000, 50).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    drain(app).await;
    app.clock.advance(TimeDelta::seconds(1));
    let mut left = Vec::new();
    for _ in 0..=4 {
        worker::sweep(&app.app).await.expect("a sweep");
        let mut kept = Vec::new();
        for table in ["events", "webhook_deliveries", "carts", "idempotency_keys"] {
            kept.push(rows(app, store, table).await);
        }
        left.push(kept);
        app.clock.advance(TimeDelta::days(1));
    }
    assert_eq!(left, [[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]);
}

#[tokio::test]
async fn a_long_past_is_swept_away_batch_by_batch() {
    const MANY: &str = "
        INSERT INTO webhook_deliveries SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(),
            'event_id', gen_random_uuid()))).* FROM webhook_deliveries d, generate_series(1, 2500);
        INSERT INTO events (tenant_id, id, position, topic, version, subject_id, payload, occurred_at, published_at)
            SELECT tenant_id, gen_random_uuid(), position + n, topic, version, subject_id, payload, occurred_at,
                published_at FROM events, generate_series(1, 2500) n;
        UPDATE event_positions SET last_position = last_position + 2500;
        INSERT INTO carts SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid()))).*
            FROM carts c, generate_series(1, 2500);
        INSERT INTO idempotency_keys SELECT (jsonb_populate_record(k, jsonb_build_object('scope',
            '\\x' || repeat(lpad(to_hex(n), 8, '0'), 8)))).* FROM idempotency_keys k, generate_series(1, 2500) n;";
    const TABLES: [&str; 4] = ["webhook_deliveries", "events", "carts", "idempotency_keys"];
    let shop = Shopping::new().await;
    let receiver = Receiver::accepting().await;
    subscribe(&shop.app, &shop.store, "ORDERS_CREATE", &receiver.url()).await;
    shop.on_sale(1, 1000, 50).await;
    shop.buy(&shop.cart(&[(1, 1)]).await).await;
    drain(&shop.app).await;
    admin(&shop.app.db.name).await.batch_execute(MANY).await.expect("a long past");
    for table in TABLES {
        assert_eq!(rows(&shop.app, &shop.store, table).await, 2501, "{table}");
    }
    sweep_after(&shop.app, 31).await;
    for table in TABLES {
        assert_eq!(rows(&shop.app, &shop.store, table).await, 0, "{table}");
    }
    assert_eq!((shop.stock(1).await, shop.numbers().await), (49, vec![1001]));
}
