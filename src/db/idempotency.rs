//! What a mutation answered under a client's key, so that a repeated request is answered alike and does nothing.
//!
//! Kept is the outcome as its service gave it (ids and refusals), not the answer: a replay is resolved anew for the
//! selection it asks for. A key counts for one field, credential and cart, and for 24 hours
//! or longer (`IDEMPOTENCY_KEY_RETENTION_HOURS`).
//!
//! An outcome is written in the transaction that makes it true: a process that dies leaves both or neither. A use
//! case of one transaction is wrapped by [`once`]. One of several (checkout) does [`find`] and [`insert_outcome`]
//! itself, under a lock that every request of the same key takes.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::schema::idempotency_keys as keys;
use super::{TenantConn, TenantDb, TenantTx, planned};
use crate::error::{Fault, ServiceError, ServiceResult};

/// How long an outcome is kept where nothing else is said.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// A client's key as it is stored and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The mutation's name.
    pub field: String,
    /// SHA-256 of field, credential, cart and the key itself.
    pub scope: [u8; 32],
    /// SHA-256 of the coerced arguments.
    pub input: [u8; 32],
    /// How long the outcome is kept.
    pub kept: TimeDelta,
}

impl Key {
    /// The key that a client named `text`, for one field, credential and cart; `input` stands for the arguments.
    pub fn new(field: &str, credential: &str, cart: Option<Uuid>, text: &str, input: &str) -> Self {
        let cart = cart.map(|cart| cart.to_string()).unwrap_or_default();
        let scope = digest(&[field, credential, &cart, text]);
        Self { field: field.to_owned(), scope, input: digest(&[input]), kept: KEPT }
    }

    /// The same key with an outcome that is kept for so long.
    pub fn kept_for(self, kept: TimeDelta) -> Self {
        Self { kept, ..self }
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
}

/// Why a request under a key is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this idempotency key was used with other arguments")]
    OtherInput,
}

/// What came of a use case under a client's key: its outcome, or that the key is refused.
pub type Once<T, R> = Result<ServiceResult<T, R>, Refused>;

/// What a use case refuses, as it may be kept under a client's key.
pub trait Refusal {
    /// Whether the same request is to be refused the same tomorrow. What is wrong with the input stays wrong; what the input
    /// is not to blame for does not: a plan that has no room, a permission that is missing. Then the key stays free.
    fn is_final(&self) -> bool {
        true
    }
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

/// What is known of the key.
pub async fn find(conn: &mut TenantConn<'_>, key: &Key, now: DateTime<Utc>) -> QueryResult<Found> {
    let row: Option<(Vec<u8>, serde_json::Value)> = keys::table
        .filter(keys::tenant_id.eq(conn.tenant()))
        .filter(keys::scope.eq(&key.scope[..]))
        .filter(keys::expires_at.gt(now))
        .select((keys::input, keys::outcome))
        .first(conn)
        .await
        .optional()?;
    Ok(match row {
        None => Found::Nothing,
        Some((input, _)) if input != key.input => Found::OtherInput,
        Some((_, outcome)) => Found::Outcome(outcome),
    })
}

macro_rules! insert {
    ($tx:ident, $key:ident, $now:ident, $outcome:ident) => {{
        let row = (
            keys::tenant_id.eq($tx.tenant()),
            keys::scope.eq(&$key.scope[..]),
            keys::field.eq(&$key.field),
            keys::input.eq(&$key.input[..]),
            keys::outcome.eq($outcome),
            keys::created_at.eq($now),
            keys::expires_at.eq($now + $key.kept),
        );
        let change = (
            keys::input.eq(&$key.input[..]),
            keys::outcome.eq($outcome),
            keys::created_at.eq($now),
            keys::expires_at.eq($now + $key.kept),
        );
        let upsert = diesel::insert_into(keys::table)
            .values(row)
            .on_conflict((keys::tenant_id, keys::scope))
            .do_update()
            .set(change);
        let has_expired = keys::tenant_id.eq($tx.tenant()).and(keys::expires_at.le($now));
        planned(diesel::query_dsl::methods::FilterDsl::filter(upsert, has_expired))
    }};
}

/// Writes the outcome, in the transaction that made it true. One that is there and has not expired stays: then
/// nothing is written. Waits for another transaction that is writing one under the same key.
pub async fn insert_outcome(
    tx: &mut TenantTx<'_>,
    key: &Key,
    now: DateTime<Utc>,
    outcome: &serde_json::Value,
) -> QueryResult<usize> {
    insert!(tx, key, now, outcome).execute(tx).await
}

/// The same, sent with the commit, for who holds a lock under which nobody else writes one.
pub fn send_outcome(
    tx: &mut TenantTx<'_>,
    key: &Key,
    now: DateTime<Utc>,
    outcome: &serde_json::Value,
) -> QueryResult<()> {
    let insert = insert!(tx, key, now, outcome);
    tx.send(insert)
}

/// Deletes what has expired, at most `limit` rows; answers whether there may be more.
pub async fn purge(tx: &mut TenantTx<'_>, now: DateTime<Utc>, limit: i64) -> QueryResult<bool> {
    let expired: Vec<Vec<u8>> = keys::table
        .filter(keys::tenant_id.eq(tx.tenant()))
        .filter(keys::expires_at.le(now))
        .order(keys::expires_at)
        .limit(limit)
        .select(keys::scope)
        // Two workers may be at it: neither waits for the other, nor for a request that renews a key.
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    let own = keys::table.filter(keys::tenant_id.eq(tx.tenant()));
    let deleted = diesel::delete(own.filter(keys::scope.eq_any(expired))).execute(tx).await?;
    Ok(i64::try_from(deleted).is_ok_and(|deleted| deleted >= limit))
}

/// Runs `work` in a transaction; under a key, once: whoever comes later with the same key gets its outcome, unless that is a
/// refusal that is not final.
///
/// Of two requests at once under one key both may begin; the one that commits first is the one that happened, and
/// the other is rolled back and answered with its outcome.
pub async fn once<T, R, F>(db: &TenantDb, now: DateTime<Utc>, key: Option<&Key>, work: F) -> Once<T, R>
where
    T: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned + Refusal,
    F: AsyncFnOnce(&mut TenantTx<'_>) -> ServiceResult<T, R>,
{
    let Some(key) = key else { return Ok(db.write(work).await) };
    let ended = db
        .write(async |tx| {
            match find(tx.conn(), key, now).await? {
                Found::Nothing => {}
                found => return Err(Ended::Found(found)),
            }
            let done = work(tx).await;
            if done.is_ok() {
                insert_first(tx, key, now, &done).await?;
            }
            done.map_err(Ended::Refused)
        })
        .await;
    let found = match ended {
        Ok(done) => return Ok(Ok(done)),
        Err(Ended::Refused(ServiceError::Fault(fault))) => return Ok(Err(fault.into())),
        Err(Ended::Found(found)) => Ok(found),
        Err(Ended::Overtaken) => db.read(async |conn| Ok::<_, Fault>(find(conn, key, now).await?)).await,
        // It may be refused because of what another request has done meanwhile under the same key: had the last place.
        Err(Ended::Refused(ServiceError::Rule(rule))) if !rule.is_final() => {
            match db.read(async |conn| Ok::<_, Fault>(find(conn, key, now).await?)).await {
                Ok(Found::Nothing) => return Ok(Err(ServiceError::Rule(rule))),
                found => found,
            }
        }
        // What was begun is rolled back; the refusal is kept by itself, unless another request was first.
        Err(Ended::Refused(rule)) => {
            let refused: ServiceResult<T, R> = Err(rule);
            let kept = db.write(async |tx| {
                insert_first(tx, key, now, &refused).await?;
                Ok::<_, Ended<R>>(())
            });
            match kept.await {
                Ok(()) => return Ok(refused),
                Err(Ended::Refused(ServiceError::Fault(fault))) => Err(fault),
                Err(_) => db.read(async |conn| Ok::<_, Fault>(find(conn, key, now).await?)).await,
            }
        }
    };
    match found {
        Ok(Found::Outcome(outcome)) => Ok(replay(outcome)),
        Ok(Found::OtherInput) => Err(Refused::OtherInput),
        Ok(Found::Nothing) => Ok(Err(Fault::internal("an outcome is gone that was there").into())),
        Err(fault) => Ok(Err(fault.into())),
    }
}

/// How a keyed transaction ends that does not commit.
enum Ended<R> {
    Refused(ServiceError<R>),
    Found(Found),
    Overtaken,
}

impl<R> From<Fault> for Ended<R> {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault.into())
    }
}

impl<R> From<diesel::result::Error> for Ended<R> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Refused(error.into())
    }
}

/// Writes an outcome that has to be the first under its key.
async fn insert_first<T: Serialize, R: Serialize>(
    tx: &mut TenantTx<'_>,
    key: &Key,
    now: DateTime<Utc>,
    result: &ServiceResult<T, R>,
) -> Result<(), Ended<R>> {
    let Some(outcome) = outcome_of(result)? else { return Ok(()) };
    if insert_outcome(tx, key, now, &outcome).await? == 0 { Err(Ended::Overtaken) } else { Ok(()) }
}
