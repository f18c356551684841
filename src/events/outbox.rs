//! Appending, and ringing the worker's bell: both part of the caller's transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{NewEvent, Work};
use crate::clock::Entropy;
use crate::db::TenantTx;
use crate::db::schema::{events, outbox_ready};

/// Appends an event and asks the worker to publish it.
pub async fn append_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    event: &NewEvent,
) -> QueryResult<()> {
    append_all_in_tx(tx, now, entropy, std::slice::from_ref(event)).await
}

/// Appends several events, in this order.
pub async fn append_all_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    new: &[NewEvent],
) -> QueryResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = new
        .iter()
        .map(|event| {
            (
                events::tenant_id.eq(tx.tenant()),
                events::id.eq(entropy.uuid_v7(now)),
                events::topic.eq(event.topic.as_db()),
                events::version.eq(event.topic.version()),
                events::subject_id.eq(event.subject_id),
                events::payload.eq(&event.payload),
                events::occurred_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(events::table).values(rows).execute(tx).await?;
    ring_in_tx(tx, Work::Events, now).await
}

/// Asks the worker to do this kind of work for the tenant, not before `due_at`. A bell that is due now is heard
/// as soon as the transaction has committed, in whatever process the worker runs.
pub async fn ring_in_tx(tx: &mut TenantTx<'_>, work: Work, due_at: DateTime<Utc>) -> QueryResult<()> {
    diesel::insert_into(outbox_ready::table)
        .values((
            outbox_ready::tenant_id.eq(tx.tenant()),
            outbox_ready::kind.eq(work.as_db()),
            outbox_ready::due_at.eq(due_at),
        ))
        .execute(tx)
        .await?;
    tx.ring_after_commit();
    Ok(())
}
