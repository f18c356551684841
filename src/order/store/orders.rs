//! Orders as rows.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::TenantConn;
use crate::db::schema::orders;
use crate::money::Currency;
use crate::order::model::{CancelReason, FinancialStatus, FulfillmentStatus, Order};

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
pub(super) struct OrderRow {
    id: Uuid,
    number: i32,
    customer_id: Option<Uuid>,
    email: Option<String>,
    phone: Option<String>,
    shipping_address: Option<serde_json::Value>,
    delivery_title: Option<String>,
    currency: String,
    subtotal_minor: i64,
    shipping_minor: i64,
    total_minor: i64,
    platform_fee_minor: Option<i64>,
    financial_status: String,
    fulfillment_status: String,
    gateway: String,
    note: Option<String>,
    attributes: serde_json::Value,
    cancelled_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<OrderRow> for Order {
    fn from(row: OrderRow) -> Self {
        Self {
            id: row.id,
            number: row.number,
            customer_id: row.customer_id,
            email: row.email,
            phone: row.phone,
            shipping_address: row.shipping_address.and_then(|json| serde_json::from_value(json).ok()),
            delivery_title: row.delivery_title,
            currency: Currency::from_code(&row.currency).unwrap_or(Currency::XXX),
            subtotal_minor: row.subtotal_minor,
            shipping_minor: row.shipping_minor,
            total_minor: row.total_minor,
            platform_fee_minor: row.platform_fee_minor,
            // The table's CHECKs admit nothing else.
            financial_status: FinancialStatus::from_db(&row.financial_status).unwrap_or(FinancialStatus::Pending),
            fulfillment_status: FulfillmentStatus::from_db(&row.fulfillment_status)
                .unwrap_or(FulfillmentStatus::Unfulfilled),
            gateway: row.gateway,
            note: row.note,
            attributes: serde_json::from_value(row.attributes).unwrap_or_default(),
            cancelled_at: row.cancelled_at,
            cancel_reason: row.cancel_reason.as_deref().and_then(CancelReason::from_db),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The orders with these ids.
pub async fn by_ids(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Order>> {
    let rows: Vec<OrderRow> = orders::table
        .filter(orders::tenant_id.eq(conn.tenant()))
        .filter(orders::id.eq_any(ids))
        .select(OrderRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Order::from).collect())
}

/// How many orders each of these customers has placed; who has none is left out.
pub async fn counts_of_customers(conn: &mut TenantConn<'_>, customers: &[Uuid]) -> QueryResult<Vec<(Uuid, i64)>> {
    let rows: Vec<(Option<Uuid>, i64)> = orders::table
        .filter(orders::tenant_id.eq(conn.tenant()))
        .filter(orders::customer_id.eq_any(customers))
        .group_by(orders::customer_id)
        .select((orders::customer_id, diesel::dsl::count_star()))
        .load(conn)
        .await?;
    Ok(rows.into_iter().filter_map(|(customer, count)| Some((customer?, count))).collect())
}

/// The order whose token has this SHA-256.
pub async fn by_token_hash(conn: &mut TenantConn<'_>, hash: &[u8; 32]) -> QueryResult<Option<Order>> {
    let row: Option<OrderRow> = orders::table
        .filter(orders::tenant_id.eq(conn.tenant()))
        .filter(orders::token_hash.eq(&hash[..]))
        .select(OrderRow::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(Order::from))
}
