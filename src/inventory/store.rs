//! Statements on levels and on the ledger.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{self, Array, Bool, Integer, Timestamptz};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{Known, Level, MAX_UNITS, Place, StockChanged, Stocked, Wish};
use crate::db::schema::{inventory_adjustments, inventory_levels, locations, product_variants};
use crate::db::{TenantConn, TenantTx, insert_rows};

/// What these variants say about their stock, and at which places it lies.
pub async fn known(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Known> {
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
    let stocked = rows.into_iter().map(|(id, tracked, policy, _)| (id, says(tracked, &policy))).collect();
    Ok(Known { stocked, places })
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

/// Makes levels, unless they are there.
pub async fn insert_levels(tx: &mut TenantTx<'_>, now: DateTime<Utc>, levels: &[(Place, Level)]) -> QueryResult<usize> {
    insert_rows!(tx.tenant(), inventory_levels, levels, |((variant, location), level)| {
        variant_id: *variant,
        location_id: *location,
        available: level.available,
        may_oversell: level.may_oversell,
        updated_at: now,
    })
    .on_conflict_do_nothing()
    .execute(tx)
    .await
}

/// Changes levels that are there by a conditional update; answers what is available then at each. One that is missing in
/// the answer is gone, has not enough of what it may not sell on below zero, or would leave its bounds.
///
/// The levels are locked first, in the one order: an update takes rows in the order in which it finds them.
pub async fn change_levels(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    wishes: &[Wish],
) -> QueryResult<HashMap<Place, i32>> {
    let mut variants: Vec<Uuid> = wishes.iter().map(|wish| wish.place.0).collect();
    variants.dedup();
    let change = ChangeLevels {
        tenant: tx.tenant(),
        variants: wishes.iter().map(|wish| wish.place.0).collect(),
        locations: wishes.iter().map(|wish| wish.place.1).collect(),
        deltas: wishes.iter().map(|wish| wish.delta).collect(),
        may_oversell: wishes.iter().map(|wish| wish.may_oversell).collect(),
        now,
    };
    let lock = levels_in_order(tx.tenant(), variants);
    tx.send(lock)?;
    let rows: Vec<(Uuid, Uuid, i32)> = change.load(tx).await?;
    Ok(rows.into_iter().map(|(variant, location, available)| ((variant, location), available)).collect())
}

/// `UPDATE … FROM`, which the query builder does not have: every level in one statement.
struct ChangeLevels {
    tenant: Uuid,
    variants: Vec<Uuid>,
    locations: Vec<Uuid>,
    deltas: Vec<i32>,
    may_oversell: Vec<bool>,
    now: DateTime<Utc>,
}

impl QueryFragment<Pg> for ChangeLevels {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Quoted as everywhere, by which the tests know the application's statements.
        out.push_sql("UPDATE \"inventory_levels\" AS l SET available = l.available + d.delta, updated_at = ");
        out.push_bind_param::<Timestamptz, _>(&self.now)?;
        // One that sank below zero under another policy may rise and still be below.
        out.push_sql(
            ", may_oversell = CASE WHEN d.delta <= 0 THEN l.may_oversell
                                   ELSE d.may_oversell OR l.available + d.delta < 0 END FROM unnest(",
        );
        out.push_bind_param::<Array<sql_types::Uuid>, _>(&self.variants)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<sql_types::Uuid>, _>(&self.locations)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.deltas)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Bool>, _>(&self.may_oversell)?;
        out.push_sql(") AS d (variant_id, location_id, delta, may_oversell) WHERE l.tenant_id = ");
        out.push_bind_param::<sql_types::Uuid, _>(&self.tenant)?;
        out.push_sql(
            " AND l.variant_id = d.variant_id AND l.location_id = d.location_id AND abs(l.available + d.delta) <= ",
        );
        out.push_bind_param::<Integer, _>(&MAX_UNITS)?;
        // The variant says what it said when it was read, the level what holds now.
        out.push_sql(
            " AND (d.delta >= 0 OR l.available + d.delta >= 0 OR (l.may_oversell AND d.may_oversell))
              RETURNING l.variant_id, l.location_id, l.available",
        );
        Ok(())
    }
}

impl QueryId for ChangeLevels {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for ChangeLevels {
    type SqlType = (sql_types::Uuid, sql_types::Uuid, Integer);
}

/// What is available at a place; none when there is no level.
pub async fn available(conn: &mut TenantConn<'_>, (variant_id, location_id): Place) -> QueryResult<Option<i32>> {
    use inventory_levels as l;
    let level = l::table
        .filter(l::tenant_id.eq(conn.tenant()))
        .filter(l::variant_id.eq(variant_id))
        .filter(l::location_id.eq(location_id));
    level.select(l::available).first(conn).await.optional()
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

/// Locks all levels of these variants in the one order.
pub async fn lock_levels(tx: &mut TenantTx<'_>, variants: &[Uuid]) -> QueryResult<()> {
    levels_in_order(tx.tenant(), variants.to_vec()).load::<Uuid>(tx).await.map(drop)
}

#[diesel::dsl::auto_type]
fn levels_in_order(tenant: Uuid, variants: Vec<Uuid>) -> _ {
    inventory_levels::table
        .filter(inventory_levels::tenant_id.eq(tenant))
        .filter(inventory_levels::variant_id.eq_any(variants))
        .order((inventory_levels::variant_id, inventory_levels::location_id))
        .select(inventory_levels::variant_id)
        .for_update()
}

/// Locks these variants in the one order: before their levels, as everyone does who takes both. Carts may go on pointing
/// at them.
pub async fn lock_variants(tx: &mut TenantTx<'_>, ids: &[Uuid]) -> QueryResult<()> {
    use product_variants as v;
    let _: Vec<Uuid> = v::table
        .filter(v::tenant_id.eq(tx.tenant()))
        .filter(v::id.eq_any(ids))
        .order(v::id)
        .select(v::id)
        .for_no_key_update()
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

/// What all rows of one adjustment say.
pub struct Ledger<'a> {
    pub now: DateTime<Utc>,
    pub actor: &'a str,
    pub reason: &'a str,
    pub reference: Option<&'a str>,
}

pub fn insert_adjustments(
    tx: &mut TenantTx<'_>,
    ledger: &Ledger<'_>,
    changed: &[StockChanged],
    mut id: impl FnMut() -> Uuid,
) -> QueryResult<()> {
    let insert = insert_rows!(tx.tenant(), inventory_adjustments, changed, |one| {
        id: id(),
        variant_id: one.change.variant_id,
        location_id: one.change.location_id,
        delta: one.change.delta,
        available_after: one.available_after,
        reason: ledger.reason,
        reference: ledger.reference,
        actor: ledger.actor,
        created_at: ledger.now,
    });
    tx.send(insert)
}
