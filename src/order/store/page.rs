//! Lists of orders.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::orders::OrderRow;
use crate::db::TenantConn;
use crate::db::schema::orders;
use crate::order::filter::OrderFilter;
use crate::order::model::Order;
use crate::page::{Cursor, PageQuery};

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
    /// An order's place in a list sorted by this.
    pub fn cursor(self, order: &Order) -> Cursor {
        match self {
            Self::Id => Cursor::by_id(order.id),
            Self::Created => Cursor::new(order.created_at.timestamp_micros().to_string(), order.id),
            Self::Updated => Cursor::new(order.updated_at.timestamp_micros().to_string(), order.id),
            Self::Number => Cursor::new(order.number.to_string(), order.id),
            Self::Total => Cursor::new(order.total_minor.to_string(), order.id),
        }
    }
}

type Boxed<'a> =
    diesel::helper_types::IntoBoxed<'a, diesel::dsl::Select<orders::table, diesel::dsl::AsSelect<OrderRow, Pg>>, Pg>;

/// A page of orders. A cursor of another list leads nowhere: the page is empty.
pub async fn orders_page(
    conn: &mut TenantConn<'_>,
    filter: &OrderFilter,
    sort: OrderSort,
    page: &PageQuery,
) -> QueryResult<Vec<Order>> {
    let mut query: Boxed<'_> = orders::table.select(OrderRow::as_select()).into_boxed();
    query = query.filter(orders::tenant_id.eq(conn.tenant())).limit(page.limit);
    if let Some(number) = filter.number {
        query = query.filter(orders::number.eq(number));
    }
    if let Some(email) = &filter.email {
        query = query.filter(orders::email.eq(email));
    }
    if let Some(status) = filter.financial_status {
        query = query.filter(orders::financial_status.eq(status.as_db()));
    }
    if let Some(status) = filter.fulfillment_status {
        query = query.filter(orders::fulfillment_status.eq(status.as_db()));
    }
    query = match filter.cancelled {
        Some(true) => query.filter(orders::cancelled_at.is_not_null()),
        Some(false) => query.filter(orders::cancelled_at.is_null()),
        None => query,
    };
    // `after` is where the page begins in the direction of the list, `before` where it ends.
    for (cursor, beyond) in [(&page.after, !page.descending), (&page.before, page.descending)] {
        if let Some(cursor) = cursor {
            let Some(bounded) = bound(query, sort, cursor, beyond) else { return Ok(Vec::new()) };
            query = bounded;
        }
    }
    let rows = ordered(query, sort, page.descending).load::<OrderRow>(conn).await?;
    Ok(rows.into_iter().map(Order::from).collect())
}

/// Only what lies beyond the cursor (upwards), or before it.
fn bound<'a>(query: Boxed<'a>, sort: OrderSort, cursor: &Cursor, upwards: bool) -> Option<Boxed<'a>> {
    macro_rules! keyset {
        ($column:expr, $value:expr) => {{
            let value = $value;
            if upwards {
                query.filter($column.gt(value).or($column.eq(value).and(orders::id.gt(cursor.id))))
            } else {
                query.filter($column.lt(value).or($column.eq(value).and(orders::id.lt(cursor.id))))
            }
        }};
    }
    let value = cursor.value.as_deref();
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    let moment = |text| number(text).and_then(DateTime::<Utc>::from_timestamp_micros);
    Some(match sort {
        OrderSort::Id if upwards => query.filter(orders::id.gt(cursor.id)),
        OrderSort::Id => query.filter(orders::id.lt(cursor.id)),
        OrderSort::Created => keyset!(orders::created_at, moment(value)?),
        OrderSort::Updated => keyset!(orders::updated_at, moment(value)?),
        OrderSort::Number => keyset!(orders::number, i32::try_from(number(value)?).ok()?),
        OrderSort::Total => keyset!(orders::total_minor, number(value)?),
    })
}

fn ordered(query: Boxed<'_>, sort: OrderSort, descending: bool) -> Boxed<'_> {
    macro_rules! by {
        ($column:expr) => {
            if descending {
                query.order(($column.desc(), orders::id.desc()))
            } else {
                query.order(($column.asc(), orders::id.asc()))
            }
        };
    }
    match sort {
        OrderSort::Id if descending => query.order(orders::id.desc()),
        OrderSort::Id => query.order(orders::id.asc()),
        OrderSort::Created => by!(orders::created_at),
        OrderSort::Updated => by!(orders::updated_at),
        OrderSort::Number => by!(orders::number),
        OrderSort::Total => by!(orders::total_minor),
    }
}
