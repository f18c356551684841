//! Appending, and ringing the worker's bell: both part of the caller's transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join;

use super::model::{NewEvent, Work};
use crate::clock::Entropy;
use crate::db::schema::{events, outbox_ready};
use crate::db::{TenantConn, TenantTx};

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
    let tenant = tx.tenant();
    let row = |event: &NewEvent| {
        (
            events::tenant_id.eq(tenant),
            events::id.eq(entropy.uuid_v7(now)),
            events::topic.eq(event.topic.as_db()),
            events::version.eq(event.topic.version()),
            events::subject_id.eq(event.subject_id),
            events::payload.eq(event.payload.clone()),
            events::occurred_at.eq(now),
        )
    };
    let mut bell = tx.conn().clone();
    let bell = insert_bell(&mut bell, Work::Events, now);
    match new {
        [] => return Ok(()),
        // Apart from the rest because a statement of a known shape is prepared once for all.
        [event] => drop(try_join(diesel::insert_into(events::table).values(row(event)).execute(tx), bell).await?),
        several => {
            let rows: Vec<_> = several.iter().map(row).collect();
            try_join(diesel::insert_into(events::table).values(rows).execute(tx), bell).await?;
        }
    }
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
