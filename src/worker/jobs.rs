//! Running jobs: fair between tenants, bounded, under a claim that is renewed.
//!
//! A tenant's bell starts a lane of each class of jobs for which there is a place: of a tenant's own few, and of the
//! process's, the last of which are for tenants that have none yet. A lane claims a few jobs, does them one after the
//! other, and goes on for as long as its turn lasts; then it gives its place back and rings for what is left, behind
//! everybody who has rung meanwhile. So a tenant with a hundred thousand jobs delays another's first by a turn at most.
//!
//! While a lane works its claims are renewed; what was claimed by a process that died comes again when the lease ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::Outcome;
use crate::app::App;
use crate::db::TenantDb;
use crate::error::Fault;
use crate::ids::TenantId;
use crate::job::model::{Claimed, End, Next, kept_error, wait};
use crate::job::{Class, Failure, Run, Spec, service};
use crate::places::{Place, Places};
use crate::telemetry::trace;

/// Jobs of each class at once in one process. They need connections to the database, which requests need too.
const QUICK: usize = 16;
const LONG: usize = 8;
/// Jobs claimed at once of each class: long ones are not kept waiting for each other.
const QUICK_BATCH: i64 = 8;
const LONG_BATCH: i64 = 1;
/// How long a lane goes on claiming.
const TURN: Duration = Duration::from_secs(1);
/// How long a claim lasts, and how often it is renewed.
const LEASE: TimeDelta = TimeDelta::seconds(30);
const RENEW: Duration = Duration::from_secs(5);
/// A job that is told to stop, and does not, is left behind after this.
const STOPPING: Duration = Duration::from_secs(20);

/// The jobs of one process. Cheap to clone.
#[derive(Clone)]
pub struct Runner(Arc<Inner>);

struct Inner {
    app: App,
    quick: Places,
    long: Places,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl Runner {
    pub fn new(app: App) -> Self {
        let (quick, long) = (Places::new(QUICK), Places::new(LONG));
        Self(Arc::new(Inner { app, quick, long, tasks: TaskTracker::new(), closing: CancellationToken::new() }))
    }

    /// Starts what is due for the tenant, as far as there are places, and returns: it goes on by itself. Busy: something may
    /// be due for which there is no place now.
    pub async fn start_due(&self, tenant: TenantId) -> Result<Outcome, Fault> {
        let mut outcome = Outcome::Done;
        for class in Class::ALL {
            if self.0.closing.is_cancelled() {
                return Ok(Outcome::Busy);
            }
            let Some(place) = self.0.places(class).take(tenant) else {
                outcome = Outcome::Busy;
                continue;
            };
            let lane = Lane { inner: self.0.clone(), db: self.0.app.db.tenant(tenant), class };
            let claimed = lane.claim().await?;
            if !claimed.is_empty() {
                // What a batch leaves is for further lanes, while there are places.
                if claimed.len() as i64 >= lane.batch() {
                    lane.ring_if_due().await;
                }
                self.0.tasks.spawn(lane.run(place, claimed));
            }
        }
        Ok(outcome)
    }

    /// Does everything that is due for the tenant, one after the other.
    pub async fn finish_due(&self, tenant: TenantId) -> Result<(), Fault> {
        for class in Class::ALL {
            let lane = Lane { inner: self.0.clone(), db: self.0.app.db.tenant(tenant), class };
            loop {
                let claimed = lane.claim().await?;
                if claimed.is_empty() {
                    break;
                }
                lane.work_off(claimed).await?;
            }
        }
        Ok(())
    }

    /// Claims nothing more, and tells what runs to stop.
    pub fn close(&self) {
        self.0.closing.cancel();
        self.0.tasks.close();
    }

    /// Waits, after [`Self::close`], for what is running.
    pub async fn closed(&self) {
        self.0.tasks.wait().await;
    }
}

impl Inner {
    fn places(&self, class: Class) -> &Places {
        match class {
            Class::Quick => &self.quick,
            Class::Long => &self.long,
        }
    }
}

/// A tenant's turn at one class of jobs.
struct Lane {
    inner: Arc<Inner>,
    db: TenantDb,
    class: Class,
}

impl Lane {
    async fn run(self, place: Place, mut claimed: Vec<Claimed>) {
        let until = Instant::now() + TURN;
        let turn = async {
            while !claimed.is_empty() {
                self.work_off(std::mem::take(&mut claimed)).await?;
                if Instant::now() < until && !self.inner.closing.is_cancelled() {
                    claimed = self.claim().await?;
                }
            }
            Ok::<_, Fault>(())
        };
        if let Err(fault) = turn.await {
            // The bell that was set for the end of the lease brings it back.
            tracing::error!(%fault, tenant = %self.db.tenant(), "a lane of jobs stopped");
        }
        drop(place);
        self.ring_if_due().await;
    }

    fn batch(&self) -> i64 {
        match self.class {
            Class::Quick => QUICK_BATCH,
            Class::Long => LONG_BATCH,
        }
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.inner.app.kinds.of(self.class)
    }

    async fn claim(&self) -> Result<Vec<Claimed>, Fault> {
        service::claim(&self.inner.app, &self.db, &self.kinds(), LEASE, self.batch()).await
    }

    async fn ring_if_due(&self) {
        if let Err(fault) = service::ring_if_due(&self.inner.app, &self.db, &self.kinds()).await {
            tracing::warn!(%fault, tenant = %self.db.tenant(), "jobs wait for the bell that was set for dying workers");
        }
    }

    /// Does claimed jobs one after the other. What is left when the process ends is given back.
    async fn work_off(&self, claimed: Vec<Claimed>) -> Result<(), Fault> {
        let mut left: Vec<Uuid> = claimed.iter().map(|job| job.id).collect();
        for job in claimed {
            let (run, next) = if self.inner.closing.is_cancelled() {
                (self.run_of(&job), Next::GiveBack)
            } else if left.contains(&job.id) {
                let span = match trace::is_on() {
                    true => trace::span!("job", tenant = %self.db.tenant(), kind = job.kind, attempt = job.attempts),
                    false => Span::none(),
                };
                self.attempt(&job, &mut left).instrument(span).await
            } else {
                // Somebody else's by now.
                continue;
            };
            left.retain(|id| *id != job.id);
            let (held, progress) = ((job.id, job.claim), run.shown_progress());
            if !service::end(&self.inner.app, &self.db, held, &next, progress).await? && !is_success(&next) {
                tracing::warn!(tenant = %self.db.tenant(), job = %job.id, "a job outlived its claim");
            }
        }
        Ok(())
    }

    fn run_of(&self, job: &Claimed) -> Run {
        Run::new(self.inner.app.clone(), self.db.clone(), job, self.inner.closing.child_token())
    }

    /// One attempt, while the claims of all that are left are renewed. `left` loses those that are others' by then.
    async fn attempt(&self, job: &Claimed, left: &mut Vec<Uuid>) -> (Run, Next) {
        let run = self.run_of(job);
        let Some(spec) = self.inner.app.kinds.spec(&job.kind) else { return (run, Next::GiveBack) };
        if job.attempts > spec.attempts {
            return (run, service::died_too_often());
        }
        let kinds = self.inner.app.kinds.clone();
        // A task of its own: its panic is an attempt that failed.
        let task = {
            let (kind, payload, run) = (job.kind.clone(), job.payload.clone(), run.clone());
            async move { kinds.attempt(&kind, payload, run).await }
        };
        let mut task = tokio::spawn(task.in_current_span());
        let mut renewals = tokio::time::interval_at(tokio::time::Instant::now() + RENEW, RENEW);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (timeout, left_behind) = (tokio::time::sleep(spec.timeout), until_left_behind(run.clone()));
        tokio::pin!(timeout, left_behind);
        let done = loop {
            tokio::select! {
                done = &mut task => break done.unwrap_or_else(|error| Err(panicked(&error))),
                () = &mut timeout => {
                    task.abort();
                    break Err(Failure::Again(format!("it took longer than {} seconds", spec.timeout.as_secs())));
                }
                () = &mut left_behind => {
                    task.abort();
                    break Err(Failure::Interrupted);
                }
                _ = renewals.tick() => self.renew(job, &run, left).await,
            }
        };
        let next = self.follows(&spec, job, &run, done);
        (run, next)
    }

    async fn renew(&self, job: &Claimed, run: &Run, left: &mut Vec<Uuid>) {
        let (app, progress) = (&self.inner.app, run.shown_progress());
        match service::renew(app, &self.db, (job.claim, &left[..]), LEASE, (job.id, progress)).await {
            Ok(held) => {
                left.retain(|id| held.iter().any(|(held, _)| held == id));
                match held.iter().find(|(id, _)| *id == job.id) {
                    Some((_, false)) => {}
                    Some((_, true)) => run.cancel(),
                    // Ended in its own transaction a moment ago, or another worker's by now.
                    None => run.stop(),
                }
            }
            Err(fault) => tracing::warn!(%fault, tenant = %self.db.tenant(), "a claim was not renewed; trying again"),
        }
    }

    /// What follows, of how the attempt ended.
    fn follows(&self, spec: &Spec, job: &Claimed, run: &Run, done: Result<(), Failure>) -> Next {
        let app = &self.inner.app;
        let failure = match done {
            Ok(()) => return Next::End(End::Succeeded, None),
            Err(Failure::Interrupted) if run.is_cancelled() => return Next::End(End::Cancelled, None),
            Err(Failure::Interrupted) => return Next::GiveBack,
            Err(failure) => failure,
        };
        let said = match &failure {
            Failure::Fault(fault) => {
                tracing::error!(%fault, tenant = %self.db.tenant(), job = %job.id, kind = job.kind, "a job failed");
                "something went wrong on our side".to_owned()
            }
            other => kept_error(&other.to_string()),
        };
        match (failure, wait(spec, job.attempts, app.entropy.unit())) {
            (Failure::Never(_), _) | (_, None) => Next::End(End::Failed, Some(said)),
            (_, Some(wait)) => Next::Again(app.clock.now() + wait, said),
        }
    }
}

fn is_success(next: &Next) -> bool {
    matches!(next, Next::End(End::Succeeded, _))
}

fn panicked(error: &tokio::task::JoinError) -> Failure {
    Fault::internal(format!("a job's code panicked: {error}")).into()
}

/// Waits until a job that was told to stop has had its time to.
async fn until_left_behind(run: Run) {
    run.stopped().await;
    tokio::time::sleep(STOPPING).await;
}
