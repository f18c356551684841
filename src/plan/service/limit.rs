//! Room for one more: asked in the transaction that makes it.
//!
//! What is limited is counted under the subscription's lock, which is taken before any other of the shop's rows is locked
//! that somebody with the same lock may wait for; a cart alone is locked before it.
//!
//! What is asked stands on the heap: it is part of many mutations, and a request's stack holds the futures of all of them at
//! once.

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::usage::used;
use crate::db::{TenantConn, TenantTx};
use crate::error::{Fault, ServiceError};
use crate::plan::model::{Feature, Full, InForce, Month, Resource};
use crate::plan::store;

/// What a transaction that makes something of a kind has to keep to.
pub struct Room<'a> {
    resource: Resource,
    now: DateTime<Utc>,
    asked: BoxFuture<'a, Result<InForce, Fault>>,
    told: Option<InForce>,
}

/// Has whoever changes the plan wait for this transaction from now on and, where the plan limits the kind, whoever counts
/// the same; and asks what counts until the end. All of it travels with the next statement that is waited for.
pub fn hold_in_tx<'a>(tx: &mut TenantTx<'a>, resource: Resource, now: DateTime<Utc>) -> Result<Room<'a>, Fault> {
    store::enter(tx)?;
    store::lock_where_limited(tx, resource)?;
    let mut conn = tx.conn().clone();
    let mut asked = async move { in_force(&mut conn).await }.boxed();
    // Asks. Its answer is not there yet: nobody is woken for it, and whoever waits for it asks again.
    let told = (&mut asked).now_or_never().transpose()?;
    Ok(Room { resource, now, asked, told })
}

/// What counts for the tenant. One that has no subscription may make nothing.
async fn in_force(conn: &mut TenantConn<'_>) -> Result<InForce, Fault> {
    store::in_force(conn).await?.ok_or_else(missing)
}

/// A tenant without a subscription is our mistake, and never one without limits.
pub(super) fn missing() -> Fault {
    Fault::internal("the tenant has no subscription")
}

impl Room<'_> {
    /// What counts for the tenant.
    pub async fn plan(&mut self) -> Result<&InForce, Fault> {
        match self.told {
            Some(ref told) => Ok(told),
            None => {
                let told = (&mut self.asked).await?;
                Ok(self.told.insert(told))
            }
        }
    }

    /// How many more there may be; none: as many as one likes.
    pub async fn left(&mut self, conn: &mut TenantConn<'_>) -> Result<Option<Left>, Fault> {
        let (resource, now) = (self.resource, self.now);
        let plan = self.plan().await?;
        let Some(max) = plan.terms.limits.of(resource) else { return Ok(None) };
        let used = Box::pin(used(conn, resource, Month::of(now))).await?;
        let full = Full { resource, used, max, plan: plan.plan.clone() };
        Ok(Some(Left { more: (max - used).max(0), full }))
    }

    /// Refuses where there is no room for one more.
    pub async fn check<R: From<Full>>(&mut self, conn: &mut TenantConn<'_>) -> Result<(), ServiceError<R>> {
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
    let InForce { terms, plan, .. } = Box::pin(in_force(conn)).await?;
    Ok(if terms.features.contains(&feature) { Ok(()) } else { Err(plan) })
}
