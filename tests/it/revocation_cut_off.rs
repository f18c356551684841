//! A revocation by a process whose way to Redis breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use emporia::api_key::service::key_revoke;
use emporia::app::App;
use emporia::cache::{Bucket, Notice, Poured, RedisShared, Shared};
use emporia::clock::Entropy;
use emporia::error::Fault;
use tokio::sync::broadcast;

use crate::guard::{is_let_in, spare_key, two_processes, within_a_second};
use crate::support::admin;
use crate::tenancy::count;

/// Redis for a process that gets no answer to the first thing it says, and none to anything after a revocation has
/// been committed.
struct CutOff {
    redis: Arc<dyn Shared>,
    database: String,
    has_spoken: AtomicBool,
}

impl CutOff {
    async fn answers(&self) -> Result<(), Fault> {
        let revoked = "SELECT count(*) AS n FROM platform.api_keys WHERE revoked_at IS NOT NULL";
        let is_first = !AtomicBool::swap(&self.has_spoken, true, Ordering::Relaxed);
        if is_first || count(&mut admin(&self.database).await, revoked).await > 0 {
            return Err(Fault::Cache("cut off".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Shared for CutOff {
    async fn get(&self, key: &str) -> Result<Option<String>, Fault> {
        self.redis.get(key).await
    }

    async fn set(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        self.answers().await?;
        self.redis.set(key, value, ttl).await
    }

    async fn set_if_absent(&self, key: &str, value: &str, ttl: Duration) -> Result<(), Fault> {
        self.redis.set_if_absent(key, value, ttl).await
    }

    async fn note(&self, log: &str, now: i64, window: Duration, most: u64) -> Result<u64, Fault> {
        self.redis.note(log, now, window, most).await
    }
    async fn unnote(&self, log: &str) -> Result<(), Fault> {
        self.redis.unnote(log).await
    }
    async fn pour(&self, buckets: &[Bucket], used: i64, wanted: u64) -> Result<Poured, Fault> {
        self.redis.pour(buckets, used, wanted).await
    }
    async fn remove(&self, key: &str) -> Result<(), Fault> {
        self.redis.remove(key).await
    }

    async fn epoch(&self) -> Result<String, Fault> {
        self.redis.epoch().await
    }

    async fn publish(&self, notice: &Notice) -> Result<(), Fault> {
        self.answers().await?;
        self.redis.publish(notice).await
    }

    fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.redis.subscribe()
    }

    fn is_listening(&self) -> bool {
        self.redis.is_listening()
    }

    async fn ping(&self) -> Result<(), Fault> {
        self.redis.ping().await
    }
}

#[tokio::test]
async fn a_revocation_is_marked_although_redis_is_silent_for_a_moment_before_it_and_for_good_after_it() {
    let (test, redis, store, _first, second) = two_processes().await;
    let shared = Arc::new(CutOff {
        redis: RedisShared::connect(&redis.url()).await.expect("Redis"),
        database: test.db.name.clone(),
        has_spoken: AtomicBool::new(false),
    });
    let first = App::assemble((*test.app.config).clone(), shared, test.clock.clone(), Entropy::seeded(11));
    let (id, key) = spare_key(&store, [&first, &second]).await;
    let told = key_revoke(&first.db, &*first.clock, &first.resolver, id).await.expect_err("nobody could be told");
    assert!(told.to_string().contains("revoked, but not yet known everywhere"), "{told}");
    within_a_second("whoever asks from now on", || async { !is_let_in(&second, key.reveal()).await }).await;
    assert!(is_let_in(&second, &store.secret).await);
}
