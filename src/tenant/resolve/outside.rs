//! From an outside identity provider's token to a member of a shop's staff.
//!
//! As with our own tokens, a signature is checked once and remembered under the token's SHA-256, and all else is asked each
//! time: whether its key still counts, whether it is its time, which tenant its organization is, and whether the shop or
//! the provider has said that this is a member no more. A member of whom nothing was told is let in: the provider vouches
//! for them, and may tell of them later. What is asked here is of the database alone, remembered for a few seconds, unless
//! something has changed.

use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::local::{Entry, LOCAL_ENTRIES};
use super::{LOCAL_TTL, Refusal, Resolved, Resolver};
use crate::access::Grants;
use crate::config::TenantClaim;
use crate::error::Fault;
use crate::identity::outside::Standing;
use crate::identity::provider::token::{NotVerified, Outsider, still_counts, verify};
use crate::identity::provider::{Provider, member_id};
use crate::identity::service::{organization_tenant, outside_standing};
use crate::ids::TenantId;
use crate::tenant::model::Access;

/// An issuer's organization.
type Organization = (Arc<str>, Arc<str>);

/// What a process remembers of those whom providers vouch for.
pub(super) struct Outside {
    tokens: Cache<[u8; 32], Arc<Outsider>>,
    organizations: Cache<Organization, Entry<TenantId>>,
    members: Cache<(TenantId, Uuid), Entry<Standing>>,
}

impl Outside {
    pub(super) fn new() -> Self {
        Self {
            tokens: Cache::new(LOCAL_ENTRIES),
            organizations: Cache::new(LOCAL_ENTRIES),
            members: Cache::new(LOCAL_ENTRIES),
        }
    }
}

impl From<NotVerified> for Refusal {
    fn from(not: NotVerified) -> Self {
        match not {
            NotVerified::Bad(bad) => Self::Token(bad),
            NotVerified::Away => Self::ProviderAway,
        }
    }
}

impl Resolver {
    /// The tenant and access of a token that says it is this provider's.
    pub(super) async fn by_outside_token(&self, provider: &Provider, text: &str) -> Result<Resolved, Refusal> {
        let outsider = self.outsider(provider, text).await?;
        outsider.check_time(self.clock.now())?;
        let said = outsider.tenant.as_deref().ok_or(Refusal::NoTenant)?;
        let tenant = self.outside_tenant(provider, said).await?.ok_or(Refusal::NoTenant)?;
        let standing = self.standing(tenant).await?.ok_or(Refusal::NoTenant)?;
        let staff_id = member_id(tenant, &provider.config.issuer, &outsider.subject);
        if self.outside_member(tenant, staff_id).await? == Standing::KeptOut {
            return Err(Refusal::NoMember);
        }
        if standing.suspended {
            return Err(Refusal::Suspended);
        }
        let grants = Grants::Staff(self.staff_grants(tenant, staff_id, &outsider.role).await?);
        let access = Access::Staff { staff_id, session_id: None };
        Ok(Resolved { standing, access, grants, expires_at: Some(outsider.expires_at) })
    }

    async fn outsider(&self, provider: &Provider, text: &str) -> Result<Arc<Outsider>, NotVerified> {
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        if let Some(outsider) = self.local.outside.tokens.get(&hash) {
            // A provider may take a key back.
            still_counts(provider, &outsider).await?;
            return Ok(outsider);
        }
        let outsider = Arc::new(verify(provider, text).await?);
        self.local.outside.tokens.insert(hash, outsider.clone());
        Ok(outsider)
    }

    /// The tenant that a token's claim means.
    async fn outside_tenant(&self, provider: &Provider, said: &str) -> Result<Option<TenantId>, Fault> {
        match provider.config.tenant_claim {
            TenantClaim::Own => match Uuid::try_parse(said) {
                Ok(id) => Ok(Some(TenantId(id))),
                Err(_) => self.named(said).await,
            },
            TenantClaim::Organization => {
                let issuer = provider.config.issuer.as_str();
                let load = async || {
                    let tenant = organization_tenant(&self.db, issuer, said).await?;
                    Ok(tenant.map(|tenant| (tenant, LOCAL_TTL)))
                };
                let key = (issuer.into(), said.into());
                self.local.remember(&self.local.outside.organizations, &key, |tenant| *tenant, load).await
            }
        }
    }

    async fn outside_member(&self, tenant: TenantId, id: Uuid) -> Result<Standing, Fault> {
        let load = async || Ok(Some((outside_standing(&self.db.tenant(tenant), id).await?, LOCAL_TTL)));
        let standing = self.local.remember(&self.local.outside.members, &(tenant, id), |_| tenant, load).await?;
        standing.ok_or_else(|| Fault::internal("how a member stands was not read"))
    }
}
