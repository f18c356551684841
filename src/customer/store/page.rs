//! Lists of customers.

use diesel::prelude::*;
use diesel::sql_types::{Array, Text as SqlText};
use diesel_async::RunQueryDsl;

use super::customers::CustomerRow;
use crate::customer::model::{Customer, CustomerCondition, CustomerSort};
use crate::db::TenantConn;
use crate::db::keyset::{by, moment, text};
use crate::db::schema::customers;
use crate::db::search::{self, Expression, folded, holds, literal};
use crate::page::PageQuery;
use crate::search::{Query, Text};

diesel::define_sql_function! {
    /// The elements of an array as one text.
    fn array_to_string(array: Array<SqlText>, separator: SqlText) -> SqlText;
}

/// A page of the customers that meet the conditions.
pub async fn customers_page(
    conn: &mut TenantConn<'_>,
    conditions: &[Query<CustomerCondition>],
    sort: CustomerSort,
    page: &PageQuery,
) -> QueryResult<Vec<Customer>> {
    let mut query = customers::table.select(CustomerRow::as_select()).into_boxed();
    query = query.filter(customers::tenant_id.eq(conn.tenant())).limit(page.limit);
    for condition in conditions {
        query = query.filter(search::expression(condition, &expression));
    }
    let query = match sort {
        CustomerSort::Id => by!(query, page, customers::id),
        CustomerSort::Created => by!(query, page, customers::created_at, customers::id, moment),
        CustomerSort::Updated => by!(query, page, customers::updated_at, customers::id, moment),
        CustomerSort::Name => by!(query, page, customers::sort_name, customers::id, text),
    };
    let rows = query.load::<CustomerRow>(conn).await?;
    Ok(rows.into_iter().map(Customer::from).collect())
}

/// The column is there and holds the text.
macro_rules! says {
    ($column:expr, $text:expr) => {{
        let holds: Expression<customers::table> = holds!($column.assume_not_null(), $text);
        Box::new($column.is_not_null().and(holds)) as Expression<customers::table>
    }};
}

fn expression(condition: &CustomerCondition) -> Expression<customers::table> {
    use CustomerCondition as Is;
    match condition {
        Is::Anywhere(text) => search::any_of([
            holds!(customers::email, text),
            says!(customers::first_name, text),
            says!(customers::last_name, text),
        ]),
        Is::Email(text) => holds!(customers::email, text),
        Is::FirstName(text) => says!(customers::first_name, text),
        Is::LastName(text) => says!(customers::last_name, text),
        Is::Phone(text) => says!(customers::phone, text),
        Is::Tag(text) => tagged(text),
        Is::AcceptsMarketing(accepts) => Box::new(customers::accepts_marketing.eq(*accepts)),
        Is::Enabled(true) => Box::new(customers::password_hash.is_not_null()),
        Is::Enabled(false) => Box::new(customers::password_hash.is_null()),
        Is::Verified(true) => Box::new(customers::verified_at.is_not_null()),
        Is::Verified(false) => Box::new(customers::verified_at.is_null()),
        Is::Id(id) => Box::new(customers::id.eq(*id)),
        Is::CreatedSince(at) => Box::new(customers::created_at.ge(*at)),
        Is::CreatedBefore(at) => Box::new(customers::created_at.lt(*at)),
        Is::UpdatedSince(at) => Box::new(customers::updated_at.ge(*at)),
        Is::UpdatedBefore(at) => Box::new(customers::updated_at.lt(*at)),
    }
}

/// One of the labels is this, or begins like it; upper and lower case are one.
fn tagged(text: &Text) -> Expression<customers::table> {
    let tags = "\n".into_sql::<SqlText>().concat(array_to_string(customers::tags, "\n")).concat("\n");
    let end = if text.is_prefix { "" } else { "\n" };
    let pattern = format!("%\n{}{end}%", literal(text.value.trim())).into_sql::<SqlText>();
    Box::new(folded!(tags).like(folded!(pattern)))
}
