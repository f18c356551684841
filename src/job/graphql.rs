//! Jobs in the schema: for who runs the shop.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;
use uuid::Uuid;

use super::loaders::JobById;
use super::model::{JobInfo, JobStatus, Schedule};
use super::rule::{JobErrorCode, JobRule};
use super::{service, store};
use crate::access::permission::READ_JOBS;
use crate::app::App;
use crate::db::TenantDb;
use crate::error::{ServiceError, ServiceResult};
use crate::graphql::connection::{Cursor, Page, PageArgs};
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::graphql::user_error::split;
use crate::ids::Gid;
use crate::{connection, user_error};

/// Work that is done in the background: a mail, an import. Kept for a while after its end: 30 days, unless the operator has
/// chosen otherwise.
#[derive(Clone, Debug, Description)]
pub struct Job(Arc<JobInfo>);

connection!(JobConnection, JobEdge, Job);

/// How far a job is.
#[derive(SimpleObject)]
pub struct JobProgress {
    /// How much is done.
    done: i64,
    /// Of how much; null while that is not known.
    total: Option<i64>,
}

#[Object(use_type_description)]
impl Job {
    /// The job's global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Job", self.0.id)
    }

    /// What is done, as a word: `mail`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// How far it is.
    async fn status(&self) -> JobStatus {
        self.0.status
    }

    /// Whether it has ended, however it did.
    async fn done(&self) -> bool {
        self.0.ended_at.is_some()
    }

    /// How many attempts were begun.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// How many there are at most; null when only a newer version of the service knows.
    async fn max_attempts(&self, ctx: &Context<'_>) -> Option<i32> {
        ctx.scope().app.kinds.spec(&self.0.kind).map(|spec| spec.attempts)
    }

    /// When the next attempt is due, or the one that runs was; null once it has ended.
    async fn run_at(&self) -> Option<DateTime> {
        self.0.run_at.map(DateTime)
    }

    /// How much of it is done, in whatever it counts: rows, mails.
    async fn progress(&self) -> JobProgress {
        JobProgress { done: self.0.progress.done, total: self.0.progress.total }
    }

    /// What went wrong with the last attempt; null when nothing did. At most 1024 characters.
    async fn last_error(&self) -> Option<&str> {
        self.0.last_error.as_deref()
    }

    /// When somebody wished that it is given up; null when nobody did.
    async fn cancel_requested_at(&self) -> Option<DateTime> {
        self.0.cancel_requested_at.map(DateTime)
    }

    /// When it was queued.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When its state last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }

    /// When it ended; null while it has not.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }
}

/// A job that is queued again and again, by the shop's clock (`tenantSettings.ianaTimezone`).
#[derive(SimpleObject)]
pub struct JobSchedule {
    /// What it is for, as a word.
    name: String,
    /// Of which kind its jobs are.
    kind: String,
    /// When: minute, hour, day of the month, month and day of the week, as cron has them.
    cron: String,
    /// When it is queued next.
    next_run_at: DateTime,
    /// For which time it was queued last; null when it has not been.
    last_run_at: Option<DateTime>,
}

impl From<Schedule> for JobSchedule {
    fn from(schedule: Schedule) -> Self {
        let Schedule { name, kind, cron, next_at, last_at, .. } = schedule;
        Self { name, kind, cron, next_run_at: DateTime(next_at), last_run_at: last_at.map(DateTime) }
    }
}

user_error!(JobUserError, JobErrorCode);

impl From<JobRule> for JobUserError {
    fn from(rule: JobRule) -> Self {
        Self { field: Some(vec!["id".to_owned()]), message: rule.to_string(), code: Some(rule.code()) }
    }
}

#[derive(Default)]
pub struct JobQuery;

#[guarded]
#[Object]
impl JobQuery {
    /// A job by id; null when there is none, or not any more.
    #[requires(read_jobs)]
    async fn job(&self, ctx: &Context<'_>, #[graphql(desc = "The job's global id.")] id: ID) -> Result<Option<Job>> {
        match Gid::of(&id, "Job") {
            Some(id) => job_of_merchant(ctx.scope(), id).await,
            None => Ok(None),
        }
    }

    /// The shop's jobs, in the order in which they were queued.
    #[requires(read_jobs)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of every connection")]
    async fn jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that are this far.")] status: Option<JobStatus>,
        #[graphql(desc = "Only those of this kind.")] kind: Option<String>,
        #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
        #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
        #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
        #[graphql(desc = "Turn the order round: the latest first.", default_with = "Some(false)")] reverse: Option<
            bool,
        >,
    ) -> Result<JobConnection> {
        let page = PageArgs { first, after, last, before, reverse }.check()?;
        let which = (status, kind.as_deref());
        let rows = ctx.scope().read(async |conn| store::page(conn, which, &page).await).await?;
        let page = Page::from_rows(&page, rows, |job| Cursor::by_id(job.id));
        Ok(JobConnection(page.map(|job| Job(Arc::new(job)))))
    }

    /// What is queued again and again, by name.
    #[requires(read_jobs)]
    async fn job_schedules(&self, ctx: &Context<'_>) -> Result<Vec<JobSchedule>> {
        let schedules = ctx.scope().read(async |conn| store::schedules::all(conn).await).await?;
        Ok(schedules.into_iter().map(Into::into).collect())
    }
}

/// The job with this id, for who may see jobs.
pub async fn job_of_merchant(scope: &Scope, id: Uuid) -> Result<Option<Job>> {
    Ok(scope.load_for(READ_JOBS, JobById(id)).await?.map(Job))
}

/// The answer of `jobRetry`.
#[derive(SimpleObject)]
pub struct JobRetryPayload {
    /// The job, queued again.
    job: Option<Job>,
    /// Why it was not.
    user_errors: Vec<JobUserError>,
}

/// The answer of `jobCancel`.
#[derive(SimpleObject)]
pub struct JobCancelPayload {
    /// The job, given up or about to be.
    job: Option<Job>,
    /// Why it was not.
    user_errors: Vec<JobUserError>,
}

#[derive(Default)]
pub struct JobMutation;

#[guarded]
#[Object]
impl JobMutation {
    /// Queues a job again that has failed or was cancelled, with all its attempts before it.
    #[requires(write_jobs)]
    async fn job_retry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job's global id.")] id: ID,
    ) -> Result<Option<JobRetryPayload>> {
        let (job, user_errors) =
            done(ctx.scope(), &id, |app, db, id| async move { service::job_retry(&app, &db, id).await }).await?;
        Ok(Some(JobRetryPayload { job, user_errors }))
    }

    /// Gives a job up: at once when it waits. One that runs is told within seconds; what it has done until then is done.
    #[requires(write_jobs)]
    async fn job_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The job's global id.")] id: ID,
    ) -> Result<Option<JobCancelPayload>> {
        let (job, user_errors) =
            done(ctx.scope(), &id, |app, db, id| async move { service::job_cancel(&app, &db, id).await }).await?;
        Ok(Some(JobCancelPayload { job, user_errors }))
    }
}

/// Does this with the job of the id, and answers how it is then, or why it was not done.
async fn done<F>(
    scope: &Scope,
    id: &ID,
    work: impl FnOnce(App, TenantDb, Uuid) -> F,
) -> Result<(Option<Job>, Vec<JobUserError>)>
where
    F: Future<Output = ServiceResult<JobInfo, JobRule>> + Send + 'static,
{
    let done = match Gid::of(id, "Job") {
        None => Err(ServiceError::Rule(JobRule::NotFound)),
        Some(id) => scope.act(work(scope.app.clone(), scope.db().clone(), id)).await?,
    };
    let (job, user_errors) = split(done)?;
    Ok((job.map(|job| Job(Arc::new(job))), user_errors))
}
