//! The one door through which stock changes.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use futures_util::try_join;
use uuid::Uuid;

use super::model::{Level, Place, StockChange, Unchangeable};
use super::rule::InventoryRule;
use super::store::{self, Ledger};
use crate::clock::Entropy;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{ServiceError, ServiceResult};

/// Makes all the changes or none, for someone who wants to know: a variant that is not tracked is refused.
pub async fn adjust(
    db: &TenantDb,
    now: DateTime<Utc>,
    entropy: &Entropy,
    actor: &str,
    reason: &str,
    reference: Option<&str>,
    changes: &[StockChange],
) -> ServiceResult<(), InventoryRule> {
    db.write(async |tx| {
        let ledger = Ledger { now, actor, reason, reference };
        match change_in_tx(tx, entropy, &ledger, changes).await?.first() {
            Some(variant_id) => Err(ServiceError::Rule(InventoryRule::NotTracked { variant_id: *variant_id })),
            None => Ok(()),
        }
    })
    .await
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
    let ledger = Ledger { now, actor, reason, reference };
    change_in_tx(tx, entropy, &ledger, changes).await.map(drop)
}

/// [`adjust_in_tx`]; answers the variants that were skipped. Five statements at most, however many changes.
async fn change_in_tx(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    ledger: &Ledger<'_>,
    changes: &[StockChange],
) -> ServiceResult<Vec<Uuid>, InventoryRule> {
    if !(1..=64).contains(&ledger.reason.chars().count()) {
        return Err(ServiceError::Rule(InventoryRule::BadReason));
    }
    if ledger.reference.is_some_and(|reference| reference.chars().count() > 255) {
        return Err(ServiceError::Rule(InventoryRule::BadReference));
    }
    // By place, and otherwise as they came.
    let mut changes: Vec<StockChange> = changes.iter().filter(|change| change.delta != 0).copied().collect();
    changes.sort_by_key(StockChange::place);
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let (stocked, there) = store::stocked(tx.conn(), &variants(&changes)).await?;
    let mut skipped = Vec::new();
    for variant_id in variants(&changes) {
        match stocked.get(&variant_id) {
            None => return Err(ServiceError::Rule(InventoryRule::UnknownVariant { variant_id })),
            Some(stock) if !stock.tracked => skipped.push(variant_id),
            Some(_) => {}
        }
    }
    changes.retain(|change| !skipped.contains(&change.variant_id));
    let by_level: Vec<&[StockChange]> = changes.chunk_by(|a, b| a.place() == b.place()).collect();
    let missing: Vec<Place> = by_level.iter().map(|of| of[0].place()).filter(|place| !there.contains(place)).collect();
    if !missing.is_empty() {
        make_levels(tx, ledger.now, &missing).await?;
    }
    let mut levels = store::lock_levels(tx, &variants(&changes)).await?;
    let (mut changed, mut set) = (Vec::with_capacity(changes.len()), Vec::with_capacity(by_level.len()));
    for of_level in by_level {
        let place @ (variant_id, _) = of_level[0].place();
        // Gone together with its variant, while we waited for it.
        let gone = || ServiceError::Rule(InventoryRule::UnknownVariant { variant_id });
        let (level, stock) = levels.get_mut(&place).zip(stocked.get(&variant_id)).ok_or_else(gone)?;
        let done = level.change(of_level, *stock).map_err(|why| ServiceError::Rule(refusal(variant_id, why)))?;
        changed.extend(done);
        set.push((place, *level));
    }
    let mut on_ledger = tx.fork();
    try_join!(
        store::set_levels(tx, ledger.now, &set),
        store::insert_adjustments(&mut on_ledger, ledger, &changed, || entropy.uuid_v7(ledger.now)),
    )?;
    Ok(skipped)
}

/// Each once; the changes are sorted.
fn variants(changes: &[StockChange]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = changes.iter().map(|change| change.variant_id).collect();
    ids.dedup();
    ids
}

/// Makes levels with nothing in them, unless somebody else does. Before any level is locked: whoever makes some
/// waits for others that do, always in the one order.
async fn make_levels(tx: &mut TenantTx<'_>, now: DateTime<Utc>, places: &[Place]) -> ServiceResult<(), InventoryRule> {
    let locations: BTreeSet<Uuid> = places.iter().map(|(_, location)| *location).collect();
    let known = store::locations_among(tx.conn(), &Vec::from_iter(locations.iter().copied())).await?;
    if let Some(location_id) = locations.into_iter().find(|location| !known.contains(location)) {
        return Err(ServiceError::Rule(InventoryRule::UnknownLocation { location_id }));
    }
    let mut ids: Vec<Uuid> = places.iter().map(|(variant, _)| *variant).collect();
    ids.dedup();
    let stocked = store::hold_variants(tx, &ids).await?;
    let level = |place: &Place| {
        let stock = stocked.get(&place.0).ok_or(InventoryRule::UnknownVariant { variant_id: place.0 })?;
        Ok((*place, Level { available: 0, may_oversell: stock.may_oversell }))
    };
    let levels = places.iter().map(level).collect::<Result<Vec<_>, _>>().map_err(ServiceError::Rule)?;
    store::insert_levels(tx, now, &levels).await?;
    Ok(())
}

fn refusal(variant_id: Uuid, why: Unchangeable) -> InventoryRule {
    match why {
        Unchangeable::NotEnough { available } => InventoryRule::NotEnough { variant_id, available },
        Unchangeable::OutOfRange => InventoryRule::OutOfRange { variant_id },
    }
}

/// Locks the levels of these variants in the order in which changes take them: before their variants are deleted or
/// change their policy.
pub async fn lock_in_tx(tx: &mut TenantTx<'_>, variants: &[Uuid]) -> QueryResult<()> {
    if variants.is_empty() { Ok(()) } else { store::lock_levels(tx, variants).await.map(drop) }
}

/// Lets the levels follow their variants' changed policies. One that is below zero stays allowed to be.
pub async fn policies_changed_in_tx(tx: &mut TenantTx<'_>, now: DateTime<Utc>, variants: &[Uuid]) -> QueryResult<()> {
    if variants.is_empty() { Ok(()) } else { store::follow_policies(tx, now, variants).await }
}

/// These of the ids that are locations.
pub async fn locations_among(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    store::locations_among(conn, ids).await
}
