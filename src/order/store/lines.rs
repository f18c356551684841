//! Order lines as rows.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::TenantConn;
use crate::db::schema::order_lines;
use crate::order::model::OrderLine;

#[derive(Queryable, Selectable)]
#[diesel(table_name = order_lines, check_for_backend(diesel::pg::Pg))]
struct LineRow {
    id: Uuid,
    order_id: Uuid,
    position: i32,
    product_id: Uuid,
    variant_id: Uuid,
    title: String,
    variant_title: String,
    sku: Option<String>,
    options: serde_json::Value,
    attributes: serde_json::Value,
    unit_price_minor: i64,
    quantity: i32,
    line_total_minor: i64,
    requires_shipping: bool,
    stock: serde_json::Value,
    fulfilled: i32,
}

impl From<LineRow> for OrderLine {
    fn from(row: LineRow) -> Self {
        Self {
            id: row.id,
            order_id: row.order_id,
            position: row.position,
            product_id: row.product_id,
            variant_id: row.variant_id,
            title: row.title,
            variant_title: row.variant_title,
            sku: row.sku,
            options: serde_json::from_value(row.options).unwrap_or_default(),
            attributes: serde_json::from_value(row.attributes).unwrap_or_default(),
            unit_price_minor: row.unit_price_minor,
            quantity: row.quantity,
            line_total_minor: row.line_total_minor,
            requires_shipping: row.requires_shipping,
            stock: serde_json::from_value(row.stock).unwrap_or_default(),
            fulfilled: row.fulfilled,
        }
    }
}

/// The lines with these ids, whatever their orders.
pub async fn lines_by_id(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<OrderLine>> {
    let rows: Vec<LineRow> = order_lines::table
        .filter(order_lines::tenant_id.eq(conn.tenant()))
        .filter(order_lines::id.eq_any(ids))
        .select(LineRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(OrderLine::from).collect())
}

/// The lines of these orders, by order and position.
pub async fn lines_of_orders(conn: &mut TenantConn<'_>, order_ids: &[Uuid]) -> QueryResult<Vec<OrderLine>> {
    let rows: Vec<LineRow> = order_lines::table
        .filter(order_lines::tenant_id.eq(conn.tenant()))
        .filter(order_lines::order_id.eq_any(order_ids))
        .order((order_lines::order_id, order_lines::position))
        .select(LineRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(OrderLine::from).collect())
}
