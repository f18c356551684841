//! Room for one more: asked in the transaction that makes it.
//!
//! What is limited is counted under the subscription's lock, which is taken before any other of the shop's rows is locked
//! that somebody with the same lock may wait for; a cart alone is locked before it.
//!
//! What is asked stands on the heap: it is part of many mutations, and a request's stack holds the futures of all of them at
//! once.

use chrono::{DateTime, Utc};

use super::usage::used;
use crate::db::{QueryResult, TenantConn, TenantTx};
use crate::error::{Fault, ServiceError};
use crate::plan::model::{Feature, Full, InForce, Month, Resource};
use crate::plan::store;

/// What a transaction that makes something of a kind has to keep to: none where there is no limit.
#[derive(Clone, Debug)]
pub struct Room {
    resource: Resource,
    limit: Option<(i64, String)>,
    now: DateTime<Utc>,
}

/// Whoever changes the plan waits for this transaction from now on. It travels with the next statement, so that what
/// [`in_force`] is asked afterwards is what counts until the end.
pub fn enter_in_tx(tx: &mut TenantTx<'_>) -> QueryResult<()> {
    store::enter(tx)
}

/// What counts for the tenant. One that has no subscription may make nothing.
pub async fn in_force(conn: &mut TenantConn<'_>) -> Result<InForce, Fault> {
    Box::pin(store::in_force(conn)).await?.ok_or_else(missing)
}

/// A tenant without a subscription is our mistake, and never one without limits.
pub(super) fn missing() -> Fault {
    Fault::internal("the tenant has no subscription")
}

/// Enters, and holds whatever the kind is counted under.
pub async fn hold_in_tx(tx: &mut TenantTx<'_>, resource: Resource, now: DateTime<Utc>) -> Result<Room, Fault> {
    enter_in_tx(tx)?;
    let known = in_force(tx.conn()).await?;
    Box::pin(held_in_tx(tx, &known, resource, now)).await
}

/// The same for who has entered, and asked what is in force: without a limit it waits for nobody.
pub async fn held_in_tx(
    tx: &mut TenantTx<'_>,
    known: &InForce,
    resource: Resource,
    now: DateTime<Utc>,
) -> Result<Room, Fault> {
    // Nobody changes it before this transaction ends: what was read holds. The lock is for those who count.
    let limit = match known.terms.limits.of(resource) {
        None => None,
        Some(_) => {
            let held = Box::pin(store::in_force_locked(tx)).await?.ok_or_else(missing)?;
            held.terms.limits.of(resource).map(|max| (max, held.plan))
        }
    };
    Ok(Room { resource, limit, now })
}

impl Room {
    /// How many more there may be; none: as many as one likes.
    pub async fn left(&self, conn: &mut TenantConn<'_>) -> QueryResult<Option<Left>> {
        let Some((max, plan)) = &self.limit else { return Ok(None) };
        let used = Box::pin(used(conn, self.resource, Month::of(self.now))).await?;
        let full = Full { resource: self.resource, used, max: *max, plan: plan.clone() };
        Ok(Some(Left { more: (max - used).max(0), full }))
    }

    /// Refuses where there is no room for one more.
    pub async fn check<R: From<Full>>(&self, conn: &mut TenantConn<'_>) -> Result<(), ServiceError<R>> {
        match self.left(conn).await? {
            Some(Left { more: 0, full }) => Err(ServiceError::Rule(full.into())),
            _ => Ok(()),
        }
    }
}

/// What a limit leaves.
#[derive(Clone, Debug)]
pub struct Left {
    /// How many more.
    pub more: i64,
    /// What is said once there is none.
    pub full: Full,
}

/// Whether the tenant's plan has the feature; if not, the plan's name.
pub async fn feature(conn: &mut TenantConn<'_>, feature: Feature) -> Result<Result<(), String>, Fault> {
    let InForce { terms, plan, .. } = in_force(conn).await?;
    Ok(if terms.features.contains(&feature) { Ok(()) } else { Err(plan) })
}
