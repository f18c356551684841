//! What is done about payments for plans: asked of Stripe by merchants, told by Stripe, compared by jobs and operators.

mod asked;
mod change;
mod customer;
mod fees;
mod inbound;
mod letters;
mod reconcile;
mod subscribe;
mod sync;

pub use change::{plan_change, subscription_cancel, subscription_resume};
pub use fees::fees_by_job;
pub use inbound::{BadEvent, Outcome, events_forget, receive};
pub use reconcile::{Finding, Reconciled, reconcile};
pub use subscribe::{billing_portal, subscription_create};
pub use sync::{NotSynced, invoices_put_in_tx, sync, sync_by_job, sync_in_tx};

use crate::app::App;
use crate::billing::stripe::{NotAsked, Stripe};
use crate::error::{Fault, ServiceError};
use crate::outside::NotDone;
use crate::plan::rule::{MAX_RETURN_URL, PlanRule};

/// The account that plans are paid to.
fn account(app: &App) -> Result<&Stripe, ServiceError<PlanRule>> {
    app.stripe.as_deref().ok_or(ServiceError::Rule(PlanRule::NoStripe))
}

/// What who asked is told when Stripe was asked to no end.
fn refusal(error: NotAsked) -> ServiceError<PlanRule> {
    match &error {
        NotDone::Refused(said) => match said.payment_failed() {
            Some(why) => ServiceError::Rule(PlanRule::PaymentFailed(why.to_owned())),
            None => Fault::internal(format!("Stripe: {said}")).into(),
        },
        NotDone::Away(_) | NotDone::TimedOut | NotDone::Resting => {
            tracing::warn!(%error, "Stripe does not do what a merchant wishes");
            ServiceError::Rule(PlanRule::StripeAway)
        }
    }
}

/// The same of what is asked about a customer: it may be deleted there.
fn refusal_of_customer(error: NotAsked) -> ServiceError<PlanRule> {
    if asked::is_missing(&error) { ServiceError::Rule(PlanRule::CustomerGone) } else { refusal(error) }
}

/// Under which Stripe does one request of a merchant's once, however often it is sent.
fn request_key(app: &App, what: &str) -> String {
    format!("emporia_{what}_{}", app.entropy.uuid_v7(app.clock.now()))
}

/// An address to which one of Stripe's pages may lead back: of the web, and encrypted unless it is this machine's.
fn check_return_url(url: &str) -> Result<(), ServiceError<PlanRule>> {
    let is_one = url.chars().count() <= MAX_RETURN_URL
        && url::Url::parse(url).is_ok_and(|parsed| {
            let is_plain = parsed.username().is_empty() && parsed.password().is_none();
            let is_safe =
                parsed.scheme() == "https" || (parsed.scheme() == "http" && crate::config::is_of_this_machine(url));
            is_plain && is_safe && parsed.has_host()
        });
    if is_one { Ok(()) } else { Err(ServiceError::Rule(PlanRule::BadReturnUrl)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_leads_back_to_an_address_of_the_web() {
        for good in ["https://admin.example/billing?done=1#top", "http://localhost:3000/", "http://127.0.0.1:8000"] {
            assert!(check_return_url(good).is_ok(), "{good}");
        }
        let long = format!("https://admin.example/{}", "a".repeat(MAX_RETURN_URL));
        for bad in [
            "",
            "admin.example",
            "http://admin.example",
            "javascript:alert(1)",
            "https://ada:s@admin.example",
            "/",
            &long,
        ] {
            assert!(check_return_url(bad).is_err(), "{bad}");
        }
    }
}
