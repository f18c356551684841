//! Changes of orders.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::orders::OrderRow;
use crate::db::schema::{fulfillment_lines, fulfillments, order_lines, orders};
use crate::db::{TenantConn, TenantTx};
use crate::order::model::{CancelReason, FinancialStatus, FulfillmentStatus, Order, Tracking};

/// What becomes of an order's row.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Cancelled { reason: CancelReason, voided: bool },
    Paid,
    Sent(FulfillmentStatus),
}

/// The order, locked until the transaction ends.
pub async fn lock(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<Order>> {
    let row: Option<OrderRow> = orders::table
        .filter(orders::tenant_id.eq(tx.tenant()))
        .filter(orders::id.eq(id))
        .select(OrderRow::as_select())
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(Order::from))
}

#[derive(AsChangeset)]
#[diesel(table_name = orders)]
struct Changeset {
    financial_status: Option<&'static str>,
    fulfillment_status: Option<&'static str>,
    cancelled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<&'static str>,
    updated_at: DateTime<Utc>,
}

pub async fn update_order(tx: &mut TenantTx<'_>, id: Uuid, change: &Change, now: DateTime<Utc>) -> QueryResult<usize> {
    let mut set = Changeset {
        financial_status: None,
        fulfillment_status: None,
        cancelled_at: None,
        cancel_reason: None,
        updated_at: now,
    };
    match change {
        Change::Cancelled { reason, voided } => {
            set.cancelled_at = Some(now);
            set.cancel_reason = Some(reason.as_db());
            set.financial_status = voided.then_some(FinancialStatus::Voided.as_db());
        }
        Change::Paid => set.financial_status = Some(FinancialStatus::Paid.as_db()),
        Change::Sent(status) => set.fulfillment_status = Some(status.as_db()),
    }
    diesel::update(orders::table)
        .filter(orders::tenant_id.eq(tx.tenant()))
        .filter(orders::id.eq(id))
        .set(set)
        .execute(tx)
        .await
}

/// How often something of the order was sent.
pub async fn count_fulfillments(conn: &mut TenantConn<'_>, order_id: Uuid) -> QueryResult<usize> {
    let count: i64 = fulfillments::table
        .filter(fulfillments::tenant_id.eq(conn.tenant()))
        .filter(fulfillments::order_id.eq(order_id))
        .count()
        .get_result(conn)
        .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Writes what was sent, and counts it on the order's lines.
pub async fn insert_fulfillment(
    tx: &mut TenantTx<'_>,
    order_id: Uuid,
    id: Uuid,
    tracking: &Tracking,
    sent: &[(Uuid, i32)],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let tenant = tx.tenant();
    diesel::insert_into(fulfillments::table)
        .values((
            fulfillments::tenant_id.eq(tenant),
            fulfillments::order_id.eq(order_id),
            fulfillments::id.eq(id),
            fulfillments::tracking_company.eq(&tracking.company),
            fulfillments::tracking_number.eq(&tracking.number),
            fulfillments::tracking_url.eq(&tracking.url),
            fulfillments::created_at.eq(now),
            fulfillments::updated_at.eq(now),
        ))
        .execute(tx)
        .await?;
    let rows: Vec<_> = sent
        .iter()
        .map(|(line_id, quantity)| {
            (
                fulfillment_lines::tenant_id.eq(tenant),
                fulfillment_lines::order_id.eq(order_id),
                fulfillment_lines::fulfillment_id.eq(id),
                fulfillment_lines::order_line_id.eq(line_id),
                fulfillment_lines::quantity.eq(quantity),
            )
        })
        .collect();
    diesel::insert_into(fulfillment_lines::table).values(rows).execute(tx).await?;
    for (line_id, quantity) in sent {
        diesel::update(order_lines::table)
            .filter(order_lines::tenant_id.eq(tenant))
            .filter(order_lines::order_id.eq(order_id))
            .filter(order_lines::id.eq(line_id))
            .set(order_lines::fulfilled.eq(order_lines::fulfilled + quantity))
            .execute(tx)
            .await?;
    }
    Ok(())
}
