//! From a credential to a tenant: the request guard's look-ups and the caches before them.
//!
//! PostgreSQL is the truth; Redis keeps what was found for five minutes; each process keeps it for seconds. A change
//! puts a mark in the place of the Redis entry, before it commits and after, and tells every process. Under the mark
//! everybody asks the database. So it does not matter in which order changes that race are told, nor whether who
//! made one lives to tell. A reader that raced with it loses: in Redis it stores only if nothing is there, and in the
//! process what it stores is of the generation before the notice.
//!
//! What Redis says is believed within one of its epochs: a server that has lost its latest writes (started from a
//! snapshot, or a replica that lagged) begins another.
//!
//! A process that does not hear notices (Redis is away, or it has none) trusts the database alone, and what that said
//! for half a second.

mod staff;

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{OnceCell, watch};
use uuid::Uuid;

use self::staff::Staff;
use super::model::{Access, TenantStanding};
use super::store;
use crate::access::{Grants, Permissions};
use crate::api_key::key::{ApiKey, KeyHash};
use crate::api_key::model::KeyKind;
use crate::api_key::service::{Uses, uses_write};
use crate::api_key::store::live_key;
use crate::cache::{Notice, Shared};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::Fault;
use crate::identity::token::{BadToken, Issuer};
use crate::ids::TenantId;

const SHARED_TTL: Duration = Duration::from_secs(300);
const LOCAL_TTL: Duration = Duration::from_secs(5);
const LOCAL_ENTRIES: usize = 20_000;
/// While no notices arrive, everything is taken to have changed every so often: with what the look-up takes, within
/// the second that is promised.
const DEAF: Duration = Duration::from_millis(500);
/// How often, at that pace, everything is taken to have changed once more after a notice. A change is told before it is
/// committed: who makes it may not live to tell of it afterwards, and sockets ask for themselves only when told.
const FOLLOW_UPS: u32 = 4;
/// A failed look-up is the answer of everybody who waited for it.
const FAULT_TTL: Duration = Duration::from_millis(50);
/// How often it is written down when keys were last used.
const WRITE_USES: Duration = Duration::from_secs(60);
/// Tries at telling of a change before it is committed, and at telling of it afterwards.
const MARKINGS: usize = 2;
const ANNOUNCEMENTS: usize = 3;
/// Between two of them: longer than the cache rests after it got no answer.
const SAY_AGAIN: Duration = Duration::from_millis(700);

/// Why a credential does not lead to a tenant.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the API key is malformed: expected epk_… or esk_… as it was shown")]
    Malformed,
    #[error("the API key is unknown or revoked")]
    Unknown,
    #[error("the API key has expired")]
    Expired,
    #[error("no credential: send x-api-key, or use the shop's own host name")]
    Missing,
    #[error("the shop is suspended")]
    Suspended,
    #[error(transparent)]
    Token(#[from] BadToken),
    #[error("the session has ended: sign in again")]
    SessionEnded,
    #[error("the access token names no shop of this service")]
    NoTenant,
    #[error("the credentials name different shops")]
    OtherTenant,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What a credential proved.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub standing: Arc<TenantStanding>,
    pub access: Access,
    /// What the caller may do.
    pub grants: Grants,
    /// When the credential ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Resolved {
    /// What a credential proved that does not end by itself.
    pub fn lasting(standing: Arc<TenantStanding>, access: Access, grants: Grants) -> Self {
        Self { standing, access, grants, expires_at: None }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct KeyEntry {
    tenant: TenantId,
    id: Uuid,
    kind: KeyKind,
    // None has a meaning: a field that is missing, because another version has written the entry, is not taken for it.
    #[serde(deserialize_with = "Option::deserialize")]
    permissions: Option<Permissions>,
    #[serde(deserialize_with = "Option::deserialize")]
    expires_at: Option<DateTime<Utc>>,
}

/// What a change is about.
pub(crate) enum Changed {
    Key(KeyHash),
    Tenant(TenantId),
    /// Sessions of a tenant's staff: ended, or the member has become another.
    Sessions(TenantId, Vec<Uuid>),
    /// The keys that access tokens are signed with, which the shared cache does not hold.
    SigningKeys,
}

/// Resolves credentials. One per process; cheap to clone.
#[derive(Clone)]
pub struct Resolver {
    db: Db,
    shared: Arc<dyn Shared>,
    clock: Arc<dyn Clock>,
    issuer: Arc<Issuer>,
    local: Arc<Local>,
}

struct Local {
    keys: Cache<KeyHash, Entry<KeyEntry>>,
    handles: Cache<String, Entry<TenantId>>,
    standings: Cache<TenantId, Entry<Arc<TenantStanding>>>,
    staff: Staff,
    /// Counts notices: what was asked before the last one is not believed.
    generation: AtomicU64,
    /// Changes with the generation, for those who live longer than a request.
    changes: watch::Sender<()>,
    uses: Uses,
    /// Part of every key in the shared cache: two databases may use one Redis.
    database: OnceCell<String>,
}

#[derive(Clone)]
struct Entry<T> {
    /// When it was asked, in notices.
    generation: u64,
    /// Until when it is believed.
    until: Instant,
    found: Result<T, Fault>,
}

/// Something that was looked up, and for how long a process may go by it.
type Lasting<T> = (T, Duration);

impl Local {
    fn new() -> Self {
        Self {
            keys: Cache::new(LOCAL_ENTRIES),
            handles: Cache::new(LOCAL_ENTRIES),
            staff: Staff::new(),
            standings: Cache::new(LOCAL_ENTRIES),
            generation: AtomicU64::new(0),
            changes: watch::channel(()).0,
            uses: Uses::default(),
            database: OnceCell::new(),
        }
    }

    fn forget(&self) {
        AtomicU64::fetch_add(&self.generation, 1, Ordering::AcqRel);
        self.changes.send_replace(());
    }

    fn believes<T>(&self, entry: &Entry<T>) -> bool {
        entry.generation == self.generation() && Instant::now() < entry.until
    }

    /// What is remembered under the key, or else what `load` finds; asked once for everybody who waits.
    async fn remember<K: Eq + Hash + Clone, T: Clone>(
        &self,
        cache: &Cache<K, Entry<T>>,
        key: &K,
        load: impl AsyncFnOnce() -> Result<Option<Lasting<T>>, Fault>,
    ) -> Result<Option<T>, Fault> {
        loop {
            match cache.get_value_or_guard_async(key).await {
                Ok(entry) if self.believes(&entry) => return entry.found.map(Some),
                Ok(_) => drop(cache.remove_if(key, |entry| !self.believes(entry))),
                Err(place) => {
                    let generation = self.generation();
                    // What is not there is not kept: it could fill the cache, and a new key must work at once.
                    let Some(found) = load().await.transpose() else { return Ok(None) };
                    let (found, ttl) = match found {
                        Ok((value, ttl)) => (Ok(value), ttl),
                        Err(fault) => (Err(fault), FAULT_TTL),
                    };
                    let entry = Entry { generation, until: Instant::now() + ttl, found: found.clone() };
                    // Refused only when the cache has no room.
                    let _ = place.insert(entry);
                    return found.map(Some);
                }
            }
        }
    }

    fn generation(&self) -> u64 {
        AtomicU64::load(&self.generation, Ordering::Acquire)
    }
}

impl Resolver {
    /// Starts listening for revocations. Access tokens are those of this issuer.
    pub fn new(db: Db, shared: Arc<dyn Shared>, clock: Arc<dyn Clock>, issuer: Issuer) -> Self {
        let local = Arc::new(Local::new());
        tokio::spawn(listen(shared.clone(), shared.subscribe(), Arc::downgrade(&local)));
        tokio::spawn(keep_uses(db.clone(), Arc::downgrade(&local)));
        Self { db, shared, clock, issuer: Arc::new(issuer), local }
    }

    /// Who signs this service's access tokens, and for whom.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Writes down when keys were last used, as far as this process knows and has not yet.
    pub async fn write_uses(&self) -> Result<(), Fault> {
        uses_write(&self.db, self.local.uses.take()).await
    }

    /// Tells when credentials may have changed: what was resolved before must be resolved again.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.local.changes.subscribe()
    }

    /// The tenant and access of an API key.
    pub async fn by_key(&self, text: &str) -> Result<Resolved, Refusal> {
        let hash = ApiKey::parse(text).ok_or(Refusal::Malformed)?.hash();
        let entry = self.key(hash).await?.ok_or(Refusal::Unknown)?;
        let now = self.clock.now();
        if entry.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::Expired);
        }
        self.local.uses.note(entry.id, now);
        let (access, grants) = match entry.kind {
            KeyKind::Publishable => (Access::Publishable { key_id: entry.id }, Grants::Nothing),
            KeyKind::Secret => {
                let grants = entry.permissions.map_or(Grants::Everything, Grants::Only);
                (Access::Secret { key_id: entry.id }, grants)
            }
        };
        Ok(Resolved { expires_at: entry.expires_at, ..self.admit(entry.tenant, access, grants).await? })
    }

    /// The tenant of a subdomain, for public reads.
    pub async fn by_handle(&self, handle: &str) -> Result<Resolved, Refusal> {
        let tenant = self.named(handle).await?.ok_or(Refusal::Missing)?;
        self.admit(tenant, Access::Public, Grants::Nothing).await
    }

    /// The tenant of a subdomain, if there is one.
    pub async fn named(&self, handle: &str) -> Result<Option<TenantId>, Fault> {
        let load = async || {
            self.through_cache("handle", handle, async || {
                self.db.platform().run(async |conn| Ok(store::tenant_by_handle(conn, handle).await?)).await
            })
            .await
        };
        self.local.remember(&self.local.handles, &handle.to_owned(), load).await
    }

    /// The tenant that a checkout's address names, for its pages.
    pub async fn by_id(&self, tenant: TenantId) -> Result<Resolved, Refusal> {
        self.admit(tenant, Access::Public, Grants::Nothing).await
    }

    async fn admit(&self, tenant: TenantId, access: Access, grants: Grants) -> Result<Resolved, Refusal> {
        let standing = self.standing(tenant).await?.ok_or(Refusal::Unknown)?;
        if standing.suspended {
            return Err(Refusal::Suspended);
        }
        Ok(Resolved::lasting(standing, access, grants))
    }

    async fn key(&self, hash: KeyHash) -> Result<Option<KeyEntry>, Fault> {
        let load = async || {
            self.through_cache("key", &hash.hex(), async || {
                let found = self.db.platform().run(async |conn| Ok::<_, Fault>(live_key(conn, &hash).await?)).await?;
                Ok(found.map(|key| KeyEntry {
                    tenant: key.tenant,
                    id: key.id,
                    kind: key.kind,
                    permissions: key.permissions,
                    expires_at: key.expires_at,
                }))
            })
            .await
        };
        self.local.remember(&self.local.keys, &hash, load).await
    }

    /// What is known of a tenant: for the guard, and for the worker.
    pub async fn standing(&self, tenant: TenantId) -> Result<Option<Arc<TenantStanding>>, Fault> {
        let load = async || {
            let id = tenant.to_string();
            let standing = self.through_cache("tenant", &id, async || {
                self.db.platform().run(async |conn| Ok(store::standing(conn, tenant).await?)).await
            });
            Ok(standing.await?.map(|(standing, ttl)| (Arc::new(standing), ttl)))
        };
        self.local.remember(&self.local.standings, &tenant, load).await
    }

    /// Asks Redis, then `load`; a Redis that fails costs speed, not the answer. What is found under the mark of a change
    /// is believed briefly: it may be from before the commit, and who made the change may not live to tell of it.
    async fn through_cache<T: Serialize + DeserializeOwned>(
        &self,
        kind: &str,
        id: &str,
        load: impl AsyncFnOnce() -> Result<Option<T>, Fault>,
    ) -> Result<Option<Lasting<T>>, Fault> {
        let briefly = |found: Result<Option<T>, Fault>| Ok(found?.map(|value| (value, DEAF)));
        if !self.shared.is_listening() {
            return briefly(load().await);
        }
        let asked = async {
            let key = self.cache_key(kind, id).await?;
            let found = self.shared.get(&key).await?;
            Ok::<_, Fault>((key, found))
        };
        let key = match asked.await {
            Ok((key, None)) => key,
            Ok((_, Some(text))) => match serde_json::from_str(&text) {
                Ok(value) => return Ok(Some((value, LOCAL_TTL))),
                // The mark of a change, or of another version of this program.
                Err(_) => return briefly(load().await),
            },
            Err(error) => {
                tracing::warn!(%error, "reading through the cache");
                return briefly(load().await);
            }
        };
        let value = load().await?;
        if let Some(value) = &value
            && let Ok(text) = serde_json::to_string(value)
            && let Err(error) = self.shared.set_if_absent(&key, &text, SHARED_TTL).await
        {
            tracing::warn!(%error, "filling the cache");
        }
        Ok(value.map(|value| (value, LOCAL_TTL)))
    }

    async fn cache_key(&self, kind: &str, id: &str) -> Result<String, Fault> {
        let database = self.local.database.get_or_try_init(|| self.db.platform().identity()).await?;
        let epoch = self.shared.epoch().await?;
        Ok(format!("emporia:{database}:{epoch}:{kind}:{id}"))
    }

    /// Commits a change of credentials and makes it known everywhere. An error that says so means: committed, but
    /// others may go by what they had for as long as the shared cache keeps it.
    pub(crate) async fn change<T, E: From<Fault>>(
        &self,
        what: Changed,
        commit: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        // Said before, it is known in time even if this process ends between the commit and the next line: who asks from
        // here on finds the mark, and believes what the database says for half a second.
        // Twice, where Redis is silent for a moment: what stood there would be believed for five minutes.
        if let Err(error) = self.say_patiently(&what, MARKINGS).await {
            tracing::warn!(%error, "a change of credentials is not marked before it is made");
        }
        let committed = commit().await?;
        self.announce(&what).await?;
        Ok(committed)
    }

    /// Has everybody who asks the shared cache ask the database instead: what is there is void, and no reader that
    /// found the old state can store it, for as long as it could have stayed.
    async fn mark(&self, what: &Changed) -> Result<(), Fault> {
        let (kind, ids) = match what {
            Changed::Key(hash) => ("key", vec![hash.hex()]),
            Changed::Tenant(id) => ("tenant", vec![id.to_string()]),
            Changed::Sessions(tenant, ids) => {
                (staff::SESSION, ids.iter().map(|id| staff::session_key(*tenant, *id)).collect())
            }
            Changed::SigningKeys => return Ok(()),
        };
        for id in ids {
            let key = self.cache_key(kind, &id).await?;
            self.shared.set(&key, CHANGED, SHARED_TTL).await?;
        }
        Ok(())
    }

    /// Marks it, and has every process forget what it knows.
    async fn say(&self, what: &Changed) -> Result<(), Fault> {
        self.mark(what).await?;
        self.shared.publish(&Notice::CredentialsChanged).await
    }

    /// The same, in up to so many tries.
    async fn say_patiently(&self, what: &Changed, tries: usize) -> Result<(), Fault> {
        for _ in 1..tries {
            match self.say(what).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::warn!(%error, "a change of credentials could not be told of; trying again"),
            }
            tokio::time::sleep(SAY_AGAIN).await;
        }
        self.say(what).await
    }

    /// Tells every process of a committed change, this one first.
    async fn announce(&self, what: &Changed) -> Result<(), Fault> {
        self.local.forget();
        self.say_patiently(what, ANNOUNCEMENTS).await.map_err(|error| {
            let done = if matches!(what, Changed::Key(_) | Changed::Sessions(..)) { "revoked" } else { "changed" };
            Fault::internal(format!(
                "{done}, but not yet known everywhere: {error}. Say it again, or wait five minutes"
            ))
        })
    }
}

/// Passes notices on to the process's memory for as long as there is one.
async fn listen(shared: Arc<dyn Shared>, mut notices: Receiver<Notice>, local: Weak<Local>) {
    let mut deaf = tokio::time::interval(DEAF);
    let mut follow_ups = 0;
    loop {
        let forget = tokio::select! {
            notice = notices.recv() => match notice {
                Ok(Notice::CredentialsChanged | Notice::Reset) | Err(RecvError::Lagged(_)) => {
                    follow_ups = FOLLOW_UPS;
                    true
                }
                Ok(_) => false,
                Err(RecvError::Closed) => return,
            },
            _ = deaf.tick() => {
                let follows_up = follow_ups > 0;
                follow_ups = follow_ups.saturating_sub(1);
                follows_up || !shared.is_listening()
            }
        };
        let Some(local) = local.upgrade() else { return };
        if forget {
            local.forget();
        }
    }
}

/// Writes down when keys were last used, every minute, for as long as there is a process that lets them in.
async fn keep_uses(db: Db, local: Weak<Local>) {
    let mut every = tokio::time::interval(WRITE_USES);
    every.tick().await;
    loop {
        every.tick().await;
        let Some(uses) = local.upgrade().map(|local| local.uses.take()) else { return };
        if let Err(error) = uses_write(&db, uses).await {
            // The next minute's are written in their place.
            tracing::warn!(%error, "when keys were last used was not written down");
        }
    }
}

/// What stands in the cache in place of what has changed; not JSON.
const CHANGED: &str = "changed";

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever told of a change before committing it may have died since.
    #[tokio::test]
    async fn what_has_changed_is_looked_at_again_although_nobody_says_so() {
        let local = Arc::new(Local::new());
        let (sender, receiver) = tokio::sync::broadcast::channel(8);
        let listening = tokio::spawn(listen(crate::cache::MemoryShared::new(), receiver, Arc::downgrade(&local)));
        let mut changes = local.changes.subscribe();
        sender.send(Notice::CredentialsChanged).expect("somebody listens");
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
            self.local.remember(&self.cache, &1, load).await
        }

        fn times(&self) -> u64 {
            AtomicU64::load(&self.times, Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn what_was_asked_before_a_notice_is_not_believed_after_it() {
        let asked = Asked::new();
        let overtaken = || {
            asked.local.forget();
            Ok(Some(1))
        };
        assert_eq!(asked.ask(overtaken).await.unwrap(), Some(1));
        assert_eq!(asked.ask(|| Ok(Some(2))).await.unwrap(), Some(2));
        assert_eq!(asked.ask(|| Ok(Some(3))).await.unwrap(), Some(2), "and what was asked after it is");
        asked.local.forget();
        assert_eq!(asked.ask(|| Ok(Some(4))).await.unwrap(), Some(4));
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
            asked.local.forget();
        }
        for _ in 0..2 {
            assert_eq!(asked.ask(|| Ok(None)).await.unwrap(), None);
        }
        assert_eq!(asked.times(), 4, "what is not there may be there the next time");
    }
}
