//! The books' statements: what is posted is read and added to.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::model::{Account, Kind, Posting, Unit, Written};
use crate::db::keyset::{by, moment};
use crate::db::schema::ledger_postings as postings;
use crate::db::{QueryError, TenantConn, TenantTx, insert_rows};
use crate::money::Currency;
use crate::page::PageQuery;
use crate::plan::model::Month;

diesel::define_sql_function! {
    /// A sum that has no fraction as the number that it is.
    fn int8(sum: diesel::sql_types::Nullable<diesel::sql_types::Numeric>)
        -> diesel::sql_types::Nullable<diesel::sql_types::BigInt>;
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = postings, check_for_backend(diesel::pg::Pg))]
struct Row {
    id: Uuid,
    order_id: Option<Uuid>,
    period: Option<NaiveDate>,
    event_id: Option<Uuid>,
    kind: String,
    number: i16,
    debit_account: String,
    credit_account: String,
    unit: String,
    amount: i64,
    occurred_at: DateTime<Utc>,
    posted_at: DateTime<Utc>,
}

fn known<T>(what: &str, text: &str, read: impl FnOnce(&str) -> Option<T>) -> QueryResult<T> {
    read(text).ok_or_else(|| QueryError::DeserializationError(format!("{what}: {text}").into()))
}

impl Row {
    fn read(self) -> QueryResult<Written> {
        let Self { id, order_id, period, event_id, number, amount, occurred_at, posted_at, .. } = self;
        let posting = Posting {
            order_id,
            period: period.map(Month::of_day),
            kind: known("a posting's kind", &self.kind, Kind::from_db)?,
            number,
            debit: known("an account", &self.debit_account, Account::from_db)?,
            credit: known("an account", &self.credit_account, Account::from_db)?,
            unit: known("a unit", &self.unit, Unit::from_db)?,
            amount,
            occurred_at,
        };
        Ok(Written { id, event_id, posting, posted_at })
    }
}

/// Writes postings, but for those that are there: answers how many were not.
pub async fn insert(tx: &mut TenantTx<'_>, new: &[Written]) -> QueryResult<usize> {
    insert_rows!(tx.tenant(), postings, new, |row| {
        id: row.id,
        order_id: row.posting.order_id,
        period: row.posting.period.map(Month::first_day),
        event_id: row.event_id,
        kind: row.posting.kind.as_db(),
        number: row.posting.number,
        debit_account: row.posting.debit.as_db(),
        credit_account: row.posting.credit.as_db(),
        unit: row.posting.unit.as_db(),
        amount: row.posting.amount,
        occurred_at: row.posting.occurred_at,
        posted_at: row.posted_at,
    })
    .on_conflict_do_nothing()
    .execute(tx)
    .await
}

/// What is posted of the orders between two ids, the last one included; none: without an end.
pub async fn between(conn: &mut TenantConn<'_>, after: Option<Uuid>, until: Option<Uuid>) -> QueryResult<Vec<Written>> {
    let of_orders =
        postings::table.filter(postings::tenant_id.eq(conn.tenant())).filter(postings::order_id.is_not_null());
    let mut query = of_orders.select(Row::as_select()).into_boxed();
    if let Some(after) = after {
        query = query.filter(postings::order_id.gt(after));
    }
    if let Some(until) = until {
        query = query.filter(postings::order_id.le(until));
    }
    let rows: Vec<Row> = query.load(conn).await?;
    rows.into_iter().map(Row::read).collect()
}

/// A page of postings by when they happened, within a period if one is given.
pub async fn page(
    conn: &mut TenantConn<'_>,
    period: Option<(DateTime<Utc>, DateTime<Utc>)>,
    page: &PageQuery,
) -> QueryResult<Vec<Written>> {
    let own = postings::table.filter(postings::tenant_id.eq(conn.tenant()));
    let mut query = own.select(Row::as_select()).limit(page.limit).into_boxed();
    if let Some((from, until)) = period {
        query = query.filter(postings::occurred_at.ge(from)).filter(postings::occurred_at.lt(until));
    }
    let rows: Vec<Row> = by!(query, page, postings::occurred_at, postings::id, moment).load(conn).await?;
    rows.into_iter().map(Row::read).collect()
}

/// The postings with these ids.
pub async fn by_id(conn: &mut TenantConn<'_>, ids: &[Uuid]) -> QueryResult<Vec<Written>> {
    let rows: Vec<Row> = postings::table
        .filter(postings::tenant_id.eq(conn.tenant()))
        .filter(postings::id.eq_any(ids))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// What was invoiced from a time on, in the order of its posting.
pub async fn invoicings(conn: &mut TenantConn<'_>, since: DateTime<Utc>) -> QueryResult<Vec<Written>> {
    let rows: Vec<Row> = postings::table
        .filter(postings::tenant_id.eq(conn.tenant()))
        .filter(postings::period.is_not_null())
        .filter(postings::posted_at.ge(since))
        .order((postings::posted_at, postings::id))
        .select(Row::as_select())
        .load(conn)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// What was invoiced for a month, by currency.
pub async fn invoiced(conn: &mut TenantConn<'_>, month: Month) -> QueryResult<Vec<(Currency, i64)>> {
    let rows: Vec<(String, i64)> = postings::table
        .filter(postings::tenant_id.eq(conn.tenant()))
        .filter(postings::period.eq(month.first_day()))
        .order(postings::unit)
        .select((postings::unit, postings::amount))
        .load(conn)
        .await?;
    let read = |(unit, minor): (String, i64)| Ok((known("a currency", &unit, Currency::from_code)?, minor));
    rows.into_iter().map(read).collect()
}

/// What money went to which account in a period because of orders, by currency.
pub async fn moved(
    conn: &mut TenantConn<'_>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> QueryResult<Vec<(Currency, Account, i64)>> {
    let rows: Vec<(String, String, Option<i64>)> = postings::table
        .filter(postings::tenant_id.eq(conn.tenant()))
        .filter(postings::unit.ne(Unit::Order.as_db()))
        .filter(postings::period.is_null())
        .filter(postings::occurred_at.ge(from))
        .filter(postings::occurred_at.lt(until))
        .group_by((postings::unit, postings::debit_account))
        .order((postings::unit, postings::debit_account))
        .select((postings::unit, postings::debit_account, int8(diesel::dsl::sum(postings::amount))))
        .load(conn)
        .await?;
    let read = |(unit, debit, minor): (String, String, Option<i64>)| {
        let currency = known("a currency", &unit, Currency::from_code)?;
        Ok((currency, known("an account", &debit, Account::from_db)?, minor.unwrap_or_default()))
    };
    rows.into_iter().map(read).collect()
}
