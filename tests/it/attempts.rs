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
