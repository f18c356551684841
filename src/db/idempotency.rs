//! What a mutation answered under a client's key, so that a repeated request is answered alike and does nothing.
//!
//! Kept is the outcome as its service gave it (ids and refusals), not the answer: a replay is resolved anew for the
//! selection it asks for. A key counts for one field, credential and cart, and for 24 hours. Two requests under one
//! key: the second waits for the first, without holding a connection, and is then answered with its outcome. A
//! holder that died gives the key back when its claim runs out.
//!
//! Two ways to use it. A use case of one transaction that holds a lock which every request of the same key takes
//! (checkout: the cart) does [`find`] and [`insert_outcome`] inside it: outcome and rows commit together. All
//! others are wrapped by [`once`]: claim, work, record; a process that dies between work and record leaves a key
//! that works again after [`CLAIM`], so such use cases must bear being repeated then.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::schema::idempotency_keys as keys;
use super::{TenantConn, TenantDb, TenantTx};
use crate::clock::{Clock, Entropy};
use crate::error::{Fault, ServiceError, ServiceResult};

/// How long an outcome is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long a claim holds without an outcome: longer than any mutation runs.
pub const CLAIM: TimeDelta = TimeDelta::seconds(60);
/// How long a request waits for another one of the same key.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A client's key as it is stored and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The mutation's name.
    pub field: String,
    /// SHA-256 of field, credential, cart and the key itself.
    pub scope: [u8; 32],
    /// SHA-256 of the coerced arguments.
    pub input: [u8; 32],
}

impl Key {
    /// The key that a client named `text`, for one field, credential and cart; `input` stands for the arguments.
    pub fn new(field: &str, credential: &str, cart: Option<Uuid>, text: &str, input: &str) -> Self {
        let cart = cart.map(|cart| cart.to_string()).unwrap_or_default();
        let scope = digest(&[field, credential, &cart, text]);
        Self { field: field.to_owned(), scope, input: digest(&[input]) }
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut sha = Sha256::new();
    for part in parts {
        // With its length, so that no two lists of parts read alike.
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part.as_bytes());
    }
    sha.finalize().into()
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing: the caller goes on.
    Nothing,
    /// The outcome of the first request.
    Outcome(serde_json::Value),
    /// Used with other arguments.
    OtherInput,
    /// The first request is still at it.
    Busy,
}

/// Why a request under a key is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this idempotency key was used with other arguments")]
    OtherInput,
    #[error("a request with this idempotency key is still running")]
    Busy,
}

/// An outcome as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Outcome<T, R> {
    Done(T),
    Rule(R),
}

/// Serialises a use case's outcome; a fault has none.
pub fn outcome_of<T: Serialize, R: Serialize>(
    result: &ServiceResult<T, R>,
) -> Result<Option<serde_json::Value>, Fault> {
    let outcome = match result {
        Ok(done) => Outcome::Done(done),
        Err(ServiceError::Rule(rule)) => Outcome::Rule(rule),
        Err(ServiceError::Fault(_)) => return Ok(None),
    };
    serde_json::to_value(outcome).map(Some).map_err(|error| Fault::internal(error.to_string()))
}

/// Reads a stored outcome back.
pub fn replay<T: DeserializeOwned, R: DeserializeOwned>(outcome: serde_json::Value) -> ServiceResult<T, R> {
    match serde_json::from_value(outcome) {
        Ok(Outcome::Done(done)) => Ok(done),
        Ok(Outcome::Rule(rule)) => Err(ServiceError::Rule(rule)),
        Err(error) => Err(Fault::internal(format!("a stored outcome does not read back: {error}")).into()),
    }
}

/// What is known of the key. For a read committed transaction that holds the lock which orders the key's requests.
pub async fn find(conn: &mut TenantConn<'_>, key: &Key, now: DateTime<Utc>) -> QueryResult<Found> {
    let row: Option<(Vec<u8>, Option<serde_json::Value>, DateTime<Utc>)> = keys::table
        .filter(keys::tenant_id.eq(conn.tenant()))
        .filter(keys::scope.eq(&key.scope[..]))
        .filter(keys::expires_at.gt(now))
        .select((keys::input, keys::outcome, keys::claimed_until))
        .first(conn)
        .await
        .optional()?;
    Ok(match row {
        None => Found::Nothing,
        Some((input, ..)) if input != key.input => Found::OtherInput,
        Some((_, Some(outcome), _)) => Found::Outcome(outcome),
        Some((_, None, until)) if until > now => Found::Busy,
        Some((_, None, _)) => Found::Nothing,
    })
}

/// Writes the outcome, in the transaction that made it true. An outcome that is there and has not expired stays.
pub async fn insert_outcome(
    tx: &mut TenantTx<'_>,
    key: &Key,
    now: DateTime<Utc>,
    outcome: &serde_json::Value,
) -> QueryResult<usize> {
    let row = (
        keys::tenant_id.eq(tx.tenant()),
        keys::scope.eq(&key.scope[..]),
        keys::field.eq(&key.field),
        keys::input.eq(&key.input[..]),
        keys::outcome.eq(outcome),
        keys::claim.eq(Uuid::nil()),
        keys::claimed_until.eq(now),
        keys::created_at.eq(now),
        keys::expires_at.eq(now + KEPT),
    );
    let change = (
        keys::input.eq(&key.input[..]),
        keys::outcome.eq(outcome),
        keys::claim.eq(Uuid::nil()),
        keys::created_at.eq(now),
        keys::expires_at.eq(now + KEPT),
    );
    let upsert = diesel::insert_into(keys::table)
        .values(row)
        .on_conflict((keys::tenant_id, keys::scope))
        .do_update()
        .set(change);
    let has_expired = keys::tenant_id.eq(tx.tenant()).and(keys::expires_at.le(now));
    diesel::query_dsl::methods::FilterDsl::filter(upsert, has_expired).execute(tx).await
}

/// Deletes what has expired. The job calls it now and then.
pub async fn purge(tx: &mut TenantTx<'_>, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(keys::table.filter(keys::tenant_id.eq(tx.tenant())).filter(keys::expires_at.le(now)))
        .execute(tx)
        .await
}

/// Runs `work` under the key once: whoever comes later with the same key gets its outcome.
pub async fn once<T, R, F>(
    db: &TenantDb,
    clock: &dyn Clock,
    entropy: &Entropy,
    key: &Key,
    work: F,
) -> Result<ServiceResult<T, R>, Refused>
where
    T: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
    F: Future<Output = ServiceResult<T, R>>,
{
    let claim = entropy.uuid_v7(clock.now());
    let mut wait = Wait::new();
    loop {
        match claim_key(db, key, claim, clock.now()).await {
            Err(fault) => return Ok(Err(fault.into())),
            Ok(Found::Nothing) => break,
            Ok(Found::Outcome(outcome)) => return Ok(replay(outcome)),
            Ok(Found::OtherInput) => return Err(Refused::OtherInput),
            Ok(Found::Busy) if wait.again().await => {}
            Ok(Found::Busy) => return Err(Refused::Busy),
        }
    }
    let result = work.await;
    if let Err(fault) = end_claim(db, key, claim, outcome_of(&result)).await {
        // The work is done, and its answer is the truth; the key works again when the claim has run out.
        tracing::error!(%fault, field = key.field, "recording an idempotent outcome");
    }
    Ok(result)
}

/// Waiting for another request of the same key: without a connection, ever longer, and not for ever.
pub struct Wait {
    deadline: tokio::time::Instant,
    pause: Duration,
}

impl Wait {
    #[expect(clippy::new_without_default, reason = "it begins to run out when it is made")]
    pub fn new() -> Self {
        Self { deadline: tokio::time::Instant::now() + PATIENCE, pause: Duration::from_millis(5) }
    }

    /// Pauses; false when patience is at its end.
    pub async fn again(&mut self) -> bool {
        if tokio::time::Instant::now() >= self.deadline {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_millis(200));
        true
    }
}

/// Takes the key, where it is free: new, expired, or given back by the clock.
async fn claim_key(db: &TenantDb, key: &Key, claim: Uuid, now: DateTime<Utc>) -> Result<Found, Fault> {
    db.write(async |tx| {
        let row = (
            keys::tenant_id.eq(tx.tenant()),
            keys::scope.eq(&key.scope[..]),
            keys::field.eq(&key.field),
            keys::input.eq(&key.input[..]),
            keys::claim.eq(claim),
            keys::claimed_until.eq(now + CLAIM),
            keys::created_at.eq(now),
            keys::expires_at.eq(now + KEPT),
        );
        let taken_over = (
            keys::input.eq(&key.input[..]),
            keys::outcome.eq(None::<serde_json::Value>),
            keys::claim.eq(claim),
            keys::claimed_until.eq(now + CLAIM),
            keys::created_at.eq(now),
            keys::expires_at.eq(now + KEPT),
        );
        let is_free = keys::expires_at.le(now).or(keys::outcome.is_null().and(keys::claimed_until.le(now)));
        let upsert = diesel::insert_into(keys::table)
            .values(row)
            .on_conflict((keys::tenant_id, keys::scope))
            .do_update()
            .set(taken_over);
        let taken = diesel::query_dsl::methods::FilterDsl::filter(upsert, keys::tenant_id.eq(tx.tenant()).and(is_free))
            .execute(tx)
            .await?;
        if taken == 1 { Ok(Found::Nothing) } else { Ok(not_nothing(find(tx.conn(), key, now).await?)) }
    })
    .await
}

/// The key was not free a statement ago: if it has become so since, that is another's work ending.
fn not_nothing(found: Found) -> Found {
    if found == Found::Nothing { Found::Busy } else { found }
}

/// Records the outcome under the claim, or gives the key back when there is none.
async fn end_claim(
    db: &TenantDb,
    key: &Key,
    claim: Uuid,
    outcome: Result<Option<serde_json::Value>, Fault>,
) -> Result<(), Fault> {
    let outcome = outcome?;
    db.write(async |tx| {
        let own = keys::table
            .filter(keys::tenant_id.eq(tx.tenant()))
            .filter(keys::scope.eq(&key.scope[..]))
            .filter(keys::claim.eq(claim));
        match &outcome {
            Some(outcome) => diesel::update(own).set(keys::outcome.eq(outcome)).execute(tx).await?,
            None => diesel::delete(own).execute(tx).await?,
        };
        Ok(())
    })
    .await
}
