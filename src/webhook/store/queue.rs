//! Deliveries as the worker's queue: filled by the relay, claimed with a lease, recorded under the claim.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
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

/// Forgets a few of the deliveries queued before `cutoff`.
pub async fn forget(tx: &mut TenantTx<'_>, cutoff: DateTime<Utc>, few: i64) -> QueryResult<()> {
    let old: Vec<Uuid> = deliveries::table
        .filter(deliveries::tenant_id.eq(tx.tenant()))
        .filter(deliveries::created_at.lt(cutoff))
        .order((deliveries::created_at, deliveries::id))
        .limit(few)
        .select(deliveries::id)
        .load(tx)
        .await?;
    if !old.is_empty() {
        diesel::delete(
            deliveries::table.filter(deliveries::tenant_id.eq(tx.tenant())).filter(deliveries::id.eq_any(old)),
        )
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// How many deliveries are due for each subscription, those included that someone is sending at the moment.
///
/// That a delivery is pending is said by its having a next attempt, in all statements of the queue: the same rows, and
/// the index of them can be proved to hold them.
pub async fn due_by_subscription(conn: &mut TenantConn<'_>, now: DateTime<Utc>) -> QueryResult<Vec<(Uuid, i64)>> {
    deliveries::table
        .filter(deliveries::tenant_id.eq(conn.tenant()))
        .filter(deliveries::next_attempt_at.le(now))
        .group_by(deliveries::subscription_id)
        .select((deliveries::subscription_id, diesel::dsl::count_star()))
        .load(conn)
        .await
}

type DueRow = (Uuid, Uuid, String, Uuid, DateTime<Utc>, i32, i32, Option<String>);

/// Claims the delivery of a subscription that has been due longest, unless none is free. Topics that only a newer
/// version knows are left to it.
pub async fn claim_one(
    tx: &mut TenantTx<'_>,
    subscription_id: Uuid,
    claim: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> QueryResult<Option<Claimed>> {
    let row: Option<DueRow> = deliveries::table
        .filter(deliveries::tenant_id.eq(tx.tenant()))
        .filter(deliveries::subscription_id.eq(subscription_id))
        .filter(deliveries::next_attempt_at.le(now))
        .filter(deliveries::topic.eq_any(Topic::ALL.map(Topic::as_db)))
        .filter(deliveries::claimed_until.is_null().or(deliveries::claimed_until.le(now)))
        .order((deliveries::next_attempt_at, deliveries::id))
        .select((
            deliveries::id,
            deliveries::event_id,
            deliveries::topic,
            deliveries::subject_id,
            deliveries::occurred_at,
            deliveries::attempts,
            deliveries::round_attempts,
            deliveries::body,
        ))
        .for_update()
        .skip_locked()
        .first(tx)
        .await
        .optional()?;
    let Some((id, event_id, topic, subject_id, occurred_at, attempts, round_attempts, body)) = row else {
        return Ok(None);
    };
    diesel::update(deliveries::table.filter(deliveries::tenant_id.eq(tx.tenant())).filter(deliveries::id.eq(id)))
        .set((deliveries::claimed_until.eq(until), deliveries::claim.eq(claim)))
        .execute(tx)
        .await?;
    // Deleted a moment ago: its deliveries go with it.
    let Some((uri, secret)) = subscriptions::table
        .filter(subscriptions::tenant_id.eq(tx.tenant()))
        .filter(subscriptions::id.eq(subscription_id))
        .select((subscriptions::uri, subscriptions::secret))
        .first::<(String, String)>(tx)
        .await
        .optional()?
    else {
        return Ok(None);
    };
    Ok(Some(Claimed {
        id,
        claim,
        subscription_id,
        event_id,
        topic: topic_of(&topic)?,
        subject_id,
        occurred_at,
        attempts,
        round_attempts,
        body,
        uri,
        secret: SigningSecret::from_db(secret),
    }))
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
