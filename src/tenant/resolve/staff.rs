//! From an access token to a staff member's session.
//!
//! A token's signature is checked once and remembered under the token's SHA-256. Whether its key still counts, whether it
//! is its time and whether its session is open is asked each time: the first two of what this process knows, the last of
//! the caches that keys go through, with their promise that a revocation is known everywhere within a second. The keys
//! come from the database alone: the shared cache does not hold what signs.

use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use super::{Entry, LOCAL_ENTRIES, LOCAL_TTL, Refusal, Resolved, Resolver, check_standing};
use crate::access::{Grants, StaffGrants};
use crate::error::Fault;
use crate::identity::keys::KeySet;
use crate::identity::model::SessionStanding;
use crate::identity::service::{keys_load, overrides_in_force, session_standing};
use crate::identity::token::{BadToken, Verified, verify};
use crate::ids::TenantId;
use crate::role::service::roles;
use crate::tenant::model::Access;

/// The kind of entry in the shared cache.
pub(super) const SESSION: &str = "session";

/// What a process remembers of staff.
pub(super) struct Staff {
    tokens: Cache<[u8; 32], Arc<Verified>>,
    sessions: Cache<(TenantId, Uuid), Entry<Arc<SessionStanding>>>,
    grants: Cache<(TenantId, Uuid, Arc<str>), Entry<Arc<StaffGrants>>>,
    signing: Cache<(), Entry<Arc<KeySet>>>,
    making_keys: Mutex<()>,
}

impl Staff {
    pub(super) fn new() -> Self {
        Self {
            tokens: Cache::new(LOCAL_ENTRIES),
            sessions: Cache::new(LOCAL_ENTRIES),
            grants: Cache::new(LOCAL_ENTRIES),
            signing: Cache::new(1),
            making_keys: Mutex::new(()),
        }
    }
}

/// A session's name in the shared cache: under its tenant's, as in the database.
pub(super) fn session_key(tenant: TenantId, id: Uuid) -> String {
    format!("{tenant}:{id}")
}

impl Resolver {
    /// The tenant and access of a staff member's access token.
    pub async fn by_token(&self, text: &str) -> Result<Resolved, Refusal> {
        if let Some(provider) = self.providers.claimed_by(text) {
            return self.by_outside_token(provider, text).await;
        }
        let (verified, now) = (self.verified(text).await?, self.clock.now());
        verified.check_time(now)?;
        let tenant = verified.tenant.ok_or(Refusal::NoTenant)?;
        let standing = self.standing(tenant).await?.ok_or(Refusal::NoTenant)?;
        let session = self.session(tenant, verified.session_id).await?.ok_or(Refusal::SessionEnded)?;
        if session.staff_id != verified.staff_id || session.expires_at <= now {
            return Err(Refusal::SessionEnded);
        }
        check_standing(&standing)?;
        let (staff_id, session_id) = (verified.staff_id, verified.session_id);
        let grants = Grants::Staff(self.staff_grants(tenant, staff_id, &session.role).await?);
        let expires_at = Some(verified.expires_at.min(session.expires_at));
        Ok(Resolved { standing, access: Access::Staff { staff_id, session_id: Some(session_id) }, grants, expires_at })
    }

    /// The keys that count now or will: asked of the database every few seconds, and at once when they have changed.
    pub async fn signing_keys(&self) -> Result<Arc<KeySet>, Fault> {
        let load = async || Ok(Some((Arc::new(keys_load(&self.db, self.clock.now()).await?), LOCAL_TTL)));
        let keys = self.local.remember(&self.local.staff.signing, &(), |_| TenantId::NOBODY, load).await?;
        keys.ok_or_else(|| Fault::internal("the signing keys were not read"))
    }

    /// One at a time in this process makes keys.
    pub async fn turn_to_make_keys(&self) -> MutexGuard<'_, ()> {
        self.local.staff.making_keys.lock().await
    }

    async fn verified(&self, text: &str) -> Result<Arc<Verified>, Refusal> {
        let (keys, now) = (self.signing_keys().await?, self.clock.now());
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(verified) = self.local.staff.tokens.get(&hash) {
            // A key may be taken back.
            return keys.verifying(&verified.kid, now).map(|_| verified).ok_or(BadToken::Malformed.into());
        }
        let verified = Arc::new(verify(&keys, &self.issuer, text, now)?);
        self.local.staff.tokens.insert(hash, verified.clone());
        Ok(verified)
    }

    /// What a member may do, by their role and by what holds beside it. Of the database alone, and remembered for a few
    /// seconds, unless something has changed: this is not looked up often enough to be worth a place in the shared cache.
    pub(super) async fn staff_grants(
        &self,
        tenant: TenantId,
        staff_id: Uuid,
        role: &Arc<str>,
    ) -> Result<Arc<StaffGrants>, Fault> {
        let load = async || {
            let db = self.db.tenant(tenant);
            let read = db.read(async |conn| {
                let roles = roles(conn).await?;
                Ok::<_, Fault>((roles, overrides_in_force(conn, staff_id, role).await?))
            });
            let (roles, overrides) = read.await?;
            let grants = StaffGrants { role: roles.in_force(role), overrides };
            Ok(Some((Arc::new(grants), LOCAL_TTL)))
        };
        let key = (tenant, staff_id, role.clone());
        let grants = self.local.remember(&self.local.staff.grants, &key, |_| tenant, load).await?;
        grants.ok_or_else(|| Fault::internal("what a role may was not read"))
    }

    /// What is known of an open session; none of one that has ended.
    async fn session(&self, tenant: TenantId, id: Uuid) -> Result<Option<Arc<SessionStanding>>, Fault> {
        let load = async || {
            let key = session_key(tenant, id);
            let session = self.through_cache(SESSION, &key, async || {
                session_standing(&self.db.tenant(tenant), id, self.clock.now()).await
            });
            Ok(session.await?.map(|(session, ttl)| (Arc::new(session), ttl)))
        };
        self.local.remember(&self.local.staff.sessions, &(tenant, id), |_| tenant, load).await
    }
}
