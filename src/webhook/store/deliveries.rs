//! Deliveries and attempts, as the merchant looks at them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{topic_of, unreadable};
use crate::db::schema::{webhook_attempts as attempts, webhook_deliveries as deliveries};
use crate::db::{TenantConn, TenantTx};
use crate::page::PageQuery;
use crate::webhook::model::{Attempt, Delivery, DeliveryStatus};

diesel::define_sql_function! {
    /// How long a text is in bytes: known without reading it.
    fn octet_length(text: diesel::sql_types::Nullable<diesel::sql_types::Text>)
        -> diesel::sql_types::Nullable<diesel::sql_types::Integer>;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries, check_for_backend(diesel::pg::Pg))]
struct DeliveryRow {
    id: Uuid,
    subscription_id: Uuid,
    event_id: Uuid,
    topic: String,
    status: String,
    attempts: i32,
    next_attempt_at: Option<DateTime<Utc>>,
    #[diesel(select_expression = octet_length(deliveries::body))]
    body_bytes: Option<i32>,
    is_test: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl DeliveryRow {
    fn read(self) -> QueryResult<Delivery> {
        let status = DeliveryStatus::from_db(&self.status).ok_or_else(|| unreadable("status", &self.status))?;
        Ok(Delivery {
            id: self.id,
            subscription_id: self.subscription_id,
            event_id: self.event_id,
            topic: topic_of(&self.topic)?,
            status,
            attempts: self.attempts,
            next_attempt_at: self.next_attempt_at,
            body_bytes: self.body_bytes,
            is_test: self.is_test,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// A page of deliveries by id, which is the order in which they were queued.
pub async fn deliveries_page(
    conn: &mut TenantConn<'_>,
    subscription: Option<Uuid>,
    status: Option<DeliveryStatus>,
    page: &PageQuery,
) -> QueryResult<Vec<Delivery>> {
    let mut query = deliveries::table
        .filter(deliveries::tenant_id.eq(conn.tenant()))
        .select(DeliveryRow::as_select())
        .limit(page.limit)
        .into_boxed();
    if let Some(subscription) = subscription {
        query = query.filter(deliveries::subscription_id.eq(subscription));
    }
    if let Some(status) = status {
        query = query.filter(deliveries::status.eq(status.as_db()));
    }
    if let Some(after) = &page.after {
        query = if page.descending {
            query.filter(deliveries::id.lt(after.id))
        } else {
            query.filter(deliveries::id.gt(after.id))
        };
    }
    if let Some(before) = &page.before {
        query = if page.descending {
            query.filter(deliveries::id.gt(before.id))
        } else {
            query.filter(deliveries::id.lt(before.id))
        };
    }
    query = if page.descending { query.order(deliveries::id.desc()) } else { query.order(deliveries::id) };
    query.load(conn).await?.into_iter().map(DeliveryRow::read).collect()
}

/// The deliveries with these ids, in the order in which they were queued.
pub async fn deliveries_by_id(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Delivery>> {
    let rows: Vec<DeliveryRow> = deliveries::table
        .filter(deliveries::tenant_id.eq(conn.tenant()))
        .filter(deliveries::id.eq_any(ids))
        .order(deliveries::id)
        .select(DeliveryRow::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(DeliveryRow::read).collect()
}

pub async fn delivery_by_id(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<Delivery>> {
    let row = deliveries::table
        .filter(deliveries::tenant_id.eq(conn.tenant()))
        .filter(deliveries::id.eq(id))
        .select(DeliveryRow::as_select())
        .first(conn)
        .await
        .optional()?;
    row.map(DeliveryRow::read).transpose()
}

/// What was sent with these deliveries, of those of which something was.
pub async fn bodies_of(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<(Uuid, String)>> {
    deliveries::table
        .filter(deliveries::tenant_id.eq(conn.tenant()))
        .filter(deliveries::id.eq_any(ids))
        .filter(deliveries::body.is_not_null())
        .select((deliveries::id, deliveries::body.assume_not_null()))
        .load(conn)
        .await
}

/// A delivery's status and number of attempts, locked.
pub async fn delivery_lock(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<(DeliveryStatus, i32)>> {
    let row: Option<(String, i32)> = deliveries::table
        .filter(deliveries::tenant_id.eq(tx.tenant()))
        .filter(deliveries::id.eq(id))
        .select((deliveries::status, deliveries::attempts))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    row.map(|(status, attempts)| {
        let status = DeliveryStatus::from_db(&status).ok_or_else(|| unreadable("status", &status))?;
        Ok((status, attempts))
    })
    .transpose()
}

/// Puts a delivery back to the start of its schedule. Its body and its past attempts stay.
pub async fn resend(tx: &mut TenantTx<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(deliveries::table.filter(deliveries::tenant_id.eq(tx.tenant())).filter(deliveries::id.eq(id)))
        .set((
            deliveries::status.eq(DeliveryStatus::Pending.as_db()),
            deliveries::round_attempts.eq(0),
            deliveries::next_attempt_at.eq(now),
            deliveries::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

type AttemptRow = (Uuid, i32, Option<i16>, i32, Option<String>, Option<String>, DateTime<Utc>);

/// The attempts of these deliveries, by delivery and number.
pub async fn attempts_of(conn: &mut TenantConn<'_>, delivery_ids: &[Uuid]) -> QueryResult<Vec<(Uuid, Attempt)>> {
    let rows: Vec<AttemptRow> = attempts::table
        .filter(attempts::tenant_id.eq(conn.tenant()))
        .filter(attempts::delivery_id.eq_any(delivery_ids))
        .order((attempts::delivery_id, attempts::number))
        .select((
            attempts::delivery_id,
            attempts::number,
            attempts::status_code,
            attempts::duration_ms,
            attempts::response_excerpt,
            attempts::error,
            attempts::attempted_at,
        ))
        .load(conn)
        .await?;
    let attempt = |(delivery, number, status_code, duration_ms, response_excerpt, error, attempted_at)| {
        (delivery, Attempt { number, status_code, duration_ms, response_excerpt, error, attempted_at })
    };
    Ok(rows.into_iter().map(attempt).collect())
}
