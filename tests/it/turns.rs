//! The worker's places: no tenant holds what the others need.

use std::time::Duration;

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use emporia::app::App;
use emporia::events::Topic;
use emporia::tenant::service::tenant_set_suspended;
use emporia::webhook::service::{claim, keep_body};
use emporia::worker;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::events::{append, log};
use crate::support::{Receiver, Reply, Shopping, TestApp, admin, eventually, sessions};
use crate::webhook::{deliveries, subscribe};

const POLL: worker::Options = worker::Options { poll: Duration::from_millis(20), attempts: 1024 };

/// How many of the database's sessions wait for a lock.
async fn waiting(app: &TestApp) -> i64 {
    sessions(&app.db.name, "wait_event_type = 'Lock'").await
}

async fn count(app: &TestApp, sql: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    diesel::sql_query(sql).get_result::<Count>(&mut admin(&app.db.name).await).await.expect(sql).n
}

#[tokio::test]
async fn while_somebody_holds_a_tenants_positions_the_others_are_published() {
    let app = TestApp::new().await;
    let (held, other) = (app.store("held").await, app.store("other").await);
    append(&app.app, &held, &[Topic::OrdersCreate]).await;
    worker::drain(&app.app).await.expect("a relay");
    let mut lock = admin(&app.db.name).await;
    lock.batch_execute("BEGIN; SELECT FROM event_positions FOR UPDATE").await.expect("a lock");
    for _ in 0..5 {
        append(&app.app, &held, &[Topic::OrdersUpdated]).await;
    }
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker::run_with(app.app.clone(), POLL, shutdown.clone()));
    for heard in 1..=3 {
        append(&app.app, &other, &[Topic::OrdersCreate]).await;
        let told = async || (log(&app.app, &other).await.len() == heard).then_some(());
        eventually("the other tenant's event is published", told).await;
    }
    assert_eq!((log(&app.app, &held).await.len(), waiting(&app).await), (1, 0), "nobody waits for the lock");
    lock.batch_execute("ROLLBACK").await.expect("an end");
    // The clock stands still: no lease ends.
    eventually("what was held follows", async || (log(&app.app, &held).await.len() == 6).then_some(())).await;
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn what_is_too_much_for_one_job_is_published_by_the_next() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    append(&app.app, &store, &[Topic::OrdersUpdated; 1001]).await;
    worker::drain(&app.app).await.expect("a relay");
    let positions: Vec<i64> = log(&app.app, &store).await.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..=1001).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_tenants_slow_orders_hold_one_connection_and_no_other_tenants_deliveries() {
    // Reading this tenant's orders waits for a lock that somebody holds.
    const SLOW: &str = "CREATE FUNCTION held() RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN true; END $$;
        CREATE POLICY slow ON orders AS RESTRICTIVE FOR SELECT USING (CASE WHEN tenant_id = '$TENANT' THEN held() END
            IS NOT FALSE);";
    let slow = Shopping::new().await;
    let app = &slow.app;
    slow.on_sale(1, 1000, 100).await;
    let other = app.store("other").await;
    let (of_slow, of_other) = (Receiver::accepting().await, Receiver::accepting().await);
    subscribe(app, &slow.store, "ORDERS_CREATE", &of_slow.url()).await;
    subscribe(app, &other, "ORDERS_CREATE", &of_other.url()).await;
    for _ in 0..6 {
        slow.buy(&slow.cart(&[(1, 1)]).await).await;
    }
    let mut lock = admin(&app.db.name).await;
    let policy = SLOW.replace("$TENANT", &slow.store.tenant.to_string());
    lock.batch_execute(&policy).await.expect("a slow table");
    lock.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(7)").await.expect("a lock");
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker::run_with(app.app.clone(), POLL, shutdown.clone()));
    eventually("an order is being read", async || (waiting(app).await > 0).then_some(())).await;
    append(&app.app, &other, &[Topic::OrdersCreate; 5]).await;
    eventually("the other's arrive", async || (of_other.received().len() == 5).then_some(())).await;
    assert_eq!((waiting(app).await, of_slow.received().len()), (1, 0));
    lock.batch_execute("ROLLBACK").await.expect("an end");
    eventually("the slow one's follow", async || (of_slow.received().len() == 6).then_some(())).await;
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn an_order_that_cannot_be_read_for_a_moment_costs_no_attempt() {
    let app = TestApp::with(&[("DATABASE_STATEMENT_TIMEOUT_MS", "1000")]).await;
    let store = app.store("acme").await;
    let receiver = Receiver::accepting().await;
    // Of these the relay itself does not read the order.
    subscribe(&app, &store, "ORDERS_PAID", &receiver.url()).await;
    let mut lock = admin(&app.db.name).await;
    lock.batch_execute("BEGIN; LOCK TABLE orders").await.expect("a lock");
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker::run_with(app.app.clone(), POLL, shutdown.clone()));
    eventually("the order is being read", async || (waiting(&app).await == 1).then_some(())).await;
    eventually("that has failed", async || (waiting(&app).await == 0).then_some(())).await;
    lock.batch_execute("ROLLBACK").await.expect("an end");
    // The clock stands still: no bell that is set for later rings.
    eventually("it is delivered", async || (receiver.received().len() == 1).then_some(())).await;
    let attempts = async || {
        let delivery = deliveries(&app, &store).await.remove(0);
        (delivery["status"] == "SUCCEEDED").then(|| delivery["attempts"].as_array().map(Vec::len))
    };
    assert_eq!(eventually("that is recorded", attempts).await, Some(1));
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn a_claim_is_held_anew_before_the_first_sending_or_refused() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let created = subscribe(&app, &store, "ORDERS_CREATE", "http://127.0.0.1:9/").await;
    let id = created["webhookSubscription"]["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("an id");
    let subscription: Uuid = id.parse().expect("a uuid");
    // Published, and nothing of it sent: the tenant is suspended meanwhile.
    let App { db, clock, resolver, .. } = &app.app;
    tenant_set_suspended(db, &**clock, resolver, store.tenant, true).await.expect("suspended");
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    worker::drain(&app.app).await.expect("a relay");
    let (db, lease) = (app.app.db.tenant(store.tenant), TimeDelta::seconds(60));
    let claimed = async || claim(&app.app, &db, subscription, lease).await.expect("a claim");
    let first = claimed().await.expect("a delivery");
    app.clock.advance(TimeDelta::seconds(59));
    assert!(keep_body(&app.app, &db, &first, "{}", lease).await.expect("kept"));
    app.clock.advance(TimeDelta::seconds(59));
    assert!(claimed().await.is_none(), "it is still the first one's");
    app.clock.advance(TimeDelta::seconds(1));
    assert!(claimed().await.is_some());
    assert!(!keep_body(&app.app, &db, &first, "{}", lease).await.expect("an answer"), "it is another's now");
}

#[tokio::test]
async fn bells_for_what_may_be_left_behind_come_together() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    subscribe(&app, &store, "ORDERS_CREATE", "http://127.0.0.1:9/").await;
    let App { db, clock, resolver, .. } = &app.app;
    tenant_set_suspended(db, &**clock, resolver, store.tenant, true).await.expect("suspended");
    for _ in 0..4 {
        append(&app.app, &store, &[Topic::OrdersCreate]).await;
        worker::drain(&app.app).await.expect("a relay");
        app.clock.advance(TimeDelta::seconds(1));
    }
    let at = "SELECT count(DISTINCT due_at) AS n FROM platform.outbox_ready";
    assert_eq!(count(&app, at).await, 1);
    app.clock.advance(TimeDelta::seconds(70));
    worker::drain(&app.app).await.expect("the worker");
    assert_eq!(count(&app, "SELECT count(*) AS n FROM platform.outbox_ready").await, 1, "taken down as one");
}

#[tokio::test]
async fn no_transaction_is_open_while_a_webhook_is_being_sent() {
    let app = TestApp::with(&[("SHUTDOWN_TIMEOUT_MS", "10")]).await;
    let store = app.store("acme").await;
    let receiver = Receiver::start(Reply::Hang).await;
    subscribe(&app, &store, "ORDERS_CREATE", &receiver.url()).await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    let shutdown = CancellationToken::new();
    let options = worker::Options { poll: Duration::from_secs(3600), ..POLL };
    let running = tokio::spawn(worker::run_with(app.app.clone(), options, shutdown.clone()));
    eventually("it is being sent", async || (receiver.received().len() == 1).then_some(())).await;
    eventually("no transaction is open", async || {
        (sessions(&app.db.name, "xact_start IS NOT NULL").await == 0).then_some(())
    })
    .await;
    shutdown.cancel();
    running.await.expect("the worker").expect("an end in spite of the hanging attempt");
}
