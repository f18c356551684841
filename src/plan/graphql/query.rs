//! `plans`, `currentPlan`, `usage`, `planChangePreview`.

use async_graphql::{ComplexObject, Context, Description, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::types::{Plan, PlanChangePreview, PlanPrice, PlanUsage, features, plan_of};
use crate::error::{Fault, ServiceError};
use crate::graphql::error::ApiError;
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;
use crate::ledger::graphql::{PlatformFees, fees_of};
use crate::money::Currency;
use crate::plan::model::{Feature, Interval, Month, Pending, Resource, Status, Subscription};
use crate::plan::service::{self, Choice};

/// The shop's plan, with what was agreed for this shop alone.
#[derive(Clone, Debug, Description)]
pub struct CurrentPlan(Subscription);

/// The shop's plan as it is now.
pub async fn current(scope: &Scope) -> Result<CurrentPlan> {
    let present = scope.read(async |conn| service::current(conn).await).await?;
    Ok(CurrentPlan(present.ok_or_else(|| Fault::internal("the tenant has no subscription"))?))
}

#[Object(use_type_description)]
impl CurrentPlan {
    /// The plan.
    async fn plan(&self, ctx: &Context<'_>) -> Result<Plan> {
        Ok(plan_of(&ctx.scope().app, self.0.plan.id).await?)
    }

    /// How it stands.
    async fn status(&self) -> Status {
        self.0.status
    }

    /// How many there are of each thing, in this month of what is counted by the month, and how many there may be.
    async fn limits(&self, ctx: &Context<'_>) -> Result<Vec<PlanUsage>> {
        let scope = ctx.scope();
        let month = Month::of(scope.app.clock.now());
        let used = scope.read(async |conn| service::used_of_all(conn, month).await).await?;
        let limits = self.0.terms.limits;
        let usage = |name: Resource| PlanUsage { name, used: used.get(&name).copied(), max: limits.of(name) };
        Ok(Resource::ALL.into_iter().map(usage).collect())
    }

    /// What the shop has.
    async fn features(&self) -> Vec<Feature> {
        features(&self.0.terms)
    }

    /// How many points of cost its requests may take in a second.
    async fn api_points_per_second(&self) -> i32 {
        self.0.terms.api_points_per_second
    }

    /// What the shop pays; null: nothing.
    async fn price(&self) -> Option<PlanPrice> {
        self.0.price.map(Into::into)
    }

    /// When the present period began.
    async fn current_period_start(&self, ctx: &Context<'_>) -> DateTime {
        DateTime(self.0.period(ctx.scope().app.clock.now()).0)
    }

    /// When it ends; null: it goes on until something is changed.
    async fn current_period_end(&self, ctx: &Context<'_>) -> Option<DateTime> {
        self.0.period(ctx.scope().app.clock.now()).1.map(DateTime)
    }

    /// When its trial ends; null: it is not being tried.
    async fn trial_ends_at(&self) -> Option<DateTime> {
        self.0.trial_ends_at.map(DateTime)
    }

    /// Until when a payment that is missing does no harm: from then on no order is taken; null: none is missing.
    async fn grace_ends_at(&self) -> Option<DateTime> {
        self.0.grace_ends_at.map(DateTime)
    }

    /// Whether the shop pays for it through `subscriptionCreate`.
    async fn is_billed(&self) -> bool {
        self.0.is_billed()
    }

    /// Whether what is paid for ends with the present period, or before: by `subscriptionCancel`, or on Stripe's page.
    async fn cancel_at_period_end(&self) -> bool {
        self.0.billed.as_ref().is_some_and(|billed| billed.is_live && billed.ends_with_period)
    }

    /// The plan that the shop has asked for, and that is to be activated; null: none.
    async fn pending(&self) -> Option<PendingPlan> {
        self.0.pending.clone().map(PendingPlan)
    }
}

/// A plan that a shop has asked for. It is in force once an operator has activated it.
#[derive(Clone, Debug, Description)]
pub struct PendingPlan(Pending);

#[Object(use_type_description)]
impl PendingPlan {
    /// The plan.
    async fn plan(&self, ctx: &Context<'_>) -> Result<Plan> {
        Ok(plan_of(&ctx.scope().app, self.0.plan_id).await?)
    }

    /// What it will cost.
    async fn price(&self) -> PlanPrice {
        self.0.price.into()
    }

    /// When it was asked for.
    async fn since(&self) -> DateTime {
        DateTime(self.0.since)
    }
}

/// How much of what plans count there was in a calendar month, by UTC.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct UsagePeriod {
    /// The month, like `2026-06`.
    period: String,
    /// When it began.
    starts_at: DateTime,
    /// When the next one begins.
    ends_at: DateTime,
    /// Of each thing how many, and how many there may be now.
    counts: Vec<PlanUsage>,
    #[graphql(skip)]
    month: Month,
}

#[ComplexObject]
impl UsagePeriod {
    /// What the platform takes of its orders, by currency; empty when that is nothing.
    async fn fees(&self, ctx: &Context<'_>) -> Result<Vec<PlatformFees>> {
        // A month's postings are summed up for it.
        Box::pin(fees_of(ctx.scope(), self.month)).await
    }
}

/// What a merchant chooses by an id.
pub fn choice(id: &ID, interval: Interval, currency: Option<Currency>, prorate: bool) -> Option<Choice> {
    Gid::of(id, "Plan").map(|plan_id| Choice { plan_id, interval, currency, prorate })
}

// Whatever is asked stands on the heap: a request's stack holds the futures of all root fields at once.

async fn usage_of(scope: &Scope, period: Option<String>) -> Result<UsagePeriod> {
    let present = Month::of(scope.app.clock.now());
    let month = match period {
        None => present,
        Some(text) => Month::parse(&text)
            .filter(|month| month.start() <= present.start())
            .ok_or_else(|| ApiError::bad_input("`period` is a month that has begun, like 2026-06"))?,
    };
    let is_present = month == present;
    let limits = current(scope).await?.0.terms.limits;
    let mut counts = Vec::new();
    for name in Resource::ALL {
        let is_known = is_present || name == Resource::OrdersPerMonth;
        let used = match is_known {
            true if is_present => Some(scope.read(async |conn| service::used(conn, name, month).await).await?),
            true => Some(scope.read(async |conn| service::orders_of(conn, month).await).await?),
            false => None,
        };
        counts.push(PlanUsage { name, used, max: limits.of(name) });
    }
    let (starts_at, ends_at) = (DateTime(month.start()), DateTime(month.end()));
    Ok(UsagePeriod { period: month.to_string(), starts_at, ends_at, counts, month })
}

async fn offered(scope: &Scope) -> Result<Vec<Plan>> {
    let present = current(scope).await?.0.plan.id;
    let all = service::plans(&scope.app.db).await?;
    Ok(all.into_iter().filter(|plan| plan.is_offered || plan.id == present).map(Plan::from).collect())
}

#[derive(Default)]
pub struct PlanQuery;

#[guarded]
#[Object]
impl PlanQuery {
    /// The plans that the shop may choose, and the one that it is on, in the order in which they were made.
    #[requires(read_billing)]
    async fn plans(&self, ctx: &Context<'_>) -> Result<Vec<Plan>> {
        Box::pin(offered(ctx.scope())).await
    }

    /// The plan that the shop is on, with what was agreed for it alone.
    #[requires(read_billing)]
    async fn current_plan(&self, ctx: &Context<'_>) -> Result<CurrentPlan> {
        Box::pin(current(ctx.scope())).await
    }

    /// How much of what plans count there was in a month, and what the platform takes of its orders. What there was of things
    /// that are not counted by the month is known of the present one alone.
    #[requires(read_billing)]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "A calendar month of UTC that has begun, like `2026-06`; the present one when left out.")]
        period: Option<String>,
    ) -> Result<UsagePeriod> {
        Box::pin(usage_of(ctx.scope(), period)).await
    }

    /// What `planChange` would come to as things are; null when there is no such plan to choose.
    #[requires(read_billing)]
    async fn plan_change_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plan's global id.")] plan_id: ID,
        #[graphql(desc = "For how long its price holds.", default_with = "Interval::Month")] interval: Interval,
        #[graphql(desc = "The currency of its price; the shop's when left out, or the one in which it pays already.")]
        currency_code: Option<Currency>,
        #[graphql(desc = "Whether what is left of the present period is to be settled.", default = true)] prorate: bool,
    ) -> Result<Option<PlanChangePreview>> {
        let scope = ctx.scope();
        let Some(choice) = choice(&plan_id, interval, currency_code, prorate) else { return Ok(None) };
        match Box::pin(service::plan_change_preview(&scope.app, scope.db(), scope.currency, &choice)).await {
            Ok(preview) => Ok(Some(preview.into())),
            Err(ServiceError::Rule(crate::plan::rule::PlanRule::NotFound)) => Ok(None),
            Err(ServiceError::Rule(rule)) => Err(ApiError::bad_input(rule.to_string()).into()),
            Err(ServiceError::Fault(fault)) => Err(fault.into()),
        }
    }
}
