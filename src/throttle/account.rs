//! What a process lets in on account.
//!
//! It knows how full a bucket was when it last heard, which is after each of its own operations. As long as that is half at
//! most, it lets in without asking what comes to a twentieth of the bucket together, and pours it once it is known what was
//! used, whether it fits or not. Where more is wanted, Redis is asked. So that of so many processes each may have let in a
//! twentieth more than there was room for, which has to leak before Redis lets anybody in again: from an empty bucket on, a
//! client uses within a time T at most what the bucket holds, what leaks from it in T, and a twentieth of it for each process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use crate::cache::Bucket;
use crate::ids::TenantId;

/// The part of a bucket that a process may let in without having heard of it.
const ON_ACCOUNT: u64 = 20;
/// Tenants are told apart by as many locks.
const SHARDS: u128 = 64;
/// Fewer than these are never swept.
const SWEEP_AT: usize = 1_000;

/// Of all tenants.
pub struct Accounts(Vec<Mutex<Shard>>);

#[derive(Default)]
struct Shard {
    by_key: HashMap<String, Account>,
    sweep_at: usize,
}

/// What is known of a bucket. In thousandths of points, and milliseconds.
#[derive(Clone, Copy, Default)]
struct Account {
    /// How full it was.
    level: u64,
    /// When that was, and when all of it will have leaked.
    at: i64,
    empty_at: i64,
    /// What was let in on account and has not been poured.
    outstanding: i64,
    /// Of a client's own bucket: what is to be poured into it and into those that go with it.
    due: Due,
    /// Somebody is at it.
    is_pouring: bool,
}

/// What is to be poured, in thousandths of points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Was used on account.
    used: i64,
    /// Was poured before and not used. It is not there for anybody before it has been taken out: else it would be used twice.
    unused: i64,
}

impl Due {
    /// Less than none is taken out.
    pub fn net(self) -> i64 {
        self.used.saturating_sub(self.unused)
    }

    fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

impl Account {
    fn level(&self, bucket: &Bucket, now: i64) -> u64 {
        bucket.leaked(self.level, u64::try_from(now - self.at).unwrap_or_default())
    }

    fn admits(&self, bucket: &Bucket, wanted: u64, now: i64) -> bool {
        let owed = u64::try_from(self.outstanding).unwrap_or_default().saturating_add(wanted);
        let level = self.level(bucket, now).saturating_add(owed);
        owed <= bucket.capacity() / ON_ACCOUNT && level <= bucket.capacity() / 2
    }

    fn is_idle(&self, now: i64) -> bool {
        self.empty_at <= now && self.outstanding == 0 && self.due.is_nothing() && !self.is_pouring
    }
}

impl Shard {
    fn get(&self, bucket: &Bucket) -> Account {
        self.by_key.get(&bucket.key).copied().unwrap_or_default()
    }

    fn change(&mut self, bucket: &Bucket, now: i64, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.by_key.get_mut(&bucket.key) {
            return change(account);
        }
        if self.by_key.len() >= self.sweep_at.max(SWEEP_AT) {
            self.by_key.retain(|_, account| !account.is_idle(now));
            self.sweep_at = 2 * self.by_key.len();
        }
        change(self.by_key.entry(bucket.key.clone()).or_default());
    }
}

impl Default for Accounts {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }
}

impl Accounts {
    fn shard(&self, tenant: TenantId) -> MutexGuard<'_, Shard> {
        let shard = usize::try_from(tenant.0.as_u128() % SHARDS).unwrap_or_default();
        self.0[shard].lock().expect("no holder panics")
    }

    /// Lets in on account if every bucket has plenty; answers how full they are with it.
    pub fn admit(&self, tenant: TenantId, buckets: &[Bucket], wanted: u64, now: i64) -> Option<Vec<u64>> {
        let mut shard = self.shard(tenant);
        if !buckets.iter().all(|bucket| shard.get(bucket).admits(bucket, wanted, now)) {
            return None;
        }
        let mut levels = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            shard.change(bucket, now, |account| {
                account.outstanding = account.outstanding.saturating_add_unsigned(wanted);
                levels.push(account.level(bucket, now).saturating_add_signed(account.outstanding));
            });
        }
        Some(levels)
    }

    /// What is due of a client, to go with what is wanted next.
    pub fn take_due(&self, tenant: TenantId, buckets: &[Bucket]) -> Due {
        let mut shard = self.shard(tenant);
        shard.by_key.get_mut(&buckets[0].key).map(|account| std::mem::take(&mut account.due)).unwrap_or_default()
    }

    /// The same for who pours what is due: when there is nothing more, they are done.
    pub fn next_due(&self, tenant: TenantId, buckets: &[Bucket]) -> Option<Due> {
        let mut shard = self.shard(tenant);
        let account = shard.by_key.get_mut(&buckets[0].key)?;
        account.is_pouring = !account.due.is_nothing();
        account.is_pouring.then(|| std::mem::take(&mut account.due))
    }

    /// An operation has ended that was let in for so much and has not used so much of it; answers whether somebody has to
    /// begin to pour.
    pub fn settle(
        &self,
        tenant: TenantId,
        buckets: &[Bucket],
        (estimated, is_on_account): (i64, bool),
        unused: i64,
        now: i64,
    ) -> bool {
        let mut shard = self.shard(tenant);
        if is_on_account {
            for bucket in buckets {
                shard.change(bucket, now, |account| account.outstanding = account.outstanding.saturating_sub(unused));
            }
        }
        let mut begins = false;
        shard.change(&buckets[0], now, |account| {
            if is_on_account {
                account.due.used = account.due.used.saturating_add(estimated.saturating_sub(unused));
            } else {
                account.due.unused = account.due.unused.saturating_add(unused);
            }
            begins = !account.due.is_nothing() && !account.is_pouring;
            account.is_pouring |= begins;
        });
        begins
    }

    /// So much is in the buckets now that this was poured; answers how full they are with what is outstanding. Without levels:
    /// it got lost.
    pub fn note(&self, tenant: TenantId, buckets: &[Bucket], due: Due, levels: Option<&[u64]>, now: i64) -> Vec<u64> {
        let mut shard = self.shard(tenant);
        let mut with_outstanding = Vec::with_capacity(buckets.len());
        for (n, bucket) in buckets.iter().enumerate() {
            shard.change(bucket, now, |account| {
                account.outstanding = account.outstanding.saturating_sub(due.used);
                if let Some(levels) = levels {
                    account.level = levels[n];
                    account.at = now;
                    account.empty_at = now.saturating_add_unsigned(bucket.rate.millis(levels[n]));
                }
                with_outstanding.push(account.level(bucket, now).saturating_add_signed(account.outstanding));
            });
        }
        with_outstanding
    }

    #[cfg(test)]
    pub fn outstanding(&self, tenant: TenantId, buckets: &[Bucket]) -> Vec<i64> {
        let shard = self.shard(tenant);
        buckets.iter().map(|bucket| shard.get(bucket).outstanding).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Rate;

    const TENANT: TenantId = TenantId(uuid::Uuid::nil());

    fn bucket(n: usize) -> [Bucket; 1] {
        [Bucket { key: n.to_string(), rate: Rate::per_second(1000).expect("a rate") }]
    }

    #[test]
    fn what_has_leaked_and_owes_nothing_is_forgotten() {
        let accounts = Accounts::default();
        for n in 0..SWEEP_AT - 1 {
            accounts.note(TENANT, &bucket(n), Due::default(), Some(&[1_000]), 0);
        }
        assert!(accounts.admit(TENANT, &bucket(SWEEP_AT), 1_000, 0).is_some(), "it owes something");
        accounts.note(TENANT, &bucket(SWEEP_AT + 1), Due::default(), Some(&[5_000]), 1);
        assert_eq!(accounts.shard(TENANT).by_key.len(), 2, "the last one, and who owes");
        accounts.note(TENANT, &bucket(SWEEP_AT + 2), Due::default(), Some(&[0]), 2);
        assert_eq!(accounts.shard(TENANT).by_key.len(), 3, "not before there are many again");
    }

    #[test]
    fn one_pours_for_all_that_end_meanwhile() {
        let (accounts, bucket) = (Accounts::default(), bucket(0));
        let settle =
            |on_account, estimated, unused| accounts.settle(TENANT, &bucket, (estimated, on_account), unused, 0);
        let due = |used, unused| Due { used, unused };
        assert!(settle(true, 2_000, 500), "somebody has to begin");
        assert!(!settle(true, 1_000, 0), "somebody has begun");
        assert_eq!(accounts.next_due(TENANT, &bucket), Some(due(2_500, 0)));
        assert!(!settle(true, 300, 0));
        assert_eq!(accounts.next_due(TENANT, &bucket), Some(due(300, 0)));
        assert_eq!(accounts.next_due(TENANT, &bucket), None);
        assert!(settle(false, 1_000, 100), "what is to be taken out");
        assert!(!settle(true, 100, 0), "as much as is to be poured");
        let taken = accounts.take_due(TENANT, &bucket);
        assert_eq!((taken, taken.net()), (due(100, 100), 0), "by who wants something meanwhile");
        assert_eq!(accounts.next_due(TENANT, &bucket), None);
        assert!(!settle(false, 100, 0), "nothing is due");
    }
}
