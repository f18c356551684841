//! What operators do with tenants.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{MAX_ORIGINS, NewTenant, Tenant, TenantPlan, TenantStatus, origins};
use super::resolve::{Changed, Resolver};
use super::rule::MAX_EXTERNAL_ID;
pub use super::rule::TenantRule;
use super::store::{self, Changes};
use crate::cache::Rate;
use crate::clock::Clock;
use crate::db::error::constraint;
use crate::db::{Db, PlatformConn, QueryError, QueryResult};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::page::PageQuery;

/// The platform's row of a new tenant, which the transaction goes on to furnish.
pub async fn tenant_insert_in_tx(
    conn: &mut PlatformConn<'_>,
    tenant: TenantId,
    new: &NewTenant<'_>,
    now: DateTime<Utc>,
) -> ServiceResult<(), TenantRule> {
    check_name(new.name)?;
    if let Some(id) = new.external_id {
        check_external_id(id)?;
    }
    let inserted = store::insert_tenant(conn, tenant, new, now).await;
    inserted.map(drop).map_err(|error| match constraint(&error) {
        Some("tenants_handle_key") => rule(TenantRule::HandleTaken(new.handle.to_owned())),
        Some("tenants_handle_check") => rule(TenantRule::BadHandle(new.handle.to_owned())),
        _ => taken(error, new.external_id),
    })
}

fn taken(error: QueryError, external_id: Option<&str>) -> ServiceError<TenantRule> {
    match (constraint(&error), external_id) {
        (Some("tenants_external_id"), Some(id)) => rule(TenantRule::ExternalIdTaken(id.to_owned())),
        _ => error.into(),
    }
}

fn rule(rule: TenantRule) -> ServiceError<TenantRule> {
    ServiceError::Rule(rule)
}

fn check_external_id(id: &str) -> Result<(), ServiceError<TenantRule>> {
    if crate::text::is_name(id, MAX_EXTERNAL_ID) { Ok(()) } else { Err(rule(TenantRule::BadExternalId)) }
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

/// Suspends or resumes a tenant in every process. One that is deleted stays so.
pub async fn tenant_set_suspended(
    db: &Db,
    clock: &dyn Clock,
    resolver: &Resolver,
    tenant: TenantId,
    suspended: bool,
) -> ServiceResult<(), TenantRule> {
    let status = if suspended { TenantStatus::Suspended } else { TenantStatus::Active };
    let now = clock.now();
    let set = async |conn: &mut PlatformConn<'_>| {
        match store::locked_status(conn, tenant).await? {
            None => return Err(rule(TenantRule::NotFound)),
            Some(TenantStatus::Deleted) => return Err(rule(TenantRule::Deleted)),
            Some(_) => {}
        }
        let changes = Changes { status: Some(status.as_db()), ..Changes::default() };
        store::update(conn, tenant, changes, now).await?;
        Ok(())
    };
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(set).await).await
}

/// Deletes a tenant: it is refused in every process for good, and so is whatever opens it. Its rows stay, and its
/// handle stays taken. One that is deleted stays as it is.
pub async fn tenant_delete(
    db: &Db,
    clock: &dyn Clock,
    resolver: &Resolver,
    tenant: TenantId,
) -> ServiceResult<(), TenantRule> {
    let now = clock.now();
    let delete = async |conn: &mut PlatformConn<'_>| {
        match store::locked_status(conn, tenant).await? {
            None => return Err(rule(TenantRule::NotFound)),
            Some(TenantStatus::Deleted) => return Ok(()),
            Some(_) => {}
        }
        let status = Some(TenantStatus::Deleted.as_db());
        store::update(conn, tenant, Changes { status, deleted_at: Some(now), ..Changes::default() }, now).await?;
        Ok(())
    };
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(delete).await).await
}

/// What an operator changes of a tenant; none: it stays.
#[derive(Clone, Debug, Default)]
pub struct TenantChange {
    /// What operators call it. What shoppers see is the shop's own.
    pub name: Option<String>,
    /// The operator's own id for it.
    pub external_id: Option<String>,
    /// From which web origins its keys may be used; none: as [`TenantStanding`] has it.
    ///
    /// [`TenantStanding`]: super::model::TenantStanding
    pub allowed_origins: Option<Vec<String>>,
}

/// Changes a tenant in every process.
pub async fn tenant_update(
    db: &Db,
    clock: &dyn Clock,
    resolver: &Resolver,
    tenant: TenantId,
    change: &TenantChange,
) -> ServiceResult<(), TenantRule> {
    change.name.as_deref().map_or(Ok(()), check_name)?;
    change.external_id.as_deref().map_or(Ok(()), check_external_id)?;
    let origins = change.allowed_origins.as_deref().map(read_origins).transpose()?;
    let now = clock.now();
    let changes = Changes {
        name: change.name.as_deref(),
        external_id: change.external_id.as_deref(),
        allowed_origins: origins.as_deref(),
        ..Changes::default()
    };
    let set = async |conn: &mut PlatformConn<'_>| {
        match store::locked_status(conn, tenant).await? {
            None => return Err(rule(TenantRule::NotFound)),
            Some(TenantStatus::Deleted) => return Err(rule(TenantRule::Deleted)),
            Some(_) => {}
        }
        let updated = store::update(conn, tenant, changes, now).await;
        updated.map(drop).map_err(|error| taken(error, change.external_id.as_deref()))
    };
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(set).await).await
}

fn read_origins(texts: &[String]) -> Result<Vec<String>, ServiceError<TenantRule>> {
    if texts.len() > MAX_ORIGINS {
        return Err(rule(TenantRule::TooManyOrigins));
    }
    origins(texts).map_err(|mut wrong| {
        let (at, why) = wrong.swap_remove(0);
        rule(TenantRule::BadOrigin { at, message: format!("\"{}\": {why}", texts[at]) })
    })
}

/// Calls the tenant something else: 1 to 255 characters. Answers whether there is such a tenant.
pub async fn tenant_rename_in_tx(
    conn: &mut PlatformConn<'_>,
    tenant: TenantId,
    name: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    store::update(conn, tenant, Changes { name: Some(name), ..Changes::default() }, now).await
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
    let change = TenantChange { allowed_origins: Some(origins.to_vec()), ..TenantChange::default() };
    tenant_update(db, clock, resolver, tenant, &change).await
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
    let changes = Changes { trusted_documents_only: Some(only), ..Changes::default() };
    let set = async |conn: &mut PlatformConn<'_>| {
        if store::update(conn, tenant, changes, now).await? {
            Ok(())
        } else {
            Err(Fault::internal("the tenant that asks is not there"))
        }
    };
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(set).await).await
}

/// Says how much of the API a tenant may use, in every process; none: as much as it likes. Answers whether there is such a
/// tenant.
pub async fn tenant_set_api_rate(
    db: &Db,
    clock: &dyn Clock,
    resolver: &Resolver,
    tenant: TenantId,
    rate: Option<Rate>,
) -> Result<bool, Fault> {
    let now = clock.now();
    let points = rate.map(|rate| i32::try_from(rate.restored()).unwrap_or(i32::MAX));
    let changes = Changes { api_points_per_second: Some(points), ..Changes::default() };
    let set = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(store::update(conn, tenant, changes, now).await?);
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(set).await).await
}

/// What a page of tenants is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct TenantFilter {
    /// A text that name, handle or external id holds, in upper or lower case.
    pub text: Option<String>,
    pub status: Option<TenantStatus>,
}

/// A page of tenants, in the order in which they were made.
pub async fn tenants_page(db: &Db, filter: &TenantFilter, page: &PageQuery) -> Result<Vec<Tenant>, Fault> {
    db.platform().run(async |conn| Ok(store::page(conn, filter, page).await?)).await
}

/// The tenant with this subdomain and short name.
pub async fn tenant_by_handle(db: &Db, handle: &str) -> Result<Option<TenantId>, Fault> {
    db.platform().run(async |conn| Ok(store::tenant_by_handle(conn, handle).await?)).await
}

/// The tenant with the operator's own id.
pub async fn tenant_by_external_id(db: &Db, id: &str) -> Result<Option<TenantId>, Fault> {
    db.platform().run(async |conn| Ok(store::tenant_by_external_id(conn, id).await?)).await
}

/// What the operator sees of a tenant.
pub async fn tenant_by_id(db: &Db, tenant: TenantId) -> Result<Option<Tenant>, Fault> {
    db.platform().run(async |conn| Ok(store::tenant(conn, tenant).await?)).await
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

/// Notes what a tenant's plan comes to, unless something newer is noted.
pub async fn tenant_plan_note_in_tx(
    conn: &mut PlatformConn<'_>,
    tenant: TenantId,
    plan: &TenantPlan,
) -> QueryResult<()> {
    store::set_plan(conn, tenant, plan).await.map(drop)
}

/// The same in every process.
pub async fn tenant_plan_publish(
    db: &Db,
    resolver: &Resolver,
    tenant: TenantId,
    plan: &TenantPlan,
) -> Result<(), Fault> {
    let note = async |conn: &mut PlatformConn<'_>| Ok::<_, Fault>(tenant_plan_note_in_tx(conn, tenant, plan).await?);
    resolver.change(Changed::Tenant(tenant), async || db.platform().run(note).await).await
}

/// Tenants that have an older version of a plan, as far as that is published, after the given one.
pub async fn tenants_on_older_plan(
    db: &Db,
    plan: (Uuid, i32),
    after: Option<Uuid>,
    limit: u16,
) -> Result<Vec<TenantId>, Fault> {
    db.platform().run(async |conn| Ok(store::on_older_plan(conn, plan, after, limit.into()).await?)).await
}

/// How many tenants are on a plan, and how many of them have an older version of it.
pub async fn tenants_on_plan(db: &Db, plan: (Uuid, i32)) -> Result<(i64, i64), Fault> {
    db.platform().run(async |conn| Ok(store::count_on_plan(conn, plan).await?)).await
}
