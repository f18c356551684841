//! The `query` argument of `orders`: `financial_status:paid email:ada@example.com name:#1001`, all of which must hold.

use super::model::{FinancialStatus, FulfillmentStatus};

/// What the orders of a list have in common; none: anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    pub number: Option<i32>,
    pub email: Option<String>,
    pub financial_status: Option<FinancialStatus>,
    pub fulfillment_status: Option<FulfillmentStatus>,
    pub cancelled: Option<bool>,
}

/// Why a query cannot be understood, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`query` cannot be understood at character {at}: {problem}")]
pub struct BadQuery {
    pub at: usize,
    pub problem: String,
}

/// At most this many characters.
const MAX: usize = 1000;

impl OrderFilter {
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        if query.chars().count() > MAX {
            return Err(BadQuery { at: MAX, problem: format!("it is longer than {MAX} characters") });
        }
        let mut filter = Self::default();
        let mut rest = query;
        while let Some(start) = rest.find(|char: char| !char.is_whitespace()) {
            let term = &rest[start..];
            let term = &term[..term.find(char::is_whitespace).unwrap_or(term.len())];
            let at = query.len() - rest.len() + start;
            rest = &rest[start + term.len()..];
            if !term.eq_ignore_ascii_case("AND") {
                filter.add(term).map_err(|problem| BadQuery { at: query[..at].chars().count() + 1, problem })?;
            }
        }
        Ok(filter)
    }

    fn add(&mut self, term: &str) -> Result<(), String> {
        let (field, value) = term.split_once(':').unwrap_or(("name", term));
        let value = value.trim_matches('"');
        let unknown = || format!("`{value}` is no value of `{field}`");
        match field {
            "name" | "order_number" => {
                self.number = Some(value.trim_start_matches('#').parse().map_err(|_| unknown())?);
            }
            "email" => self.email = Some(value.to_owned()),
            "financial_status" => {
                self.financial_status = Some(FinancialStatus::from_db(&value.to_uppercase()).ok_or_else(unknown)?);
            }
            "fulfillment_status" => {
                let status = match value.to_uppercase().as_str() {
                    "SHIPPED" => "FULFILLED".to_owned(),
                    "UNSHIPPED" => "UNFULFILLED".to_owned(),
                    "PARTIAL" => "PARTIALLY_FULFILLED".to_owned(),
                    other => other.to_owned(),
                };
                self.fulfillment_status = Some(FulfillmentStatus::from_db(&status).ok_or_else(unknown)?);
            }
            "status" => {
                self.cancelled = match value {
                    "any" => None,
                    "cancelled" => Some(true),
                    "not_cancelled" => Some(false),
                    _ => return Err(unknown()),
                };
            }
            _ => return Err(format!("orders cannot be searched by `{field}`")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_in_any_order() {
        let filter = OrderFilter::parse("financial_status:paid  AND email:ada@example.com #1001").unwrap();
        assert_eq!(filter.financial_status, Some(FinancialStatus::Paid));
        assert_eq!(filter.email.as_deref(), Some("ada@example.com"));
        assert_eq!(filter.number, Some(1001));
        assert_eq!(OrderFilter::parse("  ").unwrap(), OrderFilter::default());
        assert_eq!(OrderFilter::parse("status:cancelled").unwrap().cancelled, Some(true));
    }

    #[test]
    fn a_bad_query_says_where() {
        assert_eq!(OrderFilter::parse("name:1001 colour:red").unwrap_err().at, 11);
        assert_eq!(OrderFilter::parse("ä financial_status:nope").unwrap_err().at, 1);
        assert!(OrderFilter::parse("financial_status:nope").is_err());
        assert!(OrderFilter::parse(&"x".repeat(1001)).is_err());
    }
}
