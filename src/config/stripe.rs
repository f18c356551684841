//! Stripe: whether tenants pay for their plans through it.

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;

use super::is_of_this_machine;
use super::read::Reader;
use crate::billing::stripe::WebhookSecret;

const MAX_GRACE_DAYS: u32 = 90;
/// Secrets of webhooks that count at once: two while they are changed.
const MAX_SECRETS: usize = 5;

/// What tenants' payments for their plans are like.
#[derive(Clone, Debug)]
pub struct StripeConfig {
    /// None: operators activate plans by hand.
    pub account: Option<StripeAccount>,
    /// `BILLING_GRACE_DAYS`: how long a tenant whose payment has failed goes on selling.
    pub grace: TimeDelta,
}

/// An account at Stripe.
#[derive(Clone, Debug)]
pub struct StripeAccount {
    /// `STRIPE_SECRET_KEY`.
    pub key: StripeKey,
    /// `STRIPE_WEBHOOK_SECRETS`: what events are signed with; several while they are changed.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// `STRIPE_API_URL`, without a slash at its end.
    pub url: String,
    /// `STRIPE_TIMEOUT_MS`: for one attempt.
    pub timeout: Duration,
}

/// The secret key of an account.
#[derive(Clone)]
pub struct StripeKey(String);

impl StripeKey {
    /// For the header of a request, and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StripeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StripeKey(…)")
    }
}

impl StripeConfig {
    pub(super) fn read_with(r: &mut Reader<'_>) -> Self {
        r.section("Stripe");
        let key = r.secret("STRIPE_SECRET_KEY", "sk_live_…", "the account that plans are paid to; none: by hand");
        let secrets = r.secret(
            "STRIPE_WEBHOOK_SECRETS",
            "whsec_…",
            "what its events are signed with, comma-separated: several while they are changed",
        );
        let url = r.web_address("STRIPE_API_URL", "https://api.stripe.com", "where Stripe is asked");
        if !url.starts_with("https://") && !is_of_this_machine(&url) {
            r.mistake(format!("STRIPE_API_URL is \"{url}\"; expected https, or an address of this machine"));
        }
        let timeout = r.millis_to("STRIPE_TIMEOUT_MS", 10_000, 15_000, "for one attempt to ask Stripe");
        let meaning = "how long a shop whose payment has failed goes on selling";
        let grace = TimeDelta::days(r.number("BILLING_GRACE_DAYS", 14, 1..=MAX_GRACE_DAYS, meaning).into());
        let secrets = secrets.map(|list| webhook_secrets(r, &list)).unwrap_or_default();
        let key = key.and_then(|key| checked_key(r, key));
        if key.is_some() == secrets.is_empty() {
            r.mistake("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS are set together, or neither is".to_owned());
        }
        let account = key.map(|key| StripeAccount { key, webhook_secrets: secrets, url, timeout });
        Self { account, grace }
    }
}

/// What a header can carry.
fn checked_key(r: &mut Reader<'_>, key: String) -> Option<StripeKey> {
    let is_one = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_one {
        r.mistake("STRIPE_SECRET_KEY is none: 1 to 255 letters, digits and signs".to_owned());
    }
    is_one.then_some(StripeKey(key))
}

fn webhook_secrets(r: &mut Reader<'_>, list: &str) -> Vec<WebhookSecret> {
    let secrets: Option<Vec<_>> = list.split(',').map(|part| WebhookSecret::parse(part.trim())).collect();
    match secrets.filter(|secrets| secrets.len() <= MAX_SECRETS) {
        Some(secrets) => secrets,
        None => {
            r.mistake(format!("STRIPE_WEBHOOK_SECRETS has what is none: 1 to {MAX_SECRETS} of whsec_ and more"));
            Vec::new()
        }
    }
}
