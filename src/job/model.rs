//! A job as the merchant sees it, and as its worker does; when the next attempt is due.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::kind::Spec;

/// Characters of what an attempt says went wrong.
pub const MAX_ERROR: usize = 1024;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
#[graphql(name = "JobStatus")]
pub enum JobStatus {
    /// It waits for its time, for its turn, or for its next attempt.
    Queued,
    /// A worker is at it.
    Running,
    /// It is done.
    Succeeded,
    /// No attempt is left; `jobRetry` begins anew.
    Failed,
    /// It was given up on somebody's wish; `jobRetry` begins anew.
    Cancelled,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Succeeded,
    Failed,
    Cancelled,
}

impl End {
    pub fn as_db(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// A job as people look at it.
#[derive(Clone, Debug)]
pub struct JobInfo {
    pub id: Uuid,
    pub kind: String,
    pub status: JobStatus,
    pub attempts: i32,
    pub run_at: Option<DateTime<Utc>>,
    pub cancel_requested_at: Option<DateTime<Utc>>,
    pub progress: Progress,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// A job that is queued again and again, by the clock of the shop.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// One tenant has one of a name.
    pub name: String,
    pub kind: String,
    pub payload: Value,
    /// Its line: [`super::cron::Cron`].
    pub cron: String,
    pub next_at: DateTime<Utc>,
    pub last_at: Option<DateTime<Utc>>,
}

/// How much of it is done, in whatever its kind counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: i64,
    /// None: not known yet.
    pub total: Option<i64>,
}

/// A job that a worker has claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: Uuid,
    pub claim: Uuid,
    pub kind: String,
    pub payload: Value,
    /// Since when the attempt could have been made.
    pub due_at: DateTime<Utc>,
    /// This attempt included.
    pub attempts: i32,
    pub checkpoint: Option<Value>,
    pub progress: Progress,
}

/// What follows an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    End(End, Option<String>),
    /// Another attempt at that time.
    Again(DateTime<Utc>, String),
    /// The same attempt at once, by anybody.
    GiveBack,
}

impl Next {
    /// In metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::End(End::Succeeded, _) => "succeeded",
            Self::End(End::Failed, _) => "failed",
            Self::End(End::Cancelled, _) => "cancelled",
            Self::Again(..) => "again",
            Self::GiveBack => "given_back",
        }
    }
}

/// How long to wait after so many attempts, up to a tenth more by a random number from 0 to 1: those that failed together
/// do not come back together. None: that was the last one.
pub fn wait(spec: &Spec, attempts: i32, random: f64) -> Option<TimeDelta> {
    if attempts >= spec.attempts {
        return None;
    }
    let doublings = u32::try_from(attempts - 1).unwrap_or_default().min(30);
    let wait = spec.first_wait.saturating_mul(1 << doublings).min(spec.longest_wait);
    let wait = wait + Duration::from_secs_f64(wait.as_secs_f64() / 10.0 * random.clamp(0.0, 1.0));
    Some(TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(1)))
}

/// As much of a text as is kept; never nothing.
pub fn kept_error(text: &str) -> String {
    let kept: String = text.chars().filter(|c| *c != '\0').take(MAX_ERROR).collect();
    if kept.is_empty() { "no reason was given".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Class;

    const SPEC: Spec = Spec {
        kind: "test",
        class: Class::Quick,
        rank: 0,
        attempts: 5,
        first_wait: Duration::from_secs(10),
        longest_wait: Duration::from_secs(60),
        timeout: Duration::from_secs(60),
    };

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let waits: Vec<Option<i64>> = (1..=5).map(|n| wait(&SPEC, n, 0.0).map(|wait| wait.num_seconds())).collect();
        assert_eq!(waits, [Some(10), Some(20), Some(40), Some(60), None]);
        assert_eq!(wait(&SPEC, 1, 1.0), Some(TimeDelta::seconds(11)), "up to a tenth more");
        assert_eq!(wait(&Spec { attempts: i32::MAX, ..SPEC }, i32::MAX - 1, 0.0), Some(TimeDelta::seconds(60)));
    }

    #[test]
    fn what_went_wrong_is_said_in_so_many_characters() {
        assert_eq!(kept_error(&"ü".repeat(2000)).chars().count(), MAX_ERROR);
        assert_eq!(kept_error("\0"), "no reason was given");
    }
}
