//! What merchants change of a subscription that Stripe bills: there, and then here as Stripe says it is.

use super::sync::{sync, sync_in_tx};
use super::{account, customer, refusal, refusal_of_customer, request_key};
use crate::app::App;
use crate::billing::job::Cause;
use crate::billing::model::{Said, that_counts};
use crate::billing::stripe::{NotAsked, PriceWish, Stripe};
use crate::db::TenantDb;
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::money::Currency;
use crate::plan::model::Subscription;
use crate::plan::rule::PlanRule as Rule;
use crate::plan::service::{self, Choice, Preview, plan_change_preview};

/// Changes the plan: at Stripe where it is billed there, and otherwise as [`service::plan_change`] does.
pub async fn plan_change(app: &App, db: &TenantDb, shops: Currency, choice: &Choice) -> ServiceResult<Preview, Rule> {
    let present = present(db).await?;
    if !present.is_billed() {
        return service::plan_change(app, db, shops, choice).await;
    }
    let stripe = account(app)?;
    let preview = plan_change_preview(app, db, shops, choice).await?;
    if preview.is_refused {
        return refused(Rule::Over(preview.over));
    }
    let Some(price) = preview.price else { return refused(Rule::CancelInstead) };
    // What is dearer is not had for nothing until the period's end, whatever was wished.
    let is_dearer = present.price.is_none_or(|paid| paid.interval != price.interval || paid.minor < price.minor);
    let prorate = choice.prorate || is_dearer;
    let price_id = stripe.price(&PriceWish { plan: &preview.plan, price }).await.map_err(refusal)?;
    let price_id = price_id.ok_or(ServiceError::Rule(Rule::NotPayable))?;
    let live = live(app, stripe, db).await?;
    let item = live.item.as_ref().ok_or_else(|| Fault::internal("a subscription at Stripe has no item"))?;
    let key = request_key(app, "plan");
    let moved = stripe.subscription_move(&live.id, (&item.id, &price_id), prorate, &key).await;
    followed(app, db, moved).await?;
    Ok(preview)
}

/// Has the subscription end: with its period, or at once.
pub async fn subscription_cancel(app: &App, db: &TenantDb, at_period_end: bool) -> ServiceResult<(), Rule> {
    let stripe = account(app)?;
    let live = live(app, stripe, db).await?;
    if at_period_end && live.ends_with_period() {
        return refused(Rule::EndsAlready);
    }
    let done = match at_period_end {
        true => stripe.subscription_end_with_period(&live.id, &request_key(app, "cancel")).await,
        false => stripe.subscription_end(&live.id, false).await,
    };
    followed(app, db, done).await
}

/// Has a subscription go on that was to end, with its period or at another time.
pub async fn subscription_resume(app: &App, db: &TenantDb) -> ServiceResult<(), Rule> {
    let stripe = account(app)?;
    let live = live(app, stripe, db).await?;
    if !live.is_to_end() {
        return refused(Rule::GoesOnAlready);
    }
    let done = stripe.subscription_go_on(&live, &request_key(app, "resume")).await;
    followed(app, db, done).await
}

async fn present(db: &TenantDb) -> Result<Subscription, Fault> {
    let present = db.read(async |conn| Ok::<_, Fault>(service::current(conn).await?)).await?;
    present.ok_or_else(|| Fault::internal("the tenant has no subscription"))
}

/// The subscription that goes on at Stripe.
async fn live(app: &App, stripe: &Stripe, db: &TenantDb) -> ServiceResult<Said, Rule> {
    let customer = customer::found(app, db.tenant()).await?.ok_or(ServiceError::Rule(Rule::NotBilled))?;
    let said = stripe.subscriptions_of(&customer).await.map_err(refusal_of_customer)?;
    that_counts(&said).filter(|said| said.is_live()).cloned().ok_or(ServiceError::Rule(Rule::NotBilled))
}

/// Has ours be as Stripe says now, after it was told something. Of what came of that, who asked is told; where that is not
/// known, or ours cannot be made like it at once, a job sees to it.
async fn followed<T>(app: &App, db: &TenantDb, told: Result<T, NotAsked>) -> ServiceResult<(), Rule> {
    let told = told.map_err(refusal);
    let may_be_done = matches!(told, Ok(_) | Err(ServiceError::Rule(Rule::StripeAway)));
    if may_be_done && let Err(error) = Box::pin(synced(app, db, told.is_ok())).await {
        tracing::warn!(%error, tenant = %db.tenant(), "a subscription is not as at Stripe yet: its job will see to it");
        db.write(async |tx| sync_in_tx(tx, app, Cause::News).await.map_err(Fault::from)).await?;
    }
    told.map(drop)
}

/// Only where Stripe answers it is worth to ask it once more.
async fn synced(app: &App, db: &TenantDb, answers: bool) -> Result<(), String> {
    if !answers {
        return Err("Stripe has not answered".to_owned());
    }
    sync(app, db).await.map(drop).map_err(|error| error.to_string())
}

fn refused<T>(rule: Rule) -> ServiceResult<T, Rule> {
    Err(ServiceError::Rule(rule))
}
