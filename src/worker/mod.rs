//! What happens after the commit: publishing events, sending webhooks, settling payments, doing jobs.
//!
//! A bell in `platform.outbox_ready` says that a tenant has work; whoever claims it does all the work of that kind
//! that the tenant has by then, through the tenant's own connection, and takes the bell down. Invariants: no bell is
//! taken down before its work is done, so a worker that dies costs time only; any number of workers may run.
//!
//! Beside that it sweeps ([`sweep`]): what has expired is deleted, tenant by tenant.
//!
//! [`run`] is the process, [`drain`] the same work at one moment, for tests and tools.

mod bells;
mod deliver;
mod jobs;
mod places;
mod relay;
mod render;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::app::App;
use crate::cache::Notice;
use crate::error::Fault;
use crate::events::Work;
use crate::telemetry::trace;
use bells::{Job, Wanted};
use deliver::Deliverer;
use jobs::Runner;
use places::Places;
pub use sweep::sweep;

/// Between two claims under load.
const PAUSE: Duration = Duration::from_millis(5);
/// A job that failed is tried again after this.
const BACK_OFF: TimeDelta = TimeDelta::seconds(5);

/// How the worker behaves; tests shorten it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How often to look for due bells without having been told of any.
    pub poll: Duration,
    /// How many webhooks are being sent at once, at most.
    pub attempts: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { poll: Duration::from_secs(1), attempts: 1024 }
    }
}

/// Works until the token is cancelled, then lets what is running finish within `SHUTDOWN_TIMEOUT_MS`.
pub async fn run(app: App, shutdown: CancellationToken) -> Result<(), Fault> {
    run_with(app, Options::default(), shutdown).await
}

pub async fn run_with(app: App, options: Options, shutdown: CancellationToken) -> Result<(), Fault> {
    let grace = app.config.http.shutdown_timeout;
    let worker = Arc::new(Worker::new(app.clone(), options, false)?);
    let wakers = Work::ALL.map(|work| (work, watch::Sender::new(())));
    let mut loops = JoinSet::new();
    loops.spawn(sweep::attend(app, shutdown.clone()));
    for (work, wake) in &wakers {
        loops.spawn(worker.clone().attend(*work, wake.subscribe(), options, shutdown.clone()));
    }
    shutdown.run_until_cancelled(wake_on_notice(&worker.app, &wakers)).await;
    shutdown.cancelled().await;
    let left = worker.deliverer.close();
    worker.runner.close();
    let finished = async {
        let ended = async { while loops.join_next().await.is_some() {} };
        tokio::join!(worker.deliverer.hand_over(&left), ended);
        tokio::join!(worker.deliverer.closed(), worker.runner.closed());
    };
    if tokio::time::timeout(grace, finished).await.is_err() {
        tracing::warn!("work was cut off; it comes again when its leases end");
    }
    Ok(())
}

/// Does everything that is due now, and what that makes due, until nothing is left. One thing after the other.
pub async fn drain(app: &App) -> Result<(), Fault> {
    let worker = Worker::new(app.clone(), Options::default(), true)?;
    loop {
        let mut idle = true;
        for work in Work::ALL {
            let wanted = Wanted { work, now: app.clock.now(), jobs: JOBS, besides: &[] };
            for job in bells::claim(app.db.platform(), &wanted, &[]).await? {
                idle = false;
                match worker.perform(&job).await? {
                    Outcome::Done => bells::done(app.db.platform(), &job.bells).await?,
                    Outcome::Busy => {
                        bells::give_back(app.db.platform(), &[job], app.clock.now()).await?;
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
        if idle {
            return Ok(());
        }
    }
}

/// How long the oldest work of each kind has been due in the whole database; zero where there is none.
pub async fn oldest_work(app: &App) -> Result<Vec<(Work, Duration)>, Fault> {
    let now = app.clock.now();
    let due = bells::oldest(app.db.platform(), now).await?;
    Ok(due
        .into_iter()
        .map(|(work, due_at)| (work, due_at.map_or(Duration::ZERO, |at| (now - at).to_std().unwrap_or_default())))
        .collect())
}

/// Jobs claimed at once, at most.
const JOBS: i64 = 200;

/// What came of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Its bells can be taken down.
    Done,
    /// Somebody else is at it, or this process does no more of it: its bells stay, for anybody.
    Busy,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Busy => "busy",
        }
    }
}

/// A job's end.
#[derive(Debug)]
struct Ended {
    outcome: Outcome,
    /// Those that are to be taken down. Of a job that is not done they have been given back.
    bells: Vec<i64>,
}

/// How many tenants' jobs of a kind run side by side in one process. Few where they only use the database, whose
/// connections requests need too.
fn breadth(work: Work) -> usize {
    match work {
        Work::Events | Work::Deliveries | Work::Jobs => 3,
        Work::Payments => 8,
    }
}

/// Wakes the loops whose kind of work another process, or this one, has committed.
async fn wake_on_notice(app: &App, wakers: &[(Work, watch::Sender<()>)]) {
    let mut notices = app.shared.subscribe();
    loop {
        let kinds = match notices.recv().await {
            Ok(Notice::WorkWaiting { kinds }) => kinds,
            Ok(Notice::Reset) | Err(RecvError::Lagged(_)) => u8::MAX,
            Ok(_) => 0,
            Err(RecvError::Closed) => return,
        };
        for (_, wake) in wakers.iter().filter(|(work, _)| work.bit() & kinds != 0) {
            wake.send_replace(());
        }
    }
}

struct Worker {
    app: App,
    deliverer: Deliverer,
    runner: Runner,
    /// Whether deliveries and jobs are seen through one after the other instead of going on by themselves.
    in_order: bool,
}

impl Worker {
    fn new(app: App, options: Options, in_order: bool) -> Result<Self, Fault> {
        let (deliverer, runner) = (Deliverer::new(app.clone(), options.attempts)?, Runner::new(app.clone()));
        Ok(Self { deliverer, runner, app, in_order })
    }

    /// The loop of one kind of work: until the shutdown, and then to the end of what is running.
    async fn attend(
        self: Arc<Self>,
        work: Work,
        mut wake: watch::Receiver<()>,
        options: Options,
        shutdown: CancellationToken,
    ) {
        let mut places = Places::new(breadth(work));
        while !shutdown.is_cancelled() {
            wake.mark_unchanged();
            // For free places only: nobody's bells wait behind another's job, and no lease ends before its job does.
            let claimed = if places.free() > 0 { self.claim(work, &mut places).await } else { Vec::new() };
            let found = !claimed.is_empty();
            for job in claimed {
                places.start(job.tenant, self.clone().work_off(job));
            }
            if found {
                // What is rung while work is being found is taken together with the next claim.
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            tokio::select! {
                _ = wake.changed() => {}
                () = places.change() => {}
                () = tokio::time::sleep(options.poll) => {}
                () = shutdown.cancelled() => {}
            }
        }
        // Each as it ends: while a payments job's bell is claimed, nobody takes the tenant's next.
        while let Some(done) = places.next_done().await {
            if let Err(error) = bells::done(self.app.db.platform(), &done).await {
                tracing::error!(%error, ?work, "a job comes again when its lease ends");
            }
        }
    }

    async fn claim(&self, work: Work, places: &mut Places) -> Vec<Job> {
        let jobs = i64::try_from(places.free()).unwrap_or(JOBS);
        let done = places.take_done();
        let wanted = Wanted { work, now: self.app.clock.now(), jobs, besides: &places.taken() };
        match bells::claim(self.app.db.platform(), &wanted, &done).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%error, ?work, "could not look for work");
                places.put_back(done);
                Vec::new()
            }
        }
    }

    /// One job from the claim to its end; a failure is logged and tried again. The bells of one that is done are taken
    /// down with the next claim, which follows at once.
    async fn work_off(self: Arc<Self>, job: Job) -> Ended {
        let span = match trace::is_on() {
            true => trace::span!("job", tenant = %job.tenant, work = job.work.as_db()),
            false => Span::none(),
        };
        let performed = self.perform(&job).instrument(span).await;
        self.app.metrics.bell(job.work.as_db(), performed.as_ref().map_or("failed", |outcome| outcome.as_str()));
        let (outcome, after) = match performed {
            Ok(Outcome::Done) => return Ended { outcome: Outcome::Done, bells: job.bells },
            Ok(Outcome::Busy) => (Outcome::Busy, TimeDelta::zero()),
            Err(error) => {
                tracing::error!(%error, tenant = %job.tenant, work = ?job.work, "a job failed; it comes again");
                (Outcome::Done, BACK_OFF)
            }
        };
        self.give_back(&[job], after).await;
        Ended { outcome, bells: Vec::new() }
    }

    /// Gives jobs back that are not done, to be claimed by anyone after so long.
    async fn give_back(&self, jobs: &[Job], after: TimeDelta) {
        if let Err(error) = bells::give_back(self.app.db.platform(), jobs, self.app.clock.now() + after).await {
            tracing::error!(%error, "jobs come again when their leases end");
        }
    }

    async fn perform(&self, job: &Job) -> Result<Outcome, Fault> {
        match job.work {
            Work::Events => return relay::relay(&self.app, job.tenant).await,
            Work::Deliveries if self.in_order => self.deliverer.finish_due(job.tenant).await?,
            Work::Deliveries => return self.deliverer.start_due(job.tenant).await,
            Work::Jobs if self.in_order => self.runner.finish_due(job.tenant).await?,
            Work::Jobs => return self.runner.start_due(job.tenant).await,
            Work::Payments => crate::checkout::service::settle_due(&self.app, job.tenant).await?,
        }
        Ok(Outcome::Done)
    }
}
