//! Appending, and ringing the worker's bell: both part of the caller's transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::model::{NewEvent, Work};
use crate::clock::Entropy;
use crate::db::platform_tables::outbox_ready;
use crate::db::schema::events;
use crate::db::{TenantTx, insert_rows};
use crate::telemetry::trace;

/// Appends an event and asks the worker to publish it.
pub fn append_in_tx(tx: &mut TenantTx<'_>, now: DateTime<Utc>, entropy: &Entropy, event: &NewEvent) -> QueryResult<()> {
    append_all_in_tx(tx, now, entropy, std::slice::from_ref(event))
}

/// Appends several events, in this order.
pub fn append_all_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    new: &[NewEvent],
) -> QueryResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let append = insert_rows!(tx.tenant(), events, new, |event| {
        id: entropy.uuid_v7(now),
        topic: event.topic.as_db(),
        version: event.topic.version(),
        subject_id: event.subject_id,
        payload: traced(event),
        occurred_at: now,
    });
    tx.send(append)?;
    ring_in_tx(tx, Work::Events, now)?;
    tx.ring_after_commit(Work::Events.bit());
    Ok(())
}

/// The payload, with the trace in which the event happened: what is done about it later is part of that trace.
fn traced(event: &NewEvent) -> serde_json::Value {
    let mut payload = event.payload.clone();
    if let (Some(traceparent), Some(members)) = (trace::traceparent(), payload.as_object_mut()) {
        members.insert(trace::TRACEPARENT.to_owned(), traceparent.into());
    }
    payload
}

/// Asks the worker to do this kind of work for the tenant when it is due. The worker looks about once a second;
/// for what is due already there is [`ring_now_in_tx`].
pub fn ring_in_tx(tx: &mut TenantTx<'_>, work: Work, due_at: DateTime<Utc>) -> QueryResult<()> {
    let insert = diesel::insert_into(outbox_ready::table).values((
        outbox_ready::tenant_id.eq(tx.tenant()),
        outbox_ready::kind.eq(work.as_db()),
        outbox_ready::due_at.eq(due_at),
    ));
    tx.send(insert)
}

/// Asks the worker to do this kind of work for the tenant at once: it is woken, in whatever process it runs, when
/// the transaction has committed.
pub fn ring_now_in_tx(tx: &mut TenantTx<'_>, work: Work, now: DateTime<Utc>) -> QueryResult<()> {
    ring_in_tx(tx, work, now)?;
    tx.ring_after_commit(work.bit());
    Ok(())
}
