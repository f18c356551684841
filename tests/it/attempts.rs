//! How attempts are counted by several processes, and by each for itself.

use std::time::Duration;

use emporia::attempts::{Attempts, Bound};
use emporia::cache::RedisShared;
use emporia::clock::ManualClock;
use emporia::ids::TenantId;
use emporia::metrics::Counter;

use crate::guard::OwnRedis;
use crate::support::{redis_url, start};

const TENANT: TenantId = TenantId(uuid::Uuid::nil());
const BOUND: Bound = Bound { name: "test", most: 3, window: Duration::from_secs(900) };

#[tokio::test]
async fn processes_count_together_and_each_for_itself_while_redis_is_away() {
    let mut redis = OwnRedis::start().await;
    let clock = ManualClock::new(start());
    let connect = async || RedisShared::connect(&redis.url()).await.expect("Redis");
    let [one, other] =
        [connect().await, connect().await].map(|shared| Attempts::new(shared, clock.clone(), Counter::default()));
    for (process, admitted) in [(&one, true), (&other, true), (&one, true), (&other, false), (&one, false)] {
        assert_eq!(process.admit(&BOUND, TENANT, "ada").await, admitted);
    }
    other.succeeded(&BOUND, TENANT, "ada").await;
    assert!(one.admit(&BOUND, TENANT, "ada").await);
    redis.stop();
    for process in [&one, &other] {
        for admitted in [true, true, true, false] {
            assert_eq!(process.admit(&BOUND, TENANT, "ada").await, admitted, "alone");
        }
    }
}

#[tokio::test]
async fn what_one_process_takes_back_does_not_count_in_another() {
    let mut redis = OwnRedis::start().await;
    let clock = ManualClock::new(start());
    let connect = async || RedisShared::connect(&redis.url()).await.expect("Redis");
    let [one, other] =
        [connect().await, connect().await].map(|shared| Attempts::new(shared, clock.clone(), Counter::default()));
    // Of what was never counted, nothing can be taken back.
    one.take_back(&BOUND, TENANT, "bob").await;
    for _ in 0..5 {
        assert!(one.admit(&BOUND, TENANT, "ada").await);
        other.take_back(&BOUND, TENANT, "ada").await;
    }
    for key in ["ada", "bob"] {
        for (process, admitted) in [(&one, true), (&other, true), (&one, true), (&other, false)] {
            assert_eq!(process.admit(&BOUND, TENANT, key).await, admitted, "{key}");
        }
    }
    redis.stop();
    for admitted in [true, true, true, false] {
        assert_eq!(one.admit(&BOUND, TENANT, "ada").await, admitted, "alone");
    }
    one.take_back(&BOUND, TENANT, "ada").await;
    one.take_back(&BOUND, TENANT, "ada").await;
    assert!(one.admit(&BOUND, TENANT, "ada").await, "where it was counted, it is taken back");
}

#[tokio::test]
async fn a_window_in_redis_slides_and_its_log_goes_with_it() {
    // Another process's clock: nobody else's log is touched.
    let shared = RedisShared::connect(&redis_url()).await.expect("Redis");
    let clock = ManualClock::new(start());
    let (attempts, tenant) = (Attempts::new(shared, clock.clone(), Counter::default()), TenantId(uuid::Uuid::now_v7()));
    for (seconds, admitted) in
        [(0, true), (300, true), (300, true), (299, false), (1, true), (0, false), (299, false), (1, true), (0, false)]
    {
        clock.advance(chrono::TimeDelta::seconds(seconds));
        assert_eq!(attempts.admit(&BOUND, tenant, "ada").await, admitted, "{seconds} s later");
    }
    let client = redis::Client::open(redis_url()).expect("a client");
    let mut redis = client.get_multiplexed_async_connection().await.expect("Redis");
    let pattern = format!("emporia:{{{tenant}}}:attempts:test:*");
    let logs: Vec<String> = redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await.expect("keys");
    assert_eq!(logs.len(), 1, "{logs:?}");
    let left: i64 = redis::cmd("PTTL").arg(&logs[0]).query_async(&mut redis).await.expect("its end");
    assert!((1..=900_000).contains(&left), "{left}");
}
