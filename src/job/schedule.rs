//! Jobs that are queued again and again, by the clock of the shop.
//!
//! A schedule is a row with a line of cron, and a job ([`Tick`]) that waits for its time: nothing else looks at clocks. That
//! job queues the real one, under the schedule's name, and itself for the next time, in one transaction. So a time comes
//! once however many workers there are; what is still at it then is done once more afterwards, and not twice at once; and
//! of the times that pass while no worker runs one is made up for. A time that has come does not come again for a process
//! whose clock is behind. Where somebody has given that job up, the sweep takes
//! the schedule up again.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::cron::{Cron, CronFault};
use super::kind::{Class, Failure, Job, Spec};
use super::model::Schedule;
use super::run::Run;
use super::service::{NewJob, Raw, enqueue_in_tx, enqueue_raw_in_tx};
use super::store::schedules as store;
use crate::app::App;
use crate::clock::Entropy;
use crate::db::{QueryError, QueryResult, TenantDb, TenantTx};
use crate::error::Fault;
use crate::shop::service::time_zone;

/// How long a schedule may be overdue before the sweep has it taken up.
const OVERDUE: TimeDelta = TimeDelta::hours(1);

/// The rank of kinds that this version does not know.
const MIDDLE: i16 = 50;

/// A job that is to be queued again and again.
pub struct NewSchedule<'a, J> {
    /// What it is for: a-z, 0-9 and _, at most 63. A tenant has one schedule of a name.
    pub name: &'a str,
    /// See [`Cron`]; by the clock of the shop.
    pub cron: &'a str,
    pub job: J,
}

/// Waits for a schedule's time.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tick {
    name: String,
}

#[async_trait]
impl Job for Tick {
    const SPEC: Spec = Spec {
        kind: "schedule",
        class: Class::Quick,
        rank: 10,
        attempts: 20,
        first_wait: Duration::from_secs(5),
        longest_wait: Duration::from_secs(3600),
        timeout: Duration::from_secs(30),
    };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        let (app, now) = (&run.app, run.app.clock.now());
        run.db
            .write(async |tx| {
                if let Some(schedule) = store::lock(tx, &self.name).await? {
                    self.come_in_tx(tx, app, &schedule, now).await?;
                }
                run.end_in_tx(tx).await
            })
            .await
    }
}

impl Tick {
    fn at(name: &str, at: DateTime<Utc>) -> NewJob<Self> {
        NewJob { job: Self { name: name.to_owned() }, run_at: at, unique_key: Some(name.to_owned()) }
    }

    /// Queues what the schedule is for, if its time has come, and itself for the next time.
    async fn come_in_tx(
        &self,
        tx: &mut TenantTx<'_>,
        app: &App,
        schedule: &Schedule,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let mut next_at = schedule.next_at;
        if next_at <= now {
            let raw = Raw {
                kind: &schedule.kind,
                payload: &schedule.payload,
                rank: app.kinds.spec(&schedule.kind).map_or(MIDDLE, |spec| spec.rank),
                unique_key: Some(&schedule.name),
                run_at: now,
            };
            enqueue_raw_in_tx(tx, now, &app.entropy, &raw).await?;
            let zone = time_zone(tx.conn()).await?;
            next_at = next(zone, &schedule.cron, now).map_err(ours)?;
            store::set_next(tx, &self.name, (next_at, Some(schedule.next_at)), now).await?;
        }
        enqueue_in_tx(tx, now, &app.entropy, &Self::at(&self.name, next_at)).await?;
        Ok(())
    }
}

/// The first time after this one, by the clock of a place.
fn next(zone: Tz, cron: &str, after: DateTime<Utc>) -> Result<DateTime<Utc>, CronFault> {
    Cron::parse(cron)?.next(zone, after)
}

/// After which time the next one is: a time that came last by another process's clock may be still to come by this one's.
fn later(last_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    last_at.map_or(now, |last_at| last_at.max(now))
}

/// Lines of cron are the code's own.
fn ours(fault: CronFault) -> QueryError {
    QueryError::QueryBuilderError(fault.into())
}

/// Has a job be queued again and again from now on, in place of what had the schedule's name.
pub async fn schedule_in_tx<J: Job>(
    tx: &mut TenantTx<'_>,
    now: DateTime<Utc>,
    entropy: &Entropy,
    new: &NewSchedule<'_, J>,
) -> QueryResult<()> {
    let zone = time_zone(tx.conn()).await?;
    let last_at = store::lock(tx, new.name).await?.and_then(|there| there.last_at);
    let schedule = Schedule {
        name: new.name.to_owned(),
        kind: J::SPEC.kind.to_owned(),
        payload: serde_json::to_value(&new.job).map_err(|error| QueryError::SerializationError(error.into()))?,
        cron: new.cron.to_owned(),
        next_at: next(zone, new.cron, later(last_at, now)).map_err(ours)?,
        last_at,
    };
    store::put(tx, &schedule, now).await?;
    enqueue_in_tx(tx, now, entropy, &Tick::at(new.name, schedule.next_at)).await.map(drop)
}

/// Ends a schedule; what it has queued is done.
pub async fn unschedule_in_tx(tx: &mut TenantTx<'_>, name: &str) -> QueryResult<()> {
    store::remove(tx, name).await.map(drop)
}

/// Has all schedules follow the shop's clock as it is now.
pub async fn reschedule_in_tx(tx: &mut TenantTx<'_>, now: DateTime<Utc>, entropy: &Entropy) -> QueryResult<()> {
    let zone = time_zone(tx.conn()).await?;
    for schedule in store::lock_all(tx).await? {
        // What is due stays so.
        if schedule.next_at <= now {
            continue;
        }
        let next_at = match next(zone, &schedule.cron, later(schedule.last_at, now)) {
            Ok(next_at) => next_at,
            // Of a newer version. It is no reason to refuse what the shop changes.
            Err(fault) => {
                tracing::error!(%fault, schedule = schedule.name, tenant = %tx.tenant(), "a schedule cannot be read");
                continue;
            }
        };
        store::set_next(tx, &schedule.name, (next_at, schedule.last_at), now).await?;
        // Where it waits for longer already, it looks earlier; where for less, it goes on to wait then.
        enqueue_in_tx(tx, now, entropy, &Tick::at(&schedule.name, next_at)).await?;
    }
    Ok(())
}

/// Takes up the schedules of a tenant that are overdue: nobody waits for their time any more.
pub(crate) async fn take_up(app: &App, db: &TenantDb) -> Result<(), Fault> {
    let now = app.clock.now();
    let overdue = db.read(async |conn| Ok::<_, Fault>(store::overdue(conn, now - OVERDUE).await?)).await?;
    if overdue.is_empty() {
        return Ok(());
    }
    db.write(async |tx| {
        for name in &overdue {
            enqueue_in_tx(tx, now, &app.entropy, &Tick::at(name, now)).await?;
        }
        Ok(())
    })
    .await
}
