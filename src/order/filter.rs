//! The `query` argument of `orders`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{FinancialStatus, FulfillmentStatus};
use crate::search::{self, BadQuery, Query, Term, Text};

/// Something that can be true of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderCondition {
    NumberFrom(i64),
    NumberBelow(i64),
    /// Who bought.
    Customer(Uuid),
    /// Contained in the buyer's address.
    Email(Text),
    FinancialStatus(FinancialStatus),
    FulfillmentStatus(FulfillmentStatus),
    Cancelled(bool),
    Id(Uuid),
    CreatedSince(DateTime<Utc>),
    CreatedBefore(DateTime<Utc>),
    UpdatedSince(DateTime<Utc>),
    UpdatedBefore(DateTime<Utc>),
}

use OrderCondition as Is;

const FIELDS: &[&str] = &[
    "name",
    "order_number",
    "email",
    "financial_status",
    "fulfillment_status",
    "status",
    "customer_id",
    "id",
    "created_at",
    "processed_at",
    "updated_at",
];

/// Reads a `query` for orders: all of it must be true. A word alone is an order's number, or part of an address.
pub fn parse(query: &str) -> Result<Vec<Query<OrderCondition>>, BadQuery> {
    search::parse(query, condition)
}

fn condition(term: &Term) -> Result<Query<OrderCondition>, BadQuery> {
    Ok(Query::Is(match term.field.as_deref() {
        None if number(&term.text()?.value).is_none() => Is::Email(term.text()?),
        None | Some("name" | "order_number") => {
            return Ok(search::within(term.numbers(number)?, Is::NumberFrom, Is::NumberBelow));
        }
        Some("email") => Is::Email(term.text()?),
        Some("financial_status") => Is::FinancialStatus(status(term, FinancialStatus::from_db)?),
        Some("fulfillment_status") => Is::FulfillmentStatus(status(term, |name| match name {
            "SHIPPED" => Some(FulfillmentStatus::Fulfilled),
            "UNSHIPPED" => Some(FulfillmentStatus::Unfulfilled),
            "PARTIAL" => Some(FulfillmentStatus::PartiallyFulfilled),
            name => FulfillmentStatus::from_db(name),
        })?),
        Some("status") => {
            match term.one_of(&[("any", None), ("cancelled", Some(true)), ("not_cancelled", Some(false))])? {
                Some(cancelled) => Is::Cancelled(cancelled),
                None => return Ok(Query::All(Vec::new())),
            }
        }
        Some("customer_id") => Is::Customer(term.id("Customer")?),
        Some("id") => Is::Id(term.id("Order")?),
        Some("created_at" | "processed_at") => {
            return Ok(search::within(term.moments()?, Is::CreatedSince, Is::CreatedBefore));
        }
        Some("updated_at") => return Ok(search::within(term.moments()?, Is::UpdatedSince, Is::UpdatedBefore)),
        Some(_) => return Err(term.unknown_field(FIELDS)),
    }))
}

/// `#1001` or `1001`.
fn number(text: &str) -> Option<i64> {
    text.trim_start_matches('#').parse().ok()
}

fn status<S>(term: &Term, read: impl FnOnce(&str) -> Option<S>) -> Result<S, BadQuery> {
    let value = term.exact()?;
    read(&value.to_uppercase()).ok_or_else(|| term.bad(format!("there is no status `{value}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_querys_fields_are_those_of_orders() {
        let numbered = Query::All(vec![Query::Is(Is::NumberFrom(1001)), Query::Is(Is::NumberBelow(1002))]);
        let paid = Query::Is(Is::FinancialStatus(FinancialStatus::Paid));
        let ada = Query::Is(Is::Email(Text::whole("ada@example.com")));
        let found = parse("financial_status:paid  AND email:ada@example.com #1001").unwrap();
        assert_eq!(found, [paid, ada, numbered.clone()]);
        let Query::All(numbered) = numbered else { panic!("{numbered:?}") };
        assert_eq!(parse("name:#1001"), Ok(numbered));
        assert_eq!(parse("  "), Ok(vec![]));
        assert_eq!(parse("status:cancelled"), Ok(vec![Query::Is(Is::Cancelled(true))]));
        assert_eq!(parse("status:any"), Ok(vec![]));
        let shipped = Query::Is(Is::FulfillmentStatus(FulfillmentStatus::Fulfilled));
        assert_eq!(parse("fulfillment_status:shipped"), Ok(vec![shipped]));
    }

    #[test]
    fn a_bad_query_says_where() {
        for (query, at) in [("name:1001 colour:red", 11), ("ä financial_status:nope", 3), ("status:lost", 1)] {
            assert_eq!(parse(query).map_err(|bad| bad.at), Err(at), "{query}");
        }
    }
}
