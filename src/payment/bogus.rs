//! A gateway for development, which does as its token says. Never built in production.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::gateway::{Charge, Charged, PaymentGateway, Queried, Unknown};
use crate::cache::Shared;

/// Tokens: `approve` (also without one), `decline`, `timeout` (nothing was taken), `timeout-then-approved`,
/// `timeout-then-declined`, `down` (never answers). Anything else is declined.
pub struct BogusGateway {
    /// Where it remembers what it was told to say: the worker that asks may be another process.
    shared: Arc<dyn Shared>,
}

const APPROVED: &str = "approved";
const DECLINED: &str = "declined";
const SILENT: &str = "silent";

/// Longer than anybody asks.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 3600);

impl BogusGateway {
    pub fn new(shared: Arc<dyn Shared>) -> Self {
        Self { shared }
    }

    async fn remember(&self, attempt_id: Uuid, known: &str) -> Result<(), Unknown> {
        self.shared.set(&name(attempt_id), known, REMEMBERED).await.map_err(|fault| Unknown(fault.to_string()))
    }
}

fn name(attempt_id: Uuid) -> String {
    format!("emporia:bogus:{attempt_id}")
}

fn silence<T>() -> Result<T, Unknown> {
    Err(Unknown("the bogus gateway was told not to answer".to_owned()))
}

#[async_trait]
impl PaymentGateway for BogusGateway {
    fn name(&self) -> &'static str {
        "bogus"
    }

    async fn charge(&self, charge: &Charge) -> Result<Charged, Unknown> {
        let (known, answers) = match charge.token.as_deref().unwrap_or("approve") {
            "approve" => (APPROVED, true),
            "timeout" => return silence(),
            "timeout-then-approved" => (APPROVED, false),
            "timeout-then-declined" => (DECLINED, false),
            "down" => (SILENT, false),
            _ => (DECLINED, true),
        };
        self.remember(charge.attempt_id, known).await?;
        match known {
            _ if !answers => silence(),
            APPROVED => Ok(Charged::Approved),
            _ => Ok(Charged::Declined { message: "The payment was declined.".to_owned() }),
        }
    }

    async fn query(&self, attempt_id: Uuid) -> Result<Queried, Unknown> {
        let known = self.shared.get(&name(attempt_id)).await.map_err(|fault| Unknown(fault.to_string()))?;
        match known.as_deref() {
            Some(APPROVED) => Ok(Queried::Approved),
            Some(DECLINED) => Ok(Queried::Declined),
            Some(_) => silence(),
            None => Ok(Queried::NotFound),
        }
    }

    async fn void(&self, attempt_id: Uuid) -> Result<(), Unknown> {
        self.remember(attempt_id, DECLINED).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::MemoryShared;
    use crate::money::{Currency, Money};

    #[tokio::test]
    async fn another_process_is_told_what_this_one_was_told() {
        let shared: Arc<dyn Shared> = MemoryShared::new();
        let [here, there] = [BogusGateway::new(shared.clone()), BogusGateway::new(shared)];
        let id = Uuid::from_u128(1);
        let charge = |token: &str| Charge {
            attempt_id: id,
            amount: Money::new(100, Currency::EUR),
            token: Some(token.to_owned()),
        };
        assert_eq!(there.query(id).await.unwrap(), Queried::NotFound);
        for (token, answers, known) in [
            ("approve", true, Some(Queried::Approved)),
            ("timeout-then-approved", false, Some(Queried::Approved)),
            ("timeout-then-declined", false, Some(Queried::Declined)),
            ("nonsense", true, Some(Queried::Declined)),
            ("down", false, None),
        ] {
            assert_eq!(here.charge(&charge(token)).await.is_ok(), answers, "{token}");
            assert_eq!(there.query(id).await.ok(), known, "{token}");
        }
        there.void(id).await.unwrap();
        assert_eq!(here.query(id).await.unwrap(), Queried::Declined);
    }
}
