//! What operators do: make plans, change them, activate what merchants have chosen, and make exceptions for one tenant.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::change::price_of;
use super::spread::publish_now;
use super::trial::try_in_tx;
use super::usage::used_of_all;
use super::{alone_in_tx, plan_by_id, plan_spread, put_in_tx};
use crate::app::App;
use crate::config::Downgrade;
use crate::db::error::constraint;
use crate::db::{PlatformConn, TenantDb, TenantTx};
use crate::error::{Fault, ServiceError, ServiceResult};
use crate::ids::TenantId;
use crate::money::Currency;
use crate::plan::model::{
    FREE, Feature, Fee, Interval, Limits, MAX_API_POINTS, MAX_BASIS_POINTS, MAX_DESCRIPTION, MAX_FEE, MAX_JOB_WEIGHT,
    MAX_LIMIT, MAX_NAME, MAX_PRICE, MAX_PRICES, MAX_TRIAL_DAYS, Month, Overrides, Plan, Price, Resource, Subscription,
    Terms, is_handle,
};
use crate::plan::rule::PlanRule as Rule;
use crate::plan::store;
use crate::tenant::service::tenant_by_id;

/// What an operator says of a plan; none: it stays, or is as with a new one.
#[derive(Clone, Debug, Default)]
pub struct PlanDraft {
    pub name: Option<String>,
    pub description: Option<String>,
    pub is_offered: Option<bool>,
    /// Those that are left out stay, or are none.
    pub limits: Option<Vec<(Resource, Option<i64>)>>,
    /// All that it has.
    pub features: Option<Vec<Feature>>,
    pub api_points_per_second: Option<i32>,
    pub job_weight: Option<i32>,
    pub fee: Option<Fee>,
    pub trial_days: Option<i32>,
    /// Some of none: the plan called free.
    pub follower_id: Option<Option<Uuid>>,
    /// All of them.
    pub prices: Option<Vec<Price>>,
}

/// What a plan has of which nothing was said: no limits, no features, the seeded plans' fee.
fn usual_terms() -> Terms {
    Terms {
        limits: Limits::default(),
        features: BTreeSet::new(),
        api_points_per_second: 2000,
        job_weight: 1,
        fee: Fee { basis_points: 50, minor: 25 },
    }
}

/// Makes a plan.
pub async fn plan_create(app: &App, handle: &str, draft: &PlanDraft) -> ServiceResult<Plan, Rule> {
    if !is_handle(handle) {
        return refused(Rule::BadHandle);
    }
    let now = app.clock.now();
    let new = Plan {
        id: app.entropy.uuid_v7(now),
        handle: handle.to_owned(),
        name: String::new(),
        description: String::new(),
        is_offered: false,
        terms: usual_terms(),
        trial_days: 0,
        follower_id: None,
        version: 1,
        prices: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let new = drafted(new, draft).map_err(ServiceError::Rule)?;
    let insert = async |conn: &mut PlatformConn<'_>| {
        check_follower(conn, &new).await?;
        store::insert(conn, &new).await.map_err(|error| match constraint(&error) {
            Some("plans_handle") => ServiceError::Rule(Rule::HandleTaken(handle.to_owned())),
            _ => error.into(),
        })?;
        store::set_prices(conn, new.id, &new.prices).await?;
        Ok::<_, ServiceError<Rule>>(())
    };
    app.db.platform().run(insert).await?;
    Ok(new)
}

/// Changes a plan, and what it comes to for all who are on it: theirs by jobs, soon. Whoever has too much then keeps it. A
/// price that was agreed stays as it is.
pub async fn plan_update(app: &App, id: Uuid, draft: &PlanDraft) -> ServiceResult<Plan, Rule> {
    let now = app.clock.now();
    let update = async |conn: &mut PlatformConn<'_>| {
        let Some(old) = store::by_id(conn, id).await? else { return refused(Rule::NotFound) };
        let new = drafted(Plan { updated_at: now, ..old }, draft).map_err(ServiceError::Rule)?;
        check_follower(conn, &new).await?;
        if !store::update(conn, &new).await? {
            return Err(Fault::internal("a plan was changed by two at once").into());
        }
        if draft.prices.is_some() {
            store::set_prices(conn, id, &new.prices).await?;
        }
        Ok(Plan { version: new.version + 1, ..new })
    };
    let plan = app.db.platform().run(update).await?;
    let (later, spread) = (app.clone(), plan.clone());
    // Whoever has many tenants does not wait for them. What is broken off, the sweep goes on with.
    app.tasks.spawn(async move {
        if let Err(fault) = plan_spread(&later, &spread).await {
            tracing::error!(%fault, plan = spread.handle, "a plan's change has not reached all tenants; the sweep goes on");
        }
    });
    Ok(plan)
}

/// The plan as it would be.
fn drafted(mut plan: Plan, draft: &PlanDraft) -> Result<Plan, Rule> {
    let PlanDraft { name, description, is_offered, features, fee, follower_id, prices, .. } = draft.clone();
    plan.name = name.unwrap_or(plan.name);
    plan.description = description.unwrap_or(plan.description);
    plan.is_offered = is_offered.unwrap_or(plan.is_offered);
    plan.follower_id = follower_id.unwrap_or(plan.follower_id);
    plan.prices = prices.unwrap_or(plan.prices);
    if !crate::text::is_name(&plan.name, MAX_NAME) {
        return Err(Rule::BadName);
    }
    if plan.description.chars().count() > MAX_DESCRIPTION {
        return Err(Rule::LongDescription);
    }
    for (resource, max) in limits(draft.limits.as_deref().unwrap_or_default())? {
        plan.terms.limits.set(resource, max);
    }
    if let Some(features) = features {
        plan.terms.features = once_each(&features)?;
    }
    plan.terms.api_points_per_second = draft.api_points_per_second.unwrap_or(plan.terms.api_points_per_second);
    if !(1..=MAX_API_POINTS).contains(&plan.terms.api_points_per_second) {
        return Err(Rule::BadPoints);
    }
    plan.terms.job_weight = within(draft.job_weight, plan.terms.job_weight, 1, MAX_JOB_WEIGHT, Rule::BadWeight)?;
    plan.trial_days = within(draft.trial_days, plan.trial_days, 0, MAX_TRIAL_DAYS, Rule::BadTrial)?;
    plan.terms.fee = fee.unwrap_or(plan.terms.fee);
    let Fee { basis_points, minor } = plan.terms.fee;
    if !(0..=MAX_BASIS_POINTS).contains(&basis_points) || !(0..=MAX_FEE).contains(&minor) {
        return Err(Rule::BadFee);
    }
    check_prices(&plan.prices)?;
    Ok(plan)
}

fn within(said: Option<i32>, old: i16, least: i16, most: i16, rule: Rule) -> Result<i16, Rule> {
    let Some(said) = said else { return Ok(old) };
    i16::try_from(said).ok().filter(|said| (least..=most).contains(said)).ok_or(rule)
}

/// Each resource's limit, said once.
fn limits(said: &[(Resource, Option<i64>)]) -> Result<BTreeMap<Resource, Option<i64>>, Rule> {
    let mut limits = BTreeMap::new();
    for (at, (resource, max)) in said.iter().enumerate() {
        if max.is_some_and(|max| !(0..=MAX_LIMIT).contains(&max)) {
            return Err(Rule::BadLimit { at });
        }
        if limits.insert(*resource, *max).is_some() {
            return Err(Rule::LimitTwice { at });
        }
    }
    Ok(limits)
}

fn once_each(features: &[Feature]) -> Result<BTreeSet<Feature>, Rule> {
    let mut all = BTreeSet::new();
    for (at, feature) in features.iter().enumerate() {
        if !all.insert(*feature) {
            return Err(Rule::FeatureTwice { at });
        }
    }
    Ok(all)
}

fn check_prices(prices: &[Price]) -> Result<(), Rule> {
    if prices.len() > MAX_PRICES {
        return Err(Rule::TooManyPrices);
    }
    let mut seen = BTreeSet::new();
    for (at, price) in prices.iter().enumerate() {
        if !(1..=MAX_PRICE).contains(&price.minor) || price.currency.stands_for_none() {
            return Err(Rule::BadPrice { at });
        }
        if !seen.insert((price.interval, price.currency.code())) {
            return Err(Rule::PriceTwice { at });
        }
    }
    Ok(())
}

/// What follows a trial is there, costs nothing, and is no trial: nobody is tried in a circle, nor charged unasked.
async fn check_follower(conn: &mut PlatformConn<'_>, plan: &Plan) -> ServiceResult<(), Rule> {
    let follower = match plan.follower_id {
        Some(id) => store::by_id(conn, id).await?,
        None if plan.trial_days > 0 => store::by_handle(conn, FREE).await?,
        None => return Ok(()),
    };
    let can = follower.is_some_and(|follower| follower.id != plan.id && follower.trial_days == 0 && follower.is_free());
    if can { Ok(()) } else { refused(Rule::BadFollower) }
}

/// What an operator activates.
#[derive(Clone, Copy, Debug)]
pub struct Activation {
    /// None: what the merchant has chosen.
    pub plan_id: Option<Uuid>,
    /// Of the price, where a plan is named.
    pub interval: Interval,
    /// None: the one in which the shop pays already, or else the shop's own.
    pub currency: Option<Currency>,
}

/// Puts a tenant on a plan: the one that it has chosen, or another, offered or not. One that is tried and costs nothing is
/// tried anew, whatever was tried before.
pub async fn plan_activate(app: &App, tenant: TenantId, wanted: Activation) -> ServiceResult<Subscription, Rule> {
    let (db, shops) = tenants_rows(app, tenant).await?;
    let now = app.clock.now();
    let chosen = match wanted.plan_id {
        Some(id) => id,
        None => pending_of(&db).await?,
    };
    let plan = plan_by_id(&app.db, chosen).await?.ok_or(ServiceError::Rule(Rule::NotFound))?;
    let activate = async |tx: &mut TenantTx<'_>| {
        let mut subscription = alone_in_tx(tx).await?;
        if subscription.is_billed() {
            return refused(Rule::BilledElsewhere);
        }
        let price = match (wanted.plan_id, &subscription.pending) {
            (Some(_), _) => {
                price_of(&plan, &subscription, shops, wanted.interval, wanted.currency).map_err(ServiceError::Rule)?
            }
            (None, Some(pending)) if pending.plan_id == plan.id => Some(pending.price),
            (None, _) => return refused(Rule::NothingPending),
        };
        refuse_over(tx, app, &subscription, &plan, now).await?;
        subscription.move_to(&plan, price, now);
        // One that is tried and costs nothing would be tried for ever.
        if plan.trial_days > 0 && plan.is_free() {
            try_in_tx(tx, &app.entropy, &mut subscription, (plan.trial_days, now)).await?;
        }
        Ok(put_in_tx(tx, app, subscription).await?)
    };
    let put = db.write(activate).await?;
    publish_now(app, &db).await;
    Ok(put)
}

async fn pending_of(db: &TenantDb) -> ServiceResult<Uuid, Rule> {
    let present = db.read(async |conn| Ok::<_, Fault>(store::find(conn).await?)).await?;
    let pending = present.ok_or_else(super::limit::missing)?.pending;
    pending.map(|pending| pending.plan_id).ok_or(ServiceError::Rule(Rule::NothingPending))
}

async fn refuse_over(
    tx: &mut TenantTx<'_>,
    app: &App,
    present: &Subscription,
    plan: &Plan,
    now: DateTime<Utc>,
) -> ServiceResult<(), Rule> {
    if app.config.plans.downgrade == Downgrade::Grandfather {
        return Ok(());
    }
    let used = used_of_all(tx.conn(), Month::of(now)).await?;
    let over = plan.terms.with(&present.overrides).over(&present.terms.limits, &used);
    if over.is_empty() { Ok(()) } else { refused(Rule::Over(over)) }
}

/// Says what a tenant has otherwise than its plan says, in place of what was said before. Whoever has too much then keeps it.
pub async fn overrides_set(
    app: &App,
    tenant: TenantId,
    limited: &[(Resource, Option<i64>)],
    features: &[(Feature, bool)],
) -> ServiceResult<Subscription, Rule> {
    let mut overrides = Overrides { limits: limits(limited).map_err(ServiceError::Rule)?, ..Overrides::default() };
    for (at, (feature, is_on)) in features.iter().enumerate() {
        if overrides.features.insert(*feature, *is_on).is_some() {
            return refused(Rule::FeatureTwice { at });
        }
    }
    let (db, _) = tenants_rows(app, tenant).await?;
    let set = async |tx: &mut TenantTx<'_>| {
        let mut subscription = alone_in_tx(tx).await?;
        subscription.terms = subscription.plan.terms.with(&overrides);
        subscription.overrides = overrides.clone();
        Ok::<_, ServiceError<Rule>>(put_in_tx(tx, app, subscription).await?)
    };
    let put = db.write(set).await?;
    publish_now(app, &db).await;
    Ok(put)
}

/// The rows of a tenant that is not deleted, of which only its subscription is looked at, and its currency.
async fn tenants_rows(app: &App, tenant: TenantId) -> ServiceResult<(TenantDb, Currency), Rule> {
    let found = tenant_by_id(&app.db, tenant).await?.filter(|tenant| tenant.deleted_at.is_none());
    let currency = found.ok_or(ServiceError::Rule(Rule::NoTenant))?.currency;
    Ok((app.db.tenant(tenant), currency))
}

fn refused<T>(rule: Rule) -> ServiceResult<T, Rule> {
    Err(ServiceError::Rule(rule))
}
