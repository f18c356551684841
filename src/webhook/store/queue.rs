//! Deliveries as the worker's queue: filled by the relay, claimed with a lease, recorded under the claim.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::try_join;
use uuid::Uuid;

use super::topic_of;
use crate::clock::Entropy;
use crate::db::schema::{
    webhook_attempts as attempts, webhook_deliveries as deliveries, webhook_subscriptions as subscriptions,
};
use crate::db::{TenantConn, TenantTx};
use crate::events::Topic;
use crate::events::model::Appended;
use crate::webhook::model::{Attempt, Claimed, DeliveryStatus};
use crate::webhook::sign::SigningSecret;

/// Rows a statement: ten values each, far below the protocol's 65,535.
const ROWS: usize = 1000;

/// Queues an event for each subscription it is paired with, unless it is queued already.
pub async fn insert_deliveries(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    pairs: &[(Uuid, &Appended)],
) -> QueryResult<()> {
    for pairs in pairs.chunks(ROWS) {
        let rows: Vec<_> = pairs
            .iter()
            .map(|(subscription, event)| {
                (
                    deliveries::tenant_id.eq(tx.tenant()),
                    deliveries::id.eq(entropy.uuid_v7(now)),
                    deliveries::subscription_id.eq(subscription),
                    deliveries::event_id.eq(event.id),
                    deliveries::topic.eq(&event.topic),
                    deliveries::subject_id.eq(event.subject_id),
                    deliveries::occurred_at.eq(event.occurred_at),
                    deliveries::next_attempt_at.eq(now),
                    deliveries::created_at.eq(now),
                    deliveries::updated_at.eq(now),
                )
            })
            .collect();
        diesel::insert_into(deliveries::table).values(rows).on_conflict_do_nothing().execute(tx).await?;
    }
    Ok(())
}

/// An example for one subscription, instead of an event.
pub struct Test<'a> {
    pub id: Uuid,
    pub subscription_id: Uuid,
    /// Stands for the event, and for what it would be about.
    pub event_id: Uuid,
    pub topic: &'a str,
    pub body: &'a str,
}

/// Queues a test.
pub async fn insert_test(tx: &mut TenantTx<'_>, now: DateTime<Utc>, test: &Test<'_>) -> QueryResult<usize> {
    diesel::insert_into(deliveries::table)
        .values((
            deliveries::tenant_id.eq(tx.tenant()),
            deliveries::id.eq(test.id),
            deliveries::subscription_id.eq(test.subscription_id),
            deliveries::event_id.eq(test.event_id),
            deliveries::topic.eq(test.topic),
            deliveries::subject_id.eq(test.event_id),
            deliveries::occurred_at.eq(now),
            deliveries::next_attempt_at.eq(now),
            deliveries::body.eq(test.body),
            deliveries::is_test.eq(true),
            deliveries::created_at.eq(now),
            deliveries::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

/// How many of a subscription's deliveries are due, those included that someone is sending at the moment; at most
/// `enough`, so that a long backlog is not counted.
///
/// That a delivery is pending is said by its having a next attempt, in all statements of the queue: the same rows, and
/// the index of them can be proved to hold them.
pub async fn due(
    conn: &mut TenantConn<'_>,
    subscription_id: Uuid,
    now: DateTime<Utc>,
    enough: i64,
) -> QueryResult<usize> {
    let due: Vec<Uuid> = deliveries::table
        .filter(deliveries::tenant_id.eq(conn.tenant()))
        .filter(deliveries::subscription_id.eq(subscription_id))
        .filter(deliveries::next_attempt_at.le(now))
        .limit(enough)
        .select(deliveries::id)
        .load(conn)
        .await?;
    Ok(due.len())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries, check_for_backend(diesel::pg::Pg))]
struct DueRow {
    id: Uuid,
    event_id: Uuid,
    topic: String,
    subject_id: Uuid,
    occurred_at: DateTime<Utc>,
    attempts: i32,
    round_attempts: i32,
    body: Option<String>,
    is_test: bool,
}

/// Claims the delivery of a subscription that has been due longest, unless none is free or the subscription is
/// disabled. Topics that only a newer version knows are left to it.
pub async fn claim_one(
    tx: &mut TenantTx<'_>,
    subscription_id: Uuid,
    claim: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> QueryResult<Option<Claimed>> {
    let mut on_subscription = tx.conn().clone();
    let (to, due) = try_join!(endpoint_of(&mut on_subscription, subscription_id), next_due(tx, subscription_id, now))?;
    let (Some((uri, secret)), Some(due)) = (to, due) else { return Ok(None) };
    diesel::update(deliveries::table.filter(deliveries::tenant_id.eq(tx.tenant())).filter(deliveries::id.eq(due.id)))
        .set((deliveries::claimed_until.eq(until), deliveries::claim.eq(claim)))
        .execute(tx)
        .await?;
    Ok(Some(Claimed {
        id: due.id,
        claim,
        subscription_id,
        event_id: due.event_id,
        topic: topic_of(&due.topic)?,
        subject_id: due.subject_id,
        occurred_at: due.occurred_at,
        attempts: due.attempts,
        round_attempts: due.round_attempts,
        body: due.body,
        is_test: due.is_test,
        uri,
        secret: SigningSecret::from_db(secret),
    }))
}

/// Where a subscription leads, and its secret; none when it is deleted or disabled.
async fn endpoint_of(conn: &mut TenantConn<'_>, id: Uuid) -> QueryResult<Option<(String, String)>> {
    subscriptions::table
        .filter(subscriptions::tenant_id.eq(conn.tenant()))
        .filter(subscriptions::id.eq(id))
        .filter(subscriptions::disabled_at.is_null())
        .select((subscriptions::uri, subscriptions::secret))
        .first(conn)
        .await
        .optional()
}

async fn next_due(tx: &mut TenantTx<'_>, subscription_id: Uuid, now: DateTime<Utc>) -> QueryResult<Option<DueRow>> {
    deliveries::table
        .filter(deliveries::tenant_id.eq(tx.tenant()))
        .filter(deliveries::subscription_id.eq(subscription_id))
        .filter(deliveries::next_attempt_at.le(now))
        .filter(deliveries::topic.eq_any(Topic::ALL.map(Topic::as_db)))
        .filter(deliveries::claimed_until.is_null().or(deliveries::claimed_until.le(now)))
        .order((deliveries::next_attempt_at, deliveries::id))
        .select(DueRow::as_select())
        .for_update()
        .skip_locked()
        .first(tx)
        .await
        .optional()
}

/// Keeps the rendered body and holds the claim until then, if it still holds.
pub async fn keep_body(
    tx: &mut TenantTx<'_>,
    claimed: &Claimed,
    body: &str,
    until: DateTime<Utc>,
) -> QueryResult<bool> {
    let kept = diesel::update(
        deliveries::table
            .filter(deliveries::tenant_id.eq(tx.tenant()))
            .filter(deliveries::id.eq(claimed.id))
            .filter(deliveries::claim.eq(claimed.claim)),
    )
    .set((deliveries::body.eq(body), deliveries::claimed_until.eq(until)))
    .execute(tx)
    .await?;
    Ok(kept == 1)
}

/// Records how the attempt ended and what follows, if the claim still holds.
pub async fn record(
    tx: &mut TenantTx<'_>,
    claimed: &Claimed,
    attempt: &Attempt,
    status: DeliveryStatus,
    next_attempt_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let updated = diesel::update(
        deliveries::table
            .filter(deliveries::tenant_id.eq(tx.tenant()))
            .filter(deliveries::id.eq(claimed.id))
            .filter(deliveries::claim.eq(claimed.claim)),
    )
    .set((
        deliveries::status.eq(status.as_db()),
        deliveries::attempts.eq(attempt.number),
        deliveries::round_attempts.eq(claimed.round_attempts + 1),
        deliveries::next_attempt_at.eq(next_attempt_at),
        deliveries::claim.eq(None::<Uuid>),
        deliveries::claimed_until.eq(None::<DateTime<Utc>>),
        deliveries::updated_at.eq(now),
    ))
    .execute(tx)
    .await?;
    if updated == 0 {
        return Ok(false);
    }
    diesel::insert_into(attempts::table)
        .values((
            attempts::tenant_id.eq(tx.tenant()),
            attempts::delivery_id.eq(claimed.id),
            attempts::number.eq(attempt.number),
            attempts::status_code.eq(attempt.status_code),
            attempts::duration_ms.eq(attempt.duration_ms),
            attempts::response_excerpt.eq(&attempt.response_excerpt),
            attempts::error.eq(&attempt.error),
            attempts::attempted_at.eq(attempt.attempted_at),
        ))
        .execute(tx)
        .await?;
    Ok(true)
}
