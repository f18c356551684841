//! What attempts say of an endpoint, and when it is given up: its subscription is disabled.
//!
//! An endpoint that says 410 Gone is given up at once, as Standard Webhooks has it; one that has taken nothing for a
//! day with the attempt that fails then. What is queued for it waits until the merchant enables the subscription.

use chrono::{DateTime, TimeDelta, Utc};

/// An endpoint that has failed for so long, without a success in between, is given up.
pub const PATIENCE: TimeDelta = TimeDelta::days(1);

/// What an attempt says of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The endpoint took the message.
    Taken,
    /// It did not.
    Failed,
    /// It answered 410: there is nobody any more.
    Gone,
    /// Nothing was sent, by no fault of the endpoint's.
    Unsent,
}

/// Why and on what condition a subscription is to be disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// If the endpoint has been failing since then, or for longer.
    pub if_failing_since: DateTime<Utc>,
    /// In words, for the merchant.
    pub reason: String,
}

/// What follows from a verdict at that time, `error` being what the merchant was told of the attempt.
pub fn given_up(verdict: Verdict, error: Option<&str>, now: DateTime<Utc>) -> Option<GivenUp> {
    match verdict {
        Verdict::Taken | Verdict::Unsent => None,
        Verdict::Failed => Some(GivenUp {
            if_failing_since: now - PATIENCE,
            reason: format!(
                "every attempt of the last 24 hours failed; the last one: {}",
                error.unwrap_or("it was not taken")
            ),
        }),
        // Whenever it began to fail, by whichever worker's clock.
        Verdict::Gone => Some(GivenUp {
            if_failing_since: now + PATIENCE,
            reason: "the endpoint answered 410 Gone: it wants nothing more".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_failed_can_give_an_endpoint_up() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let after = |verdict| given_up(verdict, Some("timed out"), now);
        assert_eq!((after(Verdict::Taken), after(Verdict::Unsent)), (None, None));
        let failed = after(Verdict::Failed).unwrap();
        assert_eq!(failed.if_failing_since, now - TimeDelta::hours(24));
        assert_eq!(failed.reason, "every attempt of the last 24 hours failed; the last one: timed out");
        assert!(after(Verdict::Gone).unwrap().if_failing_since > now);
    }
}
