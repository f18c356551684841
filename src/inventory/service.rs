//! The one door through which stock changes.

use std::collections::HashSet;

use crate::db::QueryResult;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{StockChange, StockChanged, Stocked, sum};
use super::rule::InventoryRule;
use super::store;
use crate::clock::Entropy;
use crate::db::{TenantConn, TenantDb, TenantTx};
use crate::error::{ServiceError, ServiceResult};

/// Makes all the changes or none.
pub async fn adjust(
    db: &TenantDb,
    now: DateTime<Utc>,
    entropy: &Entropy,
    actor: &str,
    reason: &str,
    reference: Option<&str>,
    changes: &[StockChange],
) -> ServiceResult<(), InventoryRule> {
    db.write(async |tx| adjust_in_tx(tx, now, entropy, actor, reason, reference, changes).await).await
}

/// Makes all the changes or refuses them all (then the caller lets the transaction roll back).
///
/// Levels are taken in one order whatever order the caller's items have: two transactions with the same items wait
/// for each other, but never in a circle. Variants that are not tracked are skipped. `actor` and `reason` go into
/// the ledger, and `reference` too: what caused the change, as a gid or URI.
pub async fn adjust_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    actor: &str,
    reason: &str,
    reference: Option<&str>,
    changes: &[StockChange],
) -> ServiceResult<(), InventoryRule> {
    if !(1..=64).contains(&reason.chars().count()) {
        return Err(ServiceError::Rule(InventoryRule::BadReason));
    }
    if reference.is_some_and(|reference| reference.chars().count() > 255) {
        return Err(ServiceError::Rule(InventoryRule::BadReference));
    }
    let changes = sum(changes).map_err(|variant_id| ServiceError::Rule(InventoryRule::OutOfRange { variant_id }))?;
    if changes.is_empty() {
        return Ok(());
    }
    let stocked = store::stocked(tx.conn(), &changes).await?;
    let mut done = Vec::with_capacity(changes.len());
    for change in changes {
        let Some(stock) = stocked.get(&change.variant_id) else {
            return Err(ServiceError::Rule(InventoryRule::UnknownVariant { variant_id: change.variant_id }));
        };
        if stock.tracked {
            let available_after = change_level(tx, now, change, *stock).await?;
            done.push(StockChanged { change, available_after });
        }
    }
    let ledger = store::Ledger { now, actor, reason, reference };
    store::insert_adjustments(tx, &ledger, &done, || entropy.uuid_v7(now)).await?;
    Ok(())
}

/// Locks the levels of these variants in the order in which changes take them: before their variants are deleted or
/// change their policy.
pub async fn lock_in_tx(tx: &mut TenantTx<'_>, variants: &[Uuid]) -> QueryResult<()> {
    if variants.is_empty() { Ok(()) } else { store::lock_levels(tx, variants).await }
}

/// Lets the levels follow their variants' changed policies. One that is below zero stays allowed to be.
pub async fn policies_changed_in_tx(tx: &mut TenantTx<'_>, now: DateTime<Utc>, variants: &[Uuid]) -> QueryResult<()> {
    if variants.is_empty() { Ok(()) } else { store::follow_policies(tx, now, variants).await }
}

/// These of the ids that are locations.
pub async fn locations_among(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    store::locations_among(conn, ids).await
}

/// Changes one level, which is made on first use; answers what is available then.
async fn change_level(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    change: StockChange,
    stock: Stocked,
) -> ServiceResult<i32, InventoryRule> {
    if let Some(after) = store::change_level(tx, now, change, stock).await? {
        return Ok(after);
    }
    if store::locations_among(tx.conn(), &[change.location_id]).await?.is_empty() {
        return Err(ServiceError::Rule(InventoryRule::UnknownLocation { location_id: change.location_id }));
    }
    store::insert_empty_level(tx, now, change, stock).await?;
    if let Some(after) = store::change_level(tx, now, change, stock).await? {
        return Ok(after);
    }
    let available = store::available(tx.conn(), change).await?;
    let variant_id = change.variant_id;
    let refused_for_stock = change.delta < 0 && !stock.may_oversell;
    Err(ServiceError::Rule(if refused_for_stock {
        InventoryRule::NotEnough { variant_id, available }
    } else {
        InventoryRule::OutOfRange { variant_id }
    }))
}
