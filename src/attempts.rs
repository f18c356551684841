//! How often something may be tried: passwords of one account, mails to one address, whatever from one network. A bound for each name, counted per
//! key, in windows of the clock that all processes share through Redis.
//!
//! An attempt counts when it begins, so that many at once are no more than one after another; one that succeeds takes the
//! count back. What is counted is no truth: where Redis does not answer, each process counts for itself, and nobody is
//! let in or kept out for good by it. A window that ends forgets, so across its end there may be twice as many.

mod network;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::cache::{MemoryShared, Shared};
use crate::clock::Clock;

pub use self::network::Network;

/// How many attempts are admitted within a window.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// What is counted: part of the entry's name, so different for different things.
    pub name: &'static str,
    pub most: u64,
    pub window: Duration,
}

/// Counts attempts. One per process; cheap to clone.
#[derive(Clone)]
pub struct Attempts {
    shared: Arc<dyn Shared>,
    /// Counts where the other does not answer.
    own: Arc<MemoryShared>,
    clock: Arc<dyn Clock>,
}

impl Attempts {
    pub fn new(shared: Arc<dyn Shared>, clock: Arc<dyn Clock>) -> Self {
        Self { shared, own: MemoryShared::new(), clock }
    }

    /// Counts an attempt, and says whether it is admitted. Of one that is not, nothing may be learnt: not even whether
    /// it would have succeeded.
    pub async fn admit(&self, bound: &Bound, key: &str) -> bool {
        let entry = self.entry(bound, key);
        // Kept for longer than the window: which window it is says the name.
        let kept = bound.window * 2;
        let count = match self.shared.count(&entry, kept).await {
            Ok(count) => Ok(count),
            Err(fault) => {
                tracing::warn!(%fault, name = bound.name, "attempts are counted in this process alone");
                self.own.count(&entry, kept).await
            }
        };
        count.is_ok_and(|count| count <= bound.most)
    }

    /// The attempt has succeeded: those before it were the same person's mistakes.
    pub async fn succeeded(&self, bound: &Bound, key: &str) {
        let entry = self.entry(bound, key);
        let counters: [&dyn Shared; 2] = [&*self.shared, &*self.own];
        for counter in counters {
            // One that cannot be told forgets by itself.
            let _ = counter.remove(&entry).await;
        }
    }

    /// The attempt does not count after all.
    pub async fn take_back(&self, bound: &Bound, key: &str) {
        let (entry, kept) = (self.entry(bound, key), bound.window * 2);
        if self.shared.uncount(&entry, kept).await.is_err() {
            // Where it was counted as well; a count too many forgets itself with the window.
            let _ = self.own.uncount(&entry, kept).await;
        }
    }

    /// Keys are addresses of people: none stands in Redis in clear.
    fn entry(&self, bound: &Bound, key: &str) -> String {
        let seconds = i64::try_from(bound.window.as_secs().max(1)).unwrap_or(i64::MAX);
        let window = self.clock.now().timestamp() / seconds;
        let key: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("emporia:attempts:{}:{window}:{key}", bound.name)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::clock::ManualClock;

    const BOUND: Bound = Bound { name: "test", most: 2, window: Duration::from_secs(900) };

    fn attempts() -> (Attempts, Arc<ManualClock>) {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        (Attempts::new(MemoryShared::new(), clock.clone()), clock)
    }

    #[tokio::test]
    async fn no_more_than_the_bound_are_admitted_within_a_window() {
        let (attempts, clock) = attempts();
        for admitted in [true, true, false, false] {
            assert_eq!(attempts.admit(&BOUND, "ada").await, admitted);
        }
        assert!(attempts.admit(&BOUND, "bob").await, "another key");
        assert!(attempts.admit(&Bound { name: "other", ..BOUND }, "ada").await, "another name");
        clock.advance(TimeDelta::seconds(900));
        assert!(attempts.admit(&BOUND, "ada").await, "another window");
    }

    #[tokio::test]
    async fn what_is_taken_back_does_not_count() {
        let (attempts, _) = attempts();
        for _ in 0..5 {
            assert!(attempts.admit(&BOUND, "ada").await);
            attempts.take_back(&BOUND, "ada").await;
        }
        for admitted in [true, true, false] {
            assert_eq!(attempts.admit(&BOUND, "ada").await, admitted);
        }
        // Not below none.
        attempts.take_back(&BOUND, "bob").await;
        for admitted in [true, true, false] {
            assert_eq!(attempts.admit(&BOUND, "bob").await, admitted);
        }
    }

    #[tokio::test]
    async fn who_succeeds_begins_anew() {
        let (attempts, _) = attempts();
        attempts.admit(&BOUND, "ada").await;
        attempts.succeeded(&BOUND, "ada").await;
        for admitted in [true, true, false] {
            assert_eq!(attempts.admit(&BOUND, "ada").await, admitted);
        }
    }
}
