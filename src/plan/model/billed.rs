//! What becomes of a subscription of which Stripe says how it stands.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Period, Plan, Price, Status, Subscription};

/// The subscription of Stripe's that a tenant's follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    pub subscription_id: String,
    /// Whether it goes on: what the tenant is on is changed there.
    pub is_live: bool,
    /// Whether it ends with the period that is paid for.
    pub ends_with_period: bool,
}

/// What Stripe says of a tenant's subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bill {
    /// It goes on.
    Live {
        subscription_id: String,
        due: Due,
        paid_for: Option<PaidFor>,
        period: Option<Period>,
        ends_with_period: bool,
    },
    /// It has ended, and something that it has cost may still be to be paid.
    Ended { subscription_id: String, owes: bool },
    /// The tenant is nobody there any more: whatever it had has ended, and nothing can be paid.
    Gone,
}

/// What is paid for, as far as it is known: who pays by a price that is of no plan keeps the plan that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidFor {
    pub plan: Box<Plan>,
    pub price: Price,
}

/// How it stands with the payments of one that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing is to be paid before then.
    TriedUntil(DateTime<Utc>),
    /// All is paid.
    Paid,
    /// A payment has failed, and is tried again.
    Late,
    /// It is not tried again.
    Lost,
}

/// What the owners are to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heading {
    /// A payment is missing; from then on no order is taken.
    Grace(DateTime<Utc>),
    /// No order is taken any more.
    Unpaid,
}

impl Subscription {
    /// Whether Stripe says what it is on.
    pub fn is_billed(&self) -> bool {
        self.billed.as_ref().is_some_and(|billed| billed.is_live)
    }

    /// As it is after what Stripe says, at `now`. `free` is what a subscription that has ended goes to, and `grace` how long
    /// a payment may be missing. Said twice, it is the same; and it depends on what was said before only by when a payment
    /// began to be missing, and where it has ended and something else was chosen since.
    #[must_use]
    pub fn after(&self, bill: &Bill, free: &Plan, grace: TimeDelta, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        match bill {
            Bill::Live { subscription_id, due, paid_for, period, ends_with_period } => {
                if let Some(PaidFor { plan, price }) = paid_for {
                    if next.plan.id != plan.id {
                        next.move_to(plan, Some(*price), now);
                    }
                    next.pending = None;
                    next.price = Some(*price);
                }
                if let Some(period) = period {
                    next.period_start = period.start;
                    next.period_end = Some(period.end).filter(|end| *end > period.start);
                }
                next.billed = Some(Billed {
                    subscription_id: subscription_id.clone(),
                    is_live: true,
                    ends_with_period: *ends_with_period,
                });
                next.owe(*due, self.grace_ends_at, grace, now);
            }
            Bill::Ended { subscription_id, owes } => {
                let is_known = self
                    .billed
                    .as_ref()
                    .is_some_and(|billed| !billed.is_live && billed.subscription_id == *subscription_id);
                match is_known {
                    true => next.settle(*owes),
                    false => next.end(subscription_id.clone(), *owes, free, now),
                }
            }
            Bill::Gone => match &self.billed {
                Some(billed) if billed.is_live => next.end(billed.subscription_id.clone(), false, free, now),
                Some(_) => next.settle(false),
                None => {}
            },
        }
        next
    }

    /// Goes to what follows the end of what was paid for.
    fn end(&mut self, subscription_id: String, owes: bool, free: &Plan, now: DateTime<Utc>) {
        self.move_to(free, None, now);
        if owes {
            self.status = Status::Unpaid;
        }
        self.billed = Some(Billed { subscription_id, is_live: false, ends_with_period: false });
    }

    /// Of what has ended, something may have been paid afterwards.
    fn settle(&mut self, owes: bool) {
        if self.status == Status::Unpaid && !owes {
            self.status = Status::Active;
        }
    }

    /// Has its standing follow from the payments.
    fn owe(&mut self, due: Due, since: Option<DateTime<Utc>>, grace: TimeDelta, now: DateTime<Utc>) {
        (self.trial_ends_at, self.grace_ends_at) = (None, None);
        self.status = match due {
            Due::TriedUntil(ends_at) => {
                self.trial_ends_at = Some(ends_at);
                self.trial_began_at.get_or_insert(now);
                Status::Trialing
            }
            Due::Paid => Status::Active,
            Due::Lost => Status::Unpaid,
            Due::Late => {
                // It begins once: a payment that fails again does not put it off.
                let ends_at = since.unwrap_or(now + grace);
                self.grace_ends_at = Some(ends_at);
                if ends_at <= now { Status::Unpaid } else { Status::PastDue }
            }
        };
    }

    /// What is news for the owners, compared with how it was before.
    pub fn news_since(&self, before: &Self) -> Option<Heading> {
        match self.status {
            Status::PastDue if before.grace_ends_at.is_none() => self.grace_ends_at.map(Heading::Grace),
            Status::Unpaid if before.status != Status::Unpaid => Some(Heading::Unpaid),
            _ => None,
        }
    }
}
