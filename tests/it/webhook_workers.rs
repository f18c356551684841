//! Workers that deliver: beside each other, beside receivers that never answer, when they stop, fail or die.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use emporia::app::App;
use emporia::events::Topic;
use emporia::tenant::service::tenant_set_suspended;
use emporia::worker;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::events::append;
use crate::support::{Receiver, Reply, TestApp, admin, eventually};
use crate::webhook::{another, deliveries, drain, subscribe, the_delivery, waiting};

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
