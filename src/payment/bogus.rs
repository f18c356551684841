//! A gateway for development, which does as its token says. Never built in production.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use uuid::Uuid;

use super::gateway::{Charge, Charged, PaymentGateway, Queried, Unknown};

/// Tokens: `approve` (also without one), `decline`, `timeout` (nothing was taken), `timeout-then-approved`,
/// `timeout-then-declined`, `down` (never answers). Anything else is declined.
#[derive(Default)]
pub struct BogusGateway {
    /// What a query will say. Kept in memory: it is lost with the process, and then nothing was taken.
    known: Mutex<HashMap<Uuid, Known>>,
}

#[derive(Clone, Copy)]
enum Known {
    Approved,
    Declined,
    Silent,
}

/// Development processes do not live long; this keeps even a long one bounded.
const MAX_KNOWN: usize = 100_000;

impl BogusGateway {
    fn remember(&self, attempt_id: Uuid, known: Known) {
        let mut all = self.known.lock().expect("no holder panics");
        if all.len() >= MAX_KNOWN {
            all.clear();
        }
        all.insert(attempt_id, known);
    }
}

#[async_trait]
impl PaymentGateway for BogusGateway {
    fn name(&self) -> &'static str {
        "bogus"
    }

    async fn charge(&self, charge: &Charge) -> Result<Charged, Unknown> {
        let silent = || Err(Unknown("the bogus gateway was told not to answer".to_owned()));
        match charge.token.as_deref().unwrap_or("approve") {
            "approve" => {
                self.remember(charge.attempt_id, Known::Approved);
                Ok(Charged::Approved)
            }
            "timeout" => silent(),
            "timeout-then-approved" => {
                self.remember(charge.attempt_id, Known::Approved);
                silent()
            }
            "timeout-then-declined" => {
                self.remember(charge.attempt_id, Known::Declined);
                silent()
            }
            "down" => {
                self.remember(charge.attempt_id, Known::Silent);
                silent()
            }
            _ => {
                self.remember(charge.attempt_id, Known::Declined);
                Ok(Charged::Declined { message: "The payment was declined.".to_owned() })
            }
        }
    }

    async fn query(&self, attempt_id: Uuid) -> Result<Queried, Unknown> {
        match self.known.lock().expect("no holder panics").get(&attempt_id) {
            Some(Known::Approved) => Ok(Queried::Approved),
            Some(Known::Declined) => Ok(Queried::Declined),
            Some(Known::Silent) => Err(Unknown("the bogus gateway was told not to answer".to_owned())),
            None => Ok(Queried::NotFound),
        }
    }

    async fn void(&self, attempt_id: Uuid) -> Result<(), Unknown> {
        self.remember(attempt_id, Known::Declined);
        Ok(())
    }
}
