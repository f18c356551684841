//! Stripe, as it is spoken with: what is asked ([`calls`], [`checkout`], [`fees`]), over HTTP ([`client`]), what it answers
//! in words of our own ([`read`]), and what it tells, signed ([`signature`]).

mod calls;
mod checkout;
mod client;
mod fees;
mod read;
mod signature;
mod units;

use std::time::Duration;

use chrono::TimeDelta;
use stripe_client_core::{IdempotencyKey, RequestStrategy, StripeRequest};

pub use calls::{Customer, PriceWish};
pub use checkout::{CheckoutWish, Closed};
pub use client::StripeError;
pub use fees::FeeWish;
pub use signature::{TOLERANCE, WebhookSecret, is_signed};
pub use units::{chargeable, least};

use self::client::Client;
use crate::config::StripeConfig;
use crate::outside::{Breaker, Failed, NotDone, Outside, Policy, Target};

/// The version of the API that async-stripe knows the types of.
pub fn api_version() -> &'static str {
    static VERSION: std::sync::LazyLock<String> =
        std::sync::LazyLock::new(|| stripe_client_core::VERSION.as_str().to_owned());
    &VERSION
}

/// How it is called. What is asked again carries the same idempotency key.
fn policy(timeout: Duration) -> Policy {
    Policy {
        timeout,
        attempts: 3,
        wait: Duration::from_millis(250),
        breaker: Breaker { failures: 10, rest: TimeDelta::seconds(5), longest_rest: TimeDelta::seconds(60) },
    }
}

/// An account at Stripe.
pub struct Stripe {
    client: Client,
    target: Target,
}

/// Why Stripe was asked to no end.
pub type NotAsked = NotDone<StripeError>;

impl Stripe {
    /// The account that is set up; none: there is none.
    pub fn new(config: &StripeConfig, outside: &Outside) -> Option<Self> {
        let account = config.account.as_ref()?;
        Some(Self { client: Client::new(account), target: outside.target("stripe", policy(account.timeout)) })
    }

    /// Asks what may be asked any number of times.
    async fn ask<R>(&self, request: &R) -> Result<R::Output, NotAsked>
    where
        R: StripeRequest + Sync,
        R::Output: miniserde::Deserialize,
    {
        self.send(request, RequestStrategy::Once).await
    }

    /// Has something done, once under this key.
    async fn tell<R>(&self, request: &R, key: &str) -> Result<R::Output, NotAsked>
    where
        R: StripeRequest + Sync,
        R::Output: miniserde::Deserialize,
    {
        let key =
            IdempotencyKey::new(key).map_err(|error| NotDone::Refused(StripeError::Unreadable(error.to_string())))?;
        self.send(request, RequestStrategy::Idempotent(key)).await
    }

    async fn send<R>(&self, request: &R, strategy: RequestStrategy) -> Result<R::Output, NotAsked>
    where
        R: StripeRequest + Sync,
        R::Output: miniserde::Deserialize,
    {
        let attempt = || async {
            let answer = request.customize().request_strategy(strategy.clone()).send(&self.client).await;
            answer.map_err(|error| if error.is_away() { Failed::Away(error) } else { Failed::Refused(error) })
        };
        self.target.call(attempt).await
    }
}
