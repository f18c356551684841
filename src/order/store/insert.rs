//! How an order comes into being: its number, its row, its lines, its first history.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::clock::Entropy;
use crate::db::TenantTx;
use crate::db::schema::{order_counters as counters, order_lines, order_status_history as history, orders};
use crate::order::draft::OrderDraft;
use crate::order::model::{FinancialStatus, FulfillmentStatus, HistoryKind};

/// Before the first order.
const START: i32 = 1000;

/// The next number. Its row stays locked until the transaction ends, and goes back with it: no gap, and the tenant's
/// settling transactions wait for each other from here on. So it is the last thing before the inserts.
pub async fn next_number(tx: &mut TenantTx<'_>) -> QueryResult<i32> {
    diesel::insert_into(counters::table)
        .values((counters::tenant_id.eq(tx.tenant()), counters::last_number.eq(START + 1)))
        .on_conflict(counters::tenant_id)
        .do_update()
        .set(counters::last_number.eq(counters::last_number + 1))
        .returning(counters::last_number)
        .get_result(tx)
        .await
}

pub async fn insert_order(
    tx: &mut TenantTx<'_>,
    draft: &OrderDraft,
    number: i32,
    status: FinancialStatus,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(orders::table)
        .values((
            (
                orders::tenant_id.eq(tx.tenant()),
                orders::id.eq(draft.order_id),
                orders::number.eq(number),
                orders::cart_id.eq(draft.cart_id),
                orders::token_hash.eq(&draft.token_hash[..]),
                orders::email.eq(&draft.email),
                orders::phone.eq(&draft.phone),
                orders::shipping_address.eq(draft.shipping_address.as_ref().map(json)),
                orders::delivery_title.eq(&draft.delivery_title),
                orders::currency.eq(draft.currency.code()),
            ),
            (
                orders::subtotal_minor.eq(draft.subtotal_minor),
                orders::shipping_minor.eq(draft.shipping_minor),
                orders::tax_minor.eq(draft.tax_minor),
                orders::total_minor.eq(draft.total_minor),
                orders::financial_status.eq(status.as_db()),
                orders::fulfillment_status.eq(FulfillmentStatus::Unfulfilled.as_db()),
                orders::gateway.eq(&draft.gateway),
                orders::note.eq(&draft.note),
                orders::attributes.eq(json(&draft.attributes)),
                orders::created_at.eq(now),
                orders::updated_at.eq(now),
            ),
        ))
        .execute(tx)
        .await
}

pub async fn insert_lines(
    tx: &mut TenantTx<'_>,
    draft: &OrderDraft,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> QueryResult<usize> {
    let tenant = tx.tenant();
    let rows: Vec<_> = (1..)
        .zip(&draft.lines)
        .map(|(position, line)| {
            (
                order_lines::tenant_id.eq(tenant),
                order_lines::order_id.eq(draft.order_id),
                order_lines::id.eq(entropy.uuid_v7(now)),
                order_lines::position.eq(position),
                order_lines::product_id.eq(line.product_id),
                order_lines::variant_id.eq(line.variant_id),
                order_lines::title.eq(&line.title),
                order_lines::variant_title.eq(&line.variant_title),
                order_lines::sku.eq(&line.sku),
                order_lines::options.eq(json(&line.options)),
                order_lines::attributes.eq(json(&line.attributes)),
                order_lines::unit_price_minor.eq(line.unit_price_minor),
                order_lines::quantity.eq(line.quantity),
                order_lines::line_total_minor.eq(line.line_total_minor),
                order_lines::requires_shipping.eq(line.requires_shipping),
                order_lines::stock.eq(json(&line.stock)),
            )
        })
        .collect();
    diesel::insert_into(order_lines::table).values(rows).execute(tx).await
}

/// A line of history to be written.
pub struct NewHistory<'a> {
    pub kind: HistoryKind,
    pub message: String,
    pub actor: &'a str,
}

pub async fn insert_history(
    tx: &mut TenantTx<'_>,
    order_id: Uuid,
    entries: &[NewHistory<'_>],
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> QueryResult<usize> {
    let tenant = tx.tenant();
    let mut ids: Vec<Uuid> = entries.iter().map(|_| entropy.uuid_v7(now)).collect();
    // Entries of one moment are read in the order in which they were given.
    ids.sort_unstable();
    let rows: Vec<_> = entries
        .iter()
        .zip(ids)
        .map(|(entry, id)| {
            (
                history::tenant_id.eq(tenant),
                history::order_id.eq(order_id),
                history::id.eq(id),
                history::kind.eq(entry.kind.as_db()),
                history::message.eq(&entry.message),
                history::actor.eq(entry.actor),
                history::created_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(history::table).values(rows).execute(tx).await
}

/// Plain data: it always has a JSON form.
fn json(value: impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}
