//! The pages of Stripe's on which a tenant subscribes, and sees to what it has subscribed to.

use super::sync::watch_in_tx;
use super::{account, check_return_url, customer, refusal, refusal_of_customer, request_key, sync_in_tx};
use crate::app::App;
use crate::billing::job::Cause;
use crate::billing::model::Said;
use crate::billing::stripe::{CheckoutWish, Closed, PriceWish, Stripe};
use crate::db::{TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::money::Currency;
use crate::plan::rule::PlanRule;
use crate::plan::service::{Choice, Quote, checkout_begin_in_tx, checkout_is_last, plan_quote};

/// The address of a page on which the tenant pays for a plan from then on. Nothing changes before it has.
///
/// There is one such page at a time, or who pays on two would pay twice. Whoever wants one takes a number, closes all that
/// are open, looks that nothing is paid for, has one made, and sends somebody there only if nobody has taken a number since.
/// Who took a later one sees the page and closes it, or it was made after they looked, and then nobody is sent to it.
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
    let begin = async |tx: &mut TenantTx<'_>| {
        // From here on Stripe may know what we have not heard.
        watch_in_tx(tx, app).await?;
        Ok::<_, Fault>(checkout_begin_in_tx(tx).await?)
    };
    let turn = db.write(begin).await?;
    if is_paid(stripe, &customer).await? {
        db.write(async |tx| sync_in_tx(tx, app, Cause::News).await.map_err(Fault::from)).await?;
        return Err(ServiceError::Rule(PlanRule::Billed));
    }
    let wish = CheckoutWish { tenant: db.tenant(), customer: &customer, price_id: &price_id, trial_days, return_url };
    let page = stripe.checkout(&wish, &request_key(app, "checkout")).await.map_err(refusal)?;
    if db.write(async |tx| Ok::<_, Fault>(checkout_is_last(tx.conn(), turn).await?)).await? {
        return Ok(page.url);
    }
    if let Err(error) = stripe.page_close(&page.id).await {
        tracing::warn!(%error, tenant = %db.tenant(), "a page stays open on which nobody pays, since nobody was sent to it");
    }
    Err(ServiceError::Rule(PlanRule::OtherPage))
}

/// Whether the customer pays already, after which nobody can pay on the pages of before. Ours may not have heard of it.
async fn is_paid(stripe: &Stripe, customer: &str) -> ServiceResult<bool, PlanRule> {
    match stripe.pages_close(customer).await.map_err(refusal)? {
        Closed::Paid => return Ok(true),
        Closed::Busy => return Err(ServiceError::Rule(PlanRule::OtherPage)),
        Closed::Unpaid => {}
    }
    Ok(stripe.subscriptions_of(customer).await.map_err(refusal)?.iter().any(Said::is_live))
}

/// The address of a page on which the tenant sees to its cards, its invoices and its subscription.
pub async fn billing_portal(app: &App, db: &TenantDb, return_url: &str) -> ServiceResult<String, PlanRule> {
    check_return_url(return_url)?;
    let stripe = account(app)?;
    let customer = customer::found(app, db.tenant()).await?.ok_or(ServiceError::Rule(PlanRule::NotBilled))?;
    stripe.portal(&customer, return_url, &request_key(app, "portal")).await.map_err(refusal_of_customer)
}
