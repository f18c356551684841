//! What merchants do: look at what a change would come to, and ask for it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::limit::missing;
use super::trial::try_in_tx;
use super::usage::used_of_all;
use super::{alone_in_tx, plan_by_id, put_in_tx};
use crate::app::App;
use crate::config::Downgrade;
use crate::db::{QueryResult, TenantConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::money::Currency;
use crate::plan::model::{
    Excess, Interval, Month, Pending, Plan, Price, Proration, Resource, Start, Status, Subscription,
};
use crate::plan::rule::PlanRule as Rule;
use crate::plan::store;

/// What a merchant chooses.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    pub plan_id: Uuid,
    pub interval: Interval,
    /// None: the one in which the shop pays already, or else the shop's own.
    pub currency: Option<Currency>,
    /// Whether what is left of the present period is to be settled.
    pub prorate: bool,
}

/// What a change comes to.
#[derive(Clone, Debug)]
pub struct Preview {
    pub plan: Plan,
    /// None: it costs nothing.
    pub price: Option<Price>,
    pub start: Start,
    /// Of what there would be too much.
    pub over: Vec<Excess>,
    /// Whether it is refused for that.
    pub is_refused: bool,
    /// In the currency of the old price or else the new one; none: neither costs anything, or nothing is to be settled.
    pub proration: Option<(Currency, Proration)>,
}

/// The tenant's subscription.
pub async fn current(conn: &mut TenantConn<'_>) -> QueryResult<Option<Subscription>> {
    store::find(conn).await
}

/// What a change would come to, as things are.
pub async fn plan_change_preview(
    app: &App,
    db: &TenantDb,
    shops: Currency,
    choice: &Choice,
) -> ServiceResult<Preview, Rule> {
    let now = app.clock.now();
    let (plan, present, used) = looked_at(app, db, choice, now).await?;
    preview(app.config.plans.downgrade, &present, plan, shops, choice, &used, now).map_err(ServiceError::Rule)
}

/// Changes the plan where that costs nothing, and asks for it where it does; answers what that comes to. Choosing the
/// present plan again takes back what was asked for. What Stripe bills is changed there: `billing`.
pub async fn plan_change(app: &App, db: &TenantDb, shops: Currency, choice: &Choice) -> ServiceResult<Preview, Rule> {
    // Its row is the platform's: whatever changes there meanwhile reaches the tenant afterwards, by its version.
    let plan = offered(app, choice.plan_id).await?;
    let now = app.clock.now();
    let change = async |tx: &mut TenantTx<'_>| {
        let mut subscription = alone_in_tx(tx).await?;
        if subscription.is_billed() {
            return Err(ServiceError::Rule(Rule::Billed));
        }
        let used = used_of_all(tx.conn(), Month::of(now)).await?;
        let mode = app.config.plans.downgrade;
        let preview =
            preview(mode, &subscription, plan.clone(), shops, choice, &used, now).map_err(ServiceError::Rule)?;
        let is_same = is_as_it_is(&subscription, &plan, preview.price);
        if preview.is_refused && !is_same {
            return Err(ServiceError::Rule(Rule::Over(preview.over)));
        }
        match (preview.start, preview.price) {
            _ if is_same => subscription.pending = None,
            (Start::Activation, Some(price)) => {
                subscription.pending = Some(Pending { plan_id: plan.id, price, prorate: choice.prorate, since: now });
            }
            (Start::Trial, _) => {
                subscription.move_to(&plan, None, now);
                try_in_tx(tx, &app.entropy, &mut subscription, (plan.trial_days, now)).await?;
            }
            (Start::Now | Start::Activation, price) => subscription.move_to(&plan, price, now),
        }
        put_in_tx(tx, app, subscription).await?;
        Ok(preview)
    };
    db.write(change).await
}

/// What a plan costs a tenant that pays for it through Stripe.
#[derive(Clone, Debug)]
pub struct Quote {
    pub plan: Plan,
    pub price: Price,
    /// How many days of it are tried; 0: none.
    pub trial_days: i16,
}

/// What a plan costs, for a tenant that does not pay through Stripe yet and has no more than the plan has room for.
pub async fn plan_quote(app: &App, db: &TenantDb, shops: Currency, choice: &Choice) -> ServiceResult<Quote, Rule> {
    let (plan, present, used) = looked_at(app, db, choice, app.clock.now()).await?;
    let refused = |rule| Err(ServiceError::Rule(rule));
    if present.is_billed() {
        return refused(Rule::Billed);
    }
    let price = price_of(&plan, &present, shops, choice.interval, choice.currency).map_err(ServiceError::Rule)?;
    let Some(price) = price else { return refused(Rule::CostsNothing) };
    let (over, is_refused) = over(app.config.plans.downgrade, &present, &plan, &used);
    if is_refused {
        return refused(Rule::Over(over));
    }
    let trial_days = if present.trial_began_at.is_none() { plan.trial_days } else { 0 };
    Ok(Quote { plan, price, trial_days })
}

/// What a choice is judged by: the plan, which is on offer, the subscription as it is, and how much is used.
async fn looked_at(
    app: &App,
    db: &TenantDb,
    choice: &Choice,
    now: DateTime<Utc>,
) -> ServiceResult<(Plan, Subscription, BTreeMap<Resource, i64>), Rule> {
    let plan = offered(app, choice.plan_id).await?;
    let read = async |conn: &mut TenantConn<'_>| {
        let present = store::find(conn).await?.ok_or_else(missing)?;
        Ok::<_, Fault>((present, used_of_all(conn, Month::of(now)).await?))
    };
    let (present, used) = db.read(read).await?;
    Ok((plan, present, used))
}

async fn offered(app: &App, id: Uuid) -> ServiceResult<Plan, Rule> {
    let plan = plan_by_id(&app.db, id).await?.filter(|plan| plan.is_offered);
    plan.ok_or(ServiceError::Rule(Rule::NotFound))
}

/// The price at which a plan is had by a tenant; none: it costs nothing.
pub(super) fn price_of(
    plan: &Plan,
    present: &Subscription,
    shops: Currency,
    interval: Interval,
    currency: Option<Currency>,
) -> Result<Option<Price>, Rule> {
    if plan.is_free() {
        return Ok(None);
    }
    let paid_in = present.price.map(|price| price.currency);
    let currency = currency.or(paid_in).unwrap_or(shops);
    if let Some(paid_in) = paid_in.filter(|paid_in| *paid_in != currency) {
        return Err(Rule::OtherCurrency(paid_in.code()));
    }
    plan.price(interval, currency).map(Some).ok_or_else(|| {
        let there = plan.prices.iter().filter(|price| price.interval == interval).map(|price| price.currency.code());
        let there = there.collect::<Vec<_>>().join(", ");
        Rule::NoPrice { currency: currency.code(), there: if there.is_empty() { "none".to_owned() } else { there } }
    })
}

/// Of what there would be too much on a plan, and whether it is refused for that.
fn over(mode: Downgrade, present: &Subscription, plan: &Plan, used: &BTreeMap<Resource, i64>) -> (Vec<Excess>, bool) {
    let over = plan.terms.with(&present.overrides).over(&present.terms.limits, used);
    let is_refused = mode == Downgrade::Refuse && !over.is_empty();
    (over, is_refused)
}

fn is_as_it_is(present: &Subscription, plan: &Plan, price: Option<Price>) -> bool {
    let is_there = present.plan.id == plan.id && present.price == price;
    is_there && present.trial_ends_at.is_none()
}

fn preview(
    mode: Downgrade,
    present: &Subscription,
    plan: Plan,
    shops: Currency,
    choice: &Choice,
    used: &BTreeMap<Resource, i64>,
    now: DateTime<Utc>,
) -> Result<Preview, Rule> {
    let price = price_of(&plan, present, shops, choice.interval, choice.currency)?;
    if is_as_it_is(present, &plan, price) && present.pending.is_none() {
        return Err(Rule::Unchanged);
    }
    let is_tried = plan.trial_days > 0;
    // What is credited for the present period would not have been paid for.
    if present.status == Status::Unpaid || (present.is_billed() && present.status == Status::PastDue) {
        return Err(Rule::Unpaid);
    }
    let start = match (is_tried && present.trial_began_at.is_none(), price) {
        _ if present.is_billed() => match price {
            Some(_) => Start::Now,
            None => return Err(Rule::CancelInstead),
        },
        (true, _) => Start::Trial,
        (false, Some(_)) => Start::Activation,
        (false, None) if is_tried => return Err(Rule::TrialUsed),
        (false, None) => Start::Now,
    };
    let (over, is_refused) = over(mode, present, &plan, used);
    let paid = present.paid(now);
    let currency = paid.map(|(price, _)| price.currency).or(price.map(|price| price.currency));
    let settled = currency.filter(|_| choice.prorate && start != Start::Trial);
    let proration = settled.map(|currency| (currency, Proration::of(paid, price, now)));
    Ok(Preview { plan, price, start, over, is_refused, proration })
}
