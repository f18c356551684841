//! How gateways are asked: each by its circuit, for so long, and once. Whoever asks asks again by a schedule of their own.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use uuid::Uuid;

use super::gateway::{Charge, Charged, PaymentGateway, Queried, Unknown};
use crate::outside::{Breaker, Failed, NotDone, Outside, Policy, Target};

/// For how long nobody asks a gateway that does not answer, at most.
pub const LONGEST_REST: TimeDelta = TimeDelta::seconds(60);

/// For a question, and what follows from its answer.
const POLICY: Policy = Policy {
    timeout: Duration::from_secs(10),
    attempts: 1,
    wait: Duration::ZERO,
    breaker: Breaker { failures: 10, rest: TimeDelta::seconds(5), longest_rest: LONGEST_REST },
};

/// Why a question has no answer.
#[derive(Clone, Debug)]
pub enum Unanswered {
    /// The gateway was asked.
    Unknown(Unknown),
    /// Nobody was, since it has not answered others for a while.
    NotAsked,
}

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
        let charged = target.call(|| async { self.gateway.charge(charge).await.map_err(Failed::Away) }).await;
        charged.or_else(|not_done| match unanswered(not_done) {
            Unanswered::NotAsked => Ok(Charged::NotAsked),
            Unanswered::Unknown(unknown) => Err(unknown),
        })
    }

    /// Whether the payment was made. One that the gateway has never heard of may still be on its way to it: it is voided
    /// before it counts as not made.
    pub async fn is_paid(&self, attempt_id: Uuid) -> Result<bool, Unanswered> {
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
        self.target.call(|| async { ask().await.map_err(Failed::Away) }).await.map_err(unanswered)
    }

    /// Makes sure that the attempt takes no money, now or later; gives back what it took.
    pub async fn void(&self, attempt_id: Uuid) -> Result<(), Unanswered> {
        let voided = self.target.call(|| async { self.gateway.void(attempt_id).await.map_err(Failed::Away) });
        voided.await.map_err(unanswered)
    }
}

fn unanswered(not_done: NotDone<Unknown>) -> Unanswered {
    match not_done {
        NotDone::Refused(unknown) | NotDone::Away(unknown) => Unanswered::Unknown(unknown),
        NotDone::TimedOut => Unanswered::Unknown(Unknown(not_done.to_string())),
        NotDone::Resting => Unanswered::NotAsked,
    }
}
