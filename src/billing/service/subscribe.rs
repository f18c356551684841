//! The pages of Stripe's on which a tenant subscribes, and sees to what it has subscribed to.

use super::sync::watch_in_tx;
use super::{account, check_return_url, customer, refusal, request_key, sync_in_tx};
use crate::app::App;
use crate::billing::job::Cause;
use crate::billing::model::Said;
use crate::billing::stripe::{CheckoutWish, PriceWish};
use crate::db::TenantDb;
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::money::Currency;
use crate::plan::rule::PlanRule;
use crate::plan::service::{Choice, Quote, plan_quote};

/// The address of a page on which the tenant pays for a plan from then on. Nothing changes before it has.
pub async fn subscription_create(
    app: &App,
    db: &TenantDb,
    shops: Currency,
    choice: &Choice,
    return_url: &str,
) -> ServiceResult<String, PlanRule> {
    check_return_url(return_url)?;
    let stripe = account(app)?;
    let Quote { plan, price, trial_days } = plan_quote(app, db, shops, choice).await?;
    let price_id = stripe.price(&PriceWish { plan: &plan, price }).await.map_err(refusal)?;
    let price_id = price_id.ok_or(ServiceError::Rule(PlanRule::NotPayable))?;
    let customer = customer::found_or_made(app, stripe, db).await?;
    // From here on Stripe may know what we have not heard.
    db.write(async |tx| watch_in_tx(tx, app).await.map_err(Fault::from)).await?;
    // Ours may not have heard of it yet; who paid again would pay twice.
    if stripe.subscriptions_of(&customer).await.map_err(refusal)?.iter().any(Said::is_live) {
        db.write(async |tx| sync_in_tx(tx, app, Cause::News).await.map_err(Fault::from)).await?;
        return Err(ServiceError::Rule(PlanRule::Billed));
    }
    let wish = CheckoutWish { tenant: db.tenant(), customer: &customer, price_id: &price_id, trial_days, return_url };
    stripe.checkout(&wish, &request_key(app, "checkout")).await.map_err(refusal)
}

/// The address of a page on which the tenant sees to its cards, its invoices and its subscription.
pub async fn billing_portal(app: &App, db: &TenantDb, return_url: &str) -> ServiceResult<String, PlanRule> {
    check_return_url(return_url)?;
    let stripe = account(app)?;
    let customer = customer::found(app, db.tenant()).await?.ok_or(ServiceError::Rule(PlanRule::NotBilled))?;
    stripe.portal(&customer, return_url, &request_key(app, "portal")).await.map_err(refusal)
}
