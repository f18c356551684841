//! Forgetting deliveries, a few at a time. Their attempts go with them.
//!
//! Two workers may be at it: neither waits for the other, nor for a merchant who resends.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::health::long_disabled;
use crate::db::TenantTx;
use crate::db::schema::webhook_deliveries as deliveries;

/// Forgets a few of the deliveries that ended before `cutoff`; answers how many.
pub async fn forget_ended(tx: &mut TenantTx<'_>, cutoff: DateTime<Utc>, few: i64) -> QueryResult<usize> {
    let ended: Vec<Uuid> = deliveries::table
        .filter(deliveries::tenant_id.eq(tx.tenant()))
        .filter(deliveries::next_attempt_at.is_null())
        .filter(deliveries::updated_at.lt(cutoff))
        .order((deliveries::updated_at, deliveries::id))
        .limit(few)
        .select(deliveries::id)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    delete(tx, ended).await
}

/// Forgets a few of the deliveries that have waited since before `cutoff` for subscriptions that were disabled by then,
/// and still are; answers how many.
pub async fn forget_held(tx: &mut TenantTx<'_>, cutoff: DateTime<Utc>, few: i64) -> QueryResult<usize> {
    let subscriptions = long_disabled(tx, cutoff).await?;
    if subscriptions.is_empty() {
        return Ok(0);
    }
    let held: Vec<Uuid> = deliveries::table
        .filter(deliveries::tenant_id.eq(tx.tenant()))
        .filter(deliveries::subscription_id.eq_any(subscriptions))
        .filter(deliveries::next_attempt_at.lt(cutoff))
        .limit(few)
        .select(deliveries::id)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    delete(tx, held).await
}

async fn delete(tx: &mut TenantTx<'_>, ids: Vec<Uuid>) -> QueryResult<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    diesel::delete(deliveries::table.filter(deliveries::tenant_id.eq(tx.tenant())).filter(deliveries::id.eq_any(ids)))
        .execute(tx)
        .await
}
