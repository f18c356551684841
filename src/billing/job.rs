//! The jobs that have a tenant's subscription be as Stripe says, and its fees be on invoices.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::service;
use crate::job::{Class, Failure, Job, Run, Spec};

/// Why Stripe is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It has told that something is new, or we have changed something there.
    News,
    /// To see whether anything was missed.
    Check,
    /// The time is over for which a payment may be missing.
    GraceEnd,
}

impl Cause {
    /// Of each there is one job at a time: one that waits for its time keeps no other waiting.
    pub fn key(self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Check => "check",
            Self::GraceEnd => "grace_end",
        }
    }
}

/// Asks Stripe how the tenant's subscription stands, and has ours be so.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sync {
    pub cause: Cause,
}

#[async_trait]
impl Job for Sync {
    const SPEC: Spec = Spec {
        kind: "stripe_sync",
        class: Class::Quick,
        // Somebody has paid, and waits for it.
        rank: 10,
        // For about two days.
        attempts: 20,
        first_wait: Duration::from_secs(5),
        longest_wait: Duration::from_secs(4 * 60 * 60),
        timeout: Duration::from_secs(120),
    };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        service::sync_by_job(run, self.cause).await
    }
}

/// Puts the fees of the months that are over on invoices.
#[derive(Debug, Serialize, Deserialize)]
pub struct FeesInvoice {}

#[async_trait]
impl Job for FeesInvoice {
    const SPEC: Spec = Spec {
        kind: "fees_invoice",
        class: Class::Quick,
        // Nobody waits for it.
        rank: 80,
        // For about two days; the next month makes up for what is left.
        attempts: 20,
        first_wait: Duration::from_secs(60),
        longest_wait: Duration::from_secs(4 * 60 * 60),
        timeout: Duration::from_secs(300),
    };

    async fn run(&self, run: &Run) -> Result<(), Failure> {
        service::fees_by_job(run).await
    }
}
