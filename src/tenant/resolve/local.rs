//! What one process remembers of what it looked up: for seconds, and until a notice says that something of its tenant has
//! changed. Each tenant's is forgotten for itself: who changes their own shop's credentials over and over has nobody
//! else's looked up anew.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{OnceCell, watch};

use super::KeyEntry;
use super::hosts::NOBODYS;
use super::operator::Operators;
use super::outside::Outside;
use super::staff::Staff;
use crate::api_key::key::KeyHash;
use crate::api_key::service::{Uses, uses_write};
use crate::cache::{Notice, Shared};
use crate::db::Db;
use crate::error::Fault;
use crate::ids::TenantId;
use crate::operator;
use crate::tenant::model::TenantStanding;

pub(super) const LOCAL_ENTRIES: usize = 20_000;
/// While no notices arrive, everything is taken to have changed every so often: with what the look-up takes, within
/// the second that is promised.
pub(super) const DEAF: Duration = Duration::from_millis(500);
/// How often, at that pace, what a notice is about is taken to have changed once more after it. A change is told before it is
/// committed: who makes it may not live to tell of it afterwards, and sockets ask for themselves only when told.
const FOLLOW_UPS: u32 = 4;
/// In how many parts tenants are forgotten: more than one process sees changed within seconds, and a few KiB.
const PARTS: usize = 1024;
/// A failed look-up is the answer of everybody who waited for it.
const FAULT_TTL: Duration = Duration::from_millis(50);
/// How often it is written down when keys were last used.
const WRITE_USES: Duration = Duration::from_secs(60);

/// What a process remembers, and when that has to be asked anew.
pub(super) struct Local {
    pub(super) keys: Cache<KeyHash, Entry<KeyEntry>>,
    pub(super) handles: Cache<String, Entry<TenantId>>,
    pub(super) domains: Cache<String, Entry<TenantId>>,
    /// Host names that are no tenant's.
    pub(super) nobodys: Cache<String, Entry<()>>,
    pub(super) standings: Cache<TenantId, Entry<Arc<TenantStanding>>>,
    pub(super) staff: Staff,
    pub(super) outside: Outside,
    pub(super) operators: Operators,
    /// Counts notices.
    notices: AtomicU64,
    /// The number of the last notice about a tenant of each part: what was asked before it is not believed.
    forgotten: Box<[AtomicU64]>,
    /// Changes with every notice, for those who live longer than a request.
    pub(super) changes: watch::Sender<()>,
    pub(super) uses: Uses,
    /// Part of every key in the shared cache: two databases may use one Redis.
    pub(super) database: OnceCell<String>,
}

/// A moment among the notices that a process hears.
#[derive(Clone, Copy, Debug)]
pub struct Moment(u64);

/// Something that is remembered.
#[derive(Clone)]
pub(super) struct Entry<T> {
    /// When it was asked.
    asked: Moment,
    /// Whose it is; nobody's is what is no tenant's.
    tenant: TenantId,
    /// Until when it is believed.
    until: Instant,
    found: Result<T, Fault>,
}

/// Something that was looked up, and for how long a process may go by it.
pub(super) type Lasting<T> = (T, Duration);

impl Local {
    pub(super) fn new() -> Self {
        Self {
            keys: Cache::new(LOCAL_ENTRIES),
            handles: Cache::new(LOCAL_ENTRIES),
            domains: Cache::new(LOCAL_ENTRIES),
            nobodys: Cache::new(NOBODYS),
            staff: Staff::new(),
            outside: Outside::new(),
            operators: Operators::new(),
            standings: Cache::new(LOCAL_ENTRIES),
            notices: AtomicU64::new(0),
            forgotten: (0..PARTS).map(|_| AtomicU64::new(0)).collect(),
            changes: watch::channel(()).0,
            uses: Uses::default(),
            database: OnceCell::new(),
        }
    }

    /// Believes nothing of a tenant's from before any more, or of everybody's, and tells those who live longer than a
    /// request.
    pub(super) fn forget(&self, tenant: Option<TenantId>) {
        let parts = tenant.map_or(&*self.forgotten, |tenant| std::slice::from_ref(self.part(tenant)));
        let notice = AtomicU64::fetch_add(&self.notices, 1, Ordering::AcqRel) + 1;
        for part in parts {
            AtomicU64::fetch_max(part, notice, Ordering::AcqRel);
        }
        self.changes.send_replace(());
    }

    /// Tenants' ids end in random bits.
    fn part(&self, tenant: TenantId) -> &AtomicU64 {
        &self.forgotten[tenant.0.as_u64_pair().1 as usize % PARTS]
    }

    pub(super) fn moment(&self) -> Moment {
        Moment(AtomicU64::load(&self.notices, Ordering::Acquire))
    }

    /// Whether something of the tenant's has changed since, or of what is no tenant's.
    pub(super) fn has_changed_since(&self, tenant: TenantId, moment: Moment) -> bool {
        [tenant, TenantId::NOBODY].into_iter().any(|of| self.has_heard_of(of, moment))
    }

    fn has_heard_of(&self, tenant: TenantId, since: Moment) -> bool {
        AtomicU64::load(self.part(tenant), Ordering::Acquire) > since.0
    }

    fn believes<T>(&self, entry: &Entry<T>) -> bool {
        !self.has_heard_of(entry.tenant, entry.asked) && Instant::now() < entry.until
    }

    /// What is remembered under the key, or else what `load` finds; asked once for everybody who waits. `owner` says whose
    /// it is.
    pub(super) async fn remember<K: Eq + Hash + Clone, T: Clone>(
        &self,
        cache: &Cache<K, Entry<T>>,
        key: &K,
        owner: impl FnOnce(&T) -> TenantId,
        load: impl AsyncFnOnce() -> Result<Option<Lasting<T>>, Fault>,
    ) -> Result<Option<T>, Fault> {
        loop {
            match cache.get_value_or_guard_async(key).await {
                Ok(entry) if self.believes(&entry) => return entry.found.map(Some),
                Ok(_) => drop(cache.remove_if(key, |entry| !self.believes(entry))),
                Err(place) => {
                    let asked = self.moment();
                    // What is not there is not kept: it could fill the cache, and a new key must work at once.
                    let Some(found) = load().await.transpose() else { return Ok(None) };
                    let (found, ttl) = match found {
                        Ok((value, ttl)) => (Ok(value), ttl),
                        Err(fault) => (Err(fault), FAULT_TTL),
                    };
                    let tenant = found.as_ref().map_or(TenantId::NOBODY, owner);
                    let entry = Entry { asked, tenant, until: Instant::now() + ttl, found: found.clone() };
                    // Refused only when the cache has no room.
                    let _ = place.insert(entry);
                    return found.map(Some);
                }
            }
        }
    }
}

/// Passes notices on to the process's memory for as long as there is one.
pub(super) async fn listen(shared: Arc<dyn Shared>, mut notices: Receiver<Notice>, local: Weak<Local>) {
    let mut deaf = tokio::time::interval(DEAF);
    // How often those of whom a notice came, or everybody, are to be forgotten once more.
    let mut follow_ups: HashMap<Option<TenantId>, u32> = HashMap::new();
    loop {
        let heard = tokio::select! {
            notice = notices.recv() => Some(notice),
            _ = deaf.tick() => None,
        };
        let Some(local) = local.upgrade() else { return };
        let changed = match heard {
            Some(Ok(Notice::CredentialsChanged { tenant })) => Some(tenant),
            Some(Ok(Notice::Reset) | Err(RecvError::Lagged(_))) => None,
            Some(Ok(_)) => continue,
            Some(Err(RecvError::Closed)) => return,
            None if !shared.is_listening() => {
                local.forget(None);
                continue;
            }
            None => {
                follow_ups.retain(|tenant, left| {
                    local.forget(*tenant);
                    *left -= 1;
                    *left > 0
                });
                continue;
            }
        };
        local.forget(changed);
        follow_ups.insert(changed, FOLLOW_UPS);
    }
}

/// Writes down when keys and operators' tokens were last used.
pub(super) async fn write_uses(db: &Db, local: &Local) -> Result<(), Fault> {
    uses_write(db, local.uses.take()).await?;
    operator::service::uses_write(db, local.operators.uses.take()).await
}

/// Writes down when keys were last used, every minute, for as long as there is a process that lets them in.
pub(super) async fn keep_uses(db: Db, local: Weak<Local>) {
    let mut every = tokio::time::interval(WRITE_USES);
    every.tick().await;
    loop {
        every.tick().await;
        let Some(local) = local.upgrade() else { return };
        if let Err(error) = write_uses(&db, &local).await {
            // The next minute's are written in their place.
            tracing::warn!(%error, "when keys were last used was not written down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::resolve::LOCAL_TTL;

    const ACME: TenantId = TenantId(uuid::Uuid::from_u128(1));
    const BOLT: TenantId = TenantId(uuid::Uuid::from_u128(2));

    /// Whoever told of a change before committing it may have died since.
    #[tokio::test]
    async fn what_has_changed_is_looked_at_again_although_nobody_says_so() {
        let local = Arc::new(Local::new());
        let (sender, receiver) = tokio::sync::broadcast::channel(8);
        let listening = tokio::spawn(listen(crate::cache::MemoryShared::new(), receiver, Arc::downgrade(&local)));
        let mut changes = local.changes.subscribe();
        sender.send(Notice::CredentialsChanged { tenant: TenantId::NOBODY }).expect("somebody listens");
        for which in ["the notice", "what came after it", "and once more"] {
            let changed = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
            changed.expect(which).expect("it listens");
        }
        listening.abort();
    }

    /// Remembers under one key what `load` finds, and counts how often it was asked.
    struct Asked {
        local: Local,
        cache: Cache<u8, Entry<u64>>,
        times: AtomicU64,
    }

    impl Asked {
        fn new() -> Self {
            Self { local: Local::new(), cache: Cache::new(10), times: AtomicU64::new(0) }
        }

        async fn ask(&self, found: impl Fn() -> Result<Option<u64>, Fault>) -> Result<Option<u64>, Fault> {
            let load = async || {
                AtomicU64::fetch_add(&self.times, 1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok(found()?.map(|value| (value, LOCAL_TTL)))
            };
            self.local.remember(&self.cache, &1, |_| ACME, load).await
        }

        fn times(&self) -> u64 {
            AtomicU64::load(&self.times, Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn what_was_asked_before_a_notice_is_not_believed_after_it() {
        let asked = Asked::new();
        let overtaken = || {
            asked.local.forget(Some(ACME));
            Ok(Some(1))
        };
        assert_eq!(asked.ask(overtaken).await.unwrap(), Some(1));
        assert_eq!(asked.ask(|| Ok(Some(2))).await.unwrap(), Some(2));
        assert_eq!(asked.ask(|| Ok(Some(3))).await.unwrap(), Some(2), "and what was asked after it is");
        asked.local.forget(Some(ACME));
        assert_eq!(asked.ask(|| Ok(Some(4))).await.unwrap(), Some(4));
        let moment = asked.local.moment();
        asked.local.forget(Some(BOLT));
        assert!(asked.local.has_changed_since(BOLT, moment) && !asked.local.has_changed_since(ACME, moment));
        assert_eq!(asked.ask(|| Ok(Some(5))).await.unwrap(), Some(4), "another tenant's notice is none of its own");
        asked.local.forget(None);
        assert_eq!(asked.ask(|| Ok(Some(6))).await.unwrap(), Some(6));
    }

    #[tokio::test]
    async fn many_who_ask_at_once_are_one_question() {
        let asked = Asked::new();
        for (round, found) in [Ok(Some(1)), Err(Fault::internal("away"))].into_iter().enumerate() {
            let answers = (0..100).map(|_| asked.ask(|| found.clone()));
            for answer in futures_util::future::join_all(answers).await {
                assert_eq!(answer.ok(), found.clone().ok());
            }
            assert_eq!(asked.times(), round as u64 + 1);
            asked.local.forget(None);
        }
        for _ in 0..2 {
            assert_eq!(asked.ask(|| Ok(None)).await.unwrap(), None);
        }
        assert_eq!(asked.times(), 4, "what is not there may be there the next time");
    }
}
