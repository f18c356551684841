//! Lists of orders.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::orders::OrderRow;
use crate::db::TenantConn;
use crate::db::keyset::{by, moment, number};
use crate::db::schema::orders;
use crate::db::search::{self, Expression, holds};
use crate::order::filter::OrderCondition;
use crate::order::model::Order;
use crate::page::{Cursor, PageQuery, SortKey};
use crate::search::Query;

/// By what orders are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderSort {
    Id,
    Created,
    Updated,
    Number,
    Total,
}

impl OrderSort {
    /// What a cursor of this list says it is sorted by.
    pub fn key(self) -> SortKey {
        match self {
            Self::Id => SortKey::ID,
            Self::Created => SortKey::moment("created_at"),
            Self::Updated => SortKey::moment("updated_at"),
            Self::Number => SortKey::number("number"),
            Self::Total => SortKey::big_number("total"),
        }
    }

    /// An order's place in a list sorted by this.
    pub fn cursor(self, order: &Order) -> Cursor {
        let value = match self {
            Self::Id => return Cursor::by_id(order.id),
            Self::Created => order.created_at.timestamp_micros().to_string(),
            Self::Updated => order.updated_at.timestamp_micros().to_string(),
            Self::Number => order.number.to_string(),
            Self::Total => order.total_minor.to_string(),
        };
        Cursor::new(self.key(), value, order.id)
    }
}

/// A page of the orders that meet the conditions.
pub async fn orders_page(
    conn: &mut TenantConn<'_>,
    conditions: &[Query<OrderCondition>],
    sort: OrderSort,
    page: &PageQuery,
) -> QueryResult<Vec<Order>> {
    let mut query = orders::table.select(OrderRow::as_select()).into_boxed();
    query = query.filter(orders::tenant_id.eq(conn.tenant())).limit(page.limit);
    for condition in conditions {
        query = query.filter(search::expression(condition, &expression));
    }
    let query = match sort {
        OrderSort::Id => by!(query, page, orders::id),
        OrderSort::Created => by!(query, page, orders::created_at, orders::id, moment),
        OrderSort::Updated => by!(query, page, orders::updated_at, orders::id, moment),
        OrderSort::Number => by!(query, page, orders::number, orders::id, number::<i32>),
        OrderSort::Total => by!(query, page, orders::total_minor, orders::id, number::<i64>),
    };
    let rows = query.load::<OrderRow>(conn).await?;
    Ok(rows.into_iter().map(Order::from).collect())
}

fn expression(condition: &OrderCondition) -> Expression<orders::table> {
    use OrderCondition as Is;
    // What no order's number can be is above or below them all.
    let number = |number: i64| i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX });
    match condition {
        Is::NumberFrom(from) => Box::new(orders::number.ge(number(*from))),
        Is::NumberBelow(below) => Box::new(orders::number.lt(number(*below))),
        Is::Customer(customer) => {
            Box::new(orders::customer_id.is_not_null().and(orders::customer_id.assume_not_null().eq(*customer)))
        }
        Is::Email(text) => {
            let holds: Expression<orders::table> = holds!(orders::email.assume_not_null(), text);
            Box::new(orders::email.is_not_null().and(holds))
        }
        Is::FinancialStatus(status) => Box::new(orders::financial_status.eq(status.as_db())),
        Is::FulfillmentStatus(status) => Box::new(orders::fulfillment_status.eq(status.as_db())),
        Is::Cancelled(true) => Box::new(orders::cancelled_at.is_not_null()),
        Is::Cancelled(false) => Box::new(orders::cancelled_at.is_null()),
        Is::Id(id) => Box::new(orders::id.eq(*id)),
        Is::CreatedSince(at) => Box::new(orders::created_at.ge(*at)),
        Is::CreatedBefore(at) => Box::new(orders::created_at.lt(*at)),
        Is::UpdatedSince(at) => Box::new(orders::updated_at.ge(*at)),
        Is::UpdatedBefore(at) => Box::new(orders::updated_at.lt(*at)),
    }
}
