//! From a credential to a tenant: the request guard's look-ups and the caches before them.
//!
//! PostgreSQL is the truth; Redis keeps what was found for five minutes; each process keeps it for seconds. A
//! revocation writes over the Redis entry and tells every process. A reader that raced with it loses: it stores only
//! if nothing is there, and drops what it found when a notice came meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::watch;
use uuid::Uuid;

use super::key::{ApiKey, KeyHash};
use super::model::{Access, KeyKind, TenantStanding};
use super::store;
use crate::cache::{Notice, Shared};
use crate::db::Db;
use crate::error::Fault;
use crate::ids::TenantId;

const SHARED_TTL: Duration = Duration::from_secs(300);
const LOCAL_TTL: Duration = Duration::from_secs(5);
const LOCAL_ENTRIES: usize = 20_000;

/// Why a credential does not lead to a tenant.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the API key is malformed: expected epk_… or esk_… as it was shown")]
    Malformed,
    #[error("the API key is unknown or revoked")]
    Unknown,
    #[error("no credential: send x-api-key, or use the shop's own host name")]
    Missing,
    #[error("the shop is suspended")]
    Suspended,
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What a credential proved.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub standing: Arc<TenantStanding>,
    pub access: Access,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct KeyEntry {
    tenant: TenantId,
    id: Uuid,
    kind: KeyKind,
}

/// Resolves credentials. One per process; cheap to clone.
#[derive(Clone)]
pub struct Resolver {
    db: Db,
    shared: Arc<dyn Shared>,
    local: Arc<Local>,
}

struct Local {
    keys: Cache<KeyHash, (Instant, Option<KeyEntry>)>,
    standings: Cache<TenantId, (Instant, Arc<TenantStanding>)>,
    /// Counts notices: an answer that was on its way when one came is not kept.
    generation: AtomicU64,
    /// Changes after the caches were emptied, for those who live longer than a request.
    changes: watch::Sender<()>,
}

impl Local {
    fn forget(&self) {
        AtomicU64::fetch_add(&self.generation, 1, Ordering::AcqRel);
        self.keys.clear();
        self.standings.clear();
        self.changes.send_replace(());
    }

    fn generation(&self) -> u64 {
        AtomicU64::load(&self.generation, Ordering::Acquire)
    }
}

impl Resolver {
    /// Starts listening for revocations.
    pub fn new(db: Db, shared: Arc<dyn Shared>) -> Self {
        let local = Arc::new(Local {
            keys: Cache::new(LOCAL_ENTRIES),
            standings: Cache::new(LOCAL_ENTRIES),
            generation: AtomicU64::new(0),
            changes: watch::channel(()).0,
        });
        let mut notices = shared.subscribe();
        let listening = Arc::downgrade(&local);
        tokio::spawn(async move {
            loop {
                use tokio::sync::broadcast::error::RecvError;
                let forget = match notices.recv().await {
                    Ok(Notice::CredentialsChanged | Notice::Reset) | Err(RecvError::Lagged(_)) => true,
                    Ok(_) => false,
                    Err(RecvError::Closed) => return,
                };
                let Some(local) = listening.upgrade() else { return };
                if forget {
                    local.forget();
                }
            }
        });
        Self { db, shared, local }
    }

    /// Tells when credentials may have changed: what was resolved before must be resolved again.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.local.changes.subscribe()
    }

    /// The tenant and access of an API key.
    pub async fn by_key(&self, text: &str) -> Result<Resolved, Refusal> {
        let hash = ApiKey::parse(text).ok_or(Refusal::Malformed)?.hash();
        let entry = self.key(hash).await?.ok_or(Refusal::Unknown)?;
        let access = match entry.kind {
            KeyKind::Publishable => Access::Publishable { key_id: entry.id },
            KeyKind::Secret => Access::Secret { key_id: entry.id },
        };
        self.admit(entry.tenant, access).await
    }

    /// The tenant of a subdomain, for public reads.
    pub async fn by_handle(&self, handle: &str) -> Result<Resolved, Refusal> {
        let cache_key = format!("emporia:handle:{handle}");
        let tenant = self
            .through_cache(&cache_key, async || {
                self.db.platform().run(async |conn| Ok(store::tenant_by_handle(conn, handle).await?)).await
            })
            .await?
            .ok_or(Refusal::Missing)?;
        self.admit(tenant, Access::Public).await
    }

    /// The tenant that a checkout's address names, for its pages.
    pub async fn by_id(&self, tenant: TenantId) -> Result<Resolved, Refusal> {
        self.admit(tenant, Access::Public).await
    }

    async fn admit(&self, tenant: TenantId, access: Access) -> Result<Resolved, Refusal> {
        let standing = self.standing(tenant).await?.ok_or(Refusal::Unknown)?;
        if standing.suspended {
            return Err(Refusal::Suspended);
        }
        Ok(Resolved { standing, access })
    }

    async fn key(&self, hash: KeyHash) -> Result<Option<KeyEntry>, Fault> {
        if let Some((_, entry)) = self.fresh(self.local.keys.get(&hash), |(at, _)| *at) {
            return Ok(entry);
        }
        let generation = self.local.generation();
        let entry = self
            .through_cache(&key_cache_key(&hash), async || {
                let found =
                    self.db.platform().run(async |conn| Ok::<_, Fault>(store::live_key(conn, &hash).await?)).await?;
                Ok(found.map(|(tenant, id, kind)| KeyEntry { tenant, id, kind }))
            })
            .await?;
        // Unknown keys are not kept: they could fill the cache, and a new key must work at once.
        if entry.is_some() && generation == self.local.generation() {
            self.local.keys.insert(hash, (Instant::now(), entry));
        }
        Ok(entry)
    }

    /// What is known of a tenant: for the guard, and for the worker.
    pub async fn standing(&self, tenant: TenantId) -> Result<Option<Arc<TenantStanding>>, Fault> {
        if let Some((_, standing)) = self.fresh(self.local.standings.get(&tenant), |(at, _)| *at) {
            return Ok(Some(standing));
        }
        let generation = self.local.generation();
        let standing = self
            .through_cache(&standing_cache_key(tenant), async || {
                self.db.platform().run(async |conn| Ok(store::standing(conn, tenant).await?)).await
            })
            .await?
            .map(Arc::new);
        if let Some(standing) = &standing
            && generation == self.local.generation()
        {
            self.local.standings.insert(tenant, (Instant::now(), standing.clone()));
        }
        Ok(standing)
    }

    /// A local entry counts while it is young and notices arrive.
    fn fresh<T>(&self, entry: Option<T>, at: impl Fn(&T) -> Instant) -> Option<T> {
        entry.filter(|entry| self.shared.is_listening() && at(entry).elapsed() < LOCAL_TTL)
    }

    /// Asks Redis, then `load`; a Redis that fails costs speed, not the answer.
    async fn through_cache<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        load: impl AsyncFnOnce() -> Result<Option<T>, Fault>,
    ) -> Result<Option<T>, Fault> {
        match self.shared.get(key).await {
            Ok(Some(text)) if text == REVOKED => return Ok(None),
            Ok(Some(text)) => {
                if let Ok(value) = serde_json::from_str(&text) {
                    return Ok(Some(value));
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "reading through the cache"),
        }
        let value = load().await?;
        if let Some(value) = &value
            && let Ok(text) = serde_json::to_string(value)
            && let Err(error) = self.shared.set_if_absent(key, &text, SHARED_TTL).await
        {
            tracing::warn!(%error, "filling the cache");
        }
        Ok(value)
    }

    /// Makes a committed revocation known everywhere. An error means: committed, but not yet known; say it again.
    pub(super) async fn announce_revoked(&self, hash: &KeyHash) -> Result<(), Fault> {
        self.shared.set(&key_cache_key(hash), REVOKED, SHARED_TTL).await?;
        self.shared.publish(&Notice::CredentialsChanged).await
    }

    /// Makes a committed change of a tenant's standing known everywhere.
    pub(super) async fn announce_standing(&self, standing: &TenantStanding) -> Result<(), Fault> {
        let text = serde_json::to_string(standing).map_err(|error| Fault::internal(error.to_string()))?;
        self.shared.set(&standing_cache_key(standing.id), &text, SHARED_TTL).await?;
        self.shared.publish(&Notice::CredentialsChanged).await
    }
}

/// What stands in the cache in place of a revoked key, so that a reader that raced cannot put it back.
const REVOKED: &str = "revoked";

fn key_cache_key(hash: &KeyHash) -> String {
    format!("emporia:key:{}", hash.hex())
}

fn standing_cache_key(tenant: TenantId) -> String {
    format!("emporia:tenant:{tenant}")
}
