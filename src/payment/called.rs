//! How gateways are asked: each by its circuit, for so long, and once. Whoever asks asks again by a schedule of their own.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use uuid::Uuid;

use super::gateway::{Charge, Charged, PaymentGateway, Queried, Unknown};
use crate::outside::{Breaker, Failed, NotDone, Outside, Policy, Target};

/// For a question, and what follows from its answer.
const POLICY: Policy = Policy {
    timeout: Duration::from_secs(10),
    attempts: 1,
    wait: Duration::ZERO,
    breaker: Breaker { failures: 10, rest: TimeDelta::seconds(5), longest_rest: TimeDelta::seconds(60) },
};

/// A gateway, as this process knows it. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    gateway: Arc<dyn PaymentGateway>,
    target: Target,
}

impl Gateway {
    pub(super) fn new(gateway: Arc<dyn PaymentGateway>, outside: &Outside) -> Self {
        let target = outside.target(format!("payment:{}", gateway.name()), POLICY);
        Self { gateway, target }
    }

    /// Whether the order is made first and paid for later: then nothing else here is ever called.
    pub fn pays_later(&self) -> bool {
        self.gateway.pays_later()
    }

    /// Takes the money, within this time.
    pub async fn charge(&self, charge: &Charge, timeout: Duration) -> Result<Charged, Unknown> {
        let target = self.target.with_timeout(timeout);
        match target.call(|| async { self.gateway.charge(charge).await.map_err(Failed::Away) }).await {
            Err(NotDone::Resting) => Ok(Charged::NotAsked),
            charged => charged.map_err(unknown),
        }
    }

    /// Whether the payment was made. One that the gateway has never heard of may still be on its way to it: it is voided
    /// before it counts as not made.
    pub async fn is_paid(&self, attempt_id: Uuid) -> Result<bool, Unknown> {
        let ask = async || {
            Ok(match self.gateway.query(attempt_id).await? {
                Queried::Approved => true,
                Queried::Declined => false,
                Queried::NotFound => {
                    self.gateway.void(attempt_id).await?;
                    false
                }
            })
        };
        self.target.call(|| async { ask().await.map_err(Failed::Away) }).await.map_err(unknown)
    }

    /// Makes sure that the attempt takes no money, now or later; gives back what it took.
    pub async fn void(&self, attempt_id: Uuid) -> Result<(), Unknown> {
        self.target.call(|| async { self.gateway.void(attempt_id).await.map_err(Failed::Away) }).await.map_err(unknown)
    }
}

fn unknown(not_done: NotDone<Unknown>) -> Unknown {
    match not_done {
        NotDone::Refused(unknown) | NotDone::Away(unknown) => unknown,
        late => Unknown(late.to_string()),
    }
}
