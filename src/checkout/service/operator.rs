//! What only the operator can decide: payments whose gateway is gone or never answers.

use uuid::Uuid;

use super::Till;
use super::settle::{NOT_COMPLETED, close_voided, decline, declined, settle};
use crate::checkout::store::{self, AttemptStatus, Undecided};
use crate::db::TenantDb;
use crate::error::{Fault, ServiceError};

/// Payments of which nobody knows yet what became of them, the oldest first: at most 250.
pub async fn payments_undecided(db: &TenantDb) -> Result<Vec<Undecided>, Fault> {
    db.read(async |conn| Ok(store::undecided(conn, 250).await?)).await
}

/// What came of the operator's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The order is made.
    Ordered(Uuid),
    /// The stock is back, and the cart can be changed again.
    Released,
    /// The payment was given up before: its money can only go back.
    GivenUp,
    /// There is no such payment, or it has ended.
    NotFound,
}

/// Ends a payment by the operator's word, who has looked at the gateway's own books: it was paid, or it was not and
/// will not be. The gateway is not asked.
pub async fn payment_resolve(till: &Till, attempt_id: Uuid, paid: bool) -> Result<Resolution, Fault> {
    let pending = till.db.write(async |tx| Ok::<_, Fault>(store::lock_pending(tx, attempt_id).await?)).await?;
    let Some(pending) = pending else { return Ok(Resolution::NotFound) };
    if pending.status == AttemptStatus::Voiding {
        if paid {
            return Ok(Resolution::GivenUp);
        }
        close_voided(till, attempt_id).await?;
        return Ok(Resolution::Released);
    }
    let ended =
        if paid { settle(till, attempt_id).await } else { decline(till, attempt_id, declined(NOT_COMPLETED)).await };
    match ended {
        Ok(order_id) => Ok(Resolution::Ordered(order_id)),
        Err(ServiceError::Rule(_)) => Ok(Resolution::Released),
        Err(ServiceError::Fault(fault)) => Err(fault),
    }
}
