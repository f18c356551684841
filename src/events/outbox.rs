//! Appending, and ringing the worker's bell: both part of the caller's transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join;

use super::model::{NewEvent, Work};
use crate::clock::Entropy;
use crate::db::schema::{events, outbox_ready};
use crate::db::{TenantConn, TenantTx, insert_rows};

/// Appends an event and asks the worker to publish it.
pub async fn append_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    event: &NewEvent,
) -> QueryResult<()> {
    append_all_in_tx(tx, now, entropy, std::slice::from_ref(event)).await
}

/// Appends several events, in this order, in one round trip.
pub async fn append_all_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    new: &[NewEvent],
) -> QueryResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let mut on_bell = tx.conn().clone();
    let append = insert_rows!(tx.tenant(), events, new, |event| {
        id: entropy.uuid_v7(now),
        topic: event.topic.as_db(),
        version: event.topic.version(),
        subject_id: event.subject_id,
        payload: event.payload.clone(),
        occurred_at: now,
    });
    try_join(append.execute(tx), insert_bell(&mut on_bell, Work::Events, now)).await?;
    tx.ring_after_commit(Work::Events.bit());
    Ok(())
}

/// Asks the worker to do this kind of work for the tenant when it is due. The worker looks about once a second;
/// for what is due already there is [`ring_now_in_tx`].
pub async fn ring_in_tx(tx: &mut TenantTx<'_>, work: Work, due_at: DateTime<Utc>) -> QueryResult<()> {
    insert_bell(tx.conn(), work, due_at).await
}

/// Asks the worker to do this kind of work for the tenant at once: it is woken, in whatever process it runs, when
/// the transaction has committed.
pub async fn ring_now_in_tx(tx: &mut TenantTx<'_>, work: Work, now: DateTime<Utc>) -> QueryResult<()> {
    insert_bell(tx.conn(), work, now).await?;
    tx.ring_after_commit(work.bit());
    Ok(())
}

async fn insert_bell(conn: &mut TenantConn<'_>, work: Work, due_at: DateTime<Utc>) -> QueryResult<()> {
    diesel::insert_into(outbox_ready::table)
        .values((
            outbox_ready::tenant_id.eq(conn.tenant()),
            outbox_ready::kind.eq(work.as_db()),
            outbox_ready::due_at.eq(due_at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
