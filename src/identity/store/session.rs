//! The sessions' rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::{staff_members as members, staff_sessions as sessions};
use crate::db::{TenantConn, TenantTx, keyset};
use crate::identity::model::{Ended, Session, SessionStanding, StaffStatus};
use crate::identity::secret::Hash;
use crate::page::PageQuery;

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    staff_id: Uuid,
    user_agent: Option<String>,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<Row> for Session {
    fn from(row: Row) -> Self {
        let Row { id, staff_id, user_agent, created_at, last_used_at, expires_at } = row;
        Self { id, staff_id, user_agent, created_at, last_used_at, expires_at }
    }
}

/// What a refresh has to know.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
pub struct Chain {
    pub staff_id: Uuid,
    pub family_hash: Vec<u8>,
    pub refresh_hash: Vec<u8>,
    pub previous_hash: Option<Vec<u8>>,
    pub successor_salt: Option<Vec<u8>>,
    pub replaced_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What the guard has to know of a session; none unless it is open.
pub async fn standing(conn: &mut TenantConn<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<Option<SessionStanding>> {
    let tenant = conn.tenant();
    let row: Option<(Uuid, String, DateTime<Utc>)> = sessions::table
        .inner_join(
            members::table.on(members::tenant_id.eq(sessions::tenant_id).and(members::id.eq(sessions::staff_id))),
        )
        .filter(sessions::tenant_id.eq(tenant))
        .filter(members::tenant_id.eq(tenant))
        .filter(sessions::id.eq(id))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(members::status.eq(StaffStatus::Active.as_db()))
        .select((sessions::staff_id, members::role, sessions::expires_at))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|(staff_id, role, expires_at)| SessionStanding { staff_id, role: role.into(), expires_at }))
}

/// The open sessions among these.
pub async fn open_by_ids(conn: &mut TenantConn<'_>, ids: &[Uuid], now: DateTime<Utc>) -> QueryResult<Vec<Session>> {
    let rows: Vec<Row> = sessions::table
        .filter(sessions::tenant_id.eq(conn.tenant()))
        .filter(sessions::id.eq_any(ids))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// A page of open sessions, of one member or of all, in the order of their sign-ins.
pub async fn page(
    conn: &mut TenantConn<'_>,
    staff_id: Option<Uuid>,
    page: &PageQuery,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Session>> {
    let mut query = sessions::table
        .filter(sessions::tenant_id.eq(conn.tenant()))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select(Row::as_select())
        .limit(page.limit)
        .into_boxed();
    if let Some(staff_id) = staff_id {
        query = query.filter(sessions::staff_id.eq(staff_id));
    }
    let rows: Vec<Row> = keyset::by!(query, page, sessions::id).load(conn).await?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// A member's open sessions, the one that was used longest ago first.
pub async fn open_ids(conn: &mut TenantConn<'_>, staff_id: Uuid, now: DateTime<Utc>) -> QueryResult<Vec<Uuid>> {
    sessions::table
        .filter(sessions::tenant_id.eq(conn.tenant()))
        .filter(sessions::staff_id.eq(staff_id))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .order((sessions::last_used_at, sessions::id))
        .limit(1000)
        .select(sessions::id)
        .load(conn)
        .await
}

pub async fn insert(
    tx: &mut TenantTx<'_>,
    session: &Session,
    family_hash: &Hash,
    refresh_hash: &Hash,
) -> QueryResult<usize> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::tenant_id.eq(tx.tenant()),
            sessions::id.eq(session.id),
            sessions::staff_id.eq(session.staff_id),
            sessions::family_hash.eq(family_hash.to_vec()),
            sessions::refresh_hash.eq(refresh_hash.to_vec()),
            sessions::user_agent.eq(session.user_agent.as_deref()),
            sessions::created_at.eq(session.created_at),
            sessions::last_used_at.eq(session.last_used_at),
            sessions::expires_at.eq(session.expires_at),
        ))
        .execute(tx)
        .await
}

/// What a refresh has to know of a session; who asks next waits until this transaction has ended.
pub async fn chain(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<Chain>> {
    sessions::table
        .filter(sessions::tenant_id.eq(tx.tenant()))
        .filter(sessions::id.eq(id))
        .select(Chain::as_select())
        .for_update()
        .first(tx)
        .await
        .optional()
}

/// A refresh token's replacement.
pub struct Step {
    pub previous: Hash,
    pub salt: [u8; 32],
    pub next: Hash,
    pub expires_at: DateTime<Utc>,
}

pub async fn replace(tx: &mut TenantTx<'_>, id: Uuid, step: &Step, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(sessions::table)
        .filter(sessions::tenant_id.eq(tx.tenant()))
        .filter(sessions::id.eq(id))
        .set((
            sessions::refresh_hash.eq(step.next.to_vec()),
            sessions::previous_hash.eq(step.previous.to_vec()),
            sessions::successor_salt.eq(step.salt.to_vec()),
            sessions::replaced_at.eq(now),
            sessions::last_used_at.eq(now),
            sessions::expires_at.eq(step.expires_at),
        ))
        .execute(tx)
        .await
}

/// Ends these sessions; answers which were open until now.
pub async fn end(tx: &mut TenantTx<'_>, ids: &[Uuid], why: Ended, now: DateTime<Utc>) -> QueryResult<Vec<Uuid>> {
    diesel::update(sessions::table)
        .filter(sessions::tenant_id.eq(tx.tenant()))
        .filter(sessions::id.eq_any(ids))
        .filter(sessions::revoked_at.is_null())
        .set((sessions::revoked_at.eq(now), sessions::revoked_reason.eq(why.as_db())))
        .returning(sessions::id)
        .get_results(tx)
        .await
}

/// Ends all of a member's sessions but one; answers which.
pub async fn end_others(
    tx: &mut TenantTx<'_>,
    staff_id: Uuid,
    keep: Option<Uuid>,
    why: Ended,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Uuid>> {
    diesel::update(sessions::table)
        .filter(sessions::tenant_id.eq(tx.tenant()))
        .filter(sessions::staff_id.eq(staff_id))
        .filter(sessions::id.ne(keep.unwrap_or_default()))
        .filter(sessions::revoked_at.is_null())
        .set((sessions::revoked_at.eq(now), sessions::revoked_reason.eq(why.as_db())))
        .returning(sessions::id)
        .get_results(tx)
        .await
}

/// Deletes some that have expired; answers whether there may be more.
pub async fn forget(tx: &mut TenantTx<'_>, now: DateTime<Utc>, limit: i64) -> QueryResult<bool> {
    let old: Vec<Uuid> = sessions::table
        .filter(sessions::tenant_id.eq(tx.tenant()))
        .filter(sessions::expires_at.le(now))
        .order((sessions::expires_at, sessions::id))
        .limit(limit)
        .select(sessions::id)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    let deleted = diesel::delete(sessions::table)
        .filter(sessions::tenant_id.eq(tx.tenant()))
        .filter(sessions::id.eq_any(old))
        .execute(tx)
        .await?;
    Ok(i64::try_from(deleted).unwrap_or(i64::MAX) >= limit)
}

/// Removes all sessions of a member, open or not.
pub async fn remove_of(tx: &mut TenantTx<'_>, staff_id: Uuid) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::tenant_id.eq(tx.tenant())).filter(sessions::staff_id.eq(staff_id)))
        .execute(tx)
        .await
}
