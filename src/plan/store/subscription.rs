//! The tenant's subscription: one row, and two locks.
//!
//! Whoever makes something that a plan may limit holds [`enter`]'s lock, which waits for nobody who does the same; whoever
//! changes what the plan is holds [`enter_alone`]'s, and so waits until all of those have committed. What is limited is
//! counted under the row's own lock ([`lock`]) as well.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::{stored, to_store, unreadable};
use crate::db::schema::subscriptions;
use crate::db::{TenantConn, TenantTx};
use crate::money::Currency;
use crate::plan::model::{Billed, InForce, Interval, Overrides, PlanCopy, Price, Resource, Status, Subscription};

diesel::define_sql_function! {
    /// Until the transaction ends, beside others who hold the same. (It answers nothing, which nobody reads.)
    fn pg_advisory_xact_lock_shared(key: diesel::sql_types::BigInt) -> diesel::sql_types::Text;
}
diesel::define_sql_function! {
    /// Until the transaction ends, beside nobody. (It answers nothing, which nobody reads.)
    fn pg_advisory_xact_lock(key: diesel::sql_types::BigInt) -> diesel::sql_types::Text;
}

/// The tenant's lock. That two tenants have the same is as likely as that two ids are: then one waits for the other.
fn key(tenant: Uuid) -> i64 {
    let (_, random) = tenant.as_u64_pair();
    // Apart from whatever else is locked by numbers.
    (random ^ 0x656d_706f_7269_6170).cast_signed()
}

/// Sends the lock beside others; it travels with the next statement, which sees what whoever held the other one left.
pub fn enter(tx: &mut TenantTx<'_>) -> QueryResult<()> {
    let key = key(tx.tenant());
    tx.send(diesel::select(pg_advisory_xact_lock_shared(key)))
}

/// The same beside nobody.
pub fn enter_alone(tx: &mut TenantTx<'_>) -> QueryResult<()> {
    let key = key(tx.tenant());
    tx.send(diesel::select(pg_advisory_xact_lock(key)))
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = subscriptions, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
struct Row {
    status: String,
    plan_id: Uuid,
    plan_handle: String,
    plan_name: String,
    plan_version: i32,
    plan_terms: Value,
    overrides: Value,
    terms: Value,
    bill_interval: Option<String>,
    bill_currency: Option<String>,
    bill_minor: Option<i64>,
    period_start: DateTime<Utc>,
    period_end: Option<DateTime<Utc>>,
    trial_ends_at: Option<DateTime<Utc>>,
    trial_began_at: Option<DateTime<Utc>>,
    pending: Option<Value>,
    stripe_subscription_id: Option<String>,
    stripe_is_live: bool,
    cancel_at_period_end: bool,
    grace_ends_at: Option<DateTime<Utc>>,
    revision: i64,
}

impl Row {
    fn read(self) -> QueryResult<Subscription> {
        let price = match (self.bill_interval, self.bill_currency, self.bill_minor) {
            (Some(interval), Some(currency), Some(minor)) => Some(Price {
                interval: Interval::from_db(&interval).ok_or_else(|| unreadable("an interval", &interval))?,
                currency: Currency::from_code(&currency).ok_or_else(|| unreadable("a currency", &currency))?,
                minor,
            }),
            _ => None,
        };
        Ok(Subscription {
            status: Status::from_db(&self.status).ok_or_else(|| unreadable("a status", &self.status))?,
            plan: PlanCopy {
                id: self.plan_id,
                handle: self.plan_handle,
                name: self.plan_name,
                version: self.plan_version,
                terms: stored("a plan's terms", self.plan_terms)?,
            },
            overrides: stored::<Overrides>("overrides", self.overrides)?,
            terms: stored("terms", self.terms)?,
            price,
            period_start: self.period_start,
            period_end: self.period_end,
            trial_ends_at: self.trial_ends_at,
            trial_began_at: self.trial_began_at,
            pending: self.pending.map(|pending| stored("what is pending", pending)).transpose()?,
            billed: self.stripe_subscription_id.map(|subscription_id| Billed {
                subscription_id,
                is_live: self.stripe_is_live,
                ends_with_period: self.cancel_at_period_end,
            }),
            grace_ends_at: self.grace_ends_at,
            revision: self.revision,
        })
    }

    fn of(subscription: &Subscription) -> QueryResult<Self> {
        let Subscription { status, plan, overrides, terms, price, pending, billed, .. } = subscription;
        Ok(Self {
            status: status.as_db().to_owned(),
            plan_id: plan.id,
            plan_handle: plan.handle.clone(),
            plan_name: plan.name.clone(),
            plan_version: plan.version,
            plan_terms: to_store(&plan.terms)?,
            overrides: to_store(overrides)?,
            terms: to_store(terms)?,
            bill_interval: price.map(|price| price.interval.as_db().to_owned()),
            bill_currency: price.map(|price| price.currency.code().to_owned()),
            bill_minor: price.map(|price| price.minor),
            period_start: subscription.period_start,
            period_end: subscription.period_end,
            trial_ends_at: subscription.trial_ends_at,
            trial_began_at: subscription.trial_began_at,
            pending: pending.as_ref().map(to_store).transpose()?,
            stripe_subscription_id: billed.as_ref().map(|billed| billed.subscription_id.clone()),
            stripe_is_live: billed.as_ref().is_some_and(|billed| billed.is_live),
            cancel_at_period_end: billed.as_ref().is_some_and(|billed| billed.ends_with_period),
            grace_ends_at: subscription.grace_ends_at,
            revision: subscription.revision,
        })
    }
}

/// The tenant's subscription, without a lock.
pub async fn find(conn: &mut TenantConn<'_>) -> QueryResult<Option<Subscription>> {
    let row = subscriptions::table.filter(subscriptions::tenant_id.eq(conn.tenant())).select(Row::as_select());
    row.first(conn).await.optional()?.map(Row::read).transpose()
}

/// The same, locked: as whoever had the lock before has left it.
pub async fn lock(tx: &mut TenantTx<'_>) -> QueryResult<Option<Subscription>> {
    let row = subscriptions::table
        .filter(subscriptions::tenant_id.eq(tx.tenant()))
        .select(Row::as_select())
        .for_no_key_update();
    row.first(tx).await.optional()?.map(Row::read).transpose()
}

/// What counts, and what the plan is called, without a lock.
pub async fn in_force(conn: &mut TenantConn<'_>) -> QueryResult<Option<InForce>> {
    let row = subscriptions::table.filter(subscriptions::tenant_id.eq(conn.tenant())).select((
        subscriptions::terms,
        subscriptions::plan_name,
        subscriptions::status,
    ));
    row.first(conn).await.optional()?.map(InForce::read).transpose()
}

/// Sends the row's lock for whoever is to count a kind, unless the plan does not limit it: then there is no row to lock.
/// What is counted afterwards is as whoever had the lock before has left it.
pub fn lock_where_limited(tx: &mut TenantTx<'_>, resource: Resource) -> QueryResult<()> {
    let limit = subscriptions::terms.retrieve_as_object("limits").retrieve_as_text(resource.key());
    let row = subscriptions::table
        .filter(subscriptions::tenant_id.eq(tx.tenant()))
        .filter(limit.is_not_null())
        .select(subscriptions::tenant_id)
        .for_no_key_update();
    tx.send(row)
}

impl InForce {
    fn read((terms, plan, status): (Value, String, String)) -> QueryResult<Self> {
        let is_unpaid = Status::from_db(&status) == Some(Status::Unpaid);
        Ok(Self { terms: stored("terms", terms)?, plan, is_unpaid })
    }
}

/// A new tenant's: it reads nothing back.
pub async fn insert_begun(tx: &mut TenantTx<'_>, new: &Subscription, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::insert_into(subscriptions::table)
        .values((
            subscriptions::tenant_id.eq(tx.tenant()),
            Row::of(new)?,
            subscriptions::created_at.eq(now),
            subscriptions::updated_at.eq(now),
        ))
        .execute(tx)
        .await
}

/// Has the subscription be like this.
pub async fn put(tx: &mut TenantTx<'_>, changed: &Subscription, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(subscriptions::table.filter(subscriptions::tenant_id.eq(tx.tenant())))
        .set((Row::of(changed)?, subscriptions::updated_at.eq(now)))
        .execute(tx)
        .await
}

/// Counts that somebody wants to be sent to a page on which to pay; answers how often that was.
pub async fn count_checkout(tx: &mut TenantTx<'_>) -> QueryResult<i64> {
    diesel::update(subscriptions::table.filter(subscriptions::tenant_id.eq(tx.tenant())))
        .set(subscriptions::stripe_checkouts.eq(subscriptions::stripe_checkouts + 1))
        .returning(subscriptions::stripe_checkouts)
        .get_result(tx)
        .await
}

/// How often somebody wanted to be sent to such a page.
pub async fn checkouts(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    let row =
        subscriptions::table.filter(subscriptions::tenant_id.eq(conn.tenant())).select(subscriptions::stripe_checkouts);
    row.first(conn).await
}

/// How often it was compared with Stripe.
pub async fn syncs(conn: &mut TenantConn<'_>) -> QueryResult<i64> {
    let row =
        subscriptions::table.filter(subscriptions::tenant_id.eq(conn.tenant())).select(subscriptions::stripe_syncs);
    row.first(conn).await
}

/// Counts another time, if nobody else has meanwhile; false: somebody has.
pub async fn count_sync(tx: &mut TenantTx<'_>, before: i64) -> QueryResult<bool> {
    let row = subscriptions::table
        .filter(subscriptions::tenant_id.eq(tx.tenant()))
        .filter(subscriptions::stripe_syncs.eq(before));
    let counted = diesel::update(row).set(subscriptions::stripe_syncs.eq(before + 1)).execute(tx).await?;
    Ok(counted == 1)
}
