//! What plans and subscriptions are, and what follows from them.

mod bill;
mod billed;
mod terms;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use bill::{Days, Interval, Month, Period, Price, Proration};
pub use billed::{Bill, Billed, Due, Heading, PaidFor};
pub use terms::{
    Excess, Feature, Fee, Full, Limits, MAX_API_POINTS, MAX_BASIS_POINTS, MAX_FEE, MAX_JOB_WEIGHT, MAX_LIMIT,
    Overrides, Resource, Terms,
};

use crate::money::Currency;

/// Characters of a plan's name and of its description, at most.
pub const MAX_NAME: usize = 255;
pub const MAX_DESCRIPTION: usize = 5000;
/// Days of a trial, at most.
pub const MAX_TRIAL_DAYS: i16 = 366;
/// Prices of a plan, at most.
pub const MAX_PRICES: usize = 400;
/// Minor units of a price, at most.
pub const MAX_PRICE: i64 = 1_000_000_000_000;
/// The plan that there always is: what follows a trial where nothing else is said.
pub const FREE: &str = "free";

/// Whether it can be a plan's handle: a-z, 0-9 and hyphens between them, at most 63 characters.
pub fn is_handle(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| is_word(byte) || byte == b'-')
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().last().is_some_and(is_word)
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub id: Uuid,
    pub handle: String,
    pub name: String,
    pub description: String,
    /// Whether merchants may choose it.
    pub is_offered: bool,
    pub terms: Terms,
    /// How long it is tried; 0: it is not.
    pub trial_days: i16,
    /// What follows a trial; none: the plan called [`FREE`].
    pub follower_id: Option<Uuid>,
    /// One more with every change.
    pub version: i32,
    /// None: it costs nothing.
    pub prices: Vec<Price>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Plan {
    pub fn is_free(&self) -> bool {
        self.prices.is_empty()
    }

    pub fn price(&self, interval: Interval, currency: Currency) -> Option<Price> {
        self.prices.iter().copied().find(|price| price.interval == interval && price.currency == currency)
    }
}

/// How a subscription stands, in Stripe's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "SubscriptionStatus")]
pub enum Status {
    /// It is being tried, until `trialEndsAt`.
    Trialing,
    /// It is in force.
    Active,
    /// It is in force, and a payment is missing: until `graceEndsAt` that does no harm.
    PastDue,
    /// A payment is missing for too long: no order is taken until it is made. All else goes on.
    Unpaid,
    /// It has ended.
    Canceled,
}

impl Status {
    pub const ALL: [Self; 5] = [Self::Trialing, Self::Active, Self::PastDue, Self::Unpaid, Self::Canceled];

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Trialing => "TRIALING",
            Self::Active => "ACTIVE",
            Self::PastDue => "PAST_DUE",
            Self::Unpaid => "UNPAID",
            Self::Canceled => "CANCELED",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_db() == text)
    }
}

/// When a plan that was chosen is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
#[graphql(name = "PlanChangeStart")]
pub enum Start {
    /// At once.
    Now,
    /// At once, to be tried.
    Trial,
    /// When an operator has activated it.
    Activation,
}

/// A plan that was chosen and waits to be activated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub plan_id: Uuid,
    pub price: Price,
    /// Whether what is left of the present period is to be settled.
    pub prorate: bool,
    pub since: DateTime<Utc>,
}

/// Which plan, as it was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanCopy {
    pub id: Uuid,
    pub handle: String,
    pub name: String,
    pub version: i32,
    pub terms: Terms,
}

impl From<&Plan> for PlanCopy {
    fn from(plan: &Plan) -> Self {
        let Plan { id, handle, name, version, terms, .. } = plan.clone();
        Self { id, handle, name, version, terms }
    }
}

/// What counts for a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    pub terms: Terms,
    /// The plan's name.
    pub plan: String,
    /// Whether a payment is missing for so long that no order is taken.
    pub is_unpaid: bool,
}

/// A tenant's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub status: Status,
    pub plan: PlanCopy,
    pub overrides: Overrides,
    /// The plan's terms with what was said of this tenant alone: what counts.
    pub terms: Terms,
    /// What it pays; none: nothing.
    pub price: Option<Price>,
    /// Where the periods begin to be counted: the first of those that follow each other.
    pub period_start: DateTime<Utc>,
    /// Of the one that held when something was last changed. None: it goes on until something is.
    pub period_end: Option<DateTime<Utc>>,
    pub trial_ends_at: Option<DateTime<Utc>>,
    /// When its one trial began.
    pub trial_began_at: Option<DateTime<Utc>>,
    pub pending: Option<Pending>,
    /// Stripe's subscription that it follows, or has followed last; none: operators alone say what it is on.
    pub billed: Option<Billed>,
    /// Until when a payment that is missing does no harm; none: none is missing.
    pub grace_ends_at: Option<DateTime<Utc>>,
    /// One more with every change.
    pub revision: i64,
}

impl Subscription {
    /// A new tenant's.
    pub fn begun(plan: &Plan, now: DateTime<Utc>) -> Self {
        let copy = PlanCopy::from(plan);
        let mut begun = Self {
            status: Status::Active,
            terms: copy.terms.clone(),
            plan: copy,
            overrides: Overrides::default(),
            price: None,
            period_start: now,
            period_end: None,
            trial_ends_at: None,
            trial_began_at: None,
            pending: None,
            billed: None,
            grace_ends_at: None,
            revision: 1,
        };
        if plan.trial_days > 0 {
            begun.try_for(plan.trial_days, now);
        }
        begun
    }

    /// Lets it be tried for so many days.
    pub fn try_for(&mut self, days: i16, now: DateTime<Utc>) {
        let ends_at = now + chrono::TimeDelta::days(days.into());
        self.status = Status::Trialing;
        (self.trial_began_at, self.trial_ends_at) = (Some(now), Some(ends_at));
        (self.period_start, self.period_end) = (now, Some(ends_at));
    }

    /// Puts it on a plan, for a price, from now on. What was said of this tenant alone stays. A period that goes on is the
    /// one in which the old price was paid for as long as the new one.
    pub fn move_to(&mut self, plan: &Plan, price: Option<Price>, now: DateTime<Utc>) {
        let paid = self.paid(now);
        self.plan = PlanCopy::from(plan);
        self.terms = self.plan.terms.with(&self.overrides);
        match (paid, price) {
            // Counted from where it began: what began on a 31st comes back to it.
            (Some((old, period)), Some(new)) if old.interval == new.interval => self.period_end = Some(period.end),
            (_, Some(new)) => {
                let period = Period::from(now, new.interval);
                (self.period_start, self.period_end) = (period.start, Some(period.end));
            }
            (_, None) => (self.period_start, self.period_end) = (now, None),
        }
        (self.status, self.price, self.trial_ends_at, self.pending) = (Status::Active, price, None, None);
        self.grace_ends_at = None;
    }

    /// What is paid, and for which period at `now`.
    pub fn paid(&self, now: DateTime<Utc>) -> Option<(Price, Period)> {
        let price = self.price?;
        Some((price, Period::at(self.period_start, price.interval, now)))
    }

    /// The period that holds at `now`; without an end where nothing is paid.
    pub fn period(&self, now: DateTime<Utc>) -> (DateTime<Utc>, Option<DateTime<Utc>>) {
        match self.paid(now) {
            Some((_, period)) if self.trial_ends_at.is_none() => (period.start, Some(period.end)),
            _ => (self.period_start, self.period_end),
        }
    }
}
