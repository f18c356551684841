//! Running jobs: fair between tenants, bounded, under a claim that is renewed.
//!
//! A tenant's bell starts lanes for each class of jobs, as far as something is due and there are places: a tenant's own few,
//! and the process's, the last of which are for tenants that have none yet. A lane claims one job after the other for as
//! long as its turn lasts, by its tenant's plan; then it gives its place back and rings for what is left, behind everybody who has rung meanwhile.
//! So a tenant with a hundred thousand jobs delays another's first by a turn and a job at most.
//!
//! While a job runs its claim is renewed; what was claimed by a process that died comes again when the lease ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

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
/// How long a lane goes on claiming, for each of what its tenant's plan weighs, up to the longest.
const TURN: Duration = Duration::from_secs(1);
const LONGEST_TURN: Duration = Duration::from_secs(10);
/// How long a claim lasts, and how often it is renewed.
const LEASE: TimeDelta = TimeDelta::seconds(30);
const RENEW: Duration = Duration::from_secs(5);
/// Tries at writing down how an attempt ended, and the pause before the second; each further one is twice as long. Together
/// they are shorter than a claim.
const NOTES: u32 = 6;
const NOTE_AGAIN: Duration = Duration::from_millis(200);
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
    /// be due, and the tenant has no lane that would ring for it.
    pub async fn start_due(&self, tenant: TenantId) -> Result<Outcome, Fault> {
        let (mut outcome, mut is_begun) = (Outcome::Done, false);
        for class in Class::ALL {
            let Some(lane) = self.lane(tenant, class) else { continue };
            let turn = turn(self.0.app.resolver.standing(tenant).await?.map_or(1, |standing| standing.job_weight));
            loop {
                if self.0.closing.is_cancelled() {
                    return Ok(Outcome::Busy);
                }
                let Some(place) = self.0.places(class).take(tenant) else {
                    if !self.0.places(class).has(tenant) {
                        outcome = Outcome::Busy;
                    }
                    break;
                };
                let Some(job) = lane.claim().await? else { break };
                is_begun = true;
                self.0.tasks.spawn(lane.clone().run(place, turn, job));
            }
        }
        if !is_begun && matches!(outcome, Outcome::Done) {
            let (app, db) = (&self.0.app, self.0.app.db.tenant(tenant));
            let known: Vec<&str> = Class::ALL.into_iter().flat_map(|class| app.kinds.of(class)).collect();
            service::ring_if_due(app, &db, &known).await?;
        }
        Ok(outcome)
    }

    /// Does everything that is due for the tenant, one after the other.
    pub async fn finish_due(&self, tenant: TenantId) -> Result<(), Fault> {
        for lane in Class::ALL.into_iter().filter_map(|class| self.lane(tenant, class)) {
            while let Some(job) = lane.claim().await? {
                lane.work(job).await;
            }
        }
        Ok(())
    }

    /// A lane for a tenant's jobs of a class, of which there are kinds.
    fn lane(&self, tenant: TenantId, class: Class) -> Option<Lane> {
        let kinds = self.0.app.kinds.of(class);
        let db = self.0.app.db.tenant(tenant);
        (!kinds.is_empty()).then(|| Lane { inner: self.0.clone(), db, kinds: kinds.into() })
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
#[derive(Clone)]
struct Lane {
    inner: Arc<Inner>,
    db: TenantDb,
    kinds: Arc<[&'static str]>,
}

impl Lane {
    async fn run(self, place: Place, turn: Duration, first: Claimed) {
        let until = Instant::now() + turn;
        let mut claimed = Some(first);
        while let Some(job) = claimed.take() {
            self.work(job).await;
            if Instant::now() < until && !self.inner.closing.is_cancelled() {
                claimed = self.claim().await.unwrap_or_else(|fault| {
                    tracing::error!(%fault, tenant = %self.db.tenant(), "a lane of jobs stopped");
                    None
                });
            }
        }
        drop(place);
        if let Err(fault) = service::ring_if_due(&self.inner.app, &self.db, &self.kinds).await {
            tracing::warn!(%fault, tenant = %self.db.tenant(), "jobs wait for the bell that was set for dying workers");
        }
    }

    async fn claim(&self) -> Result<Option<Claimed>, Fault> {
        service::claim(&self.inner.app, &self.db, &self.kinds, LEASE).await
    }

    /// Makes an attempt at a claimed job, and writes down what follows. When the process ends it is given back.
    async fn work(&self, job: Claimed) {
        let (run, next) = if self.inner.closing.is_cancelled() {
            (self.run_of(&job), Next::GiveBack)
        } else {
            let span = match trace::is_on() {
                true => trace::span!("job", tenant = %self.db.tenant(), kind = job.kind, attempt = job.attempts),
                false => Span::none(),
            };
            self.attempt(&job).instrument(span).await
        };
        let (held, mut pause) = ((job.id, job.claim), NOTE_AGAIN);
        for note in 1..=NOTES {
            match service::end(&self.inner.app, &self.db, held, &next, run.shown_progress()).await {
                Ok(is_held) => {
                    if !is_held && !is_success(&next) {
                        tracing::warn!(tenant = %self.db.tenant(), job = %job.id, "a job outlived its claim");
                    }
                    return;
                }
                // It comes again when its lease ends, and what it did may be done twice.
                Err(fault) if note == NOTES => {
                    tracing::error!(%fault, tenant = %self.db.tenant(), job = %job.id, "a job's end was not noted");
                }
                Err(fault) => {
                    tracing::warn!(%fault, tenant = %self.db.tenant(), "a job's end was not noted; trying again");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
    }

    fn run_of(&self, job: &Claimed) -> Run {
        Run::new(self.inner.app.clone(), self.db.clone(), job, self.inner.closing.child_token())
    }

    /// One attempt, and what is to be known of it.
    async fn attempt(&self, job: &Claimed) -> (Run, Next) {
        let (app, started) = (&self.inner.app, Instant::now());
        let waited = (app.clock.now() - job.due_at).to_std().unwrap_or_default();
        let (run, next) = self.try_once(job).await;
        app.metrics.job_attempt(&job.kind, next.as_str(), waited, started.elapsed());
        (run, next)
    }

    /// One attempt, while its claim is renewed.
    async fn try_once(&self, job: &Claimed) -> (Run, Next) {
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
                _ = renewals.tick() => self.renew(job, &run).await,
            }
        };
        let next = self.follows(&spec, job, &run, done);
        (run, next)
    }

    async fn renew(&self, job: &Claimed, run: &Run) {
        let (app, held) = (&self.inner.app, (job.id, job.claim));
        match service::renew(app, &self.db, held, LEASE, run.shown_progress()).await {
            Ok(Some(false)) => {}
            Ok(Some(true)) => run.cancel(),
            // Ended in its own transaction a moment ago, or another worker's by now.
            Ok(None) => run.stop(),
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

/// How long a turn is for who weighs so much.
fn turn(weight: i16) -> Duration {
    (TURN * u32::try_from(weight).unwrap_or(1).max(1)).min(LONGEST_TURN)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_weighs_more_has_longer_turns_and_none_keeps_the_others_waiting_for_long() {
        let seconds = [0, 1, 4, 100].map(|weight| turn(weight).as_secs());
        assert_eq!(seconds, [1, 1, 4, 10]);
    }
}
