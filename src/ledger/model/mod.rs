//! Postings, and what they are made of.

mod compare;
mod invoicing;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use compare::{Difference, Place, differences, mending};
pub use invoicing::to_invoice;

use crate::events::Topic;
use crate::money::Currency;
use crate::order::model::Billed;
use crate::plan::model::Month;

/// What a posting amounts to at most; an order comes to less.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000_000;

/// What is posted.
pub const TOPICS: [Topic; 2] = [Topic::OrdersCreate, Topic::OrdersCancelled];

/// What a posting is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, async_graphql::Enum)]
#[graphql(name = "LedgerPostingKind")]
pub enum Kind {
    /// An order was placed: one more of those that the plan counts. It stays one when the order is cancelled.
    Usage,
    /// What the platform takes of an order that was placed.
    Fee,
    /// The same given back, since the order was cancelled.
    FeeReversal,
    /// What was owed until the end of a month, and is put on an invoice.
    FeeInvoice,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Usage, Self::Fee, Self::FeeReversal, Self::FeeInvoice];

    pub fn as_db(self) -> &'static str {
        match self {
            Self::Usage => "USAGE",
            Self::Fee => "FEE",
            Self::FeeReversal => "FEE_REVERSAL",
            Self::FeeInvoice => "FEE_INVOICE",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_db() == text)
    }

    /// Where its amount goes, and where it comes from.
    pub fn accounts(self) -> (Account, Account) {
        match self {
            Self::Usage => (Account::OrdersUsed, Account::OrdersMetered),
            Self::Fee => (Account::FeesReceivable, Account::FeeRevenue),
            Self::FeeReversal => (Account::FeeRevenue, Account::FeesReceivable),
            Self::FeeInvoice => (Account::FeesInvoiced, Account::FeesReceivable),
        }
    }
}

/// Where amounts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, async_graphql::Enum)]
#[graphql(name = "LedgerAccount")]
pub enum Account {
    /// Orders that the shop has used of what its plan allows.
    OrdersUsed,
    /// What those are counted against.
    OrdersMetered,
    /// Fees that the shop owes the platform, and that no invoice has yet.
    FeesReceivable,
    /// Fees that invoices have.
    FeesInvoiced,
    /// Fees that the platform has earned.
    FeeRevenue,
}

impl Account {
    pub const ALL: [Self; 5] =
        [Self::OrdersUsed, Self::OrdersMetered, Self::FeesReceivable, Self::FeesInvoiced, Self::FeeRevenue];

    pub fn as_db(self) -> &'static str {
        match self {
            Self::OrdersUsed => "ORDERS_USED",
            Self::OrdersMetered => "ORDERS_METERED",
            Self::FeesReceivable => "FEES_RECEIVABLE",
            Self::FeesInvoiced => "FEES_INVOICED",
            Self::FeeRevenue => "FEE_REVENUE",
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.as_db() == text)
    }
}

/// Of what an amount is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Order,
    /// Minor units of it.
    Money(Currency),
}

impl Unit {
    /// A currency's code, or a word that is none.
    pub fn as_db(self) -> &'static str {
        match self {
            Self::Order => "ORDER",
            Self::Money(currency) => currency.code(),
        }
    }

    pub fn from_db(text: &str) -> Option<Self> {
        if text == "ORDER" { Some(Self::Order) } else { Currency::from_code(text).map(Self::Money) }
    }
}

impl Ord for Unit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_db().cmp(other.as_db())
    }
}

impl PartialOrd for Unit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An amount that goes from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// None: it is of a month.
    pub order_id: Option<Uuid>,
    /// The month until whose end fees are invoiced; none: it is of an order.
    pub period: Option<Month>,
    pub kind: Kind,
    /// Of an order, 0: what an event comes to; above: a correction of that, the first, the second … Of months, how many
    /// were invoiced before in its currency.
    pub number: i16,
    pub debit: Account,
    pub credit: Account,
    pub unit: Unit,
    /// More than nothing.
    pub amount: i64,
    pub occurred_at: DateTime<Utc>,
}

impl Posting {
    fn of(order: &Billed, kind: Kind, unit: Unit, amount: i64, occurred_at: DateTime<Utc>) -> Self {
        let (debit, credit) = kind.accounts();
        Self { order_id: Some(order.order_id), period: None, kind, number: 0, debit, credit, unit, amount, occurred_at }
    }

    /// The amount; below nothing where it goes the other way.
    pub fn signed(&self) -> i128 {
        let amount = i128::from(self.amount);
        if self.debit == self.kind.accounts().0 { amount } else { -amount }
    }
}

/// A posting that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub id: Uuid,
    /// What brought it about; none: it was posted from the order itself, afterwards.
    pub event_id: Option<Uuid>,
    pub posting: Posting,
    pub posted_at: DateTime<Utc>,
}

/// What an event of an order comes to: of it the event says that it happened, and the order what it was. So it is the same
/// when the event is told and years later, when it is forgotten.
pub fn postings(topic: Topic, order: &Billed) -> Vec<Posting> {
    let fee = |kind, at| {
        let unit = Unit::Money(order.currency);
        (order.fee_minor > 0).then(|| Posting::of(order, kind, unit, order.fee_minor, at))
    };
    match (topic, order.cancelled_at) {
        (Topic::OrdersCreate, _) => {
            let usage = Posting::of(order, Kind::Usage, Unit::Order, 1, order.created_at);
            [Some(usage), fee(Kind::Fee, order.created_at)].into_iter().flatten().collect()
        }
        (Topic::OrdersCancelled, Some(at)) => fee(Kind::FeeReversal, at).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What all events of an order come to, but for those that are not published yet.
pub fn due(order: &Billed, waiting: &[Topic]) -> Vec<Posting> {
    let published = TOPICS.into_iter().filter(|topic| !waiting.contains(topic));
    published.flat_map(|topic| postings(topic, order)).collect()
}

/// What the platform takes of a month's orders, in one currency, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    pub currency: Currency,
    /// Of those that were placed in it.
    pub charged: i64,
    /// Given back for those that were cancelled in it, whenever they were placed.
    pub reversed: i64,
    /// Of what was owed until its end, what was invoiced then.
    pub invoiced: i64,
}

impl Fees {
    /// What goes to and from the account of fees owed, in the order of its currencies.
    pub fn of(moved: &[(Currency, Account, i64)]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (currency, debit, minor) in moved {
            if all.last().is_none_or(|last| last.currency != *currency) {
                all.push(Self::none(*currency));
            }
            let Some(last) = all.last_mut() else { continue };
            let side = if *debit == Account::FeesReceivable { &mut last.charged } else { &mut last.reversed };
            *side = side.saturating_add(*minor);
        }
        all
    }

    fn none(currency: Currency) -> Self {
        Self { currency, charged: 0, reversed: 0, invoiced: 0 }
    }

    /// With what was invoiced, in the order of the currencies.
    pub fn with_invoiced(mut all: Vec<Self>, invoiced: &[(Currency, i64)]) -> Vec<Self> {
        for (currency, minor) in invoiced {
            match all.iter_mut().find(|fees| fees.currency == *currency) {
                Some(fees) => fees.invoiced = *minor,
                None => all.push(Self { invoiced: *minor, ..Self::none(*currency) }),
            }
        }
        all.sort_by_key(|fees| fees.currency.code());
        all
    }

    /// What is left; less than nothing where more is given back.
    pub fn total(self) -> i64 {
        self.charged.saturating_sub(self.reversed)
    }
}
