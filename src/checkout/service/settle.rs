//! Step three: the draft becomes the order, or the stock goes back.

use uuid::Uuid;

use super::due::void;
use super::{ASK_AGAIN, Completed, Till, refuse};
use crate::cart;
use crate::checkout::rule::CheckoutRule;
use crate::checkout::store::{self, AttemptStatus};
use crate::db::TenantTx;
use crate::db::idempotency::{self, Key};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::events::{NewEvent, Topic, Work, append_all_in_tx, ring_in_tx};
use crate::order::draft::OrderDraft;
use crate::order::model::{FinancialStatus, HistoryKind};
use crate::order::service::{Restock, restock_in_tx};
use crate::order::store::{self as orders, NewHistory};

/// What a payment that was given up is answered with.
pub const NOT_COMPLETED: &str = "The payment was not completed.";

/// The gateway has approved: makes the order, unless somebody has made it already. What is approved after it was
/// given up is given back.
pub async fn settle(till: &Till, attempt_id: Uuid) -> Completed {
    let settled = till.db.write(async |tx| settle_or_void_in_tx(tx, till, attempt_id).await).await?;
    match settled {
        Settled::Order(order_id) => Ok(order_id),
        Settled::TooLate { gateway } => {
            void(till, attempt_id, &gateway).await?;
            refuse(declined(NOT_COMPLETED))
        }
    }
}

enum Settled {
    Order(Uuid),
    TooLate { gateway: String },
}

async fn settle_or_void_in_tx(
    tx: &mut TenantTx<'_>,
    till: &Till,
    attempt_id: Uuid,
) -> ServiceResult<Settled, Vec<CheckoutRule>> {
    let Some(attempt) = store::lock_attempt(tx, attempt_id).await? else {
        return Err(Fault::internal("a payment attempt is gone").into());
    };
    let (order_id, now) = (attempt.draft.order_id, till.clock.now());
    match attempt.status {
        AttemptStatus::Open | AttemptStatus::Unknown => {
            store::close_attempt(tx, attempt_id, AttemptStatus::Settled, now).await?;
            settle_in_tx(tx, till, &attempt.draft, true, attempt.key.as_ref()).await?;
            Ok(Settled::Order(order_id))
        }
        AttemptStatus::Settled => Ok(Settled::Order(order_id)),
        // The gateway was asked to void it and approved it all the same. Should this process die before it has
        // asked again, the job does.
        AttemptStatus::Declined | AttemptStatus::Voiding => {
            tracing::warn!(%attempt_id, "a payment was approved after it had been given up");
            store::begin_voiding(tx, attempt_id, now, now + ASK_AGAIN).await?;
            ring_in_tx(tx, Work::Payments, now + ASK_AGAIN)?;
            Ok(Settled::TooLate { gateway: attempt.gateway })
        }
    }
}

/// The money has gone back: the attempt has ended as a declined one.
pub async fn close_voided(till: &Till, attempt_id: Uuid) -> Result<(), Fault> {
    let now = till.clock.now();
    till.db
        .write(async |tx| {
            let attempt = store::lock_pending(tx, attempt_id).await?;
            if attempt.is_some_and(|attempt| attempt.status == AttemptStatus::Voiding) {
                store::close_attempt(tx, attempt_id, AttemptStatus::Declined, now).await?;
            }
            Ok(())
        })
        .await
}

/// What the shopper is told of a payment that the gateway has declined.
pub fn declined(message: &str) -> CheckoutRule {
    CheckoutRule::PaymentDeclined { message: message.to_owned() }
}

/// The gateway takes nothing, and this is why: the stock goes back, and the cart is as it was. Kept under the client's key is
/// what is final.
pub async fn decline(till: &Till, attempt_id: Uuid, rule: CheckoutRule) -> Completed {
    let is_final = rule.is_final();
    let refused: Completed = refuse(rule);
    let attempt = till
        .db
        .write(async |tx| {
            let Some(attempt) = store::lock_attempt(tx, attempt_id).await? else {
                return Err(ServiceError::Fault(Fault::internal("a payment attempt is gone")));
            };
            if !attempt.status.is_open() {
                return Ok(attempt);
            }
            let now = till.clock.now();
            store::close_attempt(tx, attempt_id, AttemptStatus::Declined, now).await?;
            give_back(tx, till, &attempt.draft).await?;
            if is_final {
                keep_in_tx(tx, till, attempt.key.as_ref(), &refused)?;
            }
            Ok(attempt)
        })
        .await?;
    if attempt.status == AttemptStatus::Settled { Ok(attempt.draft.order_id) } else { refused }
}

async fn give_back(tx: &mut TenantTx<'_>, till: &Till, draft: &OrderDraft) -> Result<(), Fault> {
    let (entropy, actor) = (&till.entropy, draft.actor.as_str());
    let back = Restock { order_id: draft.order_id, reason: "reservation_released", actor };
    restock_in_tx(tx, till.clock.now(), entropy, &back, draft.stock_changes(1)).await
}

/// Makes the order of the draft: number, rows, history, event, the cart's end, the key's outcome.
///
/// The number comes last before the inserts, since its lock makes the tenant's other checkouts wait; the inserts travel
/// with the commit.
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
    let done: Completed = Ok(draft.order_id);
    orders::insert_order(tx, draft, number, status, now)?;
    orders::insert_lines(tx, draft, now, entropy)?;
    orders::insert_history(tx, draft.order_id, &history, now, entropy)?;
    cart::store::complete(tx, draft.cart_id, draft.order_id, now)?;
    append_all_in_tx(tx, now, entropy, &events)?;
    keep_in_tx(tx, till, key, &done)
}

fn event(topic: Topic, draft: &OrderDraft) -> NewEvent {
    let payload = serde_json::json!({ "actor": draft.actor, "gateway": draft.gateway });
    NewEvent { topic, subject_id: draft.order_id, payload }
}

/// Keeps an outcome under the key, in the transaction that makes it true.
fn keep_in_tx(
    tx: &mut TenantTx<'_>,
    till: &Till,
    key: Option<&Key>,
    outcome: &Completed,
) -> ServiceResult<(), Vec<CheckoutRule>> {
    if let (Some(key), Some(outcome)) = (key, idempotency::outcome_of(outcome)?) {
        let key = key.clone().kept_for(till.keys_kept);
        idempotency::send_outcome(tx, &key, till.clock.now(), &outcome)?;
    }
    Ok(())
}
