//! What the job does about attempts whose answer did not come, or whose process died.

use chrono::TimeDelta;
use uuid::Uuid;

use super::settle::{decline, settle};
use super::{ASK_AGAIN, GATEWAY_TIMEOUT, Till};
use crate::app::App;
use crate::checkout::store::{self, Attempt};
use crate::db::idempotency;
use crate::error::{Fault, ServiceError};
use crate::events::{Work, ring_in_tx};
use crate::ids::TenantId;
use crate::payment::{PaymentGateway, Queried, Unknown};

/// At most this many attempts a call; the rest comes with the next.
const BATCH: i64 = 50;
/// The longest pause between two questions to a gateway that does not answer.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Asks the gateways what became of every overdue attempt and settles or releases it. The worker calls it when it is
/// rung for payments; to call it too often, or twice at once, does no harm.
pub async fn settle_due(app: &App, tenant: TenantId) -> Result<(), Fault> {
    let till = Till::new(app, tenant);
    let now = till.clock.now();
    let due = till.db.read(async |conn| Ok::<_, Fault>(store::due_attempts(conn, now, BATCH).await?)).await?;
    for attempt in &due {
        settle_one(&till, attempt).await?;
    }
    let more = due.len() as i64 == BATCH;
    till.db
        .write(async |tx| {
            idempotency::purge(tx, now).await?;
            if more {
                ring_in_tx(tx, Work::Payments, now).await?;
            }
            Ok(())
        })
        .await
}

async fn settle_one(till: &Till, attempt: &Attempt) -> Result<(), Fault> {
    let became = match till.payments.get(&attempt.gateway) {
        Some(gateway) => ask(&*gateway, attempt.id).await,
        None => Err(Unknown(format!("the gateway {} is not configured", attempt.gateway))),
    };
    let settled = match became {
        Ok(true) => settle(till, attempt.id).await,
        Ok(false) => decline(till, attempt.id, "The payment was not completed.").await,
        Err(unknown) => {
            tracing::warn!(%unknown, attempt_id = %attempt.id, tries = attempt.tries, "a payment is still unknown");
            return postpone(till, attempt.id).await;
        }
    };
    match settled {
        Ok(_) | Err(ServiceError::Rule(_)) => Ok(()),
        Err(ServiceError::Fault(fault)) => Err(fault),
    }
}

/// Whether the payment was made. One that the gateway has never heard of may still be on its way to it: it is voided
/// before it counts as not made.
async fn ask(gateway: &dyn PaymentGateway, attempt_id: Uuid) -> Result<bool, Unknown> {
    let asking = async {
        Ok(match gateway.query(attempt_id).await? {
            Queried::Approved => true,
            Queried::Declined => false,
            Queried::NotFound => {
                gateway.void(attempt_id).await?;
                false
            }
        })
    };
    tokio::time::timeout(GATEWAY_TIMEOUT, asking).await.unwrap_or_else(|_| Err(Unknown("no answer in time".to_owned())))
}

/// Leaves the attempt as it is, and comes back to it: after ten seconds, twenty, forty, … up to an hour.
pub async fn postpone(till: &Till, attempt_id: Uuid) -> Result<(), Fault> {
    till.db
        .write(async |tx| {
            let Some(attempt) = store::lock_attempt(tx, attempt_id).await? else { return Ok(()) };
            let now = till.clock.now();
            let doublings = u32::try_from(attempt.tries).unwrap_or_default().min(10);
            let wait = (ASK_AGAIN * 2_i32.pow(doublings)).min(LONGEST_PAUSE);
            if store::postpone_attempt(tx, &attempt, now, wait).await? == 1 {
                ring_in_tx(tx, Work::Payments, now + wait).await?;
            }
            Ok(())
        })
        .await
}
