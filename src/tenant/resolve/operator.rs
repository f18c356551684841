//! From an operator's token, and the tenant that it is used for, to what may be done.
//!
//! By itself a token leads to no tenant. With a tenant's id it leads there while the tenant grants support access, and to
//! what the grants say. Tokens and grants go through the caches that keys go through, with their promise that a
//! revocation is known everywhere within a second.

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::local::{Entry, LOCAL_ENTRIES};
use super::{Refusal, Resolved, Resolver, check_standing};
use crate::access::{Grants, Permissions};
use crate::api_key::key::KeyHash;
use crate::api_key::service::Uses;
use crate::error::Fault;
use crate::ids::{Gid, TenantId};
use crate::money::Currency;
use crate::operator::service::token_live;
use crate::operator::token::OperatorToken;
use crate::support_access::model::Standing;
use crate::support_access::service::standing;
use crate::tenant::model::{Access, TenantStanding};

/// The kinds of entry in the shared cache.
pub(super) const TOKEN: &str = "operator";
pub(super) const SUPPORT: &str = "support";

/// What a process remembers of operators.
pub(super) struct Operators {
    tokens: Cache<KeyHash, Entry<TokenEntry>>,
    supports: Cache<TenantId, Entry<Arc<Vec<Standing>>>>,
    pub(super) uses: Uses,
}

impl Operators {
    pub(super) fn new() -> Self {
        Self { tokens: Cache::new(LOCAL_ENTRIES), supports: Cache::new(LOCAL_ENTRIES), uses: Uses::default() }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct TokenEntry {
    id: Uuid,
    expires_at: DateTime<Utc>,
}

/// What stands for the tenant where there is none: nobody's rows, refused before anything is asked of them.
static NOWHERE: LazyLock<Arc<TenantStanding>> = LazyLock::new(|| {
    Arc::new(TenantStanding {
        id: TenantId::NOBODY,
        suspended: false,
        deleted: false,
        // Nothing has a price there.
        currency: Currency::EUR,
        allowed_origins: Vec::new(),
        trusted_documents_only: false,
        primary_domain: None,
        api_rate: None,
        job_weight: 1,
    })
});

impl Resolver {
    /// What an operator's token leads to; in the tenant that it names by a uuid or a global id, if it names one.
    pub async fn by_operator(&self, text: &str, tenant: Option<&str>) -> Result<Resolved, Refusal> {
        let hash = OperatorToken::parse(text).ok_or(Refusal::BadOperatorToken)?.hash();
        let token = self.operator_token(hash).await?.ok_or(Refusal::UnknownOperatorToken)?;
        let now = self.clock.now();
        if token.expires_at <= now {
            return Err(Refusal::ExpiredOperatorToken);
        }
        self.local.operators.uses.note(token.id, now);
        let access = Access::Operator { token_id: token.id };
        let Some(tenant) = tenant else {
            let expires_at = Some(token.expires_at);
            return Ok(Resolved { standing: NOWHERE.clone(), access, grants: Grants::Nothing, expires_at });
        };
        // A tenant that there is not has granted nothing.
        let tenant = Uuid::try_parse(tenant).ok().or_else(|| Gid::of(tenant, "Tenant")).map(TenantId);
        let tenant = tenant.filter(|tenant| *tenant != TenantId::NOBODY).ok_or(Refusal::NoSupportAccess)?;
        let live = self.supports(tenant).await?;
        let live: Vec<&Standing> = live.iter().filter(|grant| grant.expires_at > now).collect();
        let Some(first_end) = live.iter().map(|grant| grant.expires_at).min() else {
            return Err(Refusal::NoSupportAccess);
        };
        let standing = self.standing(tenant).await?.ok_or(Refusal::NoSupportAccess)?;
        check_standing(&standing)?;
        let granted = live.iter().fold(Permissions::NONE, |all, grant| all.with(grant.permissions));
        // When one of them ends, what is left is asked anew.
        let expires_at = Some(token.expires_at.min(first_end));
        Ok(Resolved { standing, access, grants: Grants::Only(granted), expires_at })
    }

    async fn operator_token(&self, hash: KeyHash) -> Result<Option<TokenEntry>, Fault> {
        let load = async || {
            self.through_cache(TOKEN, &hash.hex(), async || {
                let found = token_live(&self.db, &hash).await?;
                Ok(found.map(|token| TokenEntry { id: token.id, expires_at: token.expires_at }))
            })
            .await
        };
        self.local.remember(&self.local.operators.tokens, &hash, |_| TenantId::NOBODY, load).await
    }

    /// The tenant's grants of support access that are in force, or were a moment ago.
    async fn supports(&self, tenant: TenantId) -> Result<Arc<Vec<Standing>>, Fault> {
        let load = async || {
            let id = tenant.to_string();
            let found = self.through_cache(SUPPORT, &id, async || {
                let live = standing(&self.db.tenant(tenant), self.clock.now()).await?;
                // What is not there is not kept: what is granted counts at once.
                Ok((!live.is_empty()).then_some(live))
            });
            Ok(found.await?.map(|(live, ttl)| (Arc::new(live), ttl)))
        };
        Ok(self.local.remember(&self.local.operators.supports, &tenant, |_| tenant, load).await?.unwrap_or_default())
    }
}
