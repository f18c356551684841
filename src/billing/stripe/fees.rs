//! Fees on invoices: items that wait for one, found again by the posting that each is for, and invoices for those that would
//! wait too long.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use stripe_billing::invoice::{CreateInvoice, CreateInvoicePendingInvoiceItemsBehavior};
use stripe_billing::invoice_item::{CreateInvoiceItem, ListInvoiceItem};
use stripe_types::{RangeBoundsTs, RangeQueryTs};
use uuid::Uuid;

use super::calls::PAGE;
use super::units::{currency_of, to_stripe};
use super::{NotAsked, Stripe, StripeError};
use crate::money::Currency;
use crate::outside::NotDone;

/// By which an item says which posting it is for.
const POSTING: &str = "emporia_posting";
/// By which an invoice says that it is for fees.
pub const FEES: &str = "emporia_fees";

/// Fees that are to be on an invoice.
#[derive(Clone, Debug)]
pub struct FeeWish<'a> {
    pub customer: &'a str,
    pub posting: Uuid,
    pub currency: Currency,
    pub minor: i64,
    /// What stands on the invoice.
    pub description: &'a str,
}

/// An item for fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeItem {
    pub posting: Uuid,
    pub is_on_invoice: bool,
}

impl Stripe {
    /// The items for fees that a customer was given from a time on, whatever has become of them.
    pub async fn fee_items(&self, customer: &str, since: DateTime<Utc>) -> Result<Vec<FeeItem>, NotAsked> {
        let since = RangeBoundsTs { gte: Some(since.timestamp()), ..RangeBoundsTs::default() };
        let mut list = ListInvoiceItem::new().customer(customer).created(RangeQueryTs::Bounds(since)).limit(PAGE);
        let mut all = Vec::new();
        loop {
            let page = self.ask(&list).await?;
            all.extend(page.data.iter().filter_map(|item| {
                let posting = item.metadata.as_ref()?.get(POSTING)?;
                Some(FeeItem { posting: Uuid::parse_str(posting).ok()?, is_on_invoice: item.invoice.is_some() })
            }));
            let Some(last) = page.data.last().filter(|_| page.has_more) else { return Ok(all) };
            list = list.starting_after(last.id.to_string());
        }
    }

    /// Gives a customer an item, which waits for the next invoice in its currency: once for a posting, as far as Stripe
    /// remembers keys; after that, whoever asks looks first.
    pub async fn fee_item_create(&self, wish: &FeeWish<'_>, key: &str) -> Result<(), NotAsked> {
        let amount = to_stripe(wish.currency, wish.minor)
            .ok_or_else(|| NotDone::Refused(StripeError::Unreadable("an amount that cannot be charged".to_owned())))?;
        let item = CreateInvoiceItem::new()
            .customer(wish.customer)
            .amount(amount)
            .currency(currency_of(wish.currency))
            .description(wish.description)
            // A coupon is for the plan.
            .discountable(false)
            .metadata(HashMap::from([(POSTING.to_owned(), wish.posting.to_string())]));
        self.tell(&item, key).await.map(drop)
    }

    /// Has a customer's waiting items of a currency be invoiced, and the invoice be paid with this, or else with what the
    /// customer pays with otherwise: what is given on a page of ours is the subscription's alone.
    pub async fn fee_invoice_create(
        &self,
        customer: &str,
        currency: Currency,
        payment_method: Option<&str>,
        key: &str,
    ) -> Result<(), NotAsked> {
        let mut invoice = CreateInvoice::new()
            .customer(customer)
            .currency(currency_of(currency))
            .auto_advance(true)
            .pending_invoice_items_behavior(CreateInvoicePendingInvoiceItemsBehavior::Include)
            .metadata(HashMap::from([(FEES.to_owned(), "true".to_owned())]));
        if let Some(payment_method) = payment_method {
            invoice = invoice.default_payment_method(payment_method);
        }
        self.tell(&invoice, key).await.map(drop)
    }
}
