//! `planChange`.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use emporia_macros::guarded;

use super::query::{CurrentPlan, choice, current};
use super::types::{PlanChangePreview, PlanUserError, split};
use crate::billing::service;
use crate::graphql::scope::ScopeExt;
use crate::money::Currency;
use crate::plan::model::Interval;
use crate::plan::rule::PlanRule;

/// The answer of `planChange`.
#[derive(SimpleObject)]
pub struct PlanChangePayload {
    /// The shop's plan as it is now.
    current_plan: Option<CurrentPlan>,
    /// What the change came to, or will once it is activated.
    preview: Option<PlanChangePreview>,
    /// Why nothing was changed: of each thing of which there is too much, one.
    user_errors: Vec<PlanUserError>,
}

#[derive(Default)]
pub struct PlanMutation;

#[guarded]
#[Object]
impl PlanMutation {
    /// Puts the shop on another plan: at once where that costs nothing, or is to be tried, or where the shop pays for its
    /// plan already (`currentPlan.isBilled`), which the change then settles; otherwise once an operator has activated it
    /// (`currentPlan.pending`). Choosing the present plan takes back what was asked for. A plan that has less
    /// room than is used is refused, unless the service lets shops keep what is there.
    #[requires(write_billing)]
    async fn plan_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The plan's global id: one of `plans`.")] plan_id: ID,
        #[graphql(desc = "For how long its price holds.", default_with = "Interval::Month")] interval: Interval,
        #[graphql(desc = "The currency of its price; the shop's when left out, or the one in which it pays already.")]
        currency_code: Option<Currency>,
        #[graphql(desc = "Whether what is left of the present period is to be settled.", default = true)] prorate: bool,
    ) -> Result<Option<PlanChangePayload>> {
        let scope = ctx.scope();
        let Some(choice) = choice(&plan_id, interval, currency_code, prorate) else {
            let user_errors = vec![PlanRule::NotFound.into()];
            return Ok(Some(PlanChangePayload { current_plan: None, preview: None, user_errors }));
        };
        let (app, db, shops) = (scope.app.clone(), scope.db().clone(), scope.currency);
        let change = async move { Box::pin(service::plan_change(&app, &db, shops, &choice)).await };
        let (preview, user_errors) = split(scope.act(change).await?)?;
        let current_plan = match preview {
            Some(_) => Some(Box::pin(current(scope)).await?),
            None => None,
        };
        Ok(Some(PlanChangePayload { current_plan, preview: preview.map(Into::into), user_errors }))
    }
}
