//! Platform tables only: no tenant connection here.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{Tenant, TenantStanding};
use crate::db::PlatformConn;
use crate::db::platform_tables::{domains, tenants};
use crate::ids::TenantId;
use crate::money::Currency;

pub async fn standing(conn: &mut PlatformConn<'_>, tenant: TenantId) -> QueryResult<Option<TenantStanding>> {
    type Row = (String, String, Vec<String>, bool, Option<String>);
    let domain = domains::table
        .filter(domains::tenant_id.eq(tenant.0))
        .filter(domains::verified_at.is_not_null())
        .order((domains::verified_at, domains::id))
        .select(domains::host)
        .limit(1)
        .single_value();
    let row: Option<Row> = tenants::table
        .find(tenant.0)
        .select((tenants::status, tenants::currency, tenants::allowed_origins, tenants::trusted_documents_only, domain))
        .first(conn)
        .await
        .optional()?;
    let Some((status, currency, allowed_origins, trusted_documents_only, primary_domain)) = row else {
        return Ok(None);
    };
    let currency = Currency::from_code(&currency)
        .ok_or_else(|| diesel::result::Error::DeserializationError(format!("currency {currency}").into()))?;
    let suspended = status != "ACTIVE";
    Ok(Some(TenantStanding {
        id: tenant,
        suspended,
        currency,
        allowed_origins,
        trusted_documents_only,
        primary_domain,
    }))
}

pub async fn tenant_by_handle(conn: &mut PlatformConn<'_>, handle: &str) -> QueryResult<Option<TenantId>> {
    let id: Option<Uuid> =
        tenants::table.filter(tenants::handle.eq(handle)).select(tenants::id).first(conn).await.optional()?;
    Ok(id.map(TenantId))
}

pub async fn insert_tenant(
    conn: &mut PlatformConn<'_>,
    id: TenantId,
    handle: &str,
    name: &str,
    currency: Currency,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(tenants::table)
        .values((
            tenants::id.eq(id.0),
            tenants::handle.eq(handle),
            tenants::name.eq(name),
            tenants::currency.eq(currency.code()),
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

/// Sets the status; answers whether there is such a tenant.
pub async fn set_status(
    conn: &mut PlatformConn<'_>,
    id: TenantId,
    status: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let changed = diesel::update(tenants::table.find(id.0))
        .set((tenants::status.eq(status), tenants::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Sets the name; answers whether there is such a tenant.
pub async fn set_name(conn: &mut PlatformConn<'_>, id: TenantId, name: &str, now: DateTime<Utc>) -> QueryResult<bool> {
    let changed = diesel::update(tenants::table.find(id.0))
        .set((tenants::name.eq(name), tenants::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Sets the web origins; answers whether there is such a tenant.
pub async fn set_allowed_origins(
    conn: &mut PlatformConn<'_>,
    id: TenantId,
    origins: &[String],
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let changed = diesel::update(tenants::table.find(id.0))
        .set((tenants::allowed_origins.eq(origins), tenants::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Sets whether publishable keys may send trusted documents alone; answers whether there is such a tenant.
pub async fn set_trusted_documents_only(
    conn: &mut PlatformConn<'_>,
    id: TenantId,
    only: bool,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let changed = diesel::update(tenants::table.find(id.0))
        .set((tenants::trusted_documents_only.eq(only), tenants::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Tenants in the order of their creation, after the given one.
pub async fn list(conn: &mut PlatformConn<'_>, after: Option<Uuid>, limit: i64) -> QueryResult<Vec<Tenant>> {
    type Row = (Uuid, String, String, String, Vec<String>, DateTime<Utc>);
    let rows: Vec<Row> = tenants::table
        .filter(tenants::id.gt(after.unwrap_or(Uuid::nil())))
        .order(tenants::id)
        .limit(limit)
        .select((
            tenants::id,
            tenants::handle,
            tenants::name,
            tenants::status,
            tenants::allowed_origins,
            tenants::created_at,
        ))
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, handle, name, status, allowed_origins, created_at)| Tenant {
            id: TenantId(id),
            handle,
            name,
            status,
            allowed_origins,
            created_at,
        })
        .collect())
}
