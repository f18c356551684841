//! Orders as the books see them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::schema::orders;
use crate::db::{QueryError, TenantConn};
use crate::money::Currency;
use crate::order::model::Billed;

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    currency: String,
    platform_fee_minor: Option<i64>,
    created_at: DateTime<Utc>,
    cancelled_at: Option<DateTime<Utc>>,
}

impl Row {
    /// None: it is not in the books.
    fn read(self) -> Option<QueryResult<Billed>> {
        let fee_minor = self.platform_fee_minor?;
        let Self { id: order_id, created_at, cancelled_at, .. } = self;
        let Some(currency) = Currency::from_code(&self.currency) else {
            return Some(Err(QueryError::DeserializationError(format!("a currency: {}", self.currency).into())));
        };
        Some(Ok(Billed { order_id, currency, fee_minor, created_at, cancelled_at }))
    }
}

/// Those of these orders that are in the books.
pub async fn billed(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Billed>> {
    let rows: Vec<Row> = orders::table
        .filter(orders::tenant_id.eq(conn.tenant()))
        .filter(orders::id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().filter_map(Row::read).collect()
}

/// The orders that are in the books, by their ids.
pub async fn billed_page(conn: &mut TenantConn<'_>, after: Option<Uuid>, limit: i64) -> QueryResult<Vec<Billed>> {
    let rows: Vec<Row> = orders::table
        .filter(orders::tenant_id.eq(conn.tenant()))
        .filter(orders::platform_fee_minor.is_not_null())
        .filter(orders::id.gt(after.unwrap_or_default()))
        .order(orders::id)
        .limit(limit)
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().filter_map(Row::read).collect()
}
