//! How often something may be tried: passwords of one account, mails to one address, whatever from one network. A bound for
//! each name, within each window of time, wherever that begins; of one tenant, for all processes through Redis.
//!
//! An attempt is noted when it begins, so that many at once are no more than one after another; one that succeeds strikes
//! out those before it. One that is refused is not noted.
//! What is noted is no truth: where Redis does not answer, each process counts for itself (`emporia_limits_unshared`), and
//! nobody is let in or kept out for good by it.

mod network;

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::cache::{MemoryShared, Shared};
use crate::clock::Clock;
use crate::ids::TenantId;
use crate::metrics::Counter;

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
    /// Attempts that this process counted alone.
    unshared: Counter,
}

impl Attempts {
    pub fn new(shared: Arc<dyn Shared>, clock: Arc<dyn Clock>, unshared: Counter) -> Self {
        Self { shared, own: MemoryShared::new(), clock, unshared }
    }

    /// Counts an attempt at a tenant's, and says whether it is admitted. Of one that is not, nothing may be learnt: not
    /// even whether it would have succeeded.
    pub async fn admit(&self, bound: &Bound, tenant: TenantId, key: &str) -> bool {
        self.note(bound, tenant, key, bound.most).await.is_some_and(|noted| noted < bound.most)
    }

    /// Whether no further attempt would be admitted now.
    pub async fn is_used_up(&self, bound: &Bound, tenant: TenantId, key: &str) -> bool {
        self.note(bound, tenant, key, 0).await.is_none_or(|noted| noted >= bound.most)
    }

    /// Notes an attempt where there were fewer than `most`, and answers how many there were.
    async fn note(&self, bound: &Bound, tenant: TenantId, key: &str, most: u64) -> Option<u64> {
        let (log, now) = (log(bound, tenant, key), self.clock.now().timestamp_millis());
        let noted = match self.shared.note(&log, now, bound.window, most).await {
            Ok(noted) => Ok(noted),
            Err(fault) => {
                tracing::warn!(%fault, name = bound.name, "attempts are counted in this process alone");
                self.unshared.inc();
                self.own.note(&log, now, bound.window, most).await
            }
        };
        noted.ok()
    }

    /// Runs `work` if it is admitted. It counts when it begins; if what it comes to does not count, that is taken back.
    pub async fn counted<T>(
        &self,
        bound: &Bound,
        (tenant, key): (TenantId, &str),
        counts: impl Fn(&T) -> bool,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        if !self.admit(bound, tenant, key).await {
            return None;
        }
        let done = work.await;
        if !counts(&done) {
            self.take_back(bound, tenant, key).await;
        }
        Some(done)
    }

    /// The attempt has succeeded: those before it were the same person's mistakes.
    pub async fn succeeded(&self, bound: &Bound, tenant: TenantId, key: &str) {
        let log = log(bound, tenant, key);
        let counters: [&dyn Shared; 2] = [&*self.shared, &*self.own];
        for counter in counters {
            // One that cannot be told forgets by itself.
            let _ = counter.remove(&log).await;
        }
    }

    /// The attempt does not count after all.
    pub async fn take_back(&self, bound: &Bound, tenant: TenantId, key: &str) {
        let log = log(bound, tenant, key);
        if self.shared.unnote(&log).await.is_err() {
            // Where it was noted as well; one too many is forgotten with its window.
            let _ = self.own.unnote(&log).await;
        }
    }
}

/// Keys are addresses of people: none stands in Redis in clear.
fn log(bound: &Bound, tenant: TenantId, key: &str) -> String {
    let key: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("emporia:{{{tenant}}}:attempts:{}:{key}", bound.name)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::clock::ManualClock;

    const BOUND: Bound = Bound { name: "test", most: 2, window: Duration::from_secs(900) };

    const TENANT: TenantId = TenantId(uuid::Uuid::nil());

    fn attempts() -> (Attempts, Arc<ManualClock>) {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        (Attempts::new(MemoryShared::new(), clock.clone(), Counter::default()), clock)
    }

    #[tokio::test]
    async fn no_more_than_the_bound_are_admitted_within_a_window() {
        let (attempts, _) = attempts();
        for admitted in [true, true, false, false] {
            assert_eq!(attempts.admit(&BOUND, TENANT, "ada").await, admitted);
        }
        assert!(attempts.admit(&BOUND, TENANT, "bob").await, "another key");
        assert!(attempts.admit(&Bound { name: "other", ..BOUND }, TENANT, "ada").await, "another name");
        assert!(attempts.admit(&BOUND, TenantId(uuid::Uuid::max()), "ada").await, "another tenant's");
    }

    #[tokio::test]
    async fn a_window_has_no_end_across_which_there_may_be_more() {
        let (attempts, clock) = attempts();
        for (seconds, admitted) in
            [(0, true), (600, true), (299, false), (1, true), (0, false), (599, false), (1, true)]
        {
            clock.advance(TimeDelta::seconds(seconds));
            assert_eq!(attempts.admit(&BOUND, TENANT, "ada").await, admitted, "{seconds} s later");
        }
    }

    #[tokio::test]
    async fn what_is_taken_back_does_not_count() {
        let (attempts, _) = attempts();
        for _ in 0..5 {
            assert!(attempts.admit(&BOUND, TENANT, "ada").await);
            attempts.take_back(&BOUND, TENANT, "ada").await;
        }
        for admitted in [true, true, false] {
            assert_eq!(attempts.admit(&BOUND, TENANT, "ada").await, admitted);
        }
        // Not below none.
        attempts.take_back(&BOUND, TENANT, "bob").await;
        for admitted in [true, true, false] {
            assert_eq!(attempts.admit(&BOUND, TENANT, "bob").await, admitted);
        }
    }

    #[tokio::test]
    async fn who_succeeds_begins_anew() {
        let (attempts, _) = attempts();
        attempts.admit(&BOUND, TENANT, "ada").await;
        attempts.succeeded(&BOUND, TENANT, "ada").await;
        for admitted in [true, true, false] {
            assert_eq!(attempts.admit(&BOUND, TENANT, "ada").await, admitted);
        }
    }
}
