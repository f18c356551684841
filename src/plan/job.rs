//! Jobs of plans.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::service;
use crate::job::{Class, Failure, Job, Run, Spec};

/// What they have in common: they are short, and have to be done.
const SPEC: Spec = Spec {
    kind: "plan_publish",
    class: Class::Quick,
    rank: 20,
    // For about two days.
    attempts: 20,
    first_wait: Duration::from_secs(5),
    longest_wait: Duration::from_secs(4 * 60 * 60),
    timeout: Duration::from_secs(60),
};

/// Tells the edge what a tenant's plan comes to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Publish {}

#[async_trait]
impl Job for Publish {
    const SPEC: Spec = SPEC;

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        service::plan_publish(run).await
    }
}

/// Copies a plan that an operator has changed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Apply {
    pub plan_id: Uuid,
}

#[async_trait]
impl Job for Apply {
    const SPEC: Spec = Spec { kind: "plan_apply", ..SPEC };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        service::plan_apply(run, self.plan_id).await
    }
}

/// Ends a trial, at its end.
#[derive(Debug, Serialize, Deserialize)]
pub struct TrialEnd {}

#[async_trait]
impl Job for TrialEnd {
    const SPEC: Spec = Spec { kind: "trial_end", ..SPEC };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        service::trial_end(run).await
    }
}

/// Says that a trial is about to end, some days before it does.
#[derive(Debug, Serialize, Deserialize)]
pub struct TrialWarn {
    /// Of which trial: another may have taken its place.
    pub ends_at: DateTime<Utc>,
}

#[async_trait]
impl Job for TrialWarn {
    const SPEC: Spec = Spec { kind: "trial_warn", ..SPEC };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        service::trial_warn(run, self.ends_at).await
    }
}
