//! Platform tables only: no tenant connection here.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{NewTenant, Tenant, TenantPlan, TenantStanding, TenantStatus};
use super::service::TenantFilter;
use crate::cache::Rate;
use crate::db::platform_tables::{domains, tenants};
use crate::db::{PlatformConn, keyset};
use crate::ids::TenantId;
use crate::money::Currency;
use crate::page::PageQuery;

fn unreadable(what: &str, value: &str) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(format!("{what} {value}").into())
}

pub async fn standing(conn: &mut PlatformConn<'_>, tenant: TenantId) -> QueryResult<Option<TenantStanding>> {
    type Row = (String, String, Vec<String>, bool, Option<i32>, i16, Option<String>);
    let domain = domains::table
        .filter(domains::tenant_id.eq(tenant.0))
        .filter(domains::verified_at.is_not_null())
        .order((domains::verified_at, domains::id))
        .select(domains::host)
        .limit(1)
        .single_value();
    let row: Option<Row> = tenants::table
        .find(tenant.0)
        .select((
            tenants::status,
            tenants::currency,
            tenants::allowed_origins,
            tenants::trusted_documents_only,
            tenants::api_points_per_second,
            tenants::job_weight,
            domain,
        ))
        .first(conn)
        .await
        .optional()?;
    let Some((status, currency, allowed_origins, trusted_documents_only, api_points, job_weight, primary_domain)) = row
    else {
        return Ok(None);
    };
    let currency = Currency::from_code(&currency).ok_or_else(|| unreadable("currency", &currency))?;
    let status = TenantStatus::from_db(&status).ok_or_else(|| unreadable("status", &status))?;
    Ok(Some(TenantStanding {
        id: tenant,
        suspended: status != TenantStatus::Active,
        deleted: status == TenantStatus::Deleted,
        currency,
        allowed_origins,
        trusted_documents_only,
        primary_domain,
        job_weight,
        api_rate: api_points.and_then(|points| Rate::per_second(u32::try_from(points).ok()?)),
    }))
}

pub async fn tenant_by_handle(conn: &mut PlatformConn<'_>, handle: &str) -> QueryResult<Option<TenantId>> {
    let id: Option<Uuid> =
        tenants::table.filter(tenants::handle.eq(handle)).select(tenants::id).first(conn).await.optional()?;
    Ok(id.map(TenantId))
}

pub async fn tenant_by_external_id(conn: &mut PlatformConn<'_>, id: &str) -> QueryResult<Option<TenantId>> {
    let id: Option<Uuid> =
        tenants::table.filter(tenants::external_id.eq(id)).select(tenants::id).first(conn).await.optional()?;
    Ok(id.map(TenantId))
}

pub async fn insert_tenant(
    conn: &mut PlatformConn<'_>,
    id: TenantId,
    new: &NewTenant<'_>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(tenants::table)
        .values((
            tenants::id.eq(id.0),
            tenants::external_id.eq(new.external_id),
            tenants::handle.eq(new.handle),
            tenants::name.eq(new.name),
            tenants::currency.eq(new.currency.code()),
            tenants::created_at.eq(now),
            tenants::updated_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// Locks the tenant's row until the transaction ends.
pub async fn lock(conn: &mut PlatformConn<'_>, id: TenantId) -> QueryResult<()> {
    tenants::table.find(id.0).select(tenants::id).for_no_key_update().first::<Uuid>(conn).await.map(drop)
}

/// The status, which nobody changes before this transaction ends; none: there is no such tenant.
pub async fn locked_status(conn: &mut PlatformConn<'_>, id: TenantId) -> QueryResult<Option<TenantStatus>> {
    let row = tenants::table.find(id.0).select(tenants::status).for_no_key_update();
    let status: Option<String> = row.first(conn).await.optional()?;
    status.map(|status| TenantStatus::from_db(&status).ok_or_else(|| unreadable("status", &status))).transpose()
}

/// What is to change of a tenant; none: it stays.
#[derive(Clone, Copy, Debug, Default, AsChangeset)]
#[diesel(table_name = tenants)]
pub struct Changes<'a> {
    pub name: Option<&'a str>,
    pub external_id: Option<&'a str>,
    pub status: Option<&'a str>,
    pub allowed_origins: Option<&'a [String]>,
    pub trusted_documents_only: Option<bool>,
    /// Of what may be none: none of it is another none.
    pub api_points_per_second: Option<Option<i32>>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Changes a tenant; answers whether there is such a one.
pub async fn update(
    conn: &mut PlatformConn<'_>,
    id: TenantId,
    changes: Changes<'_>,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let changed =
        diesel::update(tenants::table.find(id.0)).set((changes, tenants::updated_at.eq(now))).execute(conn).await?;
    Ok(changed == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    external_id: Option<String>,
    handle: String,
    name: String,
    currency: String,
    status: String,
    allowed_origins: Vec<String>,
    plan_id: Option<Uuid>,
    pending_plan_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

impl Row {
    fn read(self) -> QueryResult<Tenant> {
        let Self { id, external_id, handle, name, currency, status, allowed_origins, created_at, deleted_at, .. } =
            self;
        Ok(Tenant {
            plan_id: self.plan_id,
            pending_plan_id: self.pending_plan_id,
            id: TenantId(id),
            external_id,
            handle,
            name,
            currency: Currency::from_code(&currency).ok_or_else(|| unreadable("currency", &currency))?,
            status: TenantStatus::from_db(&status).ok_or_else(|| unreadable("status", &status))?,
            allowed_origins,
            created_at,
            deleted_at,
        })
    }
}

pub async fn tenant(conn: &mut PlatformConn<'_>, id: TenantId) -> QueryResult<Option<Tenant>> {
    let row: Option<Row> = tenants::table.find(id.0).select(Row::as_select()).first(conn).await.optional()?;
    row.map(Row::read).transpose()
}

/// A page of tenants, in the order of their creation.
pub async fn page(conn: &mut PlatformConn<'_>, filter: &TenantFilter, page: &PageQuery) -> QueryResult<Vec<Tenant>> {
    let mut query = tenants::table.select(Row::as_select()).limit(page.limit).into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(tenants::status.eq(status.as_db()));
    }
    if let Some(text) = &filter.text {
        // As it stands: nothing in it is a pattern.
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let named = tenants::name.ilike(pattern.clone()).or(tenants::handle.ilike(pattern.clone()));
        query = query.filter(named.or(tenants::external_id.ilike(pattern).is_not_distinct_from(true)));
    }
    let query = keyset::by!(query, page, tenants::id);
    query.load::<Row>(conn).await?.into_iter().map(Row::read).collect()
}

/// Tenants in the order of their creation, after the given one.
pub async fn list(conn: &mut PlatformConn<'_>, after: Option<Uuid>, limit: i64) -> QueryResult<Vec<Tenant>> {
    let rows: Vec<Row> = tenants::table
        .filter(tenants::id.gt(after.unwrap_or_default()))
        .order(tenants::id)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Notes what a tenant's plan comes to, unless something newer is noted; answers whether it was.
pub async fn set_plan(conn: &mut PlatformConn<'_>, tenant: TenantId, plan: &TenantPlan) -> QueryResult<bool> {
    let changed = diesel::update(tenants::table.find(tenant.0))
        .filter(tenants::plan_revision.le(plan.revision))
        .set((
            tenants::plan_id.eq(plan.plan_id),
            tenants::pending_plan_id.eq(plan.pending_plan_id),
            tenants::plan_version.eq(plan.version),
            tenants::plan_revision.eq(plan.revision),
            tenants::job_weight.eq(plan.job_weight),
            tenants::api_points_per_second.eq(plan.api_points_per_second),
        ))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Tenants on a plan that have an older version of it, after the given one.
pub async fn on_older_plan(
    conn: &mut PlatformConn<'_>,
    (plan, version): (Uuid, i32),
    after: Option<Uuid>,
    limit: i64,
) -> QueryResult<Vec<TenantId>> {
    let ids: Vec<Uuid> = tenants::table
        .filter(tenants::plan_id.eq(plan))
        .filter(tenants::plan_version.lt(version))
        .filter(tenants::id.gt(after.unwrap_or_default()))
        .order(tenants::id)
        .limit(limit)
        .select(tenants::id)
        .load(conn)
        .await?;
    Ok(ids.into_iter().map(TenantId).collect())
}

/// How many tenants are on a plan, and how many of them have an older version of it.
pub async fn count_on_plan(conn: &mut PlatformConn<'_>, (plan, version): (Uuid, i32)) -> QueryResult<(i64, i64)> {
    let on = tenants::table.filter(tenants::plan_id.eq(plan));
    let all = on.count().get_result(conn).await?;
    Ok((all, on.filter(tenants::plan_version.lt(version)).count().get_result(conn).await?))
}
