//! The event log, its relay and its subscription.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Request, Response};
use chrono::TimeDelta;
use emporia::app::App;
use emporia::error::Fault;
use emporia::events::{NewEvent, Topic, append_in_tx, store};
use emporia::graphql::error::present;
use emporia::graphql::schema;
use emporia::graphql::scope::{RequestInfo, Scope};
use emporia::worker;
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Shopping, Store, TestApp, eventually, sessions};

fn event(topic: Topic, subject_id: Uuid) -> NewEvent {
    NewEvent { topic, subject_id, payload: json!({}) }
}

/// Appends events of one subject, in this order.
pub async fn append(app: &App, store: &Store, topics: &[Topic]) {
    let now = app.clock.now();
    let written: Result<(), Fault> = app
        .db
        .tenant(store.tenant)
        .write(async |tx| {
            for topic in topics {
                append_in_tx(tx, now, &app.entropy, &event(*topic, Uuid::from_u128(1)))?;
            }
            Ok(())
        })
        .await;
    written.expect("an event");
}

/// One subscriber, as the edge would serve it.
pub struct Subscriber {
    pub scope: Arc<Scope>,
    pub stream: Pin<Box<dyn Stream<Item = Response> + Send>>,
}

impl Subscriber {
    pub async fn new(app: &App, key: &str, arguments: &str) -> Self {
        let resolved = app.resolver.by_key(key).await.expect("a key");
        let scope = Scope::of_subscription(app, &resolved, RequestInfo::default());
        let fields = "id topic occurredAt order { id name displayFinancialStatus }";
        let document = format!("subscription {{ orderEvents{arguments} {{ {fields} }} }}");
        let stream = schema::builder().finish().execute_stream(Request::new(document).data(scope.clone())).boxed();
        Self { scope, stream }
    }

    /// The next answer, whatever it is.
    pub async fn answer(&mut self) -> Value {
        let next = tokio::time::timeout(Duration::from_secs(10), self.stream.next()).await;
        let mut response = next.expect("an answer in time").expect("an answer");
        self.scope.finish();
        present(&mut response, "-");
        serde_json::to_value(response).expect("JSON")
    }

    pub async fn event(&mut self) -> Value {
        let mut answer = self.answer().await;
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"]["orderEvents"].take()
    }

    /// One that is known to listen: it has heard what was appended after it had begun.
    pub async fn listening(app: &App, store: &Store, arguments: &str) -> Self {
        let mut subscriber = Self::new(app, &store.secret, arguments).await;
        loop {
            append(app, store, &[Topic::OrdersFulfilled]).await;
            worker::drain(app).await.expect("a relay");
            if tokio::time::timeout(Duration::from_millis(20), subscriber.stream.next()).await.is_ok() {
                break;
            }
        }
        append(app, store, &[Topic::OrdersUpdated]).await;
        worker::drain(app).await.expect("a relay");
        while subscriber.event().await["topic"] != "ORDERS_UPDATED" {}
        subscriber
    }
}

async fn refusal(app: &App, key: &str, arguments: &str) -> String {
    let answer = Subscriber::new(app, key, arguments).await.answer().await;
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no error: {answer:#}")).to_owned()
}

pub async fn log(app: &App, store: &Store) -> Vec<emporia::events::model::Event> {
    let events: Result<_, Fault> =
        app.db.tenant(store.tenant).read(async |conn| Ok(store::events_after(conn, 0, 10_000).await?.events)).await;
    events.expect("the log")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_and_relays_give_positions_without_gaps_in_each_subjects_order() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut writers = tokio::task::JoinSet::new();
    for subject in 1..=12u128 {
        let (app, store) = (app.app.clone(), store.clone());
        writers.spawn(async move {
            for topic in Topic::ALL {
                let now = app.clock.now();
                let written: Result<(), Fault> = app
                    .db
                    .tenant(store.tenant)
                    .write(async |tx| {
                        append_in_tx(tx, now, &app.entropy, &event(topic, Uuid::from_u128(subject)))?;
                        // Others append and publish between this append and its commit.
                        tokio::task::yield_now().await;
                        Ok(())
                    })
                    .await;
                written.expect("an event");
                worker::drain(&app).await.expect("a relay");
            }
        });
    }
    writers.join_all().await;
    worker::drain(&app.app).await.expect("the rest");
    let log = log(&app.app, &store).await;
    assert_eq!(log.iter().map(|event| event.position).collect::<Vec<_>>(), (1..=60).collect::<Vec<_>>());
    let mut seen: HashMap<Uuid, Vec<Topic>> = HashMap::new();
    for event in &log {
        seen.entry(event.subject_id).or_default().push(event.topic);
    }
    assert!(seen.values().all(|topics| topics == &Topic::ALL), "{seen:?}");
}

#[tokio::test]
async fn what_was_rolled_back_never_happened() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let now = app.app.clock.now();
    let rolled_back: Result<(), Fault> = app
        .app
        .db
        .tenant(store.tenant)
        .write(async |tx| {
            append_in_tx(tx, now, &app.app.entropy, &event(Topic::OrdersPaid, Uuid::nil()))?;
            Err(Fault::internal("no"))
        })
        .await;
    assert!(rolled_back.is_err());
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    worker::drain(&app.app).await.expect("a relay");
    let log = log(&app.app, &store).await;
    assert_eq!(log.iter().map(|event| (event.position, event.topic)).collect::<Vec<_>>(), [(1, Topic::OrdersCreate)]);
}

#[tokio::test]
async fn a_subscriber_hears_of_an_event_without_waiting_for_the_workers_poll() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let shutdown = CancellationToken::new();
    let options = worker::Options { poll: Duration::from_secs(3600), ..worker::Options::default() };
    let running = tokio::spawn(worker::run_with(app.app.clone(), options, shutdown.clone()));
    let mut subscriber = Subscriber::listening(&app.app, &store, "").await;
    append(&app.app, &store, &[Topic::OrdersCreate, Topic::OrdersPaid]).await;
    let event = subscriber.event().await;
    assert_eq!((&event["topic"], &event["occurredAt"]), (&json!("ORDERS_CREATE"), &json!("2026-06-01T12:00:00Z")));
    assert_eq!(subscriber.event().await["topic"], "ORDERS_PAID");
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn a_subscriber_without_after_hears_only_what_comes() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    worker::drain(&app.app).await.expect("a relay");
    let topics = "(topics: [ORDERS_FULFILLED, ORDERS_PAID, ORDERS_UPDATED])";
    let mut subscriber = Subscriber::listening(&app.app, &store, topics).await;
    append(&app.app, &store, &[Topic::OrdersPaid, Topic::OrdersCancelled, Topic::OrdersUpdated]).await;
    worker::drain(&app.app).await.expect("a relay");
    assert_eq!(subscriber.event().await["topic"], "ORDERS_PAID");
    assert_eq!(subscriber.event().await["topic"], "ORDERS_UPDATED");
}

#[tokio::test]
async fn a_stream_that_broke_off_resumes_without_loss_or_duplicate() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    for _ in 0..30 {
        append(&app.app, &store, &Topic::ALL).await;
    }
    worker::drain(&app.app).await.expect("a relay");
    let first = log(&app.app, &store).await[0].id;
    let mut got = vec![json!(format!("gid://emporia/OrderChange/{first}"))];
    // Broken off at several places: within a batch, and behind it.
    for take in [1, 7, 99, 3] {
        let last = got.last().expect("the first");
        let mut stream = Subscriber::new(&app.app, &store.secret, &format!("(after: {last})")).await;
        for _ in 0..take {
            got.push(stream.event().await["id"].take());
        }
    }
    append(&app.app, &store, &[Topic::OrdersUpdated]).await;
    worker::drain(&app.app).await.expect("a relay");
    let mut rest = Subscriber::new(&app.app, &store.secret, &format!("(after: {})", got[got.len() - 1])).await;
    while got.len() < 151 {
        got.push(rest.event().await["id"].take());
    }
    let want: Vec<Value> = log(&app.app, &store)
        .await
        .iter()
        .map(|event| json!(format!("gid://emporia/OrderChange/{}", event.id)))
        .collect();
    assert_eq!(got, want);
    append(&app.app, &store, &[Topic::OrdersCancelled]).await;
    worker::drain(&app.app).await.expect("a relay");
    assert_eq!(rest.event().await["topic"], "ORDERS_CANCELLED", "nothing came twice");
}

#[tokio::test]
async fn a_place_that_is_not_kept_is_refused() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    append(&app.app, &other, &[Topic::OrdersCreate]).await;
    worker::drain(&app.app).await.expect("a relay");
    let id = log(&app.app, &store).await[0].id;
    let foreign = log(&app.app, &other).await[0].id;
    let after = |id: &str| format!("(after: \"gid://emporia/OrderChange/{id}\")");
    for bad in [after(&foreign.to_string()), after(&Uuid::nil().to_string()), "(after: \"7\")".to_owned()] {
        assert_eq!(refusal(&app.app, &store.secret, &bad).await, "BAD_USER_INPUT", "{bad}");
    }
    app.clock.advance(TimeDelta::days(30));
    let mut just_in_time = Subscriber::new(&app.app, &store.secret, &after(&id.to_string())).await;
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    worker::drain(&app.app).await.expect("a relay");
    assert_eq!(just_in_time.event().await["topic"], "ORDERS_PAID");
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(refusal(&app.app, &store.secret, &after(&id.to_string())).await, "BAD_USER_INPUT");
}

#[tokio::test]
async fn another_tenants_events_are_never_heard() {
    let app = TestApp::new().await;
    let (store, other) = (app.store("acme").await, app.store("other").await);
    let mut subscriber = Subscriber::listening(&app.app, &store, "").await;
    append(&app.app, &other, &Topic::ALL).await;
    append(&app.app, &store, &[Topic::OrdersPaid]).await;
    worker::drain(&app.app).await.expect("a relay");
    assert_eq!(subscriber.event().await["topic"], "ORDERS_PAID");
    append(&app.app, &store, &[Topic::OrdersCancelled]).await;
    worker::drain(&app.app).await.expect("a relay");
    assert_eq!(subscriber.event().await["topic"], "ORDERS_CANCELLED");
}

#[tokio::test]
async fn an_event_leads_to_its_order_as_it_is_now() {
    let shop = Shopping::new().await;
    shop.on_sale(1, 1999, 5).await;
    let mut subscriber = Subscriber::listening(&shop.app.app, &shop.store, "").await;
    let order = shop.buy(&shop.cart(&[(1, 1)]).await).await;
    worker::drain(&shop.app.app).await.expect("a relay");
    let event = subscriber.event().await;
    let id = format!("gid://emporia/Order/{order}");
    assert_eq!(event["topic"], "ORDERS_CREATE");
    assert_eq!(event["order"], json!({ "id": id, "name": "#1001", "displayFinancialStatus": "PENDING" }));
    let pay = "mutation($id: ID!) { orderMarkAsPaid(input: { id: $id }) { userErrors { message } } }";
    shop.app.gql(&shop.store.secret, pay, json!({ "id": id })).await;
    worker::drain(&shop.app.app).await.expect("a relay");
    let event = subscriber.event().await;
    assert_eq!((&event["topic"], &event["order"]["displayFinancialStatus"]), (&json!("ORDERS_PAID"), &json!("PAID")));
}

#[tokio::test]
async fn each_event_is_read_in_a_transaction_of_its_own_that_ends_with_it() {
    let shop = Shopping::new().await;
    let app = &shop.app.app;
    shop.on_sale(1, 1999, 5).await;
    append(app, &shop.store, &[Topic::OrdersUpdated]).await;
    let orders = [shop.buy(&shop.cart(&[(1, 1)]).await).await, shop.buy(&shop.cart(&[(1, 1)]).await).await];
    worker::drain(app).await.expect("a relay");
    let first = log(app, &shop.store).await[0].id;
    let after = format!("(after: \"gid://emporia/OrderChange/{first}\")");
    let mut subscriber = Subscriber::new(app, &shop.store.secret, &after).await;
    assert_eq!(subscriber.event().await["order"]["displayFinancialStatus"], "PENDING");
    eventually("no transaction is open", async || {
        (sessions(&shop.app.db.name, "xact_start IS NOT NULL").await == 0).then_some(())
    })
    .await;
    // Both were read from the log at once; what is told of the second is read when it is its turn.
    let pay = "mutation($id: ID!) { orderMarkAsPaid(input: { id: $id }) { userErrors { message } } }";
    shop.app.gql(&shop.store.secret, pay, json!({ "id": format!("gid://emporia/Order/{}", orders[1]) })).await;
    assert_eq!(subscriber.event().await["order"]["displayFinancialStatus"], "PAID");
}

#[tokio::test]
async fn a_publishable_key_hears_nothing() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    assert_eq!(refusal(&app.app, &store.publishable, "").await, "FORBIDDEN");
}
