//! What operators do with tenants.

use uuid::Uuid;

use super::key::ApiKey;
use super::model::{KeyInfo, KeyKind, Tenant};
use super::resolve::{Changed, Resolver};
use super::store;
use crate::clock::{Clock, Entropy};
use crate::db::error::constraint;
use crate::db::{Db, PlatformConn};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::money::Currency;

/// What provisioning refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantRule {
    #[error("the handle \"{0}\" is taken")]
    HandleTaken(String),
    #[error("\"{0}\" is not a handle: use a-z, 0-9 and hyphens, at most 63 characters")]
    BadHandle(String),
    #[error("a name has 1 to 255 characters, not all of them blank, and no line breaks or other control characters")]
    BadName,
    #[error("there is no such tenant")]
    NotFound,
}

/// A new tenant's two keys, in clear this once.
pub struct TenantKeys {
    pub publishable: ApiKey,
    pub secret: ApiKey,
}

impl TenantKeys {
    fn make(entropy: &Entropy) -> Self {
        let make = |kind| ApiKey::from_random(kind, entropy.bytes());
        Self { publishable: make(KeyKind::Publishable), secret: make(KeyKind::Secret) }
    }

    fn named(&self) -> [(&'static str, &ApiKey); 2] {
        [("Storefront", &self.publishable), ("Server", &self.secret)]
    }
}

/// Makes the tenant and its first two keys. The shop's own rows follow through the tenant's connection.
pub async fn tenant_create(
    db: &Db,
    clock: &dyn Clock,
    entropy: &Entropy,
    handle: &str,
    name: &str,
    currency: Currency,
) -> ServiceResult<(TenantId, TenantKeys), TenantRule> {
    check_name(name)?;
    let now = clock.now();
    let tenant = TenantId(entropy.uuid_v7(now));
    let keys = TenantKeys::make(entropy);
    db.platform()
        .run(async |conn| {
            store::insert_tenant(conn, tenant, handle, name, currency, now).await.map_err(|error| match constraint(
                &error,
            ) {
                Some("tenants_handle_key") => ServiceError::Rule(TenantRule::HandleTaken(handle.to_owned())),
                Some("tenants_handle_check") => ServiceError::Rule(TenantRule::BadHandle(handle.to_owned())),
                _ => error.into(),
            })?;
            for (name, key) in keys.named() {
                store::insert_key(conn, entropy.uuid_v7(now), tenant, name, key, now).await?;
            }
            Ok::<_, ServiceError<TenantRule>>(())
        })
        .await?;
    Ok((tenant, keys))
}

/// What a store or a key may be called: what the tables' CHECKs admit, and what a list can show on one line.
fn check_name(name: &str) -> Result<(), ServiceError<TenantRule>> {
    let length = name.chars().count();
    if (1..=255).contains(&length) && !name.trim().is_empty() && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(ServiceError::Rule(TenantRule::BadName))
}

/// Makes a further key for a tenant.
pub async fn key_create(
    db: &Db,
    clock: &dyn Clock,
    entropy: &Entropy,
    tenant: TenantId,
    kind: KeyKind,
    name: &str,
) -> ServiceResult<(Uuid, ApiKey), TenantRule> {
    check_name(name)?;
    let now = clock.now();
    let (id, key) = (entropy.uuid_v7(now), ApiKey::from_random(kind, entropy.bytes()));
    db.platform().run(async |conn| Ok::<_, Fault>(store::insert_key(conn, id, tenant, name, &key, now).await?)).await?;
    Ok((id, key))
}

/// Makes another pair of keys for a tenant.
pub async fn tenant_keys_create(
    db: &Db,
    clock: &dyn Clock,
    entropy: &Entropy,
    tenant: TenantId,
) -> Result<TenantKeys, Fault> {
    let now = clock.now();
    let keys = TenantKeys::make(entropy);
    db.platform()
        .run(async |conn| {
            for (name, key) in keys.named() {
                store::insert_key(conn, entropy.uuid_v7(now), tenant, name, key, now).await?;
            }
            Ok::<_, Fault>(())
        })
        .await?;
    Ok(keys)
}

/// A tenant's keys, without what is secret about them.
pub async fn key_list(db: &Db, tenant: TenantId) -> Result<Vec<KeyInfo>, Fault> {
    db.platform().run(async |conn| Ok(store::keys(conn, tenant).await?)).await
}

/// Revokes a key in every process. A fault that says "not yet known everywhere" leaves it revoked: say it again.
/// False: there is no such key.
pub async fn key_revoke(db: &Db, clock: &dyn Clock, resolver: &Resolver, id: Uuid) -> Result<bool, Fault> {
    let now = clock.now();
    let hash = db.platform().run(async |conn| Ok::<_, Fault>(store::key_hash(conn, id).await?)).await?;
    let Some(hash) = hash else { return Ok(false) };
    let revoke = async || db.platform().run(async |conn| Ok::<_, Fault>(store::revoke_key(conn, id, now).await?)).await;
    resolver.change(Changed::Key(hash), revoke).await?;
    Ok(true)
}

/// Suspends or resumes a tenant in every process.
pub async fn tenant_set_suspended(
    db: &Db,
    clock: &dyn Clock,
    resolver: &Resolver,
    tenant: TenantId,
    suspended: bool,
) -> ServiceResult<(), TenantRule> {
    let status = if suspended { "SUSPENDED" } else { "ACTIVE" };
    let now = clock.now();
    let set = async |conn: &mut PlatformConn<'_>| found(store::set_status(conn, tenant, status, now).await?);
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(set).await).await
}

/// Says from which web origins a tenant's keys may be used, in every process; none: as [`TenantStanding`] has it.
///
/// [`TenantStanding`]: super::model::TenantStanding
pub async fn tenant_set_origins(
    db: &Db,
    clock: &dyn Clock,
    resolver: &Resolver,
    tenant: TenantId,
    origins: &[String],
) -> ServiceResult<(), TenantRule> {
    let now = clock.now();
    let set = async |conn: &mut PlatformConn<'_>| found(store::set_allowed_origins(conn, tenant, origins, now).await?);
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(set).await).await
}

/// Says whether a tenant's publishable keys may send trusted documents alone, in every process.
pub async fn tenant_set_trusted_documents_only(
    db: &Db,
    clock: &dyn Clock,
    resolver: &Resolver,
    tenant: TenantId,
    only: bool,
) -> Result<(), Fault> {
    let now = clock.now();
    let set = async |conn: &mut PlatformConn<'_>| {
        if store::set_trusted_documents_only(conn, tenant, only, now).await? {
            Ok(())
        } else {
            Err(Fault::internal("the tenant that asks is not there"))
        }
    };
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(set).await).await
}

fn found(is_there: bool) -> ServiceResult<(), TenantRule> {
    if is_there { Ok(()) } else { Err(ServiceError::Rule(TenantRule::NotFound)) }
}

/// A tenant by its uuid or its handle.
pub async fn tenant_find(db: &Db, id_or_handle: &str) -> ServiceResult<TenantId, TenantRule> {
    if let Ok(id) = Uuid::try_parse(id_or_handle) {
        let standing =
            db.platform().run(async |conn| Ok::<_, Fault>(store::standing(conn, TenantId(id)).await?)).await?;
        return standing.map(|standing| standing.id).ok_or(ServiceError::Rule(TenantRule::NotFound));
    }
    db.platform()
        .run(async |conn| Ok::<_, Fault>(store::tenant_by_handle(conn, id_or_handle).await?))
        .await?
        .ok_or(ServiceError::Rule(TenantRule::NotFound))
}

/// All tenants, a page at a time.
pub async fn tenant_list(db: &Db, after: Option<Uuid>, limit: u16) -> Result<Vec<Tenant>, Fault> {
    db.platform().run(async |conn| Ok(store::list(conn, after, limit.into()).await?)).await
}
