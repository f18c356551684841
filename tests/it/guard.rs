//! Who is let in: across processes that share a Redis, and when that Redis is lost.

use std::future::Future;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use diesel_async::SimpleAsyncConnection;
use emporia::app::App;
use emporia::cache::{MemoryShared, RedisShared};
use emporia::clock::Entropy;
use emporia::http::router::router;
use emporia::tenant::key::ApiKey;
use emporia::tenant::model::KeyKind;
use emporia::tenant::resolve::Refusal;
use emporia::tenant::service::{key_create, key_revoke, tenant_set_suspended};

use tower::ServiceExt;
use uuid::Uuid;

use crate::support::{Socket, Store, TestApp, admin, eventually};

/// A Redis of the test's own, to be broken.
pub struct OwnRedis {
    server: Child,
    port: u16,
}

impl OwnRedis {
    pub async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let it = Self { server: Self::spawn(port), port };
        eventually("Redis answers", || async { RedisShared::connect(&it.url()).await.ok() }).await;
        it
    }

    fn spawn(port: u16) -> Child {
        Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server")
    }

    /// Takes it away, with everything it knows.
    pub fn stop(&mut self) {
        self.server.kill().expect("a process of our own");
        self.server.wait().expect("its end");
    }

    /// Starts it anew, in the same place, with nothing.
    pub fn start_again(&mut self) {
        self.server = Self::spawn(self.port);
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends a command on a connection of its own.
    async fn say(&self, command: &[&str]) -> redis::Value {
        let mut conn =
            redis::Client::open(self.url()).expect("a URL").get_multiplexed_async_connection().await.expect("Redis");
        let mut said = redis::cmd(command[0]);
        said.arg(&command[1..]);
        said.query_async(&mut conn).await.expect("an answer")
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A further process on the same database.
async fn process(test: &TestApp, redis: &OwnRedis) -> App {
    let shared = RedisShared::connect(&redis.url()).await.expect("Redis");
    App::assemble((*test.app.config).clone(), shared, test.clock.clone(), Entropy::seeded(9))
}

async fn is_let_in(app: &App, key: &str) -> bool {
    match app.resolver.by_key(key).await {
        Ok(_) => true,
        Err(Refusal::Unknown | Refusal::Suspended) => false,
        Err(other) => panic!("{other}"),
    }
}

async fn two_processes() -> (TestApp, OwnRedis, Store, App, App) {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let redis = OwnRedis::start().await;
    let (first, second) = (process(&test, &redis).await, process(&test, &redis).await);
    for app in [&first, &second] {
        assert!(is_let_in(app, &store.secret).await, "and both know the key from now on");
    }
    (test, redis, store, first, second)
}

/// A further key of the store, which both processes know.
async fn spare_key(store: &Store, apps: [&App; 2]) -> (Uuid, ApiKey) {
    let [app, _] = apps;
    let made = key_create(&app.db, &*app.clock, &app.entropy, store.tenant, KeyKind::Secret, "spare").await;
    let (id, key) = made.expect("a key");
    for app in apps {
        assert!(is_let_in(app, key.reveal()).await);
    }
    (id, key)
}

async fn revoke(app: &App, id: Uuid) {
    assert!(key_revoke(&app.db, &*app.clock, &app.resolver, id).await.expect("revoked"));
}

/// What the process answers over HTTP to a key.
async fn status(api: &Router, key: &str) -> StatusCode {
    let request = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("x-api-key", key)
        .body(Body::from(r#"{"query":"{ __typename }"}"#))
        .expect("a request");
    api.clone().oneshot(request).await.expect("an answer").status()
}

/// Panics unless it comes true within the second that is promised. What a process remembers lasts longer.
async fn within_a_second<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    let since = Instant::now();
    eventually(what, || {
        let checked = check();
        async { checked.await.then_some(()) }
    })
    .await;
    assert!(since.elapsed() < Duration::from_secs(1), "{what} after {:?}", since.elapsed());
}

#[tokio::test]
async fn a_revoked_key_is_refused_by_every_process() {
    let (_test, _redis, store, first, second) = two_processes().await;
    let (id, key) = spare_key(&store, [&first, &second]).await;
    let apis = [&first, &second].map(|app| router(app.clone()));
    revoke(&first, id).await;
    for api in &apis {
        within_a_second("401", || async { status(api, key.reveal()).await == StatusCode::UNAUTHORIZED }).await;
        assert_eq!(status(api, &store.secret).await, StatusCode::OK, "no other key is refused");
    }
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_by_every_process_until_it_is_resumed() {
    let (_test, _redis, store, first, second) = two_processes().await;
    let apis = [&first, &second].map(|app| router(app.clone()));
    for (suspended, expected) in [(true, StatusCode::FORBIDDEN), (false, StatusCode::OK)] {
        tenant_set_suspended(&first.db, &*first.clock, &first.resolver, store.tenant, suspended).await.expect("done");
        for api in &apis {
            within_a_second("the change", || async { status(api, &store.secret).await == expected }).await;
        }
    }
}

/// `emporia key revoke` beside `serve --single-process`: they share the database and nothing else.
#[tokio::test]
async fn without_redis_another_processs_revocation_is_known_within_a_second() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let command =
        App::assemble((*test.app.config).clone(), MemoryShared::new(), test.clock.clone(), Entropy::seeded(9));
    let (id, key) = spare_key(&store, [&command, &test.app]).await;
    let (server, api) = (test.serve().await, test.router());
    let mut socket = Socket::with_key(&server, key.reveal()).await;
    revoke(&command, id).await;
    let since = Instant::now();
    within_a_second("401", || async { status(&api, key.reveal()).await == StatusCode::UNAUTHORIZED }).await;
    assert_eq!(socket.closed().await.0, 4403);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    let suspend = tenant_set_suspended(&command.db, &*command.clock, &command.resolver, store.tenant, true);
    suspend.await.expect("suspended");
    within_a_second("403", || async { status(&api, &store.secret).await == StatusCode::FORBIDDEN }).await;
}

#[tokio::test]
async fn a_revocation_beats_a_reader_that_is_about_to_store_what_it_found() {
    let (_test, redis, store, first, second) = two_processes().await;
    let (id, key) = spare_key(&store, [&first, &second]).await;
    let entries = redis.say(&["KEYS", &format!("emporia:*:key:{}", key.hash().hex())]).await;
    let [entry]: [String; 1] = redis::from_redis_value(entries).expect("one entry");
    let live: String = redis::from_redis_value(redis.say(&["GET", &entry]).await).expect("the live key");
    revoke(&first, id).await;
    // What a slow reader would do now: store the live key it had read before. It stores only if nothing is there.
    redis.say(&["SET", &entry, &live, "NX"]).await;
    within_a_second("refusal", || async { !is_let_in(&second, key.reveal()).await }).await;
}

#[tokio::test]
async fn notices_that_were_missed_are_made_up_for() {
    let (test, redis, store, _first, second) = two_processes().await;
    // Revoked behind everyone's back: no notice, and Redis forgets. Only the process's own memory lets the key in.
    admin(&test.db.name).await.batch_execute("UPDATE platform.api_keys SET revoked_at = now()").await.expect("revoked");
    redis.say(&["FLUSHALL"]).await;
    assert!(is_let_in(&second, &store.secret).await, "remembered for a few seconds");
    redis.say(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    within_a_second("refusal", || async { !is_let_in(&second, &store.secret).await }).await;
}

#[tokio::test]
async fn a_redis_that_hangs_is_noticed_and_delays_nobody_for_long() {
    let (_test, redis, store, first, second) = two_processes().await;
    redis.say(&["CLIENT", "PAUSE", "60000"]).await;
    let since = Instant::now();
    eventually("the process notices", || async { (!first.shared.is_listening()).then_some(()) }).await;
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    eventually("the other too", || async { (!second.shared.is_listening()).then_some(()) }).await;
    let since = Instant::now();
    for _ in 0..20 {
        assert!(is_let_in(&first, &store.secret).await);
        // Persisted queries ask Redis whatever is heard of it.
        assert!(first.shared.get("anything").await.is_err());
    }
    assert!(since.elapsed() < Duration::from_secs(2), "one of them waits, not all: {:?}", since.elapsed());
}

#[tokio::test]
async fn a_revocation_that_redis_does_not_take_says_so() {
    let (_test, redis, store, first, second) = two_processes().await;
    let (id, key) = spare_key(&store, [&first, &second]).await;
    let apis = [&first, &second].map(|app| router(app.clone()));
    drop(redis);
    let error = key_revoke(&first.db, &*first.clock, &first.resolver, id).await.expect_err("nobody was told");
    let error = error.to_string();
    assert!(error.starts_with("revoked, but not yet known everywhere"), "{error}");
    for api in &apis {
        within_a_second("401", || async { status(api, key.reveal()).await == StatusCode::UNAUTHORIZED }).await;
    }
}

#[tokio::test]
async fn two_databases_on_one_redis_know_their_own_shops() {
    let (_test, redis, store, first, _second) = two_processes().await;
    let other = TestApp::new().await;
    // Made in the same order, tenants of two tests would have the same ids.
    other.store("earlier").await;
    let others = other.store("acme").await;
    assert_ne!(store.tenant, others.tenant);
    let beside = process(&other, &redis).await;
    for (app, store) in [(&first, &store), (&beside, &others)] {
        let found = app.resolver.by_handle("acme").await.expect("a shop");
        assert_eq!(found.standing.id, store.tenant);
    }
}

#[tokio::test]
async fn readiness_is_lost_with_redis_and_liveness_is_not() {
    let (_test, redis, _store, first, _second) = two_processes().await;
    let api = router(first.clone());
    let get = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        api.clone().oneshot(request).await.expect("an answer").status()
    };
    assert_eq!(get("/readyz").await, StatusCode::OK);
    drop(redis);
    assert_eq!(get("/readyz").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get("/livez").await, StatusCode::OK);
}

#[tokio::test]
async fn without_redis_keys_are_still_checked_against_the_database() {
    let (_test, redis, store, first, _second) = two_processes().await;
    drop(redis);
    eventually("the process notices", || async { (!first.shared.is_listening()).then_some(()) }).await;
    assert!(is_let_in(&first, &store.secret).await);
}

#[tokio::test]
async fn a_public_read_finds_its_shop_by_the_host() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let found = test.app.resolver.by_handle("acme").await.expect("a shop");
    assert_eq!(found.standing.id, store.tenant);
    assert!(!found.access.is_merchant());
    assert!(matches!(test.app.resolver.by_handle("nobody").await, Err(Refusal::Missing)));
}
