//! Who is let in: across processes that share a Redis, and when that Redis is lost.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use diesel_async::SimpleAsyncConnection;
use emporia::api_key::key::ApiKey;
use emporia::api_key::model::{KeyKind, NewKey};
use emporia::api_key::service::{key_create, key_revoke};
use emporia::app::App;
use emporia::cache::{MemoryShared, RedisShared};
use emporia::clock::Entropy;
use emporia::http::router::router;
use emporia::tenant::resolve::Refusal;
use emporia::tenant::service::tenant_set_suspended;
use sha2::{Digest, Sha256};
use tower::ServiceExt;
use uuid::Uuid;

use crate::support::{Socket, Store, TestApp, admin, dropped_after, eventually, settled, steady_port};
use crate::tenancy::count;

/// A Redis of the test's own, to be broken.
pub struct OwnRedis {
    server: Child,
    port: u16,
    dir: PathBuf,
}

impl OwnRedis {
    pub async fn start() -> Self {
        let port = steady_port();
        let dir = std::env::temp_dir().join(format!("emporia-redis-{port}"));
        std::fs::create_dir_all(&dir).expect("a directory");
        let it = Self { server: Self::spawn(port, &dir), port, dir };
        eventually("Redis answers", || async { RedisShared::connect(&it.url()).await.ok() }).await;
        it
    }

    fn spawn(port: u16, dir: &Path) -> Child {
        Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string(), "--dir"])
            .arg(dir)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server")
    }

    /// Takes it away, with everything it knows.
    pub fn stop(&mut self) {
        self.server.kill().expect("a process of our own");
        self.server.wait().expect("its end");
    }

    /// Starts it anew, in the same place, with nothing but what a `SAVE` has written.
    pub fn start_again(&mut self) {
        self.server = Self::spawn(self.port, &self.dir);
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends a command on a connection of its own.
    pub async fn say(&self, command: &[&str]) -> redis::Value {
        let mut conn =
            redis::Client::open(self.url()).expect("a URL").get_multiplexed_async_connection().await.expect("Redis");
        let mut said = redis::cmd(command[0]);
        said.arg(&command[1..]);
        said.query_async(&mut conn).await.expect("an answer")
    }

    pub async fn text(&self, command: &[&str]) -> String {
        redis::from_redis_value(self.say(command).await).expect("a text")
    }

    /// The name of the guard's newest entry of this kind and id.
    pub async fn entry(&self, of: &str) -> String {
        let epoch = self.text(&["GET", "emporia:epoch"]).await;
        let entries = self.say(&["KEYS", &format!("emporia:*:{epoch}:{of}")]).await;
        let [entry]: [String; 1] = redis::from_redis_value(entries).expect("one entry");
        entry
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A further process on the same database.
async fn process(test: &TestApp, redis: &OwnRedis) -> App {
    test.beside(&redis.url(), 9).await
}

pub async fn is_let_in(app: &App, key: &str) -> bool {
    match app.resolver.by_key(key).await {
        Ok(_) => true,
        Err(Refusal::Unknown | Refusal::Suspended) => false,
        Err(other) => panic!("{other}"),
    }
}

pub async fn two_processes() -> (TestApp, OwnRedis, Store, App, App) {
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
pub async fn spare_key(store: &Store, apps: [&App; 2]) -> (Uuid, ApiKey) {
    let [app, _] = apps;
    let made =
        key_create(&app.db, &*app.clock, &app.entropy, store.tenant, &NewKey::unlimited(KeyKind::Secret, "spare"))
            .await;
    let (info, key) = made.expect("a key");
    let id = info.id;
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
pub async fn within_a_second<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
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
    let entry = redis.entry(&format!("key:{}", key.hash().hex())).await;
    let live = redis.text(&["GET", &entry]).await;
    revoke(&first, id).await;
    // What a slow reader would do now: store the live key it had read before. It stores only if nothing is there.
    redis.say(&["SET", &entry, &live, "NX"]).await;
    within_a_second("refusal", || async { !is_let_in(&second, key.reveal()).await }).await;
}

#[tokio::test]
async fn a_suspension_beats_a_reader_that_is_about_to_store_what_it_found() {
    let (_test, redis, store, first, second) = two_processes().await;
    let entry = redis.entry(&format!("tenant:{}", store.tenant)).await;
    let active = redis.text(&["GET", &entry]).await;
    tenant_set_suspended(&first.db, &*first.clock, &first.resolver, store.tenant, true).await.expect("suspended");
    redis.say(&["SET", &entry, &active, "NX"]).await;
    within_a_second("refusal", || async { !is_let_in(&second, &store.secret).await }).await;
}

/// Told in any order, the database has the last word.
#[tokio::test]
async fn changes_that_race_end_as_the_database_has_it() {
    let (test, redis, store, first, second) = two_processes().await;
    for round in 0..20 {
        let [set, unset] = [(&first, true), (&second, false)]
            .map(|(app, suspended)| tenant_set_suspended(&app.db, &*app.clock, &app.resolver, store.tenant, suspended));
        let (set, unset) = tokio::join!(set, unset);
        set.and(unset).expect("both are done");
        let active = "SELECT count(*) AS n FROM platform.tenants WHERE status = 'ACTIVE'";
        let active = count(&mut admin(&test.db.name).await, active).await == 1;
        // One that remembers nothing goes by what the other two have left behind.
        for app in [&process(&test, &redis).await, &first, &second] {
            within_a_second(&format!("the outcome of round {round}"), || async {
                is_let_in(app, &store.secret).await == active
            })
            .await;
        }
    }
}

/// A process may end anywhere, between the commit of a revocation and its announcement too.
#[tokio::test]
async fn a_revocation_that_is_broken_off_is_one_or_is_none() {
    let (test, redis, store, first, second) = two_processes().await;
    for polls in 1.. {
        let (id, key) = spare_key(&store, [&first, &second]).await;
        let finished = dropped_after(polls, key_revoke(&first.db, &*first.clock, &first.resolver, id)).await;
        settled(&test.db.name).await;
        let live = format!("SELECT count(*) AS n FROM platform.api_keys WHERE id = '{id}' AND revoked_at IS NULL");
        let live = count(&mut admin(&test.db.name).await, &live).await == 1;
        let third = process(&test, &redis).await;
        assert_eq!(is_let_in(&third, key.reveal()).await, live, "after {polls} poll(s)");
        // Whoever knew the key, too: also where nobody is left to tell of it.
        within_a_second("the other process knows", || async { is_let_in(&second, key.reveal()).await == live }).await;
        if finished {
            assert!(polls > 3 && !live, "finished at poll {polls}");
            return;
        }
    }
}

#[tokio::test]
async fn a_redis_that_starts_from_an_old_snapshot_revives_no_key() {
    let (_test, mut redis, store, first, second) = two_processes().await;
    let (id, key) = spare_key(&store, [&first, &second]).await;
    redis.say(&["SAVE"]).await;
    revoke(&first, id).await;
    redis.stop();
    redis.start_again();
    for app in [&first, &second] {
        eventually("notices arrive again", || async { app.shared.is_listening().then_some(()) }).await;
        assert!(!is_let_in(app, key.reveal()).await);
        assert!(is_let_in(app, &store.secret).await);
    }
}

#[tokio::test]
async fn what_redis_keeps_it_keeps_for_five_minutes() {
    let (_test, redis, store, first, _second) = two_processes().await;
    let hash = ApiKey::parse(&store.secret).expect("a key").hash().hex();
    let lasts = async |entry: &str| {
        let entry = redis.entry(entry).await;
        let left: u64 = redis::from_redis_value(redis.say(&["PTTL", &entry]).await).expect("milliseconds");
        assert!((290_000..=300_000).contains(&left), "{entry}: {left} ms");
    };
    lasts(&format!("key:{hash}")).await;
    lasts(&format!("tenant:{}", store.tenant)).await;
    tenant_set_suspended(&first.db, &*first.clock, &first.resolver, store.tenant, true).await.expect("suspended");
    lasts(&format!("tenant:{}", store.tenant)).await;
}

#[tokio::test]
async fn a_key_is_stored_as_its_sha_256_and_nowhere_in_clear() {
    let test = TestApp::new().await;
    let store = test.store("acme").await;
    let mut admin = admin(&test.db.name).await;
    for key in [&store.publishable, &store.secret] {
        let hash: String = Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let stored = format!("SELECT count(*) AS n FROM platform.api_keys WHERE hash = '\\x{hash}'");
        assert_eq!(count(&mut admin, &stored).await, 1);
        let (_, secret) = key.split_at(4);
        let shown = format!("SELECT count(*) AS n FROM platform.api_keys k WHERE k::text LIKE '%{}%'", &secret[..8]);
        assert_eq!(count(&mut admin, &shown).await, 0);
    }
}

#[tokio::test]
async fn behind_a_redis_that_hangs_a_revocation_is_known_within_a_second() {
    let (test, redis, store, first, second) = two_processes().await;
    let mut admin = admin(&test.db.name).await;
    redis.say(&["CLIENT", "PAUSE", "60000"]).await;
    admin.batch_execute("UPDATE platform.api_keys SET revoked_at = now()").await.expect("revoked");
    let since = Instant::now();
    for app in [&first, &second] {
        eventually("refusal", || async { (!is_let_in(app, &store.secret).await).then_some(()) }).await;
        assert!(since.elapsed() < Duration::from_secs(1), "after {:?}", since.elapsed());
    }
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
    assert_eq!(found.grants, emporia::access::Grants::Nothing);
    assert!(matches!(test.app.resolver.by_handle("nobody").await, Err(Refusal::Missing)));
}
