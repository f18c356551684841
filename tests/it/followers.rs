//! Subscribers when something is in the way: nothing is passed over, and nobody else waits for them.

use std::collections::HashSet;

use diesel_async::SimpleAsyncConnection;
use emporia::events::Topic;
use emporia::worker;
use serde_json::{Value, json};

use crate::events::{Subscriber, append, log};
use crate::support::{Socket, TestApp, admin, eventually, sessions};

const LOCK: &str = "BEGIN; LOCK TABLE orders";

fn after(id: &Value) -> String {
    format!("subscription {{ orderEvents(after: {id}) {{ id topic order {{ id }} }} }}")
}

#[tokio::test]
async fn an_event_that_cannot_be_told_ends_the_stream_and_is_told_to_who_comes_back() {
    let app = TestApp::with(&[("DATABASE_STATEMENT_TIMEOUT_MS", "1000")]).await;
    let store = app.store("acme").await;
    let server = app.serve().await;
    append(&app.app, &store, &[Topic::OrdersUpdated, Topic::OrdersCreate]).await;
    worker::drain(&app.app).await.expect("a relay");
    let first = json!(format!("gid://emporia/OrderChange/{}", log(&app.app, &store).await[0].id));
    let mut socket = Socket::with_key(&server, &store.secret).await;
    socket.subscribe("events", &after(&first)).await;
    let told = socket.hear().await["payload"]["data"]["orderEvents"].take();
    assert_eq!(told["topic"], "ORDERS_CREATE");

    let mut lock = admin(&app.db.name).await;
    lock.batch_execute(LOCK).await.expect("a lock");
    append(&app.app, &store, &[Topic::OrdersPaid, Topic::OrdersFulfilled]).await;
    worker::drain(&app.app).await.expect("a relay");
    let lost = socket.hear().await;
    assert_eq!((&lost["type"], &lost["payload"]["data"]), (&json!("next"), &Value::Null), "{lost:#}");
    assert_eq!(lost["payload"]["errors"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR");
    assert_eq!(socket.hear().await, json!({ "type": "complete", "id": "events" }));
    lock.batch_execute("ROLLBACK").await.expect("an end");

    socket.subscribe("again", &after(&told["id"])).await;
    for topic in ["ORDERS_PAID", "ORDERS_FULFILLED"] {
        assert_eq!(socket.hear().await["payload"]["data"]["orderEvents"]["topic"], topic);
    }
}

#[tokio::test]
async fn however_many_follow_there_are_connections_left_for_requests() {
    let app = TestApp::with(&[("DATABASE_POOL_SIZE", "3"), ("DATABASE_ACQUIRE_TIMEOUT_MS", "1000")]).await;
    let store = app.store("acme").await;
    append(&app.app, &store, &[Topic::OrdersUpdated, Topic::OrdersPaid]).await;
    worker::drain(&app.app).await.expect("a relay");
    let first = log(&app.app, &store).await[0].id;
    let mut lock = admin(&app.db.name).await;
    lock.batch_execute(LOCK).await.expect("a lock");
    let mut told = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let arguments = format!("(after: \"gid://emporia/OrderChange/{first}\")");
        let mut subscriber = Subscriber::new(&app.app, &store.secret, &arguments).await;
        told.spawn(async move { subscriber.event().await["topic"].take() });
    }
    let waiting = async || sessions(&app.db.name, "wait_event_type = 'Lock'").await;
    eventually("one reads", async || (waiting().await > 0).then_some(())).await;
    for _ in 0..5 {
        app.gql(&store.publishable, "{ shop { name } }", json!({})).await;
    }
    assert_eq!(waiting().await, 1, "the others wait for their turn");
    lock.batch_execute("ROLLBACK").await.expect("an end");
    assert_eq!(told.join_all().await.into_iter().collect::<HashSet<_>>(), HashSet::from([json!("ORDERS_PAID")]));
}

#[tokio::test]
async fn a_gap_behind_the_last_event_told_is_said() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    append(&app.app, &store, &[Topic::OrdersCreate, Topic::OrdersPaid, Topic::OrdersUpdated]).await;
    worker::drain(&app.app).await.expect("a relay");
    let first = log(&app.app, &store).await[0].id;
    admin(&app.db.name).await.batch_execute("DELETE FROM events WHERE position = 2").await.expect("a gap");
    let arguments = format!("(after: \"gid://emporia/OrderChange/{first}\")");
    let answer = Subscriber::new(&app.app, &store.secret, &arguments).await.answer().await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer:#}");
}

#[tokio::test]
async fn an_event_of_a_newer_version_is_passed_over_and_keeps_nothing_back() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    append(&app.app, &store, &[Topic::OrdersCreate, Topic::OrdersPaid, Topic::OrdersUpdated]).await;
    let newer = "ALTER TABLE events DROP CONSTRAINT events_topic_check;
        UPDATE events SET topic = 'PRODUCTS_CREATE' WHERE topic = 'ORDERS_PAID'";
    admin(&app.db.name).await.batch_execute(newer).await.expect("a newer version's event");
    worker::drain(&app.app).await.expect("a relay");
    let first = log(&app.app, &store).await[0].id;
    let arguments = format!("(after: \"gid://emporia/OrderChange/{first}\")");
    let mut subscriber = Subscriber::new(&app.app, &store.secret, &arguments).await;
    assert_eq!(subscriber.event().await["topic"], "ORDERS_UPDATED");
    let last = log(&app.app, &store).await.pop().expect("an event");
    assert_eq!(last.position, 3, "the other one has its position too");
}
