//! The bells (`platform.outbox_ready`): claimed with a lease, so that no lock is held while the work is done.
//!
//! Nothing here waits for the disk: a claim that a crash of the server undoes is made again, and a bell that is back
//! after it was taken down finds its work done.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::platform_tables::outbox_ready;
use crate::db::{PlatformConn, PlatformDb, planned};
use crate::error::Fault;
use crate::events::Work;
use crate::ids::TenantId;

/// How long claimed bells belong to their worker: longer than a job takes.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// Bells claimed at once, at most.
const ROWS: i64 = 10_000;

/// One kind of work for one tenant: all its bells that were due, as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub tenant: TenantId,
    pub work: Work,
    pub(super) bells: Vec<i64>,
}

/// Which bells are wanted.
pub struct Wanted<'a> {
    pub work: Work,
    /// Due by then.
    pub now: DateTime<Utc>,
    /// Of at most so many tenants.
    pub jobs: i64,
    /// Not of these: so that a tenant takes one of the places of a kind of work, however often it rings.
    pub besides: &'a [TenantId],
}

/// Claims due bells, the longest due first, and with a tenant's first one all others that it has due: they are one
/// job, after which it stands behind everybody who has waited meanwhile.
///
/// While a tenant's payments are being settled in any process, its other bells of that kind wait: a job may take as
/// long as gateways take to be silent.
///
/// On the way it takes down the bells of jobs that are done ([`done`]).
pub async fn claim(db: &PlatformDb, wanted: &Wanted<'_>, done: &[i64]) -> Result<Vec<Job>, Fault> {
    let claimed = db.run_relaxed(async |conn| {
        take_down(conn, done)?;
        Ok::<_, Fault>(claim_rows(conn, wanted).await?)
    });
    let claimed = claimed.await?;
    let mut by_tenant: BTreeMap<Uuid, Vec<i64>> = BTreeMap::new();
    let mut order = Vec::new();
    for (bell, tenant) in claimed {
        let bells = by_tenant.entry(tenant).or_default();
        if bells.is_empty() {
            order.push(tenant);
        }
        bells.push(bell);
    }
    let job = |tenant: Uuid| {
        let bells = by_tenant.remove(&tenant).unwrap_or_default();
        Job { tenant: TenantId(tenant), work: wanted.work, bells }
    };
    Ok(order.into_iter().map(job).collect())
}

async fn claim_rows(conn: &mut PlatformConn<'_>, wanted: &Wanted<'_>) -> QueryResult<Vec<(i64, Uuid)>> {
    let &Wanted { work, now, jobs, besides } = wanted;
    let free = || {
        outbox_ready::table
            .filter(outbox_ready::kind.eq(work.as_db()))
            .filter(outbox_ready::due_at.le(now))
            .filter(outbox_ready::claimed_until.is_null().or(outbox_ready::claimed_until.le(now)))
            .order((outbox_ready::due_at, outbox_ready::id))
            .select((outbox_ready::id, outbox_ready::tenant_id))
    };
    let besides: Vec<Uuid> = besides.iter().map(|tenant| tenant.0).collect();
    let due = free().filter(outbox_ready::tenant_id.ne_all(besides)).limit(jobs);
    let first: Vec<(i64, Uuid)> = if work == Work::Payments {
        let other = diesel::alias!(outbox_ready as other);
        let running = other
            .filter(other.field(outbox_ready::tenant_id).eq(outbox_ready::tenant_id))
            .filter(other.field(outbox_ready::kind).eq(work.as_db()))
            .filter(other.field(outbox_ready::claimed_until).gt(now));
        due.filter(not(exists(running))).for_update().skip_locked().load(conn).await?
    } else {
        due.for_update().skip_locked().load(conn).await?
    };
    if first.is_empty() {
        return Ok(first);
    }
    let mut tenants: Vec<Uuid> = first.into_iter().map(|(_, tenant)| tenant).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let theirs = free().filter(outbox_ready::tenant_id.eq_any(tenants)).limit(ROWS);
    let rows: Vec<(i64, Uuid)> = theirs.for_update().skip_locked().load(conn).await?;
    let ids: Vec<i64> = rows.iter().map(|(id, _)| *id).collect();
    set_claimed_until(conn, &ids, now + LEASE)?;
    Ok(rows)
}

/// Since when the oldest bell of each kind has been due, those that are claimed included: their work is not done yet.
pub async fn oldest(db: &PlatformDb, now: DateTime<Utc>) -> Result<Vec<(Work, Option<DateTime<Utc>>)>, Fault> {
    db.run(async |conn| {
        let mut ages = Vec::new();
        for work in Work::ALL {
            let due = outbox_ready::table
                .filter(outbox_ready::kind.eq(work.as_db()))
                .filter(outbox_ready::due_at.le(now))
                .order((outbox_ready::due_at, outbox_ready::id))
                .select(outbox_ready::due_at);
            let oldest: Option<DateTime<Utc>> = due.first(conn).await.optional()?;
            ages.push((work, oldest));
        }
        Ok::<_, Fault>(ages)
    })
    .await
}

/// Takes down the bells of jobs that are done: exactly those that were claimed. What was rung since stays.
pub async fn done(db: &PlatformDb, bells: &[i64]) -> Result<(), Fault> {
    if bells.is_empty() {
        return Ok(());
    }
    db.run_relaxed(async |conn| Ok(take_down(conn, bells)?)).await
}

fn take_down(conn: &mut PlatformConn<'_>, bells: &[i64]) -> QueryResult<()> {
    if bells.is_empty() {
        return Ok(());
    }
    conn.send(&diesel::delete(outbox_ready::table.filter(outbox_ready::id.eq_any(bells))))
}

/// Gives jobs back, to be claimed again by anyone from then on.
pub async fn give_back(db: &PlatformDb, jobs: &[Job], not_before: DateTime<Utc>) -> Result<(), Fault> {
    let bells: Vec<i64> = jobs.iter().flat_map(|job| job.bells.iter().copied()).collect();
    db.run_relaxed(async |conn| Ok(set_claimed_until(conn, &bells, not_before)?)).await
}

fn set_claimed_until(conn: &mut PlatformConn<'_>, ids: &[i64], until: DateTime<Utc>) -> QueryResult<()> {
    let claim = diesel::update(outbox_ready::table.filter(outbox_ready::id.eq_any(ids)))
        .set(outbox_ready::claimed_until.eq(until));
    conn.send(&planned(claim))
}
