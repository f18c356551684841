//! From a credential to a tenant: the request guard's look-ups and the caches before them.
//!
//! PostgreSQL is the truth; Redis keeps what was found for five minutes; each process keeps it for seconds. A change
//! puts a mark in the place of the Redis entry, before it commits and after, and tells every process. Under the mark
//! everybody asks the database. So it does not matter in which order changes that race are told, nor whether who
//! made one lives to tell. A reader that raced with it loses: in Redis it stores only if nothing is there, and in the
//! process what it stores was asked before the notice, which it says of itself.
//!
//! What Redis says is believed within one of its epochs: a server that has lost its latest writes (started from a
//! snapshot, or a replica that lagged) begins another.
//!
//! A process that does not hear notices (Redis is away, or it has none) trusts the database alone, and what that said
//! for half a second.

mod hosts;
mod local;
mod operator;
mod outside;
mod staff;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::watch;
use uuid::Uuid;

pub use self::hosts::HostName;
pub use self::local::Moment;
use self::local::{DEAF, Entry, LOCAL_ENTRIES, Lasting, Local, keep_uses, listen, write_uses};
use super::model::{Access, TenantStanding};
use super::store;
use crate::access::{Grants, Permissions};
use crate::api_key::key::{ApiKey, KeyHash};
use crate::api_key::model::KeyKind;
use crate::api_key::store::live_key;
use crate::cache::{Notice, Shared};
use crate::clock::Clock;
use crate::db::Db;
use crate::error::Fault;
use crate::identity::provider::Providers;
use crate::identity::token::{BadToken, Issuer};
use crate::ids::TenantId;

const SHARED_TTL: Duration = Duration::from_secs(300);
const LOCAL_TTL: Duration = Duration::from_secs(5);
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
    #[error(
        "no credential: send x-api-key, or Authorization: Bearer with an access token, or use the shop's own host name"
    )]
    Missing,
    #[error("the shop is suspended")]
    Suspended,
    #[error("the shop has been deleted")]
    Deleted,
    #[error(transparent)]
    Token(#[from] BadToken),
    #[error("the session has ended: sign in again")]
    SessionEnded,
    #[error("the operator's token is malformed: expected eop_… as it was shown")]
    BadOperatorToken,
    #[error("the operator's token is unknown or revoked")]
    UnknownOperatorToken,
    #[error("the operator's token has expired")]
    ExpiredOperatorToken,
    #[error("X-Tenant-ID names no shop that grants support access now")]
    NoSupportAccess,
    #[error("the access token names no shop of this service")]
    NoTenant,
    #[error("you are no member of this shop any more")]
    NoMember,
    #[error("the identity provider cannot be asked for its keys at the moment")]
    ProviderAway,
    #[error("the credentials name different shops, or one that none of them is for: send one credential alone")]
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
    /// Whether it is an operator who names no tenant: there are no rows to ask for.
    pub fn is_nowhere(&self) -> bool {
        self.standing.id == TenantId::NOBODY
    }

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
    Key(TenantId, KeyHash),
    Tenant(TenantId),
    /// Sessions of a tenant's staff: ended, or the member has become another.
    Sessions(TenantId, Vec<Uuid>),
    /// A domain of a tenant's own, and the tenants for whom it is another now.
    Domain {
        host: String,
        tenants: Vec<TenantId>,
    },
    /// Members whom outside providers vouch for, which the shared cache does not hold.
    Members(TenantId),
    /// An operator's token.
    OperatorToken(KeyHash),
    /// The support access that a tenant grants.
    Support(TenantId),
    /// The keys that access tokens are signed with, which the shared cache does not hold.
    SigningKeys,
}

impl Changed {
    /// Of whom it changes what is known.
    fn tenants(&self) -> Vec<TenantId> {
        match self {
            Self::Key(tenant, _)
            | Self::Tenant(tenant)
            | Self::Sessions(tenant, _)
            | Self::Members(tenant)
            | Self::Support(tenant) => vec![*tenant],
            // A name that becomes somebody's was nobody's, or becomes so.
            Self::Domain { tenants, .. } => tenants.iter().copied().chain([TenantId::NOBODY]).collect(),
            Self::OperatorToken(_) | Self::SigningKeys => vec![TenantId::NOBODY],
        }
    }
}

/// Resolves credentials. One per process; cheap to clone.
#[derive(Clone)]
pub struct Resolver {
    db: Db,
    shared: Arc<dyn Shared>,
    clock: Arc<dyn Clock>,
    issuer: Arc<Issuer>,
    providers: Arc<Providers>,
    local: Arc<Local>,
}

impl Resolver {
    /// Starts listening for revocations. Access tokens are those of this issuer, and of these providers.
    pub fn new(
        db: Db,
        shared: Arc<dyn Shared>,
        clock: Arc<dyn Clock>,
        issuer: Issuer,
        providers: Arc<Providers>,
    ) -> Self {
        let local = Arc::new(Local::new());
        tokio::spawn(listen(shared.clone(), shared.subscribe(), Arc::downgrade(&local)));
        tokio::spawn(keep_uses(db.clone(), Arc::downgrade(&local)));
        Self { db, shared, clock, issuer: Arc::new(issuer), providers, local }
    }

    /// Who signs this service's access tokens, and for whom.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Writes down when keys were last used, as far as this process knows and has not yet.
    pub async fn write_uses(&self) -> Result<(), Fault> {
        write_uses(&self.db, &self.local).await
    }

    /// Now: to be asked for before something is resolved that is kept.
    pub fn moment(&self) -> Moment {
        self.local.moment()
    }

    /// Whether what leads to the tenant has changed since: what was resolved then must be resolved again.
    pub fn has_changed_since(&self, tenant: TenantId, moment: Moment) -> bool {
        self.local.has_changed_since(tenant, moment)
    }

    /// Tells when anybody's credentials may have changed: whether the tenant's have, says [`Self::has_changed_since`].
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
        self.local.remember(&self.local.handles, &handle.to_owned(), |tenant| *tenant, load).await
    }

    /// The tenant that a checkout's address names, for its pages.
    pub async fn by_id(&self, tenant: TenantId) -> Result<Resolved, Refusal> {
        self.admit(tenant, Access::Public, Grants::Nothing).await
    }

    async fn admit(&self, tenant: TenantId, access: Access, grants: Grants) -> Result<Resolved, Refusal> {
        let standing = self.standing(tenant).await?.ok_or(Refusal::Unknown)?;
        check_standing(&standing)?;
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
        self.local.remember(&self.local.keys, &hash, |entry| entry.tenant, load).await
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
        self.local.remember(&self.local.standings, &tenant, |_| tenant, load).await
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
        let entries: Vec<(&str, String)> = match what {
            Changed::Key(_, hash) => vec![("key", hash.hex())],
            Changed::Tenant(id) => vec![("tenant", id.to_string())],
            Changed::Sessions(tenant, ids) => {
                ids.iter().map(|id| (staff::SESSION, staff::session_key(*tenant, *id))).collect()
            }
            Changed::Domain { host, tenants } => {
                let standings = tenants.iter().map(|tenant| ("tenant", tenant.to_string()));
                standings.chain([(hosts::DOMAIN, host.clone())]).collect()
            }
            Changed::OperatorToken(hash) => vec![(operator::TOKEN, hash.hex())],
            Changed::Support(id) => vec![(operator::SUPPORT, id.to_string())],
            Changed::Members(_) | Changed::SigningKeys => return Ok(()),
        };
        for (kind, id) in entries {
            let key = self.cache_key(kind, &id).await?;
            self.shared.set(&key, CHANGED, SHARED_TTL).await?;
        }
        Ok(())
    }

    /// Marks it, and has every process forget what it knows of those whom it is about.
    async fn say(&self, what: &Changed) -> Result<(), Fault> {
        self.mark(what).await?;
        for tenant in what.tenants() {
            self.shared.publish(&Notice::CredentialsChanged { tenant }).await?;
        }
        Ok(())
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
        for tenant in what.tenants() {
            self.local.forget(Some(tenant));
        }
        self.say_patiently(what, ANNOUNCEMENTS).await.map_err(|error| {
            let is_revoked = matches!(what, Changed::Key(..) | Changed::Sessions(..) | Changed::OperatorToken(_));
            let done = if is_revoked { "revoked" } else { "changed" };
            Fault::internal(format!(
                "{done}, but not yet known everywhere: {error}. Say it again, or wait five minutes"
            ))
        })
    }
}

/// Refuses what is said for a tenant that is not let in.
fn check_standing(standing: &TenantStanding) -> Result<(), Refusal> {
    match (standing.deleted, standing.suspended) {
        (true, _) => Err(Refusal::Deleted),
        (false, true) => Err(Refusal::Suspended),
        (false, false) => Ok(()),
    }
}

/// What stands in the cache in place of what has changed; not JSON.
const CHANGED: &str = "changed";
