//! Plans and their prices. Platform tables only: no tenant connection here.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::{stored, to_store, unreadable};
use crate::db::PlatformConn;
use crate::db::platform_tables::{plan_prices as prices, plans};
use crate::money::Currency;
use crate::plan::model::{Interval, Plan, Price};

/// As many as anybody reads at once.
const LISTED: i64 = 1000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = plans, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    handle: String,
    name: String,
    description: String,
    is_offered: bool,
    terms: Value,
    trial_days: i16,
    follower_id: Option<Uuid>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn read(self, prices: Vec<Price>) -> QueryResult<Plan> {
        let terms = stored("a plan's terms", self.terms)?;
        let Self { id, handle, name, description, is_offered, trial_days, follower_id, version, .. } = self;
        let (created_at, updated_at) = (self.created_at, self.updated_at);
        Ok(Plan {
            id,
            handle,
            name,
            description,
            is_offered,
            terms,
            trial_days,
            follower_id,
            version,
            prices,
            created_at,
            updated_at,
        })
    }
}

async fn prices_of(conn: &mut PlatformConn<'_>, plans: &[Uuid]) -> QueryResult<HashMap<Uuid, Vec<Price>>> {
    let rows: Vec<(Uuid, String, String, i64)> = prices::table
        .filter(prices::plan_id.eq_any(plans))
        .order((prices::plan_id, prices::bill_interval, prices::currency))
        .select((prices::plan_id, prices::bill_interval, prices::currency, prices::amount_minor))
        .load(conn)
        .await?;
    let mut found: HashMap<Uuid, Vec<Price>> = HashMap::new();
    for (plan, interval, currency, minor) in rows {
        let interval = Interval::from_db(&interval).ok_or_else(|| unreadable("an interval", &interval))?;
        let currency = Currency::from_code(&currency).ok_or_else(|| unreadable("a currency", &currency))?;
        found.entry(plan).or_default().push(Price { interval, currency, minor });
    }
    Ok(found)
}

async fn read(conn: &mut PlatformConn<'_>, rows: Vec<Row>) -> QueryResult<Vec<Plan>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut prices = prices_of(conn, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let own = prices.remove(&row.id).unwrap_or_default();
            row.read(own)
        })
        .collect()
}

/// All plans, in the order of their making.
pub async fn list(conn: &mut PlatformConn<'_>) -> QueryResult<Vec<Plan>> {
    let rows = plans::table.order((plans::created_at, plans::id)).limit(LISTED).select(Row::as_select());
    let rows = rows.load(conn).await?;
    read(conn, rows).await
}

pub async fn by_id(conn: &mut PlatformConn<'_>, id: Uuid) -> QueryResult<Option<Plan>> {
    let rows = plans::table.find(id).select(Row::as_select()).load(conn).await?;
    Ok(read(conn, rows).await?.pop())
}

/// Those of these that there are.
pub async fn by_ids(conn: &mut PlatformConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Plan>> {
    let rows = plans::table.filter(plans::id.eq_any(ids)).select(Row::as_select()).load(conn).await?;
    read(conn, rows).await
}

pub async fn by_handle(conn: &mut PlatformConn<'_>, handle: &str) -> QueryResult<Option<Plan>> {
    let rows = plans::table.filter(plans::handle.eq(handle)).select(Row::as_select()).load(conn).await?;
    Ok(read(conn, rows).await?.pop())
}

/// What is said of a plan, now and then.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = plans, treat_none_as_null = true)]
struct Said<'a> {
    name: &'a str,
    description: &'a str,
    is_offered: bool,
    terms: Value,
    trial_days: i16,
    follower_id: Option<Uuid>,
    updated_at: DateTime<Utc>,
}

impl<'a> Said<'a> {
    fn of(plan: &'a Plan) -> QueryResult<Self> {
        let Plan { name, description, is_offered, trial_days, follower_id, updated_at, .. } = plan;
        let (is_offered, trial_days, follower_id) = (*is_offered, *trial_days, *follower_id);
        let (terms, updated_at) = (to_store(&plan.terms)?, *updated_at);
        Ok(Self { name, description, is_offered, terms, trial_days, follower_id, updated_at })
    }
}

/// A new plan, without its prices.
pub async fn insert(conn: &mut PlatformConn<'_>, plan: &Plan) -> QueryResult<usize> {
    diesel::insert_into(plans::table)
        .values((
            plans::id.eq(plan.id),
            plans::handle.eq(&plan.handle),
            plans::created_at.eq(plan.created_at),
            Said::of(plan)?,
        ))
        .execute(conn)
        .await
}

/// Has the plan, with the version that it was read in, be as it is said, in the next one; answers whether it still had that.
pub async fn update(conn: &mut PlatformConn<'_>, plan: &Plan) -> QueryResult<bool> {
    let changed = diesel::update(plans::table.find(plan.id))
        .filter(plans::version.eq(plan.version))
        .set((Said::of(plan)?, plans::version.eq(plans::version + 1)))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Has the plan cost this.
pub async fn set_prices(conn: &mut PlatformConn<'_>, plan: Uuid, new: &[Price]) -> QueryResult<usize> {
    diesel::delete(prices::table).filter(prices::plan_id.eq(plan)).execute(conn).await?;
    let rows: Vec<_> = new
        .iter()
        .map(|price| {
            (
                prices::plan_id.eq(plan),
                prices::bill_interval.eq(price.interval.as_db()),
                prices::currency.eq(price.currency.code()),
                prices::amount_minor.eq(price.minor),
            )
        })
        .collect();
    if rows.is_empty() { Ok(0) } else { diesel::insert_into(prices::table).values(rows).execute(conn).await }
}
