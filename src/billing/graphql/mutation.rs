//! `subscriptionCreate`, `subscriptionCancel`, `subscriptionResume`, `billingPortalSessionCreate`.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;

use crate::billing::service;
use crate::error::{ServiceError, ServiceResult};
use crate::graphql::scope::{Scope, ScopeExt};
use crate::money::Currency;
use crate::plan::graphql::{CurrentPlan, PlanUserError, choice, current, split};
use crate::plan::model::Interval;
use crate::plan::rule::PlanRule;

/// The answer of `subscriptionCreate`.
#[derive(SimpleObject)]
pub struct SubscriptionCreatePayload {
    /// The page on which the shop agrees and pays: send who asked there. It is good for a day, and for one use; whoever is
    /// sent to a newer one cannot use it any more.
    confirmation_url: Option<String>,
    /// Why there is none.
    user_errors: Vec<PlanUserError>,
}

/// The answer of `subscriptionCancel`.
#[derive(SimpleObject)]
pub struct SubscriptionCancelPayload {
    /// The shop's plan as it is now.
    current_plan: Option<CurrentPlan>,
    /// Why nothing was changed.
    user_errors: Vec<PlanUserError>,
}

/// The answer of `subscriptionResume`.
#[derive(SimpleObject)]
pub struct SubscriptionResumePayload {
    /// The shop's plan as it is now.
    current_plan: Option<CurrentPlan>,
    /// Why nothing was changed.
    user_errors: Vec<PlanUserError>,
}

/// The answer of `billingPortalSessionCreate`.
#[derive(SimpleObject)]
pub struct BillingPortalSessionCreatePayload {
    /// The page on which the shop sees to cards, invoices and the subscription. It is good for a few minutes.
    url: Option<String>,
    /// Why there is none.
    user_errors: Vec<PlanUserError>,
}

#[derive(Default)]
pub struct BillingMutation;

#[guarded]
#[Object]
impl BillingMutation {
    /// Has the shop pay for a plan from now on: answers the address of a page of Stripe's, on which that is agreed to.
    /// Nothing changes before it is. A plan that is tried is tried first, once.
    #[requires(write_billing)]
    async fn subscription_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plan's global id: one of `plans` that costs something.")] plan_id: ID,
        #[graphql(desc = "For how long its price holds.", default_with = "Interval::Month")] interval: Interval,
        #[graphql(desc = "The currency of its price; the shop's when left out.")] currency_code: Option<Currency>,
        #[graphql(desc = "Where the page leads back to: an https address of at most 2048 characters.")]
        return_url: String,
    ) -> Result<Option<SubscriptionCreatePayload>> {
        let scope = ctx.scope();
        let done = match choice(&plan_id, interval, currency_code, true) {
            None => Err(ServiceError::Rule(PlanRule::NotFound)),
            Some(choice) => {
                let (app, db, shops) = (scope.app.clone(), scope.db().clone(), scope.currency);
                let create =
                    async move { Box::pin(service::subscription_create(&app, &db, shops, &choice, &return_url)).await };
                scope.act(create).await?
            }
        };
        let (confirmation_url, user_errors) = split(done)?;
        Ok(Some(SubscriptionCreatePayload { confirmation_url, user_errors }))
    }

    /// Has what the shop pays for end: with the present period, or at once. It goes to the plan that costs nothing then.
    #[requires(write_billing)]
    async fn subscription_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Whether it goes on until the period ends that is paid for. At once, nothing is paid back.",
            default = true
        )]
        at_period_end: bool,
    ) -> Result<Option<SubscriptionCancelPayload>> {
        let scope = ctx.scope();
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let cancel = async move { Box::pin(service::subscription_cancel(&app, &db, at_period_end)).await };
        let done = scope.act(cancel).await?;
        let (current_plan, user_errors) = Box::pin(shown(scope, done)).await?;
        Ok(Some(SubscriptionCancelPayload { current_plan, user_errors }))
    }

    /// Takes back that what the shop pays for is to end with its period.
    #[requires(write_billing)]
    async fn subscription_resume(&self, ctx: &Context<'_>) -> Result<Option<SubscriptionResumePayload>> {
        let scope = ctx.scope();
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let done = scope.act(async move { Box::pin(service::subscription_resume(&app, &db)).await }).await?;
        let (current_plan, user_errors) = Box::pin(shown(scope, done)).await?;
        Ok(Some(SubscriptionResumePayload { current_plan, user_errors }))
    }

    /// Makes a page of Stripe's on which the shop sees to its cards, its invoices and its subscription.
    #[requires(write_billing)]
    async fn billing_portal_session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Where the page leads back to: an https address of at most 2048 characters.")]
        return_url: String,
    ) -> Result<Option<BillingPortalSessionCreatePayload>> {
        let scope = ctx.scope();
        let (app, db) = (scope.app.clone(), scope.db().clone());
        let create = async move { Box::pin(service::billing_portal(&app, &db, &return_url)).await };
        let (url, user_errors) = split(scope.act(create).await?)?;
        Ok(Some(BillingPortalSessionCreatePayload { url, user_errors }))
    }
}

/// The plan as it is after what was done.
async fn shown(scope: &Scope, done: ServiceResult<(), PlanRule>) -> Result<(Option<CurrentPlan>, Vec<PlanUserError>)> {
    let (done, user_errors) = split(done)?;
    let current_plan = match done {
        Some(()) => Some(current(scope).await?),
        None => None,
    };
    Ok((current_plan, user_errors))
}
