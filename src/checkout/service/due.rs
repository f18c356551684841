//! What the job does about attempts whose answer did not come, or whose process died.

use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use super::settle::{NOT_COMPLETED, close_voided, decline, declined, settle};
use super::{ASK_AGAIN, Till};
use crate::app::App;
use crate::checkout::store::{self, AttemptStatus, Pending};
use crate::error::{Fault, ServiceError};
use crate::events::{Work, ring_in_tx, ring_now_in_tx};
use crate::ids::TenantId;
use crate::payment::{LONGEST_REST, Unanswered, Unknown};

/// At most this many attempts a call, so many of them at once, each asked for ten seconds: a call that meets nothing but
/// silence takes 40 seconds, which is less than the worker's lease. The rest comes with the next call.
const BATCH: usize = 16;
const AT_ONCE: usize = 4;
/// The longest pause between two questions to a gateway that does not answer.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// How often a gateway is asked in vain, some three days long, before the operator has to say what became of it.
pub const MAX_TRIES: i32 = 80;

/// Asks the gateways what became of every overdue attempt and settles or releases it. The worker calls it when it is
/// rung for payments; to call it too often, or twice at once, does no harm.
pub async fn settle_due(app: &App, tenant: TenantId) -> Result<(), Fault> {
    let till = Till::new(app, tenant);
    let now = till.clock.now();
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let due = till.db.read(async |conn| Ok::<_, Fault>(store::due_attempts(conn, now, limit).await?)).await?;
    let seeing: Vec<_> = due.iter().map(|attempt| see_to(&till, attempt)).collect();
    let seen: Vec<Result<(), Fault>> = stream::iter(seeing).buffer_unordered(AT_ONCE).collect().await;
    if due.len() == BATCH {
        till.db.write(async |tx| Ok::<_, Fault>(ring_now_in_tx(tx, Work::Payments, now)?)).await?;
    }
    seen.into_iter().collect()
}

/// Nothing that goes wrong with one attempt keeps the others from being settled: it is put off. Fails only when that
/// does.
async fn see_to(till: &Till, attempt: &Pending) -> Result<(), Fault> {
    let seen = if attempt.status == AttemptStatus::Voiding {
        void(till, attempt.id, &attempt.gateway).await
    } else {
        settle_one(till, attempt).await
    };
    match seen {
        Ok(()) => Ok(()),
        Err(fault) => {
            tracing::error!(%fault, attempt_id = %attempt.id, tries = attempt.tries, "a payment could not be settled");
            postpone(till, attempt.id).await
        }
    }
}

async fn settle_one(till: &Till, attempt: &Pending) -> Result<(), Fault> {
    let became = match till.payments.get(&attempt.gateway) {
        Some(gateway) => gateway.is_paid(attempt.id).await,
        None => Err(not_configured(&attempt.gateway)),
    };
    let settled = match became {
        Ok(true) => settle(till, attempt.id).await,
        Ok(false) => decline(till, attempt.id, declined(NOT_COMPLETED)).await,
        Err(Unanswered::NotAsked) => return put_off(till, attempt.id).await,
        Err(Unanswered::Unknown(unknown)) => {
            tracing::warn!(%unknown, attempt_id = %attempt.id, tries = attempt.tries, "a payment is still unknown");
            return postpone(till, attempt.id).await;
        }
    };
    match settled {
        Ok(_) | Err(ServiceError::Rule(_)) => Ok(()),
        Err(ServiceError::Fault(fault)) => Err(fault),
    }
}

/// Has the gateway give back what it took for an attempt that had been given up. Until it says so, the job asks.
pub async fn void(till: &Till, attempt_id: Uuid, gateway: &str) -> Result<(), Fault> {
    let voided = match till.payments.get(gateway) {
        Some(gateway) => gateway.void(attempt_id).await,
        None => Err(not_configured(gateway)),
    };
    match voided {
        Ok(()) => close_voided(till, attempt_id).await,
        Err(Unanswered::NotAsked) => put_off(till, attempt_id).await,
        Err(Unanswered::Unknown(unknown)) => {
            tracing::warn!(%unknown, %attempt_id, "money that was taken too late has not gone back yet");
            postpone(till, attempt_id).await
        }
    }
}

fn not_configured(gateway: &str) -> Unanswered {
    Unanswered::Unknown(Unknown(format!("the gateway {gateway} is not configured")))
}

/// Leaves the attempt as it is, and comes back to it: after ten seconds, twenty, forty, … up to an hour, and not for
/// ever ([`MAX_TRIES`]).
pub async fn postpone(till: &Till, attempt_id: Uuid) -> Result<(), Fault> {
    till.db
        .write(async |tx| {
            let Some(attempt) = store::lock_pending(tx, attempt_id).await? else { return Ok(()) };
            let now = till.clock.now();
            if attempt.tries + 1 >= MAX_TRIES {
                tracing::error!(%attempt_id, gateway = attempt.gateway, "a payment is left to the operator");
                store::postpone_attempt(tx, &attempt, attempt.tries + 1, None, now).await?;
                return Ok(());
            }
            let doublings = u32::try_from(attempt.tries).unwrap_or_default().min(10);
            let due_at = now + (ASK_AGAIN * 2_i32.pow(doublings)).min(LONGEST_PAUSE);
            store::postpone_attempt(tx, &attempt, attempt.tries + 1, Some(due_at), now).await?;
            Ok(ring_in_tx(tx, Work::Payments, due_at)?)
        })
        .await
}

/// Comes back to the attempt when its gateway has rested for as long as it may. It was not asked, and so that is no try.
async fn put_off(till: &Till, attempt_id: Uuid) -> Result<(), Fault> {
    till.db
        .write(async |tx| {
            let Some(attempt) = store::lock_pending(tx, attempt_id).await? else { return Ok(()) };
            let now = till.clock.now();
            let due_at = now + LONGEST_REST;
            store::postpone_attempt(tx, &attempt, attempt.tries, Some(due_at), now).await?;
            Ok(ring_in_tx(tx, Work::Payments, due_at)?)
        })
        .await
}
