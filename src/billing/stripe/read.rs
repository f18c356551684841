//! What Stripe answers, in words of our own.

use chrono::{DateTime, Utc};
use stripe_shared::{RecurringInterval, SubscriptionStatus};
use uuid::Uuid;

use super::calls::{PLAN, TENANT};
use super::fees::FEES;
use super::units::from_stripe;
use crate::billing::model::{InvoiceStatus, MAX_URL, NewInvoice, Said, SaidItem, SaidStanding};
use crate::money::Currency;
use crate::plan::model::{Due, Interval, MAX_PRICE, Period, Price};

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn currency(said: &stripe_types::Currency) -> Option<Currency> {
    Currency::from_code(&said.to_string().to_uppercase())
}

/// A subscription.
pub fn said(one: &stripe_shared::Subscription) -> Said {
    let item = one.items.data.first().map(item);
    let standing = match &one.status {
        SubscriptionStatus::Trialing => {
            let until = one.trial_end.map(time).or_else(|| item.as_ref().map(|item| item.period.end));
            SaidStanding::Live(Due::TriedUntil(until.unwrap_or_default()))
        }
        SubscriptionStatus::Active => SaidStanding::Live(Due::Paid),
        SubscriptionStatus::PastDue => SaidStanding::Live(Due::Late),
        // Paused: its trial has ended, and nobody has said how it is to be paid.
        SubscriptionStatus::Unpaid | SubscriptionStatus::Paused => SaidStanding::Live(Due::Lost),
        SubscriptionStatus::Canceled => SaidStanding::Ended,
        // Incomplete, or what only a newer version of the API knows.
        _ => SaidStanding::NotBegun,
    };
    Said {
        id: one.id.to_string(),
        customer: one.customer.id().to_string(),
        created_at: time(one.created),
        standing,
        cancels_with_period: one.cancel_at_period_end,
        cancel_at: one.cancel_at.map(time),
        is_from_page: one.metadata.contains_key(TENANT),
        payment_method: one.default_payment_method.as_ref().map(|method| method.id().to_string()),
        item,
    }
}

fn item(one: &stripe_shared::SubscriptionItem) -> SaidItem {
    let price = &one.price;
    SaidItem {
        id: one.id.to_string(),
        period: Period { start: time(one.current_period_start), end: time(one.current_period_end) },
        plan_id: price.metadata.get(PLAN).and_then(|id| Uuid::parse_str(id).ok()),
        price_id: price.id.to_string(),
        price: priced(price).filter(|price| (1..=MAX_PRICE).contains(&price.minor)),
    }
}

fn priced(price: &stripe_shared::Price) -> Option<Price> {
    let recurring = price.recurring.as_ref().filter(|recurring| recurring.interval_count == 1)?;
    let interval = match recurring.interval {
        RecurringInterval::Month => Interval::Month,
        RecurringInterval::Year => Interval::Year,
        _ => return None,
    };
    let currency = currency(&price.currency)?;
    Some(Price { interval, currency, minor: from_stripe(currency, price.unit_amount?)? })
}

/// An invoice; none: it is only the preview of one, or counted in what we have no name for.
pub fn invoice(one: &stripe_shared::Invoice) -> Option<NewInvoice> {
    let (id, status) = (one.id.as_ref()?, one.status.as_ref()?);
    let currency = currency(&one.currency)?;
    let minor = |amount| from_stripe(currency, amount);
    let url = |said: &Option<String>| said.clone().filter(|url| (1..=MAX_URL).contains(&url.len()));
    Some(NewInvoice {
        stripe_invoice_id: id.to_string(),
        number: one.number.clone().filter(|number| (1..=255).contains(&number.chars().count())),
        status: InvoiceStatus::from_db(&status.as_str().to_uppercase())?,
        currency,
        total_minor: minor(one.total)?,
        due_minor: minor(one.amount_due)?,
        paid_minor: minor(one.amount_paid)?,
        hosted_url: url(&one.hosted_invoice_url),
        pdf_url: url(&one.invoice_pdf),
        period_start: time(one.period_start),
        period_end: time(one.period_end),
        created_at: time(one.created),
        is_for_fees: one.metadata.as_ref().is_some_and(|metadata| metadata.contains_key(FEES)),
    })
}
