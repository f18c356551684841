//! The rows of tokens for one use.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::staff_tokens as tokens;
use crate::db::{TenantConn, TenantTx};
use crate::identity::model::Purpose;
use crate::identity::secret::Hash;

/// A token to be kept.
pub struct NewToken {
    pub id: Uuid,
    pub staff_id: Uuid,
    pub purpose: Purpose,
    pub hash: Hash,
    /// The address it is mailed to; none: an operator is shown it.
    pub email: Option<String>,
    pub expires_at: DateTime<Utc>,
}

/// Whose a token is, and to which address it went.
#[derive(Queryable)]
pub struct Found {
    pub staff_id: Uuid,
    pub email: Option<String>,
}

pub async fn insert(tx: &mut TenantTx<'_>, new: &NewToken, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::insert_into(tokens::table)
        .values((
            tokens::tenant_id.eq(tx.tenant()),
            tokens::id.eq(new.id),
            tokens::staff_id.eq(new.staff_id),
            tokens::purpose.eq(new.purpose.as_db()),
            tokens::hash.eq(new.hash.to_vec()),
            tokens::email.eq(new.email.as_deref()),
            tokens::created_at.eq(now),
            tokens::expires_at.eq(new.expires_at),
        ))
        .execute(tx)
        .await
}

/// Whether one was mailed to the member since then.
pub async fn mailed_since(
    conn: &mut TenantConn<'_>,
    staff_id: Uuid,
    purpose: Purpose,
    since: DateTime<Utc>,
) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        tokens::table
            .filter(tokens::tenant_id.eq(conn.tenant()))
            .filter(tokens::staff_id.eq(staff_id))
            .filter(tokens::purpose.eq(purpose.as_db()))
            .filter(tokens::created_at.gt(since))
            .filter(tokens::email.is_not_null()),
    ))
    .get_result(conn)
    .await
}

/// Whose a token is that can still be used.
pub async fn find(
    conn: &mut TenantConn<'_>,
    purpose: Purpose,
    hash: &Hash,
    now: DateTime<Utc>,
) -> QueryResult<Option<Found>> {
    tokens::table
        .filter(tokens::tenant_id.eq(conn.tenant()))
        .filter(tokens::hash.eq(hash.to_vec()))
        .filter(tokens::purpose.eq(purpose.as_db()))
        .filter(tokens::expires_at.gt(now))
        .select((tokens::staff_id, tokens::email))
        .first(conn)
        .await
        .optional()
}

/// Uses a token up: of two who try at once, one finds it.
pub async fn take(
    tx: &mut TenantTx<'_>,
    purpose: Purpose,
    hash: &Hash,
    now: DateTime<Utc>,
) -> QueryResult<Option<Found>> {
    diesel::delete(tokens::table)
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::hash.eq(hash.to_vec()))
        .filter(tokens::purpose.eq(purpose.as_db()))
        .filter(tokens::expires_at.gt(now))
        .returning((tokens::staff_id, tokens::email))
        .get_result(tx)
        .await
        .optional()
}

/// Voids all that a member has of this kind.
pub async fn void(tx: &mut TenantTx<'_>, staff_id: Uuid, purpose: Purpose) -> QueryResult<usize> {
    diesel::delete(tokens::table)
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::staff_id.eq(staff_id))
        .filter(tokens::purpose.eq(purpose.as_db()))
        .execute(tx)
        .await
}

/// Deletes some that have expired; answers whether there may be more.
pub async fn forget(tx: &mut TenantTx<'_>, now: DateTime<Utc>, limit: i64) -> QueryResult<bool> {
    let old: Vec<Uuid> = tokens::table
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::expires_at.le(now))
        .order((tokens::expires_at, tokens::id))
        .limit(limit)
        .select(tokens::id)
        .load(tx)
        .await?;
    let deleted = diesel::delete(tokens::table)
        .filter(tokens::tenant_id.eq(tx.tenant()))
        .filter(tokens::id.eq_any(old))
        .execute(tx)
        .await?;
    Ok(i64::try_from(deleted).unwrap_or(i64::MAX) >= limit)
}

/// Removes all tokens of a member.
pub async fn remove_of(tx: &mut TenantTx<'_>, staff_id: Uuid) -> QueryResult<usize> {
    diesel::delete(tokens::table.filter(tokens::tenant_id.eq(tx.tenant())).filter(tokens::staff_id.eq(staff_id)))
        .execute(tx)
        .await
}
