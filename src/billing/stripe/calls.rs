//! What Stripe is asked, and what it is told to do.

use std::collections::HashMap;

use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::invoice::ListInvoice;
use stripe_billing::subscription::{
    CancelSubscription, ListSubscription, ListSubscriptionStatus, UpdateSubscription, UpdateSubscriptionItems,
    UpdateSubscriptionPaymentBehavior, UpdateSubscriptionProrationBehavior,
};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
use stripe_core::customer::{CreateCustomer, RetrieveCustomer, RetrieveCustomerReturned};
use stripe_product::price::{
    CreatePrice, CreatePriceProductData, CreatePriceRecurring, CreatePriceRecurringInterval, ListPrice,
};

use super::read::{invoice, said};
use super::units::to_stripe;
use super::{NotAsked, Stripe, StripeError};
use crate::billing::model::{NewInvoice, Said, lookup_key};
use crate::ids::TenantId;
use crate::outside::NotDone;
use crate::plan::model::{Interval, Plan, Price};

/// Objects of a list that are asked for at once: the most there can be.
pub(super) const PAGE: i64 = 100;
/// Pages of a customer's invoices: the newest count.
const INVOICE_PAGES: usize = 5;

/// By which what is Stripe's says whose or what it is of ours.
pub const TENANT: &str = "emporia_tenant";
pub const PLAN: &str = "emporia_plan";

/// A price that there is to be.
#[derive(Clone, Copy, Debug)]
pub struct PriceWish<'a> {
    pub plan: &'a Plan,
    pub price: Price,
}

/// What has become of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Customer {
    There,
    /// Somebody has deleted it, for good.
    Deleted,
    /// The account knows of none: it may be another one.
    Unknown,
}

impl Stripe {
    /// A new customer; the same one to whom asks under the same key.
    pub async fn customer_create(
        &self,
        tenant: TenantId,
        name: &str,
        email: Option<&str>,
        key: &str,
    ) -> Result<String, NotAsked> {
        let mut wish = CreateCustomer::new().name(name).metadata(of_tenant(tenant));
        if let Some(email) = email {
            wish = wish.email(email);
        }
        Ok(self.tell(&wish, key).await?.id.to_string())
    }

    /// A customer's subscriptions, with those that have ended: the newest, as many as a page has.
    pub async fn subscriptions_of(&self, customer: &str) -> Result<Vec<Said>, NotAsked> {
        let list = ListSubscription::new().customer(customer).status(ListSubscriptionStatus::All).limit(PAGE);
        Ok(self.ask(&list).await?.data.iter().map(said).collect())
    }

    /// A page of all subscriptions that there are, and whether it is the last.
    pub async fn subscriptions_page(&self, after: Option<&str>) -> Result<(Vec<Said>, bool), NotAsked> {
        let mut list = ListSubscription::new().status(ListSubscriptionStatus::All).limit(PAGE);
        if let Some(after) = after {
            list = list.starting_after(after);
        }
        let page = self.ask(&list).await?;
        Ok((page.data.iter().map(said).collect(), !page.has_more))
    }

    /// A customer's invoices, the newest first.
    pub async fn invoices_of(&self, customer: &str) -> Result<Vec<NewInvoice>, NotAsked> {
        let (mut all, mut list) = (Vec::new(), ListInvoice::new().customer(customer).limit(PAGE));
        for _ in 0..INVOICE_PAGES {
            let page = self.ask(&list).await?;
            all.extend(page.data.iter().filter_map(invoice));
            let last = page.data.last().and_then(|last| last.id.as_ref()).filter(|_| page.has_more);
            let Some(last) = last else { break };
            list = list.starting_after(last.as_str());
        }
        Ok(all)
    }

    /// The price by which a plan is paid, made where there is none; none: its amount cannot be paid.
    pub async fn price(&self, wish: &PriceWish<'_>) -> Result<Option<String>, NotAsked> {
        let PriceWish { plan, price } = *wish;
        let Some(amount) = to_stripe(price.currency, price.minor) else { return Ok(None) };
        let name = lookup_key(&plan.handle, &price);
        let list = ListPrice::new().lookup_keys(vec![name.clone()]).active(true).limit(1);
        if let Some(found) = self.ask(&list).await?.data.first() {
            // Another installation with the same account may have taken the key: who paid by it would get nothing.
            if found.metadata.get(PLAN) != Some(&plan.id.to_string()) {
                tracing::error!(price = %found.id, key = name, "a price at Stripe has a plan's key and is of another plan");
                return Ok(None);
            }
            return Ok(Some(found.id.to_string()));
        }
        let interval = match price.interval {
            Interval::Month => CreatePriceRecurringInterval::Month,
            Interval::Year => CreatePriceRecurringInterval::Year,
        };
        let Ok(currency) = price.currency.code().to_lowercase().parse::<stripe_types::Currency>();
        let of_plan = HashMap::from([(PLAN.to_owned(), plan.id.to_string())]);
        let product =
            CreatePriceProductData { metadata: Some(of_plan.clone()), ..CreatePriceProductData::new(&plan.name) };
        let wish = CreatePrice::new(currency)
            .unit_amount(amount)
            .recurring(CreatePriceRecurring::new(interval))
            .product_data(product)
            .lookup_key(&name)
            .metadata(of_plan);
        Ok(Some(self.tell(&wish, &name).await?.id.to_string()))
    }

    /// The address of a page on which a customer sees to cards, invoices and the subscription.
    pub async fn portal(&self, customer: &str, return_url: &str, key: &str) -> Result<String, NotAsked> {
        let wish = CreateBillingPortalSession::new().customer(customer).return_url(return_url);
        Ok(self.tell(&wish, key).await?.url)
    }

    /// Puts a subscription's item on another price, and charges at once what is due for that: where the payment fails,
    /// nothing changes.
    pub async fn subscription_move(
        &self,
        subscription: &str,
        (item, price_id): (&str, &str),
        prorate: bool,
        key: &str,
    ) -> Result<Said, NotAsked> {
        let item = UpdateSubscriptionItems {
            id: Some(item.to_owned()),
            price: Some(price_id.to_owned()),
            ..UpdateSubscriptionItems::new()
        };
        let prorated = match prorate {
            true => UpdateSubscriptionProrationBehavior::AlwaysInvoice,
            false => UpdateSubscriptionProrationBehavior::None,
        };
        let wish = UpdateSubscription::new(subscription)
            .items(vec![item])
            .proration_behavior(prorated)
            .payment_behavior(UpdateSubscriptionPaymentBehavior::ErrorIfIncomplete);
        Ok(said(&self.tell(&wish, key).await?))
    }

    /// Has a subscription end with its period.
    pub async fn subscription_end_with_period(&self, subscription: &str, key: &str) -> Result<(), NotAsked> {
        let wish = UpdateSubscription::new(subscription).cancel_at_period_end(true);
        self.tell(&wish, key).await.map(drop)
    }

    /// Has a subscription go on that is to end. How that is said to Stripe depends on who has said that it ends, and how: each
    /// is taken back by its own word, and Stripe takes one of them at a time.
    pub async fn subscription_go_on(&self, ending: &Said, key: &str) -> Result<(), NotAsked> {
        let (id, mut cancel_at) = (ending.id.as_str(), ending.cancel_at);
        if ending.cancels_with_period {
            let wish = UpdateSubscription::new(id).cancel_at_period_end(false);
            cancel_at = said(&self.tell(&wish, key).await?).cancel_at;
        }
        match cancel_at {
            Some(_) => self.tell(&Endless(id), &format!("{key}_at")).await.map(drop),
            None => Ok(()),
        }
    }

    /// Ends a subscription at once. Stripe takes no key with that, and knows none that has ended: it may be by an attempt whose
    /// answer has not arrived. Where it `refunds`, what is paid and not used is the customer's credit, which pays the
    /// next invoices.
    pub async fn subscription_end(&self, subscription: &str, refunds: bool) -> Result<(), NotAsked> {
        let mut end = CancelSubscription::new(subscription);
        if refunds {
            // What is not invoiced now would wait for an invoice that never comes.
            end = end.prorate(true).invoice_now(true);
        }
        match self.ask(&end).await {
            Ok(_) | Err(NotDone::Refused(StripeError::Said { status: 404, .. })) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What has become of a customer.
    pub async fn customer(&self, customer: &str) -> Result<Customer, NotAsked> {
        match self.ask(&RetrieveCustomer::new(customer)).await {
            Ok(RetrieveCustomerReturned::Customer(_)) => Ok(Customer::There),
            Ok(RetrieveCustomerReturned::DeletedCustomer(_)) => Ok(Customer::Deleted),
            Err(NotDone::Refused(said)) if said.is_missing() => Ok(Customer::Unknown),
            Err(error) => Err(error),
        }
    }
}

/// What async-stripe has no word for: that a subscription ends at no time.
struct Endless<'a>(&'a str);

#[derive(serde::Serialize)]
struct NoEnd {
    cancel_at: &'static str,
}

impl StripeRequest for Endless<'_> {
    type Output = stripe_shared::Subscription;

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Post, format!("/subscriptions/{}", self.0)).form(&NoEnd { cancel_at: "" })
    }
}

pub(super) fn of_tenant(tenant: TenantId) -> HashMap<String, String> {
    HashMap::from([(TENANT.to_owned(), tenant.to_string())])
}
