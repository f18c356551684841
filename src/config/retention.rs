//! How long what is no longer needed is kept. The worker's sweep deletes it afterwards.

use chrono::TimeDelta;

use super::read::Reader;

const MAX_DAYS: u32 = 3_650;

/// How long each kind of row is kept.
#[derive(Clone, Debug)]
pub struct RetentionConfig {
    /// `EVENT_RETENTION_DAYS`: published events, so how long a subscriber may stay away and still resume.
    pub events: TimeDelta,
    /// `WEBHOOK_DELIVERY_RETENTION_DAYS`: deliveries with their attempts, counted from their end. What waits for a
    /// disabled subscription is kept as long; what is still to be sent is never deleted.
    pub deliveries: TimeDelta,
    /// `JOB_RETENTION_DAYS`: jobs, counted from their end.
    pub jobs: TimeDelta,
    /// `STRIPE_EVENT_RETENTION_DAYS`: what Stripe has told.
    pub stripe_events: TimeDelta,
    /// `CART_RETENTION_DAYS`: carts, counted from their last change, or from the purchase that ended them.
    pub carts: TimeDelta,
    /// `IDEMPOTENCY_KEY_RETENTION_HOURS`: outcomes under an idempotency key. At least the day that clients are
    /// promised.
    pub idempotency_keys: TimeDelta,
}

impl RetentionConfig {
    pub(super) fn read_with(r: &mut Reader<'_>) -> Self {
        r.section("Retention");
        let mut days = |name, meaning| TimeDelta::days(r.number(name, 30, 1..=MAX_DAYS, meaning).into());
        Self {
            events: days("EVENT_RETENTION_DAYS", "how long published events can be resumed from"),
            deliveries: days("WEBHOOK_DELIVERY_RETENTION_DAYS", "how long deliveries are kept after their end"),
            jobs: days("JOB_RETENTION_DAYS", "how long jobs are kept after their end"),
            stripe_events: days("STRIPE_EVENT_RETENTION_DAYS", "how long events of Stripe are kept"),
            carts: days("CART_RETENTION_DAYS", "how long carts are kept after their last change"),
            idempotency_keys: TimeDelta::hours(
                r.number(
                    "IDEMPOTENCY_KEY_RETENTION_HOURS",
                    24,
                    24..=24 * MAX_DAYS,
                    "how long a repeated request is answered what it was first",
                )
                .into(),
            ),
        }
    }
}
