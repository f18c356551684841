//! The places of one kind of work in one process: a tenant takes one of them at a time.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::{Ended, Outcome};
use crate::ids::TenantId;

/// A tenant's work that somebody else is at is left to him for so long.
const REST: Duration = Duration::from_millis(200);

/// What is running, and for whom.
pub struct Places {
    breadth: usize,
    jobs: JoinSet<Ended>,
    tenants: HashMap<Id, TenantId>,
    resting: HashMap<TenantId, Instant>,
    /// The bells of jobs that are done, still to be taken down.
    done: Vec<i64>,
}

impl Places {
    pub fn new(breadth: usize) -> Self {
        let (tenants, resting) = (HashMap::new(), HashMap::new());
        Self { breadth, jobs: JoinSet::new(), tenants, resting, done: Vec::new() }
    }

    /// How many more jobs may run.
    pub fn free(&self) -> usize {
        self.breadth.saturating_sub(self.tenants.len())
    }

    /// The tenants of which no job is wanted now.
    pub fn taken(&mut self) -> Vec<TenantId> {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        self.tenants.values().chain(self.resting.keys()).copied().collect()
    }

    pub fn start(&mut self, tenant: TenantId, job: impl Future<Output = Ended> + Send + 'static) {
        let id = self.jobs.spawn(job).id();
        self.tenants.insert(id, tenant);
    }

    /// Waits until a job has ended or a tenant has rested. What has passed is not lost when the wait is given up.
    pub async fn change(&mut self) {
        let rested = self.resting.values().min().copied();
        let rest = async {
            match rested {
                Some(until) => tokio::time::sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            Some(ended) = self.jobs.join_next_with_id() => self.end(ended),
            () = rest => self.resting.retain(|_, until| *until > Instant::now()),
        }
        while let Some(ended) = self.jobs.try_join_next_with_id() {
            self.end(ended);
        }
    }

    /// The bells that are to be taken down, for who does it.
    pub fn take_done(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.done)
    }

    /// They could not be taken down now.
    pub fn put_back(&mut self, done: Vec<i64>) {
        self.done.extend(done);
    }

    /// Waits until a job has ended; answers the bells that are to be taken down. None: no job is left.
    pub async fn next_done(&mut self) -> Option<Vec<i64>> {
        if self.done.is_empty() {
            let ended = self.jobs.join_next_with_id().await?;
            self.end(ended);
        }
        Some(self.take_done())
    }

    fn end(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let (id, Ended { outcome, bells }) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), Ended { outcome: Outcome::Done, bells: Vec::new() }),
        };
        self.done.extend(bells);
        if let (Some(tenant), Outcome::Busy) = (self.tenants.remove(&id), outcome) {
            self.resting.insert(tenant, Instant::now() + REST);
        }
    }
}
