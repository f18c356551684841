//! How attempts are counted by several processes, and by each for itself.

use std::time::Duration;

use emporia::attempts::{Attempts, Bound};
use emporia::cache::RedisShared;
use emporia::clock::ManualClock;

use crate::guard::OwnRedis;
use crate::support::start;

const BOUND: Bound = Bound { name: "test", most: 3, window: Duration::from_secs(900) };

#[tokio::test]
async fn processes_count_together_and_each_for_itself_while_redis_is_away() {
    let mut redis = OwnRedis::start().await;
    let clock = ManualClock::new(start());
    let connect = async || RedisShared::connect(&redis.url()).await.expect("Redis");
    let [one, other] = [connect().await, connect().await].map(|shared| Attempts::new(shared, clock.clone()));
    for (process, admitted) in [(&one, true), (&other, true), (&one, true), (&other, false), (&one, false)] {
        assert_eq!(process.admit(&BOUND, "ada").await, admitted);
    }
    other.succeeded(&BOUND, "ada").await;
    assert!(one.admit(&BOUND, "ada").await);
    redis.stop();
    for process in [&one, &other] {
        for admitted in [true, true, true, false] {
            assert_eq!(process.admit(&BOUND, "ada").await, admitted, "alone");
        }
    }
}

#[tokio::test]
async fn what_one_process_takes_back_does_not_count_in_another() {
    let mut redis = OwnRedis::start().await;
    let clock = ManualClock::new(start());
    let connect = async || RedisShared::connect(&redis.url()).await.expect("Redis");
    let [one, other] = [connect().await, connect().await].map(|shared| Attempts::new(shared, clock.clone()));
    // Of what was never counted, nothing can be taken back.
    one.take_back(&BOUND, "bob").await;
    for _ in 0..5 {
        assert!(one.admit(&BOUND, "ada").await);
        other.take_back(&BOUND, "ada").await;
    }
    for key in ["ada", "bob"] {
        for (process, admitted) in [(&one, true), (&other, true), (&one, true), (&other, false)] {
            assert_eq!(process.admit(&BOUND, key).await, admitted, "{key}");
        }
    }
    redis.stop();
    for admitted in [true, true, true, false] {
        assert_eq!(one.admit(&BOUND, "ada").await, admitted, "alone");
    }
    one.take_back(&BOUND, "ada").await;
    one.take_back(&BOUND, "ada").await;
    assert!(one.admit(&BOUND, "ada").await, "where it was counted, it is taken back");
}
