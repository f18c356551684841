//! What a merchant does to an order: each one transaction with its history and its event.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::model::{
    Billed, CancelReason, FinancialStatus, FulfillmentStatus, HistoryKind, MAX_FULFILLMENTS, Order, OrderLine,
    SendLine, Tracking, send, stock_of,
};
use super::rule::{OrderRule, path};
use super::store::{self, Change, NewHistory};
use crate::clock::{Clock, Entropy};
use crate::db::idempotency::{self, Key};
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::events::{NewEvent, Topic, append_in_tx};
use crate::ids::GidNamespace;
use crate::inventory::model::StockChange;
use crate::inventory::rule::InventoryRule;
use crate::inventory::service::adjust_in_tx;

/// What every use case needs, and who asks.
#[derive(Clone)]
pub struct Desk {
    pub db: TenantDb,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub actor: String,
    /// The client's key, under which a change happens once.
    pub key: Option<Key>,
}

pub type OrderResult<T> = ServiceResult<T, OrderRule>;

/// What came of a change under a client's key.
pub type Once<T> = idempotency::Once<T, OrderRule>;

impl Desk {
    async fn once<T, F>(&self, work: F) -> Once<T>
    where
        T: Serialize + DeserializeOwned,
        F: AsyncFnOnce(&mut TenantTx<'_>) -> OrderResult<T>,
    {
        idempotency::once(&self.db, self.clock.now(), self.key.as_ref(), work).await
    }

    /// When a change of the order happens: after everything that its history says, by whichever clock that was
    /// written. To be asked under the order's lock, for which somebody else's change may have been waited.
    fn moment(&self, order: &Order) -> DateTime<Utc> {
        self.clock.now().max(order.updated_at + TimeDelta::microseconds(1))
    }
}

/// A wish to cancel an order.
#[derive(Clone, Debug)]
pub struct Cancellation {
    pub reason: CancelReason,
    pub restock: bool,
    pub refund: bool,
    pub staff_note: Option<String>,
}

/// Cancels an order of which nothing has been sent. Its units go back once: a cancelled order is not cancelled again.
pub async fn order_cancel(desk: &Desk, id: Option<Uuid>, wish: &Cancellation) -> Once<Uuid> {
    if wish.staff_note.as_ref().is_some_and(|note| note.chars().count() > MAX_NOTE) {
        return Ok(Err(rule(OrderRule::TooLong { max: MAX_NOTE, field: path(&["staffNote"]) })));
    }
    desk.once(async |tx| {
        let order = lock(tx, id, &["orderId"]).await?;
        let now = desk.moment(&order);
        if order.cancelled_at.is_some() {
            return Err(rule(OrderRule::AlreadyCancelled));
        }
        if order.fulfillment_status != FulfillmentStatus::Unfulfilled {
            return Err(rule(OrderRule::AlreadyFulfilled));
        }
        let paid = order.financial_status == FinancialStatus::Paid;
        if wish.refund && paid {
            return Err(rule(OrderRule::RefundNotSupported));
        }
        if wish.restock {
            let lines = store::lines_of_orders(tx.conn(), &[order.id]).await?;
            let back = Restock { order_id: order.id, reason: "restock", actor: &desk.actor };
            restock_in_tx(tx, now, &desk.entropy, &back, stock_of(&lines)).await?;
        }
        let change = Change::Cancelled { reason: wish.reason, voided: !paid };
        store::update_order(tx, order.id, &change, now).await?;
        let note = wish.staff_note.as_deref().filter(|note| !note.is_empty());
        let note = note.map(|note| format!(" {note}")).unwrap_or_default();
        let message = format!("Cancelled: {}.{note}", wish.reason.as_db().to_lowercase());
        note_down(tx, desk, now, order.id, HistoryKind::Cancelled, message, Topic::OrdersCancelled)?;
        Ok(order.id)
    })
    .await
}

/// Notes that the money has come in some other way.
pub async fn order_mark_as_paid(desk: &Desk, id: Option<Uuid>) -> Once<Uuid> {
    desk.once(async |tx| {
        let order = lock(tx, id, &["input", "id"]).await?;
        let now = desk.moment(&order);
        if order.cancelled_at.is_some() {
            return Err(rule(OrderRule::AlreadyCancelled));
        }
        if order.financial_status == FinancialStatus::Paid {
            return Err(rule(OrderRule::AlreadyPaid));
        }
        store::update_order(tx, order.id, &Change::Paid, now).await?;
        let message = "Marked as paid.".to_owned();
        note_down(tx, desk, now, order.id, HistoryKind::Paid, message, Topic::OrdersPaid)?;
        Ok(order.id)
    })
    .await
}

/// Something to be sent.
#[derive(Clone, Debug)]
pub struct Sending {
    pub order_id: Option<Uuid>,
    /// None: everything that is left.
    pub lines: Option<Vec<SendLine>>,
    pub tracking: Tracking,
}

/// Notes that something of an order has been sent; answers the order's and the fulfillment's id.
pub async fn fulfillment_create(desk: &Desk, sending: &Sending) -> Once<(Uuid, Uuid)> {
    desk.once(async |tx| {
        check_tracking(&sending.tracking)?;
        let field = ["fulfillment", "lineItemsByFulfillmentOrder", "0", "fulfillmentOrderId"];
        let order = lock(tx, sending.order_id, &field).await?;
        let now = desk.moment(&order);
        if order.cancelled_at.is_some() {
            return Err(rule(OrderRule::AlreadyCancelled));
        }
        let lines = store::lines_of_orders(tx.conn(), &[order.id]).await?;
        let sent = send(&lines, sending.lines.as_deref()).map_err(ServiceError::Rule)?;
        let all = lines.iter().map(OrderLine::unfulfilled).sum::<i32>() == sent.iter().map(|(_, n)| n).sum::<i32>();
        // Else the order could never end: what is partly sent is not cancelled either.
        if !all && store::count_fulfillments(tx.conn(), order.id).await? + 1 >= MAX_FULFILLMENTS {
            return Err(rule(OrderRule::LastFulfillment { max: MAX_FULFILLMENTS }));
        }
        let id = desk.entropy.uuid_v7(now);
        store::insert_fulfillment(tx, order.id, id, &sending.tracking, &sent, now).await?;
        let (status, topic, message) = if all {
            (FulfillmentStatus::Fulfilled, Topic::OrdersFulfilled, "Everything was sent.")
        } else {
            (FulfillmentStatus::PartiallyFulfilled, Topic::OrdersUpdated, "Something was sent.")
        };
        store::update_order(tx, order.id, &Change::Sent(status), now).await?;
        note_down(tx, desk, now, order.id, HistoryKind::Fulfilled, message.to_owned(), topic)?;
        Ok((order.id, id))
    })
    .await
}

/// Whether the customer has placed an order.
pub async fn has_bought(conn: &mut TenantConn<'_>, customer: Uuid) -> QueryResult<bool> {
    Ok(!store::counts_of_customers(conn, &[customer]).await?.is_empty())
}

/// Those of these orders that are in the books.
pub async fn billed(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Billed>> {
    store::billed(conn, ids).await
}

/// The orders that are in the books, by their ids.
pub async fn billed_page(conn: &mut TenantConn<'_>, after: Option<Uuid>, limit: i64) -> QueryResult<Vec<Billed>> {
    store::billed_page(conn, after, limit).await
}

/// At most so many orders join a customer at once; the rest when they sign in the next time.
const JOINING: i64 = 100;

/// Makes what guests have bought with this address the customer's, who has shown that it is theirs.
pub async fn join_customer_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    customer_id: Uuid,
    email_key: &str,
) -> QueryResult<()> {
    let actor = GidNamespace::Emporia.encode("Customer", customer_id);
    for (id, updated_at) in store::lock_of_guest(tx, email_key, JOINING).await? {
        let then = now.max(updated_at + TimeDelta::microseconds(1));
        store::join_customer(tx, id, customer_id, then)?;
        let message = "It joined the account of the customer whose email address it has.".to_owned();
        let entry = NewHistory { kind: HistoryKind::Updated, message, actor: &actor };
        store::insert_history(tx, id, &[entry], then, entropy)?;
        let payload = serde_json::json!({ "actor": actor });
        append_in_tx(tx, now, entropy, &NewEvent { topic: Topic::OrdersUpdated, subject_id: id, payload })?;
    }
    Ok(())
}

const MAX_NOTE: usize = 900;
const MAX_TRACKING: usize = 255;
const MAX_URL: usize = 2048;

fn rule(rule: OrderRule) -> ServiceError<OrderRule> {
    ServiceError::Rule(rule)
}

fn check_tracking(tracking: &Tracking) -> OrderResult<()> {
    let info = |name| path(&["fulfillment", "trackingInfo", name]);
    let texts = [
        (&tracking.company, MAX_TRACKING, "company"),
        (&tracking.number, MAX_TRACKING, "number"),
        (&tracking.url, MAX_URL, "url"),
    ];
    for (text, max, name) in texts {
        if text.as_ref().is_some_and(|text| text.chars().count() > max) {
            return Err(rule(OrderRule::TooLong { max, field: info(name) }));
        }
    }
    // A shopper will click on it.
    let is_web = |url: &String| url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if tracking.url.as_ref().is_some_and(|url| !is_web(url)) {
        return Err(rule(OrderRule::InvalidUrl { field: info("url") }));
    }
    Ok(())
}

/// The order, locked until the transaction ends: changes of one order happen one after another.
async fn lock(tx: &mut TenantTx<'_>, id: Option<Uuid>, field: &[&str]) -> OrderResult<Order> {
    let order = match id {
        Some(id) => store::lock(tx, id).await?,
        None => None,
    };
    order.ok_or_else(|| rule(OrderRule::NotFound { field: path(field) }))
}

/// Why units go back, and who puts them there: what the ledger says.
pub struct Restock<'a> {
    pub order_id: Uuid,
    pub reason: &'a str,
    pub actor: &'a str,
}

/// Puts units back where they came from. What has no place to go back to stays away: variants that are gone, and
/// levels that are full.
pub async fn restock_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    back: &Restock<'_>,
    mut changes: Vec<StockChange>,
) -> Result<(), Fault> {
    let reference = GidNamespace::Emporia.encode("Order", back.order_id);
    loop {
        // A level that turns out to be full does so after others have changed.
        let adjusted = tx.savepoint(async |tx| {
            adjust_in_tx(tx, now, entropy, back.actor, back.reason, Some(&reference), &changes).await
        });
        match adjusted.await {
            Ok(()) => return Ok(()),
            Err(ServiceError::Rule(
                InventoryRule::UnknownVariant { variant_id } | InventoryRule::OutOfRange { variant_id },
            )) => {
                tracing::warn!(%variant_id, reference, "units cannot go back into stock");
                changes.retain(|change| change.variant_id != variant_id);
            }
            Err(ServiceError::Rule(rule)) => return Err(Fault::internal(format!("putting stock back: {rule}"))),
            Err(ServiceError::Fault(fault)) => return Err(fault),
        }
    }
}

/// Writes the history and the event of a change.
fn note_down(
    tx: &mut TenantTx<'_>,
    desk: &Desk,
    now: DateTime<Utc>,
    order_id: Uuid,
    kind: HistoryKind,
    message: String,
    topic: Topic,
) -> QueryResult<()> {
    let entry = NewHistory { kind, message, actor: &desk.actor };
    store::insert_history(tx, order_id, &[entry], now, &desk.entropy)?;
    let payload = serde_json::json!({ "actor": desk.actor });
    // By the clock: a bell for a moment that is still to come would be passed over.
    append_in_tx(tx, desk.clock.now(), &desk.entropy, &NewEvent { topic, subject_id: order_id, payload })
}
