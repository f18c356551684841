//! The import's own statements: what is there already.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::TenantTx;
use crate::db::schema::{inventory_levels, product_variants};

/// These of the variants, without those whose units are not tracked.
pub async fn tracked_among(tx: &mut TenantTx<'_>, variant_ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    let tracked: Vec<Uuid> = product_variants::table
        .filter(product_variants::tenant_id.eq(tx.tenant()))
        .filter(product_variants::id.eq_any(variant_ids))
        .filter(product_variants::tracked)
        .select(product_variants::id)
        .load(tx)
        .await?;
    Ok(tracked.into_iter().collect())
}

/// The levels of these variants at a location, locked until the transaction ends: what is set is what then is there.
pub async fn levels_locked(
    tx: &mut TenantTx<'_>,
    location_id: Uuid,
    variant_ids: &[Uuid],
) -> QueryResult<Vec<(Uuid, i32)>> {
    inventory_levels::table
        .filter(inventory_levels::tenant_id.eq(tx.tenant()))
        .filter(inventory_levels::location_id.eq(location_id))
        .filter(inventory_levels::variant_id.eq_any(variant_ids))
        .order(inventory_levels::variant_id)
        .select((inventory_levels::variant_id, inventory_levels::available))
        .for_update()
        .load(tx)
        .await
}
