//! What operators see of plans and do with them.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::types::{Plan, PlanLimit, PlanUserError, TransactionFee, features, limits, plan_of, split};
use crate::app::App;
use crate::error::{ServiceError, ServiceResult};
use crate::graphql::scalars::DateTime;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::{Gid, TenantId};
use crate::money::Currency;
use crate::plan::model::{Feature, Interval, Price, Resource, Status, Subscription};
use crate::plan::rule::PlanRule;
use crate::plan::service::{self, Activation, PlanDraft};
use crate::tenant::service::tenants_on_plan;

/// How many there may be of something.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PlanLimitInput {
    /// Of what.
    name: Resource,
    /// How many: 0 to 1000000000; null: as many as one likes.
    max: Option<i64>,
}

/// What a plan costs for a while.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PlanPriceInput {
    /// For how long.
    interval: Interval,
    /// In which currency.
    currency_code: Currency,
    /// How many of its minor units: 1 to 1000000000000.
    minor_units: i64,
}

/// Whether a tenant has a feature.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PlanFeatureInput {
    /// Which one.
    name: Feature,
    /// Whether it has it.
    is_on: bool,
}

/// A plan to make. Of what is left out it has nothing, and no limit.
#[derive(Clone, Debug, InputObject)]
pub struct PlanCreateInput {
    /// Its short name, which no other plan has: 1 to 63 characters a-z, 0-9 and hyphens. It stays.
    handle: String,
    /// What is said of it.
    plan: PlanInput,
}

/// What is said of a plan; what is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct PlanInput {
    /// Its name, for people: 1 to 255 characters.
    name: Option<String>,
    /// What it is for: at most 5000 characters.
    description: Option<String>,
    /// Whether shops may choose it.
    is_offered: Option<bool>,
    /// How many there may be of each thing; those that are left out stay.
    limits: Option<Vec<PlanLimitInput>>,
    /// What it has, all of it.
    features: Option<Vec<Feature>>,
    /// How many points of cost a shop's requests may take in a second: 1 to 1000000.
    api_points_per_second: Option<i32>,
    /// How much of the worker a shop's jobs get, beside others': 1 to 100.
    job_weight: Option<i32>,
    /// What the platform takes of an order.
    transaction_fee: Option<TransactionFee>,
    /// How many days it is tried, once: 0 to 366; 0: it is not.
    trial_days: Option<i32>,
    /// The global id of the plan that follows a trial, which costs nothing; null: the one called `free`.
    follower_id: MaybeUndefined<ID>,
    /// What it costs, all of it; empty: nothing. What shops have agreed to stays.
    prices: Option<Vec<PlanPriceInput>>,
}

impl PlanInput {
    fn into_draft(self) -> Result<PlanDraft, PlanRule> {
        let follower_id = match self.follower_id {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(id) => Some(Some(Gid::of(&id, "Plan").ok_or(PlanRule::BadFollower)?)),
        };
        let price = |input: PlanPriceInput| Price {
            interval: input.interval,
            currency: input.currency_code,
            minor: input.minor_units,
        };
        Ok(PlanDraft {
            name: self.name,
            description: self.description,
            is_offered: self.is_offered,
            limits: self.limits.map(pairs),
            features: self.features,
            api_points_per_second: self.api_points_per_second,
            job_weight: self.job_weight,
            fee: self.transaction_fee.map(Into::into),
            trial_days: self.trial_days,
            follower_id,
            prices: self.prices.map(|prices| prices.into_iter().map(price).collect()),
        })
    }
}

fn pairs(limits: Vec<PlanLimitInput>) -> Vec<(Resource, Option<i64>)> {
    limits.into_iter().map(|limit| (limit.name, limit.max)).collect()
}

/// What a tenant has otherwise than its plan says: all of it, in place of what was said before.
#[derive(Clone, Debug, InputObject)]
pub struct PlanOverridesInput {
    /// How many there may be of each thing.
    #[graphql(default)]
    limits: Vec<PlanLimitInput>,
    /// Whether it has a feature.
    #[graphql(default)]
    features: Vec<PlanFeatureInput>,
}

/// A plan as operators see it.
#[derive(Clone, Debug, Description)]
pub struct PlatformPlan(Plan);

#[Object(use_type_description)]
impl PlatformPlan {
    /// The plan.
    async fn plan(&self) -> Plan {
        self.0.clone()
    }

    /// How many tenants are on it.
    async fn tenants_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.counts(ctx).await?.0)
    }

    /// How many of them have it as it was before it was changed: they follow, one after the other.
    async fn outdated_tenants_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(self.counts(ctx).await?.1)
    }
}

impl PlatformPlan {
    async fn counts(&self, ctx: &Context<'_>) -> Result<(i64, i64)> {
        let Plan(plan) = &self.0;
        Ok(tenants_on_plan(&ctx.scope().app.db, (plan.id, plan.version)).await?)
    }
}

/// A tenant's plan as operators see it: not how much the tenant uses.
#[derive(Clone, Debug, Description)]
pub struct TenantPlan(Arc<Subscription>);

#[Object(use_type_description)]
impl TenantPlan {
    /// The plan.
    async fn plan(&self, ctx: &Context<'_>) -> Result<Plan> {
        Ok(plan_of(&ctx.scope().app, self.0.plan.id).await?)
    }

    /// How it stands.
    async fn status(&self) -> Status {
        self.0.status
    }

    /// How many this tenant may have of each thing.
    async fn limits(&self) -> Vec<PlanLimit> {
        limits(&self.0.terms.limits)
    }

    /// What this tenant has.
    async fn features(&self) -> Vec<Feature> {
        features(&self.0.terms)
    }

    /// When its trial ends; null: it is not being tried.
    async fn trial_ends_at(&self) -> Option<DateTime> {
        self.0.trial_ends_at.map(DateTime)
    }
}

#[derive(Default)]
pub struct PlanOperatorQuery;

#[guarded]
#[Object]
impl PlanOperatorQuery {
    /// Every plan, those that are not offered too, in the order in which they were made.
    #[operator]
    async fn platform_plans(&self, ctx: &Context<'_>) -> Result<Vec<PlatformPlan>> {
        let all = Box::pin(service::plans(&ctx.scope().app.db)).await?;
        Ok(all.into_iter().map(|plan| PlatformPlan(plan.into())).collect())
    }
}

/// Declares the answers that are one thing and nothing else.
macro_rules! payloads {
    ($($(#[doc = $doc:literal])+ $name:ident { #[doc = $what:literal] $field:ident: $ty:ty };)+) => { $(
        $(#[doc = $doc])+
        #[derive(SimpleObject)]
        pub struct $name {
            #[doc = $what]
            $field: Option<$ty>,
            /// Why nothing was changed.
            user_errors: Vec<PlanUserError>,
        }
    )+ };
}

payloads! {
    /// The answer of `planCreate`.
    PlanCreatePayload { #[doc = "The new plan."] plan: Plan };
    /// The answer of `planUpdate`.
    PlanUpdatePayload { #[doc = "The plan as it is now."] plan: Plan };
    /// The answer of `planActivate`.
    PlanActivatePayload { #[doc = "The tenant's plan as it is now."] tenant_plan: TenantPlan };
    /// The answer of `planOverridesSet`.
    PlanOverridesSetPayload { #[doc = "The tenant's plan as it is now."] tenant_plan: TenantPlan };
}

/// Does something to the plan of the tenant that an id names.
async fn of_tenant<F>(
    scope: &Scope,
    id: &ID,
    work: impl FnOnce(App, TenantId) -> F,
) -> Result<(Option<TenantPlan>, Vec<PlanUserError>)>
where
    F: Future<Output = ServiceResult<Subscription, PlanRule>> + Send + 'static,
{
    let done = match Gid::of(id, "Tenant").map(TenantId) {
        Some(id) => scope.act(work(scope.app.clone(), id)).await?,
        None => Err(ServiceError::Rule(PlanRule::NoTenant)),
    };
    let (plan, user_errors) = split(done)?;
    Ok((plan.map(|plan| TenantPlan(Arc::new(plan))), user_errors))
}

#[derive(Default)]
pub struct PlanOperatorMutation;

#[guarded]
#[Object]
impl PlanOperatorMutation {
    /// Makes a plan.
    #[operator]
    async fn plan_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plan to make.")] input: PlanCreateInput,
    ) -> Result<Option<PlanCreatePayload>> {
        let scope = ctx.scope();
        let PlanCreateInput { handle, plan } = input;
        let done = match plan.into_draft() {
            Ok(draft) => {
                let app = scope.app.clone();
                scope.act(async move { Box::pin(service::plan_create(&app, &handle, &draft)).await }).await?
            }
            Err(rule) => Err(ServiceError::Rule(rule)),
        };
        let (plan, user_errors) = split(done)?;
        let user_errors = user_errors.into_iter().map(below_plan).collect();
        Ok(Some(PlanCreatePayload { plan: plan.map(Plan::from), user_errors }))
    }

    /// Changes a plan, and so what it comes to for the tenants that are on it: each has the new limits within moments, and
    /// keeps what it has too much of.
    #[operator]
    async fn plan_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plan's global id.")] plan_id: ID,
        #[graphql(desc = "What is to change.")] input: PlanInput,
    ) -> Result<Option<PlanUpdatePayload>> {
        let scope = ctx.scope();
        let wanted = Gid::of(&plan_id, "Plan").ok_or(PlanRule::NotFound);
        let done = match wanted.and_then(|id| Ok((id, input.into_draft()?))) {
            Ok((id, draft)) => {
                let app = scope.app.clone();
                scope.act(async move { Box::pin(service::plan_update(&app, id, &draft)).await }).await?
            }
            Err(rule) => Err(ServiceError::Rule(rule)),
        };
        let (plan, user_errors) = split(done)?;
        Ok(Some(PlanUpdatePayload { plan: plan.map(Plan::from), user_errors }))
    }

    /// Puts a tenant on a plan, from now on: the one that it has asked for, or any other, offered or not. One that has less
    /// room than is used is refused, unless the service lets tenants keep what is there.
    #[operator]
    async fn plan_activate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's global id.")] tenant_id: ID,
        #[graphql(desc = "The plan's global id; the one that the tenant has asked for when left out.")] plan_id: Option<
            ID,
        >,
        #[graphql(desc = "Of the plan that is named: for how long its price holds.", default_with = "Interval::Month")]
        interval: Interval,
        #[graphql(
            desc = "Of the plan that is named: the currency of its price; the tenant's when left out, or the one in which it \
                    pays already."
        )]
        currency_code: Option<Currency>,
    ) -> Result<Option<PlanActivatePayload>> {
        let plan_id = match plan_id.map(|id| Gid::of(&id, "Plan")) {
            None => None,
            Some(Some(id)) => Some(id),
            Some(None) => {
                let user_errors = vec![PlanRule::NotFound.into()];
                return Ok(Some(PlanActivatePayload { tenant_plan: None, user_errors }));
            }
        };
        let wanted = Activation { plan_id, interval, currency: currency_code };
        let activate = |app: App, id| async move { Box::pin(service::plan_activate(&app, id, wanted)).await };
        let (tenant_plan, user_errors) = of_tenant(ctx.scope(), &tenant_id, activate).await?;
        Ok(Some(PlanActivatePayload { tenant_plan, user_errors }))
    }

    /// Says what a tenant has otherwise than its plan says, from now on, whatever plan it is on. What it has too much of then,
    /// it keeps.
    #[operator]
    async fn plan_overrides_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tenant's global id.")] tenant_id: ID,
        #[graphql(desc = "All that is otherwise; empty: nothing.")] input: PlanOverridesInput,
    ) -> Result<Option<PlanOverridesSetPayload>> {
        let limits = pairs(input.limits);
        let features: Vec<_> = input.features.into_iter().map(|feature| (feature.name, feature.is_on)).collect();
        let set = |app: App, id| async move { Box::pin(service::overrides_set(&app, id, &limits, &features)).await };
        let (tenant_plan, user_errors) = of_tenant(ctx.scope(), &tenant_id, set).await?;
        Ok(Some(PlanOverridesSetPayload { tenant_plan, user_errors }))
    }
}

/// The path in what a new plan is made of: all but its handle is a step further down.
fn below_plan(mut error: PlanUserError) -> PlanUserError {
    if let Some(field) = &mut error.field
        && field.get(1).is_some_and(|part| part != "handle")
    {
        field.insert(1, "plan".to_owned());
    }
    error
}
