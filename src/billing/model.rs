//! What Stripe says, in words of our own.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::money::{Currency, Money};
use crate::plan::model::{Due, Interval, Period};

/// Characters of an address of Stripe's that are kept; a longer one is none.
pub const MAX_URL: usize = 2048;

/// A subscription as Stripe says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub id: String,
    pub customer: String,
    pub created_at: DateTime<Utc>,
    pub standing: SaidStanding,
    pub ends_with_period: bool,
    /// What is paid for: of the first of its items, of which there is one.
    pub item: Option<SaidItem>,
}

impl Said {
    pub fn is_live(&self) -> bool {
        matches!(self.standing, SaidStanding::Live(_))
    }
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidStanding {
    /// Its first payment was not made: it has not begun, or never will.
    NotBegun,
    Live(Due),
    Ended,
}

/// What is paid for, and for which period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidItem {
    pub id: String,
    pub period: Period,
    /// The plan that its price names; none: it names none.
    pub plan_id: Option<Uuid>,
    /// As people know the price who look at Stripe.
    pub price_id: String,
    /// None: by no month or year, or in no currency of ours.
    pub price: Option<crate::plan::model::Price>,
}

/// The one that counts of all that a customer has: of those that go on the newest, or else the newest of those that have
/// ended.
pub fn that_counts(said: &[Said]) -> Option<&Said> {
    let rank = |one: &Said| (one.is_live(), one.created_at, one.id.clone());
    said.iter().filter(|one| one.standing != SaidStanding::NotBegun).max_by_key(|one| rank(one))
}

/// Those that go on beside the one that counts: somebody pays twice.
pub fn superfluous(said: &[Said]) -> impl Iterator<Item = &Said> {
    let counts = that_counts(said).map(|one| one.id.as_str());
    said.iter().filter(move |one| one.is_live() && Some(one.id.as_str()) != counts)
}

/// Whether an invoice is to be paid. Ended or not: who ends a subscription still owes what it has cost.
pub fn owes(invoices: &[NewInvoice]) -> bool {
    invoices.iter().any(|one| matches!(one.status, InvoiceStatus::Open | InvoiceStatus::Uncollectible))
}

/// How far an invoice is, in Stripe's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum InvoiceStatus {
    /// It may still change.
    Draft,
    /// It is to be paid.
    Open,
    /// It is paid.
    Paid,
    /// It will not be paid any more.
    Uncollectible,
    /// It was a mistake.
    Void,
}

impl InvoiceStatus {
    pub const ALL: [Self; 5] = [Self::Draft, Self::Open, Self::Paid, Self::Uncollectible, Self::Void];

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Open => "OPEN",
            Self::Paid => "PAID",
            Self::Uncollectible => "UNCOLLECTIBLE",
            Self::Void => "VOID",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_db() == text)
    }
}

/// An invoice as Stripe says it is. Amounts are minor units, and less than nothing where it is owed to the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvoice {
    pub stripe_invoice_id: String,
    pub number: Option<String>,
    pub status: InvoiceStatus,
    pub currency: Currency,
    pub total_minor: i64,
    pub due_minor: i64,
    pub paid_minor: i64,
    pub hosted_url: Option<String>,
    pub pdf_url: Option<String>,
    pub period_start: DateTime<Utc>,
    pub period_end: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// An invoice that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    pub id: Uuid,
    pub said: NewInvoice,
}

impl NewInvoice {
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}

/// By which name of ours a price is found at Stripe: another amount is another price.
pub fn lookup_key(handle: &str, price: &crate::plan::model::Price) -> String {
    let interval = match price.interval {
        Interval::Month => "month",
        Interval::Year => "year",
    };
    format!("emporia_{handle}_{interval}_{}_{}", price.currency.code().to_lowercase(), price.minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(id: &str, at: i64, standing: SaidStanding) -> Said {
        let created_at = DateTime::from_timestamp(at, 0).expect("a time");
        Said {
            id: id.to_owned(),
            customer: "cus".to_owned(),
            created_at,
            standing,
            ends_with_period: false,
            item: None,
        }
    }

    #[test]
    fn what_goes_on_counts_before_what_has_ended_and_of_each_the_newest() {
        let ended = SaidStanding::Ended;
        let all = [
            said("ended", 9, ended),
            said("older", 1, SaidStanding::Live(Due::Paid)),
            said("newer", 2, SaidStanding::Live(Due::Late)),
            said("not begun", 10, SaidStanding::NotBegun),
        ];
        assert_eq!(that_counts(&all).map(|one| one.id.as_str()), Some("newer"));
        assert_eq!(superfluous(&all).map(|one| one.id.as_str()).collect::<Vec<_>>(), ["older"]);
        assert_eq!(that_counts(&all[..1]).map(|one| one.id.as_str()), Some("ended"));
        assert_eq!((that_counts(&all[3..]), superfluous(&all[..1]).count()), (None, 0));
    }
}
