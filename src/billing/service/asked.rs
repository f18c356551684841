//! What Stripe says of a tenant's customer, and what that comes to here.

use super::NotSynced;
use crate::app::App;
use crate::billing::model::{Asked, Said, SaidStanding, owes, that_counts};
use crate::billing::stripe::{Customer, NotAsked, Stripe};
use crate::error::Fault;
use crate::outside::NotDone;
use crate::plan::model::{Bill, PaidFor};
use crate::plan::service::plan_by_id;

/// Asks for all that there is. Whether a customer is deleted is asked where nothing goes on: a deletion ends everything, and
/// of those who are deleted Stripe need not say anything else.
pub(super) async fn ask(stripe: &Stripe, customer: &str) -> Result<Asked, NotAsked> {
    let asked = match lists(stripe, customer).await {
        Ok(asked) if asked.said.iter().any(Said::is_live) => return Ok(asked),
        Err(error) if !is_missing(&error) => return Err(error),
        asked => asked,
    };
    match stripe.customer(customer).await? {
        Customer::Deleted => Ok(Asked { is_deleted: true, ..asked.unwrap_or_default() }),
        Customer::There | Customer::Unknown => asked,
    }
}

async fn lists(stripe: &Stripe, customer: &str) -> Result<Asked, NotAsked> {
    let said = stripe.subscriptions_of(customer).await?;
    let invoices = stripe.invoices_of(customer).await?;
    Ok(Asked { said, invoices, is_deleted: false })
}

/// Whether Stripe knows of no such thing.
pub(super) fn is_missing(error: &NotAsked) -> bool {
    matches!(error, NotDone::Refused(said) if said.is_missing())
}

/// What it comes to here; none: it says nothing.
pub(super) async fn bill_of(app: &App, asked: &Asked) -> Result<Option<Bill>, Fault> {
    let Some(said) = that_counts(&asked.said).filter(|_| !asked.is_deleted) else {
        return Ok(asked.is_deleted.then_some(Bill::Gone));
    };
    let subscription_id = said.id.clone();
    let due = match said.standing {
        SaidStanding::Live(due) => due,
        SaidStanding::Ended => return Ok(Some(Bill::Ended { subscription_id, owes: owes(&asked.invoices) })),
        SaidStanding::NotBegun => return Err(Fault::internal("what has not begun does not count")),
    };
    let (period, ends_with_period) = (said.item.as_ref().map(|item| item.period), said.ends_with_period());
    let paid_for = paid_for(app, said).await?;
    Ok(Some(Bill::Live { subscription_id, due, paid_for, period, ends_with_period }))
}

/// What a subscription is for; none: its price is of no plan.
async fn paid_for(app: &App, said: &Said) -> Result<Option<PaidFor>, Fault> {
    let item = said.item.as_ref();
    let Some((plan_id, price)) = item.and_then(|item| item.plan_id.zip(item.price)) else { return Ok(None) };
    let plan = plan_by_id(&app.db, plan_id).await?;
    Ok(plan.map(|plan| PaidFor { plan: Box::new(plan), price }))
}

/// What people have to mend of what is paid for by a price that is of no plan.
pub(super) fn unknown_price(asked: &Asked, bill: Option<&Bill>) -> Option<NotSynced> {
    let is_unknown = matches!(bill, Some(Bill::Live { paid_for: None, .. }));
    let item = that_counts(&asked.said).and_then(|said| said.item.as_ref());
    is_unknown.then(|| NotSynced::UnknownPrice(item.map_or("none", |item| &item.price_id).to_owned()))
}
