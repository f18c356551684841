//! Kinds of jobs: what each is like, and which there are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::run::Run;
use crate::db::QueryError;
use crate::error::Fault;

/// How long jobs take: those of one class do not wait for those of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Seconds: a mail, a call.
    Quick,
    /// Minutes and hours: an import, a report.
    Long,
}

impl Class {
    pub const ALL: [Self; 2] = [Self::Quick, Self::Long];
}

/// What jobs of a kind are like.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// The name in the database and in the schema: a-z, 0-9 and _, at most 63.
    pub kind: &'static str,
    pub class: Class,
    /// 0 to 100: within a tenant, the lowest first.
    pub rank: i16,
    /// Attempts until it is left to people: at least 1.
    pub attempts: i32,
    /// Between the first attempt and the second; each further wait is twice as long, up to `longest_wait`.
    pub first_wait: Duration,
    pub longest_wait: Duration,
    /// An attempt that takes longer has failed.
    pub timeout: Duration,
}

/// Why an attempt did not do it. The texts are shown to the merchant: at most 1024 characters of them are kept.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// It may the next time.
    #[error("{0}")]
    Again(String),
    /// No further attempt can.
    #[error("{0}")]
    Never(String),
    /// It was told to stop ([`Run::stopped`]) and goes on from its checkpoint later; unless it was cancelled.
    #[error("it was interrupted")]
    Interrupted,
    /// Something of ours: what it was is for the log.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::Fault(error.into())
    }
}

/// A kind of job: what it is done with, and how.
#[async_trait]
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    const SPEC: Spec;

    /// One attempt. It may be the second one that does the same, or run beside one whose process is thought dead: what must
    /// happen once is written under the claim.
    async fn run(&self, run: &Run) -> Result<(), Failure>;
}

type Attempt = fn(Value, Run) -> BoxFuture<'static, Result<(), Failure>>;

/// The kinds that a process knows. Cheap to clone.
#[derive(Clone, Default)]
pub struct Kinds(Arc<BTreeMap<&'static str, (Spec, Attempt)>>);

impl Kinds {
    /// With one more.
    pub fn with<J: Job>(self) -> Self {
        let attempt: Attempt = |payload, run| {
            Box::pin(async move {
                let job: J = serde_json::from_value(payload)
                    .map_err(|error| Fault::internal(format!("what a {} is done with: {error}", J::SPEC.kind)))?;
                job.run(&run).await
            })
        };
        let mut kinds = Arc::unwrap_or_clone(self.0);
        kinds.insert(J::SPEC.kind, (J::SPEC, attempt));
        Self(Arc::new(kinds))
    }

    pub fn spec(&self, kind: &str) -> Option<Spec> {
        self.0.get(kind).map(|(spec, _)| *spec)
    }

    /// The names of those of a class.
    pub fn of(&self, class: Class) -> Vec<&'static str> {
        self.0.values().filter(|(spec, _)| spec.class == class).map(|(spec, _)| spec.kind).collect()
    }

    /// Makes one attempt at a job of a kind that is known.
    pub(crate) async fn attempt(&self, kind: &str, payload: Value, run: Run) -> Result<(), Failure> {
        match self.0.get(kind) {
            Some((_, attempt)) => attempt(payload, run).await,
            None => Err(Fault::internal(format!("nobody knows how to do a {kind}")).into()),
        }
    }
}

/// All that there are.
pub fn kinds() -> Kinds {
    Kinds::default()
        .with::<super::schedule::Tick>()
        .with::<crate::mail::Delivery>()
        .with::<crate::plan::job::Publish>()
        .with::<crate::plan::job::Apply>()
        .with::<crate::plan::job::TrialEnd>()
        .with::<crate::plan::job::TrialWarn>()
        .with::<crate::billing::job::Sync>()
        .with::<crate::billing::job::FeesInvoice>()
}
