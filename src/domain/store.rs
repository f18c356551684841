//! The domains' rows, which are the platform's: the guard has to find the tenant by them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::Domain;
use crate::db::platform_tables::domains;
use crate::db::{PlatformConn, keyset};
use crate::ids::TenantId;
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = domains, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    tenant_id: Uuid,
    host: String,
    token: String,
    created_at: DateTime<Utc>,
    verified_at: Option<DateTime<Utc>>,
}

impl From<Row> for Domain {
    fn from(row: Row) -> Self {
        let Row { id, tenant_id, host, token, created_at, verified_at } = row;
        Self { id, tenant: TenantId(tenant_id), host, token, created_at, verified_at }
    }
}

/// Whose a name is: the tenant that has proved it.
pub async fn holder(conn: &mut PlatformConn<'_>, host: &str) -> QueryResult<Option<TenantId>> {
    let id: Option<Uuid> = domains::table
        .filter(domains::host.eq(host))
        .filter(domains::verified_at.is_not_null())
        .select(domains::tenant_id)
        .first(conn)
        .await
        .optional()?;
    Ok(id.map(TenantId))
}

pub async fn one(conn: &mut PlatformConn<'_>, tenant: TenantId, id: Uuid) -> QueryResult<Option<Domain>> {
    let row: Option<Row> = domains::table
        .filter(domains::tenant_id.eq(tenant.0))
        .filter(domains::id.eq(id))
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Domain::from))
}

/// A page of a tenant's domains in the order of their ids, which is that of their making.
pub async fn page(conn: &mut PlatformConn<'_>, tenant: TenantId, page: &PageQuery) -> QueryResult<Vec<Domain>> {
    let query = domains::table.filter(domains::tenant_id.eq(tenant.0)).into_boxed();
    let query = keyset::by!(query, page, domains::id);
    let rows: Vec<Row> = query.limit(page.limit).select(Row::as_select()).load(conn).await?;
    Ok(rows.into_iter().map(Domain::from).collect())
}

pub async fn count(conn: &mut PlatformConn<'_>, tenant: TenantId) -> QueryResult<i64> {
    domains::table.filter(domains::tenant_id.eq(tenant.0)).count().get_result(conn).await
}

/// Notes a claim; answers whether it is new.
pub async fn insert(conn: &mut PlatformConn<'_>, domain: &Domain) -> QueryResult<bool> {
    let inserted = diesel::insert_into(domains::table)
        .values((
            domains::id.eq(domain.id),
            domains::tenant_id.eq(domain.tenant.0),
            domains::host.eq(&domain.host),
            domains::token.eq(&domain.token),
            domains::created_at.eq(domain.created_at),
        ))
        .on_conflict((domains::tenant_id, domains::host))
        .do_nothing()
        .execute(conn)
        .await?;
    Ok(inserted == 1)
}

/// Has others who prove the name wait until the transaction ends. All of its rows, in one order.
pub async fn lock(conn: &mut PlatformConn<'_>, host: &str) -> QueryResult<()> {
    let rows = domains::table.filter(domains::host.eq(host)).order(domains::id).select(domains::id);
    rows.for_update().load::<Uuid>(conn).await.map(drop)
}

/// Takes the name from who has it. What it would be proved by from now on is another record than before.
pub async fn release(conn: &mut PlatformConn<'_>, host: &str, token: &str) -> QueryResult<usize> {
    diesel::update(domains::table.filter(domains::host.eq(host)).filter(domains::verified_at.is_not_null()))
        .set((domains::verified_at.eq(None::<DateTime<Utc>>), domains::token.eq(token)))
        .execute(conn)
        .await
}

/// The claim is proved, if it still is the one whose record was seen.
pub async fn verify(conn: &mut PlatformConn<'_>, domain: &Domain, now: DateTime<Utc>) -> QueryResult<bool> {
    let claim = domains::table.find(domain.id).filter(domains::token.eq(&domain.token));
    let verified = diesel::update(claim).set(domains::verified_at.eq(now)).execute(conn).await?;
    Ok(verified == 1)
}

pub async fn delete(conn: &mut PlatformConn<'_>, tenant: TenantId, id: Uuid) -> QueryResult<usize> {
    let domain = domains::table.filter(domains::tenant_id.eq(tenant.0)).filter(domains::id.eq(id));
    diesel::delete(domain).execute(conn).await
}
