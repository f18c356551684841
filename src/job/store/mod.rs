//! The jobs' rows: queued, claimed with a lease, ended under the claim.
//!
//! That a job has not ended is said by its having a time to run at, in all statements: the same rows, and the indexes of
//! them can be proved to hold them.

pub mod schedules;

use chrono::{DateTime, Utc};
use diesel::dsl::{case_when, exists};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::model::{Claimed, End, JobInfo, JobStatus, Next, Progress};
use crate::db::keyset::by;
use crate::db::schema::jobs;
use crate::db::{TenantConn, TenantTx, insert_rows};
use crate::page::PageQuery;

/// A job and its claim.
pub type Held = (Uuid, Uuid);

/// A job that is to be queued.
pub struct Raw<'a> {
    pub kind: &'a str,
    pub payload: &'a Value,
    pub rank: i16,
    pub unique_key: Option<&'a str>,
    pub run_at: DateTime<Utc>,
}

/// Queues a job that has no key.
pub fn insert(tx: &mut TenantTx<'_>, id: Uuid, new: &Raw<'_>, now: DateTime<Utc>) -> QueryResult<()> {
    let insert = insert_rows!(tx.tenant(), jobs, [new], |job| {
        id: id,
        kind: job.kind.to_owned(),
        payload: job.payload.clone(),
        rank: job.rank,
        run_at: job.run_at,
        created_at: now,
        updated_at: now,
    });
    tx.send(insert)
}

/// Queues a job that has a key, unless one of the kind has it that has not ended: that one runs at the earlier of both
/// times, or once more, at this time, when it is running.
pub async fn insert_or_join(tx: &mut TenantTx<'_>, id: Uuid, new: &Raw<'_>, now: DateTime<Utc>) -> QueryResult<Uuid> {
    diesel::insert_into(jobs::table)
        .values((
            jobs::tenant_id.eq(tx.tenant()),
            jobs::id.eq(id),
            jobs::kind.eq(new.kind),
            jobs::payload.eq(new.payload),
            jobs::rank.eq(new.rank),
            jobs::unique_key.eq(new.unique_key),
            jobs::run_at.eq(new.run_at),
            jobs::created_at.eq(now),
            jobs::updated_at.eq(now),
        ))
        .on_conflict((jobs::tenant_id, jobs::kind, jobs::unique_key))
        .filter_target(jobs::unique_key.is_not_null().and(jobs::run_at.is_not_null()))
        .do_update()
        .set((
            jobs::again_at.eq(case_when(jobs::claim.is_not_null(), least(jobs::again_at, new.run_at))),
            jobs::run_at.eq(least(jobs::run_at, new.run_at)),
            jobs::updated_at.eq(now),
        ))
        .returning(jobs::id)
        .get_result(tx)
        .await
}

diesel::define_sql_function! {
    /// The earlier of two times; of one alone where the other is none.
    fn least(one: diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>,
        other: diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>)
        -> diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs, check_for_backend(diesel::pg::Pg))]
struct DueRow {
    id: Uuid,
    kind: String,
    payload: Value,
    run_at: Option<DateTime<Utc>>,
    again_at: Option<DateTime<Utc>>,
    attempts: i32,
    cancel_requested_at: Option<DateTime<Utc>>,
    progress_done: i64,
    progress_total: Option<i64>,
    checkpoint: Option<Value>,
}

/// What a claim found.
pub enum Found {
    Job(Claimed),
    /// Somebody has wished that it be given up, while a worker had it that is gone.
    Cancelled(Uuid),
}

/// Claims the first due job of these kinds until then.
pub async fn claim(
    tx: &mut TenantTx<'_>,
    kinds: &[&str],
    (claim, now, until): (Uuid, DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<Option<Found>> {
    let row: Option<DueRow> = jobs::table
        .filter(jobs::tenant_id.eq(tx.tenant()))
        .filter(jobs::run_at.le(now))
        .filter(jobs::claimed_until.is_null().or(jobs::claimed_until.le(now)))
        .filter(jobs::kind.eq_any(kinds))
        .order((jobs::rank, jobs::run_at, jobs::id))
        .select(DueRow::as_select())
        .for_update()
        .skip_locked()
        .first(tx)
        .await
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let is_cancelled = row.cancel_requested_at.is_some();
    if is_cancelled && row.again_at.is_none() {
        return Ok(Some(Found::Cancelled(row.id)));
    }
    // Given up, and wished for again since: it begins anew.
    let (attempts, again_at) = if is_cancelled { (1, None) } else { (row.attempts + 1, row.again_at) };
    let claimed =
        diesel::update(jobs::table).filter(jobs::tenant_id.eq(tx.tenant())).filter(jobs::id.eq(row.id)).set((
            jobs::claim.eq(claim),
            jobs::claimed_until.eq(until),
            jobs::attempts.eq(attempts),
            jobs::again_at.eq(again_at),
            jobs::cancel_requested_at.eq(None::<DateTime<Utc>>),
            jobs::updated_at.eq(now),
        ));
    tx.send(claimed)?;
    Ok(Some(Found::Job(Claimed {
        id: row.id,
        claim,
        kind: row.kind,
        payload: row.payload,
        due_at: row.run_at.unwrap_or(now),
        attempts,
        checkpoint: row.checkpoint,
        progress: Progress { done: row.progress_done, total: row.progress_total },
    })))
}

/// Whether something is due that nobody has: of these kinds, of others.
pub async fn is_due(conn: &mut TenantConn<'_>, kinds: &[&str], now: DateTime<Utc>) -> QueryResult<(bool, bool)> {
    let due = || {
        jobs::table
            .filter(jobs::tenant_id.eq(conn.tenant()))
            .filter(jobs::run_at.le(now))
            .filter(jobs::claimed_until.is_null().or(jobs::claimed_until.le(now)))
    };
    let (known, others) = (due().filter(jobs::kind.eq_any(kinds)), due().filter(jobs::kind.ne_all(kinds)));
    diesel::select((exists(known), exists(others))).get_result(conn).await
}

/// The row of a job, if this claim holds it.
macro_rules! held {
    ($tx:expr, $held:expr) => {{
        let (id, claim): Held = $held;
        jobs::table.filter(jobs::tenant_id.eq($tx.tenant())).filter(jobs::id.eq(id)).filter(jobs::claim.eq(claim))
    }};
}

/// Holds on to a claimed job until then. Answers whether it is to be given up; none: the claim is lost.
pub async fn renew(tx: &mut TenantTx<'_>, held: Held, until: DateTime<Utc>) -> QueryResult<Option<bool>> {
    diesel::update(held!(tx, held))
        .set(jobs::claimed_until.eq(until))
        .returning(jobs::cancel_requested_at.is_not_null())
        .get_result(tx)
        .await
        .optional()
}

/// Shows how far a job is.
pub fn show(tx: &mut TenantTx<'_>, held: Held, progress: Progress, now: DateTime<Utc>) -> QueryResult<()> {
    tx.send(diesel::update(held!(tx, held)).set((
        jobs::progress_done.eq(progress.done),
        jobs::progress_total.eq(progress.total),
        jobs::updated_at.eq(now),
    )))
}

/// Keeps where a job has got to; false: the claim is lost.
pub async fn keep(tx: &mut TenantTx<'_>, held: Held, checkpoint: &Value, progress: Progress) -> QueryResult<bool> {
    let kept = diesel::update(held!(tx, held)).set((
        jobs::checkpoint.eq(checkpoint),
        jobs::progress_done.eq(progress.done),
        jobs::progress_total.eq(progress.total),
    ));
    Ok(kept.execute(tx).await? == 1)
}

/// Writes down what follows an attempt. None: the claim is lost. Otherwise when another attempt is due, if one is: a job
/// that was queued once more while it ran begins anew, however this end was.
pub async fn end(
    tx: &mut TenantTx<'_>,
    held: Held,
    next: &Next,
    progress: Progress,
    now: DateTime<Utc>,
) -> QueryResult<Option<Option<DateTime<Utc>>>> {
    type Wishes = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let found: Option<(Wishes, i32)> = held!(tx, held)
        .select(((jobs::again_at, jobs::cancel_requested_at), jobs::attempts))
        .for_update()
        .first(tx)
        .await
        .optional()?;
    let Some(((again_at, cancelled_at), attempts)) = found else { return Ok(None) };
    let (status, run_at, attempts, error) = match next {
        Next::End(end, error) => (end.as_db(), None, attempts, error.as_deref()),
        // Whoever has it given up does not want the next attempt.
        Next::Again(_, error) if cancelled_at.is_some() => ("CANCELLED", None, attempts, Some(error.as_str())),
        Next::GiveBack if cancelled_at.is_some() => ("CANCELLED", None, attempts, None),
        Next::Again(at, error) => ("QUEUED", Some(*at), attempts, Some(error.as_str())),
        Next::GiveBack => ("QUEUED", Some(now), attempts - 1, None),
    };
    let begins_anew = run_at.is_none() && again_at.is_some();
    let (status, run_at, attempts) = if begins_anew { ("QUEUED", again_at, 0) } else { (status, run_at, attempts) };
    let (again_at, cancelled_at) = if begins_anew { (None, None) } else { (again_at, cancelled_at) };
    let ended_at = run_at.is_none().then_some(now);
    let row = diesel::update(held!(tx, held)).set((
        jobs::status.eq(status),
        jobs::run_at.eq(run_at),
        jobs::attempts.eq(attempts),
        jobs::again_at.eq(again_at.filter(|_| run_at.is_some())),
        jobs::cancel_requested_at.eq(cancelled_at),
        jobs::claim.eq(None::<Uuid>),
        jobs::claimed_until.eq(None::<DateTime<Utc>>),
        jobs::progress_done.eq(progress.done),
        jobs::progress_total.eq(progress.total),
        jobs::last_error.eq(error),
        jobs::ended_at.eq(ended_at),
        jobs::updated_at.eq(now),
    ));
    row.execute(tx).await?;
    if matches!(next, Next::End(End::Succeeded, _)) {
        // What it was done with may hold what is nobody's business; done again, it is needed.
        let wiped = diesel::update(jobs::table)
            .filter(jobs::tenant_id.eq(tx.tenant()))
            .filter(jobs::id.eq(held.0))
            .filter(jobs::status.eq("SUCCEEDED"))
            .set((jobs::payload.eq(Value::Null), jobs::checkpoint.eq(None::<Value>)));
        tx.send(wiped)?;
    }
    Ok(Some(run_at))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    kind: String,
    status: String,
    attempts: i32,
    run_at: Option<DateTime<Utc>>,
    claim: Option<Uuid>,
    cancel_requested_at: Option<DateTime<Utc>>,
    progress_done: i64,
    progress_total: Option<i64>,
    last_error: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl Row {
    fn read(self) -> QueryResult<JobInfo> {
        let status = match self.status.as_str() {
            "QUEUED" if self.claim.is_some() => JobStatus::Running,
            "QUEUED" => JobStatus::Queued,
            "SUCCEEDED" => JobStatus::Succeeded,
            "FAILED" => JobStatus::Failed,
            "CANCELLED" => JobStatus::Cancelled,
            other => return Err(diesel::result::Error::DeserializationError(format!("a job's status {other}").into())),
        };
        Ok(JobInfo {
            id: self.id,
            kind: self.kind,
            status,
            attempts: self.attempts,
            run_at: self.run_at,
            cancel_requested_at: self.cancel_requested_at,
            progress: Progress { done: self.progress_done, total: self.progress_total },
            last_error: self.last_error,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ended_at: self.ended_at,
        })
    }
}

/// A page of jobs in the order in which they were queued.
pub async fn page(
    conn: &mut TenantConn<'_>,
    (status, kind): (Option<JobStatus>, Option<&str>),
    page: &PageQuery,
) -> QueryResult<Vec<JobInfo>> {
    let mut query =
        jobs::table.filter(jobs::tenant_id.eq(conn.tenant())).select(Row::as_select()).limit(page.limit).into_boxed();
    if let Some(kind) = kind {
        query = query.filter(jobs::kind.eq(kind.to_owned()));
    }
    query = match status {
        None => query,
        Some(JobStatus::Running) => query.filter(jobs::status.eq("QUEUED")).filter(jobs::claim.is_not_null()),
        Some(JobStatus::Queued) => query.filter(jobs::status.eq("QUEUED")).filter(jobs::claim.is_null()),
        Some(JobStatus::Succeeded) => query.filter(jobs::status.eq("SUCCEEDED")),
        Some(JobStatus::Failed) => query.filter(jobs::status.eq("FAILED")),
        Some(JobStatus::Cancelled) => query.filter(jobs::status.eq("CANCELLED")),
    };
    let rows: Vec<Row> = by!(query, page, jobs::id).load(conn).await?;
    rows.into_iter().map(Row::read).collect()
}

/// The jobs with these ids.
pub async fn by_id(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<JobInfo>> {
    let rows: Vec<Row> = jobs::table
        .filter(jobs::tenant_id.eq(conn.tenant()))
        .filter(jobs::id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// A job, locked.
pub async fn locked(tx: &mut TenantTx<'_>, id: Uuid) -> QueryResult<Option<JobInfo>> {
    let row: Option<Row> = jobs::table
        .filter(jobs::tenant_id.eq(tx.tenant()))
        .filter(jobs::id.eq(id))
        .select(Row::as_select())
        .for_update()
        .first(tx)
        .await
        .optional()?;
    row.map(Row::read).transpose()
}

/// Queues a job anew that is over.
pub async fn retry(tx: &mut TenantTx<'_>, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(jobs::table.filter(jobs::tenant_id.eq(tx.tenant())).filter(jobs::id.eq(id)))
        .set((
            jobs::status.eq("QUEUED"),
            jobs::run_at.eq(now),
            jobs::attempts.eq(0),
            jobs::cancel_requested_at.eq(None::<DateTime<Utc>>),
            jobs::ended_at.eq(None::<DateTime<Utc>>),
            jobs::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

/// Gives a job up: at once when nobody has it.
pub async fn cancel(tx: &mut TenantTx<'_>, id: Uuid, is_running: bool, now: DateTime<Utc>) -> QueryResult<usize> {
    let row = jobs::table.filter(jobs::tenant_id.eq(tx.tenant())).filter(jobs::id.eq(id));
    if is_running {
        // With it what was wished for while it ran; what is wished for from now on is not.
        return diesel::update(row)
            .set((
                jobs::cancel_requested_at.eq(now),
                jobs::again_at.eq(None::<DateTime<Utc>>),
                jobs::updated_at.eq(now),
            ))
            .execute(tx)
            .await;
    }
    diesel::update(row).set(given_up(now)).execute(tx).await
}

#[derive(AsChangeset)]
#[diesel(table_name = jobs, treat_none_as_null = true)]
struct GivenUp {
    status: &'static str,
    run_at: Option<DateTime<Utc>>,
    again_at: Option<DateTime<Utc>>,
    claim: Option<Uuid>,
    claimed_until: Option<DateTime<Utc>>,
    cancel_requested_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

fn given_up(now: DateTime<Utc>) -> GivenUp {
    GivenUp {
        status: End::Cancelled.as_db(),
        run_at: None,
        again_at: None,
        claim: None,
        claimed_until: None,
        cancel_requested_at: Some(now),
        ended_at: Some(now),
        updated_at: now,
    }
}

/// Forgets a few jobs that ended before `cutoff`; answers whether there may be more.
pub async fn forget(tx: &mut TenantTx<'_>, cutoff: DateTime<Utc>, few: i64) -> QueryResult<bool> {
    let old: Vec<Uuid> = jobs::table
        .filter(jobs::tenant_id.eq(tx.tenant()))
        .filter(jobs::ended_at.lt(cutoff))
        .order((jobs::ended_at, jobs::id))
        .limit(few)
        .select(jobs::id)
        .for_update()
        .skip_locked()
        .load(tx)
        .await?;
    if old.is_empty() {
        return Ok(false);
    }
    let gone = i64::try_from(old.len()).unwrap_or(few);
    diesel::delete(jobs::table.filter(jobs::tenant_id.eq(tx.tenant())).filter(jobs::id.eq_any(old)))
        .execute(tx)
        .await?;
    Ok(gone >= few)
}
