//! Step three: the draft becomes the order, or the stock goes back.

use futures_util::try_join;
use uuid::Uuid;

use super::begin::order_uri;
use super::{Completed, Till, refuse};
use crate::cart;
use crate::checkout::rule::CheckoutRule;
use crate::checkout::store::{self, AttemptStatus};
use crate::db::TenantTx;
use crate::db::idempotency::{self, Found, Key};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::events::{NewEvent, Topic, append_all_in_tx};
use crate::inventory::service::adjust_in_tx;
use crate::order::draft::OrderDraft;
use crate::order::model::{FinancialStatus, HistoryKind};
use crate::order::store::{self as orders, NewHistory};

/// The gateway has approved: makes the order, unless somebody has made it already.
pub async fn settle(till: &Till, attempt_id: Uuid) -> Completed {
    till.db
        .write(async |tx| {
            let Some(attempt) = store::lock_attempt(tx, attempt_id).await? else {
                return Err(Fault::internal("a payment attempt is gone").into());
            };
            let order_id = attempt.draft.order_id;
            match attempt.status {
                AttemptStatus::Settled => return Ok(order_id),
                // Only a gateway that was asked to void and approved all the same: for a person to look at.
                AttemptStatus::Declined => {
                    tracing::error!(%attempt_id, "a payment was approved after it had been given up");
                    return refuse(CheckoutRule::PaymentPending);
                }
                AttemptStatus::Open | AttemptStatus::Unknown => {}
            }
            store::close_attempt(tx, attempt_id, AttemptStatus::Settled, till.clock.now()).await?;
            settle_in_tx(tx, till, &attempt.draft, true, attempt.key.as_ref()).await?;
            Ok(order_id)
        })
        .await
}

/// The gateway takes nothing: the stock goes back, and the cart is as it was.
pub async fn decline(till: &Till, attempt_id: Uuid, message: &str) -> Completed {
    let declined = till
        .db
        .write(async |tx| {
            let Some(attempt) = store::lock_attempt(tx, attempt_id).await? else {
                return Err(ServiceError::Fault(Fault::internal("a payment attempt is gone")));
            };
            if !attempt.status.is_open() {
                return Ok(attempt);
            }
            let now = till.clock.now();
            let rule: Completed = refuse(CheckoutRule::PaymentDeclined { message: message.to_owned() });
            store::close_attempt(tx, attempt_id, AttemptStatus::Declined, now).await?;
            give_back(tx, till, &attempt.draft).await?;
            keep_in_tx(tx, till, attempt.key.as_ref(), &rule).await?;
            Ok(attempt)
        })
        .await?;
    if declined.status == AttemptStatus::Settled {
        return Ok(declined.draft.order_id);
    }
    refuse(CheckoutRule::PaymentDeclined { message: message.to_owned() })
}

async fn give_back(tx: &mut TenantTx<'_>, till: &Till, draft: &OrderDraft) -> ServiceResult<(), Vec<CheckoutRule>> {
    let reference = order_uri(draft.order_id);
    let now = till.clock.now();
    // A variant that was deleted meanwhile has no stock to give back to.
    let changes = draft.stock_changes(1);
    let given =
        adjust_in_tx(tx, now, &till.entropy, &draft.actor, "reservation_released", Some(&reference), &changes).await;
    given.map_err(|error| match error {
        ServiceError::Rule(rule) => ServiceError::Fault(Fault::internal(format!("giving stock back: {rule}"))),
        ServiceError::Fault(fault) => ServiceError::Fault(fault),
    })
}

/// Makes the order of the draft: number, rows, history, event, the cart's end, the key's outcome.
///
/// The number comes last before the inserts, since its lock makes the tenant's other checkouts wait; the inserts
/// are pipelined: none needs another's effect, the foreign keys between them are checked at the commit.
pub async fn settle_in_tx(
    tx: &mut TenantTx<'_>,
    till: &Till,
    draft: &OrderDraft,
    paid: bool,
    key: Option<&Key>,
) -> ServiceResult<(), Vec<CheckoutRule>> {
    let now = till.clock.now();
    let entropy = &till.entropy;
    let mut history =
        vec![NewHistory { kind: HistoryKind::Created, message: "The order was placed.".into(), actor: &draft.actor }];
    let mut events = vec![event(Topic::OrdersCreate, draft)];
    if paid {
        let message = format!("Paid by {}.", draft.gateway);
        history.push(NewHistory { kind: HistoryKind::Paid, message, actor: &draft.actor });
        events.push(event(Topic::OrdersPaid, draft));
    }
    let status = if paid { FinancialStatus::Paid } else { FinancialStatus::Pending };
    let number = orders::next_number(tx).await?;
    let (mut on_order, mut on_lines, mut on_history) = (tx.fork(), tx.fork(), tx.fork());
    let (mut on_events, mut on_key) = (tx.fork(), tx.fork());
    let done: Completed = Ok(draft.order_id);
    try_join!(
        async { Ok(orders::insert_order(&mut on_order, draft, number, status, now).await?) },
        async { Ok(orders::insert_lines(&mut on_lines, draft, now, entropy).await?) },
        async { Ok(orders::insert_history(&mut on_history, draft.order_id, &history, now, entropy).await?) },
        async { Ok(cart::store::complete(tx, draft.cart_id, draft.order_id, now).await?) },
        async { Ok(append_all_in_tx(&mut on_events, now, entropy, &events).await?) },
        keep_in_tx(&mut on_key, till, key, &done),
    )?;
    Ok(())
}

fn event(topic: Topic, draft: &OrderDraft) -> NewEvent {
    let payload = serde_json::json!({ "actor": draft.actor, "gateway": draft.gateway });
    NewEvent { topic, subject_id: draft.order_id, payload }
}

/// Keeps an outcome under the key, in the transaction that makes it true.
async fn keep_in_tx(
    tx: &mut TenantTx<'_>,
    till: &Till,
    key: Option<&Key>,
    outcome: &Completed,
) -> ServiceResult<(), Vec<CheckoutRule>> {
    if let (Some(key), Some(outcome)) = (key, idempotency::outcome_of(outcome)?) {
        idempotency::insert_outcome(tx, key, till.clock.now(), &outcome).await?;
    }
    Ok(())
}

/// Keeps an outcome under the key on its own; answers what is kept there: another's, if that was first.
pub async fn record(till: &Till, key: &Key, outcome: Completed) -> Completed {
    let now = till.clock.now();
    let kept: ServiceResult<Found, Vec<CheckoutRule>> = till
        .db
        .write(async |tx| {
            keep_in_tx(tx, till, Some(key), &outcome).await?;
            Ok(idempotency::find(tx.conn(), key, now).await?)
        })
        .await;
    match kept? {
        Found::Outcome(kept) => idempotency::replay(kept),
        _ => outcome,
    }
}
