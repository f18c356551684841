//! The pages on which tenants subscribe: made, and closed.

use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData,
    CreateCheckoutSessionSubscriptionDataBillingMode,
    CreateCheckoutSessionSubscriptionDataBillingModeType as BillingMode, ExpireCheckoutSession, ListCheckoutSession,
    RetrieveCheckoutSession,
};
use stripe_shared::{CheckoutSessionMode, CheckoutSessionStatus};

use super::calls::{PAGE, of_tenant};
use super::{NotAsked, Stripe, StripeError};
use crate::ids::TenantId;
use crate::outside::NotDone;

/// A page on which a tenant subscribes.
#[derive(Clone, Debug)]
pub struct CheckoutWish<'a> {
    pub tenant: TenantId,
    pub customer: &'a str,
    pub price_id: &'a str,
    /// 0: none.
    pub trial_days: i16,
    pub return_url: &'a str,
}

/// Such a page.
#[derive(Clone, Debug)]
pub struct Page {
    pub id: String,
    pub url: String,
}

/// What has become of a page that was to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Nobody can pay on it any more.
    Unpaid,
    /// Somebody has paid on it.
    Paid,
    /// Somebody is paying on it.
    Busy,
}

impl Stripe {
    /// Closes the pages that a customer was sent to, until one was paid on, or is just now.
    pub async fn pages_close(&self, customer: &str) -> Result<Closed, NotAsked> {
        loop {
            let open = ListCheckoutSession::new().customer(customer).status(CheckoutSessionStatus::Open).limit(PAGE);
            let open = self.ask(&open).await?;
            for page in &open.data {
                let closed = self.page_close(page.id.as_str()).await?;
                if closed != Closed::Unpaid {
                    return Ok(closed);
                }
            }
            if !open.has_more {
                return Ok(Closed::Unpaid);
            }
        }
    }

    /// Closes a page.
    pub async fn page_close(&self, page: &str) -> Result<Closed, NotAsked> {
        match self.ask(&ExpireCheckoutSession::new(page)).await {
            Ok(_) => Ok(Closed::Unpaid),
            // It is not open any more, or there is a payment on its way.
            Err(NotDone::Refused(StripeError::Said { status: 400, .. })) => {
                let status = self.ask(&RetrieveCheckoutSession::new(page)).await?.status;
                Ok(match status {
                    Some(CheckoutSessionStatus::Expired) => Closed::Unpaid,
                    Some(CheckoutSessionStatus::Complete) => Closed::Paid,
                    _ => Closed::Busy,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// A page on which the tenant subscribes.
    pub async fn checkout(&self, wish: &CheckoutWish<'_>, key: &str) -> Result<Page, NotAsked> {
        let item = CreateCheckoutSessionLineItems {
            price: Some(wish.price_id.to_owned()),
            quantity: Some(1),
            ..CreateCheckoutSessionLineItems::new()
        };
        let data = CreateCheckoutSessionSubscriptionData {
            // What the API's version says as well; said, since credits and ends are read the way that it has them.
            billing_mode: Some(CreateCheckoutSessionSubscriptionDataBillingMode::new(BillingMode::Flexible)),
            metadata: Some(of_tenant(wish.tenant)),
            trial_period_days: u32::try_from(wish.trial_days).ok().filter(|days| *days > 0),
            ..CreateCheckoutSessionSubscriptionData::new()
        };
        let session = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Subscription)
            .customer(wish.customer)
            .client_reference_id(wish.tenant.to_string())
            .line_items(vec![item])
            .subscription_data(data)
            .success_url(wish.return_url)
            .cancel_url(wish.return_url);
        let made = self.tell(&session, key).await?;
        let unreadable = || NotDone::Refused(StripeError::Unreadable("a checkout without an address".to_owned()));
        Ok(Page { url: made.url.ok_or_else(unreadable)?, id: made.id.to_string() })
    }
}
