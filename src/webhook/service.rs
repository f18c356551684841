//! What merchants do with subscriptions and deliveries, and what the worker does to deliveries.

use crate::db::QueryResult;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use uuid::Uuid;

use super::model::{Attempt, Claimed, Delivery, DeliveryStatus, KEPT, MAX_SUBSCRIPTIONS, Subscription, endpoint, wait};
pub use super::rule::WebhookRule;
use super::sign::SigningSecret;
use super::store;
use crate::app::App;
use crate::clock::Entropy;
use crate::db::{TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::events::model::Appended;
use crate::events::{Topic, Work, ring_in_tx, ring_now_in_tx};

/// Over all rounds of a delivery.
const MAX_ATTEMPTS: i32 = 100;
/// Bells for what may be left behind are set for multiples of this.
const GRID: TimeDelta = TimeDelta::seconds(5);
/// Old deliveries forgotten with one publication.
const FORGOTTEN: i64 = 200;

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
    let new = Subscription { id: app.entropy.uuid_v7(now), topic, uri, created_at: now, updated_at: now };
    db.write(async |tx| {
        if store::count(tx.conn()).await? >= MAX_SUBSCRIPTIONS {
            return Err(ServiceError::Rule(WebhookRule::TooMany));
        }
        store::insert(tx, &new, &secret).await?;
        Ok(())
    })
    .await?;
    Ok((new, secret))
}

/// Leads a subscription elsewhere, deliveries that are queued included.
pub async fn subscription_update(
    app: &App,
    db: &TenantDb,
    id: Uuid,
    uri: String,
) -> ServiceResult<Subscription, WebhookRule> {
    let uri = checked(app, &uri)?;
    let now = app.clock.now();
    db.write(async |tx| {
        store::update_uri(tx, id, &uri, now).await?.ok_or(ServiceError::Rule(WebhookRule::SubscriptionNotFound))
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
        store::delivery_by_id(tx.conn(), id).await?.ok_or(ServiceError::Rule(WebhookRule::DeliveryNotFound))
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

/// Queues events that are being published for whoever subscribed to them. Part of the publishing transaction.
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
    store::forget(tx, now - KEPT, FORGOTTEN).await?;
    ring_now_in_tx(tx, Work::Deliveries, now)
}

/// How many deliveries are due, by subscription. While there are any, a bell is set for when every claim of today
/// has run out, so that what a worker leaves behind by dying is found: on a grid of time, so that the bells of one
/// backlog come together and are taken down as one.
pub async fn due(db: &TenantDb, now: DateTime<Utc>, lease: TimeDelta) -> Result<Vec<(Uuid, i64)>, Fault> {
    db.write(async |tx| {
        let due = store::due_by_subscription(tx.conn(), now).await?;
        if !due.is_empty() {
            let look_again = next_on_grid(now + lease);
            ring_in_tx(tx, Work::Deliveries, look_again)?;
        }
        Ok(due)
    })
    .await
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

/// Records an attempt: taken, to be tried again, or exhausted. False when the claim was lost, and with it the right
/// to say how it went.
pub async fn record(
    app: &App,
    db: &TenantDb,
    claimed: &Claimed,
    attempt: &Attempt,
    taken: bool,
) -> Result<bool, Fault> {
    let now = app.clock.now();
    let wait = wait(&app.config.webhook.retry, claimed.round_attempts + 1, app.entropy.unit());
    let (status, next) = match wait {
        _ if taken => (DeliveryStatus::Succeeded, None),
        Some(wait) => (DeliveryStatus::Pending, Some(now + wait)),
        None => (DeliveryStatus::Exhausted, None),
    };
    db.write(async |tx| {
        let recorded = store::record(tx, claimed, attempt, status, next, now).await?;
        if let (true, Some(next)) = (recorded, next) {
            ring_in_tx(tx, Work::Deliveries, next)?;
        }
        Ok(recorded)
    })
    .await
}
