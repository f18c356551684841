//! Which tenant Stripe's customers are.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::PlatformConn;
use crate::db::platform_tables::stripe_customers as customers;
use crate::ids::TenantId;

/// The customer that a tenant is, as far as we know.
pub async fn customer_of(conn: &mut PlatformConn<'_>, tenant: TenantId) -> QueryResult<Option<String>> {
    let row = customers::table.filter(customers::tenant_id.eq(tenant.0)).filter(customers::gone_at.is_null());
    let row = row.select(customers::customer_id);
    row.first(conn).await.optional()
}

/// The customer that a tenant is, and since when.
pub async fn customer_since(
    conn: &mut PlatformConn<'_>,
    tenant: TenantId,
) -> QueryResult<Option<(String, DateTime<Utc>)>> {
    let row = customers::table.filter(customers::tenant_id.eq(tenant.0)).filter(customers::gone_at.is_null());
    row.select((customers::customer_id, customers::created_at)).first(conn).await.optional()
}

/// The tenant that a customer is, or was.
pub async fn tenant_of(conn: &mut PlatformConn<'_>, customer: &str) -> QueryResult<Option<TenantId>> {
    let row: Option<Uuid> =
        customers::table.find(customer).select(customers::tenant_id).first(conn).await.optional()?;
    Ok(row.map(TenantId))
}

/// Notes which customer a tenant is, unless it is one.
pub async fn insert(
    conn: &mut PlatformConn<'_>,
    customer: &str,
    tenant: TenantId,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(customers::table)
        .values((customers::customer_id.eq(customer), customers::tenant_id.eq(tenant.0), customers::created_at.eq(now)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
}

/// Notes that there is no such customer any more.
pub async fn set_gone(conn: &mut PlatformConn<'_>, customer: &str, now: DateTime<Utc>) -> QueryResult<usize> {
    let row = customers::table.find(customer).filter(customers::gone_at.is_null());
    diesel::update(row).set(customers::gone_at.eq(now)).execute(conn).await
}

/// All that there are, by their tenants' ids from one on: as many as are asked for.
pub async fn all(
    conn: &mut PlatformConn<'_>,
    after: Option<TenantId>,
    limit: i64,
) -> QueryResult<Vec<(TenantId, String)>> {
    let mut rows = customers::table
        .filter(customers::gone_at.is_null())
        .order(customers::tenant_id)
        .limit(limit)
        .select((customers::tenant_id, customers::customer_id))
        .into_boxed();
    if let Some(after) = after {
        rows = rows.filter(customers::tenant_id.gt(after.0));
    }
    let rows: Vec<(Uuid, String)> = rows.load(conn).await?;
    Ok(rows.into_iter().map(|(tenant, customer)| (TenantId(tenant), customer)).collect())
}
