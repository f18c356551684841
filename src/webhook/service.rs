//! What merchants do with subscriptions and deliveries, and what the worker does to deliveries.

use crate::db::QueryResult;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::body;
use super::health::{Verdict, given_up};
use super::model::{
    Attempt, Claimed, Delivery, DeliveryStatus, MAX_SUBSCRIPTIONS, Subscription, TEST_EVERY, endpoint, wait,
};
pub use super::rule::WebhookRule;
use super::sign::SigningSecret;
use super::store;
use crate::app::App;
use crate::clock::Entropy;
use crate::db::{TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::events::model::Appended;
use crate::events::{Topic, Work, ring_in_tx, ring_now_in_tx};
use crate::plan::model::Resource;
use crate::plan::service::hold_in_tx;

/// Over all rounds of a delivery.
const MAX_ATTEMPTS: i32 = 100;
/// While something is due it is looked for again after this, for what a worker leaves behind by dying. What it had not
/// begun is taken up then; what it had claimed, when the claim has run out.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(10);
/// Bells for that are set for multiples of this.
const GRID: TimeDelta = TimeDelta::seconds(5);

/// Makes a subscription; answers it with its secret, which is never shown again.
pub async fn subscription_create(
    app: &App,
    db: &TenantDb,
    topic: Topic,
    uri: String,
) -> ServiceResult<(Subscription, SigningSecret), WebhookRule> {
    let uri = checked(app, &uri)?;
    let now = app.clock.now();
    let secret = SigningSecret::generate(&app.entropy);
    let new = Subscription {
        id: app.entropy.uuid_v7(now),
        topic,
        uri,
        failing_since: None,
        disabled_at: None,
        disabled_reason: None,
        created_at: now,
        updated_at: now,
    };
    db.write(async |tx| {
        let mut room = hold_in_tx(tx, Resource::WebhookSubscriptions, now)?;
        if store::count(tx.conn()).await? >= MAX_SUBSCRIPTIONS {
            return Err(ServiceError::Rule(WebhookRule::TooMany));
        }
        room.check::<WebhookRule>(tx.conn()).await?;
        store::insert(tx, &new, &secret).await?;
        Ok(())
    })
    .await?;
    Ok((new, secret))
}

/// How many subscriptions there are, those that are disabled too.
pub async fn subscriptions_count(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    store::count(conn).await
}

/// Leads a subscription elsewhere, deliveries that are queued included. One that was disabled is enabled: what has
/// waited for it is sent, by this process at once: that the other address did not answer says nothing of this one.
pub async fn subscription_update(
    app: &App,
    db: &TenantDb,
    id: Uuid,
    uri: String,
) -> ServiceResult<Subscription, WebhookRule> {
    let uri = checked(app, &uri)?;
    let now = app.clock.now();
    db.write(async |tx| {
        let updated = store::update(tx, id, &uri, now).await?;
        let updated = updated.ok_or(ServiceError::Rule(WebhookRule::SubscriptionNotFound))?;
        // Before the commit, with which whoever sends is woken.
        app.endpoints.close(&id);
        ring_now_in_tx(tx, Work::Deliveries, now)?;
        Ok(updated)
    })
    .await
}

/// Deletes a subscription with everything queued for it.
pub async fn subscription_delete(db: &TenantDb, id: Uuid) -> ServiceResult<(), WebhookRule> {
    db.write(async |tx| {
        if store::delete(tx, id).await? { Ok(()) } else { Err(ServiceError::Rule(WebhookRule::SubscriptionNotFound)) }
    })
    .await
}

/// Sends the topic's example to one subscription, once and signed as everything is. At most every [`TEST_EVERY`].
pub async fn subscription_test(app: &App, db: &TenantDb, id: Uuid) -> ServiceResult<Delivery, WebhookRule> {
    let now = app.clock.now();
    let (test_id, event_id) = (app.entropy.uuid_v7(now), app.entropy.uuid_v7(now));
    db.write(async |tx| {
        let refuse = |rule| Err(ServiceError::Rule(rule));
        let Some(found) = store::testable_lock(tx, id).await? else { return refuse(WebhookRule::SubscriptionNotFound) };
        if found.is_disabled {
            return refuse(WebhookRule::Disabled);
        }
        if found.tested_at.is_some_and(|at| now - at < TEST_EVERY) {
            return refuse(WebhookRule::TestedTooOften);
        }
        let body = body::test(store::topic_of(&found.topic)?, now);
        let body = body.map_err(|error| Fault::internal(format!("the example of {}: {error}", found.topic)))?;
        store::note_test(tx, id, now)?;
        let test = store::Test { id: test_id, subscription_id: id, event_id, topic: &found.topic, body: &body };
        store::insert_test(tx, now, &test).await?;
        ring_now_in_tx(tx, Work::Deliveries, now)?;
        store::delivery_by_id(tx.conn(), test_id).await?.ok_or(ServiceError::Rule(WebhookRule::DeliveryNotFound))
    })
    .await
}

/// Sends an exhausted delivery again, with the whole schedule of retries before it.
pub async fn delivery_retry(app: &App, db: &TenantDb, id: Uuid) -> ServiceResult<Delivery, WebhookRule> {
    let now = app.clock.now();
    db.write(async |tx| {
        match store::delivery_lock(tx, id).await? {
            None => return Err(ServiceError::Rule(WebhookRule::DeliveryNotFound)),
            Some((DeliveryStatus::Exhausted, attempts)) if attempts < MAX_ATTEMPTS => {}
            Some((DeliveryStatus::Exhausted, _)) => return Err(ServiceError::Rule(WebhookRule::ResentTooOften)),
            Some(_) => return Err(ServiceError::Rule(WebhookRule::NotExhausted)),
        }
        store::resend(tx, id, now).await?;
        ring_now_in_tx(tx, Work::Deliveries, now)?;
        let delivery = store::delivery_by_id(tx.conn(), id).await?;
        let delivery = delivery.ok_or(ServiceError::Rule(WebhookRule::DeliveryNotFound))?;
        match store::is_disabled(tx.conn(), delivery.subscription_id).await? {
            Some(false) => Ok(delivery),
            Some(true) => Err(ServiceError::Rule(WebhookRule::Disabled)),
            None => Err(ServiceError::Rule(WebhookRule::DeliveryNotFound)),
        }
    })
    .await
}

/// The address as it was understood: without blanks around it, host in lower case.
fn checked(app: &App, uri: &str) -> ServiceResult<String, WebhookRule> {
    match endpoint(uri, app.config.webhook.allow_private) {
        Ok(url) => Ok(url.into()),
        Err(bad) => Err(ServiceError::Rule(WebhookRule::BadUri(bad))),
    }
}

/// Queues events that are being published for whoever subscribed to them, and for disabled subscriptions too: it waits
/// there. Part of the publishing transaction.
pub async fn queue_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    events: &[Appended],
) -> QueryResult<()> {
    let mut topics: Vec<&str> = events.iter().map(|event| event.topic.as_str()).collect();
    topics.sort_unstable();
    topics.dedup();
    let subscriptions = store::by_topics_lock(tx, &topics).await?;
    if subscriptions.is_empty() {
        return Ok(());
    }
    let pairs: Vec<(Uuid, &Appended)> = events
        .iter()
        .flat_map(|event| {
            let subscribed = subscriptions.iter().filter(|(_, topic)| *topic == event.topic);
            subscribed.map(move |(subscription, _)| (*subscription, event))
        })
        .collect();
    store::insert_deliveries(tx, now, entropy, &pairs).await?;
    ring_now_in_tx(tx, Work::Deliveries, now)
}

/// The enabled subscriptions that have something due, and how many deliveries, `enough` at most. While there are any,
/// a bell is set for a little later, so that what a worker leaves behind by dying is found: on a grid of time, so that
/// the bells of one backlog come together and are taken down as one.
pub async fn due(db: &TenantDb, now: DateTime<Utc>, enough: usize) -> Result<Vec<(Uuid, usize)>, Fault> {
    let limit = i64::try_from(enough).unwrap_or(i64::MAX);
    db.write(async |tx| {
        let enabled = store::enabled(tx.conn()).await?;
        let counts: Vec<_> = enabled.into_iter().map(|id| due_of(tx.conn().clone(), id, now, limit)).collect();
        let mut due = try_join_all(counts).await?;
        due.retain(|(_, count)| *count > 0);
        if !due.is_empty() {
            ring_in_tx(tx, Work::Deliveries, next_on_grid(now + LOOK_AGAIN))?;
        }
        Ok(due)
    })
    .await
}

async fn due_of(
    mut conn: TenantConn<'_>,
    subscription: Uuid,
    now: DateTime<Utc>,
    limit: i64,
) -> QueryResult<(Uuid, usize)> {
    Ok((subscription, store::due(&mut conn, subscription, now, limit).await?))
}

/// Forgets a few deliveries that ended before `cutoff`, or have waited since then for a subscription that is disabled
/// as long; answers whether there may be more.
pub async fn forget_in_tx(tx: &mut TenantTx<'_>, cutoff: DateTime<Utc>, few: i64) -> QueryResult<bool> {
    // Subscriptions are locked before deliveries: so does whoever deletes one.
    let held = store::forget_held(tx, cutoff, few).await?;
    let ended = store::forget_ended(tx, cutoff, few).await?;
    Ok(i64::try_from(ended.max(held)).is_ok_and(|most| most >= few))
}

/// The first moment of the grid after this one.
fn next_on_grid(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(GRID).map_or(time, |before| before + GRID)
}

/// Claims the next due delivery of a subscription until `lease` is over.
pub async fn claim(app: &App, db: &TenantDb, subscription: Uuid, lease: TimeDelta) -> Result<Option<Claimed>, Fault> {
    let now = app.clock.now();
    let claim = app.entropy.uuid_v7(now);
    db.write(async |tx| Ok(store::claim_one(tx, subscription, claim, now, now + lease).await?)).await
}

/// Keeps the body for all attempts, and the claim until `lease` is over from now on: to make the body may have taken
/// most of it. False when the claim was lost.
pub async fn keep_body(
    app: &App,
    db: &TenantDb,
    claimed: &Claimed,
    body: &str,
    lease: TimeDelta,
) -> Result<bool, Fault> {
    let until = app.clock.now() + lease;
    db.write(async |tx| Ok(store::keep_body(tx, claimed, body, until).await?)).await
}

/// Records an attempt, and what it says of the endpoint: taken, to be tried again, or exhausted. False when the claim
/// was lost, and with it the right to say how the delivery went; the endpoint has answered all the same.
pub async fn record(
    app: &App,
    db: &TenantDb,
    claimed: &Claimed,
    attempt: &Attempt,
    verdict: Verdict,
) -> Result<bool, Fault> {
    let now = app.clock.now();
    // A test is tried once: whoever waits for its result wants this one.
    let wait = match claimed.is_test {
        true => None,
        false => wait(&app.config.webhook.retry, claimed.round_attempts + 1, app.entropy.unit()),
    };
    let (status, next) = match wait {
        _ if verdict == Verdict::Taken => (DeliveryStatus::Succeeded, None),
        Some(wait) => (DeliveryStatus::Pending, Some(now + wait)),
        None => (DeliveryStatus::Exhausted, None),
    };
    db.write(async |tx| {
        // The subscription before the delivery: so does whoever deletes it.
        judge_in_tx(tx, claimed, attempt, verdict, now).await?;
        let recorded = store::record(tx, claimed, attempt, status, next, now).await?;
        if let (true, Some(next)) = (recorded, next) {
            ring_in_tx(tx, Work::Deliveries, next)?;
        }
        Ok(recorded)
    })
    .await
}

/// Notes what an attempt says of its endpoint, and disables the subscription when that is given up. Of one that was
/// under way when the merchant named another address, that says nothing.
async fn judge_in_tx(
    tx: &mut TenantTx<'_>,
    claimed: &Claimed,
    attempt: &Attempt,
    verdict: Verdict,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let (subscription, uri) = (claimed.subscription_id, claimed.uri.as_str());
    if verdict == Verdict::Taken {
        return store::note_taken(tx, subscription, uri);
    }
    let Some(given_up) = given_up(verdict, attempt.error.as_deref(), now) else { return Ok(()) };
    store::note_failed(tx, subscription, uri, now)?;
    if store::disable(tx, subscription, uri, &given_up, now).await? {
        let (tenant, reason) = (tx.tenant(), given_up.reason);
        tracing::info!(%tenant, %subscription, reason, "a webhook subscription was disabled");
    }
    Ok(())
}
