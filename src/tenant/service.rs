//! What operators do with tenants.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::Tenant;
use super::resolve::{Changed, Resolver};
use super::store;
use crate::api_key::service::{FirstKeys, first_keys_in_tx};
use crate::clock::{Clock, Entropy};
use crate::db::error::constraint;
use crate::db::{Db, PlatformConn, QueryResult};
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

/// Makes the tenant and its first two keys. The shop's own rows follow through the tenant's connection.
pub async fn tenant_create(
    db: &Db,
    clock: &dyn Clock,
    entropy: &Entropy,
    handle: &str,
    name: &str,
    currency: Currency,
) -> ServiceResult<(TenantId, FirstKeys), TenantRule> {
    let now = clock.now();
    db.platform()
        .run(async |conn| {
            let tenant = tenant_insert_in_tx(conn, entropy, now, handle, name, currency).await?;
            let keys = first_keys_in_tx(conn, entropy, tenant, now).await?;
            Ok((tenant, keys))
        })
        .await
}

/// Makes the tenant, which has no keys yet.
pub async fn tenant_insert_in_tx(
    conn: &mut PlatformConn<'_>,
    entropy: &Entropy,
    now: DateTime<Utc>,
    handle: &str,
    name: &str,
    currency: Currency,
) -> ServiceResult<TenantId, TenantRule> {
    check_name(name)?;
    let tenant = TenantId(entropy.uuid_v7(now));
    store::insert_tenant(conn, tenant, handle, name, currency, now).await.map_err(|error| {
        match constraint(&error) {
            Some("tenants_handle_key") => ServiceError::Rule(TenantRule::HandleTaken(handle.to_owned())),
            Some("tenants_handle_check") => ServiceError::Rule(TenantRule::BadHandle(handle.to_owned())),
            _ => error.into(),
        }
    })?;
    Ok(tenant)
}

/// Calls the tenant something else: 1 to 255 characters.
pub async fn tenant_rename_in_tx(
    conn: &mut PlatformConn<'_>,
    tenant: TenantId,
    name: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    store::set_name(conn, tenant, name, now).await
}

/// What a store may be called: what the tables' CHECKs admit, and what a list can show on one line.
fn check_name(name: &str) -> Result<(), ServiceError<TenantRule>> {
    if crate::text::is_name(name, 255) {
        return Ok(());
    }
    Err(ServiceError::Rule(TenantRule::BadName))
}

/// Has others who do the same wait until the transaction ends: for what a tenant may have only so many of.
pub async fn tenant_lock_in_tx(conn: &mut PlatformConn<'_>, tenant: TenantId) -> QueryResult<()> {
    store::lock(conn, tenant).await
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
