//! Platform tables only: no tenant connection here.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::key::KeyHash;
use super::model::{KeyInfo, KeyKind, Tenant, TenantStanding};
use crate::db::PlatformConn;
use crate::db::platform_tables::{api_keys, tenants};
use crate::ids::TenantId;
use crate::money::Currency;

/// The live key with this hash: its tenant, id and kind.
pub async fn live_key(conn: &mut PlatformConn<'_>, hash: &KeyHash) -> QueryResult<Option<(TenantId, Uuid, KeyKind)>> {
    let row: Option<(Uuid, Uuid, String)> = api_keys::table
        .filter(api_keys::hash.eq(&hash.0[..]))
        .filter(api_keys::revoked_at.is_null())
        .select((api_keys::tenant_id, api_keys::id, api_keys::kind))
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(|(tenant, id, kind)| Some((TenantId(tenant), id, KeyKind::from_db(&kind)?))))
}

pub async fn standing(conn: &mut PlatformConn<'_>, tenant: TenantId) -> QueryResult<Option<TenantStanding>> {
    let row: Option<(String, String, Vec<String>, bool)> = tenants::table
        .find(tenant.0)
        .select((tenants::status, tenants::currency, tenants::allowed_origins, tenants::trusted_documents_only))
        .first(conn)
        .await
        .optional()?;
    let Some((status, currency, allowed_origins, trusted_documents_only)) = row else { return Ok(None) };
    let currency = Currency::from_code(&currency)
        .ok_or_else(|| diesel::result::Error::DeserializationError(format!("currency {currency}").into()))?;
    let suspended = status != "ACTIVE";
    Ok(Some(TenantStanding { id: tenant, suspended, currency, allowed_origins, trusted_documents_only }))
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

pub async fn insert_key(
    conn: &mut PlatformConn<'_>,
    id: Uuid,
    tenant: TenantId,
    name: &str,
    key: &super::key::ApiKey,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::id.eq(id),
            api_keys::tenant_id.eq(tenant.0),
            api_keys::kind.eq(key.kind().as_db()),
            api_keys::name.eq(name),
            api_keys::hash.eq(&key.hash().0[..]),
            api_keys::last_four.eq(key.last_four()),
            api_keys::created_at.eq(now),
        ))
        .execute(conn)
        .await
}

/// A tenant's keys, revoked ones too, oldest first; at most a thousand.
pub async fn keys(conn: &mut PlatformConn<'_>, tenant: TenantId) -> QueryResult<Vec<KeyInfo>> {
    type Row = (Uuid, String, String, String, DateTime<Utc>, Option<DateTime<Utc>>);
    let rows: Vec<Row> = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant.0))
        .order((api_keys::created_at, api_keys::id))
        .limit(1000)
        .select((
            api_keys::id,
            api_keys::kind,
            api_keys::name,
            api_keys::last_four,
            api_keys::created_at,
            api_keys::revoked_at,
        ))
        .load(conn)
        .await?;
    let info = |(id, kind, name, last_four, created_at, revoked_at): Row| {
        Some(KeyInfo { id, kind: KeyKind::from_db(&kind)?, name, last_four, created_at, revoked_at })
    };
    Ok(rows.into_iter().filter_map(info).collect())
}

/// The hash of a key, revoked or not.
pub async fn key_hash(conn: &mut PlatformConn<'_>, id: Uuid) -> QueryResult<Option<KeyHash>> {
    let hash: Option<Vec<u8>> = api_keys::table.find(id).select(api_keys::hash).first(conn).await.optional()?;
    Ok(hash.and_then(|hash| hash.try_into().ok()).map(KeyHash))
}

/// Revokes a key; one that is revoked stays as it is.
pub async fn revoke_key(conn: &mut PlatformConn<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(api_keys::table.find(id).filter(api_keys::revoked_at.is_null()))
        .set(api_keys::revoked_at.eq(now))
        .execute(conn)
        .await
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
