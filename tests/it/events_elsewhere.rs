//! Events whose relay, notices or subscribers are in other processes, and what is lost there and made up for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use emporia::app::App;
use emporia::cache::{Bucket, MemoryShared, Notice, Poured, RedisShared, Shared};
use emporia::clock::{Clock, Entropy, ManualClock, SystemClock};
use emporia::error::Fault;
use emporia::events::Topic;
use emporia::ids::GidNamespace;
use emporia::worker;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::events::{Subscriber, append, log};
use crate::guard::OwnRedis;
use crate::support::{Process, Shopping, Socket, TestApp, Uncommitted, eventually, redis_url, start, waiting};

#[tokio::test]
async fn missed_notices_are_made_up_for() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut subscriber = Subscriber::listening(&app.app, &store, "").await;
    // A worker whose notices do not reach this process.
    let elsewhere =
        App::assemble(app.db.config(&[]), MemoryShared::new(), ManualClock::new(start()), Entropy::seeded(8));
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    worker::drain(&elsewhere).await.expect("a relay");
    app.app.shared.publish(&Notice::Reset).await.expect("a notice");
    assert_eq!(subscriber.event().await["topic"], "ORDERS_CREATE");
}

#[tokio::test]
async fn a_worker_finds_by_itself_what_nobody_told_it() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let elsewhere =
        App::assemble(app.db.config(&[]), MemoryShared::new(), ManualClock::new(start()), Entropy::seeded(8));
    let shutdown = CancellationToken::new();
    let options = worker::Options { poll: Duration::from_millis(20), ..worker::Options::default() };
    let running = tokio::spawn(worker::run_with(elsewhere, options, shutdown.clone()));
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    eventually("the event is published", async || (!log(&app.app, &store).await.is_empty()).then_some(())).await;
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn a_worker_in_another_process_is_woken_and_heard_over_redis() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let (api, worker) = (&app.beside(&redis_url(), 8).await, app.beside(&redis_url(), 9).await);
    let mut subscriber = Subscriber::listening(api, &store, "").await;
    let shutdown = CancellationToken::new();
    let options = worker::Options { poll: Duration::from_secs(3600), ..worker::Options::default() };
    // It looks once when it starts: only what is appended afterwards shows that it was woken.
    append(api, &store, &[Topic::OrdersCreate]).await;
    let running = tokio::spawn(worker::run_with(worker, options, shutdown.clone()));
    assert_eq!(subscriber.event().await["topic"], "ORDERS_CREATE");
    append(api, &store, &[Topic::OrdersPaid]).await;
    assert_eq!(subscriber.event().await["topic"], "ORDERS_PAID");
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

#[tokio::test]
async fn a_redis_that_is_lost_and_comes_back_empty_costs_no_event() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let mut redis = OwnRedis::start().await;
    let mut processes = Vec::new();
    for seed in [8, 9] {
        let shared = RedisShared::connect(&redis.url()).await.expect("Redis");
        processes.push(App::assemble(test.db.config(&[]), shared, test.clock.clone(), Entropy::seeded(seed)));
    }
    let (api, worker) = (&processes[0], processes[1].clone());
    let mut subscriber = Subscriber::listening(api, &store, "").await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(worker::run(worker, shutdown.clone()));
    append(api, &store, &[Topic::OrdersCreate]).await;
    assert_eq!(subscriber.event().await["topic"], "ORDERS_CREATE");

    redis.stop();
    append(api, &store, &[Topic::OrdersPaid]).await;
    eventually("the worker publishes without Redis", async || {
        log(&test.app, &store).await.last().is_some_and(|event| event.topic == Topic::OrdersPaid).then_some(())
    })
    .await;
    redis.start_again();
    assert_eq!(subscriber.event().await["topic"], "ORDERS_PAID");
    append(api, &store, &[Topic::OrdersCancelled]).await;
    assert_eq!(subscriber.event().await["topic"], "ORDERS_CANCELLED", "nothing comes twice");
    shutdown.cancel();
    running.await.expect("the worker").expect("a clean end");
}

/// Buys over the API, wherever it is at the moment: as long as it does not answer, the same request is sent again as
/// soon as it is somewhere else.
async fn buy_over(mut api: watch::Receiver<SocketAddr>, key: String, cart: String, interrupted: Arc<AtomicUsize>) {
    let query = "mutation($cart: ID!) { checkoutComplete(cartId: $cart, payment: { gateway: \"manual\" }) {
        order { id } userErrors { code } } }";
    let body = json!({ "query": query, "variables": { "cart": cart } }).to_string();
    let answer = loop {
        let address = *api.borrow_and_update();
        let request = reqwest::Client::new()
            .post(format!("http://{address}/graphql"))
            .header("content-type", "application/json")
            .header("x-api-key", &key)
            .header("idempotency-key", &cart)
            .body(body.clone());
        let answer = async { request.send().await?.text().await };
        match answer.await {
            Ok(answer) => break answer,
            Err(_) => {
                interrupted.fetch_add(1, Ordering::Relaxed);
                api.changed().await.expect("another address");
            }
        }
    };
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert!(answer["data"]["checkoutComplete"]["order"]["id"].is_string(), "{answer:#}");
}

/// The next event of the only subscription on the socket: its id.
async fn heard(socket: &mut Socket) -> String {
    let message = socket.hear().await;
    let event = &message["payload"]["data"]["orderEvents"];
    assert_eq!(event["order"]["displayFinancialStatus"], "PENDING", "{message:#}");
    event["id"].as_str().expect("an id").to_owned()
}

async fn resumed(api: SocketAddr, key: &str, after: &str) -> Socket {
    let mut socket = Socket::with_key_at(api, key).await;
    let events =
        format!("subscription {{ orderEvents(after: \"{after}\") {{ id order {{ displayFinancialStatus }} }} }}");
    socket.subscribe("events", &events).await;
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_misses_and_repeats_nothing_when_its_socket_and_the_api_are_killed() {
    let shop = Shopping::new().await;
    let key = shop.store.secret.clone();
    // The processes go by the real time.
    shop.app.clock.advance(SystemClock.now() - start());
    shop.on_sale(1, 1999, 1000).await;
    let mut carts = Vec::new();
    for _ in 0..62 {
        carts.push(shop.cart(&[(1, 1)]).await.gid(GidNamespace::Emporia));
    }
    let (database, platform, redis) =
        (shop.app.db.url("emporia_app"), shop.app.db.url("emporia_platform"), redis_url());
    let settings = [("DATABASE_URL", database.as_str()), ("DATABASE_PLATFORM_URL", &platform), ("REDIS_URL", &redis)];
    let _worker = Process::worker(&settings);
    let (api, address) = Process::serve(&settings);
    let (moves, place) = watch::channel(address);
    let interrupted = Arc::new(AtomicUsize::new(0));
    let buyer = |cart: String| buy_over(place.clone(), shop.store.publishable.clone(), cart, interrupted.clone());

    buyer(carts.pop().expect("a cart")).await;
    let first = eventually("the first order is told", async || log(&shop.app.app, &shop.store).await.pop()).await;
    let mut got = vec![format!("gid://emporia/OrderChange/{}", first.id)];

    let mut socket = resumed(address, &key, &got[0]).await;
    let mut buyers: JoinSet<()> = carts.drain(..30).map(buyer).collect();
    for _ in 0..15 {
        got.push(heard(&mut socket).await);
    }
    drop(socket);
    let mut socket = resumed(address, &key, &got[15]).await;
    for _ in 0..15 {
        got.push(heard(&mut socket).await);
    }
    let last = carts.pop().expect("a cart");
    carts.drain(..3).map(buyer).for_each(|buyer| drop(buyers.spawn(buyer)));
    for _ in 0..3 {
        got.push(heard(&mut socket).await);
    }
    // However fast it is: some are in the middle of their purchase when it ends.
    let mut held = Uncommitted::begin(&shop.app.db.name, "SELECT FROM inventory_levels FOR UPDATE").await;
    carts.drain(..).map(buyer).for_each(|buyer| drop(buyers.spawn(buyer)));
    eventually("a buyer is in the middle", || waiting(&shop.app)).await;
    api.kill();
    eventually("buyers are interrupted", async || (interrupted.load(Ordering::Relaxed) > 0).then_some(())).await;
    held.commit().await;
    let (_api, address) = Process::serve(&settings);
    let mut socket = resumed(address, &key, &got[33]).await;
    moves.send_replace(address);
    while got.len() < 61 {
        got.push(heard(&mut socket).await);
    }
    buyers.join_all().await;
    buyer(last).await;
    got.push(heard(&mut socket).await);
    let log = log(&shop.app.app, &shop.store).await;
    assert_eq!(log.iter().map(|event| event.position).collect::<Vec<_>>(), (1..=62).collect::<Vec<_>>());
    let told: Vec<_> = log.iter().map(|event| format!("gid://emporia/OrderChange/{}", event.id)).collect();
    assert_eq!(got, told);
    println!("{} buyers were interrupted", interrupted.load(Ordering::Relaxed));
}

/// A notice board that loses what it is told of events.
struct Losing(Arc<MemoryShared>);

#[async_trait::async_trait]
impl Shared for Losing {
    async fn get(&self, key: &str) -> Result<Option<String>, Fault> {
        self.0.get(key).await
    }
    async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        self.0.set(key, value, ttl).await
    }
    async fn set_if_absent(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        self.0.set_if_absent(key, value, ttl).await
    }
    async fn note(&self, log: &str, now: i64, window: Duration, most: u64) -> Result<u64, Fault> {
        self.0.note(log, now, window, most).await
    }
    async fn unnote(&self, log: &str) -> Result<(), Fault> {
        self.0.unnote(log).await
    }
    async fn pour(&self, buckets: &[Bucket], used: i64, wanted: u64) -> Result<Poured, Fault> {
        self.0.pour(buckets, used, wanted).await
    }
    async fn remove(&self, key: &str) -> Result<(), Fault> {
        self.0.remove(key).await
    }
    async fn epoch(&self) -> Result<String, Fault> {
        self.0.epoch().await
    }
    async fn publish(&self, notice: &Notice) -> Result<(), Fault> {
        match notice {
            Notice::EventsPublished { .. } => Err(Fault::Cache("gone".to_owned())),
            _ => self.0.publish(notice).await,
        }
    }
    fn subscribe(&self) -> tokio::sync::broadcast::Receiver<Notice> {
        self.0.subscribe()
    }
    fn is_listening(&self) -> bool {
        true
    }
    async fn ping(&self) -> Result<(), Fault> {
        Ok(())
    }
}

#[tokio::test]
async fn a_crash_between_publishing_and_telling_delays_and_loses_nothing() {
    let app = TestApp::new().await;
    let store = app.store("acme").await;
    let mut subscriber = Subscriber::listening(&app.app, &store, "").await;
    let shared = Arc::new(Losing(MemoryShared::new()));
    let crashing = App::assemble(app.db.config(&[]), shared, app.clock.clone(), Entropy::seeded(8));
    append(&app.app, &store, &[Topic::OrdersCreate]).await;
    assert!(worker::drain(&crashing).await.is_err());
    let log = log(&app.app, &store).await;
    assert_eq!(log.last().map(|event| event.topic), Some(Topic::OrdersCreate), "published, but nobody was told");
    // The next worker takes over when the lease has run out.
    app.clock.advance(TimeDelta::seconds(61));
    worker::drain(&app.app).await.expect("a relay");
    assert_eq!(subscriber.event().await["topic"], "ORDERS_CREATE");
}
