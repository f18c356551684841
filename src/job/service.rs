//! What is done with jobs: queued by whoever causes them, claimed and ended by the worker, retried and cancelled by people.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use uuid::Uuid;

use super::kind::Job;
use super::model::{Claimed, End, JobInfo, JobStatus, Next, Progress};
pub use super::rule::JobRule;
pub(super) use super::store::Raw;
use super::store::{self, Found, Held};
use crate::app::App;
use crate::clock::Entropy;
use crate::db::error::constraint;
use crate::db::{QueryResult, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::events::{Work, ring_in_tx, ring_now_in_tx};

/// Bells for what a dead worker leaves behind are set for multiples of this.
const GRID: TimeDelta = TimeDelta::seconds(5);

/// When to look again for whoever knows a kind that this version does not.
const NOT_OURS: TimeDelta = TimeDelta::seconds(30);

/// A job that is to be queued.
pub struct NewJob<J> {
    pub job: J,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// Of the jobs of the kind under one key, one is queued or runs. What is queued again meanwhile joins it: it is done at
    /// the earlier of both times, or once more when it runs, with the first one's payload. (graphile_worker calls the other
    /// ways `replace` and `preserve_run_at`. Here a payload may be at work already, and whoever queued it counts on it.) So
    /// whatever differs belongs into the key, of 1 to 255 characters; a schedule's name is the key of what it queues, which
    /// is done with an older payload once at most.
    pub unique_key: Option<String>,
}

impl<J: Job> NewJob<J> {
    /// To be done as soon as there is a worker for it.
    pub fn now(job: J, now: DateTime<Utc>) -> Self {
        Self { job, run_at: now, unique_key: None }
    }
}

/// Where a job went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enqueued(pub Uuid);

/// Queues a job in the transaction that causes it. `now` is the transaction's time.
pub async fn enqueue_in_tx<J: Job>(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    new: &NewJob<J>,
) -> QueryResult<Enqueued> {
    let payload =
        serde_json::to_value(&new.job).map_err(|error| crate::db::QueryError::SerializationError(error.into()))?;
    let raw = Raw {
        kind: J::SPEC.kind,
        payload: &payload,
        rank: J::SPEC.rank,
        unique_key: new.unique_key.as_deref(),
        run_at: new.run_at,
    };
    enqueue_raw_in_tx(tx, now, entropy, &raw).await
}

/// The same of a job whose kind is in a row.
pub(super) async fn enqueue_raw_in_tx(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    raw: &Raw<'_>,
) -> QueryResult<Enqueued> {
    let mut id = entropy.uuid_v7(now);
    match raw.unique_key {
        Some(_) => id = store::insert_or_join(tx, id, raw, now).await?,
        None => store::insert(tx, id, raw, now)?,
    }
    ring(tx, raw.run_at, now)?;
    Ok(Enqueued(id))
}

fn ring(tx: &mut TenantTx<'_>, run_at: DateTime<Utc>, now: DateTime<Utc>) -> QueryResult<()> {
    if run_at <= now { ring_now_in_tx(tx, Work::Jobs, now) } else { ring_in_tx(tx, Work::Jobs, run_at) }
}

/// Queues a failed or cancelled job anew, with all its attempts before it.
pub async fn job_retry(app: &App, db: &TenantDb, id: Uuid) -> ServiceResult<JobInfo, JobRule> {
    let now = app.clock.now();
    db.write(async |tx| {
        let job = store::locked(tx, id).await?.ok_or(ServiceError::Rule(JobRule::NotFound))?;
        if !matches!(job.status, JobStatus::Failed | JobStatus::Cancelled) {
            return Err(ServiceError::Rule(JobRule::NotOver));
        }
        let retried = store::retry(tx, id, now).await;
        match retried {
            Err(error) if constraint(&error) == Some("jobs_unique") => {
                return Err(ServiceError::Rule(JobRule::QueuedAlready));
            }
            other => other?,
        };
        ring_now_in_tx(tx, Work::Jobs, now)?;
        store::locked(tx, id).await?.ok_or(ServiceError::Rule(JobRule::NotFound))
    })
    .await
}

/// Gives a job up: at once when it waits; one that runs is told within seconds, and ends when it gets to look.
pub async fn job_cancel(app: &App, db: &TenantDb, id: Uuid) -> ServiceResult<JobInfo, JobRule> {
    let now = app.clock.now();
    db.write(async |tx| {
        let job = store::locked(tx, id).await?.ok_or(ServiceError::Rule(JobRule::NotFound))?;
        match job.status {
            JobStatus::Queued | JobStatus::Running => {}
            JobStatus::Succeeded | JobStatus::Failed | JobStatus::Cancelled => {
                return Err(ServiceError::Rule(JobRule::Over));
            }
        }
        store::cancel(tx, id, job.status == JobStatus::Running, now).await?;
        store::locked(tx, id).await?.ok_or(ServiceError::Rule(JobRule::NotFound))
    })
    .await
}

/// Claims the first due job of these kinds for so long. A bell is set for when that is over: what a worker leaves behind by
/// dying is found.
pub(crate) async fn claim(
    app: &App,
    db: &TenantDb,
    kinds: &[&str],
    lease: TimeDelta,
) -> Result<Option<Claimed>, Fault> {
    let now = app.clock.now();
    let (claim, until) = (app.entropy.uuid_v7(now), now + lease);
    db.write(async |tx| {
        loop {
            match store::claim(tx, kinds, (claim, now, until)).await? {
                None => return Ok(None),
                Some(Found::Cancelled(id)) => store::cancel(tx, id, false, now).await?,
                Some(Found::Job(job)) => {
                    ring_at_end_of(tx, until)?;
                    return Ok(Some(job));
                }
            };
        }
    })
    .await
}

fn ring_at_end_of(tx: &mut TenantTx<'_>, lease: DateTime<Utc>) -> QueryResult<()> {
    ring_in_tx(tx, Work::Jobs, lease.duration_trunc(GRID).map_or(lease, |before| before + GRID))
}

/// Holds on to a claimed job for so long from now on, and shows how far it is. Answers whether it is to be given up; none:
/// the claim is lost.
pub(crate) async fn renew(
    app: &App,
    db: &TenantDb,
    held: Held,
    lease: TimeDelta,
    progress: Progress,
) -> Result<Option<bool>, Fault> {
    let now = app.clock.now();
    db.write(async |tx| {
        store::show(tx, held, progress, now)?;
        let until = now + lease;
        let renewed = store::renew(tx, held, until).await?;
        if renewed.is_some() {
            ring_at_end_of(tx, until)?;
        }
        Ok(renewed)
    })
    .await
}

/// Writes down what follows an attempt; false: the claim is lost, and with it the right to say so.
pub(crate) async fn end(app: &App, db: &TenantDb, held: Held, next: &Next, progress: Progress) -> Result<bool, Fault> {
    let now = app.clock.now();
    db.write(async |tx| Ok(end_in_tx(tx, held, next, progress, now).await?)).await
}

/// The same in a transaction.
pub(super) async fn end_in_tx(
    tx: &mut TenantTx<'_>,
    held: Held,
    next: &Next,
    progress: Progress,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let Some(run_at) = store::end(tx, held, next, progress, now).await? else { return Ok(false) };
    if let Some(run_at) = run_at {
        ring(tx, run_at, now)?;
    }
    Ok(true)
}

/// Asks for the next turn when something of these kinds is due that nobody has; and for one in a while when something of
/// another kind is, which a newer version knows.
pub(crate) async fn ring_if_due(app: &App, db: &TenantDb, kinds: &[&str]) -> Result<(), Fault> {
    let now = app.clock.now();
    db.write(async |tx| {
        match store::is_due(tx.conn(), kinds, now).await? {
            (true, _) => ring_now_in_tx(tx, Work::Jobs, now)?,
            (false, true) => ring_in_tx(tx, Work::Jobs, now + NOT_OURS)?,
            (false, false) => {}
        }
        Ok(())
    })
    .await
}

/// Forgets a few jobs that ended before `cutoff`; answers whether there may be more.
pub(crate) async fn forget_in_tx(tx: &mut TenantTx<'_>, cutoff: DateTime<Utc>, few: i64) -> QueryResult<bool> {
    store::forget(tx, cutoff, few).await
}

/// How a job that was begun too often without an end, ends: its processes died.
pub(crate) fn died_too_often() -> Next {
    Next::End(End::Failed, Some("its worker was cut off, over and over".to_owned()))
}
