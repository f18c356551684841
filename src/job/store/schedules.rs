//! The rows of schedules.

use chrono::{DateTime, Utc};
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::db::schema::job_schedules;
use crate::db::{TenantConn, TenantTx};
use crate::job::model::Schedule;

/// At most this many are read: what the code has schedules for.
const MAX: i64 = 250;

#[derive(Queryable, Selectable)]
#[diesel(table_name = job_schedules, check_for_backend(diesel::pg::Pg))]
struct Row {
    name: String,
    kind: String,
    payload: Value,
    cron: String,
    next_at: DateTime<Utc>,
    last_at: Option<DateTime<Utc>>,
}

impl From<Row> for Schedule {
    fn from(row: Row) -> Self {
        let Row { name, kind, payload, cron, next_at, last_at } = row;
        Self { name, kind, payload, cron, next_at, last_at }
    }
}

/// Writes a schedule, in place of the one of its name; when it was done last stays.
pub async fn put(tx: &mut TenantTx<'_>, new: &Schedule, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::insert_into(job_schedules::table)
        .values((
            job_schedules::tenant_id.eq(tx.tenant()),
            job_schedules::name.eq(&new.name),
            job_schedules::kind.eq(&new.kind),
            job_schedules::payload.eq(&new.payload),
            job_schedules::cron.eq(&new.cron),
            job_schedules::next_at.eq(new.next_at),
            job_schedules::created_at.eq(now),
            job_schedules::updated_at.eq(now),
        ))
        .on_conflict((job_schedules::tenant_id, job_schedules::name))
        .do_update()
        .set((
            job_schedules::kind.eq(&new.kind),
            job_schedules::payload.eq(&new.payload),
            job_schedules::cron.eq(&new.cron),
            // What is due is still to be done.
            job_schedules::next_at
                .eq(case_when(job_schedules::next_at.le(now), job_schedules::next_at).otherwise(new.next_at)),
            job_schedules::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

pub async fn remove(tx: &mut TenantTx<'_>, name: &str) -> QueryResult<usize> {
    diesel::delete(job_schedules::table)
        .filter(job_schedules::tenant_id.eq(tx.tenant()))
        .filter(job_schedules::name.eq(name))
        .execute(tx)
        .await
}

/// All of them by name.
pub async fn all(conn: &mut TenantConn<'_>) -> QueryResult<Vec<Schedule>> {
    let rows: Vec<Row> = job_schedules::table
        .filter(job_schedules::tenant_id.eq(conn.tenant()))
        .order(job_schedules::name)
        .limit(MAX)
        .select(Row::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// All of them by name, locked.
pub async fn lock_all(tx: &mut TenantTx<'_>) -> QueryResult<Vec<Schedule>> {
    let rows: Vec<Row> = job_schedules::table
        .filter(job_schedules::tenant_id.eq(tx.tenant()))
        .order(job_schedules::name)
        .limit(MAX)
        .select(Row::as_select())
        .for_update()
        .load(tx)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One, locked.
pub async fn lock(tx: &mut TenantTx<'_>, name: &str) -> QueryResult<Option<Schedule>> {
    let row: Option<Row> = job_schedules::table
        .filter(job_schedules::tenant_id.eq(tx.tenant()))
        .filter(job_schedules::name.eq(name))
        .select(Row::as_select())
        .for_update()
        .first(tx)
        .await
        .optional()?;
    Ok(row.map(Into::into))
}

/// The names of those whose time came before then and who are still to be done.
pub async fn overdue(conn: &mut TenantConn<'_>, then: DateTime<Utc>) -> QueryResult<Vec<String>> {
    job_schedules::table
        .filter(job_schedules::tenant_id.eq(conn.tenant()))
        .filter(job_schedules::next_at.lt(then))
        .order(job_schedules::name)
        .limit(MAX)
        .select(job_schedules::name)
        .load(conn)
        .await
}

/// Says when a schedule is done next, and when it was last.
pub async fn set_next(
    tx: &mut TenantTx<'_>,
    name: &str,
    (next_at, last_at): (DateTime<Utc>, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(job_schedules::table)
        .filter(job_schedules::tenant_id.eq(tx.tenant()))
        .filter(job_schedules::name.eq(name))
        .set((
            job_schedules::next_at.eq(next_at),
            job_schedules::last_at.eq(last_at),
            job_schedules::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}
