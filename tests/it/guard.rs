//! Who is let in: across processes that share a Redis, and when that Redis is lost.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use diesel_async::SimpleAsyncConnection;
use emporia::app::App;
use emporia::cache::RedisShared;
use emporia::clock::Entropy;
use emporia::tenant::model::KeyKind;
use emporia::tenant::resolve::Refusal;
use emporia::tenant::service::{key_create, key_revoke, tenant_set_suspended};

use crate::support::{Store, TestApp, admin, eventually};

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
    async fn say(&self, command: &[&str]) {
        let mut conn =
            redis::Client::open(self.url()).expect("a URL").get_multiplexed_async_connection().await.expect("Redis");
        let mut said = redis::cmd(command[0]);
        said.arg(&command[1..]);
        let _: redis::Value = said.query_async(&mut conn).await.expect("an answer");
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

#[tokio::test]
async fn a_revoked_key_is_refused_by_every_process() {
    let (_test, _redis, store, first, second) = two_processes().await;
    let (id, key) = key_create(&first.db, &*first.clock, &first.entropy, store.tenant, KeyKind::Secret, "spare")
        .await
        .expect("a key");
    assert!(is_let_in(&first, key.reveal()).await && is_let_in(&second, key.reveal()).await);
    assert!(key_revoke(&first.db, &*first.clock, &first.resolver, id).await.expect("revoked"));
    for app in [&first, &second] {
        eventually("the revoked key is refused", || async { (!is_let_in(app, key.reveal()).await).then_some(()) })
            .await;
        assert!(is_let_in(app, &store.secret).await, "no other key is");
    }
}

#[tokio::test]
async fn a_suspended_tenant_is_refused_by_every_process_until_it_is_resumed() {
    let (_test, _redis, store, first, second) = two_processes().await;
    for suspended in [true, false] {
        tenant_set_suspended(&first.db, &*first.clock, &first.resolver, store.tenant, suspended).await.expect("done");
        for app in [&first, &second] {
            eventually("the change is known", || async {
                (is_let_in(app, &store.secret).await != suspended).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_revocation_beats_a_reader_that_is_about_to_store_what_it_found() {
    let (_test, redis, store, first, second) = two_processes().await;
    let (id, key) = key_create(&first.db, &*first.clock, &first.entropy, store.tenant, KeyKind::Secret, "spare")
        .await
        .expect("a key");
    assert!(key_revoke(&first.db, &*first.clock, &first.resolver, id).await.expect("revoked"));
    // What a slow reader would do now: store the live key it had read before. It stores only if nothing is there.
    let entry = format!("emporia:key:{}", key.hash().hex());
    redis.say(&["SET", &entry, "anything", "NX"]).await;
    assert!(!is_let_in(&second, key.reveal()).await);
}

#[tokio::test]
async fn while_notices_do_not_arrive_nothing_remembered_is_trusted() {
    let (test, redis, store, _first, second) = two_processes().await;
    // Revoked behind everyone's back: no notice, and Redis forgets. Only the process's own memory lets the key in.
    admin(&test.db.name).await.batch_execute("UPDATE platform.api_keys SET revoked_at = now()").await.expect("revoked");
    redis.say(&["FLUSHALL"]).await;
    assert!(is_let_in(&second, &store.secret).await, "remembered for a few seconds");
    redis.say(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    eventually("the memory is emptied", || async { (!is_let_in(&second, &store.secret).await).then_some(()) }).await;
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
