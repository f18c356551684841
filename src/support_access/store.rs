//! The grants' rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{MAX_LIVE, Standing, SupportAccess};
use crate::access::Permissions;
use crate::db::keyset::by;
use crate::db::schema::support_accesses as accesses;
use crate::db::{TenantConn, TenantTx};
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = accesses, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    reason: String,
    permissions: Vec<String>,
    granted_by: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<Row> for SupportAccess {
    fn from(row: Row) -> Self {
        let Row { id, reason, permissions, granted_by, created_at, expires_at, revoked_at } = row;
        let permissions = Permissions::known(&permissions);
        Self { id, reason, permissions, granted_by, created_at, expires_at, revoked_at }
    }
}

/// What those in force allow.
pub async fn live(conn: &mut TenantConn<'_>, now: DateTime<Utc>) -> QueryResult<Vec<Standing>> {
    let rows: Vec<(Vec<String>, DateTime<Utc>)> = accesses::table
        .filter(accesses::tenant_id.eq(conn.tenant()))
        .filter(accesses::expires_at.gt(now))
        .filter(accesses::revoked_at.is_null())
        .limit(MAX_LIVE)
        .select((accesses::permissions, accesses::expires_at))
        .load(conn)
        .await?;
    let standing =
        |(names, expires_at): (Vec<String>, _)| Standing { permissions: Permissions::known(&names), expires_at };
    Ok(rows.into_iter().map(standing).collect())
}

/// How many are in force.
pub async fn count_live(conn: &mut TenantConn<'_>, now: DateTime<Utc>) -> QueryResult<i64> {
    accesses::table
        .filter(accesses::tenant_id.eq(conn.tenant()))
        .filter(accesses::expires_at.gt(now))
        .filter(accesses::revoked_at.is_null())
        .count()
        .get_result(conn)
        .await
}

pub async fn insert(tx: &mut TenantTx<'_>, new: &SupportAccess) -> QueryResult<usize> {
    diesel::insert_into(accesses::table)
        .values((
            accesses::tenant_id.eq(tx.tenant()),
            accesses::id.eq(new.id),
            accesses::reason.eq(&new.reason),
            accesses::permissions.eq(new.permissions.names()),
            accesses::granted_by.eq(&new.granted_by),
            accesses::created_at.eq(new.created_at),
            accesses::expires_at.eq(new.expires_at),
        ))
        .execute(tx)
        .await
}

/// Revokes a grant; the first time counts.
pub async fn revoke(tx: &mut TenantTx<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(accesses::table)
        .filter(accesses::tenant_id.eq(tx.tenant()))
        .filter(accesses::id.eq(id))
        .filter(accesses::revoked_at.is_null())
        .set(accesses::revoked_at.eq(now))
        .execute(tx)
        .await
}

pub async fn one(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<SupportAccess>> {
    let row: Option<Row> = accesses::table
        .filter(accesses::tenant_id.eq(conn.tenant()))
        .filter(accesses::id.eq(id))
        .select(Row::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(SupportAccess::from))
}

/// A page of all that ever were, in the order in which they were granted.
pub async fn page(conn: &mut TenantConn<'_>, page: &PageQuery) -> QueryResult<Vec<SupportAccess>> {
    let query = accesses::table
        .filter(accesses::tenant_id.eq(conn.tenant()))
        .select(Row::as_select())
        .limit(page.limit)
        .into_boxed();
    let query = by!(query, page, accesses::id);
    let rows: Vec<Row> = query.load(conn).await?;
    Ok(rows.into_iter().map(SupportAccess::from).collect())
}
