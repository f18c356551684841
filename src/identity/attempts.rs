//! A bound on guesses: after some wrong passwords for an address, none is looked at for a while, whoever has the address.
//!
//! Counted in this process, and for addresses that are nobody's as well: the refusal says nothing of who there is. This
//! is the one place that decides it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use crate::ids::TenantId;

/// Wrong passwords …
const MAX_FAILED: u32 = 10;
/// … within so long, counted from the first.
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// Addresses that are remembered.
const ENTRIES: usize = 20_000;

/// Counts what went wrong. One per process; cheap to clone.
#[derive(Clone)]
pub struct Attempts(Arc<Cache<Whose, Failed>>);

type Whose = [u8; 32];

#[derive(Clone, Copy)]
struct Failed {
    since: DateTime<Utc>,
    times: u32,
}

fn whose(tenant: TenantId, email: &str) -> Whose {
    Sha256::new().chain_update(tenant.0.as_bytes()).chain_update(email.as_bytes()).finalize().into()
}

impl Default for Attempts {
    fn default() -> Self {
        Self(Arc::new(Cache::new(ENTRIES)))
    }
}

impl Attempts {
    /// Whether a password for this address is looked at.
    pub fn admits(&self, tenant: TenantId, email: &str, now: DateTime<Utc>) -> bool {
        self.lately(&whose(tenant, email), now).is_none_or(|failed| failed.times < MAX_FAILED)
    }

    pub fn failed(&self, tenant: TenantId, email: &str, now: DateTime<Utc>) {
        let whose = whose(tenant, email);
        let before = self.lately(&whose, now).unwrap_or(Failed { since: now, times: 0 });
        self.0.insert(whose, Failed { times: before.times + 1, ..before });
    }

    pub fn succeeded(&self, tenant: TenantId, email: &str) {
        self.0.remove(&whose(tenant, email));
    }

    fn lately(&self, whose: &Whose, now: DateTime<Utc>) -> Option<Failed> {
        self.0.get(whose).filter(|failed| now < failed.since + WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn after_some_wrong_passwords_none_is_looked_at_for_a_while() {
        let (attempts, now) = (Attempts::default(), DateTime::UNIX_EPOCH);
        let [one, other] = [1, 2].map(|n| TenantId(Uuid::from_u128(n)));
        (0..MAX_FAILED).for_each(|_| {
            assert!(attempts.admits(one, "ada@shop.example", now));
            attempts.failed(one, "ada@shop.example", now);
        });
        assert!(!attempts.admits(one, "ada@shop.example", now + WINDOW - TimeDelta::seconds(1)));
        assert!(attempts.admits(one, "ada@shop.example", now + WINDOW));
        assert!(attempts.admits(other, "ada@shop.example", now) && attempts.admits(one, "bob@shop.example", now));
        attempts.succeeded(one, "ada@shop.example");
        assert!(attempts.admits(one, "ada@shop.example", now));
    }
}
