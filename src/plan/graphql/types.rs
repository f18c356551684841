//! Plans, and what they come to.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, Result, SimpleObject};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::app::App;
use crate::error::Fault;
use crate::graphql::scope::ScopeExt;
use crate::money::Currency;
use crate::money::graphql::MoneyV2;
use crate::plan::model::{
    Excess, Feature, Fee, Interval, Limits, Plan as Model, Price, Proration, Resource, Start, Terms,
};
use crate::plan::rule::{PlanErrorCode, PlanRule};
use crate::plan::service::{self, Preview};
use crate::user_error;

user_error!(PlanUserError, PlanErrorCode);

impl From<PlanRule> for PlanUserError {
    fn from(rule: PlanRule) -> Self {
        Self { field: rule.field(), message: rule.to_string(), code: Some(rule.code()) }
    }
}

/// What was done, or every reason why it was not.
pub fn split<T>(done: crate::error::ServiceResult<T, PlanRule>) -> Result<(Option<T>, Vec<PlanUserError>), Fault> {
    match done {
        Ok(done) => Ok((Some(done), Vec::new())),
        Err(crate::error::ServiceError::Rule(rule)) => Ok((None, rule.each().into_iter().map(Into::into).collect())),
        Err(crate::error::ServiceError::Fault(fault)) => Err(fault),
    }
}

/// What a shop may have so many of, which features it has, and what it pays for that.
#[derive(Clone, Debug, Description)]
pub struct Plan(pub Arc<Model>);

impl From<Model> for Plan {
    fn from(plan: Model) -> Self {
        Self(Arc::new(plan))
    }
}

/// The plan that a row names.
pub async fn plan_of(app: &App, id: Uuid) -> Result<Plan, Fault> {
    let plan = service::plan_by_id(&app.db, id).await?;
    plan.map(Plan::from).ok_or_else(|| Fault::internal(format!("there is no plan {id}")))
}

/// The plans that a list's rows name: asked for together, once one is asked for.
#[derive(Debug)]
pub struct PlansOf {
    ids: Vec<Uuid>,
    found: OnceCell<HashMap<Uuid, Plan>>,
}

impl PlansOf {
    pub fn new(ids: impl IntoIterator<Item = Uuid>) -> Arc<Self> {
        let ids: BTreeSet<Uuid> = ids.into_iter().collect();
        Arc::new(Self { ids: ids.into_iter().collect(), found: OnceCell::new() })
    }

    /// One of them.
    pub async fn get(&self, app: &App, id: Uuid) -> Result<Plan, Fault> {
        let ask = || async {
            let found = service::plans_by_ids(&app.db, &self.ids).await?;
            Ok::<_, Fault>(found.into_iter().map(|plan| (plan.id, Plan::from(plan))).collect())
        };
        let found: &HashMap<Uuid, Plan> = self.found.get_or_try_init(ask).await?;
        found.get(&id).cloned().ok_or_else(|| Fault::internal(format!("there is no plan {id}")))
    }
}

#[Object(use_type_description)]
impl Plan {
    /// The plan's global id.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("Plan", self.0.id)
    }

    /// Its short name: `free`, `pro`. It stays.
    async fn handle(&self) -> &str {
        &self.0.handle
    }

    /// Its name, for people.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is for.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Whether shops may choose it.
    async fn is_offered(&self) -> bool {
        self.0.is_offered
    }

    /// How many there may be of each thing.
    async fn limits(&self) -> Vec<PlanLimit> {
        limits(&self.0.terms.limits)
    }

    /// What it has.
    async fn features(&self) -> Vec<Feature> {
        self.0.terms.features.iter().copied().collect()
    }

    /// What it costs; none: nothing.
    async fn prices(&self) -> Vec<PlanPrice> {
        self.0.prices.iter().copied().map(Into::into).collect()
    }

    /// How many points of cost a shop's requests may take in a second.
    async fn api_points_per_second(&self) -> i32 {
        self.0.terms.api_points_per_second
    }

    /// How much of the worker a shop's jobs get, beside others': 1 to 100.
    async fn job_weight(&self) -> i32 {
        self.0.terms.job_weight.into()
    }

    /// What the platform takes of an order.
    async fn transaction_fee(&self) -> TransactionFee {
        self.0.terms.fee.into()
    }

    /// How many days it is tried, once; 0: it is not.
    async fn trial_days(&self) -> i32 {
        self.0.trial_days.into()
    }
}

pub fn limits(limits: &Limits) -> Vec<PlanLimit> {
    Resource::ALL.into_iter().map(|name| PlanLimit { name, max: limits.of(name) }).collect()
}

pub fn features(terms: &Terms) -> Vec<Feature> {
    terms.features.iter().copied().collect()
}

/// How many there may be of something.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PlanLimit {
    /// Of what.
    name: Resource,
    /// How many; null: as many as one likes.
    max: Option<i64>,
}

/// What a plan costs for a while.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PlanPrice {
    /// For how long.
    interval: Interval,
    /// How much.
    price: MoneyV2,
}

impl From<Price> for PlanPrice {
    fn from(price: Price) -> Self {
        Self { interval: price.interval, price: MoneyV2(price.money()) }
    }
}

/// What the platform takes of an order.
#[derive(Clone, Copy, Debug, SimpleObject, InputObject)]
#[graphql(input_name = "TransactionFeeInput")]
pub struct TransactionFee {
    /// Hundredths of a percent of its total: 0 to 10000.
    basis_points: i32,
    /// And so many minor units of the order's currency: 0 to 1000000.
    minor_units: i32,
}

impl From<Fee> for TransactionFee {
    fn from(fee: Fee) -> Self {
        Self { basis_points: fee.basis_points, minor_units: i32::try_from(fee.minor).unwrap_or(i32::MAX) }
    }
}

impl From<TransactionFee> for Fee {
    fn from(fee: TransactionFee) -> Self {
        Self { basis_points: fee.basis_points, minor: fee.minor_units.into() }
    }
}

/// How many there are of something, and may be.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PlanUsage {
    /// Of what.
    pub name: Resource,
    /// How many there are; null for a month that is over, of what is not counted by the month.
    pub used: Option<i64>,
    /// How many there may be; null: as many as one likes.
    pub max: Option<i64>,
}

/// What there is too much of.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PlanExcess {
    /// Of what.
    name: Resource,
    /// How many there are.
    used: i64,
    /// How many the plan has room for.
    max: i64,
}

impl From<Excess> for PlanExcess {
    fn from(Excess { resource, used, max }: Excess) -> Self {
        Self { name: resource, used, max }
    }
}

/// What is settled when one price takes the place of another. A share of a price is what falls on the days that are left of
/// the present period, by the dates of UTC and with today's, to the nearest minor unit, half of one upwards:
/// price × days left ÷ days of the period.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PlanProration {
    /// How many days the period has.
    days_in_period: i64,
    /// How many of them are left.
    days_left: i64,
    /// The share of the old price.
    credit: MoneyV2,
    /// The share of the new price; all of it, where a new period begins: nothing was paid, or for another interval.
    charge: MoneyV2,
    /// The charge without the credit; less than 0: that much is credited.
    due: MoneyV2,
}

impl From<(Currency, Proration)> for PlanProration {
    fn from((currency, proration): (Currency, Proration)) -> Self {
        let money = |minor| MoneyV2(crate::money::Money::new(minor, currency));
        Self {
            days_in_period: proration.days.all,
            days_left: proration.days.left,
            credit: money(proration.credit_minor),
            charge: money(proration.charge_minor),
            due: money(proration.due_minor()),
        }
    }
}

/// What a change of the plan comes to.
#[derive(Clone, Debug, SimpleObject)]
pub struct PlanChangePreview {
    /// The plan that would be the shop's.
    plan: Plan,
    /// What it would cost; null: nothing.
    price: Option<PlanPrice>,
    /// When it would be in force.
    start: Start,
    /// Of what there would be too much.
    over: Vec<PlanExcess>,
    /// Whether it is refused for that; otherwise what is there stays, and nothing is added until there is less.
    is_refused: bool,
    /// What would be settled; null: nothing.
    proration: Option<PlanProration>,
}

impl From<Preview> for PlanChangePreview {
    fn from(preview: Preview) -> Self {
        Self {
            plan: preview.plan.into(),
            price: preview.price.map(Into::into),
            start: preview.start,
            over: preview.over.into_iter().map(Into::into).collect(),
            is_refused: preview.is_refused,
            proration: preview.proration.map(Into::into),
        }
    }
}
