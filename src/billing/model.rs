//! What Stripe says, in words of our own.

use std::cmp::Reverse;

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
    /// Whether it is to end with the period that is paid for.
    pub cancels_with_period: bool,
    /// When it is to end; where it ends with its period, Stripe may say so by that as well, or by that alone.
    pub cancel_at: Option<DateTime<Utc>>,
    /// Whether it was made on one of the pages that tenants are sent to.
    pub is_from_page: bool,
    /// What it is paid with, as Stripe calls it; none: what its customer pays with otherwise, if anything.
    pub payment_method: Option<String>,
    /// What is paid for: of the first of its items, of which there is one.
    pub item: Option<SaidItem>,
}

impl Said {
    pub fn is_live(&self) -> bool {
        matches!(self.standing, SaidStanding::Live(_))
    }

    /// Whether it is to end at some time.
    pub fn is_to_end(&self) -> bool {
        self.cancels_with_period || self.cancel_at.is_some()
    }

    /// Whether no other period follows the present one.
    pub fn ends_with_period(&self) -> bool {
        let ends = |at: DateTime<Utc>| self.item.as_ref().is_none_or(|item| at <= item.period.end);
        self.cancels_with_period || self.cancel_at.is_some_and(ends)
    }

    /// Whether Stripe goes on to charge for it.
    pub fn is_charged(&self) -> bool {
        matches!(self.standing, SaidStanding::Live(Due::Paid | Due::TriedUntil(_) | Due::Late))
    }

    fn is_of_plan(&self) -> bool {
        self.item.as_ref().is_some_and(|item| item.plan_id.is_some())
    }
}

/// All that Stripe says of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub said: Vec<Said>,
    /// The newest first.
    pub invoices: Vec<NewInvoice>,
    /// Whether the customer is deleted: whatever it had has ended, and nothing can be paid any more.
    pub is_deleted: bool,
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

/// The one that counts of all that a customer has. Of those that go on: what is of a plan before what is not, what is paid
/// before what is owed, and of several the one that was there first, so that what comes later changes nothing. Else the
/// newest of those that have ended.
pub fn that_counts(said: &[Said]) -> Option<&Said> {
    let paid = |one: &Said| match one.standing {
        SaidStanding::Live(Due::Paid | Due::TriedUntil(_)) => 2,
        SaidStanding::Live(Due::Late) => 1,
        _ => 0,
    };
    let live = said.iter().filter(|one| one.is_live());
    live.max_by_key(|one| (one.is_of_plan(), paid(one), Reverse((one.created_at, &one.id)))).or_else(|| {
        let ended = said.iter().filter(|one| one.standing == SaidStanding::Ended);
        ended.max_by_key(|one| (one.created_at, &one.id))
    })
}

/// Those that go on beside the one that counts: somebody pays twice. What was made on our pages is ended by us, and what
/// people have made at Stripe by people.
pub fn superfluous(said: &[Said]) -> impl Iterator<Item = &Said> {
    let counts = that_counts(said).map(|one| one.id.as_str());
    said.iter().filter(move |one| one.is_live() && Some(one.id.as_str()) != counts)
}

/// What a customer pays with: what the one that counts is paid with, or the newest that is paid with anything.
pub fn paid_with(said: &[Said]) -> Option<&str> {
    let newest = said.iter().filter(|one| one.payment_method.is_some()).max_by_key(|one| (one.created_at, &one.id));
    that_counts(said).into_iter().chain(newest).find_map(|one| one.payment_method.as_deref())
}

/// Whether an invoice for a plan is to be paid. Ended or not: who ends a subscription still owes what it has cost.
pub fn owes(invoices: &[NewInvoice]) -> bool {
    let is_owed = |one: &NewInvoice| matches!(one.status, InvoiceStatus::Open | InvoiceStatus::Uncollectible);
    invoices.iter().any(|one| is_owed(one) && !one.is_for_fees)
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
    /// Whether it is for fees alone.
    pub is_for_fees: bool,
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
            cancels_with_period: false,
            cancel_at: None,
            is_from_page: true,
            payment_method: None,
            item: None,
        }
    }

    #[test]
    fn what_goes_on_counts_before_what_has_ended_and_what_is_paid_before_what_is_owed() {
        let ended = SaidStanding::Ended;
        let all = [
            said("ended", 9, ended),
            said("ended before", 8, ended),
            said("late", 1, SaidStanding::Live(Due::Late)),
            said("older", 2, SaidStanding::Live(Due::Paid)),
            said("newer", 3, SaidStanding::Live(Due::Paid)),
            said("not begun", 10, SaidStanding::NotBegun),
        ];
        let counts = |of: &[Said]| that_counts(of).map(|one| one.id.clone());
        assert_eq!(counts(&all).as_deref(), Some("older"));
        assert_eq!(superfluous(&all).map(|one| one.id.as_str()).collect::<Vec<_>>(), ["late", "newer"]);
        assert_eq!(counts(&all[..2]).as_deref(), Some("ended"));
        assert_eq!((counts(&all[5..]), superfluous(&all[..2]).count()), (None, 0));
        let mut of_no_plan = said("of no plan", 0, SaidStanding::Live(Due::Paid));
        of_no_plan.item = None;
        let mut of_plan = said("of a plan", 4, SaidStanding::Live(Due::Lost));
        let (plan_id, start) = (Some(Uuid::nil()), of_plan.created_at);
        let period = Period { start, end: start };
        of_plan.item =
            Some(SaidItem { id: "si".to_owned(), period, plan_id, price_id: "price".to_owned(), price: None });
        assert_eq!(counts(&[of_no_plan, of_plan]).as_deref(), Some("of a plan"));
    }

    #[test]
    fn a_subscription_ends_with_its_period_where_no_other_follows() {
        let start = DateTime::from_timestamp(100, 0).expect("a time");
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let mut one = said("one", 100, SaidStanding::Live(Due::Paid));
        let period = Period { start, end: at(200).expect("a time") };
        one.item = Some(SaidItem { id: "si".to_owned(), period, plan_id: None, price_id: "p".to_owned(), price: None });
        for (flag, cancel_at, ends_with_period, is_to_end) in [
            (false, None, false, false),
            (true, None, true, true),
            (true, at(200), true, true),
            (false, at(200), true, true),
            (false, at(150), true, true),
            (false, at(201), false, true),
        ] {
            (one.cancels_with_period, one.cancel_at) = (flag, cancel_at);
            assert_eq!((one.ends_with_period(), one.is_to_end()), (ends_with_period, is_to_end), "{cancel_at:?}");
        }
    }

    #[test]
    fn a_customer_pays_with_what_its_plan_is_paid_with() {
        let with = |id: &str, at, standing, method: Option<&str>| Said {
            payment_method: method.map(str::to_owned),
            ..said(id, at, standing)
        };
        let ended = with("a", 1, SaidStanding::Ended, Some("old"));
        assert_eq!(paid_with(&[]), None);
        assert_eq!(paid_with(std::slice::from_ref(&ended)), Some("old"));
        let begun = with("b", 2, SaidStanding::NotBegun, Some("new"));
        let live = |method| with("c", 3, SaidStanding::Live(Due::Paid), method);
        assert_eq!(paid_with(&[ended.clone(), begun.clone(), live(Some("plan's"))]), Some("plan's"));
        assert_eq!(paid_with(&[ended, begun, live(None)]), Some("new"));
    }
}
