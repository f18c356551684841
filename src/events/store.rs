//! The event log's statements: what the relay writes and subscribers read.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{Appended, Event, Stretch, Topic};
use crate::db::schema::{event_positions, events};
use crate::db::{TenantConn, TenantTx, planned};
use crate::telemetry::trace;

diesel::define_sql_function! {
    /// The place of an element in an array, from 1. (PostgreSQL answers an int4, which it widens in the sum.)
    fn array_position(ids: diesel::sql_types::Array<diesel::sql_types::Uuid>, id: diesel::sql_types::Uuid)
        -> diesel::sql_types::BigInt;
}

/// The position of the last published event; 0 before the first.
pub async fn last_position(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    let last: Option<i64> = event_positions::table
        .filter(event_positions::tenant_id.eq(conn.tenant()))
        .select(event_positions::last_position)
        .first(conn)
        .await
        .optional()?;
    Ok(last.unwrap_or_default())
}

type EventRow = (Uuid, Option<i64>, String, Uuid, DateTime<Utc>);

/// Published events after a position, in order.
pub async fn events_after(conn: &mut TenantConn<'_>, position: i64, limit: i64) -> QueryResult<Stretch> {
    let rows: Vec<EventRow> = events::table
        .filter(events::tenant_id.eq(conn.tenant()))
        .filter(events::position.gt(position))
        .order(events::position)
        .limit(limit)
        .select((events::id, events::position, events::topic, events::subject_id, events::occurred_at))
        .load(conn)
        .await?;
    let mut stretch = Stretch::default();
    for (id, position, topic, subject_id, occurred_at) in rows {
        // Compared above: there is one.
        let position = position.unwrap_or_default();
        stretch.span = Some((stretch.span.map_or(position, |span| span.0), position));
        if let Some(topic) = Topic::from_db(&topic) {
            stretch.events.push(Event { id, position, topic, subject_id, occurred_at });
        }
    }
    Ok(stretch)
}

/// Where an event stands and since when; none when it is unknown or not yet published.
pub async fn place_of(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<(i64, DateTime<Utc>)>> {
    let row: Option<(Option<i64>, Option<DateTime<Utc>>)> = events::table
        .filter(events::tenant_id.eq(conn.tenant()))
        .filter(events::id.eq(id))
        .select((events::position, events::published_at))
        .first(conn)
        .await
        .optional()?;
    Ok(row.and_then(|(position, published_at)| Some((position?, published_at?))))
}

/// In which trace an event happened, where one was recorded.
pub async fn traceparent(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<String>> {
    let payload: Option<serde_json::Value> = events::table
        .filter(events::tenant_id.eq(conn.tenant()))
        .filter(events::id.eq(id))
        .select(events::payload)
        .first(conn)
        .await
        .optional()?;
    Ok(payload.and_then(|payload| Some(payload.get(trace::TRACEPARENT)?.as_str()?.to_owned())))
}

/// The last position, locked: until the end of the transaction nobody else publishes for this tenant. None: somebody
/// else does at the moment, and is not waited for.
pub async fn position_lock(tx: &mut TenantTx<'_>) -> QueryResult<Option<i64>> {
    let own = event_positions::table.filter(event_positions::tenant_id.eq(tx.tenant()));
    let position = own.select(event_positions::last_position);
    let locked = position.for_update().skip_locked().first(tx).await.optional()?;
    if locked.is_some() || diesel::select(diesel::dsl::exists(own)).get_result(tx).await? {
        return Ok(locked);
    }
    let inserted = diesel::insert_into(event_positions::table)
        .values(event_positions::tenant_id.eq(tx.tenant()))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?;
    Ok((inserted == 1).then_some(0))
}

/// The oldest events without a position, in the order in which they were written.
pub async fn unpublished(conn: &mut TenantConn<'_>, limit: i64) -> QueryResult<Vec<Appended>> {
    type Row = (Uuid, String, Uuid, DateTime<Utc>);
    let rows: Vec<Row> = events::table
        .filter(events::tenant_id.eq(conn.tenant()))
        .filter(events::position.is_null())
        .order(events::sequence)
        .limit(limit)
        .select((events::id, events::topic, events::subject_id, events::occurred_at))
        .load(conn)
        .await?;
    let appended = |(id, topic, subject_id, occurred_at): Row| Appended { id, topic, subject_id, occurred_at };
    Ok(rows.into_iter().map(appended).collect())
}

/// Which of these topics of these subjects wait for their position.
pub async fn waiting(
    conn: &mut TenantConn<'_>,
    topics: &[Topic],
    subjects: &[Uuid],
) -> QueryResult<Vec<(Uuid, Topic)>> {
    let names: Vec<&str> = topics.iter().map(|topic| topic.as_db()).collect();
    let rows: Vec<(Uuid, String)> = events::table
        .filter(events::tenant_id.eq(conn.tenant()))
        .filter(events::position.is_null())
        .filter(events::subject_id.eq_any(subjects))
        .filter(events::topic.eq_any(names))
        .select((events::subject_id, events::topic))
        .load(conn)
        .await?;
    Ok(rows.into_iter().filter_map(|(subject, topic)| Some((subject, Topic::from_db(&topic)?))).collect())
}

/// Gives these events, in this order, the positions after `last`. The caller holds the lock.
pub fn publish(tx: &mut TenantTx<'_>, last: i64, ids: &[Uuid], now: DateTime<Utc>) -> QueryResult<i64> {
    let reached = last + i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let events = diesel::update(events::table.filter(events::tenant_id.eq(tx.tenant())).filter(events::id.eq_any(ids)))
        .set((events::position.eq((array_position(ids, events::id) + last).nullable()), events::published_at.eq(now)));
    let positions = diesel::update(event_positions::table.filter(event_positions::tenant_id.eq(tx.tenant())))
        .set(event_positions::last_position.eq(reached));
    tx.send(planned(events))?;
    tx.send(planned(positions))?;
    Ok(reached)
}

/// Forgets a few of the oldest events, as long as they were published before `cutoff`; answers whether there may be
/// more. Always the beginning of the log, so that what is left has no gaps: a subscriber would take one for a loss.
/// Nothing that waits to be published has a position, so it is not among them.
pub async fn forget(tx: &mut TenantTx<'_>, cutoff: DateTime<Utc>, few: i64) -> QueryResult<bool> {
    let oldest: Vec<(Uuid, Option<DateTime<Utc>>)> = events::table
        .filter(events::tenant_id.eq(tx.tenant()))
        .filter(events::position.is_not_null())
        .order(events::position)
        .limit(few)
        .select((events::id, events::published_at))
        .load(tx)
        .await?;
    let old = oldest.into_iter().take_while(|(_, published_at)| published_at.is_some_and(|at| at < cutoff));
    let old: Vec<Uuid> = old.map(|(id, _)| id).collect();
    if old.is_empty() {
        return Ok(false);
    }
    let deleted =
        diesel::delete(events::table.filter(events::tenant_id.eq(tx.tenant())).filter(events::id.eq_any(old)))
            .execute(tx)
            .await?;
    Ok(i64::try_from(deleted).is_ok_and(|deleted| deleted >= few))
}
