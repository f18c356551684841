//! The one door through which stock changes.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use futures_util::try_join;
use uuid::Uuid;

use super::model::{Known, Level, MAX_UNITS, Place, StockChange, Wish, steps};
use super::rule::InventoryRule;
use super::store;
pub use super::store::Ledger;
use crate::clock::Entropy;
use crate::db::idempotency::{Key, Once, once};
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{ServiceError, ServiceResult};

/// Makes all the changes or none, once for a key, for someone who wants to know: a variant that is not tracked is refused.
/// Answers when they were made.
pub async fn adjust(
    db: &TenantDb,
    entropy: &Entropy,
    key: Option<&Key>,
    ledger: &Ledger<'_>,
    changes: &[StockChange],
) -> Once<DateTime<Utc>, InventoryRule> {
    once(db, ledger.now, key, async |tx| match change_in_tx(tx, entropy, ledger, changes, None).await?.first() {
        Some(variant_id) => Err(ServiceError::Rule(InventoryRule::NotTracked { variant_id: *variant_id })),
        None => Ok(ledger.now),
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
    change_in_tx(tx, entropy, &ledger, changes, None).await.map(drop)
}

/// [`adjust_in_tx`] for someone who has just read what the variants say, and where their stock lies.
pub async fn adjust_known_in_tx(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    ledger: &Ledger<'_>,
    changes: &[StockChange],
    known: Known,
) -> ServiceResult<(), InventoryRule> {
    change_in_tx(tx, entropy, ledger, changes, Some(known)).await.map(drop)
}

/// [`adjust_in_tx`]; answers the variants that were skipped.
///
/// Stock is taken by a conditional update: a level gives what it has at that moment or nothing. Four statements, however
/// many changes, when no level has to be made.
async fn change_in_tx(
    tx: &mut TenantTx<'_>,
    entropy: &Entropy,
    ledger: &Ledger<'_>,
    changes: &[StockChange],
    known: Option<Known>,
) -> ServiceResult<Vec<Uuid>, InventoryRule> {
    if !(1..=64).contains(&ledger.reason.chars().count()) {
        return Err(ServiceError::Rule(InventoryRule::BadReason));
    }
    if ledger.reference.is_some_and(|reference| reference.chars().count() > 255) {
        return Err(ServiceError::Rule(InventoryRule::BadReference));
    }
    // By place, and otherwise as they came.
    let mut changes = changes.to_vec();
    changes.sort_by_key(StockChange::place);
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let Known { stocked, places } = match known {
        Some(known) => known,
        None => store::known(tx.conn(), &variants(&changes)).await?,
    };
    let mut skipped = Vec::new();
    for variant_id in variants(&changes) {
        match stocked.get(&variant_id) {
            None => return Err(ServiceError::Rule(InventoryRule::UnknownVariant { variant_id })),
            Some(stock) if !stock.tracked => skipped.push(variant_id),
            Some(_) => {}
        }
    }
    changes.retain(|change| change.delta != 0 && !skipped.contains(&change.variant_id));
    let by_level: Vec<&[StockChange]> = changes.chunk_by(|a, b| a.place() == b.place()).collect();
    let missing: Vec<Place> = by_level.iter().map(|of| of[0].place()).filter(|place| !places.contains(place)).collect();
    if !missing.is_empty() {
        make_levels(tx, ledger.now, &missing).await?;
    }
    let mut wishes = Vec::with_capacity(by_level.len());
    for of_level in &by_level {
        let (place, delta) = (of_level[0].place(), of_level.iter().map(|change| i64::from(change.delta)).sum::<i64>());
        let out_of_range = InventoryRule::OutOfRange { variant_id: place.0 };
        let delta = i32::try_from(delta).ok().filter(|delta| delta.unsigned_abs() <= MAX_UNITS.unsigned_abs());
        let may_oversell = stocked.get(&place.0).is_some_and(|stock| stock.may_oversell);
        wishes.push(Wish { place, delta: delta.ok_or(ServiceError::Rule(out_of_range))?, may_oversell });
    }
    let levels = store::change_levels(tx, ledger.now, &wishes).await?;
    let mut changed = Vec::with_capacity(changes.len());
    for (of_level, wish) in by_level.into_iter().zip(&wishes) {
        let Some(available) = levels.get(&wish.place) else { return Err(ServiceError::Rule(why_not(tx, wish).await?)) };
        let steps = steps(of_level, available - wish.delta);
        changed.extend(steps.ok_or(ServiceError::Rule(InventoryRule::OutOfRange { variant_id: wish.place.0 }))?);
    }
    store::insert_adjustments(tx, ledger, &changed, || entropy.uuid_v7(ledger.now))?;
    Ok(skipped)
}

/// Why a level did not take a change.
async fn why_not(tx: &mut TenantTx<'_>, wish: &Wish) -> QueryResult<InventoryRule> {
    let (variant_id, _) = wish.place;
    Ok(match store::available(tx.conn(), wish.place).await? {
        // Gone together with its variant.
        None => InventoryRule::UnknownVariant { variant_id },
        Some(available) if wish.is_within(available) => InventoryRule::NotEnough { variant_id, available },
        Some(_) => InventoryRule::OutOfRange { variant_id },
    })
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

/// Locks these variants and then their levels, in the order in which changes take them: before the variants are deleted
/// or change their policy.
pub async fn lock_in_tx(tx: &mut TenantTx<'_>, variants: &[Uuid]) -> QueryResult<()> {
    if variants.is_empty() {
        return Ok(());
    }
    let mut first = tx.fork();
    try_join!(store::lock_variants(&mut first, variants), store::lock_levels(tx, variants))?;
    Ok(())
}

/// Lets the levels follow their variants' changed policies. One that is below zero stays allowed to be.
pub async fn policies_changed_in_tx(tx: &mut TenantTx<'_>, now: DateTime<Utc>, variants: &[Uuid]) -> QueryResult<()> {
    if variants.is_empty() { Ok(()) } else { store::follow_policies(tx, now, variants).await }
}

/// These of the ids that are locations.
pub async fn locations_among(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<HashSet<Uuid>> {
    store::locations_among(conn, ids).await
}
