//! Statements on levels and on the ledger.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{Level, Place, StockChanged, Stocked};
use crate::db::schema::{inventory_adjustments, inventory_levels, locations, product_variants};
use crate::db::{TenantConn, TenantTx, insert_rows, planned};

/// What these variants say about their stock, and at which places it lies.
pub async fn stocked(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<(HashMap<Uuid, Stocked>, HashSet<Place>)> {
    use inventory_levels as l;
    use product_variants as v;
    let rows: Vec<(Uuid, bool, String, Option<Uuid>)> = v::table
        .left_join(l::table.on(l::tenant_id.eq(v::tenant_id).and(l::variant_id.eq(v::id))))
        .filter(v::tenant_id.eq(conn.tenant()))
        .filter(v::id.eq_any(ids))
        .select((v::id, v::tracked, v::inventory_policy, l::location_id.nullable()))
        .load(conn)
        .await?;
    let places = rows.iter().filter_map(|(id, _, _, location)| Some((*id, (*location)?))).collect();
    Ok((rows.into_iter().map(|(id, tracked, policy, _)| (id, says(tracked, &policy))).collect(), places))
}

/// These of the variants that are there; until the transaction ends they neither go nor change.
pub async fn hold_variants(tx: &mut TenantTx<'_>, ids: &[Uuid]) -> QueryResult<HashMap<Uuid, Stocked>> {
    use product_variants as v;
    let rows: Vec<(Uuid, bool, String)> = v::table
        .filter(v::tenant_id.eq(tx.tenant()))
        .filter(v::id.eq_any(ids))
        .order(v::id)
        .select((v::id, v::tracked, v::inventory_policy))
        .for_share()
        .load(tx)
        .await?;
    Ok(rows.into_iter().map(|(id, tracked, policy)| (id, says(tracked, &policy))).collect())
}

fn says(tracked: bool, policy: &str) -> Stocked {
    Stocked { tracked, may_oversell: policy == "CONTINUE" }
}

macro_rules! insert {
    ($tenant:expr, $now:expr, $levels:expr) => {
        insert_rows!($tenant, inventory_levels, $levels, |((variant, location), level)| {
            variant_id: *variant,
            location_id: *location,
            available: level.available,
            may_oversell: level.may_oversell,
            updated_at: $now,
        })
    };
}

/// Makes levels, unless they are there.
pub async fn insert_levels(tx: &mut TenantTx<'_>, now: DateTime<Utc>, levels: &[(Place, Level)]) -> QueryResult<usize> {
    insert!(tx.tenant(), now, levels).on_conflict_do_nothing().execute(tx).await
}

/// Sets levels that are there and locked.
pub async fn set_levels(tx: &mut TenantTx<'_>, now: DateTime<Utc>, levels: &[(Place, Level)]) -> QueryResult<usize> {
    use inventory_levels as l;
    let set =
        insert!(tx.tenant(), now, levels).on_conflict((l::tenant_id, l::variant_id, l::location_id)).do_update().set((
            l::available.eq(excluded(l::available)),
            l::may_oversell.eq(excluded(l::may_oversell)),
            l::updated_at.eq(excluded(l::updated_at)),
        ));
    planned(set).execute(tx).await
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

/// All levels of these variants, locked in the one order.
pub async fn lock_levels(tx: &mut TenantTx<'_>, variants: &[Uuid]) -> QueryResult<HashMap<Place, Level>> {
    use inventory_levels as l;
    let rows: Vec<(Place, (i32, bool))> = l::table
        .filter(l::tenant_id.eq(tx.tenant()))
        .filter(l::variant_id.eq_any(variants))
        .order((l::variant_id, l::location_id))
        .select(((l::variant_id, l::location_id), (l::available, l::may_oversell)))
        .for_update()
        .load(tx)
        .await?;
    let level = |(place, (available, may_oversell))| (place, Level { available, may_oversell });
    Ok(rows.into_iter().map(level).collect())
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
    insert_rows!(tx.tenant(), inventory_adjustments, changed, |one| {
        id: id(),
        variant_id: one.change.variant_id,
        location_id: one.change.location_id,
        delta: one.change.delta,
        available_after: one.available_after,
        reason: ledger.reason,
        reference: ledger.reference,
        actor: ledger.actor,
        created_at: ledger.now,
    })
    .execute(tx)
    .await
}
