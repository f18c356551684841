//! How an order comes into being: its number, its row, its lines, its first history.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::clock::Entropy;
use crate::db::schema::{order_counters as counters, order_lines, order_status_history as history, orders};
use crate::db::{TenantTx, insert_rows, planned};
use crate::order::draft::OrderDraft;
use crate::order::model::{FinancialStatus, FulfillmentStatus, HistoryKind};

/// Before the first order.
const START: i32 = 1000;

/// The next number. Its row stays locked until the transaction ends, and goes back with it: no gap, and the tenant's
/// settling transactions wait for each other from here on. So it is the last thing before the inserts.
pub async fn next_number(tx: &mut TenantTx<'_>) -> QueryResult<i32> {
    let next = diesel::insert_into(counters::table)
        .values((counters::tenant_id.eq(tx.tenant()), counters::last_number.eq(START + 1)))
        .on_conflict(counters::tenant_id)
        .do_update()
        .set(counters::last_number.eq(counters::last_number + 1))
        .returning(counters::last_number);
    planned(next).get_result(tx).await
}

pub fn insert_order(
    tx: &mut TenantTx<'_>,
    draft: &OrderDraft,
    number: i32,
    status: FinancialStatus,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let insert = diesel::insert_into(orders::table).values((
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
            orders::customer_id.eq(draft.customer_id),
        ),
        (
            orders::subtotal_minor.eq(draft.subtotal_minor),
            orders::shipping_minor.eq(draft.shipping_minor),
            orders::tax_minor.eq(draft.tax_minor),
            orders::total_minor.eq(draft.total_minor),
            orders::platform_fee_minor.eq(draft.platform_fee.map(|fee| fee.minor)),
            orders::platform_fee_basis_points.eq(draft.platform_fee.map(|fee| fee.terms.basis_points)),
            orders::platform_fee_fixed_minor.eq(draft.platform_fee.map(|fee| fee.terms.minor)),
            orders::financial_status.eq(status.as_db()),
            orders::fulfillment_status.eq(FulfillmentStatus::Unfulfilled.as_db()),
            orders::gateway.eq(&draft.gateway),
            orders::note.eq(&draft.note),
            orders::attributes.eq(json(&draft.attributes)),
            orders::created_at.eq(now),
            orders::updated_at.eq(now),
        ),
    ));
    tx.send(insert)
}

pub fn insert_lines(
    tx: &mut TenantTx<'_>,
    draft: &OrderDraft,
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> QueryResult<()> {
    let lines: Vec<_> = (1..).zip(&draft.lines).collect();
    let insert = insert_rows!(tx.tenant(), order_lines, lines, |(position, line)| {
        order_id: draft.order_id,
        id: entropy.uuid_v7(now),
        position: *position,
        product_id: line.product_id,
        variant_id: line.variant_id,
        title: line.title.as_str(),
        variant_title: line.variant_title.as_str(),
        sku: line.sku.as_deref(),
        options: json(&line.options),
        attributes: json(&line.attributes),
        unit_price_minor: line.unit_price_minor,
        quantity: line.quantity,
        line_total_minor: line.line_total_minor,
        requires_shipping: line.requires_shipping,
        stock: json(&line.stock),
    });
    tx.send(insert)
}

/// A line of history to be written.
pub struct NewHistory<'a> {
    pub kind: HistoryKind,
    pub message: String,
    pub actor: &'a str,
}

pub fn insert_history(
    tx: &mut TenantTx<'_>,
    order_id: Uuid,
    entries: &[NewHistory<'_>],
    now: DateTime<Utc>,
    entropy: &Entropy,
) -> QueryResult<()> {
    // Ids are in the order in which they are made: by them entries of one moment are read as they were given.
    let insert = insert_rows!(tx.tenant(), history, entries, |entry| {
        order_id: order_id,
        id: entropy.uuid_v7(now),
        kind: entry.kind.as_db(),
        message: entry.message.as_str(),
        actor: entry.actor,
        created_at: now,
    });
    tx.send(insert)
}

/// Plain data: it always has a JSON form.
fn json(value: impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}
