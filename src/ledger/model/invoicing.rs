//! What of the fees is to be put on invoices.

use chrono::{DateTime, Utc};

use super::{Fees, Kind, MAX_AMOUNT, Posting, Unit};
use crate::money::Currency;
use crate::plan::model::Month;

/// What is posted when the fees until the end of a month are invoiced, at `at`: of what is owed in each currency (`fees`: all
/// until that end) and was not invoiced `before`, as much as `takes` says can be. What is left, or is posted later for a
/// time of before, goes with a later month; where more was given back than is owed, nothing is invoiced until that is made up
/// for. A month is invoiced once.
pub fn to_invoice(
    fees: &[Fees],
    before: &[Posting],
    (month, at): (Month, DateTime<Utc>),
    takes: impl Fn(Currency, i64) -> i64,
) -> Vec<Posting> {
    let invoice = |fees: &Fees| {
        let unit = Unit::Money(fees.currency);
        let own: Vec<&Posting> = before.iter().filter(|posting| posting.unit == unit).collect();
        if own.iter().any(|posting| posting.period >= Some(month)) {
            return None;
        }
        let invoiced: i128 = own.iter().map(|posting| posting.signed()).sum();
        let open = i128::from(fees.charged) - i128::from(fees.reversed) - invoiced;
        let open = i64::try_from(open.min(i128::from(MAX_AMOUNT))).ok().filter(|open| *open > 0)?;
        let amount = takes(fees.currency, open).min(open);
        let (debit, credit) = Kind::FeeInvoice.accounts();
        let number = own.iter().map(|posting| posting.number.saturating_add(1)).max().unwrap_or_default();
        let (kind, order_id, period) = (Kind::FeeInvoice, None, Some(month));
        (amount > 0).then_some(Posting { order_id, period, kind, number, debit, credit, unit, amount, occurred_at: at })
    };
    fees.iter().filter_map(invoice).collect()
}
