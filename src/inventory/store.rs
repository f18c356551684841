//! Statements on levels and on the ledger.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{MAX_UNITS, StockChange, StockChanged, Stocked};
use crate::db::schema::{inventory_adjustments, inventory_levels, locations, product_variants};
use crate::db::{TenantConn, TenantTx};

/// What the variants of these changes say about their stock.
pub async fn stocked(conn: &mut TenantConn<'_>, changes: &[StockChange]) -> QueryResult<HashMap<Uuid, Stocked>> {
    let ids: Vec<Uuid> = changes.iter().map(|change| change.variant_id).collect();
    let rows: Vec<(Uuid, bool, String)> = product_variants::table
        .filter(product_variants::tenant_id.eq(conn.tenant()))
        .filter(product_variants::id.eq_any(ids))
        .select((product_variants::id, product_variants::tracked, product_variants::inventory_policy))
        .load(conn)
        .await?;
    let stocked = |(id, tracked, policy): (_, _, String)| (id, Stocked { tracked, may_oversell: policy == "CONTINUE" });
    Ok(rows.into_iter().map(stocked).collect())
}

/// Adds the delta where the variant's policy and the range allow it; answers what is available then.
/// `None`: not allowed, or no such level.
pub async fn change_level(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    change: StockChange,
    stock: Stocked,
) -> QueryResult<Option<i32>> {
    use inventory_levels::{available, may_oversell, updated_at};
    let after = || available + change.delta;
    let level = inventory_levels::table
        .filter(inventory_levels::tenant_id.eq(tx.tenant()))
        .filter(inventory_levels::variant_id.eq(change.variant_id))
        .filter(inventory_levels::location_id.eq(change.location_id));
    if change.delta > 0 {
        // A level that sank below zero under another policy may rise and still be below.
        return diesel::update(level.filter(after().le(MAX_UNITS)))
            .set((
                available.eq(after()),
                may_oversell.eq(after().lt(0).or(stock.may_oversell.into_sql::<Bool>())),
                updated_at.eq(now),
            ))
            .returning(available)
            .get_result(tx)
            .await
            .optional();
    }
    let floor = if stock.may_oversell { -MAX_UNITS } else { 0 };
    diesel::update(level.filter(after().ge(floor)))
        .set((available.eq(after()), updated_at.eq(now)))
        .returning(available)
        .get_result(tx)
        .await
        .optional()
}

/// Makes the level with nothing in it, unless it is there.
pub async fn insert_empty_level(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    change: StockChange,
    stock: Stocked,
) -> QueryResult<usize> {
    diesel::insert_into(inventory_levels::table)
        .values((
            inventory_levels::tenant_id.eq(tx.tenant()),
            inventory_levels::variant_id.eq(change.variant_id),
            inventory_levels::location_id.eq(change.location_id),
            inventory_levels::may_oversell.eq(stock.may_oversell),
            inventory_levels::updated_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await
}

/// These of the ids that are locations.
pub async fn locations_among(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    let found: Vec<Uuid> = locations::table
        .filter(locations::tenant_id.eq(conn.tenant()))
        .filter(locations::id.eq_any(ids))
        .select(locations::id)
        .load(conn)
        .await?;
    Ok(found.into_iter().collect())
}

/// Locks all levels of these variants, in the one order.
pub async fn lock_levels(tx: &mut TenantTx<'_>, variants: &[Uuid]) -> QueryResult<()> {
    let _: Vec<Uuid> = inventory_levels::table
        .filter(inventory_levels::tenant_id.eq(tx.tenant()))
        .filter(inventory_levels::variant_id.eq_any(variants))
        .order((inventory_levels::variant_id, inventory_levels::location_id))
        .select(inventory_levels::variant_id)
        .for_update()
        .load(tx)
        .await?;
    Ok(())
}

/// Copies the variants' policies to their levels; one that is below zero stays allowed to be.
pub async fn follow_policies(tx: &mut TenantTx<'_>, now: DateTime<Utc>, variants: &[Uuid]) -> QueryResult<()> {
    let policies: Vec<(Uuid, String)> = product_variants::table
        .filter(product_variants::tenant_id.eq(tx.tenant()))
        .filter(product_variants::id.eq_any(variants))
        .select((product_variants::id, product_variants::inventory_policy))
        .load(tx)
        .await?;
    for may_oversell in [true, false] {
        let ids: Vec<Uuid> =
            policies.iter().filter(|(_, policy)| (policy == "CONTINUE") == may_oversell).map(|(id, _)| *id).collect();
        diesel::update(inventory_levels::table)
            .filter(inventory_levels::tenant_id.eq(tx.tenant()))
            .filter(inventory_levels::variant_id.eq_any(ids))
            .set((
                inventory_levels::may_oversell
                    .eq(inventory_levels::available.lt(0).or(may_oversell.into_sql::<Bool>())),
                inventory_levels::updated_at.eq(now),
            ))
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// What lies there now.
pub async fn available(conn: &mut TenantConn<'_>, change: StockChange) -> QueryResult<i32> {
    inventory_levels::table
        .filter(inventory_levels::tenant_id.eq(conn.tenant()))
        .filter(inventory_levels::variant_id.eq(change.variant_id))
        .filter(inventory_levels::location_id.eq(change.location_id))
        .select(inventory_levels::available)
        .first(conn)
        .await
}

/// What all rows of one adjustment say.
pub struct Ledger<'a> {
    pub now: DateTime<Utc>,
    pub actor: &'a str,
    pub reason: &'a str,
    pub reference: Option<&'a str>,
}

pub async fn insert_adjustments(
    tx: &mut TenantTx<'_>,
    ledger: &Ledger<'_>,
    changed: &[StockChanged],
    mut id: impl FnMut() -> Uuid,
) -> QueryResult<usize> {
    let tenant = tx.tenant();
    let row = |changed: &StockChanged| {
        (
            inventory_adjustments::tenant_id.eq(tenant),
            inventory_adjustments::id.eq(id()),
            inventory_adjustments::variant_id.eq(changed.change.variant_id),
            inventory_adjustments::location_id.eq(changed.change.location_id),
            inventory_adjustments::delta.eq(changed.change.delta),
            inventory_adjustments::available_after.eq(changed.available_after),
            inventory_adjustments::reason.eq(ledger.reason),
            inventory_adjustments::reference.eq(ledger.reference),
            inventory_adjustments::actor.eq(ledger.actor),
            inventory_adjustments::created_at.eq(ledger.now),
        )
    };
    let rows: Vec<_> = changed.iter().map(row).collect();
    // A statement has at most 65,535 parameters.
    let mut inserted = 0;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<_> = rows.by_ref().take(5000).collect();
        inserted += diesel::insert_into(inventory_adjustments::table).values(chunk).execute(tx).await?;
    }
    Ok(inserted)
}
