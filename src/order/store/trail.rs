//! What happened to orders: history and fulfillments.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::TenantConn;
use crate::db::schema::{fulfillment_lines, fulfillments, order_status_history as history};
use crate::order::model::{Fulfillment, HistoryEntry, HistoryKind, Tracking};

#[derive(Queryable, Selectable)]
#[diesel(table_name = history, check_for_backend(diesel::pg::Pg))]
struct HistoryRow {
    id: Uuid,
    order_id: Uuid,
    kind: String,
    message: String,
    actor: String,
    created_at: DateTime<Utc>,
}

/// The history of these orders, by order and time.
pub async fn history_of_orders(conn: &mut TenantConn<'_>, order_ids: &[Uuid]) -> QueryResult<Vec<HistoryEntry>> {
    let rows: Vec<HistoryRow> = history::table
        .filter(history::tenant_id.eq(conn.tenant()))
        .filter(history::order_id.eq_any(order_ids))
        .order((history::order_id, history::created_at, history::id))
        .select(HistoryRow::as_select())
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| HistoryEntry {
            id: row.id,
            order_id: row.order_id,
            kind: HistoryKind::from_db(&row.kind).unwrap_or(HistoryKind::Updated),
            message: row.message,
            actor: row.actor,
            created_at: row.created_at,
        })
        .collect())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = fulfillments, check_for_backend(diesel::pg::Pg))]
struct FulfillmentRow {
    id: Uuid,
    order_id: Uuid,
    tracking_company: Option<String>,
    tracking_number: Option<String>,
    tracking_url: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The fulfillments of these orders with their lines, by order and time.
pub async fn fulfillments_of_orders(conn: &mut TenantConn<'_>, order_ids: &[Uuid]) -> QueryResult<Vec<Fulfillment>> {
    let rows: Vec<(FulfillmentRow, Uuid, i32)> = fulfillments::table
        .inner_join(
            fulfillment_lines::table.on(fulfillment_lines::tenant_id
                .eq(fulfillments::tenant_id)
                .and(fulfillment_lines::order_id.eq(fulfillments::order_id))
                .and(fulfillment_lines::fulfillment_id.eq(fulfillments::id))),
        )
        .filter(fulfillments::tenant_id.eq(conn.tenant()))
        .filter(fulfillments::order_id.eq_any(order_ids))
        .order((fulfillments::order_id, fulfillments::created_at, fulfillments::id, fulfillment_lines::order_line_id))
        .select((FulfillmentRow::as_select(), fulfillment_lines::order_line_id, fulfillment_lines::quantity))
        .load(conn)
        .await?;
    let mut found: Vec<Fulfillment> = Vec::new();
    for (row, line_id, quantity) in rows {
        match found.last_mut() {
            Some(last) if last.id == row.id => last.lines.push((line_id, quantity)),
            _ => found.push(Fulfillment {
                id: row.id,
                order_id: row.order_id,
                tracking: Tracking {
                    company: row.tracking_company,
                    number: row.tracking_number,
                    url: row.tracking_url,
                },
                created_at: row.created_at,
                updated_at: row.updated_at,
                lines: vec![(line_id, quantity)],
            }),
        }
    }
    Ok(found)
}
