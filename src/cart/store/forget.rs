//! Forgetting carts that nobody has changed for long.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::TenantTx;
use crate::db::schema::carts;

/// A few of the carts last changed before `cutoff`, the oldest first, locked, without these. Those that somebody else
/// has locked are left out: they are being changed, or bought, or forgotten.
pub async fn stale_lock(
    tx: &mut TenantTx<'_>,
    cutoff: DateTime<Utc>,
    besides: &[Uuid],
    few: i64,
) -> QueryResult<Vec<Uuid>> {
    carts::table
        .filter(carts::tenant_id.eq(tx.tenant()))
        .filter(carts::updated_at.lt(cutoff))
        .filter(carts::id.ne_all(besides))
        .order((carts::updated_at, carts::id))
        .limit(few)
        .select(carts::id)
        .for_update()
        .skip_locked()
        .load(tx)
        .await
}

/// Deletes these carts with their lines and addresses.
pub async fn delete(tx: &mut TenantTx<'_>, ids: &[Uuid]) -> QueryResult<usize> {
    diesel::delete(carts::table.filter(carts::tenant_id.eq(tx.tenant())).filter(carts::id.eq_any(ids)))
        .execute(tx)
        .await
}
